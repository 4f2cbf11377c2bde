"""Claims on regret: online gradient descent and its relatives, adversaries, what no player can avoid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.online import orthogonal_losses, perpendicular_adversary, random_losses, random_signs
from ratecheck.testbeds.online_targets import MovingTargets
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.online import (
    OCO_01,
    OCO_02,
    OCO_02_FINE,
    OCO_03,
    OCO_04,
    OCO_05,
    OCO_06,
    OCO_07,
    OCO_08,
    OCO_L1,
    OCO_L1_EXACT,
    OCO_L2,
)
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.adaptive import AdaGradNorm
from ratecheck.theory.methods.averaging import DualAveraging, MinimaxPlayer
from ratecheck.theory.methods.frank_wolfe import OnlineFrankWolfe
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.schedules import InverseSqrt, InverseTime

ROUNDS = (1, 2, 5, 10, 20, 50, 100, 200)
LONG = (500,)
TAGS = ("foundations", "online")
EXACT: dict[str, Any] = {"attained": 1.0, "attained_tolerance": 1e-9}


def horizon_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent with the step D/(G sqrt(T))."""
    return Projected(Subgradient(facts["diameter"] / (facts["gradient_bound"] * math.sqrt(horizon))))


def long_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent with three times the step D/(G sqrt(T))."""
    return Projected(Subgradient(3 * facts["diameter"] / (facts["gradient_bound"] * math.sqrt(horizon))))


def anytime_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent with steps D/(G sqrt(t))."""
    return Projected(Subgradient(InverseSqrt(facts["diameter"] / facts["gradient_bound"])))


def half_anytime_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent with steps D/(G sqrt(2t))."""
    return Projected(Subgradient(InverseSqrt(facts["diameter"] / (facts["gradient_bound"] * math.sqrt(2)))))


def plain_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent with steps 1/sqrt(t)."""
    return Projected(Subgradient(InverseSqrt(1.0)))


def central_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent from the centre of a ball of radius r, with the step r/(G sqrt(T))."""
    return Projected(Subgradient(facts["radius"] / (facts["gradient_bound"] * math.sqrt(horizon))))


def minimax_player(facts: Facts, horizon: int) -> MinimaxPlayer:
    """Return the minimax player for the horizon."""
    return MinimaxPlayer(facts["radius"], facts["gradient_bound"], horizon)


def leader(facts: Facts, horizon: int) -> Projected:
    """Return follow the regularised leader with the prox step D/(G sqrt(T))."""
    return Projected(DualAveraging(facts["diameter"] / (facts["gradient_bound"] * math.sqrt(horizon))))


def adagrad(facts: Facts, horizon: int) -> Projected:
    """Return AdaGrad with one step size for all coordinates."""
    return Projected(AdaGradNorm(facts["diameter"] / math.sqrt(2)))


def strongly_convex_descent(facts: Facts, horizon: int) -> Projected:
    """Return online gradient descent with steps 1/(lambda t)."""
    return Projected(Subgradient(InverseTime(1 / facts["strong_convexity"])))


def frank_wolfe(facts: Facts, horizon: int) -> OnlineFrankWolfe:
    """Return online Frank-Wolfe with the weights of Weibel et al."""
    eta = facts["diameter"] / (2 * facts["gradient_bound"]) * (3 / horizon) ** 0.75
    return OnlineFrankWolfe(eta, min(1.0, math.sqrt(3 / horizon)))


def orthogonal(horizon: int) -> Any:
    """Return the worst case of the constant step 1/sqrt(T), with D = G = 1."""
    return orthogonal_losses(np.full(horizon, 1 / math.sqrt(horizon)))


def adversary(horizon: int) -> Any:
    """Return the perpendicular adversary on the unit ball of dimension 3."""
    return perpendicular_adversary()


def losses(horizon: int) -> Any:
    """Return random losses with a drift on the unit ball."""
    return random_losses()


def signs(horizon: int) -> Any:
    """Return random signs on [-1, 1]."""
    return random_signs()


def targets(horizon: int) -> Any:
    """Return squared distances to targets."""
    return MovingTargets()


def _claim(id: str, title: str, bound: Bound, problem: Any, method: Any, **other: Any) -> Claim:
    fields: dict[str, Any] = {"horizons": LONG, "tags": TAGS, **other}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, **fields)


def _exact(id: str, title: str, bound: Bound, problem: Any, method: Any, **other: Any) -> Claim:
    return _claim(
        id,
        title,
        bound,
        problem,
        method,
        **{"horizons": ROUNDS, "tags": (*TAGS, "exact"), "quick": True, **EXACT, **other},
    )


def _random(bound: Bound, what: str, method: Any, problem: Any = losses, **other: Any) -> Claim:
    name = {losses: "losses", signs: "signs", targets: "targets"}[problem]
    title = f"{what} never exceeds it on 1,000 random sequences of {name}"
    return _claim(
        f"{bound.id.lower()}-random-{name}",
        title,
        bound,
        problem,
        method,
        **{"runs": 1000, "tags": (*TAGS, "random"), **other},
    )


_PLAYERS = {
    "gradient-descent": horizon_descent,
    "central-gradient-descent": central_descent,
    "anytime-gradient-descent": anytime_descent,
    "leader": leader,
    "minimax-player": minimax_player,
    "adagrad": adagrad,
    "frank-wolfe": frank_wolfe,
}
_SIGN_PLAYERS = {"gradient-descent": horizon_descent, "adagrad": adagrad, "leader": leader}

CLAIMS = (
    _exact(
        "oco-01-orthogonal", "online gradient descent pays DG sqrt(T)", OCO_01, orthogonal, horizon_descent, quick=True
    ),
    _random(OCO_01, "a constant step", horizon_descent),
    _random(OCO_01, "a constant step", horizon_descent, signs),
    _claim("oco-01-adversary", "a step that is three times too long", OCO_01, adversary, long_descent, horizons=ROUNDS),
    _claim("oco-02-adversary", "steps D/(G sqrt(t))", OCO_02, adversary, anytime_descent, quick=True),
    _random(OCO_02, "steps D/(G sqrt(t))", anytime_descent),
    _claim("oco-02-fine-adversary", "decreasing steps, realised", OCO_02_FINE, adversary, anytime_descent),
    _random(OCO_02_FINE, "decreasing steps", anytime_descent, signs),
    _claim("oco-03-adversary", "steps D/(G sqrt(2t))", OCO_03, adversary, half_anytime_descent),
    _random(OCO_03, "steps D/(G sqrt(2t))", half_anytime_descent),
    _claim("oco-04-adversary", "steps 1/sqrt(t)", OCO_04, adversary, plain_descent),
    _random(OCO_04, "steps 1/sqrt(t)", plain_descent),
    _exact(
        "oco-05-adversary", "the minimax player against its adversary", OCO_05, adversary, minimax_player, quick=True
    ),
    _random(OCO_05, "the minimax player", minimax_player, horizons=ROUNDS),
    _exact("oco-06-orthogonal", "follow the regularised leader pays DG sqrt(T)", OCO_06, orthogonal, leader),
    _random(OCO_06, "the regularised leader", leader),
    _claim(
        "oco-07-targets",
        "strongly convex losses: logarithmic regret, attained in the first round",
        OCO_07,
        targets,
        strongly_convex_descent,
        runs=256,
        quick=True,
        **EXACT,
    ),
    _claim("oco-08-adversary", "online Frank-Wolfe", OCO_08, adversary, frank_wolfe, horizons=ROUNDS),
    _random(OCO_08, "online Frank-Wolfe", frank_wolfe),
    *(
        _claim(
            f"oco-l1-{name}",
            f"{name.replace('-', ' ')} pays at least DG sqrt(T/8) against random signs",
            OCO_L1,
            signs,
            method,
            runs=2048,
            horizons=(200,),
            tags=(*TAGS, "lower-bound"),
        )
        for name, method in _SIGN_PLAYERS.items()
    ),
    *(
        _claim(
            f"oco-l1-exact-{name}",
            f"the expected regret of {name.replace('-', ' ')} against random signs",
            OCO_L1_EXACT,
            signs,
            method,
            runs=4096,
            horizons=(200,),
            tags=(*TAGS, "exact"),
            resolution=1.2,
            quick=name == "leader",
        )
        for name, method in _SIGN_PLAYERS.items()
    ),
    *(
        _claim(
            f"oco-l2-{name}",
            f"{name.replace('-', ' ')} pays at least rG sqrt(T) on a ball",
            OCO_L2,
            adversary,
            method,
            horizons=(500,),
            tags=(*TAGS, "lower-bound", "exact"),
            quick=name == "gradient-descent",
            **EXACT,
        )
        for name, method in _PLAYERS.items()
    ),
)
