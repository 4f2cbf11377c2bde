"""Gradient descent-ascent, simultaneous and alternating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_positive
from ratecheck.theory.methods.gradient import StepCount


def forward_update(z: Array, operator: Array, step_size: float) -> Array:
    """Return ``z - step_size * operator``, the forward step that the whole family is made of."""
    return z - step_size * operator


@dataclass(frozen=True, slots=True)
class GDA:
    r"""Simultaneous gradient descent-ascent, :math:`z_{k+1} = z_k - \gamma F(z_k)`; projected on the domain.

    Converges for strongly monotone F and step below 2 mu / L^2; spirals outward on bilinear games for every step.

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Any) -> tuple[Array, StepCount]:
        """Take one step."""
        return oracle.project(forward_update(x, oracle.operator(x), self.step_size)), StepCount(state.k + 1)


@dataclass(frozen=True, slots=True)
class AlternatingGDA:
    r"""Alternating gradient descent-ascent: y uses the new x.

    .. math:: x_{k+1} = x_k - \gamma \nabla_x f(x_k, y_k), \quad y_{k+1} = y_k + \gamma \nabla_y f(x_{k+1}, y_k)

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Any) -> tuple[Array, StepCount]:
        """Take one step; the two half operators cost as much as two whole ones here."""
        xp, n = namespace(x), oracle.split
        descent = forward_update(x, oracle.operator(x), self.step_size)
        half = oracle.project(xp.concatenate([descent[:, :n], x[:, n:]], axis=1))
        ascent = forward_update(half, oracle.operator(half), self.step_size)
        return oracle.project(xp.concatenate([half[:, :n], ascent[:, n:]], axis=1)), StepCount(state.k + 1)
