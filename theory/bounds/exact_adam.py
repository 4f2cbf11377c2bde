r"""Exact laws of Adam, clipping, decay and schedules under prescribed gradients, and how they are misread.

Where gradients do not depend on the point, moments are weighted sums that are written down here without a recursion:
:math:`m_t=(1-\beta_1)\sum_{s\le t}\beta_1^{t-s}g_s` and the same for v. Under a constant gradient the uncorrected step
has the factor :math:`(1-\beta_1^t)/\sqrt{1-\beta_2^t}`: too *large* for (0.9, 0.999), 6.57 at t = 12.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source, innermost
from ratecheck.theory.bounds.exact_laws import DISPLACEMENT, FOLKLORE, LAW
from ratecheck.theory.bounds.step_rules import used_steps
from ratecheck.theory.bounds.stochastic import constant_step
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import DISTANCE, GAP, GRADIENT_NORM
from ratecheck.theory.stationarity.measure import Measure


def correction_factors(beta1: float, beta2: float, count: int) -> FloatArray:
    """Return (1 - beta1^t)/sqrt(1 - beta2^t) for t = 1, ..., count: Adam's step without bias correction."""
    t = np.arange(1, count + 1)
    return (1 - beta1**t) / np.sqrt(1 - beta2**t)


def _gradients(facts: Facts, method: Any, count: int) -> FloatArray:
    """Return the first gradients, clipped if a wrapper of the method clips them."""
    slopes = facts["slopes"]
    g = slopes[np.minimum(np.arange(count), len(slopes) - 1)]
    limit = getattr(method, "max_norm", None)
    return g if limit is None else g * np.minimum(1.0, limit / np.abs(g))


def adam_steps(g: FloatArray, method: Any) -> FloatArray:
    """Return the steps of Adam per unit of step size, from the definition of its moments as weighted sums."""
    count = len(g)
    lag = np.subtract.outer(np.arange(count), np.arange(count)).astype(np.float64)
    past = lag >= 0

    def moment(values: FloatArray, beta: float) -> FloatArray:
        weights = np.where(past, beta ** np.where(past, lag, 0.0), 0.0)
        correction = 1 - beta ** np.arange(1, count + 1) if method.bias_correction else 1.0
        return (1 - beta) * (weights @ values) / correction

    m, v = moment(g, method.beta1), moment(g**2, method.beta2)
    if method.eps_place == "inside":
        return m / np.sqrt(v + method.eps)
    return m / (np.sqrt(v) + method.eps)


def _adam(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    path = np.cumsum(adam_steps(_gradients(facts, method, int(steps[-1])), inner))
    return constant_step(method) * np.abs(path[steps - 1])


def _uncorrected(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    factors = correction_factors(inner.beta1, inner.beta2, int(steps[-1]))
    return constant_step(method) * np.cumsum(factors)[steps - 1]


def _unit_steps(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return constant_step(method) * steps


def _most_unit_steps(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 0.9 * constant_step(method) * steps


def _schedule(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the sum of the cosine schedule by its closed form (a Dirichlet kernel)."""
    s = innermost(method).step_size
    a, T = math.pi / s.horizon, steps
    cosines = (1 + np.sin((T - 0.5) * a) / math.sin(a / 2)) / 2
    return s.floor * T + (s.peak - s.floor) * (T + cosines) / 2


def _quarter_wave(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    s = innermost(method).step_size
    k = np.arange(int(steps[-1]))
    return np.cumsum(s.peak * np.cos(math.pi * k / (2 * s.horizon)))[steps - 1]


def _decayed(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    used = used_steps(method, int(steps[-1]))
    return facts["radius"] * np.cumprod(1 - used * innermost(method).weight_decay)[steps - 1]


def _half_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.shape, facts["initial_gap"] / 2)


def _tiny(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.shape, 1e-6)


def _law(id: str, title: str, formula: str, value: Any, measure: Measure = DISPLACEMENT, **parts: Any) -> Bound:
    fields: dict[str, Any] = {"side": "equal", "source": LAW, "provenance": "derived", "evidence": ("derived here",)}
    return Bound(id=id, title=title, formula=formula, value=value, measure=measure, output=Last(), **(fields | parts))


def _misread(law: Bound, id: str, title: str, formula: str, value: Any, **parts: Any) -> Bound:
    fields: dict[str, Any] = {"source": FOLKLORE, "provenance": "secondary", "evidence": ("recalled",)}
    return dataclasses.replace(law, id=id, title=title, formula=formula, value=value, **(fields | parts))


KINGMA = Source("Kingma and Ba", 2015, "algorithm 1; law derived here")

ADAM = _law(
    "EX-10",
    "path of Adam under prescribed gradients",
    r"x_k-x_0 = -\eta\sum_{t\le k}\hat m_t/(\sqrt{\hat v_t}+\epsilon)",
    _adam,
    source=KINGMA,
)
UNCORRECTED = _law(
    "EX-11",
    "Adam without bias correction under a constant gradient",
    r"\|x_k-x_0\| = \eta\sum_{t\le k}\frac{1-\beta_1^t}{\sqrt{1-\beta_2^t}}",
    _uncorrected,
    source=KINGMA,
)
TOO_SMALL = _misread(
    UNCORRECTED,
    "EX-11-misread",
    "without bias correction the first steps are too small",
    r"\|x_k-x_0\| \le k\,\eta",
    _unit_steps,
    side="upper",
)
UNIT = _law(
    "EX-12",
    "Adam under a constant gradient of any size moves by eta at every step",
    r"\|x_k-x_0\| = k\,\eta",
    _unit_steps,
    source=KINGMA,
)
SPIKE_HARMLESS = _misread(
    UNIT,
    "EX-12-spike",
    "Adam's normalisation makes a single spike among unit gradients harmless",
    r"\|x_k-x_0\| \ge 0.9\,k\,\eta",
    _most_unit_steps,
    side="lower",
)
EPS_INSIDE_SAME = _misread(
    UNIT,
    "EX-12-epsilon",
    "it does not matter whether epsilon is added to the root or under it",
    r"\|x_k-x_0\| \ge 0.9\,k\,\eta",
    _most_unit_steps,
    side="lower",
)
COSINE = _law(
    "EX-13",
    "cosine decay is slow at both ends: path under a constant gradient",
    r"\|x_k-x_0\| = \tfrac{\eta}{2}\sum_{j<k}\bigl(1+\cos(\pi j/T)\bigr)",
    _schedule,
    source=Source("Loshchilov and Hutter", 2017, "sum in closed form"),
)
COSINE_FAST_END = _misread(
    COSINE,
    "EX-13-misread",
    "cosine decay is slow early and fast at the end",
    r"\|x_k-x_0\| = \eta\sum_{j<k}\cos(\pi j/(2T))",
    _quarter_wave,
)
DECAY = _law(
    "EX-14",
    "decoupled decay without gradients is annealed with the step sizes",
    r"\|x_k\| = \|x_0\|\prod_{t<k}(1-\eta_t\lambda)",
    _decayed,
    measure=DISTANCE,
    source=Source("Loshchilov and Hutter", 2019),
)
LOCAL_MINIMUM = _misread(
    DECAY,
    "EX-15-misread",
    "gradient descent is guaranteed to reach a local minimum",
    r"f(x_N)-f(x_{\mathrm{loc}}) \to 0",
    _half_gap,
    measure=GAP,
    side="upper",
    anytime=False,
)
STATIONARY = _law(
    "EX-15",
    "gradient descent reaches a stationary point",
    r"\|\nabla f(x_N)\| \to 0",
    _tiny,
    measure=GRADIENT_NORM,
    side="upper",
    anytime=False,
)

BOUNDS = (
    ADAM,
    UNCORRECTED,
    TOO_SMALL,
    UNIT,
    SPIKE_HARMLESS,
    EPS_INSIDE_SAME,
    COSINE,
    COSINE_FAST_END,
    DECAY,
    LOCAL_MINIMUM,
    STATIONARY,
)
