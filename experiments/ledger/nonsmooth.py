"""Claims on nonsmooth convex problems: constant steps, best, average and last iterate, minimax-optimal methods."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.random_instances import random_deviations, random_maxima
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_max import chain, equiangular
from ratecheck.testbeds.worst_case_univariate import absolute_value
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.nonsmooth import (
    NS_01,
    NS_02,
    NS_03,
    NS_05,
    NS_05_ENVELOPE,
    NS_06,
    NS_07,
    best_last_iterate_step,
    last_iterate_square,
)
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.averaging import QuasiMonotone
from ratecheck.theory.methods.gradient import NormalizedSubgradient, Subgradient
from ratecheck.theory.schedules import LinearDecay

LADDER = (1, 2, 5, 10, 20, 50, 100, 200, 500)
SHORT_LADDER = (1, 2, 5, 10, 20, 50, 100, 200)  # instances with dense slopes
BATCH_LADDER = (1, 2, 5, 10, 20, 40)  # a thousand instances at once
TAGS = ("foundations", "nonsmooth")
EXACT: dict[str, Any] = {"attained": 1.0, "attained_tolerance": 1e-9}

MakeMethod = Callable[[Facts, int], Any]


def constant(factor: float = 1.0) -> MakeMethod:
    """Return the subgradient method with `factor` times the step R/(M sqrt(N+1))."""

    def method(facts: Facts, horizon: int) -> Subgradient:
        return Subgradient(factor * facts["radius"] / (facts["lipschitz"] * math.sqrt(horizon + 1)))

    return method


def constant_for_last(factor: float = 1.0) -> MakeMethod:
    """Return the subgradient method with `factor` times the constant step that is best for the last iterate."""

    def method(facts: Facts, horizon: int) -> Subgradient:
        return Subgradient(factor * best_last_iterate_step(facts, horizon))

    return method


def normalized(facts: Facts, horizon: int) -> NormalizedSubgradient:
    """Return steps of length R/sqrt(N+1)."""
    return NormalizedSubgradient(facts["radius"] / math.sqrt(horizon + 1))


def linear_decay(facts: Facts, horizon: int) -> Subgradient:
    """Return the subgradient method with the linearly decaying steps that are minimax-optimal."""
    N = horizon
    return Subgradient(LinearDecay(facts["radius"] * N / (facts["lipschitz"] * (N + 1) ** 1.5), N))


def quasi_monotone(facts: Facts, horizon: int) -> QuasiMonotone:
    """Return the minimax-optimal quasi-monotone method."""
    return QuasiMonotone(facts["radius"] / (facts["lipschitz"] * math.sqrt(horizon + 1)))


def equiangular_for(factor: float) -> Callable[[int], Any]:
    """Return the worst case of the average for `factor` times the step 1/sqrt(N+1), with M = R = 1."""
    return lambda horizon: equiangular(horizon, factor / math.sqrt(horizon + 1))


def chain_for(factor: float) -> Callable[[int], Any]:
    """Return the worst case of the last iterate for `factor` times its best constant step, with M = R = 1."""
    return lambda horizon: chain(horizon, factor / best_denominator(horizon))


def best_denominator(horizon: int) -> float:
    """Return s sqrt(s^2 - 2N): the best constant step for the last iterate is R/M divided by it."""
    s2 = last_iterate_square(horizon)
    return math.sqrt(s2 * (s2 - 2 * horizon))


def short_for_average(facts: Facts, horizon: int) -> Subgradient:
    """Return a step of 0.9 R/(M(N+1)), too short for N steps to reach the minimiser."""
    return Subgradient(0.9 * facts["radius"] / (facts["lipschitz"] * (horizon + 1)))


def short_for_last(facts: Facts, horizon: int) -> Subgradient:
    """Return a step of 0.9 R/(M s^2), below which a linear function is the worst case of the last iterate."""
    return Subgradient(0.9 * facts["radius"] / (facts["lipschitz"] * last_iterate_square(horizon)))


def maxima(horizon: int) -> Any:
    """Return the batch of random maxima."""
    return random_maxima()


def deviations(horizon: int) -> Any:
    """Return the batch of random least absolute deviations."""
    return random_deviations()


def linear(horizon: int) -> Any:
    """Return |x| from 1."""
    return absolute_value()


def exact(id: str, title: str, bound: Bound, problem: Any, method: Any, **other: Any) -> Claim:
    """Return a claim that is attained, to rounding, at every number of steps of the ladder."""
    fields = {"horizons": LADDER, "tags": (*TAGS, "exact"), "quick": True, **EXACT, **other}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, **fields)


def random_batch(bound: Bound, what: str, problem: Any, method: Any, **other: Any) -> Claim:
    """Return the claim that a bound is exceeded on none of 1,000 random instances."""
    kind = "maxima" if problem is maxima else "deviations"
    fields = {"horizons": BATCH_LADDER, "tags": (*TAGS, "random"), "runs": 1000, **other}
    return Claim(
        id=f"{bound.id.lower()}-random-{kind}",
        title=f"{what} never exceeds it on 1,000 random {kind}",
        bound=bound,
        problem=problem,
        method=method,
        **fields,
    )


CLAIMS = (
    exact(
        "ns-01-max-coordinate",
        "the best iterate with the best constant step is within MR/sqrt(N+1)",
        NS_01,
        MaxCoordinate,
        constant(),
    ),
    *(
        Claim(
            id=f"ns-01-{name}-step",
            title=f"the best iterate with {factor} times the best constant step",
            bound=NS_01,
            problem=MaxCoordinate,
            method=constant(factor),
            horizons=LADDER,
            tags=TAGS,
        )
        for name, factor in (("quarter", 0.25), ("fourfold", 4.0))
    ),
    random_batch(NS_01, "the best iterate", maxima, constant(), quick=True),
    random_batch(NS_01, "the best iterate", deviations, constant()),
    exact("ns-02-max-coordinate", "steps of given lengths, best iterate", NS_02, MaxCoordinate, normalized),
    random_batch(NS_02, "the best iterate with steps of given lengths", maxima, normalized),
    exact("ns-03-max-coordinate", "the average of all points is within MR/sqrt(N+1)", NS_03, MaxCoordinate, constant()),
    *(
        exact(
            f"ns-03-equiangular-{name}",
            f"the average of all points attains its bound at {factor} times the best step",
            NS_03,
            equiangular_for(factor),
            constant(factor),
            horizons=SHORT_LADDER if factor >= 1 else SHORT_LADDER[2:],
        )
        for name, factor in (("half", 0.5), ("best", 1.0), ("triple", 3.0), ("tenfold", 10.0))
    ),
    exact(
        "ns-03-linear", "with too short a step the average attains the linear branch", NS_03, linear, short_for_average
    ),
    random_batch(NS_03, "the average of all points", maxima, constant()),
    exact(
        "ns-05-chain-best",
        "the last iterate with its best constant step is within MR sqrt(1-2N/s^2)",
        NS_05,
        chain_for(1.0),
        constant_for_last(),
        horizons=SHORT_LADDER,
    ),
    *(
        exact(
            f"ns-05-chain-{name}",
            f"the last iterate attains its bound at {factor} times the best step",
            NS_05,
            chain_for(factor),
            constant_for_last(factor),
            horizons=SHORT_LADDER[2:] if factor < 1 else SHORT_LADDER,
        )
        for name, factor in (("half", 0.5), ("double", 2.0), ("fourfold", 4.0))
    ),
    exact(
        "ns-05-linear",
        "with too short a step the last iterate attains the linear branch",
        NS_05,
        linear,
        short_for_last,
    ),
    random_batch(NS_05, "the last iterate with a constant step", maxima, constant_for_last()),
    random_batch(NS_05, "the last iterate with a constant step", deviations, constant_for_last()),
    Claim(
        id="ns-05-envelope-chain",
        title="the last iterate is within MR sqrt(1+ln(N)/4)/sqrt(N+1)",
        bound=NS_05_ENVELOPE,
        problem=chain_for(1.0),
        method=constant_for_last(),
        horizons=SHORT_LADDER,
        tags=TAGS,
        attained=1.0,
        attained_tolerance=1e-9,
        attained_everywhere=False,  # at N = 1 only
    ),
    exact(
        "ns-06-max-coordinate",
        "linear decay makes the last iterate minimax-optimal",
        NS_06,
        MaxCoordinate,
        linear_decay,
    ),
    random_batch(NS_06, "the last iterate with linear decay", maxima, linear_decay),
    random_batch(NS_06, "the last iterate with linear decay", deviations, linear_decay),
    exact(
        "ns-07-max-coordinate",
        "the last iterate of the quasi-monotone method is minimax-optimal",
        NS_07,
        MaxCoordinate,
        quasi_monotone,
    ),
    random_batch(NS_07, "the last iterate of the quasi-monotone method", maxima, quasi_monotone),
)
