"""Bundles of subgradients and the shortest point of their convex hull."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import BoolArray, FloatArray, IntArray, row_dot
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.conjugate_state import ConjugateState


class Bundle(NamedTuple):
    """The latest subgradients of each run with their minorants; `filled` of the slots are in use.

    Shapes: gradients and anchors (runs, slots, dim), offsets (runs, slots), filled (runs,).
    """

    gradients: FloatArray
    anchors: FloatArray
    offsets: FloatArray
    filled: IntArray

    def emptied(self, where: BoolArray) -> Bundle:
        """Return the bundle with the rows `where` empty."""
        return self._replace(filled=np.where(where, 0, self.filled))


def empty_bundle(x: FloatArray, size: int) -> Bundle:
    """Return an empty bundle beside an aggregated direction: `size` - 1 slots."""
    slots = np.zeros((x.shape[0], size - 1, x.shape[1]))
    return Bundle(slots, slots, slots[..., 0], np.zeros(x.shape[0], dtype=np.int64))


def shortest_point_weights(points: FloatArray) -> FloatArray:
    r"""Return the convex weights of the point of the hull of the rows of `points` that is nearest to the origin.

    The nonnegative least-squares problem :math:`\min_{u\ge 0} \|P^T u\|^2 + (1^T u - 1)^2` has the solution u = s w
    with w the wanted weights: for u = s w the minimum over s is increasing in :math:`\|P^T w\|`.

    Parameters
    ----------
    points : (count, dim) array

    Returns
    -------
    (count,) array
    """
    from scipy.optimize import nnls

    if points.ndim != 2 or points.shape[0] == 0:
        raise InputError(f"points has shape {points.shape}, but it must be (count, dim) with at least one row.")
    # Squares are compared with 1, so the points are scaled to length 1 first.
    scale = np.sqrt(np.max(row_dot(points, points)))
    system = np.vstack([points.T / (scale if scale > 0 else 1.0), np.ones(points.shape[0])])
    weights, _ = nnls(system, np.concatenate([np.zeros(points.shape[1]), [1.0]]))
    return weights / weights.sum()


def fold(
    y: FloatArray, value: FloatArray, g: FloatArray, state: ConjugateState, bundle: Bundle, where: BoolArray
) -> tuple[ConjugateState, Bundle]:
    """Fold (value, g) at y into bundle and direction of the rows `where`.

    The new direction is the shortest point of the hull of the old direction and the bundle, so that the guarantees of
    the two-point rule stay.
    """
    direction, offset, anchor = state.direction.copy(), state.offset.copy(), state.anchor.copy()
    gradients, anchors, offsets = bundle.gradients.copy(), bundle.anchors.copy(), bundle.offsets.copy()
    filled, slots = bundle.filled.copy(), bundle.gradients.shape[1]
    minorant = value - row_dot(g, y)
    for run in np.flatnonzero(where):
        slot = filled[run] % slots
        gradients[run, slot], anchors[run, slot], offsets[run, slot] = g[run], y[run], minorant[run]
        filled[run] += 1
        used = min(int(filled[run]), slots)
        weights = shortest_point_weights(np.vstack([direction[run], gradients[run, :used]]))
        direction[run] = weights @ np.vstack([direction[run], gradients[run, :used]])
        offset[run] = weights @ np.concatenate([offset[run : run + 1], offsets[run, :used]])
        anchor[run] = weights @ np.vstack([anchor[run], anchors[run, :used]])
    before = np.where(where, row_dot(state.direction, state.direction), state.before)
    after = state._replace(direction=direction, offset=offset, anchor=anchor, before=before)
    return after, Bundle(gradients, anchors, offsets, filled)
