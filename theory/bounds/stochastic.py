r"""Stochastic gradient descent on convex functions.

T is the number of answers, :math:`G^2\ge E\|g\|^2` the second moment of an answer, sigma^2 its variance, R the distance
from x_0 to a minimiser. The key steps of what is derived here:

- SGD-03: :math:`\langle\nabla f(x), x-x^\star\rangle \ge f(x)-f^\star + \|\nabla f(x)\|^2/(2L)` pays for
  :math:`\gamma^2\|\nabla f\|^2` when gamma <= 1/L. SGD-04: the same with the descent inequality at the next point.
- SGD-06: potential :math:`A_t(f(x_t)-f^\star)+\|z_t-x^\star\|^2/(2\eta)` with :math:`A_t=t(t+1)/2`.
- SGD-07 is a theorem on one step. It may be iterated on :math:`E\|x-x^\star\|^2`, because the bound
  :math:`(a r+\sqrt{b r^2+c})^2` is a concave function of r^2.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.step_rules import relative_step_within, steps_are
from ratecheck.theory.bounds.stochastic_outputs import AverageWithoutStart
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Last
from ratecheck.theory.stationarity import GAP, SQUARED_DISTANCE
from ratecheck.theory.stationarity.measure import Measure


def constant_step(method: Any) -> float:
    """Return the constant step size of the method inside all wrappers."""
    return float(innermost(method).step_size)


def second_moment(facts: Facts) -> float:
    """Return G^2; where only the largest norm M of a subgradient is known, it is M^2."""
    return float(facts["second_moment"] if "second_moment" in facts else facts["lipschitz"] ** 2)


def exactly(bound: Bound, measure: Measure) -> Bound:
    """Return the same theorem on exact expectations, for batches of impulse responses: deterministic, no sampling."""
    return dataclasses.replace(bound, id=f"{bound.id}-exact", kind="deterministic", measure=measure)


def _average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = constant_step(method)
    return facts["radius"] ** 2 / (2 * gamma * steps) + gamma * second_moment(facts) / 2


def _last_of_decay(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["radius"] * np.sqrt(second_moment(facts) / (steps + 1))


def _decay(facts: Facts, horizon: int) -> FloatArray:
    peak = facts["radius"] / np.sqrt(second_moment(facts) * (horizon + 1))
    return peak * (1 - np.arange(1, horizon + 1) / (horizon + 1))


def _smooth_average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = constant_step(method)
    return facts["radius"] ** 2 / (2 * gamma * steps) + gamma * facts["noise_variance"] / 2


def _smooth_later_average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = constant_step(method)
    spread = gamma * facts["noise_variance"] * (1 + gamma * facts["smoothness"]) / 2
    return facts["radius"] ** 2 / (2 * gamma * steps) + spread


def _smooth_tuned(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    R, sigma = facts["radius"], np.sqrt(facts["noise_variance"])
    return facts["smoothness"] * R**2 / (2 * steps) + R * sigma / np.sqrt(steps)


def tuned_step(facts: Facts, horizon: int) -> float:
    """Return min{1/L, R/(sigma sqrt(T))}."""
    noise = np.sqrt(facts["noise_variance"] * horizon)
    return float(min(1 / facts["smoothness"], facts["radius"] / noise))


def _accelerated(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, T = constant_step(method), steps
    return facts["radius"] ** 2 / (eta * T * (T + 1)) + eta * facts["noise_variance"] * (2 * T + 1) / 3


def _one_step(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, L, v2 = constant_step(method), facts["sample_smoothness"], facts["noise_at_optimum"]
    mu = sample_strong_convexity(facts)
    a, b, c = gamma * (L - mu) / 2, (1 - gamma * (L + mu) / 2) ** 2, gamma**2 * v2
    r, k, out = float(facts["radius"]), 0, []
    for step in steps:
        while k < step:
            r, k = a * r + np.sqrt(b * r**2 + c), k + 1
        out.append(r**2)
    return np.array(out)


def sample_strong_convexity(facts: Facts) -> float:
    """Return the strong convexity that every sample has: its own fact, or that of f where all samples share it."""
    name = "sample_strong_convexity" if "sample_strong_convexity" in facts else "strong_convexity"
    return float(facts[name])


def _interpolation(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = constant_step(method)
    rate = max(1 - gamma * sample_strong_convexity(facts), gamma * facts["sample_smoothness"] - 1)
    return rate ** (2 * steps) * facts["radius"] ** 2


def _disagreement(facts: Facts, method: Any, horizon: int) -> float:
    return float(facts["noise_at_optimum"])


def _sample_step(facts: Facts, method: Any, horizon: int) -> float:
    return constant_step(method) * facts["sample_smoothness"] / 2 - 1


def _quarter_step(facts: Facts, method: Any, horizon: int) -> float:
    return 4 * constant_step(method) * facts["smoothness"] - 1


SHORT = relative_step_within(0, 1)
SAMPLE_STEP = Assumption("gamma is at most 2/L for the smoothest sample", on_setup=_sample_step)
NEMIROVSKI = Source("Nemirovski, Juditsky, Lan and Shapiro", 2009, "section 2.2")
HERE = Source("Lan", 2012, "compare; constants derived here")
TUNED = steps_are("the step is min{1/L, R/(sigma sqrt(T))}", lambda facts, T: np.full(T, tuned_step(facts, T)))

SGD_01 = Bound(
    id="SGD-01",
    title="average of SGD with a constant step",
    formula=r"E f(\bar x_T)-f^\star \le \frac{R^2}{2\gamma T}+\frac{\gamma G^2}{2}",
    measure=GAP,
    output=Average(),
    value=_average,
    kind="expectation",
    anytime=False,
    exponent=-0.5,
    assumptions=(SUBGRADIENTS_BOUNDED, CONSTANT_STEPS),
    source=NEMIROVSKI,
    provenance="paper",
    evidence=("recalled", "derived here"),
    tight_on="max-coordinate",
    remark="The paper has the largest distance in the set for R. The step R/(G sqrt(T)) gives RG/sqrt(T).",
)

SGD_02 = Bound(
    id="SGD-02",
    title="last iterate of SGD with linear decay",
    formula=r"E f(x_N)-f^\star \le \frac{RG}{\sqrt{N+1}}",
    measure=GAP,
    output=Last(),
    value=_last_of_decay,
    kind="expectation",
    anytime=False,
    exponent=-0.5,
    assumptions=(SUBGRADIENTS_BOUNDED, steps_are("the steps decay linearly from R/(G sqrt(N+1))", _decay)),
    source=Source("Defazio, Cutkosky, Mehta and Mishchenko", 2023, "arXiv 2310.07831"),
    provenance="paper",
    evidence=("recalled", "performance estimation"),
    tight_on="max-coordinate",
    remark="N steps, so that the last of T = N + 1 points is judged.",
)

SGD_03 = Bound(
    id="SGD-03",
    title="average of SGD on a smooth function",
    formula=r"E f(\bar x_T)-f^\star \le \frac{R^2}{2\gamma T}+\frac{\gamma\sigma^2}{2}",
    measure=GAP,
    output=Average(),
    value=_smooth_average,
    kind="expectation",
    assumptions=(SHORT,),
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
    tight_on="half square",
    remark="The variance, not the second moment, enters. Attained at T = 1, gamma L = 1 as sigma/(LR) goes to 0.",
)

SGD_04 = dataclasses.replace(
    SGD_03,
    id="SGD-04",
    title="average of SGD on a smooth function, without the start",
    formula=r"E f(\bar x_{1..T})-f^\star \le \frac{R^2}{2\gamma T}+\frac{\gamma\sigma^2(1+\gamma L)}{2}",
    output=AverageWithoutStart(),
    value=_smooth_later_average,
    tight_on="",
    remark="The average of x_1, ..., x_T.",
)

SGD_05 = dataclasses.replace(
    SGD_03,
    id="SGD-05",
    title="average of SGD on a smooth function, step tuned to the horizon",
    formula=r"E f(\bar x_T)-f^\star \le \frac{LR^2}{2T}+\frac{R\sigma}{\sqrt T}",
    value=_smooth_tuned,
    anytime=False,
    assumptions=(TUNED,),
    tight_on="",
    remark="From SGD-03; compare Lan (2012).",
)

SGD_06 = Bound(
    id="SGD-06",
    title="accelerated stochastic approximation",
    formula=r"E f(x_T)-f^\star \le \frac{R^2}{\eta T(T+1)}+\frac{\eta\sigma^2(2T+1)}{3}",
    measure=GAP,
    output=Last(),
    value=_accelerated,
    kind="expectation",
    assumptions=(Assumption("eta is at most 1/(4L)", on_setup=_quarter_step),),
    source=Source("Lan", 2012, "scheme; constants derived here"),
    provenance="derived",
    evidence=("derived here",),
)

SGD_07 = Bound(
    id="SGD-07",
    title="one step of SGD on smooth strongly convex samples, iterated",
    formula=r"\sqrt{E\|x_{k+1}-x^\star\|^2} \le \tfrac{\gamma(L-\mu)}{2}r_k"
    r"+\sqrt{(1-\tfrac{\gamma(L+\mu)}{2})^2r_k^2+\gamma^2v^2}",
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=_one_step,
    kind="expectation",
    assumptions=(SAMPLE_STEP,),
    source=Source("Taylor and Bach", 2019, "via the SGD example of PEPit"),
    provenance="secondary",
    evidence=("statement read", "performance estimation"),
    remark="r_k bounds the root of E||x_k - x*||^2; v^2 = E||grad f_i(x*)||^2. Exact for one step.",
)

SGD_08 = Bound(
    id="SGD-08",
    title="SGD on samples that agree on the minimiser",
    formula=r"E\|x_k-x^\star\|^2 \le \max(1-\gamma\mu,\,\gamma L-1)^{2k}R^2",
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=_interpolation,
    kind="expectation",
    assumptions=(
        SAMPLE_STEP,
        Assumption("every sample's gradient vanishes at x*", on_setup=_disagreement),
    ),
    source=Source("Taylor and Bach", 2019, "via the overparametrised SGD example of PEPit"),
    provenance="secondary",
    evidence=("statement read", "performance estimation"),
    tight_on="half square",
)

BOUNDS = (SGD_01, SGD_02, SGD_03, SGD_04, SGD_05, SGD_06, SGD_07, SGD_08)
