"""Methods of fixed steps, run symbolically: their exact worst case by performance estimation is that of the theory.

A wrong coefficient anywhere changes the worst case of a whole class of functions. Interior-point accuracy is about
1e-7.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from ratecheck.theory.function_class import CONVEX_LIPSCHITZ, SMOOTH_CONVEX, SMOOTH_STRONGLY_CONVEX, FunctionClass
from ratecheck.theory.methods.accelerated import ITEM, OGM, OGMG, Silver, TripleMomentum, item_weight, reversed_thetas
from ratecheck.theory.methods.averaging import QuasiMonotone
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import HeavyBall, Ramp
from ratecheck.theory.methods.nesterov import Extrapolated, Fista, Nesterov, constant_momentum
from ratecheck.theory.outputs import Average, Best, Last
from ratecheck.theory.schedules import Halving, InverseSqrt, InverseTime, LinearDecay
from ratecheck.theory.worst_case import Start, symbolic_run, worst_case

pytest.importorskip("PEPit")

ACCURACY = 1e-5
LAST = Last()
L, MU, N = 1.0, 0.1, 3
Q = MU / L


def exact(
    method: Any,
    kind: tuple[FunctionClass, dict[str, float]],
    steps: int,
    *,
    start: str | dict[str, float] = "radius",
    measure: str = "gap",
    output: Any = LAST,
) -> float:
    """Return the exact worst case of a measure over a class, from a start at most 1 away in the sense of `start`."""
    function_class, constants = kind
    weights = {start: 1.0} if isinstance(start, str) else start
    run = symbolic_run(method, output, steps)
    return worst_case(run, function_class, constants, Start(weights, 1.0), measure).value


SMOOTH = (SMOOTH_CONVEX, {"smoothness": L})
STRONG = (SMOOTH_STRONGLY_CONVEX, {"smoothness": L, "strong_convexity": MU})
LIPSCHITZ = (CONVEX_LIPSCHITZ, {"lipschitz": 1.0})


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
    "gradient descent, SM-01": (L / (4 * N + 2), lambda: exact(Subgradient(1 / L), SMOOTH, N)),
    "Nesterov k/(k+3), SM-10": (2 * L / (N**2 + 5 * N + 6), lambda: exact(Nesterov(1 / L), SMOOTH, N)),
    "heavy ball of Goujaud et al., HB-02": (
        L / (2 * (N + 1)),
        lambda: exact(HeavyBall(InverseTime(1 / L, 2.0), Ramp(2.0)), SMOOTH, N),
    ),
    "heavy ball, HB-03 at N = 2": (
        0.75349,
        lambda: exact(HeavyBall(0.5 / L, math.sqrt((1 - 0.5 * MU / L) * 0.5)), STRONG, 2, start="initial_gap"),
    ),
    "OGM, SM-13": (L / (2 * ogm_theta(N) ** 2), lambda: exact(OGM(L, N), SMOOTH, N)),
    "OGM, golden value at N = 5": (0.0185881, lambda: exact(OGM(L, 5), SMOOTH, 5)),
    "OGM-G, SM-14": (
        2 * L / reversed_thetas(N)[0] ** 2,
        lambda: exact(OGMG(L, N), SMOOTH, N, start="initial_gap", measure="squared gradient norm"),
    ),
    "triple momentum, SM-15": (
        (1 - math.sqrt(MU / L)) ** (2 * N) * L**2 / (2 * MU),
        lambda: exact(TripleMomentum(L, MU), STRONG, N),
    ),
    "ITEM, SM-16": (item_value(N), lambda: exact(ITEM(L, MU), STRONG, N, measure="squared distance")),
    "subgradient, best, NS-01": (1 / ROOT, lambda: exact(Subgradient(1 / ROOT), LIPSCHITZ, N, output=Best())),
    "subgradient, average, NS-03": (
        1 / ROOT,
        lambda: exact(Subgradient(1 / ROOT), LIPSCHITZ, N, output=Average(include_last=True)),
    ),
    "linear decay, last, NS-06": (
        1 / ROOT,
        lambda: exact(Subgradient(LinearDecay(N / ROOT**3, N)), LIPSCHITZ, N),
    ),
    "quasi-monotone, last, NS-07": (1 / ROOT, lambda: exact(QuasiMonotone(1 / ROOT), LIPSCHITZ, N)),
    "1/sqrt(k+1), last at N = 2": (0.98037, lambda: exact(Subgradient(InverseSqrt(1.0)), LIPSCHITZ, 2)),
    "halving, NS-10 at T = 4": (1.159 / 2, lambda: exact(Subgradient(Halving(1.0, 4)), LIPSCHITZ, 3)),
    "halving, NS-10 at T = 8": (
        1.113 / math.sqrt(8),
        lambda: exact(Subgradient(Halving(1.0, 8)), LIPSCHITZ, 7),
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
    assert shipped == pytest.approx(exact(Fista(1 / L), SMOOTH, N), rel=ACCURACY)
    shipped, _ = examples.wc_accelerated_gradient_strongly_convex(mu=MU, L=L, n=N, **silent)
    assert shipped == pytest.approx(_constant_momentum_value(), rel=ACCURACY)
    shipped, _ = examples.wc_gradient_descent_silver_stepsize_convex(L=L, n=7, **silent)
    assert shipped == pytest.approx(exact(Subgradient(Silver(1 / L)), SMOOTH, 7), rel=ACCURACY)


def _constant_momentum_value() -> float:
    potential = {"initial_gap": 1.0, "radius": MU / 2}
    return exact(Nesterov(1 / L, constant_momentum(L, MU)), STRONG, N, start=potential)


@pytest.mark.parametrize(("steps", "share"), [(1, 0.87), (4, 0.88)])
def test_extrapolated_point_of_fista(steps: int, share: float) -> None:
    factor = 1.0
    for _ in range(steps):
        factor = (1 + math.sqrt(1 + 4 * factor**2)) / 2
    bound = L / (2 * factor**2)  # Kim and Fessler (2016)
    assert exact(Extrapolated(Fista(1 / L)), SMOOTH, steps) / bound == pytest.approx(share, abs=0.005)


# Wrong methods that the instances of the ledger cannot tell from the right ones, or only at some numbers of steps.
FAULTS: dict[str, tuple[str, Callable[[], float]]] = {
    "OGM-G where OGM is meant": ("OGM, SM-13", lambda: exact(OGMG(L, N), SMOOTH, N)),
    "OGM where OGM-G is meant": (
        "OGM-G, SM-14",
        lambda: exact(OGM(L, N), SMOOTH, N, start="initial_gap", measure="squared gradient norm"),
    ),
    "horizon off by one: OGM": ("OGM, SM-13", lambda: exact(OGM(L, N + 1), SMOOTH, N)),
    "k/(k+2) for k/(k+3)": ("Nesterov k/(k+3), SM-10", lambda: exact(Nesterov(1 / L, Ramp(2.0)), SMOOTH, N)),
    "linear decay that starts too late": (
        "linear decay, last, NS-06",
        lambda: exact(Subgradient(LinearDecay(1 / ROOT, N)), LIPSCHITZ, N),
    ),
    "mu ten per cent too large: ITEM": (
        "ITEM, SM-16",
        lambda: exact(ITEM(L, 1.1 * MU), STRONG, N, measure="squared distance"),
    ),
    "mu ten per cent too large: triple momentum": (
        "triple momentum, SM-15",
        lambda: exact(TripleMomentum(L, 1.1 * MU), STRONG, N),
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_wrong_method_has_another_worst_case(name: str) -> None:
    theorem, solve = FAULTS[name]
    assert abs(solve() / CASES[theorem][0] - 1) > 1e-3
