"""Extragradient and its relatives that save one of the two operator evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array
from ratecheck.theory.errors import require_positive
from ratecheck.theory.methods.saddle.gradient import forward_update


class Middle(NamedTuple):
    """The number of the next step and the point in the middle of the last step, whose average theorems speak about."""

    k: int
    middle: Array


class Past(NamedTuple):
    """The number of the next step, the last middle point w_{k-1} and the operator there."""

    k: int
    middle: Array
    operator: Array


def optimistic_update(z: Array, operator: Array, past: Array, step_size: float) -> Array:
    """Return ``z - 2 * step_size * operator + step_size * past``."""
    return z - step_size * (2.0 * operator - past)


@dataclass(frozen=True, slots=True)
class Extragradient:
    r"""Extragradient (Korpelevich 1976); both half steps share one step size and the projection on the domain.

    .. math:: w_k = \Pi(z_k - \gamma F(z_k)), \qquad z_{k+1} = \Pi(z_k - \gamma F(w_k))

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> Middle:
        """Return the state before the first step."""
        return Middle(0, x)

    def step(self, x: Array, state: Middle, oracle: Any) -> tuple[Array, Middle]:
        """Take one step of two operator evaluations."""
        middle = oracle.project(forward_update(x, oracle.operator(x), self.step_size))
        moved = oracle.project(forward_update(x, oracle.operator(middle), self.step_size))
        return moved, Middle(state.k + 1, middle)


@dataclass(frozen=True, slots=True)
class PastExtragradient:
    r"""Past extragradient (Popov 1980): the operator of the last middle point is used again.

    .. math:: w_k = \Pi(x_k - \gamma F(w_{k-1})), \quad x_{k+1} = \Pi(x_k - \gamma F(w_k)), \quad w_{-1} = x_0

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> Past:
        """Return the state before the first step."""
        return Past(0, x, 0.0 * x)

    def step(self, x: Array, state: Past, oracle: Any) -> tuple[Array, Past]:
        """Take one step of one operator evaluation (two in the first)."""
        past = state.operator if state.k else oracle.operator(x)
        middle = oracle.project(forward_update(x, past, self.step_size))
        operator = oracle.operator(middle)
        return oracle.project(forward_update(x, operator, self.step_size)), Past(state.k + 1, middle, operator)


@dataclass(frozen=True, slots=True)
class OGDA:
    r"""Optimistic gradient descent-ascent, the middle points of past extragradient without a projection.

    .. math:: z_{k+1} = z_k - 2\gamma F(z_k) + \gamma F(z_{k-1}), \qquad F(z_{-1}) = F(z_0)

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> Past:
        """Return the state before the first step."""
        return Past(0, x, 0.0 * x)

    def step(self, x: Array, state: Past, oracle: Any) -> tuple[Array, Past]:
        """Take one step of one operator evaluation."""
        operator = oracle.operator(x)
        past = state.operator if state.k else operator
        return optimistic_update(x, operator, past, self.step_size), Past(state.k + 1, x, operator)
