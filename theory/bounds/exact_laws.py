r"""Exact laws of SGD and momentum on quadratics and linear functions, and how they are misread.

The eigenvalues lambda of a quadratic separate. There gradient descent multiplies by :math:`1-\eta\lambda`, the heavy
ball by the companion matrix

.. math:: A = \begin{pmatrix}1+\beta-\eta\lambda & -\beta\\ 1 & 0\end{pmatrix},

which is stable iff :math:`0<\eta\lambda<2(1+\beta)`; additive noise of variance sigma^2 adds its stationary variance.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source, innermost
from ratecheck.theory.bounds.step_rules import used_steps
from ratecheck.theory.bounds.stochastic import constant_step
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import as_schedule
from ratecheck.theory.stationarity import DISTANCE, GAP
from ratecheck.theory.stationarity.moments import EXPECTED_SQUARED_DISTANCE
from ratecheck.theory.stationarity.relative import DISPLACEMENT

LAW = Source("Polyak", 1987, "Introduction to Optimization; derived here")
FOLKLORE = Source("folklore", 2024, "a common reading in courses")


def _modes(facts: Facts) -> tuple[FloatArray, FloatArray]:
    return facts["spectrum"], facts["coordinate_deviations"] ** 2


def _filled(steps: IntArray, value: float) -> FloatArray:
    return np.full(steps.shape, float(value))


def sgd_variance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the stationary sum of eta sigma^2/(lambda (2 - eta lambda))."""
    eta, (lam, s2) = constant_step(method), _modes(facts)
    return _filled(steps, np.sum(eta * s2 / (lam * (2 - eta * lam))))


def _small_step_variance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, (lam, s2) = constant_step(method), _modes(facts)
    return _filled(steps, np.sum(eta * s2 / (2 * lam)))


def _scaled_variance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the variance of a single sample with the step divided by the batch."""
    lam, s2 = _modes(facts)
    batch = facts["sample_variance"] / facts["noise_variance"]
    eta = constant_step(method) / batch
    return _filled(steps, np.sum(eta * s2 * batch / (lam * (2 - eta * lam))))


def momentum_variance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the stationary sum of eta sigma^2 (1 + beta)/(lambda (1 - beta)(2 (1 + beta) - eta lambda))."""
    eta, beta, (lam, s2) = constant_step(method), innermost(method).momentum, _modes(facts)
    return _filled(steps, np.sum(eta * s2 * (1 + beta) / (lam * (1 - beta) * (2 * (1 + beta) - eta * lam))))


def _sgd_moments(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, (lam, s2) = constant_step(method), _modes(facts)
    square = ((1 - eta * lam) ** 2)[:, None] ** steps
    noise = (eta**2 * s2 / (1 - (1 - eta * lam) ** 2))[:, None] * (1 - square)
    return (square * (facts["coordinates"] ** 2)[:, None] + noise).sum(axis=0)


def _no_floor(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    slowest = (1 - constant_step(method) * facts["strong_convexity"]) ** 2
    return slowest**steps * facts["radius"] ** 2


def _descent_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, lam = constant_step(method), facts["spectrum"]
    return (lam * facts["coordinates"] ** 2 / 2 @ ((1 - eta * lam) ** 2)[:, None] ** steps).astype(np.float64)


def _companion_distance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, beta = constant_step(method), innermost(method).momentum
    squares = np.zeros(len(steps))
    for lam, c in zip(facts["spectrum"], facts["coordinates"], strict=True):
        A = np.array([[1 + beta - eta * lam, -beta], [1.0, 0.0]])
        paths = [(np.linalg.matrix_power(A, int(k)) @ np.array([c, c]))[0] for k in steps]
        squares += np.square(paths)
    return np.sqrt(squares)


def _start_distance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _filled(steps, facts["radius"])


def _best_momentum(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    root = np.sqrt(facts["smoothness"] / facts["strong_convexity"])
    q = (root - 1) / (root + 1)
    return (1 + steps * (1 + q)) * q**steps * facts["radius"]


def _sums(factors: FloatArray, steps: IntArray) -> FloatArray:
    """Return the sums of the first k factors for each k of `steps`."""
    return np.cumsum(factors)[steps - 1]


def _sum_convention(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the displacement by unit gradients where v = beta v + g and the step is eta_k v."""
    inner = innermost(method)
    count = int(steps[-1])
    beta = inner.momentum
    v = (1 - beta ** np.arange(1, count + 1)) / (1 - beta)
    return _sums(used_steps(method, count) * v, steps)


def _velocity_convention(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the displacement by unit gradients where v = beta v + eta_k g."""
    count, beta = int(steps[-1]), innermost(method).momentum
    eta, k = used_steps(method, count), np.arange(count)
    v = [float(eta[: j + 1] @ beta ** (j - k[: j + 1])) for j in range(count)]
    return _sums(np.array(v), steps)


def _average_convention(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the displacement by unit gradients where m = beta m + (1 - beta) g."""
    return (1 - innermost(method).momentum) * _sum_convention(facts, method, steps)


def _moving_average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return steps * float(np.asarray(as_schedule(innermost(method).step_size)(0)))


def _law(id: str, title: str, formula: str, value: Any, **parts: Any) -> Bound:
    fields: dict[str, Any] = {
        "measure": EXPECTED_SQUARED_DISTANCE,
        "output": Last(),
        "side": "equal",
        "source": LAW,
        "provenance": "derived",
        "evidence": ("derived here",),
    }
    return Bound(id=id, title=title, formula=formula, value=value, **(fields | parts))


def _misread(law: Bound, id: str, title: str, formula: str, value: Any, **parts: Any) -> Bound:
    fields: dict[str, Any] = {"source": FOLKLORE, "provenance": "secondary", "evidence": ("recalled",)}
    return dataclasses.replace(law, id=id, title=title, formula=formula, value=value, **(fields | parts))


VARIANCE = _law(
    "EX-01",
    "stationary variance of SGD with additive noise",
    r"E\|x_\infty-x^\star\|^2 = \sum_i\frac{\eta\sigma_i^2}{\lambda_i(2-\eta\lambda_i)}",
    sgd_variance,
    anytime=False,
)
VARIANCE_SMALL = _misread(
    VARIANCE,
    "EX-01-small-step",
    "the small-step formula is taken for the law",
    r"E\|x_\infty-x^\star\|^2 = \sum_i\frac{\eta\sigma_i^2}{2\lambda_i}",
    _small_step_variance,
)
VARIANCE_SCALED = _misread(
    VARIANCE,
    "EX-01-linear-scaling",
    "a batch b times as large and a step b times as long leave the variance as it was",
    r"\mathrm{Var}(b\,\eta, b) = \mathrm{Var}(\eta, 1)",
    _scaled_variance,
)
MOMENTUM_VARIANCE = _law(
    "EX-02",
    "stationary variance of SGD with momentum",
    r"E\|x_\infty-x^\star\|^2 = \sum_i\frac{\eta\sigma_i^2(1+\beta)}{\lambda_i(1-\beta)(2(1+\beta)-\eta\lambda_i)}",
    momentum_variance,
    anytime=False,
)
MOMENTUM_VARIANCE_SAME = _misread(
    MOMENTUM_VARIANCE,
    "EX-02-smoothing",
    "momentum averages the noise, so that the variance at the same step is at most that of SGD",
    r"\mathrm{Var}_{\mathrm{momentum}} \le \mathrm{Var}_{\mathrm{SGD}}",
    sgd_variance,
    side="upper",
)
MOMENTS = _law(
    "EX-03",
    "second moment of SGD after every number of steps",
    r"E\|x_k-x^\star\|^2 = \sum_i\rho_i^{2k}c_i^2"
    r"+\eta^2\sigma_i^2\frac{1-\rho_i^{2k}}{1-\rho_i^2},\;\rho_i=1-\eta\lambda_i",
    _sgd_moments,
)
MOMENTS_NO_FLOOR = _misread(
    MOMENTS,
    "EX-03-no-floor",
    "SGD with a constant step converges linearly to the minimiser",
    r"E\|x_k-x^\star\|^2 \le (1-\eta\mu)^{2k}R^2",
    _no_floor,
    side="upper",
)
DESCENT = _law(
    "EX-04",
    "gap of gradient descent on a quadratic, rotated or not",
    r"f(x_k)-f^\star = \tfrac12\sum_i\lambda_ic_i^2(1-\eta\lambda_i)^{2k}",
    _descent_gap,
    measure=GAP,
)
COMPANION = _law(
    "EX-05",
    "distance of the heavy ball by powers of the companion matrix",
    r"\|x_k-x^\star\|^2 = \sum_i\bigl(e_1^\top A_i^k(1,1)^\top c_i\bigr)^2",
    _companion_distance,
    measure=DISTANCE,
)
EDGE = _misread(
    COMPANION,
    "EX-05-edge",
    "the heavy ball diverges beyond the edge 2/L of gradient descent",
    r"\|x_k-x^\star\| \ge R \text{ if } \eta\lambda > 2",
    _start_distance,
    side="lower",
)
INSIDE = _law(
    "EX-05-inside",
    "inside the edge the method ends below its start",
    r"\|x_N-x^\star\| \le R \text{ if } 0<\eta\lambda<2(1+\beta)",
    _start_distance,
    measure=DISTANCE,
    side="upper",
    anytime=False,
)
OUTSIDE = dataclasses.replace(
    INSIDE,
    id="EX-05-outside",
    title="outside the edge the method ends above its start",
    formula=r"\|x_N-x^\star\| \ge R \text{ if } \eta\lambda>2(1+\beta)",
    side="lower",
)
BEST_MOMENTUM = _law(
    "EX-06",
    "no other momentum is as fast as the optimal one in the end",
    r"\|x_N-x^\star\| \ge (1+N(1+q))q^NR,\qquad \beta\ne q^2",
    _best_momentum,
    measure=DISTANCE,
    side="lower",
    anytime=False,
)
SUM = _law(
    "EX-07",
    "momentum in the sum convention under unit gradients",
    r"\|x_k-x_0\| = \sum_{j=1}^{k}\eta_j\frac{1-\beta^j}{1-\beta}",
    _sum_convention,
    measure=DISPLACEMENT,
)
AVERAGE = dataclasses.replace(
    SUM,
    id="EX-07-average",
    title="momentum in the average convention under unit gradients",
    formula=r"\|x_k-x_0\| = \sum_{j=1}^{k}\eta_j(1-\beta^j)",
    value=_average_convention,
)
VELOCITY = dataclasses.replace(
    SUM,
    id="EX-07-velocity",
    title="momentum in the velocity convention under unit gradients",
    formula=r"\|x_k-x_0\| = \sum_{j=1}^{k}\sum_{i\le j}\beta^{j-i}\eta_i",
    value=_velocity_convention,
)
MOVING_AVERAGE = _misread(
    SUM,
    "EX-07-misread",
    "v = beta v + g is a moving average, so that steps are at most eta under unit gradients",
    r"\|x_k-x_0\| \le k\,\eta",
    _moving_average,
    side="upper",
)

BOUNDS = (
    VARIANCE, VARIANCE_SMALL, VARIANCE_SCALED, MOMENTUM_VARIANCE, MOMENTUM_VARIANCE_SAME, MOMENTS,
    MOMENTS_NO_FLOOR, DESCENT, COMPANION, EDGE, INSIDE, OUTSIDE, BEST_MOMENTUM, SUM, AVERAGE, VELOCITY,
    MOVING_AVERAGE,
)  # fmt: skip
