r"""Conjugate subgradients on convex functions: null steps, serious steps, certificates.

C bounds the subgradients, b = ||d||^2, m is the test slope, delta the radius, epsilon the tolerance.

Null step. A failed test gives <g, d> <= m b. With p = <d, g> and h = ||g||^2 the interior decrease of b is
(b-p)^2/(b+h-2p), decreasing in p and in h, hence at least (1-m)^2 b^2/((1-2m)b + C^2). Taking reciprocals exactly,

.. math:: \frac1{b^+} \ge \frac1b + \frac{(1-m)^2}{C^2-m^2b} \ge \frac1b + \frac{(1-m)^2}{C^2},

which is four times Wolfe's constant and needs no case distinction in m.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray, row_norm
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last, Worst
from ratecheck.theory.stationarity.certificate import (
    CERTIFICATE_RATIO,
    EVALUATIONS,
    LINEARIZATION_RATIO,
    LONGEST_SEARCH,
    NULL_COUNT,
    NULL_SLOPE,
    NULL_STEP_CRUDE,
    NULL_STEP_SHARP,
    PROMISE_RATIO,
    SERIOUS_BEFORE_TARGET,
    SERIOUS_COUNT,
    STRONG_CERTIFICATE_RATIO,
    VALIDATION_RISE,
    reach,
)

WOLFE = Source("Wolfe", 1975, "convergence of the conjugate subgradient method")
ANCESTORS = Source("Zhang and Sen", 2024, "arXiv 2407.21091, as reconstructed from public code")
HERE = Source("ratecheck", 2026, "one-point test")
SEARCH_LIMIT = 64.0  # evaluations of one line search: bisection of float64 cannot be useful for longer


def _per_run(value: Any, steps: IntArray) -> FloatArray:
    """Return a constant of each instance (or of all) at every recorded step."""
    value = np.asarray(value, dtype=np.float64)
    return np.full(steps.size, value) if value.ndim == 0 else np.repeat(value[:, None], steps.size, axis=1)


def _one(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.ones(steps.size)


def _zero(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.zeros(steps.size)


def _slope(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    return np.full(steps.size, getattr(inner, "decrease", None) or inner.slope)


def null_limit(lipschitz: Any, slope: float, tolerance: float) -> Any:
    """Return J, the most null steps in a row before ||d|| <= tolerance, from ||d|| <= C at first."""
    return np.ceil(((np.asarray(lipschitz) / tolerance) ** 2 - 1) / (1 - slope) ** 2 * (1 - 1e-12))


def _null_count(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    return _per_run(null_limit(facts["lipschitz"], inner.slope, inner.tolerance), steps)


def _wolfe_count(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    ratio = np.asarray(facts["lipschitz"]) / ((1 - inner.slope) * inner.tolerance)
    return _per_run(np.ceil(4 * ratio**2), steps)


def serious_limit(facts: Facts, method: Any) -> Any:
    """Return (f(x_0)-f*)/(m delta epsilon): each serious step lowers f by at least m delta epsilon."""
    inner = innermost(method)
    return np.asarray(facts["initial_gap"]) / (inner.slope * inner.radius * inner.tolerance)


def _serious_count(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _per_run(serious_limit(facts, method), steps)


def _evaluation_count(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    nulls = null_limit(facts["lipschitz"], inner.slope, inner.tolerance)
    return _per_run((1 + serious_limit(facts, method)) * (1 + nulls), steps)


def _serious_to_target(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    R = reach(facts)
    target = 2 * R * inner.tolerance
    ratio = np.maximum(np.asarray(facts["initial_gap"]) / target, 1.0)
    return _per_run(2 * R / (inner.slope * inner.radius) * np.log(ratio) + 1, steps)


def _search_limit(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.size, SEARCH_LIMIT)


def _within_reach(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    return row_norm(x - facts["x_star"]) / reach(facts) - 1


def _radius_for_target(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    target = 2 * reach(facts) * inner.tolerance
    return float(np.max(inner.radius * 4 * np.asarray(facts["lipschitz"]) / target - 1))


WITHIN_REACH = Assumption("every query is within R of the minimiser", on_query=_within_reach)
RADIUS_BELOW = Assumption("the radius is at most tau/(4C)", on_setup=_radius_for_target)


def _bound(id: str, title: str, formula: str, measure: Any, value: Any, **more: Any) -> Bound:
    defaults: dict[str, Any] = {
        "output": Worst(),
        "assumptions": (SUBGRADIENTS_BOUNDED,),
        "source": HERE,
        "provenance": "derived",
        "evidence": ("derived here",),
    }
    return Bound(id=id, title=title, formula=formula, measure=measure, value=value, **{**defaults, **more})


NULL_SHARP = _bound(
    "CSG-01",
    "a null step shortens the direction, sharp constant",
    r"\|d^+\|^2\le b-\frac{(1-m)^2b^2}{(1-2m)b+C^2}",
    NULL_STEP_SHARP,
    _one,
    tight_on="max-coordinate without truncation, m = 0",
)
NULL_WOLFE = _bound(
    "CSG-02",
    "a null step shortens the direction, Wolfe's constant",
    r"\|d^+\|^2\le b-\frac{(1-m)^2b^2}{4C^2}",
    NULL_STEP_CRUDE,
    _one,
    source=WOLFE,
    remark="u = (1-m) b / (4 C^2) in ||d + u(g-d)||^2, whose curvature is at most 4 C^2.",
)
NULL_TEST = _bound(
    "CSG-03",
    "a failed test alone bounds the slope along the direction",
    r"f(y)>f(x)-m\delta\|d\|\Rightarrow\langle g,d\rangle<m\|d\|^2",
    NULL_SLOPE,
    _slope,
    remark="f(x) >= f(y) + <g, x-y> = f(y) + t <g, d> with y = x - t d. Needs convexity.",
)
NULLS = _bound(
    "CSG-04",
    "null steps in a row until the direction is short",
    r"J=\Big\lceil\frac{C^2/\epsilon^2-1}{(1-m)^2}\Big\rceil",
    NULL_COUNT,
    _null_count,
    tight_on="max-coordinate without truncation, m = 0",
    remark="Four times sharper than with Wolfe's constant: 1/b grows by (1-m)^2/C^2 with each null step.",
)
NULLS_WOLFE = _bound(
    "CSG-05",
    "null steps in a row, Wolfe's constant",
    r"J=\Big\lceil\frac{4C^2}{(1-m)^2\epsilon^2}\Big\rceil",
    NULL_COUNT,
    _wolfe_count,
    source=WOLFE,
)
SERIOUS = _bound(
    "CSG-06",
    "number of serious steps",
    r"\#\mathrm{serious}\le\frac{f(x_0)-f^\star}{m\delta\epsilon}",
    SERIOUS_COUNT,
    _serious_count,
)
ALL_EVALUATIONS = _bound(
    "CSG-07",
    "number of evaluations",
    r"\Big(1+\frac{f(x_0)-f^\star}{m\delta\epsilon}\Big)(1+J)",
    EVALUATIONS,
    _evaluation_count,
)
SERIOUS_TO_TARGET = _bound(
    "CSG-08",
    "serious steps to a target gap, with a logarithm only",
    r"\frac{2R}{m\delta}\ln\frac{v_0}{\tau}+1,\quad\epsilon=\frac{\tau}{2R},\;\delta\le\frac{\tau}{4C}",
    SERIOUS_BEFORE_TARGET,
    _serious_to_target,
    assumptions=(SUBGRADIENTS_BOUNDED, WITHIN_REACH, RADIUS_BELOW),
    remark="While the gap is v >= tau, ||d|| >= v/(2R) at a serious step, so v contracts by 1 - m delta/(2R).",
)
CERTIFICATE = _bound(
    "CSG-09",
    "the gap is within its certificate at every step",
    r"f(x)-f^\star\le\|d\|\,\|x-x^\star\|+\bar e(x)",
    CERTIFICATE_RATIO,
    _one,
)
STRONG_CERTIFICATE = _bound(
    "CSG-10",
    "strong convexity: a certificate without a distance",
    r"f^\star\ge\alpha+\langle d,\bar y\rangle-\frac{\|d\|^2}{2\mu}",
    STRONG_CERTIFICATE_RATIO,
    _one,
    assumptions=(),
)
LOCALITY = _bound(
    "CSG-11",
    "with reset the linearisation error is local",
    r"\bar e(x)\le2C\delta",
    LINEARIZATION_RATIO,
    _one,
)
STOP = _bound(
    "CSG-12",
    "a short direction means a small gap",
    r"\|d\|\le\epsilon\Rightarrow f(x)-f^\star\le\epsilon\|x-x^\star\|+2C\delta",
    PROMISE_RATIO,
    _one,
    remark="True where every subgradient inside d was taken within delta of x, which needs resets.",
)
STOP_WITHOUT_RESET = _bound(
    "CSG-13",
    "without reset a short direction means a small gap",
    r"\|d\|\le\epsilon\Rightarrow f(x)-f^\star\le\epsilon\|x-x^\star\|+2C\delta_{\min}",
    PROMISE_RATIO,
    _one,
    source=ANCESTORS,
    provenance="secondary",
    remark="False: d mixes far subgradients and can only get shorter.",
)
FREEZE = _bound(
    "CSG-14",
    "without reset every run freezes above the promised gap",
    r"\|d\|\le\epsilon,\quad f(x)-f^\star>\epsilon\|x-x^\star\|+2C\delta_{\min}",
    PROMISE_RATIO,
    _one,
    output=Last(),
    side="lower",
    anytime=False,
)
SEARCH_ENDS = _bound(
    "CSG-15",
    "a line search with the one-sided set R ends",
    r"\#\mathrm{trials}\le64",
    LONGEST_SEARCH,
    _search_limit,
    source=WOLFE,
    remark="L is an interval (0, t] and its upper part lies in R where m_L < m_R. The number is a limit of float64.",
)
SEARCH_ENDS_TWO_SIDED = _bound(
    "CSG-16",
    "a line search with the two-sided set R ends",
    r"\#\mathrm{trials}\le64",
    LONGEST_SEARCH,
    _search_limit,
    source=ANCESTORS,
    provenance="secondary",
    remark="False: on f = |x| no step has a decrease and a positive slope that is small enough.",
)
VALIDATED = _bound(
    "CSG-17",
    "no accepted step raises the value on the validation sample",
    r"\hat f(x^+)-\hat f(x)\le0",
    VALIDATION_RISE,
    _zero,
    source=ANCESTORS,
    provenance="secondary",
    assumptions=(),
    remark="True for the test 'validation change <= eta times the sample's change', false for the printed converse.",
)

BOUNDS = (
    NULL_SHARP,
    NULL_WOLFE,
    NULL_TEST,
    NULLS,
    NULLS_WOLFE,
    SERIOUS,
    ALL_EVALUATIONS,
    SERIOUS_TO_TARGET,
    CERTIFICATE,
    STRONG_CERTIFICATE,
    LOCALITY,
    STOP,
    STOP_WITHOUT_RESET,
    FREEZE,
    SEARCH_ENDS,
    SEARCH_ENDS_TWO_SIDED,
    VALIDATED,
)
