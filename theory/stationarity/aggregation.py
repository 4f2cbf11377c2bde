r"""Measures of one update of an aggregated direction, and of the AdamW-like steps along it.

With p the old direction, g the new subgradient and d the new direction; before two subgradients there is no update.
All measures here are of the method's state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_dot, row_norm
from ratecheck.theory.stationarity.measure import Measure


def quotient(upper: FloatArray, lower: FloatArray) -> FloatArray:
    """Return upper / lower, 0 where both are 0, infinity where only the lower is not positive."""
    safe = np.where(lower > 0, lower, 1.0)
    return np.where(lower > 0, upper / safe, np.where(upper > 0, np.inf, 0.0))


def _norm_ratio(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    shorter = np.minimum(row_norm(state.previous), row_norm(state.gradient))
    return quotient(row_norm(state.direction), shorter)


def _inner_ratio(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    d = state.direction
    return quotient(row_dot(d, d), np.minimum(row_dot(d, state.previous), row_dot(d, state.gradient)))


def _weight_mismatch(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    p, g, weight = state.previous, state.gradient, state.weight
    cross = row_dot(p, g)
    old_alone, new_alone = cross >= row_dot(p, p), cross >= row_dot(g, g)
    wrong = ((weight == 1) != old_alone) | ((weight == 0) != new_alone)
    return np.where(state.k < 2, 0.0, wrong)


def _interior_law(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    p, g, d = state.previous, state.gradient, state.direction
    spread = row_dot(p - g, p - g)
    law = (row_dot(p, p) * row_dot(g, g) - row_dot(p, g) ** 2) / np.where(spread > 0, spread, 1.0)
    interior = (state.weight > 0) & (state.weight < 1)
    return np.where(interior, row_dot(d, d) / np.where(interior, law, 1.0), 1.0)


def _reciprocal_sum(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    p, g, d = state.previous, state.gradient, state.direction
    obtuse = (row_dot(p, g) <= 0) & (row_dot(p, p) > 0) & (state.k > 1)
    total = 1 / np.where(obtuse, row_dot(p, p), 1.0) + 1 / np.where(obtuse, row_dot(g, g), 1.0)
    return np.where(obtuse, row_dot(d, d) * total, 0.0)


def _regrown(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    was_zero = (row_dot(state.previous, state.previous) == 0) & (state.k > 1)
    return np.where(was_zero, row_norm(state.direction), 0.0)


NORM_RATIO = Measure("norm over shorter input", r"\|d_t\|/\min(\|d_{t-1}\|,\|g_t\|)", _norm_ratio, of="state")
INNER_RATIO = Measure(
    "squared norm over inner products",
    r"\|d_t\|^2/\min(\langle d_t,d_{t-1}\rangle,\langle d_t,g_t\rangle)",
    _inner_ratio,
    of="state",
)
WEIGHT_MISMATCH = Measure(
    "weight at the wrong end", r"[\lambda_t\in\{0,1\}\text{ wrongly}]", _weight_mismatch, of="state"
)
INTERIOR_LAW = Measure("squared norm over its formula", r"\|d_t\|^2/b_t", _interior_law, of="state")
RECIPROCAL_SUM = Measure(
    "squared norm times reciprocal sum", r"\|d_t\|^2(\|d_{t-1}\|^{-2}+\|g_t\|^{-2})", _reciprocal_sum, of="state"
)
REGROWN_NORM = Measure("norm after zero", r"\|d_t\|\,[d_{t-1}=0]", _regrown, of="state")


def _descent_excess(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return (||d||_D^2 - <g, D d>) / ||g||_D^2, which is positive where -D d may not descend."""
    d, g, D = state.direction, state.gradient, state.metric
    return (row_dot(d * D, d) - row_dot(g * D, d)) / np.maximum(row_dot(g * D, g), 1e-300)


def _ascent(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    """Return -<g, D d> / (||d||_D ||g||_D): positive where the step goes up the sample's loss."""
    d, g, D = state.direction, state.gradient, state.metric
    scale = np.sqrt(np.maximum(row_dot(d * D, d) * row_dot(g * D, g), 1e-300))
    return -row_dot(g * D, d) / scale


def _singular(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.singular


def _largest_coordinate(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return np.abs(state.direction * state.metric).max(axis=1)


DESCENT_EXCESS = Measure("lack of descent", r"(\|d\|_D^2-\langle g,Dd\rangle)/\|g\|_D^2", _descent_excess, of="state")
ASCENT = Measure("rise of the sample's loss", r"-\langle g,Dd\rangle/(\|d\|_D\|g\|_D)", _ascent, of="state")
SINGULAR_STEPS = Measure("divisions by zero", r"\#\{t:\lambda_t^t=1\}", _singular, of="state")
LARGEST_COORDINATE = Measure(
    "largest coordinate of the step", r"\max_i|d_i|/(\sqrt{\hat v_i}+\epsilon)", _largest_coordinate, of="state"
)

MEASURES = (
    NORM_RATIO,
    INNER_RATIO,
    WEIGHT_MISMATCH,
    INTERIOR_LAW,
    RECIPROCAL_SUM,
    REGROWN_NORM,
    DESCENT_EXCESS,
    ASCENT,
    SINGULAR_STEPS,
    LARGEST_COORDINATE,
)
