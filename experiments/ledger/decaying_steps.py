"""Claims on subgradient methods with decaying steps, and on Polyak's step."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.nonsmooth import LADDER, TAGS, deviations, exact, maxima, random_batch
from ratecheck.testbeds.random_instances import random_sharp, sharp_corner
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_max import max_coordinate_in_ball, strongly_convex_maximum
from ratecheck.theory.bounds.decaying_steps import NS_04, NS_04_AVERAGE, NS_04_CLOSED, NS_10, NS_11, NS_12
from ratecheck.theory.bounds.polyak_step import NS_08, NS_08_AVERAGE, NS_08_SQUARES, NS_09
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.gradient import Polyak, Projected, Subgradient
from ratecheck.theory.schedules import Halving, InverseSqrt, InverseTime

HORIZON = 200


def inverse_sqrt(facts: Facts, horizon: int) -> Subgradient:
    """Return steps R/(M sqrt(k+1))."""
    return Subgradient(InverseSqrt(facts["radius"] / facts["lipschitz"]))


def short_inverse_sqrt(facts: Facts, horizon: int) -> Subgradient:
    """Return steps R/(2 M sqrt(k+1))."""
    return Subgradient(InverseSqrt(0.5 * facts["radius"] / facts["lipschitz"]))


def projected_inverse_sqrt(facts: Facts, horizon: int) -> Projected:
    """Return steps D/(M sqrt(k+1)), projected."""
    return Projected(Subgradient(InverseSqrt(facts["diameter"] / facts["lipschitz"])))


def halving(facts: Facts, horizon: int) -> Projected:
    """Return the halved steps of Jain, Nagaraj and Netrapalli for T = N + 1 points."""
    return Projected(Subgradient(Halving(facts["diameter"] / facts["lipschitz"], horizon + 1)))


def strongly_convex_steps(facts: Facts, horizon: int) -> Projected:
    """Return steps 2/(mu(t+1)), projected."""
    return Projected(Subgradient(InverseTime(2 / facts["strong_convexity"], shift=2.0)))


def polyak(facts: Facts, horizon: int) -> Polyak:
    """Return Polyak's step."""
    return Polyak()


def _resisting(horizon: int) -> Any:
    return MaxCoordinate(HORIZON)


def _in_ball(horizon: int) -> Any:
    return max_coordinate_in_ball(HORIZON)


def _strongly_convex(horizon: int) -> Any:
    return strongly_convex_maximum(HORIZON)


def _sharp(horizon: int) -> Any:
    return random_sharp()


def _corner(horizon: int) -> Any:
    return sharp_corner(0.3)


def _claim(id: str, title: str, bound: Any, problem: Any, method: Any, **other: Any) -> Claim:
    fields = {"horizons": (HORIZON,), "tags": TAGS, **other}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, **fields)


CLAIMS = (
    _claim("ns-04-max-coordinate", "decaying steps, best iterate", NS_04, _resisting, inverse_sqrt, quick=True),
    _claim(
        "ns-04-short-steps", "decaying steps of half the length, best iterate", NS_04, _resisting, short_inverse_sqrt
    ),
    random_batch(NS_04, "the best iterate with decaying steps", maxima, inverse_sqrt, horizons=(40,)),
    _claim("ns-04-average-max-coordinate", "decaying steps, weighted average", NS_04_AVERAGE, _resisting, inverse_sqrt),
    random_batch(NS_04_AVERAGE, "the weighted average", maxima, inverse_sqrt, horizons=(40,)),
    random_batch(NS_04_AVERAGE, "the weighted average", deviations, inverse_sqrt, horizons=(40,)),
    _claim("ns-04-closed-max-coordinate", "decaying steps, in closed form", NS_04_CLOSED, _resisting, inverse_sqrt),
    exact(
        "ns-08-max-coordinate",
        "Polyak's step is minimax-optimal",
        NS_08,
        MaxCoordinate,
        polyak,
        horizons=(200,),
    ),
    random_batch(NS_08, "Polyak's step", maxima, polyak, horizons=(40,)),
    random_batch(NS_08, "Polyak's step", deviations, polyak, horizons=(40,)),
    exact("ns-08-average-max-coordinate", "the average is, too", NS_08_AVERAGE, MaxCoordinate, polyak, horizons=(200,)),
    random_batch(NS_08_AVERAGE, "the average with Polyak's step", maxima, polyak, horizons=(40,)),
    _claim("ns-08-squares-max-coordinate", "the squared gaps sum to at most M^2R^2", NS_08_SQUARES, _resisting, polyak),
    random_batch(NS_08_SQUARES, "the sum of squared gaps", maxima, polyak, horizons=(40,)),
    exact(
        "ns-09-sharp-corner",
        "Polyak's first step at a sharp corner is the worst",
        NS_09,
        _corner,
        polyak,
        horizons=(1,),
    ),
    _claim(
        "ns-09-random-sharp",
        "Polyak's step converges linearly on 1,000 random sharp functions",
        NS_09,
        _sharp,
        polyak,
        horizons=(40,),
        runs=1000,
        tags=(*TAGS, "random"),
    ),
    _claim(
        "ns-10-max-coordinate",
        "halved steps, last iterate: a constant for existence only",
        NS_10,
        max_coordinate_in_ball,
        halving,
        horizons=LADDER,
        tags=(*TAGS, "recalled"),
    ),
    _claim(
        "ns-11-max-coordinate",
        "decaying steps, last iterate on a bounded set",
        NS_11,
        _in_ball,
        projected_inverse_sqrt,
        tags=(*TAGS, "recalled"),
    ),
    _claim(
        "ns-12-strongly-convex-maximum",
        "strongly convex: the t-weighted average is O(1/T)",
        NS_12,
        _strongly_convex,
        strongly_convex_steps,
    ),
)
