"""The problems of the sign wing: constants, invariants, laws, bad input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.testbeds import coordinate_smooth, fixed_slope, sign_counterexamples, sign_online
from ratecheck.testbeds.coordinate_smooth import NoisySquares, OpposedSquares, Wells
from ratecheck.testbeds.fixed_slope import FixedSlope
from ratecheck.testbeds.sign_counterexamples import MeanAgainstMedian, OpposedPairs, RareOutliers
from ratecheck.testbeds.sign_online import (
    HiddenDirection,
    opposition,
    periodic_spikes,
    random_coordinate_signs,
    steady_drift,
    tight_signs,
)
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.errors import InputError

FUNCTIONS = {**sign_counterexamples.EXAMPLES, **coordinate_smooth.EXAMPLES, **fixed_slope.EXAMPLES}
POINTS = np.random.default_rng(0).uniform(-1.9, 1.9, size=(200, 4))


def points_for(problem: Any) -> np.ndarray:
    return POINTS[:, : problem.start.shape[-1]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_subgradient_is_that_of_the_value(name: str) -> None:
    problem = FUNCTIONS[name]
    x = points_for(problem)
    h = 1e-6
    for i in range(x.shape[1]):
        e = np.zeros(x.shape[1])
        e[i] = h
        slope = (problem.value(x + e) - problem.value(x - e)) / (2 * h)
        # Central differences err by h^2 f'''/6 and by rounding of f over h; no point is within h of a kink.
        np.testing.assert_allclose(problem.subgradient(x)[:, i], slope, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", [name for name, problem in FUNCTIONS.items() if "x_star" in problem.facts])
def test_optimum_is_attained_and_nowhere_beaten(name: str) -> None:
    problem = FUNCTIONS[name]
    x_star = problem.facts["x_star"][None, :]
    assert problem.value(x_star)[0] == pytest.approx(problem.facts["f_star"], abs=1e-15)
    x = problem.domain.project(points_for(problem))
    assert (problem.value(x) >= problem.facts["f_star"] - 1e-12).all()


@pytest.mark.parametrize("name", [name for name, problem in FUNCTIONS.items() if problem.draws])
def test_sampled_subgradient_has_the_right_mean_and_bound(name: str) -> None:
    problem = FUNCTIONS[name]
    n = 40_000
    x = np.tile(points_for(problem)[:1], (n, 1))
    g = problem.sampled_subgradient(x, np.random.default_rng(1).random((n, problem.draws)))
    error = g.std(axis=0) / math.sqrt(n)
    # Five standard errors: one entry in a million goes beyond by chance, and the seed is fixed.
    assert (np.abs(g.mean(axis=0) - problem.subgradient(x[:1])[0]) <= 5 * error + 1e-12).all()
    if "coordinate_bounds" in problem.facts:
        assert (np.abs(g) <= problem.facts["coordinate_bounds"] * (1 + 1e-12)).all()
    if "coordinate_deviations" in problem.facts:
        np.testing.assert_allclose(g.std(axis=0), problem.facts["coordinate_deviations"], rtol=0.02)


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dim", [2, 10])
def test_sign_steps_conserve_the_sum(dim: int, epsilon: float) -> None:
    problem = OpposedPairs(dim, epsilon)
    x = problem.start[None, :]
    steps = np.random.default_rng(2).uniform(0, 0.9, size=500)
    for eta in steps:
        x = x - eta * np.sign(problem.subgradient(x))
        # Each step rounds d numbers of size at most 3.
        assert abs(x.sum() - dim) < 500 * dim * 4e-16 * 3
        assert problem.value(x)[0] >= problem.facts["invariant_gap"] * (1 - 1e-12)


def test_squares_have_the_stated_curvatures() -> None:
    problem = OpposedSquares(0.3)
    hessian = np.array([problem.subgradient(np.eye(2)[i : i + 1])[0] for i in range(2)])
    np.testing.assert_allclose(
        np.linalg.eigvalsh(hessian), [problem.facts["strong_convexity"], problem.facts["smoothness"]], rtol=1e-13
    )
    assert problem.value(problem.start[None, :])[0] == pytest.approx(problem.facts["invariant_gap"], rel=1e-15)


def test_mean_sign_points_uphill() -> None:
    problem = RareOutliers()
    assert problem.facts["sign_drift"] == 1 / 8
    assert problem.facts["wrong_gap"] == 1 / 2
    assert MeanAgainstMedian().facts["f_star"] == 1.5
    assert MeanAgainstMedian().facts["wrong_gap"] == 0.5


@pytest.mark.parametrize("horizon", [1, 4, 9, 16, 10_000])
def test_tight_signs_add_up_to_the_root(horizon: int) -> None:
    problem = tight_signs(horizon, (2.0,), (3.0,))
    losses = [problem.reveal(t, np.zeros((1, 1)), np.zeros((1, 1)), None)[0, 0] for t in range(1, horizon + 1)]
    assert sum(losses) == 2.0 * math.isqrt(horizon)
    assert set(np.abs(losses)) == {2.0}


def test_spikes_and_opposition() -> None:
    spikes = periodic_spikes()
    losses = [spikes.reveal(t, np.zeros((1, 1)), np.zeros((1, 1)), None)[0, 0] for t in range(1, 9)]
    assert losses == [4, -1, -1, -1, 4, -1, -1, -1]
    assert spikes.facts["mean_slope"] == np.mean(losses)
    adversary = opposition((2.0, 1.0), (1.0, 1.0))
    x = np.array([[-0.1, 0.2]])
    np.testing.assert_array_equal(adversary.reveal(1, x, x, None), [[-2.0, 1.0]])


def test_hidden_directions_are_balanced() -> None:
    problem = HiddenDirection(16, (1.0, 2.0), (1.0, 3.0), copies=3)
    assert problem.instances == 12
    np.testing.assert_array_equal(problem.patterns.sum(axis=0), 0.0)
    corner = -np.sign(problem.slopes) * np.array([0.5, 1.5])
    np.testing.assert_allclose(problem.value(corner), problem.facts["f_star"], rtol=1e-15)


QUIET = UniformNoise((0.0, 0.0))
BAD: dict[str, Callable[[], Any]] = {
    "odd dim": lambda: OpposedPairs(3),
    "dim 0": lambda: OpposedPairs(0),
    "epsilon 1": lambda: OpposedPairs(2, 1.0),
    "epsilon NaN": lambda: OpposedPairs(2, math.nan),
    "spread 1": lambda: OpposedPairs(2, 0.5, spread=1.0),
    "probability 0": lambda: RareOutliers(0.0),
    "mixed signs": lambda: RareOutliers(0.25, 4.0, -1.0),
    "zero mean": lambda: RareOutliers(0.25, 3.0, 1.0),
    "mean at the median": lambda: MeanAgainstMedian(1, 0.25, 2.0, 1.0),
    "narrow box": lambda: MeanAgainstMedian(1, half_width=0.5),
    "epsilon of squares": lambda: OpposedSquares(2.0),
    "short period": lambda: periodic_spikes(2),
    "small spike": lambda: periodic_spikes(4, 3.0),
    "infinite spike": lambda: periodic_spikes(4, math.inf),
    "no square": lambda: tight_signs(5),
    "horizon 0": lambda: tight_signs(0),
    "lengths differ": lambda: random_coordinate_signs((1.0,), (1.0, 2.0)),
    "negative width": lambda: random_coordinate_signs((1.0,), (-1.0,)),
    "share 0": lambda: steady_drift((1.0,), (1.0,), 0.0),
    "no copies": lambda: HiddenDirection(4, copies=0),
    "no slopes": lambda: FixedSlope(()),
    "NaN slope": lambda: FixedSlope((math.nan,)),
    "noise of another length": lambda: FixedSlope((1.0,), QUIET),
    "negative noise": lambda: UniformNoise((-1.0,)),
    "empty batch": lambda: UniformNoise((1.0,), 0),
    "flat square": lambda: NoisySquares((0.0, 1.0), (0.0, 0.0), (0.0, 0.0), QUIET),
    "start outside": lambda: NoisySquares((1.0, 1.0), (0.0, 0.0), (2.0, 0.0), QUIET, half_width=1.0),
    "start of another length": lambda: NoisySquares((1.0, 1.0), (0.0, 0.0), (2.0,), QUIET),
    "shallow well": lambda: Wells((1.0, -1.0), (0.0, 0.0), QUIET),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str) -> None:
    with pytest.raises(InputError):
        BAD[name]()


def test_examples_have_their_own_names() -> None:
    tables = (sign_counterexamples, sign_online, coordinate_smooth, fixed_slope)
    names = [name for table in tables for name in table.EXAMPLES]
    assert len(names) == len(set(names))
