r"""Bounds that hold with a given probability, and what no stochastic method can beat.

HP-02: :math:`Z_t=[f(x_t)-f^\star]-[f_t(x_t)-f_t(x^\star)]` is a martingale difference of range 2GD, so that
Azuma's and Hoeffding's inequality applies. SL-02: the Bayes risk of telling two slopes apart; the majority vote is
optimal, whatever the query points. SL-03: estimating a normal mean.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.step_rules import steps_are
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Last
from ratecheck.theory.stationarity import GAP
from ratecheck.theory.stationarity.moments import EXPECTED_GAP
from ratecheck.theory.stationarity.relative import EXCESS

FAILURE = 0.1  # delta


def hoeffding(facts: Facts, steps: IntArray, delta: float) -> FloatArray:
    """Return the t with exp(-2 N t^2/(b-a)^2) = delta."""
    return facts["sample_range"] * np.sqrt(math.log(1 / delta) / (2 * steps))


def _hoeffding(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return hoeffding(facts, steps, FAILURE)


def _azuma(facts: Facts, steps: IntArray) -> FloatArray:
    return facts["lipschitz"] * facts["diameter"] * np.sqrt(2 * math.log(1 / FAILURE) / steps)


def _projected(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["lipschitz"] * facts["diameter"] / np.sqrt(steps) + _azuma(facts, steps)


def _decaying_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the regret 3/2 D G sqrt(T) of the steps D/(G sqrt(t)), over T, and Azuma's term."""
    return 1.5 * facts["diameter"] * facts["lipschitz"] / np.sqrt(steps) + _azuma(facts, steps)


def _decaying(facts: Facts, horizon: int) -> FloatArray:
    return facts["diameter"] / (facts["lipschitz"] * np.sqrt(np.arange(1, horizon + 1)))


def _constant(facts: Facts, horizon: int) -> FloatArray:
    return np.full(horizon, facts["diameter"] / (facts["lipschitz"] * math.sqrt(horizon)))


@cache
def vote_error(T: int, delta: float) -> float:
    """Return the chance that the majority of T signs of mean delta is wrong, ties decided by a fair coin."""
    from scipy.stats import binom

    chance = (1 - delta) / 2  # of a sign that misleads
    tie = binom.pmf(T // 2, T, chance) / 2 if T % 2 == 0 else 0.0
    return float(binom.sf(T // 2, T, chance) + tie)


@cache
def hardest_bias(T: int) -> tuple[float, float]:
    """Return the bias delta that maximises ``2 delta vote_error(T, delta)``, and that maximum."""
    from scipy.optimize import minimize_scalar

    def negative(delta: float) -> float:
        return -2 * delta * vote_error(T, delta)

    best = minimize_scalar(negative, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
    return float(best.x), float(-best.fun)


def _two_slopes(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["lipschitz"] * facts["half_width"] * np.array([hardest_bias(int(T))[1] for T in steps])


def _normal_mean(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    mu, s2, prior = facts["strong_convexity"], facts["noise_variance"], facts["radius"] ** 2
    # Observations b + noise: the prior counts as s2/(mu^2 prior) of them.
    return s2 / (2 * mu * (steps + s2 / (mu**2 * prior)))


HP_01 = Bound(
    id="HP-01",
    title="Hoeffding's inequality for a mean, computed by SGD with steps 1/t",
    formula=r"P\Bigl(\bar X-EX \ge (b-a)\sqrt{\ln(1/\delta)/(2N)}\Bigr) \le \delta",
    measure=EXCESS,
    output=Last(),
    value=_hoeffding,
    kind="probability",
    failure_probability=FAILURE,
    exponent=-0.5,
    assumptions=(steps_are("the steps are 1/t", lambda facts, horizon: 1 / np.arange(1, horizon + 1)),),
    source=Source("Hoeffding", 1963),
    provenance="paper",
    evidence=("derived here",),
    remark="SGD with steps 1/t on (x - X)^2/2 is the running mean.",
)

HP_02 = Bound(
    id="HP-02",
    title="average of projected SGD with high probability",
    formula=r"f(\bar x_T)-f^\star \le \frac{GD}{\sqrt T}\bigl(1+\sqrt{2\ln(1/\delta)}\bigr)",
    measure=GAP,
    output=Average(),
    value=_projected,
    kind="probability",
    failure_probability=FAILURE,
    anytime=False,
    exponent=-0.5,
    assumptions=(SUBGRADIENTS_BOUNDED, steps_are("the step is D/(G sqrt(T))", _constant)),
    source=Source("Azuma", 1967, "applied here"),
    provenance="derived",
    evidence=("derived here",),
)

HP_03 = Bound(
    id="HP-03",
    title="average of an online method with high probability: its regret and a martingale",
    formula=r"f(\bar x_T)-f^\star \le \frac{\mathrm{Reg}_T}{T}+GD\sqrt{2\ln(1/\delta)/T}",
    measure=GAP,
    output=Average(),
    value=_decaying_regret,
    kind="probability",
    failure_probability=FAILURE,
    exponent=-0.5,
    assumptions=(SUBGRADIENTS_BOUNDED, steps_are("the steps are D/(G sqrt(t))", _decaying)),
    source=Source("Cesa-Bianchi, Conconi and Gentile", 2004),
    provenance="derived",
    evidence=("derived here",),
    remark="The regret is bounded by 3/2 D G sqrt(T) (Zinkevich's steps).",
)

SL_02 = Bound(
    id="SL-02",
    title="no method tells two slopes apart from T signs",
    formula=r"\sup_v E f_v(\hat x)-f_v^\star \ge \max_\delta 2\delta GR\,P_{\mathrm{err}}(T,\delta)"
    r"\to 0.33996\,\frac{GR}{\sqrt T}",
    measure=GAP,
    output=Last(),
    value=_two_slopes,
    kind="expectation",
    side="lower",
    anytime=False,
    exponent=-0.5,
    source=Source("two-point method of Le Cam", 1973, "exact form derived here"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="two slopes",
    remark="Exact for this pair; the majority vote attains it. The average of SGD is at most RG/sqrt(T).",
)

SL_03 = Bound(
    id="SL-03",
    title="no method is better than the posterior mean of a normal",
    formula=r"E f(\hat x)-f^\star \ge \frac{\sigma^2}{2\mu\,(T+\sigma^2/(\mu^2 R^2))} \to \frac{\sigma^2}{2\mu T}",
    measure=EXPECTED_GAP,
    output=Last(),
    value=_normal_mean,
    side="lower",
    exponent=-1.0,
    source=Source("Bayes risk of a normal mean", 1950, "standard; derived here"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="noisy quadratic",
    remark="The minimiser is drawn from a normal law of standard deviation R around x_0.",
)

BOUNDS = (HP_01, HP_02, HP_03, SL_02, SL_03)
