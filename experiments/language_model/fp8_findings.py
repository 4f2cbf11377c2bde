"""What the FP8 study says: loss in low precision over loss in float32, and tokens to equal loss, as findings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.language_model.fp8_conditions import BASELINES, CONDITIONS, TOKENS
from ratecheck.experiments.language_model.outcome import Finding, interval
from ratecheck.experiments.language_model.runs import Run

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.fp8_study import Fp8Study

SOURCE = "Yu, Pan, Liu, Zou and Zhang (2026), arXiv 2604.15416, experiments"
FP8 = (
    "GPT-2 124M in FP8 (states in E4M3): AdamW fails catastrophically, every entry of both moments zero at step 103; "
    "StoSignSGD is stable"
)
FP4 = "version 2: AdamW collapses in FP4, StoSignSGD is stable and best (recipe not recovered)"
FASTER = "in FP8, 1.44 to 2.14 times faster in tokens to equal loss than established baselines (AdamW, SignSGD, Lion)"
FACTOR = 1.44
NEVER = 1.0  # share of the tokens where the loss is not reached with all of them: the true share is larger
HARM, FAIL = 1.15, 1.5  # ratios to float32: no harm up to the first, failure beyond the second


@dataclass(frozen=True, slots=True)
class _Claim:
    """``method`` in ``condition`` ends within `bound` times its float32 excess; `note` tells the scope in words."""

    condition: str
    method: str
    bound: float
    expected: str
    note: str = ""
    paper: str = FP8
    provenance: str = "derived"


_READ = "the step reads the second moment as stored; rounded after the step, with the same scale, it does no such harm"
_LATE = (
    "the step is computed in float32, so that a flushed entry starts anew at v = (1 - beta2) g^2 and is not divided by"
)
_ZERO = (
    "gradients as small as those of a model of 124M parameters: every entry of both states is 0, as the paper reports "
    "of AdamW, and both methods stand still, so that with this cast StoSignSGD could not have trained either"
)
_CLAIMS = (
    _Claim("states", "adamw", FAIL, "refuted", _READ, provenance="secondary"),
    _Claim("states-tuned", "adamw", FAIL, "refuted", f"not a matter of the step size; {_READ}"),
    _Claim("states-late", "adamw", FAIL, "holds", _LATE),
    _Claim("all", "adamw", FAIL, "refuted", _READ, provenance="secondary"),
    _Claim("all-late", "adamw", FAIL, "holds", _LATE),
    _Claim("plain-9", "adamw", FAIL, "refuted", "no scale per tensor; the step reads stored states"),
    _Claim("plain-9-late", "adamw", FAIL, "refuted", "v = K^2 g^2 leaves the range of a plain cast at both ends"),
    _Claim("plain-small", "adamw", FAIL, "refuted", _ZERO),
    _Claim("plain-small", "stosignsgd", FAIL, "refuted", _ZERO),
    _Claim("products", "adamw", HARM, "holds", "float32 states behind FP8 products: the products are not the cause"),
    _Claim("second-e5m2", "adamw", HARM, "holds", "more exponent bits for the second moment alone"),
    _Claim("second-float32", "adamw", HARM, "holds", "the first moment in E4M3 is not the cause"),
    _Claim("second-root", "adamw", HARM, "holds", "the same bits hold the root of v: the square is what underflows"),
    _Claim("states-eps-6", "adamw", HARM, "holds", "eps bounds m / eps where v is flushed"),
    _Claim("products", "stosignsgd", HARM, "holds"),
    _Claim("states", "stosignsgd", HARM, "holds", provenance="secondary"),
    _Claim("all", "stosignsgd", HARM, "holds", provenance="secondary"),
    _Claim("plain-9", "stosignsgd", HARM, "holds", "needs only that the momentum does not underflow"),
    _Claim("all", "signum", HARM, "holds", "no squared state either: surviving is not special to StoSignSGD"),
    _Claim("all", "lion", HARM, "holds", "no squared state either: surviving is not special to StoSignSGD"),
    _Claim("all", "signsgd", HARM, "holds", "no state at all"),
    _Claim("all", "momentum", HARM, "holds", "no squared state either"),
    _Claim("fp4-all", "adamw", FAIL, "refuted", "all in E2M1 with a scale for 32 entries", FP4, "secondary"),
    _Claim("fp4-all", "stosignsgd", FAIL, "holds", "all in E2M1 with a scale for 32 entries", FP4, "secondary"),
)


def ratios(study: Fp8Study, method: str, condition: str) -> tuple[float, ...]:
    """Return the final excess over that in float32, by seed.

    A run that diverged or ended above the untrained model counts as that: one that ended at 1e9 would hide the others
    in an interval, and a smaller mean is on the safe side for "refuted".
    """
    pairs = zip(study.runs[condition, method], study.runs["float32", method], strict=False)
    return tuple(min(run.excess, run.first_excess) / base.excess for run, base in pairs)


def tokens_to(run: Run, loss: float) -> float:
    """Return the tokens after which a run is first at or below an excess loss, infinite if it never is.

    Between two records the loss is taken to be linear in the logarithm of the tokens.
    """
    before = None
    for record in run.records[1:]:
        if record.excess <= loss:
            if before is None or not loss < before.excess < math.inf:
                return record.tokens
            share = (before.excess - loss) / (before.excess - record.excess)
            return before.tokens * (record.tokens / before.tokens) ** share
        before = record
    return math.inf


def token_shares(study: Fp8Study, condition: str, baseline: str) -> tuple[float, ...]:
    """Return the share of the baseline's tokens at which StoSignSGD has the baseline's final loss, by seed."""
    runs = zip(study.runs[condition, "stosignsgd"], study.runs[condition, baseline], strict=False)
    return tuple(min(tokens_to(ours, theirs.excess) / _budget(theirs), NEVER) for ours, theirs in runs)


def _budget(run: Run) -> int:
    recipe = run.setup.recipe
    return recipe.steps * recipe.batch * run.setup.shape.context


def tokens_table(study: Fp8Study) -> list[dict[str, Any]]:
    """Return one row for each condition and baseline as plain data."""
    rows = []
    for condition, baseline in _token_cells(study):
        shares = token_shares(study, condition, baseline)
        factors = interval([1 / share for share in shares])
        rows.append(
            {
                "condition": condition,
                "title": CONDITIONS[condition].title,
                "baseline": baseline,
                "share": list(shares),
                "reached": sum(share < NEVER for share in shares),
                "factor": [factors.mean, factors.low, factors.high],
            }
        )
    return rows


def _token_cells(study: Fp8Study) -> list[tuple[str, str]]:
    return [
        (condition, baseline)
        for condition in TOKENS
        for baseline in BASELINES
        if (condition, "stosignsgd") in study.runs and (condition, baseline) in study.runs
    ]


def findings(study: Fp8Study) -> list[Finding]:
    """Return the claims, each with the paper's beside it."""
    known = [one for one in _CLAIMS if {(one.condition, one.method), ("float32", one.method)} <= study.runs.keys()]
    return [_ratio_finding(study, one) for one in known] + [
        _token_finding(study, condition, baseline)
        for condition, baseline in _token_cells(study)
        if (condition, baseline) in _FASTER
    ]


def _ratio_finding(study: Fp8Study, one: _Claim) -> Finding:
    kind = f"within {one.bound:g} times its float32 excess"
    return Finding(
        id=f"lm-fp8-{one.condition}-{one.method}",
        title=f"{one.method}, {CONDITIONS[one.condition].title}, ends {kind}",
        provenance=one.provenance,
        paper=one.paper,
        values=ratios(study, one.method, one.condition),
        bound=one.bound,
        measure="final excess loss, at most the untrained model's / that in float32 from the same seed",
        expected=one.expected,
        **_common(study, one.condition, one.method, one.note),
    )


# (condition, baseline): expected
_FASTER = {
    ("float32", "adamw"): "refuted",
    ("products", "adamw"): "refuted",
    ("all", "adamw"): "holds",
    ("all", "signsgd"): "holds",
    ("all", "lion"): "refuted",
}


def _token_finding(study: Fp8Study, condition: str, baseline: str) -> Finding:
    return Finding(
        id=f"lm-fp8-tokens-{condition}-{baseline}",
        title=f"{CONDITIONS[condition].title}: StoSignSGD has {baseline}'s final loss after 1/{FACTOR} of its tokens",
        provenance="secondary",
        paper=FASTER,
        values=token_shares(study, condition, baseline),
        bound=1 / FACTOR,
        measure=f"tokens of StoSignSGD to the final loss / tokens of {baseline}; {NEVER:g} where it is not reached",
        expected=_FASTER[condition, baseline],
        **_common(study, condition, "stosignsgd", "counted along one run whose step size decays only at its end"),
    )


def _common(study: Fp8Study, condition: str, method: str, note: str) -> dict[str, Any]:
    runs = study.runs[condition, method]
    recipe = runs[0].setup.recipe
    searched = "tuned in this condition" if CONDITIONS[condition].tuned else "tuned in float32"
    return {
        "source": SOURCE,
        "scope": f"{CONDITIONS[condition].title}{note and '; '}{note}; {runs[0].setup.shape.parameters} parameters, "
        f"{recipe.steps} steps of {recipe.batch} sequences, {study.language}, emulated by rounding on "
        f"{runs[0].device}, step size {searched}; nothing is said about other sizes",
        "method": f"{method}, step size {recipe.step_size:g}, {recipe.options}",
        "problem": study.language,
        "horizon": recipe.steps,
        "oracle_calls": recipe.steps * recipe.batch,
        "tags": ("stosignsgd", "low-precision"),
        "seconds": sum(run.seconds for run in runs),
    }
