"""Conjugate subgradients: laws of an update, conformance, identities with other methods, array libraries, cost."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ratecheck.testbeds.kernel_svm import two_rings
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_noise import GaussianSlope, RareCoordinate
from ratecheck.testbeds.sampling_oracle import Exact
from ratecheck.testbeds.sampling_worst_case import AbsoluteValue, RegularizedMax
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.adam import AdamW
from ratecheck.theory.methods.adaptive import adam_update
from ratecheck.theory.methods.conjugate import Aggregation, aggregate, conjugate_weight
from ratecheck.theory.methods.conjugate_bundle import shortest_point_weights
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_sampling import StochasticConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate
from ratecheck.theory.methods.conjugate_trust_region import TrustRegionConjugate
from ratecheck.theory.methods.conjugate_walk import RadiusWalk
from ratecheck.theory.methods.scs_adamw import (
    PreconditionedSCSAdamW,
    SCSAdamW,
    author_pairing_update,
    preconditioned_update,
)
from ratecheck.theory.sampling import FreshSampleSize

HINGE = LabelFlipHinge(dim=6, batch=4)
EXACT_HINGE = Exact(HINGE)
ADAPTIVE = FreshSampleSize(1.0, 0.3, 10, 0.9)
CASES: dict[str, tuple[Any, Any]] = {
    "aggregation": (HINGE, Aggregation()),
    "one point": (EXACT_HINGE, OnePointConjugate(0.1, 1e-3)),
    "one point, no reset": (EXACT_HINGE, OnePointConjugate(0.1, 1e-3, reset=False)),
    "line search": (EXACT_HINGE, LineSearchConjugate(1e-2, 1e-2)),
    "bundle": (EXACT_HINGE, LineSearchConjugate(1e-2, 1e-2, bundle=5)),
    "trust region": (EXACT_HINGE, TrustRegionConjugate()),
    "trust region on samples": (two_rings(20), TrustRegionConjugate(batch=5)),
    "fresh samples": (HINGE, StochasticConjugate(0.1, 1e-2, samples=20)),
    "nested samples": (HINGE, StochasticConjugate(0.1, 1e-2, samples=20, reuse="nested")),
    "adaptive samples": (HINGE, StochasticConjugate(0.1, 0.3, samples=20, adaptive=ADAPTIVE, most_samples=200)),
    "budget": (HINGE, StochasticConjugate(0.1, 0.0, samples=20, budget=150)),
    "walk": (HINGE, RadiusWalk(0.75, 0.02, 10.0)),
    "V0": (HINGE, SCSAdamW(0.1, swapped=True, corrected=True)),
    "V1": (HINGE, SCSAdamW(0.1, weight_decay=0.1)),
    "V2": (HINGE, PreconditionedSCSAdamW(0.1, reset_every=5)),
    "V2, reset by path": (HINGE, PreconditionedSCSAdamW(0.1, reset_every=None, reset_path=0.3)),
}
STEPS = 17


def points(problem: Any, method: Any, runs: range, dtype: type = np.float64) -> list[np.ndarray]:
    oracle = problem.oracle(Streams(3, "conjugate", runs))
    x = np.broadcast_to(problem.start + 0.5, (len(runs), problem.start.size)).astype(dtype, order="C")
    state, visited = method.init(x), [x]
    for _ in range(STEPS):
        before = x.copy()
        after, state = method.step(x, state, oracle)
        np.testing.assert_array_equal(x, before)
        x = after
        visited.append(x)
    return visited


@pytest.mark.parametrize("case", CASES)
def test_batch_equals_single_runs_bit_for_bit(case: str) -> None:
    problem, method = CASES[case]
    together = points(problem, method, range(4))[-1]
    alone = [points(problem, method, range(run, run + 1))[-1][0] for run in range(4)]
    np.testing.assert_array_equal(together, np.array(alone))


@pytest.mark.parametrize("case", ["aggregation", "V0", "V1", "V2"])
def test_single_precision_is_kept(case: str) -> None:
    method = CASES[case][1]

    class Single:
        def subgradient(self, x: np.ndarray) -> np.ndarray:
            return np.sin(3 * x) + x

    x = np.array([[0.5, -1.0, 2.0]], dtype=np.float32)
    state = method.init(x)
    for _ in range(5):
        x, state = method.step(x, state, Single())
    assert x.dtype == np.float32
    assert state.direction.dtype == np.float32


VECTORS = arrays(np.float64, 4, elements=st.floats(-10, 10).map(lambda v: round(v, 3)))


@settings(max_examples=300, deadline=None)
@given(VECTORS, VECTORS, st.floats(0.1, 10), st.floats(0.1, 10))
def test_laws_of_an_update(p: np.ndarray, g: np.ndarray, scale_p: float, scale_g: float) -> None:
    p, g = p * scale_p, g * scale_g
    weight = conjugate_weight(p, g)
    d = aggregate(p, g, weight)
    b, pp, gg, pg = d @ d, p @ p, g @ g, p @ g
    rounding = 1e-12 * (pp + gg)
    assert 0 <= weight <= 1
    assert b <= min(pp, gg) + rounding
    assert d @ p >= b - rounding
    assert d @ g >= b - rounding
    if pg > pp + rounding:
        assert weight == 1
    if pg > gg + rounding:
        assert weight == 0
    if 0 < weight < 1:
        assert b == pytest.approx((pp * gg - pg**2) / ((p - g) @ (p - g)), abs=rounding)
    if pg <= 0 < min(pp, gg, b):
        assert 1 / b >= (1 / pp + 1 / gg) * (1 - 1e-9)


@settings(max_examples=100, deadline=None)
@given(VECTORS, VECTORS, arrays(np.float64, 4, elements=st.floats(0.01, 100)))
def test_descent_in_the_metric_of_the_weight(p: np.ndarray, g: np.ndarray, D: np.ndarray) -> None:
    d = aggregate(p, g, conjugate_weight(p, g, D))
    assert g @ (D * d) >= d @ (D * d) - 1e-12 * (p @ (D * p) + g @ (D * g))


@settings(max_examples=200, deadline=None)
@given(st.floats(0.01, 0.9), st.floats(0.05, 1), st.floats(-1, 1), st.floats(0.05, 1))
def test_null_step_lengthens_the_reciprocal(m: float, size: float, slope: float, length: float) -> None:
    # C = 1, ||d||^2 = b <= 1, <g, d> = p <= m b, ||g|| <= 1: 1/b+ >= 1/b + (1-m)^2 / (1 - m^2 b).
    b = size**2
    p = min(slope, m) * b
    h = max(length**2, p**2 / b)
    if h > 1:
        return
    d = np.array([np.sqrt(b), 0.0])
    g = np.array([p / np.sqrt(b), np.sqrt(max(h - p**2 / b, 0.0))])
    new = aggregate(d, g, conjugate_weight(d, g))
    after = new @ new
    if after > 1e-12:
        assert 1 / after >= (1 / b + (1 - m) ** 2 / (1 - m**2 * b)) * (1 - 1e-9)


def test_weight_by_hand() -> None:
    d = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0], [1.0, 1.0]])
    g = np.array([[0.0, 1.0], [3.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(conjugate_weight(d, g), [0.5, 1.0, 0.0, 1.0])


def test_shortest_point_of_a_hull_agrees_with_a_conic_solver() -> None:
    import cvxpy as cp

    random = np.random.default_rng(0)
    for count, dim in ((2, 3), (6, 4), (12, 5)):
        hull = random.normal(size=(count, dim)) + 0.7
        w = cp.Variable(count, nonneg=True)
        problem = cp.Problem(cp.Minimize(cp.sum_squares(hull.T @ w)), [cp.sum(w) == 1])
        problem.solve(solver="CLARABEL")
        point = shortest_point_weights(hull) @ hull
        assert point @ point == pytest.approx(problem.value, rel=1e-6, abs=1e-9)
    pair = random.normal(size=(2, 5))
    weight = conjugate_weight(pair[:1], pair[1:])[0]
    np.testing.assert_allclose(shortest_point_weights(pair), [weight, 1 - weight], atol=1e-12)


def _run(problem: Any, method: Any, steps: int, runs: int = 1) -> tuple[np.ndarray, Any]:
    oracle = problem.oracle(Streams(0, "run", range(runs)))
    x = np.broadcast_to(problem.start, (runs, problem.start.size)).astype(np.float64, order="C")
    state = method.init(x)
    for _ in range(steps):
        x, state = method.step(x, state, oracle)
    return x, state


def test_freeze_on_the_absolute_value() -> None:
    x, state = _run(AbsoluteValue(), LineSearchConjugate(1e-6, None, radius=1.5), 10)
    assert (x[0, 0], state.conjugate.direction[0, 0]) == (-0.5, 0.0)
    assert state.conjugate.stopped[0]


def test_orthogonal_slopes_are_averaged() -> None:
    _, state = _run(RegularizedMax(60), OnePointConjugate(1e-6, 1e-9, slope=1e-15), 50)
    np.testing.assert_allclose(state.direction[0, :50], 1 / 50, rtol=1e-12)


def test_norm_under_noise_at_a_fixed_point() -> None:
    # The gradient has length 1; single runs were seen at 0.54 after 100 subgradients and at 0.006 after 1000.
    for steps, low, high in ((100, 0.25, 0.6), (1000, 0.003, 0.02)):
        _, state = _run(GaussianSlope(20, 1.0, 1.0), Aggregation(), steps, 64)
        assert low < np.median(np.linalg.norm(state.direction, axis=1)) < high


def test_rare_coordinate_outgrows_its_second_moment() -> None:
    _, state = _run(RareCoordinate(1200), SCSAdamW(0.01), 1000)
    expected = 1e-3 / np.sqrt(1e-3 * 0.999**999 / (1 - 0.999**1000))
    assert np.abs(state.direction * state.metric)[0, 0] == pytest.approx(expected, rel=1e-4)


def test_first_step_is_that_of_adamw() -> None:
    ours, _ = _run(HINGE, SCSAdamW(0.1, weight_decay=0.1), 1, 3)
    theirs, _ = _run(HINGE, AdamW(0.1, weight_decay=0.1), 1, 3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_reset_at_every_step_is_adam_without_momentum() -> None:
    ours, _ = _run(HINGE, PreconditionedSCSAdamW(0.1, reset_every=1, clip=False), 12, 3)
    theirs, _ = _run(HINGE, AdamW(0.1, beta1=0.0, weight_decay=0.0), 12, 3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("update", ["V1", "V2"])
def test_the_same_update_runs_on_torch(update: str) -> None:
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(1)
    x, d = random.normal(size=(2, 3, 7))
    v = np.abs(random.normal(size=(3, 7)))
    ours, theirs = (x, d, v), tuple(torch.from_numpy(part) for part in (x, d, v))
    for k in range(6):
        g = random.normal(size=(3, 7))
        fresh = np.array([k % 3 == 0, k == 0, False])
        options = {"step_size": 0.1, "weight_decay": 0.01}
        if update == "V1":
            a = author_pairing_update(ours[0], g, ours[1], ours[2], k, **options)
            b = author_pairing_update(theirs[0], torch.from_numpy(g), theirs[1], theirs[2], k, **options)
        else:
            a = preconditioned_update(ours[0], g, ours[1], ours[2], k, fresh, **options)
            b = preconditioned_update(
                theirs[0], torch.from_numpy(g), theirs[1], theirs[2], k, torch.from_numpy(fresh), **options
            )
        ours, theirs = a[:3], b[:3]
        for left, right in zip(a, b):
            np.testing.assert_allclose(left, right.numpy(), rtol=1e-12, atol=1e-14)


def test_direction_costs_at_most_1_3_adam_steps_at_a_million_coordinates() -> None:
    random = np.random.default_rng(0)
    x, g, d, m, v = random.normal(size=(5, 1, 1_000_000))
    v = np.abs(v)

    def direction() -> Any:
        return aggregate(d, g, conjugate_weight(d, g))

    def adam() -> Any:
        return adam_update(x, g, m, v, t=5, step_size=0.1, beta1=0.9, beta2=0.999, eps=1e-8)

    def cost(step: Any) -> float:
        start = time.process_time()
        step()
        return time.process_time() - start

    ratio = np.median([cost(direction) / cost(adam) for _ in range(9)])
    assert ratio <= 1.3


def test_budget_is_never_exceeded() -> None:
    problem, method = CASES["budget"]
    _, state = _run(problem, method, 40, 8)
    assert (state.spent <= 150).all()
    assert (state.spent > 150 - 2 * 20).all()


def test_stopped_runs_are_not_charged() -> None:
    problem = LeastAbsoluteDeviations()
    method = StochasticConjugate(0.1, 10.0, samples=50)
    oracle = problem.oracle(Streams(0, "stop", range(3)))
    x = np.zeros((3, 8))
    state = method.init(x)
    for _ in range(5):
        x, state = method.step(x, state, oracle)
    np.testing.assert_array_equal(oracle.evaluations, 50)
    np.testing.assert_array_equal(state.spent, 50)


BAD: list[tuple[Any, dict[str, Any]]] = [
    (OnePointConjugate, {"radius": 0.0, "tolerance": 0.1}),
    (OnePointConjugate, {"radius": 0.1, "tolerance": -1.0}),
    (OnePointConjugate, {"radius": 0.1, "tolerance": 0.1, "slope": 1.0}),
    (LineSearchConjugate, {"tolerance": 0.1, "reset": None, "decrease": 0.5, "curvature": 0.4}),
    (LineSearchConjugate, {"tolerance": 0.1, "reset": None, "bundle": 1}),
    (LineSearchConjugate, {"tolerance": 0.1, "reset": None, "radius": float("nan")}),
    (TrustRegionConjugate, {"decrease": 0.3, "curvature": 0.25}),
    (TrustRegionConjugate, {"batch": 0}),
    (TrustRegionConjugate, {"acceptance": "storm"}),
    (StochasticConjugate, {"radius": 0.1, "tolerance": 0.1, "samples": 0}),
    (StochasticConjugate, {"radius": 0.1, "tolerance": 0.1, "reuse": "kept"}),
    (StochasticConjugate, {"radius": 0.1, "tolerance": 0.1, "reuse": "nested", "adaptive": ADAPTIVE}),
    (StochasticConjugate, {"radius": 0.1, "tolerance": 0.1, "budget": 0}),
    (SCSAdamW, {"step_size": -1.0}),
    (SCSAdamW, {"step_size": 0.1, "beta2": 1.0}),
    (PreconditionedSCSAdamW, {"step_size": 0.1, "weight_cap": 0.0}),
    (PreconditionedSCSAdamW, {"step_size": 0.1, "reset_every": 0}),
    (PreconditionedSCSAdamW, {"step_size": 0.1, "reset_path": 0.0}),
    (RadiusWalk, {"chance": 0.0, "rate": 1.0, "factor": 2.0}),
]


@pytest.mark.parametrize(("make", "arguments"), BAD)
def test_bad_parameters_are_told_in_one_sentence(make: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        make(**arguments)
    assert "\n" not in str(caught.value)


def test_empty_bundle_is_told() -> None:
    with pytest.raises(InputError, match="at least one row"):
        shortest_point_weights(np.empty((0, 3)))


def test_methods_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        OnePointConjugate(0.1, 0.1).radius = 1.0  # type: ignore[misc]
