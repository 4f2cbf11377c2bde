"""Claims of the FP8 study: the loss in low precision over that in float32, and tokens to equal loss."""

from __future__ import annotations

from dataclasses import dataclass

from ratecheck.experiments.language_model.claims.claim import LanguageClaim
from ratecheck.experiments.language_model.claims.optimizers import STOSIGN
from ratecheck.experiments.language_model.fp8_conditions import CONDITIONS

FP8 = (
    "GPT-2 124M in FP8 (states in E4M3): AdamW fails catastrophically, every entry of both moments zero at step 103; "
    "StoSignSGD is stable"
)
FP4 = "version 2: AdamW collapses in FP4, StoSignSGD is stable and best (recipe not recovered)"
FASTER = "in FP8, 1.44 to 2.14 times faster in tokens to equal loss than established baselines (AdamW, SignSGD, Lion)"
HARM, FAIL = 1.15, 1.5  # ratios to float32: no harm up to the first, failure beyond the second
NEVER = 1.0  # share of the tokens where the loss is not reached with all of them: the true share is larger


@dataclass(frozen=True, slots=True)
class Ratio:
    """``method`` in ``condition`` ends within `bound` times its float32 excess; `note` tells the scope in words."""

    condition: str
    method: str
    bound: float
    expected: str
    note: str = ""
    paper: str = FP8
    provenance: str = "derived"

    @property
    def id(self) -> str:
        """Name of the claim."""
        return f"lm-fp8-{self.condition}-{self.method}"


@dataclass(frozen=True, slots=True)
class Tokens:
    """StoSignSGD in ``condition`` has the final loss of `baseline` after 1 / `factor` of its tokens."""

    condition: str
    baseline: str
    factor: float
    expected: str

    @property
    def id(self) -> str:
        """Name of the claim."""
        return f"lm-fp8-tokens-{self.condition}-{self.baseline}"


_READ = "the step reads the second moment as stored; rounded after the step, with the same scale, it does no such harm"
_LATE = (
    "the step is computed in float32, so that a flushed entry starts anew at v = (1 - beta2) g^2 and is not divided by"
)
_ZERO = (
    "gradients as small as those of a model of 124M parameters: every entry of both states is 0, as the paper reports "
    "of AdamW, and both methods stand still, so that with this cast StoSignSGD could not have trained either"
)
_OTHERS = "no squared state either: surviving is not special to StoSignSGD"
RATIOS = (
    Ratio("states", "adamw", FAIL, "refuted", _READ, provenance="secondary"),
    Ratio("states-tuned", "adamw", FAIL, "refuted", f"not a matter of the step size; {_READ}"),
    Ratio("states-late", "adamw", FAIL, "holds", _LATE),
    Ratio("all", "adamw", FAIL, "refuted", _READ, provenance="secondary"),
    Ratio("all-late", "adamw", FAIL, "holds", _LATE),
    Ratio("plain-9", "adamw", FAIL, "refuted", "no scale per tensor; the step reads stored states"),
    Ratio("plain-9-late", "adamw", FAIL, "refuted", "v = K^2 g^2 leaves the range of a plain cast at both ends"),
    Ratio("plain-small", "adamw", FAIL, "refuted", _ZERO),
    Ratio("plain-small", "stosignsgd", FAIL, "refuted", _ZERO),
    Ratio("products", "adamw", HARM, "holds", "float32 states behind FP8 products: the products are not the cause"),
    Ratio("second-e5m2", "adamw", HARM, "holds", "more exponent bits for the second moment alone"),
    Ratio("second-float32", "adamw", HARM, "holds", "the first moment in E4M3 is not the cause"),
    Ratio("second-root", "adamw", HARM, "holds", "the same bits hold the root of v: the square is what underflows"),
    Ratio("states-eps-6", "adamw", HARM, "holds", "eps bounds m / eps where v is flushed"),
    Ratio("products", "stosignsgd", HARM, "holds"),
    Ratio("states", "stosignsgd", HARM, "holds", provenance="secondary"),
    Ratio("all", "stosignsgd", HARM, "holds", provenance="secondary"),
    Ratio("plain-9", "stosignsgd", HARM, "holds", "needs only that the momentum does not underflow"),
    Ratio("all", "signum", HARM, "holds", _OTHERS),
    Ratio("all", "lion", HARM, "holds", _OTHERS),
    Ratio("all", "signsgd", HARM, "holds", "no state at all"),
    Ratio("all", "momentum", HARM, "holds", _OTHERS),
    Ratio("fp4-all", "adamw", FAIL, "refuted", "all in E2M1 with a scale for 32 entries", FP4, "secondary"),
    Ratio("fp4-products", "adamw", HARM, "holds", "float32 states behind FP4 products: the states are the cause", FP4),
    Ratio("fp4-states-late", "adamw", FAIL, "refuted", "half of v is flushed, and m / |g| has no bound", FP4),
    Ratio("fp4-all", "stosignsgd", FAIL, "holds", "all in E2M1 with a scale for 32 entries", FP4, "secondary"),
)
# Where the interval over five seeds does not decide (FP8 against Lion: 0.62 +- 0.29), the study's table alone has it.
FASTER_THAN = (
    Tokens("float32", "adamw", 2.14, "refuted"),
    Tokens("float32", "lion", 1.44, "holds"),
    Tokens("all", "adamw", 2.14, "holds"),
    Tokens("all", "momentum", 1.44, "holds"),
    Tokens("all", "signsgd", 1.44, "refuted"),
    Tokens("all", "signum", 1.44, "refuted"),
)
CLAIMS = tuple(
    LanguageClaim(
        id=one.id,
        title=f"{one.method}, {CONDITIONS[one.condition].title}, ends within {one.bound:g} times its float32 excess",
        experiment="fp8",
        source=STOSIGN,
        provenance=one.provenance,
        paper=one.paper,
        measure="final excess loss, at most the untrained model's / that in float32 from the same seed",
        bound=one.bound,
        tags=("stosignsgd", "low-precision"),
        expected=one.expected,
    )
    for one in RATIOS
) + tuple(
    LanguageClaim(
        id=one.id,
        title=f"{CONDITIONS[one.condition].title}: StoSignSGD has {one.baseline}'s final loss after 1/{one.factor} of "
        "its tokens",
        experiment="fp8",
        source=STOSIGN,
        provenance="secondary",
        paper=FASTER,
        measure=f"tokens of StoSignSGD to the final loss / tokens of {one.baseline}; {NEVER:g} where never reached",
        bound=1 / one.factor,
        tags=("stosignsgd", "low-precision"),
        expected=one.expected,
    )
    for one in FASTER_THAN
)
