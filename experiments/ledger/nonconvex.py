"""Claims on nonconvex nonsmooth objectives: StoSignSGD's algorithms N1 and N2, plain StoSignSGD, l2 baselines."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.composite import matrix_factorisation, phase_retrieval, relu_regression
from ratecheck.testbeds.nonconvex import DistantValley, HuberSquares, SquareWells, silent
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import nonconvex, weakly_convex
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.ingd import INGD
from ratecheck.theory.methods.nonconvex import ClippedL2, SignOfMomentumN1, StoSignN1, StoSignN2
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.stationarity.generalized import DiscountedLaw

TAGS = ("stosignsgd", "nonconvex")
RUNS = 64
DIMENSIONS = (10, 100, 1000, 10000)


def fixed(problem: Any) -> Callable[[int], Any]:
    """Return the problem that is the same for every horizon."""
    return lambda horizon: problem


def wells(weights: tuple[float, ...], noise: float = 0.0, first: float = -1.7) -> SquareWells:
    """Return square wells that start between `first` and 1.4, with noise of a share of each steepest slope."""
    at = tuple(np.linspace(first, 1.4, len(weights)).tolist())
    return SquareWells(weights, at, UniformNoise(tuple(4 * noise * w for w in weights)))


def dimensional(dim: int, dense: bool) -> SquareWells:
    """Return wells of dimension `dim` with |G|_1 = 1 and G flat (dense), or all but one G_i tiny (sparse)."""
    weights = np.full(dim, 0.25 / dim) if dense else np.append(0.249975, np.full(dim - 1, 2.5e-5 / (dim - 1)))
    return wells(tuple(weights.tolist()), noise=0.0)


# Finite sums have their data computed once, when they are first asked for.
ONE = wells((1.0,), noise=0.25)
FIVE = wells((1.0, 0.3, 2.0, 0.1, 0.6), noise=0.25)
PLAIN = wells((1.0, 0.3, 2.0, 0.1, 0.6))
PHASE, RELU, FACTORS = phase_retrieval(), relu_regression(), matrix_factorisation()
RADII = (0.01, 0.03, 0.003, 0.02, 0.01)


def _law(
    bound: Bound,
    problem: Any,
    beta: float,
    radius: float | tuple[float, ...],
    method: type[StoSignN1] | type[SignOfMomentumN1] = StoSignN1,
) -> dict[str, Any]:
    D = radius if isinstance(radius, float) else np.array(radius)
    return {
        "bound": dataclasses.replace(bound, output=dataclasses.replace(bound.output, beta=beta, weights=D)),  # type: ignore[type-var]
        "problem": fixed(problem),
        "method": lambda facts, horizon: method(D, facts["coordinate_bounds"], beta),
    }


def _l2_law(problem: Any, beta: float, radius: float) -> dict[str, Any]:
    return {
        "bound": dataclasses.replace(nonconvex.L2, output=DiscountedLaw(beta, norm="l2")),
        "problem": fixed(problem),
        "method": lambda facts, horizon: ClippedL2(radius, facts["gradient_bound"], beta),
    }


def _windows(bound: Bound, problem: Any, window: int, radius: float) -> dict[str, Any]:
    return {
        "bound": dataclasses.replace(bound, output=dataclasses.replace(bound.output, window=window)),  # type: ignore[type-var]
        "problem": fixed(problem),
        "method": lambda facts, horizon: StoSignN2(radius, facts["coordinate_bounds"], window),
    }


def _expectation(id: str, title: str, parts: dict[str, Any], *horizons: int, **more: Any) -> Claim:
    fields = {"tags": TAGS, "horizons": horizons, "runs": RUNS, "max_runs": 8 * RUNS, **parts, **more}
    return Claim(id=id, title=title, **fields)


def _n1_goal(ball: str, problem: SquareWells, epsilon: float, weight: float) -> dict[str, Any]:
    facts = problem.facts
    G = facts["coordinate_bounds"]
    D, beta, T = nonconvex.n1_parameters(facts["initial_gap"], float(G.sum()), weight, epsilon, G.size, ball)
    return {
        "bound": nonconvex.n1_goal(epsilon, weight, beta, ball),
        "problem": fixed(problem),
        "method": lambda facts, horizon: StoSignN1(D, facts["coordinate_bounds"], beta),
        "horizons": (T,),
    }


def _n2_goal(problem: SquareWells, delta: float, epsilon: float) -> dict[str, Any]:
    facts = problem.facts
    G = facts["coordinate_bounds"]
    D, K, T = nonconvex.n2_parameters(facts["initial_gap"], float(G.sum()), delta, epsilon)
    return {
        "bound": nonconvex.n2_goal(epsilon, K),
        "problem": fixed(problem),
        "method": lambda facts, horizon: StoSignN2(D, facts["coordinate_bounds"], K),
        "horizons": (T,),
    }


def _weakly(facts: Facts, horizon: int) -> StoSignT:
    G = facts["coordinate_bounds"]
    eta = math.sqrt(facts["initial_gap"] / (facts["weighted_weak_convexity"] * float(G.sum()) * horizon))
    return StoSignT(eta, envelope=G)


def _max_norm_smooth(facts: Facts, horizon: int) -> StoSignT:
    eta = math.sqrt(2 * facts["initial_gap"] / (facts["max_norm_smoothness"] * horizon))
    return StoSignT(eta, envelope=facts["coordinate_bounds"])


def _davis(facts: Facts, horizon: int) -> Subgradient:
    gap, rho, L2 = facts["initial_gap"], facts["weak_convexity"], facts["second_moment"]
    return Subgradient(math.sqrt(gap / (rho * L2 * horizon)))


def _ingd(delta: float) -> Callable[[Facts, int], INGD]:
    return lambda facts, horizon: INGD(delta)


HUBER = HuberSquares((1.0, 0.5, 0.25), (2.0, -2.0, 2.0), 2.5, UniformNoise((0.5, 0.5, 0.25)))
SMALL = SquareWells((0.05, 0.05), (0.3, -1.5), silent(2))
INGD_WELLS = SquareWells((0.125,), (1.6,), silent(1))
VALLEY = DistantValley((0.2,), 1.2, (1.0,))
PINNED = DistantValley((1.0, 1.0), 1e4, (1.0, 1.0))
INGD_CALLS = nonconvex.ingd_calls(INGD_WELLS.facts["initial_gap"], 0.5, 0.5, 0.2, 0.5)

N1_CLAIMS = (
    _expectation("n1-wells", "N1 on a double well", _law(nonconvex.N1, ONE, 0.99, 0.01), 2000, quick=True),
    _expectation("n1-wells-five", "N1 on five wells", _law(nonconvex.N1, FIVE, 0.99, 0.01), 2000),
    _expectation("n1-wells-exact", "N1 with exact gradients", _law(nonconvex.N1, PLAIN, 0.95, 0.02), 1000),
    _expectation("n1-wells-radii", "N1 with a radius for each coordinate", _law(nonconvex.N1, FIVE, 0.9, RADII), 1000),
    _expectation("n1-wells-long", "N1 with a long memory", _law(nonconvex.N1, ONE, 0.995, 0.003), 4000),
    _expectation("n1-phase", "N1 on phase retrieval", _law(nonconvex.N1, PHASE, 0.99, 0.003), 1000),
    _expectation("n1-relu", "N1 on ReLU regression", _law(nonconvex.N1, RELU, 0.99, 0.01), 1000),
    _expectation("n1-factors", "N1 on l1 matrix factorisation", _law(nonconvex.N1, FACTORS, 0.99, 0.01), 1000),
    _expectation("n1-spread", "N1's laws stay near their means", _law(nonconvex.N1_SPREAD, FIVE, 0.98, 0.01), 1000),
    _expectation(
        "n1-spread-tight",
        "a pinned displacement spreads N1's laws as far as allowed",
        _law(nonconvex.N1_SPREAD, PINNED, 0.95, 0.1),
        4000,
        runs=256,
        attained=0.97,
        attained_tolerance=0.03,
    ),
    _expectation(
        "n1-goal-linf",
        "N1 reaches epsilon = 0.3 in the pair (1, inf) after T(epsilon) steps",
        _n1_goal("linf", SMALL, 0.3, 0.02),
    ),
    _expectation(
        "n1-goal-l2",
        "N1 reaches epsilon = 0.3 in the pair (1, 2) after T(epsilon) steps",
        _n1_goal("l2", SMALL, 0.3, 0.02),
    ),
    _expectation(
        "n1-swapped",
        "N1's theorem also covers the sign of an averaged gradient",
        _law(nonconvex.N1, VALLEY, 0.9999, 1e-4, SignOfMomentumN1),
        40000,
        runs=24,
        max_runs=24,
        expected="refuted",
    ),
    _expectation(
        "n1-swapped-control", "N1 where its swapped form fails", _law(nonconvex.N1, VALLEY, 0.9999, 1e-4), 40000
    ),
)

N2_CLAIMS = (
    _expectation("n2-wells", "N2 on a double well", _windows(nonconvex.N2, ONE, 50, 0.002), 50, 500, 2000, quick=True),
    _expectation("n2-wells-five", "N2 on five wells", _windows(nonconvex.N2, FIVE, 100, 0.002), 100, 1000, 3000),
    _expectation("n2-phase", "N2 on phase retrieval", _windows(nonconvex.N2, PHASE, 50, 0.002), 500, 2000),
    _expectation("n2-distance", "N2's windows stay within delta", _windows(nonconvex.N2_DISTANCE, FIVE, 40, 0.01), 400),
    _expectation("n2-goal", "N2 reaches a Goldstein point with delta = 0.3, epsilon = 0.3", _n2_goal(SMALL, 0.3, 0.3)),
)

L2_CLAIMS = (
    _expectation("l2-wells", "the clipped l2 method on five wells", _l2_law(FIVE, 0.99, 0.01), 2000, quick=True),
    _expectation("l2-phase", "the clipped l2 method on phase retrieval", _l2_law(PHASE, 0.99, 0.005), 1000),
    Claim(
        id="ingd-wells",
        title="INGD finds a Goldstein point within its number of calls",
        bound=nonconvex.ingd_goal(0.2, 0.5),
        problem=fixed(INGD_WELLS),
        method=_ingd(0.5),
        horizons=(INGD_CALLS,),
        tags=TAGS,
        runs=256,
        max_runs=256,
    ),
)

DIMENSION_CLAIMS = tuple(
    _expectation(
        f"{kind}-{'dense' if dense else 'sparse'}-{dim}",
        f"{'N1' if kind == 'n1' else 'the clipped l2 method'} in dimension {dim}, {'flat' if dense else 'one large'} G",
        _law(nonconvex.N1, dimensional(dim, dense), 0.9, 0.02)
        if kind == "n1"
        else _l2_law(dimensional(dim, dense), 0.9, 0.02 * math.sqrt(dim)),
        400 if dim < 1000 else 4000 // dim * 10 + 50,
        tags=(*TAGS, "dimension"),
        max_runs=RUNS,
    )
    for dim in DIMENSIONS
    for dense in (True, False)
    for kind in ("n1", "l2")
)

PLAIN_CLAIMS = (
    _expectation(
        "stosign-weakly-one",
        "plain StoSignSGD on a double well",
        {"bound": weakly_convex.WEAKLY, "problem": fixed(ONE), "method": _weakly},
        2000,
        quick=True,
    ),
    _expectation(
        "stosign-weakly-five",
        "plain StoSignSGD on five wells",
        {"bound": weakly_convex.WEAKLY, "problem": fixed(FIVE), "method": _weakly},
        2000,
    ),
    _expectation(
        "stosign-smooth-huber",
        "plain StoSignSGD on l-infinity-smooth squares, batch size 1",
        {"bound": weakly_convex.SMOOTH, "problem": fixed(HUBER), "method": _max_norm_smooth},
        2000,
        quick=True,
    ),
    _expectation(
        "stosign-smooth-huber-l1",
        "plain StoSignSGD: the l1 norm of the gradient",
        {"bound": weakly_convex.SMOOTH_L1, "problem": fixed(HUBER), "method": _max_norm_smooth},
        2000,
    ),
    _expectation(
        "subgradient-weakly",
        "the stochastic subgradient method on a double well",
        {"bound": weakly_convex.DAVIS, "problem": fixed(ONE), "method": _davis},
        2000,
    ),
)

CLAIMS = (*N1_CLAIMS, *N2_CLAIMS, *L2_CLAIMS, *DIMENSION_CLAIMS, *PLAIN_CLAIMS)
