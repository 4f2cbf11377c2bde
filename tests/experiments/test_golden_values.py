"""Numbers that can be looked up: closed forms, and exact worst cases by performance estimation (PEPit with CLARABEL).

Interior-point accuracy is about 1e-7 relative; golden values are quoted to five or six digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ratecheck.theory import outputs
from ratecheck.theory.bounds.accelerated import ogm_factor
from ratecheck.theory.bounds.heavy_ball import HB_01, HB_03
from ratecheck.theory.bounds.nonsmooth import NS_03, NS_05, best_last_iterate_step, last_iterate_square
from ratecheck.theory.bounds.online import OCO_02, OCO_03
from ratecheck.theory.bounds.smooth import SM_01, SM_02, SM_03, SM_05, SM_06, SM_09
from ratecheck.theory.facts import Facts, closed_form
from ratecheck.theory.function_class import (
    CONVEX_LIPSCHITZ,
    ONLINE_LOSSES,
    SMOOTH,
    SMOOTH_CONVEX,
    SMOOTH_STRONGLY_CONVEX,
    FunctionClass,
)
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import HeavyBall
from ratecheck.theory.methods.saddle import PastExtragradient
from ratecheck.theory.schedules import InverseSqrt
from ratecheck.theory.worst_case import Start, symbolic_run, worst_case

UNIT = Facts(closed_form(lipschitz=1.0, radius=1.0, smoothness=1.0, initial_gap=1.0, strong_convexity=0.1))
SOLVER_ACCURACY = 1e-5
# CLARABEL stops early on some of these problems; what it reached is compared with the golden value all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate:UserWarning")


def value(bound: Any, method: Any, N: int, facts: Facts = UNIT) -> float:
    return float(bound.value(facts, method, np.array([N]))[0])


# --- closed forms ------------------------------------------------------------------------------------------------

LAST = {1: 0.707107, 2: 0.600000, 3: 0.535316, 5: 0.455906, 10: 0.357555, 20: 0.274292, 40: 0.207142, 200: 0.104040}


@pytest.mark.parametrize(("N", "golden"), LAST.items())
def test_last_iterate_with_its_best_constant_step(N: int, golden: float) -> None:
    assert value(NS_05, Subgradient(best_last_iterate_step(UNIT, N)), N) == pytest.approx(golden, abs=5e-7)
    assert math.sqrt(1 - 2 * N / last_iterate_square(N)) == pytest.approx(golden, abs=5e-7)


@pytest.mark.parametrize(("N", "share"), {1: 1.0, 2: 0.959, 5: 0.943, 10: 0.945, 20: 0.950}.items())
def test_share_of_the_envelope_that_is_attained(N: int, share: float) -> None:
    envelope = math.sqrt(1 + math.log(N) / 4) / math.sqrt(N + 1)
    assert LAST[N] / envelope == pytest.approx(share, abs=6e-4)


@pytest.mark.parametrize(("N", "golden"), {5: 0.0185881, 10: 0.00628648, 20: 0.00190443, 40: 0.000534983}.items())
def test_optimized_gradient_method(N: int, golden: float) -> None:
    assert 1 / (2 * ogm_factor(N) ** 2) == pytest.approx(golden, rel=5e-6)


def test_polyak_lojasiewicz_factor_has_its_bracket_in_the_right_place() -> None:
    facts = Facts(closed_form(smoothness=1.0, lojasiewicz=0.2, initial_gap=1.0))
    assert value(SM_09, Subgradient(0.5), 1, facts) == pytest.approx(0.83297, abs=5e-6)
    assert value(SM_09, Subgradient(1.0), 1, facts) == pytest.approx((2 - 0.4) / 2.2, rel=1e-12)


# --- performance estimation --------------------------------------------------------------------------------------


LAST_POINT = outputs.Last()


def exact(
    method: Any,
    N: int,
    function_class: FunctionClass,
    *,
    measure: str = "gap",
    output: Any = LAST_POINT,
    start: str | dict[str, float] = "radius",
    **constants: float,
) -> float:
    pytest.importorskip("PEPit")
    weights = {start: 1.0} if isinstance(start, str) else start
    run = symbolic_run(method, output, N, constrained="diameter" in constants)
    begin = None if function_class is ONLINE_LOSSES else Start(weights, 1.0)
    return worst_case(run, function_class, constants, begin, measure).value


OUTPUTS = {
    "best": outputs.Best(),
    "last": outputs.Last(),
    "average": outputs.Average(include_last=True),
    "weighted": outputs.Average(include_last=True, weight=lambda k: 1 / math.sqrt(k + 1)),
}
BENT = {"smoothness": 1.0}
STRONG = {"smoothness": 1.0, "strong_convexity": 0.1}


def nonsmooth(method: Any, N: int, measure: str) -> float:
    return exact(method, N, CONVEX_LIPSCHITZ, output=OUTPUTS[measure], lipschitz=1.0)


@pytest.mark.parametrize("factor", [0.7, 1.5, 6.0])
def test_average_iterate_is_exact_on_both_branches(factor: float) -> None:
    N = 4
    method = Subgradient(factor / (N + 1))
    assert nonsmooth(method, N, "average") == pytest.approx(value(NS_03, method, N), rel=SOLVER_ACCURACY)


@pytest.mark.parametrize("factor", [0.7, 1.5, 6.0])
def test_last_iterate_is_exact_on_both_branches(factor: float) -> None:
    N = 4
    method = Subgradient(factor / last_iterate_square(N))
    assert nonsmooth(method, N, "last") == pytest.approx(value(NS_05, method, N), rel=SOLVER_ACCURACY)


DECAYING = {
    2: (0.61974, 0.61898, 0.98037),
    5: (0.47324, 0.47383, 0.78407),
    10: (0.37653, 0.37762, 0.64327),
}


@pytest.mark.parametrize(("N", "golden"), DECAYING.items())
def test_decaying_steps(N: int, golden: Sequence[float]) -> None:
    method = Subgradient(InverseSqrt(1.0))
    found = [nonsmooth(method, N, measure) for measure in ("best", "weighted", "last")]
    assert found == pytest.approx(golden, abs=6e-6)


@pytest.mark.parametrize("h", [0.5, 1.0, 1.5, 1.9])
def test_gradient_descent_is_exact(h: float) -> None:
    N, method = 3, Subgradient(h)
    for bound, measure, start in (
        (SM_01, "gap", "radius"),
        (SM_02, "gradient norm", "radius"),
        (SM_03, "squared gradient norm", "initial_gap"),
    ):
        found = exact(method, N, SMOOTH_CONVEX, measure=measure, start=start, **BENT)
        assert found == pytest.approx(value(bound, method, N), rel=SOLVER_ACCURACY)


@pytest.mark.parametrize("h", [0.5, 1.5])
def test_strongly_convex_gap_from_the_radius_is_exact(h: float) -> None:
    N, method = 3, Subgradient(h)
    found = exact(method, N, SMOOTH_STRONGLY_CONVEX, **STRONG)
    assert found == pytest.approx(value(SM_05, method, N), rel=SOLVER_ACCURACY)


@pytest.mark.parametrize("h", [0.5, 1.0, 1.5])
def test_nonconvex_gradient_is_exact(h: float) -> None:
    N, method = 3, Subgradient(h)
    options = {"measure": "squared gradient norm", "output": outputs.Best(), "start": "initial_gap"}
    found = exact(method, N, SMOOTH, **options, **BENT)
    assert found == pytest.approx(value(SM_06, method, N), rel=1e-4)


HEAVY_BALL = {1: 0.90250, 2: 0.75349, 5: 0.30685, 10: 0.08762}


@pytest.mark.parametrize(("N", "golden"), HEAVY_BALL.items())
def test_heavy_ball_with_matched_momentum(N: int, golden: float) -> None:
    method = HeavyBall(0.5, math.sqrt((1 - 0.05) * 0.5))
    found = exact(method, N, SMOOTH_STRONGLY_CONVEX, start="initial_gap", **STRONG)
    assert found == pytest.approx(golden, abs=6e-6)
    assert found <= value(HB_03, method, N)


def test_average_of_the_heavy_ball_is_nearly_exact() -> None:
    N, beta = 8, 0.3
    method = HeavyBall(1 - beta, beta)
    # The bound has Delta and R; the worst case is of the bound's own combination of them.
    potential = {"initial_gap": beta / (1 - beta), "radius": 0.5}
    share = exact(method, N, SMOOTH_CONVEX, output=OUTPUTS["average"], start=potential, **BENT) * (N + 1)
    assert share == pytest.approx(0.992, abs=2e-3)
    assert value(HB_01, method, N) == pytest.approx((beta / (1 - beta) + 0.5) / (N + 1))


def regret(rule: Any, T: int) -> float:
    """Return the exact worst regret of projected online gradient descent on a set of diameter 1, G = 1."""
    method = Projected(Subgradient(rule))
    return exact(method, T, ONLINE_LOSSES, measure="regret", gradient_bound=1.0, diameter=1.0)


ONLINE: dict[str, tuple[Any, dict[int, float], Any]] = {
    "1/sqrt(t)": (InverseSqrt(1.0), {1: 1.0, 2: 1.5, 3: 1.91421, 5: 2.64223, 8: 3.48324}, OCO_02),
    "1/sqrt(2t)": (InverseSqrt(math.sqrt(0.5)), {1: 1.0, 2: 1.41421, 3: 1.85355, 5: 2.49537, 8: 3.30212}, OCO_03),
}


@pytest.mark.parametrize("steps", ONLINE)
def test_online_gradient_descent(steps: str) -> None:
    rule, golden, bound = ONLINE[steps]
    found = {T: regret(rule, T) for T in golden}
    assert found == pytest.approx(golden, abs=6e-6)
    facts = Facts(closed_form(diameter=1.0, gradient_bound=1.0))
    assert all(found[T] <= value(bound, None, T, facts) * (1 + 1e-6) for T in golden)


@pytest.mark.parametrize(("n", "golden"), {5: 0.0602664, 10: 0.0412044}.items())
def test_past_extragradient(n: int, golden: float) -> None:
    PEPit = pytest.importorskip("PEPit")
    functions, operators = pytest.importorskip("PEPit.functions"), pytest.importorskip("PEPit.operators")
    steps = pytest.importorskip("PEPit.primitive_steps")
    pep, gamma = PEPit.PEP(), 0.25
    indicator = pep.declare_function(functions.ConvexIndicatorFunction)
    F = pep.declare_function(operators.LipschitzStronglyMonotoneOperatorCheap, mu=0, L=1)
    solution = (F + indicator).stationary_point()
    start = pep.set_initial_point()
    pep.set_initial_condition((start - solution) ** 2 <= 1)
    oracle = SimpleNamespace(
        operator=F.gradient, project=lambda z: steps.proximal_step(z, indicator, gamma)[0], f_star=0.0
    )
    method = PastExtragradient(gamma)
    x = oracle.project(start)
    state, before = method.init(x), x
    for _ in range(n):
        before = x
        x, state = method.step(x, state, oracle)
    pep.set_performance_metric((x - before) ** 2)
    assert float(pep.solve(solver="CLARABEL", verbose=0)) == pytest.approx(golden, rel=2e-5)


def test_optimistic_gradient_on_a_set() -> None:
    # The package has the method without a set only; its exact worst case on one is PEPit's own example.
    examples = pytest.importorskip("PEPit.examples.monotone_inclusions_variational_inequalities")
    for n, golden in {5: 0.0663142, 10: 0.0424130}.items():
        found, _ = examples.wc_optimistic_gradient(n=n, gamma=0.25, L=1, solver="CLARABEL", verbose=-1)
        assert found == pytest.approx(golden, rel=2e-5)
