r"""Conjugate subgradients: the minimum-norm point of the old direction and the new subgradient.

The aggregated subgradient d is what is stepped along, as -d. Sources: Wolfe (1975), "A method of conjugate
subgradients for minimizing nondifferentiable functions"; Lemarechal (1975); the two-point rule of Zhang and Sen (2024).
The one-point test, its constants and its certificate are derived in this package (`theory.bounds.conjugate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.method import Oracle


def last_axis_dot(a: Array, b: Array) -> Array:
    """Return the inner product over the last axis, the shape of one vector per leading index."""
    if isinstance(a, np.ndarray):
        return np.einsum("...j,...j->...", a, b)
    return namespace(a).vecdot(a, b, axis=-1)


def conjugate_weight(d: Array, g: Array, metric: Array | None = None) -> Array:
    r"""Return the weight of the old direction in the minimum-norm point of conv{d, g}.

    .. math:: \lambda = \mathrm{clip}\Big(\frac{\langle g, g-d\rangle_D}{\|g-d\|_D^2},\,0,\,1\Big),
       \qquad \lambda = 1 \text{ if } d = g

    Parameters
    ----------
    d, g : (..., n) arrays
        Old direction and new subgradient; each vector lies along the last axis.
    metric : (..., n) array, optional
        Positive diagonal D of the inner product, Euclidean if None.

    Returns
    -------
    (...) array
    """
    xp = namespace(d)
    difference = g - d
    scaled = difference if metric is None else metric * difference
    spread = last_axis_dot(difference, scaled)
    weight = last_axis_dot(g, scaled) / xp.where(spread > 0, spread, xp.ones_like(spread))
    return xp.where(spread > 0, xp.clip(weight, 0.0, 1.0), xp.ones_like(spread))


def aggregate(d: Array, g: Array, weight: Array) -> Array:
    r"""Return :math:`\lambda d + (1-\lambda) g`, which is d or g itself, bit for bit, at the ends.

    Parameters
    ----------
    d, g : (..., n) arrays
    weight : (...) array
        Weight of `d`.
    """
    w = weight[..., None]
    return w * d + (1 - w) * g


def affine_aggregate(old: Array, new: Array, weight: Array) -> Array:
    """Return the same convex combination of numbers, shape (...)."""
    return weight * old + (1 - weight) * new


class AggregationState(NamedTuple):
    """Last update of an aggregation: d before, the subgradient, the weight of d, d after; `k` updates were made."""

    k: int
    previous: Array
    gradient: Array
    weight: Array
    direction: Array


@dataclass(frozen=True, slots=True)
class Aggregation:
    """Aggregates subgradients at one point that never moves: what noise alone does to the direction.

    Parameters
    ----------
    swapped : bool
        True puts the weight of the old direction on the new subgradient, as one transcription of SCS-AdamW prints;
        the result is then not the minimum-norm point.
    """

    swapped: bool = False

    def init(self, x: Array) -> AggregationState:
        """Return the state before the first subgradient."""
        return AggregationState(0, 0 * x, 0 * x, 0 * x[..., 0], 0 * x)

    def step(self, x: Array, state: AggregationState, oracle: Oracle) -> tuple[Array, AggregationState]:
        """Fold in one subgradient at `x`."""
        g = oracle.subgradient(x)
        if state.k == 0:
            return x, AggregationState(1, g, g, 0 * g[..., 0], g)
        weight = conjugate_weight(state.direction, g)
        direction = aggregate(state.direction, g, 1 - weight if self.swapped else weight)
        return x, AggregationState(state.k + 1, state.direction, g, weight, direction)


EXAMPLES = {
    "aggregation": Aggregation(),
}
