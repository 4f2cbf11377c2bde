"""What every conjugate subgradient method carries, and how one evaluation changes it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import BoolArray, FloatArray, row_dot
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.conjugate import affine_aggregate, aggregate, conjugate_weight


class Promise(NamedTuple):
    """What the parameters of a method promise at its stop: f(x) - f* <= tolerance ||x - x*|| + 2 C locality.

    `slope` is the share m of the predicted decrease that a serious step must reach, `locality` the largest distance
    from x at which subgradients inside the direction were taken.
    """

    slope: float
    tolerance: float
    locality: float


class ConjugateState(NamedTuple):
    """What a conjugate subgradient method carries, one entry for each run.

    `offset` and `anchor` belong to the aggregated minorant offset + <direction, z> of the function (of the sample's
    function, where a sample is used), `value` is the function at the centre; `before` is the squared norm of the
    direction before the last update, `null` and `serious` say what the last evaluation was; `phase_norm` is the squared
    norm at the last reset, `nulls` the null steps since then, `most_nulls` their largest number so far; `along` is
    <g, d> / ||d||^2 of the last evaluation without sufficient decrease, minus infinity elsewhere.
    """

    k: int
    promise: Promise
    direction: FloatArray
    offset: FloatArray
    anchor: FloatArray
    value: FloatArray
    before: FloatArray
    phase_norm: FloatArray
    null: BoolArray
    serious: BoolArray
    nulls: FloatArray
    most_nulls: FloatArray
    serious_count: FloatArray
    along: FloatArray
    evaluated: FloatArray
    stopped: BoolArray


def empty_state(x: FloatArray, promise: Promise) -> ConjugateState:
    """Return the state before the first evaluation."""
    zero = np.zeros(x.shape[0])
    no = np.zeros(x.shape[0], dtype=bool)
    return ConjugateState(
        k=0,
        promise=promise,
        direction=np.zeros_like(x),
        offset=zero,
        anchor=np.zeros_like(x),
        value=zero,
        before=zero,
        phase_norm=zero,
        null=no,
        serious=no,
        nulls=zero,
        most_nulls=zero,
        serious_count=zero,
        along=zero - np.inf,
        evaluated=zero,
        stopped=no,
    )


def reset_at(
    x: FloatArray, value: FloatArray, g: FloatArray, state: ConjugateState, where: BoolArray
) -> ConjugateState:
    """Return the state with direction, minorant and counters of the rows `where` begun anew from (value, g) at x."""
    rows = where[:, None]
    square = row_dot(g, g)
    return state._replace(
        direction=np.where(rows, g, state.direction),
        offset=np.where(where, value - row_dot(g, x), state.offset),
        anchor=np.where(rows, x, state.anchor),
        value=np.where(where, value, state.value),
        before=np.where(where, square, state.before),
        phase_norm=np.where(where, square, state.phase_norm),
        nulls=np.where(where, 0.0, state.nulls),
    )


def aggregated(
    y: FloatArray, value: FloatArray, g: FloatArray, state: ConjugateState, where: BoolArray
) -> ConjugateState:
    """Return the state with (value, g) at y folded into direction and minorant of the rows `where`."""
    rows = where[:, None]
    weight = conjugate_weight(state.direction, g)
    return state._replace(
        direction=np.where(rows, aggregate(state.direction, g, weight), state.direction),
        offset=np.where(where, affine_aggregate(state.offset, value - row_dot(g, y), weight), state.offset),
        anchor=np.where(rows, aggregate(state.anchor, y, weight), state.anchor),
        before=np.where(where, row_dot(state.direction, state.direction), state.before),
    )


def trial_point(x: FloatArray, direction: FloatArray, radius: float | FloatArray) -> FloatArray:
    """Return x - radius * direction / ||direction||, and x itself where the direction is zero."""
    norm = np.sqrt(row_dot(direction, direction))
    return x - (radius / np.where(norm > 0, norm, np.inf))[:, None] * direction


def require_slope(slope: float) -> None:
    """Raise `InputError` unless the test slope m is in [0, 1)."""
    if not 0 <= slope < 1:
        raise InputError(f"slope is {slope!r}, but the share m of the predicted decrease must be in [0, 1).")


def counted(
    old: ConjugateState, new: ConjugateState, serious: BoolArray, null: BoolArray, along: FloatArray
) -> ConjugateState:
    """Return `new` with the counters of `old` moved on by one evaluation."""
    nulls = old.nulls + null
    return new._replace(
        k=old.k + 1,
        null=null,
        serious=serious,
        nulls=nulls,
        most_nulls=np.maximum(old.most_nulls, nulls),
        serious_count=old.serious_count + serious,
        along=np.where(null, along, -np.inf),
        evaluated=old.evaluated + ~old.stopped,
    )


def slope_along(d: FloatArray, g: FloatArray) -> FloatArray:
    """Return <g, d> / ||d||^2 for each row, 0 where d is zero."""
    square = row_dot(d, d)
    return np.where(square > 0, row_dot(g, d) / np.where(square > 0, square, 1.0), 0.0)


def stopped_below(tolerance: float, state: ConjugateState) -> ConjugateState:
    """Return the state with the runs stopped whose direction is no longer than `tolerance`."""
    norm = np.sqrt(row_dot(state.direction, state.direction))
    return state._replace(stopped=state.stopped | (norm <= tolerance))
