"""The primal-dual hybrid gradient method for min over x, max over y of G(x) + <K x, y> - F*(y)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_positive


class PrimalDual(NamedTuple):
    """The number of the next step, the extrapolated primal point and the point whose average theorems speak about."""

    k: int
    extrapolated: Array
    middle: Array


def extrapolate(new: Array, old: Array, theta: float) -> Array:
    """Return ``new + theta * (new - old)``."""
    return new + theta * (new - old)


@dataclass(frozen=True, slots=True)
class PDHG:
    r"""The primal-dual hybrid gradient method (Chambolle and Pock 2011).

    Primal first (theta = 1):
    :math:`x_+ = \mathrm{prox}_{tG}(x - tK^\top y)`, :math:`y_+ = \mathrm{prox}_{sF^*}(y + sK(x_+ + \theta(x_+ - x)))`.
    Dual first: :math:`y_+ = \mathrm{prox}_{sF^*}(y + sK\bar x)`, :math:`x_+ = \mathrm{prox}_{tG}(x - tK^\top y_+)`,
    :math:`\bar x_+ = x_+ + \theta(x_+ - x)`.

    Parameters
    ----------
    primal_step, dual_step : float
        t and s, with t s ||K||^2 at most 1.
    extrapolation : float
        theta in [0, 1].
    dual_first : bool
    """

    primal_step: float
    dual_step: float
    extrapolation: float = 1.0
    dual_first: bool = False

    def __post_init__(self) -> None:
        require_positive("primal step", self.primal_step)
        require_positive("dual step", self.dual_step)
        if not 0 <= self.extrapolation <= 1:
            raise InputError(f"extrapolation is {self.extrapolation!r}, but it must be in [0, 1].")

    def init(self, x: Array) -> PrimalDual:
        """Return the state before the first step; the extrapolated point starts at z_0 and is cut to its x part."""
        return PrimalDual(0, x, x)

    def step(self, x: Array, state: PrimalDual, oracle: Any) -> tuple[Array, PrimalDual]:
        """Take one step of one product with K and one with its transpose, together one gradient."""
        n, t, s, theta = oracle.split, self.primal_step, self.dual_step, self.extrapolation
        primal, dual = x[:, :n], x[:, n:]
        if self.dual_first:
            bar = state.extrapolated[:, :n]
            dual = oracle.prox_dual(dual + s * oracle.push(bar), s)
            new = oracle.prox_primal(primal - t * oracle.pull(dual), t)
            bar = extrapolate(new, primal, theta)
        else:
            new = oracle.prox_primal(primal - t * oracle.pull(dual), t)
            bar = extrapolate(new, primal, theta)
            dual = oracle.prox_dual(dual + s * oracle.push(bar), s)
        moved = namespace(x).concatenate([new, dual], axis=1)
        return moved, PrimalDual(state.k + 1, bar, moved)
