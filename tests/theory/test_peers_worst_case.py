"""Methods of fixed steps, run symbolically inside PEPit: their exact worst case is the one that the theory states.

The methods only add and scale points, so that PEPit's own symbolic points go through the very same code. A wrong
coefficient anywhere changes the worst case of a whole class of functions. Interior-point accuracy is about 1e-7.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ratecheck.theory.methods.accelerated import ITEM, OGM, OGMG, Silver, TripleMomentum, item_weight, reversed_thetas
from ratecheck.theory.methods.averaging import QuasiMonotone, SumState
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import HeavyBall, Ramp
from ratecheck.theory.methods.nesterov import Extrapolated, Fista, Nesterov, constant_momentum
from ratecheck.theory.schedules import Halving, InverseSqrt, InverseTime, LinearDecay

PEPit = pytest.importorskip("PEPit")
functions = pytest.importorskip("PEPit.functions")

ACCURACY = 1e-5
L, MU, N = 1.0, 0.1, 3
Q = MU / L


def worst_case(
    method: Any,
    function: type,
    constants: dict[str, float],
    steps: int,
    *,
    start: str = "distance",
    measure: str = "value",
    weights: list[float] | None = None,
) -> float:
    """Return the exact worst case of a measure at the last point, or at the weighted average of all."""
    problem = PEPit.PEP()
    f = problem.declare_function(function, **constants)
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    problem.set_initial_condition((f(x) - f(optimum) if start == "value" else (x - optimum) ** 2) <= 1)
    oracle = SimpleNamespace(subgradient=f.gradient)
    state = SumState(0, x, PEPit.null_point) if isinstance(method, QuasiMonotone) else method.init(x)
    points = [x]
    for _ in range(steps):
        x, state = method.step(x, state, oracle)
        points.append(x)
    if weights is not None:
        x = sum((w * point for w, point in zip(weights, points, strict=True)), PEPit.null_point) / sum(weights)
    if measure == "best":
        for point in points:
            problem.set_performance_metric(f(point) - f(optimum))
    else:
        problem.set_performance_metric(
            {
                "value": lambda: f(x) - f(optimum),
                "gradient": lambda: f.gradient(x) ** 2,
                "distance": lambda: (x - optimum) ** 2,
            }[measure]()
        )
    return problem.solve(solver="CLARABEL", verbose=0)


SMOOTH = (functions.SmoothConvexFunction, {"L": L})
STRONG = (functions.SmoothStronglyConvexFunction, {"mu": MU, "L": L})
LIPSCHITZ = (functions.ConvexLipschitzFunction, {"M": 1.0})


def ogm_theta(steps: int) -> float:
    theta = 1.0
    for k in range(steps):
        theta = (1 + math.sqrt((4 if k + 1 < steps else 8) * theta**2 + 1)) / 2
    return theta


def item_value(steps: int) -> float:
    A = 0.0
    for _ in range(steps):
        A = item_weight(A, Q)
    return 1 / (1 + Q * A)


ROOT = math.sqrt(N + 1)
CASES: dict[str, tuple[float, Callable[[], float]]] = {
    "gradient descent, SM-01": (L / (4 * N + 2), lambda: worst_case(Subgradient(1 / L), *SMOOTH, N)),
    "Nesterov k/(k+3), SM-10": (2 * L / (N**2 + 5 * N + 6), lambda: worst_case(Nesterov(1 / L), *SMOOTH, N)),
    "heavy ball of Goujaud et al., HB-02": (
        L / (2 * (N + 1)),
        lambda: worst_case(HeavyBall(InverseTime(1 / L, 2.0), Ramp(2.0)), *SMOOTH, N),
    ),
    "heavy ball, HB-03 at N = 2": (
        0.75349,
        lambda: worst_case(HeavyBall(0.5 / L, math.sqrt((1 - 0.5 * MU / L) * 0.5)), *STRONG, 2, start="value"),
    ),
    "OGM, SM-13": (L / (2 * ogm_theta(N) ** 2), lambda: worst_case(OGM(L, N), *SMOOTH, N)),
    "OGM, golden value at N = 5": (0.0185881, lambda: worst_case(OGM(L, 5), *SMOOTH, 5)),
    "OGM-G, SM-14": (
        2 * L / reversed_thetas(N)[0] ** 2,
        lambda: worst_case(OGMG(L, N), *SMOOTH, N, start="value", measure="gradient"),
    ),
    "triple momentum, SM-15": (
        (1 - math.sqrt(MU / L)) ** (2 * N) * L**2 / (2 * MU),
        lambda: worst_case(TripleMomentum(L, MU), *STRONG, N),
    ),
    "ITEM, SM-16": (item_value(N), lambda: worst_case(ITEM(L, MU), *STRONG, N, measure="distance")),
    "subgradient, best, NS-01": (1 / ROOT, lambda: worst_case(Subgradient(1 / ROOT), *LIPSCHITZ, N, measure="best")),
    "subgradient, average, NS-03": (
        1 / ROOT,
        lambda: worst_case(Subgradient(1 / ROOT), *LIPSCHITZ, N, weights=[1.0] * (N + 1)),
    ),
    "linear decay, last, NS-06": (
        1 / ROOT,
        lambda: worst_case(Subgradient(LinearDecay(N / ROOT**3, N)), *LIPSCHITZ, N),
    ),
    "quasi-monotone, last, NS-07": (1 / ROOT, lambda: worst_case(QuasiMonotone(1 / ROOT), *LIPSCHITZ, N)),
    "1/sqrt(k+1), last at N = 2": (0.98037, lambda: worst_case(Subgradient(InverseSqrt(1.0)), *LIPSCHITZ, 2)),
    "halving, NS-10 at T = 4": (1.159 / 2, lambda: worst_case(Subgradient(Halving(1.0, 4)), *LIPSCHITZ, 3)),
    "halving, NS-10 at T = 8": (
        1.113 / math.sqrt(8),
        lambda: worst_case(Subgradient(Halving(1.0, 8)), *LIPSCHITZ, 7),
    ),
}
DIGITS = {  # references that are known to so many digits only
    "heavy ball, HB-03 at N = 2": 5e-6,
    "1/sqrt(k+1), last at N = 2": 5e-6,
    "halving, NS-10 at T = 4": 5e-4 / 2,
    "halving, NS-10 at T = 8": 5e-4 / math.sqrt(8),
}


@pytest.mark.parametrize("name", list(CASES))
def test_worst_case_is_the_theorem(name: str) -> None:
    expected, solve = CASES[name]
    assert solve() == pytest.approx(expected, abs=max(ACCURACY * expected, DIGITS.get(name, 0.0)))


def test_worst_case_of_methods_without_a_closed_form_is_that_of_pepit() -> None:
    examples = pytest.importorskip("PEPit.examples.unconstrained_convex_minimization")
    silent = {"solver": "CLARABEL", "verbose": 0}
    shipped, _ = examples.wc_accelerated_gradient_convex(mu=0, L=L, n=N, **silent)
    assert shipped == pytest.approx(worst_case(Fista(1 / L), *SMOOTH, N), rel=ACCURACY)
    shipped, _ = examples.wc_accelerated_gradient_strongly_convex(mu=MU, L=L, n=N, **silent)
    assert shipped == pytest.approx(_constant_momentum_value(), rel=ACCURACY)
    shipped, _ = examples.wc_gradient_descent_silver_stepsize_convex(L=L, n=7, **silent)
    assert shipped == pytest.approx(worst_case(Subgradient(Silver(1 / L)), *SMOOTH, 7), rel=ACCURACY)


def _constant_momentum_value() -> float:
    problem = PEPit.PEP()
    f = problem.declare_function(STRONG[0], **STRONG[1])
    optimum = f.stationary_point()
    x = problem.set_initial_point()
    problem.set_initial_condition(f(x) - f(optimum) + MU / 2 * (x - optimum) ** 2 <= 1)
    method = Nesterov(1 / L, constant_momentum(L, MU))
    state = method.init(x)
    for _ in range(N):
        x, state = method.step(x, state, SimpleNamespace(subgradient=f.gradient))
    problem.set_performance_metric(f(x) - f(optimum))
    return problem.solve(solver="CLARABEL", verbose=0)


@pytest.mark.parametrize(("steps", "share"), [(1, 0.87), (4, 0.88)])
def test_extrapolated_point_of_fista(steps: int, share: float) -> None:
    factor = 1.0
    for _ in range(steps):
        factor = (1 + math.sqrt(1 + 4 * factor**2)) / 2
    bound = L / (2 * factor**2)  # Kim and Fessler (2016)
    assert worst_case(Extrapolated(Fista(1 / L)), *SMOOTH, steps) / bound == pytest.approx(share, abs=0.005)


# Wrong methods that the instances of the ledger cannot tell from the right ones, or only at some numbers of steps.
FAULTS: dict[str, tuple[str, Callable[[], float]]] = {
    "OGM-G where OGM is meant": ("OGM, SM-13", lambda: worst_case(OGMG(L, N), *SMOOTH, N)),
    "OGM where OGM-G is meant": (
        "OGM-G, SM-14",
        lambda: worst_case(OGM(L, N), *SMOOTH, N, start="value", measure="gradient"),
    ),
    "horizon off by one: OGM": ("OGM, SM-13", lambda: worst_case(OGM(L, N + 1), *SMOOTH, N)),
    "k/(k+2) for k/(k+3)": ("Nesterov k/(k+3), SM-10", lambda: worst_case(Nesterov(1 / L, Ramp(2.0)), *SMOOTH, N)),
    "linear decay that starts too late": (
        "linear decay, last, NS-06",
        lambda: worst_case(Subgradient(LinearDecay(1 / ROOT, N)), *LIPSCHITZ, N),
    ),
    "mu ten per cent too large: ITEM": (
        "ITEM, SM-16",
        lambda: worst_case(ITEM(L, 1.1 * MU), *STRONG, N, measure="distance"),
    ),
    "mu ten per cent too large: triple momentum": (
        "triple momentum, SM-15",
        lambda: worst_case(TripleMomentum(L, 1.1 * MU), *STRONG, N),
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_wrong_method_has_another_worst_case(name: str) -> None:
    theorem, solve = FAULTS[name]
    assert abs(solve() / CASES[theorem][0] - 1) > 1e-3
