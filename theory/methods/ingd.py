"""Interpolated normalised gradient descent, which certifies Goldstein stationarity as it goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_decay, require_positive
from ratecheck.theory.method import Method
from ratecheck.theory.methods.gradient import last_axis_norm


class INGDState(NamedTuple):
    """The anchor x, the current minimum-norm vector, its norm, and the smallest norm of any certified so far."""

    k: int
    anchor: Array
    vector: Array
    certificate: Array


@dataclass(frozen=True, slots=True)
class INGD:
    r"""Interpolated normalised gradient descent (Zhang et al., 2020; perturbed as in Davis et al., 2022).

    The vector g is a convex combination of gradients within delta of the anchor. Where the normalised step of length
    delta along g lowers f by at least :math:`\delta\|g\|/4` it is taken; else g is replaced by the shortest vector of
    the segment between g and a gradient at a random point of the path to :math:`x - \delta\zeta/\|\zeta\|`, zeta near
    g. It asks the oracle for ``value``; its state's ``certificate`` is the smallest norm of such a g so far, an upper
    bound on the smallest (delta, .)-Goldstein stationarity measure of the anchors.

    Parameters
    ----------
    delta : float
        Goldstein radius.
    perturbation : float
        Radius of the ball around g from which zeta is drawn, relative to the norm of g, in [0, 1).
    """

    delta: float
    perturbation: float = 1e-3

    def __post_init__(self) -> None:
        require_positive("delta", self.delta)
        require_decay("perturbation", self.perturbation)

    def init(self, x: Array) -> INGDState:
        """Return the state before the first step."""
        xp = namespace(x)
        return INGDState(0, x, xp.zeros_like(x), xp.zeros_like(x[:, 0]) + math.inf)

    def step(self, x: Array, state: INGDState, oracle: Any) -> tuple[Array, INGDState]:
        """Ask once, and either shorten the vector or move the anchor."""
        xp = namespace(x)
        u = xp.astype(oracle.uniform(1 + x.shape[1]), x.dtype)
        fresh = last_axis_norm(state.vector) == 0
        zeta = state.vector + self.perturbation * last_axis_norm(state.vector) * (2 * u[:, 1:] - 1) / x.shape[1] ** 0.5
        norm = last_axis_norm(zeta)
        unit = xp.where(norm > 0, zeta / xp.where(norm > 0, norm, xp.ones_like(norm)), xp.zeros_like(zeta))
        y = state.anchor - u[:, :1] * self.delta * unit
        h = oracle.subgradient(y)
        vector = xp.where(fresh, h, shortest_between(state.vector, h))
        length = last_axis_norm(vector)
        certificate = xp.minimum(state.certificate, length[:, 0])
        ahead = state.anchor - self.delta * vector / xp.where(length > 0, length, xp.ones_like(length))
        lower = oracle.value(state.anchor) - oracle.value(ahead) >= self.delta * length[:, 0] / 4
        moves = (lower & (length[:, 0] > 0))[:, None]
        anchor = xp.where(moves, ahead, state.anchor)
        return y, INGDState(state.k + 1, anchor, xp.where(moves, xp.zeros_like(x), vector), certificate)


def shortest_between(g: Array, h: Array) -> Array:
    """Return the shortest vector of the segment from `g` to `h`, row by row."""
    xp = namespace(g)
    side = h - g
    square = xp.sum(side * side, axis=-1, keepdims=True)
    share = -xp.sum(g * side, axis=-1, keepdims=True) / xp.where(square > 0, square, xp.ones_like(square))
    share = xp.minimum(xp.maximum(share, xp.zeros_like(share)), xp.ones_like(share))
    return g + share * side


EXAMPLES: dict[str, Method] = {
    "ingd": INGD(0.1),
}
