"""The study of dimension factors: arrivals against their definition, tuning, exponents, what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.arrival import DELTA, SHARE, WINDOWS, Arrival
from ratecheck.experiments.dimension_study import (
    METHODS,
    PREDICTED,
    arrivals,
    dimension_study,
    interpolated_arrivals,
    profile,
    slopes,
    tuned_arrivals,
)
from ratecheck.experiments.statistics import t_interval
from ratecheck.figures.grids import load_grid
from ratecheck.figures.sweeps import load_sweep


def test_arrival_is_the_first_full_window_that_qualifies() -> None:
    random = np.random.default_rng(0)
    points = 0.12 * random.standard_normal((70, 3, 4)).cumsum(axis=0)
    points[40:] = points[40] + 0.05 * random.uniform(-1, 1, (30, 3, 4))
    gradients = random.standard_normal((70, 3, 4))
    norms = np.array([4.0, 2.0])
    output = Arrival(norms)
    memory = output.start(points[0])
    for k, (x, g) in enumerate(zip(points, gradients), start=1):
        memory = output.visit(memory, k, x, lambda _, g=g: g)  # type: ignore[misc]
    expected = np.full((2, 3), np.inf)
    for run in range(3):
        for k in range(1, 71):
            for size in (size for size in WINDOWS if k % size == 0):
                window, mean = points[k - size : k, run], gradients[k - size : k, run].mean(axis=0)
                reach = np.abs(window - window.mean(axis=0)).max(axis=0)
                inside = reach.max() <= DELTA, np.sqrt((reach**2).mean()) <= DELTA
                short = np.abs(mean).sum() <= SHARE * norms[0], np.sqrt(mean @ mean) <= SHARE * norms[1]
                for i in range(2):
                    if inside[i] and short[i]:
                        expected[i, run] = min(expected[i, run], k)
    assert np.isfinite(expected).any()
    np.testing.assert_array_equal(output.first, expected)


def test_constants_of_the_profiles() -> None:
    for dim in (10, 100):
        for dense in (True, False):
            facts = profile(dim, dense).facts
            assert facts["coordinate_bounds"].sum() == pytest.approx(1.0)
            expected = dim**-0.5 if dense else np.hypot(0.5, 0.5 / (dim - 1) ** 0.5)
            assert facts["gradient_bound"] == pytest.approx(expected)


def test_where_all_bounds_agree_normalised_steps_are_sign_steps() -> None:
    problem = profile(16, True)
    one, other = (
        arrivals(problem, METHODS[name](problem.facts, 0.03), 300) for name in ("StoSignSGD", "l2, normalised")
    )
    np.testing.assert_array_equal(one, other)


def test_sign_methods_gain_on_unequal_bounds_in_l1() -> None:
    signs = tuned_arrivals(METHODS["StoSignSGD"], 100, False, [-3, -3])[0]
    assert np.median(tuned_arrivals(METHODS["l2, normalised"], 100, False, [-4, -4])[0]) > 3 * np.median(signs)


def test_the_search_leaves_a_scale_where_nothing_arrives() -> None:
    at = [0, 0]
    assert np.isfinite(tuned_arrivals(METHODS["StoSignSGD"], 10, True, at)).all()
    assert at[0] < 0


def test_interpolated_descent_needs_more_calls_in_l1_as_the_dimension_grows() -> None:
    few, many = (np.median(interpolated_arrivals(dim, True)[0]) for dim in (10, 100))
    assert 1.5 * few < many < np.inf


def test_slopes_and_intervals() -> None:
    dims = np.array([10.0, 100.0, 1000.0])
    calls = 3 * dims[:, None] ** np.array([0.5, 0.7])
    np.testing.assert_allclose(slopes(dims, calls), [0.5, 0.7])
    calls[2, 0] = np.inf
    assert np.isnan(slopes(dims, calls)).all()
    low, high = t_interval(np.array([1.0, 2.0, 3.0]))
    assert (low + high) / 2 == pytest.approx(2.0)
    assert high - 2 == pytest.approx(4.302652730 / 3**0.5)


def test_the_study_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ratecheck.experiments.dimension_study.most_calls", lambda dim, dense: 64)
    dimension_study(tmp_path, 0, dims=(4, 8), seeds=2)
    grid = load_grid(tmp_path, "dimension-exponents")
    assert grid.columns == tuple(f"{kind}, {norm}" for kind, norm in PREDICTED)
    for kind, norm in PREDICTED:
        sweep = load_sweep(tmp_path, f"dimension-{kind}-{norm}")
        assert sweep.values.shape == (len(METHODS) + 1, 2, 2)
        np.testing.assert_array_equal(sweep.reference[:, 0], np.median(sweep.values[:, 0], axis=1))
