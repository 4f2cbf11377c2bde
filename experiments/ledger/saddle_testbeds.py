"""What the claims on first-order saddle methods share: rows, testbeds, step rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.auc import auc_saddle, breast_cancer, digits, imbalanced_gaussians
from ratecheck.testbeds.saddle_instances import (
    bilinear_game,
    quadratic_saddle,
    robust_least_squares,
    scalar_game,
    unequal_quadratic,
)
from ratecheck.testbeds.saddle_logistic import logistic_bilinear_game
from ratecheck.theory.bounds import saddle, saddle_games, saddle_linear, saddle_lower, saddle_paths
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.saddle import (
    EAGV,
    FEG,
    PPM,
)

ROWS = {
    bound.id: bound
    for bound in (
        *saddle.BOUNDS,
        *saddle_games.BOUNDS,
        *saddle_linear.BOUNDS,
        *saddle_paths.BOUNDS,
        *saddle_lower.BOUNDS,
    )
}
TAGS = ("foundations", "saddle")
LADDER = (2, 5, 10, 20, 50, 100)
SHORT, LONG = 200, 1000

Build = Callable[[int], Any]
Rule = Callable[[Facts, int], Any]


def at(problem: Callable[..., Any], **arguments: Any) -> Build:
    """Return the problem family that is the same problem for every horizon."""
    return partial(_fixed, problem, **arguments)


def _fixed(problem: Callable[..., Any], horizon: int, **arguments: Any) -> Any:
    return problem(**arguments)


def step(kind: Callable[[float], Any], share: float, wrap: Callable[[Any], Any] | None = None) -> Rule:
    """Return the method whose step size is `share` / L."""
    return partial(_with_share, kind, share, wrap)


def _with_share(kind: Any, share: float, wrap: Any, facts: Facts, horizon: int) -> Any:
    method = kind(share / facts["smoothness"])
    return method if wrap is None else wrap(method)


def first_order_claim(
    id: str, title: str, bound: str, problem: Build, method: Rule, horizons: Any, **rest: Any
) -> Claim:
    """Return a claim of this wing; `horizons` may be one number, and further tags go in ``tags``."""
    ladder = (horizons,) if isinstance(horizons, int) else horizons
    tags = (*TAGS, *rest.pop("tags", ()))
    return Claim(
        id=id, title=title, bound=ROWS[bound], problem=problem, method=method, horizons=ladder, tags=tags, **rest
    )


DATA: dict[str, Callable[[], tuple[Any, Any]]] = {
    "breast-cancer": breast_cancer,
    "digits": digits,
    "gaussians": imbalanced_gaussians,
}


@cache
def auc_problem(name: str, share: float) -> Any:
    """Return the AUC problem of a data set with lambda = share / samples."""
    features, labels = DATA[name]()
    return auc_saddle(features, labels, share / len(labels), f"AUC maximisation, {name}, lambda = {share:g}/m")


TESTBEDS: dict[str, Build] = {
    "bilinear": at(bilinear_game),
    "quadratic": at(quadratic_saddle),
    "auc": at(auc_problem, name="breast-cancer", share=1.0),
    "unequal": at(unequal_quadratic),
    "robust": at(robust_least_squares),
    "logistic": at(logistic_bilinear_game),
}


def eagv_rule(facts: Facts, horizon: int) -> EAGV:
    """Return EAG-V with the first step of its paper."""
    return EAGV(0.618 / facts["smoothness"], facts["smoothness"])


def feg_rule(facts: Facts, horizon: int) -> FEG:
    """Return FEG for a monotone operator."""
    return FEG(facts["smoothness"])


def ppm_rule(facts: Facts, horizon: int) -> PPM:
    """Return the proximal point method with the step 1/L."""
    return PPM(1.0 / facts["smoothness"])


SCALAR = at(scalar_game)
EXACT: dict[str, Any] = {"attained": 1.0, "quick": True}
