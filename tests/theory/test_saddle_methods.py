"""First-order saddle-point methods: recursions transcribed, batches, identities, worst cases, bad input."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.testbeds.games import random_matrix_game
from ratecheck.testbeds.saddle_instances import hard_bilinear, quadratic_saddle, scalar_game
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.bounds.saddle_linear import ogda_modulus
from ratecheck.theory.bounds.saddle_lower import evaluations
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods import saddle
from ratecheck.theory.methods.adaptive import adam_update
from ratecheck.theory.methods.saddle import (
    APPM,
    EAGC,
    EAGV,
    FEG,
    GDA,
    OGDA,
    PDHG,
    PPM,
    AlternatingGDA,
    Extragradient,
    Halpern,
    MiddleAverage,
    MirrorProx,
    Observed,
    OptimisticAdam,
    PastExtragradient,
)
from ratecheck.theory.methods.saddle.anchored import eagv_limit
from ratecheck.theory.methods.saddle.mirror import entropy_update

PROBLEM = quadratic_saddle(3, condition=4.0)
GAME = random_matrix_game(4, 3)
STEPS = 17


def points(problem: Any, method: Any, runs: int = 1, steps: int = STEPS, spread: float = 0.0) -> list[np.ndarray]:
    oracle = problem.oracle(Streams(0, "test", range(runs)))
    x = np.broadcast_to(problem.start, (runs, problem.start.size)).copy()
    x += spread * np.arange(runs)[:, None] * np.cos(np.arange(problem.start.size))
    state, visited = method.init(x), [x]
    for _ in range(steps):
        before = x.copy()
        following, state = method.step(x, state, oracle)
        np.testing.assert_array_equal(x, before)
        x = following
        visited.append(x)
    return visited


def F(z: np.ndarray) -> np.ndarray:  # noqa: N802
    return PROBLEM.operator(z[None])[0]


def J(z: np.ndarray) -> np.ndarray:  # noqa: N802
    return PROBLEM.resolvent(z[None], 1.0)[0]


def extragradient(z: np.ndarray) -> list[np.ndarray]:
    visited = [z]
    for _ in range(STEPS):
        w = z - 0.5 * F(z)
        z = z - 0.5 * F(w)
        visited.append(z)
    return visited


def past_extragradient(x: np.ndarray) -> list[np.ndarray]:
    visited, past = [x], F(x)
    for _ in range(STEPS):
        w = x - 0.3 * past
        past = F(w)
        x = x - 0.3 * past
        visited.append(x)
    return visited


def ogda(z: np.ndarray) -> list[np.ndarray]:
    visited, past = [z], F(z)
    for _ in range(STEPS):
        now = F(z)
        z, past = z - 0.3 * (2.0 * now - past), now
        visited.append(z)
    return visited


def optimistic_adam(z: np.ndarray) -> list[np.ndarray]:
    visited, m, v, before = [z], 0.0 * z, 0.0 * z, 0.0 * z
    for t in range(1, STEPS + 1):
        g = F(z)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        now = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        z, before = (1 - 0.05 * 0.1) * z - 2 * 0.05 * now + 0.05 * before, now
        visited.append(z)
    return visited


def eag_constant(z: np.ndarray) -> list[np.ndarray]:
    visited, first = [z], z
    for k in range(STEPS):
        h = z + 1.0 / (k + 2) * (first - z) - 0.125 * F(z)
        z = z + 1.0 / (k + 2) * (first - z) - 0.125 * F(h)
        visited.append(z)
    return visited


def eag_varying(z: np.ndarray) -> list[np.ndarray]:
    visited, first, a = [z], z, 0.618
    for k in range(STEPS):
        h = z + 1.0 / (k + 2) * (first - z) - a * F(z)
        z = z + 1.0 / (k + 2) * (first - z) - a * F(h)
        a = a * (1 - a**2 / ((k + 1) * (k + 3) * (1 - a**2)))
        visited.append(z)
    return visited


def fast_extragradient(z: np.ndarray) -> list[np.ndarray]:
    visited, first = [z], z
    for k in range(STEPS):
        b = 1.0 / (k + 1)
        h = z + b * (first - z) - (1 - b) * F(z)
        z = z + b * (first - z) - F(h)
        visited.append(z)
    return visited


def accelerated_proximal(x: np.ndarray) -> list[np.ndarray]:
    visited, y, before = [x], x, x
    for t in range(STEPS):
        new = J(y)
        y, before = new + t / (t + 2) * (new - x) - t / (t + 2) * (x - before), y
        x = new
        visited.append(x)
    return visited


def halpern(z: np.ndarray) -> list[np.ndarray]:
    visited, first = [z], z
    for k in range(STEPS):
        z = 1.0 / (k + 2) * first + (1 - 1.0 / (k + 2)) * (2.0 * J(z) - z)
        visited.append(z)
    return visited


RECURSIONS: dict[str, tuple[Any, Callable[[np.ndarray], list[np.ndarray]]]] = {
    "EG": (Extragradient(0.5), extragradient),
    "PEG": (PastExtragradient(0.3), past_extragradient),
    "OGDA": (OGDA(0.3), ogda),
    "optimistic Adam": (OptimisticAdam(0.05, weight_decay=0.1), optimistic_adam),
    "EAG-C": (EAGC(0.125), eag_constant),
    "EAG-V": (EAGV(0.618, 1.0), eag_varying),
    "FEG": (FEG(1.0), fast_extragradient),
    "APPM": (APPM(1.0), accelerated_proximal),
    "Halpern": (Halpern(1.0), halpern),
}


@pytest.mark.parametrize("name", list(RECURSIONS))
def test_recursions_as_the_papers_write_them(name: str) -> None:
    method, recursion = RECURSIONS[name]
    # One order of operations may differ: STEPS steps of a few roundings of numbers below 10 each.
    for ours, theirs in zip(points(PROBLEM, method), recursion(PROBLEM.start), strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", sorted(saddle.EXAMPLES))
def test_batches_equal_single_runs(name: str) -> None:
    method = saddle.EXAMPLES[name]
    problem = GAME if name == "mirror-prox" else PROBLEM
    together = points(problem, method, runs=5, spread=0.0 if problem is GAME else 0.1)[-1]
    for run in range(5):
        start = problem.start + (0.0 if problem is GAME else 0.1) * run * np.cos(np.arange(problem.start.size))
        oracle = problem.oracle(Streams(0, "test", range(1)))
        x, state = start[None], method.init(start[None])
        for _ in range(STEPS):
            x, state = method.step(x, state, oracle)
        np.testing.assert_array_equal(together[run], x[0])


OPTIMISM_FAULTS = {
    "plain Adam": lambda z, direction, past, eta: z - eta * direction,
    "the sign of the step before": lambda z, direction, past, eta: z - eta * (2 * direction + past),
    "the past taken at this step": lambda z, direction, past, eta: z - eta * (2 * direction - direction),
    "half of the optimism": lambda z, direction, past, eta: z - eta * (1.5 * direction - 0.5 * past),
}


@pytest.mark.parametrize("name", OPTIMISM_FAULTS)
def test_a_near_relative_of_optimistic_adam_is_told_apart(name: str) -> None:
    exact = optimistic_adam_of(lambda z, direction, past, eta: z - eta * (2 * direction - past))
    expected = [point[0] for point in points(PROBLEM, OptimisticAdam(0.05))]
    np.testing.assert_allclose(exact, expected, rtol=0, atol=1e-13)
    assert np.abs(np.array(optimistic_adam_of(OPTIMISM_FAULTS[name])) - expected).max() > 1e-2


def optimistic_adam_of(combine: Any) -> list[np.ndarray]:
    z = PROBLEM.start
    visited, m, v, past = [z], 0.0 * z, 0.0 * z, 0.0 * z
    for t in range(1, STEPS + 1):
        adam, m, v = adam_update(0.0 * z, F(z), m, v, t=t, step_size=1.0)
        z, past = combine(z, -adam, past, 0.05), -adam
        visited.append(z)
    return visited


def test_ogda_is_the_middle_of_past_extragradient() -> None:
    oracle = PROBLEM.oracle(Streams(0, "test", range(1)))
    method, x = PastExtragradient(0.3), PROBLEM.start[None]
    state = method.init(x)
    for z in points(PROBLEM, OGDA(0.3))[1:]:
        x, state = method.step(x, state, oracle)
        np.testing.assert_allclose(state.middle, z, rtol=0, atol=1e-13)


def test_euclidean_mirror_prox_is_projected_extragradient() -> None:
    for one, other in zip(points(GAME, MirrorProx(0.3)), points(GAME, Extragradient(0.3)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_average_is_that_of_the_middle_points_and_observation_changes_nothing() -> None:
    method = Extragradient(0.5)
    oracle = PROBLEM.oracle(Streams(0, "test", range(1)))
    x, middles = PROBLEM.start[None], []
    state = method.init(x)
    for _ in range(STEPS):
        x, state = method.step(x, state, oracle)
        middles.append(state.middle)
    np.testing.assert_allclose(points(PROBLEM, MiddleAverage(method))[-1], np.mean(middles, axis=0), atol=1e-13)
    np.testing.assert_array_equal(points(PROBLEM, Observed(method))[-1], x)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e4))
def test_the_entropy_step_stays_inside_both_simplices(seed: int, step_size: float) -> None:
    rng = np.random.default_rng(seed)
    z = np.concatenate([rng.dirichlet(np.ones(3), 2), rng.dirichlet(np.ones(4), 2)], axis=1)
    moved = entropy_update(z, rng.standard_normal((2, 7)), step_size, 3)
    assert (moved >= 0).all()
    np.testing.assert_allclose(moved[:, :3].sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(moved[:, 3:].sum(axis=1), 1.0, atol=1e-12)


def test_dual_first_pdhg_needs_the_same_products() -> None:
    oracle = PROBLEM.oracle(Streams(0, "test", range(1)))
    for method in (PDHG(0.5, 0.5), PDHG(0.5, 0.5, 0.9, dual_first=True)):
        x, state = PROBLEM.start[None], method.init(PROBLEM.start[None])
        before = oracle.calls
        for _ in range(5):
            x, state = method.step(x, state, oracle)
        assert oracle.calls - before == 5


def test_eagv_steps_end_where_the_paper_says() -> None:
    # a_0 = 0.618 / L: a_inf = 0.4365 / L, and the constant of the bound 26.7.
    last = eagv_limit(0.618, 1.0)
    assert last == pytest.approx(0.4365, abs=1e-4)
    assert 4 * (1 + 0.618 * last) / last**2 == pytest.approx(26.7, abs=0.05)


@pytest.mark.parametrize("s", [0.1, 0.3, 0.5, 0.55, 1 / math.sqrt(3), 0.7])
def test_the_modulus_of_ogda_is_that_of_its_companion_matrix(s: float) -> None:
    roots = np.roots([1.0, -(1 - 2j * s), -1j * s])
    assert ogda_modulus(s) == pytest.approx(float(np.abs(roots).max() ** 2), rel=1e-7)
    assert (ogda_modulus(s) < 1 - 1e-9) == (s < 1 / math.sqrt(3) - 1e-9)


@pytest.mark.parametrize(
    ("method", "calls"),
    [(GDA(0.1), 9), (OGDA(0.1), 9), (PastExtragradient(0.1), 10), (Extragradient(0.1), 18),
     (FEG(1.0), 18), (EAGC(0.1), 18), (AlternatingGDA(0.1), 18)],
)  # fmt: skip
def test_evaluations_are_what_the_oracle_counts(method: Any, calls: int) -> None:
    oracle = PROBLEM.oracle(Streams(0, "test", range(1)))
    x, state = PROBLEM.start[None], method.init(PROBLEM.start[None])
    for _ in range(9):
        x, state = method.step(x, state, oracle)
    assert oracle.calls == calls == evaluations(method, np.array(9))


@pytest.mark.parametrize("c", [1, 2, 3, 10, 25])
def test_the_bilinear_lower_bound_is_what_the_best_krylov_point_reaches(c: int) -> None:
    """Least squares over the span of A b, A^3 b, ... is the best that c evaluations allow."""
    problem, q = hard_bilinear(c), c // 2
    A = np.diagonal(problem.hessian_matrix[: q + 1, q + 1 :])
    b = problem.linear[q + 1 :]
    # The Krylov basis of a diagonal matrix with distinct squares, made orthonormal in the Chebyshev nodes.
    basis = np.polynomial.chebyshev.chebvander(2 * A**2 - 1, max(q - 1, 0))[:, :q] * (A * b)[:, None]
    residual = b - (A[:, None] * basis) @ np.linalg.lstsq(A[:, None] * basis, b, rcond=None)[0] if q else b
    assert np.linalg.norm(residual) == pytest.approx(1 / (2 * q + 1), abs=1e-10)


# Worst cases over all monotone 1-Lipschitz operators with ||z_0 - z*|| = 1, by performance estimation: values of
# ||F(z_N)||^2 that the interpolation conditions allow, so that nothing a method does can exceed them.
WORST = {
    "EG 1/2": (Extragradient(0.5), {1: 0.8125, 2: 0.6741, 4: 0.4657, 7: 0.2692}),
    "EG 1/sqrt 2": (Extragradient(math.sqrt(0.5)), {1: 0.75, 2: 0.5625, 4: 0.3516, 7: 0.1886}),
    "PEG 1/3": (PastExtragradient(1 / 3), {1: 0.9012, 2: 0.8429, 4: 0.6522, 7: 0.4391}),
    "OGDA 1/3": (OGDA(1 / 3), {1: 1.1111, 2: 1.0494, 4: 0.8663, 7: 0.5635}),
    "EAG-C 1/8": (EAGC(0.125), {1: 0.9846, 2: 0.9712, 4: 0.9371, 7: 0.8698}),
    "EAG-V 0.618": (EAGV(0.618, 1.0), {1: 0.7639, 2: 0.6781, 4: 0.4680, 7: 0.2328}),
    "FEG": (FEG(1.0), {1: 2.0, 2: 1.0, 4: 0.25, 7: 0.0816}),
}


@pytest.mark.parametrize("name", list(WORST))
def test_no_rotation_exceeds_the_worst_case(name: str) -> None:
    method, worst = WORST[name]
    for sigma in np.linspace(0.05, 1.0, 39):
        visited = points(scalar_game(float(sigma)), method, steps=7)
        for N, value in worst.items():
            assert (sigma * np.linalg.norm(visited[N])) ** 2 <= value + 1e-4


# The solver's own doubt is about 1e-8; the values here are compared at 1e-3.
@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize(("name", "N"), [(name, N) for name in WORST for N in (1, 2, 4)])
def test_worst_cases_by_performance_estimation(name: str, N: int) -> None:
    """The method itself runs on the symbols of the performance estimation problem."""
    PEPit = pytest.importorskip("PEPit")
    from PEPit.operators import LipschitzStronglyMonotoneOperatorCheap

    problem = PEPit.PEP()
    operator = problem.declare_function(LipschitzStronglyMonotoneOperatorCheap, mu=0.0, L=1.0)
    star = operator.stationary_point()
    start = problem.set_initial_point()
    problem.set_initial_condition((start - star) ** 2 <= 1)
    oracle = SimpleNamespace(operator=operator.gradient, project=lambda z: z)
    method, worst = WORST[name]
    z, state = start, method.init(start)
    for _ in range(N):
        z, state = method.step(z, state, oracle)
    problem.set_performance_metric(operator.gradient(z) ** 2)
    value = problem.solve(wrapper="cvxpy", solver="CLARABEL", verbose=0)
    assert value == pytest.approx(worst[N], abs=1e-3)


BAD = [
    *((kind, {"step_size": value}) for kind in (
        GDA, AlternatingGDA, PPM, APPM, Halpern, Extragradient, PastExtragradient, OGDA, MirrorProx, EAGC
    ) for value in (0.0, -1.0, math.nan, math.inf)),
    (EAGV, {"step_size": 0.8, "smoothness": 1.0}),
    (EAGV, {"step_size": 0.1, "smoothness": 0.0}),
    (FEG, {"smoothness": -1.0}),
    (FEG, {"smoothness": 1.0, "comonotonicity": -0.5}),
    (MirrorProx, {"step_size": 0.1, "geometry": "spherical"}),
    (OptimisticAdam, {"step_size": 0.1, "beta1": 1.0}),
    (OptimisticAdam, {"step_size": 0.1, "beta2": -0.1}),
    (OptimisticAdam, {"step_size": 0.1, "eps": -1e-8}),
    (PDHG, {"primal_step": 0.0, "dual_step": 1.0}),
    (PDHG, {"primal_step": 1.0, "dual_step": 1.0, "extrapolation": 1.5}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "arguments"), BAD)
def test_bad_hyper_parameters_are_told_in_one_sentence(make: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        make(**arguments)
    assert str(caught.value).endswith(".")
    assert " but " in str(caught.value) or "allowed" in str(caught.value)
