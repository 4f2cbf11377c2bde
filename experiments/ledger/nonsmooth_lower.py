"""Lower bounds of nonsmooth convex optimization: the instance makes every method at least that bad."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.decaying_steps import inverse_sqrt, polyak
from ratecheck.experiments.ledger.nonsmooth import (
    EXACT,
    LADDER,
    constant,
    constant_for_last,
    linear_decay,
    normalized,
    quasi_monotone,
)
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_max import last_iterate_trap, nesterov_maximum, strongly_convex_maximum
from ratecheck.theory.bounds.nonsmooth_lower import NSL_01, NSL_02A, NSL_02B, NSL_03, NSL_04, NSL_05
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.averaging import DualAveraging
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import HeavyBall
from ratecheck.theory.schedules import InverseSqrt, InverseTime

TAGS = ("foundations", "nonsmooth", "lower-bound")
TRAP_LADDER = (4, 16, 64, 256)


def _dual_averaging(facts: Facts, horizon: int) -> DualAveraging:
    return DualAveraging(InverseSqrt(facts["radius"] / facts["lipschitz"]))


def _heavy_ball(facts: Facts, horizon: int) -> HeavyBall:
    return HeavyBall(0.1 * facts["radius"] / (facts["lipschitz"] * (horizon + 1) ** 0.5), 0.9)


def _strongly_convex_steps(facts: Facts, horizon: int) -> Subgradient:
    return Subgradient(InverseTime(2 / facts["strong_convexity"], shift=2.0))


def _nesterov_in_ball_of_minimiser(horizon: int) -> Any:
    return nesterov_maximum(horizon, reach=2)


def trap_steps(facts: Facts, horizon: int) -> Projected:
    """Return steps 1/sqrt(t), projected."""
    return Projected(Subgradient(InverseSqrt(1.0)))


def strong_trap(horizon: int) -> Any:
    """Return the 1-strongly convex last-iterate trap."""
    return last_iterate_trap(horizon, 1.0)


def strong_trap_steps(facts: Facts, horizon: int) -> Projected:
    """Return steps 1/t, projected."""
    return Projected(Subgradient(InverseTime(1.0)))


SPAN_METHODS = {
    "constant-step": constant(),
    "constant-step-for-last": constant_for_last(),
    "normalized": normalized,
    "inverse-sqrt": inverse_sqrt,
    "linear-decay": linear_decay,
    "quasi-monotone": quasi_monotone,
    "polyak": polyak,
    "dual-averaging": _dual_averaging,
    "heavy-ball": _heavy_ball,
}


CLAIMS = (
    *(
        Claim(
            id=f"nsl-01-{name}",
            title=f"{name.replace('-', ' ')} is not better than MR/sqrt(N+1) on its resisting function",
            bound=NSL_01,
            problem=MaxCoordinate,
            method=method,
            horizons=LADDER,
            tags=TAGS,
            quick=name in ("constant-step", "polyak"),
            **EXACT,
        )
        for name, method in SPAN_METHODS.items()
    ),
    *(
        Claim(id=id, title=title, bound=bound, problem=problem, method=method, horizons=LADDER, tags=TAGS, **EXACT)
        for id, title, bound, problem, method in (
            ("nsl-02a-maximum", "Nesterov's bound, Lipschitz around x_0", NSL_02A, nesterov_maximum, constant()),
            (
                "nsl-02b-maximum",
                "Nesterov's bound, Lipschitz around x*",
                NSL_02B,
                _nesterov_in_ball_of_minimiser,
                linear_decay,
            ),
            (
                "nsl-03-strongly-convex-maximum",
                "no better than M^2/(8 mu T) when strongly convex",
                NSL_03,
                strongly_convex_maximum,
                _strongly_convex_steps,
            ),
        )
    ),
    Claim(
        id="nsl-04-trap",
        title="steps 1/sqrt(t): the last iterate is worse by a logarithm",
        bound=NSL_04,
        problem=last_iterate_trap,
        method=trap_steps,
        horizons=TRAP_LADDER,
        tags=(*TAGS, "recalled"),
        quick=True,
    ),
    Claim(
        id="nsl-05-trap",
        title="steps 1/t, strongly convex: the last iterate is worse by a logarithm",
        bound=NSL_05,
        problem=strong_trap,
        method=strong_trap_steps,
        horizons=TRAP_LADDER,
        tags=(*TAGS, "recalled"),
    ),
)
