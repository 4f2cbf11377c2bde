r"""Measures of an aggregated subgradient: how short it is, what it certifies, and the laws that every update obeys.

The aggregated minorant l(z) = offset + <d, z> of a convex f gives the linearisation error e(x) = f(x) - l(x) >= 0 and
the certificate f(x) - f* <= ||d|| ||x - x*|| + e(x). All measures here are of the method's state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_dot, row_norm
from ratecheck.theory.stationarity.aggregation import quotient
from ratecheck.theory.stationarity.measure import Measure

TINY = 1e-12  # below it a certificate is rounding: sums of numbers of order 1


def conjugate(state: Any) -> Any:
    """Return the conjugate state inside the state of any conjugate subgradient method."""
    return getattr(state, "conjugate", state)


def _norm(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return row_norm(conjugate(state).direction)


def _squared_norm(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    d = conjugate(state).direction
    return row_dot(d, d)


def _largest_entry(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return np.abs(conjugate(state).direction).max(axis=1)


DIRECTION_NORM = Measure("direction norm", r"\|d_k\|", _norm, of="state")
SQUARED_DIRECTION_NORM = Measure("squared direction norm", r"\|d_k\|^2", _squared_norm, of="state")
LARGEST_ENTRY = Measure("largest entry of the direction", r"\|d_k\|_\infty", _largest_entry, of="state")


def _after_null(problem: Any, state: Any, constant: FloatArray | None) -> FloatArray:
    """Return ||d+||^2 over its bound b - (1-m)^2 b^2 / denominator after a null step, 0 elsewhere."""
    c = conjugate(state)
    m, C, b = c.promise.slope, problem.facts["lipschitz"], c.before
    denominator = (1 - 2 * m) * b + C**2 if constant is None else constant * C**2
    bound = b - ((1 - m) * b) ** 2 / denominator
    return np.where(c.null, quotient(row_dot(c.direction, c.direction), bound), 0.0)


def _null_sharp(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return _after_null(problem, state, None)


def _null_crude(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return _after_null(problem, state, np.array(4.0))


def _null_slope(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return conjugate(state).along


def _nulls(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return conjugate(state).most_nulls


def _serious(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return conjugate(state).serious_count


def _evaluated(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return conjugate(state).evaluated


def _trials(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.most_trials


NULL_STEP_SHARP = Measure("null step over sharp bound", r"\|d^+\|^2/b_{\mathrm{sharp}}", _null_sharp, of="state")
NULL_STEP_CRUDE = Measure("null step over Wolfe's bound", r"\|d^+\|^2/b_{\mathrm{Wolfe}}", _null_crude, of="state")
NULL_SLOPE = Measure("slope at a failed test", r"\langle g,d\rangle/\|d\|^2", _null_slope, of="state")
NULL_COUNT = Measure("null steps in a row", r"\#\mathrm{null}", _nulls, of="state")
SERIOUS_COUNT = Measure("serious steps", r"\#\mathrm{serious}", _serious, of="state")
EVALUATIONS = Measure("evaluations", r"\#f", _evaluated, of="state")
LONGEST_SEARCH = Measure("evaluations of one line search", r"\#\mathrm{trials}", _trials, of="state")


def _distance(problem: Any, x: FloatArray) -> FloatArray:
    return row_norm(x - problem.facts["x_star"])


def linearization(x: FloatArray, state: Any) -> FloatArray:
    """Return the linearisation error at x, at least 0, shape (runs,)."""
    c = conjugate(state)
    return c.value - c.offset - row_dot(c.direction, x)


def _certified(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return the gap over its certificate; before the first evaluation there is none."""
    c = conjugate(state)
    if c.k == 0:
        return np.zeros(x.shape[0])
    certificate = row_norm(c.direction) * _distance(problem, x) + linearization(x, state)
    return (c.value - problem.facts["f_star"]) / np.maximum(certificate, TINY)


def _strongly_certified(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return the gap over f(x) - (offset + <d, anchor> - ||d||^2 / (2 mu)), which needs no distance."""
    c = conjugate(state)
    if c.k == 0:
        return np.zeros(x.shape[0])
    d = c.direction
    lower = c.offset + row_dot(d, c.anchor) - row_dot(d, d) / (2 * problem.facts["strong_convexity"])
    return (c.value - problem.facts["f_star"]) / np.maximum(c.value - lower, TINY)


def _linearization(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return e(x) / (2 C locality), which is in [0, 1]."""
    c = conjugate(state)
    if c.k == 0:
        return np.zeros(x.shape[0])
    return linearization(x, state) / (2 * problem.facts["lipschitz"] * c.promise.locality)


def _promised(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return the gap of a stopped run over tolerance ||x - x*|| + 2 C locality, 0 for a run that goes on."""
    c = conjugate(state)
    promise = c.promise.tolerance * _distance(problem, x) + 2 * problem.facts["lipschitz"] * c.promise.locality
    return np.where(c.stopped, (problem.value(x) - problem.facts["f_star"]) / promise, 0.0)


def _serious_before_target(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return the serious steps of a run whose gap is not below the target 2 R tolerance yet, 0 of the others."""
    c = conjugate(state)
    target = 2 * reach(problem.facts) * c.promise.tolerance
    return np.where(problem.value(x) - problem.facts["f_star"] >= target, c.serious_count, 0.0)


def reach(facts: Any) -> FloatArray:
    """Return the R that bounds ||x - x*|| along a run: twice the distance at the start, checked on the run."""
    return 2 * np.asarray(facts["radius"])


CERTIFICATE_RATIO = Measure(
    "gap over certificate", r"(f(x)-f^\star)/(\|d\|\,\|x-x^\star\|+\bar e(x))", _certified, of="state"
)
STRONG_CERTIFICATE_RATIO = Measure(
    "gap over distance-free certificate",
    r"(f(x)-f^\star)/(f(x)-\alpha-\langle d,\bar y\rangle+\|d\|^2/(2\mu))",
    _strongly_certified,
    of="state",
)
LINEARIZATION_RATIO = Measure("linearisation error over 2C delta", r"\bar e(x)/(2C\delta)", _linearization, of="state")
PROMISE_RATIO = Measure(
    "gap at the stop over promise", r"(f(x)-f^\star)/(\epsilon\|x-x^\star\|+2C\delta)", _promised, of="state"
)
SERIOUS_BEFORE_TARGET = Measure(
    "serious steps before the target", r"\#\mathrm{serious}\,[f(x)-f^\star\ge\tau]", _serious_before_target, of="state"
)


def _true_shortfall(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return 1 - (true decrease)/(m delta epsilon / 2) of a serious step on a sample, at least 0."""
    c = conjugate(state)
    least = c.promise.slope * c.promise.locality * c.promise.tolerance / 2
    decrease = problem.value(state.previous) - problem.value(x)
    return np.where(c.serious, np.maximum(1 - decrease / least, 0.0), 0.0)


def _stopped_gap(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return np.where(conjugate(state).stopped, problem.value(x) - problem.facts["f_star"], 0.0)


def _sample_bias(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return |(f_S-f)(x) - (f_S-f)(x_0)| over sigma ||x - x_0|| sqrt(2/(nN)), where the sample was drawn at x."""
    shift = row_norm(x - problem.start)
    told = np.zeros(x.shape[0])
    if state.sample is None:
        return told
    start = problem.start[None]
    unit = problem.facts["noise_bound"] * np.sqrt(2 / (problem.facts["dim"] * state.size))
    for run in np.flatnonzero((shift > 0) & ~conjugate(state).serious):
        here, data = x[run : run + 1], state.sample[run]
        sampled = problem.sample_value(here, data) - problem.sample_value(start, data)
        told[run] = abs((sampled - problem.value(here) + problem.value(start))[0])
    return told / (np.where(shift > 0, shift, 1.0) * unit)


def _spent(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.spent


def _sample_size(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.size.astype(np.float64)


def _stopping_time(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.stopped_at


def _rejected_rise(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return the change of the validation value over an accepted step, 0 elsewhere: positive is a rise."""
    return np.where(conjugate(state).serious, state.validation_change, 0.0)


TRUE_SHORTFALL = Measure(
    "shortfall of the true decrease", r"(1-2[f(x)-f(x^+)]/(m\delta\epsilon))^+", _true_shortfall, of="state"
)
STOPPED_GAP = Measure("gap at the stop", r"f(x)-f^\star", _stopped_gap, of="state")
SAMPLE_BIAS = Measure(
    "sample bias at the centre",
    r"|(f_S-f)(x)-(f_S-f)(x_0)|\big/\big(\sigma\|x-x_0\|\sqrt{2/(nN)}\big)",
    _sample_bias,
    of="state",
)
VALIDATION_RISE = Measure("validation change of an accepted step", r"\hat f(x^+)-\hat f(x)", _rejected_rise, of="state")
SPENT = Measure("sample gradients", r"\sum_kN_k", _spent, of="state")
SAMPLE_SIZE = Measure("sample size", r"N_k", _sample_size, of="state")
STOPPING_TIME = Measure("stopping time", r"T_\epsilon", _stopping_time, of="state")

MEASURES = (
    DIRECTION_NORM,
    SQUARED_DIRECTION_NORM,
    LARGEST_ENTRY,
    NULL_STEP_SHARP,
    NULL_STEP_CRUDE,
    NULL_SLOPE,
    NULL_COUNT,
    SERIOUS_COUNT,
    EVALUATIONS,
    LONGEST_SEARCH,
    CERTIFICATE_RATIO,
    STRONG_CERTIFICATE_RATIO,
    LINEARIZATION_RATIO,
    PROMISE_RATIO,
    SERIOUS_BEFORE_TARGET,
    TRUE_SHORTFALL,
    STOPPED_GAP,
    SAMPLE_BIAS,
    VALIDATION_RISE,
    SPENT,
    SAMPLE_SIZE,
    STOPPING_TIME,
)
