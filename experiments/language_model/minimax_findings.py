"""The claims about the adversarial game, with what came out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ratecheck.experiments.language_model.claims.claim import LanguageClaim
from ratecheck.experiments.language_model.claims.minimax import CLAIMS
from ratecheck.experiments.language_model.minimax_attack import AT_RADIUS
from ratecheck.experiments.language_model.minimax_game import Played
from ratecheck.experiments.language_model.minimax_outcome import Outcome
from ratecheck.experiments.language_model.minimax_players import CONTROL, PLAYERS
from ratecheck.experiments.language_model.minimax_residual import Descent
from ratecheck.experiments.language_model.outcome import Finding
from ratecheck.experiments.language_model.size import scope
from ratecheck.testbeds.saddle_oracle import PRODUCT_PRICE

Values = Callable[[Outcome], Sequence[float]]


def _difference(one: tuple[str, str], other: str, clean: bool = False) -> Values:
    """Return the excess of one minus that of another at equal gradients, by seed; infinite where the first diverged."""

    def values(outcome: Outcome) -> list[float]:
        pairs = zip(outcome.standings[one].played, outcome.standings[other, "gradients"].played, strict=True)
        return [_minus(*((run.clean if clean else run.attacked[AT_RADIUS]) for run in pair)) for pair in pairs]

    return values


def _minus(one: float, other: float) -> float:
    return math.inf if math.isinf(one) else one - other


def _gain(name: str) -> Values:
    return lambda outcome: [
        _minus(one.attacked[AT_RADIUS], one.before.get(AT_RADIUS, math.inf))
        for one in outcome.standings[name, "gradients"].played
    ]


def _residuals(measure: Callable[[Descent, Descent], float]) -> Values:
    return lambda outcome: [
        measure(*pair) for pair in zip(outcome.residuals["mgsr1-n"], outcome.residuals["gda"], strict=True)
    ]


def _rivals() -> dict[str, tuple[tuple[str, str], Values]]:
    """Return, by claim, the player and budget that it is about and its values."""
    decided: dict[str, tuple[tuple[str, str], Values]] = {}
    for mode in PLAYERS:
        for rival in ("adam", "lamb"):
            for budget in ("gradients", "tokens"):
                decided[f"lm-minimax-{mode}-{rival}-{budget}"] = (mode, budget), _difference((mode, budget), rival)
    adam, cold, warm = (("adam", "gradients"), ("mgsr1-n", "gradients"), ("mgsr1-n-warm", "gradients"))
    return decided | {
        "lm-minimax-n-cold": (cold, _difference(cold, "gda", clean=True)),
        "lm-minimax-n-gain": (warm, _gain("mgsr1-n-warm")),
        "lm-minimax-residual-n": (cold, _residuals(lambda one, _: one.fall)),
        "lm-minimax-residual-n-payoff": (cold, _residuals(lambda one, other: other.payoff_end - one.payoff_end)),
        "lm-minimax-robust": (adam, _difference(adam, CONTROL)),
        "lm-minimax-adam-gda": (adam, _difference(adam, "gda")),
    }


DECIDED = _rivals()


def findings(outcome: Outcome) -> list[Finding]:
    """Return the claims whose players took part, each with the paper's beside it."""
    found = []
    for claim in CLAIMS:
        about, values = DECIDED[claim.id]
        try:
            measured = tuple(values(outcome))
            standing = outcome.standings[about]
        except KeyError:  # a player that the claim speaks of did not take part
            continue
        found.append(_finding(claim, measured, standing.played, outcome))
    return found


def _finding(claim: LanguageClaim, values: tuple[float, ...], played: Sequence[Played], outcome: Outcome) -> Finding:
    setup = played[0].setup
    return Finding(
        id=claim.id,
        title=claim.title,
        source=claim.source,
        provenance=claim.provenance,
        paper=claim.paper,
        scope=f"radius {outcome.radius:g} of the embedding's root mean square row, gamma {outcome.curvature:g}; a "
        f"Hessian-vector product counts as {PRODUCT_PRICE:g} gradients ({outcome.product_ratio:.1f} measured on "
        f"{outcome.hardware}); {scope(outcome.setup, outcome.language)}",
        values=values,
        bound=claim.bound,
        measure=claim.measure,
        method=f"{setup.recipe.optimizer}, step size {setup.recipe.step_size:.4g}, {setup.recipe.options}",
        problem=f"adversarial embedding game on {outcome.language}",
        horizon=max(one.batches for one in played),
        oracle_calls=max(one.gradients + one.products for one in played) * setup.recipe.batch,
        tags=claim.tags,
        expected=claim.expected,
        seconds=sum(one.seconds for one in played),
    )
