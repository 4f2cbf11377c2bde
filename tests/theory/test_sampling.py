"""Sample-size rules: inverse to each other, monotone, golden values, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, norm

from ratecheck.theory.errors import InputError
from ratecheck.theory.sampling import (
    RULES,
    CoveringFull,
    CoveringIncrements,
    EmpiricalBernstein,
    FiniteBounded,
    FiniteVariance,
    FreshSampleSize,
    GaussianMean,
    Hoeffding,
    LipschitzFamily,
    RademacherFull,
    RademacherIncrements,
    StronglyConvexMean,
    VectorMean,
    norm_test,
    round_limit,
)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("confidence", [0.6, 0.95])
@pytest.mark.parametrize("accuracy", [0.03, 0.2])
def test_samples_is_the_smallest_number_that_is_accurate_enough(name: str, confidence: float, accuracy: float) -> None:
    rule = RULES[name]
    count = rule.samples(accuracy, confidence)
    assert rule.accuracy(count, confidence) <= accuracy * (1 + 1e-9)
    if count > 2:
        assert rule.accuracy(count - 1, confidence) > accuracy * (1 - 1e-9)


@pytest.mark.parametrize("name", RULES)
def test_more_is_asked_for_more(name: str) -> None:
    rule = RULES[name]
    sizes = [rule.samples(0.05, confidence) for confidence in (0.6, 0.9, 0.99)]
    assert sizes == sorted(set(sizes))
    sizes = [rule.samples(accuracy, 0.9) for accuracy in (0.2, 0.1, 0.05)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_confidence_outside_the_unit_interval_is_told(name: str, confidence: float) -> None:
    for ask in (lambda: RULES[name].samples(0.1, confidence), lambda: RULES[name].accuracy(10, confidence)):
        with pytest.raises(InputError, match=r"confidence is .*in \(0, 1\)") as caught:
            ask()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("accuracy", [0.0, -0.1, float("inf"), float("nan")])
def test_accuracy_that_is_not_positive_is_told(name: str, accuracy: float) -> None:
    with pytest.raises(InputError, match="accuracy is"):
        RULES[name].samples(accuracy, 0.9)


@pytest.mark.parametrize("name", RULES)
def test_no_samples_are_told(name: str) -> None:
    with pytest.raises(InputError, match="must be an integer"):
        RULES[name].accuracy(0, 0.9)


def test_golden_sizes() -> None:
    gamma = 0.05
    # By hand from the formulas; ln(2/.05) = 3.6889, ln(4/.05) = 4.3820.
    assert Hoeffding(1.0).samples(0.1, 1 - gamma) == math.ceil(math.log(1 / gamma) / 0.02)
    assert VectorMean(2.0).samples(0.5, 0.9) == math.ceil(16 * (1 + math.sqrt(2 * math.log(10))) ** 2)
    assert RademacherIncrements(1.0, 0.1).samples(0.01, 1 - gamma) == math.ceil(100 * (2 + math.sqrt(7.377759)) ** 2)
    assert RademacherIncrements(1.0, 1.0, 8).samples(0.5, 1 - gamma) == math.ceil(4 * (8 + math.sqrt(7.377759)) ** 2)
    assert CoveringFull(1.0, 1.0, 0.1, 3).samples(0.01, 1 - gamma) == math.ceil(2e4 * (3 * math.log(81) + math.log(40)))
    assert CoveringIncrements(1.0, 0.1, 3).samples(0.01, 1 - gamma) == math.ceil(
        800 * (3 * math.log(81) + math.log(40))
    )
    assert FiniteBounded(101, 2.0).samples(0.2, 0.9) == math.ceil(50 * math.log(1000))
    assert LipschitzFamily(1.0, 1.0, 2).samples(0.1, 0.9) == math.ceil(800 * (2 * math.log(81) + math.log(10)))
    assert StronglyConvexMean(1.0, 0.5).mean_gap(100) == pytest.approx(0.08)


def test_full_accuracy_costs_the_fourth_power_of_the_radius_and_increments_the_square() -> None:
    # M = 1, accuracy delta^2, confidence 0.95: 8.8e4 samples at delta = 0.1 and 8.8e8 at 0.01.
    sizes = [RademacherFull(1.0, 1e-9, delta).samples(delta**2, 0.95) for delta in (0.1, 0.01)]
    assert sizes[0] == pytest.approx(8.8e4, rel=0.01)
    assert sizes[1] == pytest.approx(8.8e8, rel=0.01)
    increments = [RademacherIncrements(1.0, delta).samples(delta**2, 0.95) for delta in (0.1, 0.01)]
    assert increments[1] / increments[0] == pytest.approx(100, rel=0.01)


def test_hoeffding_is_nearly_attained_by_one_toss() -> None:
    # P(b - p >= 1 - p) = p against exp(-2 (1-p)^2): at best 0.99 of the bound.
    chance = np.linspace(0.01, 0.99, 9801)
    ratio = chance / np.exp(-2 * (1 - chance) ** 2)
    assert ratio.max() == pytest.approx(0.990, abs=1e-3)


def test_hoeffding_rule_on_a_fair_coin_oversamples_by_less_than_four() -> None:
    counts = np.arange(20, 301)
    share = np.array([Hoeffding(1.0).accuracy(int(count), 0.9) / 2 for count in counts])
    below = binom.cdf(np.ceil(counts * (0.5 + share) - 1e-9) - 1, counts, 0.5)
    assert below.max() <= 0.9


def test_variance_rule_fails_for_a_rare_big_loss() -> None:
    # N = 1010, differences 1 and -100 with chance 1/1000 of the latter: the sum is negative from 10 losses on.
    failure = binom.sf(10, 1010, 0.001)
    mean, variance = 1 - 0.101, 0.999 * 0.001 * 101**2
    promised = math.exp(-1010 * mean**2 / (3 * variance))
    assert failure > 1e3 * promised
    assert FiniteVariance(2, math.sqrt(variance)).accuracy(1010, 1 - 2 * promised) == pytest.approx(mean, rel=1e-6)


def test_exact_limit_of_a_normal_mean() -> None:
    assert GaussianMean(2.0).accuracy(16, 0.975) == pytest.approx(0.5 * 1.959964, rel=1e-6)
    assert GaussianMean(1.0, 20).accuracy(1, 0.9) == pytest.approx(norm.isf(0.005), rel=1e-12)


def test_bernstein_beats_hoeffding_where_the_variance_is_small() -> None:
    assert EmpiricalBernstein(1.0, 0.001).samples(0.02, 0.95) < Hoeffding(1.0).samples(0.02, 0.95)
    assert EmpiricalBernstein(1.0, 0.25).samples(0.02, 0.95) > Hoeffding(1.0).samples(0.02, 0.95)


def test_fresh_sample_size_splits_the_confidence() -> None:
    rule = FreshSampleSize(1.0, 0.5, 25, 0.75)
    by_hand = (4 * (2 + math.sqrt(2 * math.log(2 * 25 / 0.25))) / 0.2) ** 2
    assert rule.fixed(0.2) == math.ceil(by_hand)
    assert FreshSampleSize(1.0, 0.5, 1, 0.75).fixed(0.2) < rule.fixed(0.2)
    assert round_limit(1.0, 0.5, 0.1, 0.4) == 101
    sizes = rule.adaptive(np.array([0.1, 0.4, 1.0]), 0.2, 100_000)
    np.testing.assert_array_equal(sizes, [rule.fixed(0.2), rule.fixed(0.4), rule.fixed(1.0)])
    assert rule.adaptive(np.array([0.1]), 0.2, 50)[0] == 50


def test_norm_test_grows_like_the_inverse_square() -> None:
    sizes = norm_test(np.full(3, 4.0), np.array([1.0, 0.5, 1e-9]), 1.0, 2, 100)
    np.testing.assert_array_equal(sizes, [4, 16, 100])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Hoeffding(0.0),
        lambda: EmpiricalBernstein(1.0, -1.0),
        lambda: VectorMean(float("nan")),
        lambda: GaussianMean(1.0, 0),
        lambda: GaussianMean(1.0).accuracy(10, 0.4),
        lambda: CoveringFull(1.0, 1.0, 0.0, 3),
        lambda: CoveringIncrements(1.0, 1.0, 0),
        lambda: FiniteBounded(1, 1.0),
        lambda: FreshSampleSize(1.0, 0.0, 3, 0.9),
        lambda: FreshSampleSize(1.0, 0.5, 0, 0.9),
        lambda: FreshSampleSize(1.0, 0.5, 3, 1.0),
        lambda: norm_test(np.ones(1), np.ones(1), 0.0, 1, 10),
    ],
)
def test_bad_constants_are_told(make: object) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert "\n" not in str(caught.value)


def test_more_samples_than_a_number_holds_are_told() -> None:
    with pytest.raises(InputError, match="more than 1e300 samples"):
        Hoeffding(1.0).samples(1e-200, 0.9)
