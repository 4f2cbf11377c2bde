r"""Stochastic gradient descent on strongly convex functions.

T counts the points x_1, ..., x_T of the papers, so that x_T is reached after T - 1 steps; bounds on averages of queried
points have T = number of steps. Shown here: SC-07, since :math:`x-\gamma\nabla f(x)` is rho-contractive around x* and
independent noise is added. On a direction of curvature lambda the neighbourhood is exactly
:math:`\gamma\sigma^2/(\lambda(2-\gamma\lambda))`; the floor of SC-06 is four times as large for small gamma.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.step_rules import relative_step_within, steps_are, used_steps
from ratecheck.theory.bounds.stochastic import constant_step, second_moment
from ratecheck.theory.bounds.stochastic_outputs import SuffixAverage
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Last
from ratecheck.theory.stationarity import GAP, SQUARED_DISTANCE

SHARE = 0.5  # alpha of the suffix average


def _scale(facts: Facts) -> float:
    """Return G^2/mu."""
    return second_moment(facts) / facts["strong_convexity"]


def _distance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 4 * _scale(facts) / (facts["strong_convexity"] * (steps + 1))


def _average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _scale(facts) * (1 + np.log(steps)) / (2 * steps)


def _weighted(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 2 * _scale(facts) / (steps + 1)


def _suffix(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (2 + 2.5 * np.log(1 / (1 - SHARE))) / SHARE * _scale(facts) / steps


def _last(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    T = steps + 1
    return 17 * _scale(facts) * (1 + np.log(T)) / T


def _expected_smoothness(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, mu = constant_step(method), facts["strong_convexity"]
    return (1 - gamma * mu) ** steps * facts["radius"] ** 2 + 2 * gamma * facts["noise_at_optimum"] / mu


def contraction(facts: Facts, gamma: float) -> float:
    """Return rho = max(|1 - gamma mu|, |1 - gamma L|)."""
    return float(max(abs(1 - gamma * facts["strong_convexity"]), abs(1 - gamma * facts["smoothness"])))


def _additive(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = constant_step(method)
    square = contraction(facts, gamma) ** 2
    shrunk = square**steps
    return shrunk * facts["radius"] ** 2 + gamma**2 * facts["noise_variance"] * (1 - shrunk) / (1 - square)


def _gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, mu, L = constant_step(method), facts["strong_convexity"], facts["smoothness"]
    floor = gamma * L * facts["noise_variance"] / (2 * mu)
    return (1 - gamma * mu) ** steps * (facts["initial_gap"] - floor) + floor


def _powers(b: float, t: FloatArray) -> FloatArray:
    """Return phi_b(t) = (t^b - 1)/b, ln t if b = 0."""
    return np.log(t) if abs(b) < 1e-12 else (t**b - 1) / b


def bach_moulines(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the bound for steps C n^(-a), read off the first two steps of the method."""
    first, second = used_steps(method, 2)
    C, a = float(first), float(np.log2(first / second))
    mu, L, sigma2 = facts["strong_convexity"], facts["sample_smoothness"], facts["noise_at_optimum"]
    n = steps.astype(np.float64)
    start = facts["radius"] ** 2 + sigma2 / L**2
    if abs(a - 1) < 1e-9:
        forgotten = np.exp(2 * L**2 * C**2) * n ** (-mu * C) * start
        return forgotten + 2 * sigma2 * C**2 * _powers(mu * C / 2 - 1, n) * n ** (-mu * C / 2)
    growth = np.exp(4 * L**2 * C**2 * _powers(1 - 2 * a, n) - mu * C / 4 * n ** (1 - a))
    return 2 * growth * start + 4 * C * sigma2 / (mu * n**a)


def _from_two(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the bound from n = 2 on, and the recursion it is made from at n = 1, where it is false for long steps."""
    gamma, mu, L = float(used_steps(method, 1)[0]), facts["strong_convexity"], facts["sample_smoothness"]
    first = (1 - 2 * gamma * mu + 2 * gamma**2 * L**2) * facts["radius"] ** 2 + 2 * gamma**2 * facts["noise_at_optimum"]
    return np.where(steps == 1, first, bach_moulines(facts, method, steps))


def inverse_time(numerator: float, shift: float) -> Assumption:
    """Return the assumption that the steps are ``numerator/(mu (k + shift))``."""
    return steps_are(
        f"the steps are {numerator:g}/(mu (k + {shift:g}))",
        lambda facts, horizon: numerator / (facts["strong_convexity"] * (np.arange(horizon) + shift)),
    )


def _half_sample_step(facts: Facts, method: Any, horizon: int) -> float:
    return 2 * constant_step(method) * facts["sample_smoothness"] - 1


def _not_a_power(facts: Facts, method: Any, horizon: int) -> float:
    used = used_steps(method, horizon)
    a = np.log2(used[0] / used[1])
    return float(np.max(np.abs(used * np.arange(1, horizon + 1) ** a / used[0] - 1)))


INVERSE_TIME = inverse_time(1, 1)
BOUNDED = (SUBGRADIENTS_BOUNDED, INVERSE_TIME)
RAKHLIN = "Rakhlin, Shamir and Sridharan"


def weight_of(k: int) -> float:
    """Return the weight t = k + 1 of the point x_k."""
    return k + 1.0


def _row(id: str, title: str, formula: str, source: Source, **parts: Any) -> Bound:
    return Bound(
        id=id,
        title=title,
        formula=formula,
        source=source,
        provenance=parts.pop("provenance", "paper"),
        evidence=parts.pop("evidence", ("recalled",)),
        kind="expectation",
        **parts,
    )


SC_01 = _row(
    "SC-01",
    "squared distance with steps 1/(mu t)",
    r"E\|x_T-x^\star\|^2 \le \frac{4G^2}{\mu^2T}",
    Source(RAKHLIN, 2012, "lemma 1"),
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=_distance,
    exponent=-1.0,
    assumptions=BOUNDED,
)
SC_02 = _row(
    "SC-02",
    "average with steps 1/(mu t)",
    r"E f(\bar x_T)-f^\star \le \frac{G^2(1+\ln T)}{2\mu T}",
    Source("Hazan, Agarwal and Kale", 2007),
    evidence=("recalled", "derived here"),
    measure=GAP,
    output=Average(),
    value=_average,
    assumptions=BOUNDED,
)
SC_03 = _row(
    "SC-03",
    "t-weighted average with steps 2/(mu (t+1))",
    r"E f(\bar x_T)-f^\star \le \frac{2G^2}{\mu(T+1)}",
    Source("Lacoste-Julien, Schmidt and Bach", 2012),
    evidence=("recalled", "derived here"),
    measure=GAP,
    output=Average(weight=weight_of),
    value=_weighted,
    exponent=-1.0,
    assumptions=(SUBGRADIENTS_BOUNDED, inverse_time(2, 2)),
)
SC_04 = _row(
    "SC-04",
    "average of the last half with steps 1/(mu t)",
    r"E f(\bar x^{\alpha}_T)-f^\star \le \frac{2+2.5\ln\frac{1}{1-\alpha}}{\alpha}\frac{G^2}{\mu T}",
    Source(RAKHLIN, 2012),
    measure=GAP,
    output=SuffixAverage(SHARE),
    value=_suffix,
    exponent=-1.0,
    anytime=False,
    assumptions=BOUNDED,
)
SC_05 = _row(
    "SC-05",
    "last iterate with steps 1/(mu t)",
    r"E f(x_T)-f^\star \le \frac{17G^2(1+\ln T)}{\mu T}",
    Source("Shamir and Zhang", 2013, "theorem 1"),
    measure=GAP,
    output=Last(),
    value=_last,
    assumptions=BOUNDED,
    remark="The constant 17 proves the rate; about 160 times what is seen.",
)
SC_06 = _row(
    "SC-06",
    "constant step, expected smoothness",
    r"E\|x_k-x^\star\|^2 \le (1-\gamma\mu)^kR^2+\frac{2\gamma s^2}{\mu}",
    Source("Gower, Loizou, Qian, Sailanbayev, Shulgin and Richtarik", 2019, "theorem 3.1"),
    evidence=("recalled", "derived here"),
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=_expected_smoothness,
    assumptions=(Assumption("gamma is at most 1/(2 L_max)", on_setup=_half_sample_step),),
)
SC_07 = _row(
    "SC-07",
    "constant step, additive noise",
    r"E\|x_k-x^\star\|^2 \le \rho^{2k}R^2+\gamma^2\sigma^2\frac{1-\rho^{2k}}{1-\rho^2}",
    Source("Bottou, Curtis and Nocedal", 2018, "compare section 4; recursion derived here"),
    provenance="derived",
    evidence=("derived here",),
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=_additive,
    tight_on="half square with additive noise",
)
SC_08 = _row(
    "SC-08",
    "constant step, gap down to the noise floor",
    r"E f(x_k)-f^\star \le (1-\gamma\mu)^k(\Delta-F)+F,\qquad F=\frac{\gamma L\sigma^2}{2\mu}",
    Source("Bottou, Curtis and Nocedal", 2018, "theorem 4.6"),
    evidence=("recalled", "derived here"),
    measure=GAP,
    output=Last(),
    value=_gap,
    assumptions=(relative_step_within(0, 1),),
    tight_on="half square with additive noise",
)
SC_09 = _row(
    "SC-09",
    "steps C/n^a",
    r"E\|x_n-x^\star\|^2 \le 2e^{4L^2C^2\varphi_{1-2a}(n)-\frac{\mu C}{4}n^{1-a}}(R^2+\sigma^2/L^2)"
    r"+\frac{4C\sigma^2}{\mu n^a}",
    Source("Bach and Moulines", 2011, "theorem 1"),
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=_from_two,
    assumptions=(Assumption("the steps are C/n^a", on_setup=_not_a_power),),
    remark="Judged from n = 2 on: as recalled it is false at n = 1 when C L > 1 + sqrt(2). For a = 1 another form.",
)

BOUNDS = (SC_01, SC_02, SC_03, SC_04, SC_05, SC_06, SC_07, SC_08, SC_09)
