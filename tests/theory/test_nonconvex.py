"""Stationarity measures beyond convexity, and the methods and bounds that speak about them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.testbeds.composite import phase_retrieval
from ratecheck.testbeds.nonconvex import DistantValley, SquareWells, silent
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.bounds import nonconvex as bounds
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.ingd import INGD, shortest_between
from ratecheck.theory.methods.nonconvex import ClippedL2, StoSignN1, StoSignN2, exponential
from ratecheck.theory.stationarity.generalized import DiscountedLaw, WindowLaw, generalized_norm, law_value
from ratecheck.theory.stationarity.goldstein import goldstein_bound, linear_weights, norm_of, shortest_combination
from ratecheck.theory.stationarity.moreau import MOREAU, proximal_point

WELL = SquareWells((1.0,), (0.3,), silent(1))
WELLS = SquareWells((1.0, 0.5), (0.3, -1.7), silent(2))
GRID = np.linspace(-2.9, 2.9, 59)


@pytest.mark.parametrize("curvature", [2.2, 4.0, 9.0])
def test_closed_form_prox_against_a_grid(curvature: float) -> None:
    y = np.linspace(-4, 4, 160001)
    values = WELL.value(y[:, None])
    for x in GRID:
        objective = values + curvature / 2 * (y - x) ** 2
        best = WELL.prox(np.array([[x]]), curvature)
        value = WELL.value(best)[0] + curvature / 2 * (best[0, 0] - x) ** 2
        assert value <= objective.min() + 1e-12
        assert objective.min() - value < 1e-8


def test_moreau_gradient_bounds_the_nearby_subgradient() -> None:
    # |x-hat - x| = |grad phi| / rho-bar, F(x-hat) <= F(x), dist(0, subdifferential(x-hat)) <= |grad phi|.
    x = GRID[:, None]
    near = WELL.prox(x, 4.0)
    size = np.sqrt(MOREAU.compute(WELL, x, None))
    np.testing.assert_allclose(np.abs(near - x)[:, 0], size / 4.0, atol=1e-12)
    assert (WELL.value(near) <= WELL.value(x) + 1e-12).all()
    smooth = np.abs(np.abs(near[:, 0]) - 1) > 1e-9
    slope = np.abs(WELL.subgradient(near)[:, 0])
    assert (slope[smooth] <= size[smooth] + 1e-9).all()


def test_computed_prox_is_certified_and_agrees_with_the_closed_form() -> None:
    for x in (np.array([0.3, -1.7]), np.array([1.4, 0.2]), np.array([-0.6, 2.6])):
        found = proximal_point(WELLS, x, 4.0, 2.0)
        exact = WELLS.prox(x[None, :], 4.0)[0]
        assert np.linalg.norm(found.point - exact) <= found.distance + 1e-12
        assert found.distance < 1e-4
        value = float(WELLS.value(exact[None, :])[0]) + 2 * float((exact - x) @ (exact - x))
        assert value - 1e-12 <= found.value <= value + found.gap + 1e-12
    problem = phase_retrieval(8, 3, sampled=False)
    rho = 2 * float(np.linalg.eigvalsh(problem.rows.T @ problem.rows / 8).max())
    assert proximal_point(problem, problem.start, 2 * rho, rho).gap <= 1e-9


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
def test_shortest_combination_of_known_hulls(norm: Any) -> None:
    assert shortest_combination(np.array([[1.0, 0.0], [-1.0, 0.0]]), norm).norm == pytest.approx(0, abs=1e-9)
    half = {"l1": 1.0, "l2": 0.5**0.5, "linf": 0.5}[norm]
    assert shortest_combination(np.array([[1.0, 0.0], [0.0, 1.0]]), norm).norm == pytest.approx(half)
    assert shortest_combination(np.array([[3.0, 4.0]]), norm).norm == pytest.approx(norm_of(np.array([3.0, 4.0]), norm))


@given(st.integers(0, 10**6))
def test_shortest_combination_is_optimal(seed: int) -> None:
    g = np.random.default_rng(seed).standard_normal((6, 3)) + 0.5
    for norm in ("l1", "l2", "linf"):
        found = shortest_combination(g, norm)  # type: ignore[arg-type]
        weights = np.random.default_rng(seed + 1).dirichlet(np.ones(6), 200)
        others = [norm_of(w @ g, norm) for w in weights]  # type: ignore[arg-type]
        assert found.norm <= min(others) + 1e-9
        assert found.weights.sum() == pytest.approx(1)
        assert found.gap <= 1e-9 * (1 + found.norm)


def test_goldstein_bound_sees_a_kink_nearby_and_falls_with_samples() -> None:
    u = np.random.default_rng(0).random((64, 2))
    assert goldstein_bound(WELL, np.array([1.05]), 0.1, u).norm == pytest.approx(0, abs=1e-9)
    # At distance 0.3 from the kink no gradient of the other sign is in reach: exact value 2 * 1.2.
    assert goldstein_bound(WELL, np.array([1.3]), 0.1, u).norm == pytest.approx(2.4, abs=0.02)
    values = [goldstein_bound(WELL, np.array([1.3]), 0.1, u[:n]).norm for n in (1, 4, 16, 64)]
    assert values == sorted(values, reverse=True)


def test_generalized_norm_between_its_special_cases() -> None:
    x = np.array([1.1])
    points = np.linspace(0.6, 1.6, 101)[:, None]
    point_mass = norm_of(WELL.subgradient(x[None, :])[0], "l2")
    values = [generalized_norm(WELL, x, points, weight) for weight in (0.1, 1.0, 10.0, 1e3, 1e5)]
    # A cone program is solved to about 1e-7.
    assert (np.diff(values) > -1e-6).all()
    assert values[-1] == pytest.approx(point_mass, rel=1e-3)
    assert generalized_norm(WELL, x, points[::10], 1.0) >= values[1] - 1e-9
    law = np.array([0.25, 0.25, 0.5])
    nodes = np.array([[1.0], [1.2], [1.1]])
    assert law_value(WELL.subgradient(nodes), nodes, law, 2.0) >= generalized_norm(WELL, x, nodes, 2.0) - 1e-7


def test_ordering_of_the_norm_pairs() -> None:
    x = np.array([0.9, 1.1])
    nodes = np.random.default_rng(1).uniform(0.4, 1.6, (60, 2))
    value = {(a, b): generalized_norm(WELLS, x, nodes, 1.5, a, b) for a in ("l1", "l2") for b in ("l2", "linf")}  # type: ignore[arg-type]
    assert value["l2", "l2"] <= value["l1", "l2"] + 1e-6
    assert value["l1", "linf"] <= value["l1", "l2"] + 1e-6
    assert value["l2", "linf"] <= value["l2", "l2"] + 1e-6


def test_discounted_law_against_its_definition() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((13, 3, 2))
    beta, D = 0.8, np.array([0.5, 2.0])
    outputs = {q: DiscountedLaw(beta, D, quantity=q) for q in ("gradient", "spread", "largest spread")}  # type: ignore[arg-type]
    evaluate = np.cos
    found = {}
    for name, output in outputs.items():
        memory = output.start(points[0])
        for k in range(12):
            memory = output.visit(memory, k, points[k], evaluate)
        found[name] = output.read(memory, 12, points[12], evaluate)
    expected = {name: np.zeros(3) for name in outputs}
    mass = 0.0
    for t in range(1, 13):
        weights = beta ** (t - np.arange(1, t + 1.0))
        p = weights / weights.sum()
        probability = (1 - beta**t) / 12 if t < 12 else (1 - beta**12) / (12 * (1 - beta))
        mass += probability
        law = points[1 : t + 1]
        mean = np.tensordot(p, law, 1)
        gradient = np.tensordot(p, np.cos(law), 1)
        variance = np.tensordot(p, (law - mean) ** 2, 1)
        expected["gradient"] += probability * (np.abs(gradient) * D).sum(axis=1)
        expected["spread"] += probability * variance.sum(axis=1)
        expected["largest spread"] += probability * variance.max(axis=1)
    assert mass == pytest.approx(1, abs=1e-14)
    for name in outputs:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12)


def test_window_law_against_its_definition() -> None:
    points = np.random.default_rng(0).standard_normal((13, 3, 2))
    for quantity in ("gradient", "distance"):
        output = WindowLaw(4, quantity)  # type: ignore[arg-type]
        memory = output.start(points[0])
        for k in range(12):
            memory = output.visit(memory, k, points[k], np.cos)
        windows = points[1:].reshape(3, 4, 3, 2)
        if quantity == "gradient":
            expected = np.abs(np.cos(windows).mean(axis=1)).sum(axis=2).mean(axis=0)
        else:
            expected = np.abs(windows - windows.mean(axis=1, keepdims=True)).max(axis=(0, 1, 3))
        np.testing.assert_allclose(output.read(memory, 12, points[12], np.cos), expected)
        with pytest.raises(InputError, match="whole number of windows"):
            output.read(memory, 11, points[11], np.cos)


def test_exponential_scaling_identity() -> None:
    # E F(x + r D) - F(x) = E F'(x + r D) D for F = x^2, x = 0, D = 1: both sides are E r^2 = 2 = E 2 r.
    r = exponential((np.arange(1 << 20) + 0.5) / (1 << 20))
    assert (r**2).mean() == pytest.approx(2, rel=1e-4)
    assert 2 * r.mean() == pytest.approx(2, rel=1e-5)


def test_n2_walks_within_its_windows() -> None:
    problem = SquareWells((1.0, 0.5), (0.3, -1.7), UniformNoise((1.0, 1.0)))
    method = StoSignN2(0.01, problem.facts["coordinate_bounds"], 5)
    oracle = problem.oracle(Streams(0, "n2", range(8)))
    x = np.broadcast_to(problem.start, (8, 2))
    state = method.init(x)
    for k in range(20):
        w, following = method.step(x, state, oracle)
        assert (np.abs(w - state.anchor) <= 0.01 + 1e-15).all()
        if k % 5 == 0:
            np.testing.assert_array_equal(w, state.anchor)
        x, state = w, following


def test_ingd_reaches_the_bottom_of_a_well() -> None:
    oracle = WELLS.oracle(Streams(0, "ingd", range(4)))
    method = INGD(0.05)
    x = np.broadcast_to(WELLS.start, (4, 2))
    state = method.init(x)
    for _ in range(800):
        before = WELLS.value(state.anchor)
        x, state = method.step(x, state, oracle)
        assert (WELLS.value(state.anchor) <= before + 1e-15).all()
    assert (state.certificate < 0.1).all()
    g, h = np.array([[2.0, 0.0]]), np.array([[0.0, 1.0]])
    np.testing.assert_allclose(shortest_between(g, h), [[0.4, 0.8]])


@pytest.mark.parametrize("ball", ["linf", "l2"])
def test_complexities_share_epsilon_among_four_terms(ball: str) -> None:
    gap, G1, weight, epsilon, dim = 0.7, 1.3, 0.2, 0.4, 5
    D, beta, T = bounds.n1_parameters(gap, G1, weight, epsilon, dim, ball)
    a = 1 - beta
    spread = {"linf": 2.0, "l2": float(dim)}[ball] * D**2 / a**2
    terms = (gap / (D * T), 3 * G1 * math.sqrt(a), 3 * G1 * beta / (T * math.sqrt(a)), weight * spread)
    assert all(term <= epsilon / 4 * (1 + 1e-12) for term in terms)
    assert terms[1] == pytest.approx(epsilon / 4)
    assert terms[3] == pytest.approx(epsilon / 4)
    D, K, T = bounds.n2_parameters(gap, G1, 0.1, epsilon)
    assert T % K == 0
    assert gap / (D * T) + 2 * G1 / math.sqrt(K) <= epsilon * (1 + 1e-12)


@pytest.mark.parametrize(("dense", "gain"), [(True, 0.5), (False, 1.5)])
def test_dimension_factor_of_the_complexities(dense: bool, gain: float) -> None:
    """Our T in the pair (1, inf) against the l2 method's at accuracies eps / sqrt(d), lambda / sqrt(d)."""
    dims = np.array([10, 100, 1000, 10000])
    ours, theirs = [], []
    for d in dims:
        G = np.full(d, 1 / d) if dense else np.append(1.0, np.zeros(d - 1))
        ours.append(np.sum(G) ** 2)
        theirs.append(d**1.5 * float(G @ G))
    slope = np.polyfit(np.log(dims), np.log(np.array(theirs) / np.array(ours)), 1)[0]
    assert slope == pytest.approx(gain, abs=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: StoSignN1(0.0, 1.0),
        lambda: StoSignN1(0.1, -1.0),
        lambda: StoSignN1(0.1, 1.0, beta=1.0),
        lambda: StoSignN2(0.1, 1.0, 0),
        lambda: ClippedL2(-0.1, 1.0),
        lambda: INGD(0.0),
        lambda: INGD(0.1, perturbation=1.0),
        lambda: DiscountedLaw(1.0),
        lambda: DiscountedLaw(0.9, spread_weight=0.0),
        lambda: DiscountedLaw(0.9, quantity="size"),  # type: ignore[arg-type]
        lambda: WindowLaw(0),
        lambda: law_value(np.ones((1, 1)), np.ones((1, 1)), np.ones(1), 0.0),
        lambda: generalized_norm(WELL, np.array([1.0]), np.array([[2.0]]), -1.0),
        lambda: shortest_combination(np.zeros((0, 2))),
        lambda: shortest_combination(np.array([[np.nan, 1.0]])),
        lambda: goldstein_bound(WELL, np.array([1.0]), 0.0, np.ones((1, 2))),
        lambda: proximal_point(WELL, np.array([1.0]), 2.0, 2.0),
        lambda: WELL.prox(np.array([[1.0]]), 1.5),
        lambda: bounds.n1_parameters(1.0, 1.0, 0.0, 0.1, 1, "linf"),
        lambda: bounds.n1_parameters(1.0, 1.0, 1.0, 0.1, 1, "l1"),
        lambda: bounds.n1_parameters(1.0, 1.0, 1.0, 13.0, 1, "linf"),
        lambda: bounds.ingd_calls(1.0, 1.0, 0.1, 0.1, 1.5),
        lambda: goldstein_bound(WELL, np.array([1.0]), 0.1, np.ones((3, 1))),
        lambda: linear_weights(np.ones((2, 1)), "l1", None, (np.array([[1.0], [2.0]]), np.zeros(1))),
        lambda: StoSignN1("wide", 1.0),  # type: ignore[arg-type]
        lambda: SquareWells((1.0,), (0.0, 1.0), silent(1)),
        lambda: SquareWells((-1.0,), (0.0,), silent(1)),
        lambda: DistantValley((2.0,), 1.0, (1.0,)),
    ],
)
def test_bad_input_is_told_in_one_sentence(make: Callable[[], Any]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
