"""The level and the power of the statistics, by simulation, and known values."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.experiments.statistics import (
    betting_upper_limit,
    binomial_pvalues,
    detectable_probability,
    detectable_ratio,
    holm_rejects,
    log_log_slope,
    t_pvalues,
)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Gaps are right-skewed; this beta law has mean 1/6."""
    return rng.beta(0.5, 2.5, size=shape)


def test_alarm_keeps_its_level_when_the_mean_is_exactly_the_bound() -> None:
    rng = np.random.default_rng(0)
    repetitions, level = 20_000, 0.01
    values = skewed(rng, (64, repetitions))
    alarms = (t_pvalues(values, np.full(repetitions, 1 / 6)) <= level).mean()
    # Right-skewed values make the test conservative; 4 standard errors of the level itself as allowance.
    assert alarms <= level + 4 * np.sqrt(level / repetitions)


def test_alarm_catches_the_detectable_violation_with_the_stated_power() -> None:
    rng = np.random.default_rng(1)
    level, runs = 1e-3, 256
    values = skewed(rng, (runs, 1))
    ratio = detectable_ratio(values, np.array([1 / 6]), level)
    shift = (ratio - 1) / 6
    caught = [t_pvalues(skewed(rng, (runs, 1)) + shift, np.array([1 / 6]))[0] <= level for _ in range(400)]
    # Nominal 0.9; a ratio from one sample of 256 has a margin that is 5 % off, which moves the power by some 0.07.
    assert 0.8 < np.mean(caught) < 0.97


def test_runs_that_agree_are_compared_exactly() -> None:
    values = np.full((8, 2), 0.5)
    assert t_pvalues(values, np.array([0.5, 0.4])).tolist() == [1.0, 0.0]


def test_binomial_pvalue_is_the_exact_tail() -> None:
    # P(X >= 1) with n=2, p=0.1 is 1 - 0.81.
    assert binomial_pvalues(np.array([1]), 2, 0.1)[0] == pytest.approx(0.19, abs=1e-15)
    assert binomial_pvalues(np.array([0]), 2, 0.1)[0] == 1.0


def test_enough_repetitions_detect_one_and_a_half_times_the_stated_failure_probability() -> None:
    assert detectable_probability(20_000, 0.05, 1e-6) < 1.5
    assert detectable_probability(50, 0.05, 1e-6) > 1.5


def test_holm_steps_down_and_counts_claims_that_were_not_checked() -> None:
    p = {"a": 0.0004, "b": 0.0009, "c": 0.5}
    assert holm_rejects(p, 3, level=2e-3) == {"a", "b"}
    assert holm_rejects(p, 10, level=2e-3) == set()


def test_betting_limit_is_rarely_below_the_mean() -> None:
    rng = np.random.default_rng(2)
    level = 0.05
    wrong = np.mean([betting_upper_limit(skewed(rng, (64,)), 0.0, 1.0, level) < 1 / 6 for _ in range(400)])
    # 3 standard errors of a proportion of 0.05 over 400 repetitions.
    assert wrong <= level + 3 * np.sqrt(level * (1 - level) / 400)


def test_betting_limit_is_informative() -> None:
    rng = np.random.default_rng(3)
    limit = betting_upper_limit(skewed(rng, (1024,)), 0.0, 1.0, 1e-3)
    assert 1 / 6 < limit < 0.25


def test_slope_intervals_cover() -> None:
    rng = np.random.default_rng(4)
    steps = np.unique(np.geomspace(100, 10_000, 30).astype(int))
    covered = []
    for _ in range(300):
        noise = np.empty((24, steps.size))
        noise[:, 0] = rng.standard_normal(24)
        for j in range(1, steps.size):
            noise[:, j] = 0.9 * noise[:, j - 1] + np.sqrt(1 - 0.81) * rng.standard_normal(24)
        slope = log_log_slope(steps, steps**-0.5 * np.exp(0.3 * noise), 100)
        assert slope is not None
        assert slope.interval is not None
        covered.append(slope.interval[0] <= -0.5 <= slope.interval[1])
    # Nominal 0.95; three standard errors over 300 repetitions are 0.038.
    assert np.mean(covered) >= 0.95 - 0.038


def test_slope_is_not_fitted_to_values_below_the_floor() -> None:
    steps = np.array([10, 100, 1000])
    assert log_log_slope(steps, np.array([[1.0, 0.1, 1e-15]]), 1, floor=1e-12) is None
