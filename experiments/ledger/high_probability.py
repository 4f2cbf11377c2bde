"""Claims with high probability, and what no stochastic method can beat."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ratecheck.experiments.ledger.stochastic import (
    accelerated,
    constant,
    exact,
    one_mode,
    sampled,
    smooth,
)
from ratecheck.testbeds import convex
from ratecheck.testbeds.lower_bounds import BernoulliMean, TwoSlopes
from ratecheck.theory.bounds import high_probability as hp
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.averaging import DualAveraging
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.schedules import InverseSqrt, InverseTime


def _hardest(horizon: int) -> TwoSlopes:
    return TwoSlopes(hp.hardest_bias(horizon)[0])


def _vote(facts: Facts, horizon: int) -> Projected:
    # Steps so long that the projection leaves only the sign of the sum.
    return Projected(DualAveraging(1e6))


def posterior_mean(facts: Facts, horizon: int) -> Subgradient:
    """Return SGD whose steps make every point the posterior mean."""
    mu = float(facts["strong_convexity"])
    prior = float(facts["noise_variance"]) / (mu * float(facts["radius"])) ** 2
    return Subgradient(InverseTime(1 / mu, shift=1 + prior))


LOWER = (
    sampled("sl-02-vote", "the majority vote attains the bound that nothing beats", hp.SL_02, _hardest, _vote,
           horizons=(3, 9, 33), runs=8192, tags=("lower-bound",), attained=1.0, attained_tolerance=0.1),
    sampled("sl-02-sgd", "SGD is no better than telling two slopes apart allows", hp.SL_02, _hardest, constant,
           horizons=(3, 9, 33), runs=8192, tags=("lower-bound",)),
    exact("sl-03-posterior", "steps 1/(mu t + prior) attain the Bayes risk", hp.SL_03, one_mode(0.7, 2.0),
           posterior_mean, attained=1.0, attained_tolerance=1e-9, tags=("lower-bound", "exact")),
    exact("sl-03-constant", "constant steps are no better than the Bayes risk", hp.SL_03, one_mode(0.7, 2.0),
           smooth(0.1), tags=("lower-bound", "exact")),
    exact("sl-03-accelerated", "accelerated steps are no better than the Bayes risk", hp.SL_03, one_mode(0.7, 2.0),
           accelerated, tags=("lower-bound", "exact")),
)  # fmt: skip


def _mean(facts: Facts, horizon: int) -> Subgradient:
    return Subgradient(InverseTime(1.0))


def _projected(facts: Facts, horizon: int) -> Projected:
    return Projected(Subgradient(float(facts["diameter"]) / (float(facts["lipschitz"]) * math.sqrt(horizon))))


def _decaying(facts: Facts, horizon: int) -> Projected:
    return Projected(Subgradient(InverseSqrt(float(facts["diameter"]) / float(facts["lipschitz"]))))


def _lad(horizon: int) -> Any:
    return convex.least_absolute_deviations(60, 5)


def _bernoulli(horizon: int) -> BernoulliMean:
    return BernoulliMean(0.5)


HALF_RANGE = dataclasses.replace(
    hp.HP_01,
    id="HP-01-half-range",
    title="Hoeffding's inequality with the distance from the mean taken for the range",
    formula=r"P\Bigl(\bar X-EX \ge \tfrac{b-a}{2}\sqrt{\ln(1/\delta)/(2N)}\Bigr) \le \delta",
    value=lambda facts, method, steps: hp.hoeffding(facts, steps, hp.FAILURE) / 2,
    provenance="secondary",
    remark="False: b - a is the whole range of X.",
)

WITH_PROBABILITY = (
    sampled("hp-01-mean", "Hoeffding's inequality for a fair coin", hp.HP_01, _bernoulli, _mean,
                     horizons=(100,), runs=4096, tags=("probability",), quick=True),
    sampled("hp-01-half-range", "Hoeffding's inequality with half of the range", HALF_RANGE, _bernoulli, _mean,
                     horizons=(100,), runs=4096, tags=("probability",), expected="refuted"),
    sampled("hp-02-lad", "the average of projected SGD in nine runs of ten", hp.HP_02, _lad, _projected,
                     horizons=(10, 100, 300), runs=2048, tags=("probability",)),
    sampled("hp-02-two-slopes", "nine runs of ten, where slopes are hard to tell", hp.HP_02,
                     lambda h: TwoSlopes(hp.hardest_bias(h)[0], copies=1024), _projected, horizons=(9, 33, 101),
                     runs=2048, tags=("probability",)),
    sampled("hp-03-lad", "an online method's average in nine runs of ten", hp.HP_03, _lad, _decaying,
                     horizons=(300,), runs=2048, tags=("probability",)),
)  # fmt: skip

CLAIMS = (*LOWER, *WITH_PROBABILITY)
