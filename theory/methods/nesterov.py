"""Nesterov's accelerated gradient methods and FISTA."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.momentum import NESTEROV_RAMP, MomentumRule, momentum_at, require_momentum
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


class ExtrapolationState(NamedTuple):
    """The number k of the next step, the extrapolated point y, and FISTA's factor (1 elsewhere)."""

    k: int
    y: Array
    factor: float


@dataclass(frozen=True, slots=True)
class Nesterov:
    r"""Nesterov's accelerated gradient method with a given momentum.

    .. math:: x_{k+1} = y_k - \gamma_k \nabla f(y_k), \quad y_{k+1} = x_{k+1} + \beta_k (x_{k+1} - x_k), \quad y_0 = x_0

    The point of the run is x; `Extrapolated` shows y.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
        1/L in the theory.
    momentum : float or MomentumRule
        `NESTEROV_RAMP`, k/(k+3), for convex functions; ``constant_momentum(L, mu)`` for strongly convex ones.
    """

    step_size: StepSize | Schedule
    momentum: float | MomentumRule = NESTEROV_RAMP

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_momentum(self.momentum)

    def init(self, x: Array) -> ExtrapolationState:
        """Return the state before the first step."""
        return ExtrapolationState(0, x, 1.0)

    def step(self, x: Array, state: ExtrapolationState, oracle: Oracle) -> tuple[Array, ExtrapolationState]:
        """Take one step."""
        gamma = step_size_at(self.step_size, state.k, x)
        following = state.y - gamma * oracle.subgradient(state.y)
        y = following + momentum_at(self.momentum, state.k) * (following - x)
        return following, ExtrapolationState(state.k + 1, y, 1.0)


def constant_momentum(smoothness: float, strong_convexity: float) -> float:
    r"""Return :math:`(\sqrt\kappa - 1)/(\sqrt\kappa + 1)`, the constant momentum of strongly convex functions."""
    require_positive("smoothness", smoothness)
    require_positive("strong_convexity", strong_convexity)
    root_kappa = math.sqrt(smoothness / strong_convexity)
    return (root_kappa - 1) / (root_kappa + 1)


@dataclass(frozen=True, slots=True)
class Fista:
    r"""FISTA's momentum on a smooth function (Beck and Teboulle, 2009).

    .. math::

        x_{k+1} = y_k - \gamma_k \nabla f(y_k), \qquad
        y_{k+1} = x_{k+1} + \frac{\lambda_k - 1}{\lambda_{k+1}} (x_{k+1} - x_k), \qquad
        \lambda_{k+1} = \frac{1 + \sqrt{1 + 4\lambda_k^2}}{2}, \quad \lambda_0 = 1

    The point of the run is x; `Extrapolated` shows y.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
        1/L in the theory.
    """

    step_size: StepSize | Schedule

    def __post_init__(self) -> None:
        as_schedule(self.step_size)

    def init(self, x: Array) -> ExtrapolationState:
        """Return the state before the first step."""
        return ExtrapolationState(0, x, 1.0)

    def step(self, x: Array, state: ExtrapolationState, oracle: Oracle) -> tuple[Array, ExtrapolationState]:
        """Take one step."""
        gamma = step_size_at(self.step_size, state.k, x)
        following = state.y - gamma * oracle.subgradient(state.y)
        factor = (1 + math.sqrt(1 + 4 * state.factor**2)) / 2
        y = following + ((state.factor - 1) / factor) * (following - x)
        return following, ExtrapolationState(state.k + 1, y, factor)


class ExtrapolatedState(NamedTuple):
    """The inner method's point and state."""

    x: Array
    inner: Any


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """Shows the extrapolated points y_k of `Nesterov` or `Fista`, where the gradients are taken, as the run's points.

    Parameters
    ----------
    inner : Nesterov or Fista
    """

    inner: Nesterov | Fista

    def __post_init__(self) -> None:
        if not isinstance(self.inner, (Nesterov, Fista)):
            raise InputError(f"inner is {self.inner!r}, but only Nesterov and Fista have an extrapolated point.")

    def init(self, x: Array) -> ExtrapolatedState:
        """Return the state before the first step."""
        return ExtrapolatedState(x, self.inner.init(x))

    def step(self, x: Array, state: ExtrapolatedState, oracle: Oracle) -> tuple[Array, ExtrapolatedState]:
        """Take one inner step and return its extrapolated point."""
        inner_x, inner_state = self.inner.step(state.x, state.inner, oracle)
        return inner_state.y, ExtrapolatedState(inner_x, inner_state)


class VelocityState(NamedTuple):
    """The number k of the next step, and the velocity."""

    k: int
    v: Array


@dataclass(frozen=True, slots=True)
class LookAhead:
    r"""Nesterov's momentum as neural-network texts write it: the gradient is taken where momentum would lead.

    .. math:: v_k = \beta_k v_{k-1} + \eta_k \nabla f(x_k - \beta_k v_{k-1}), \qquad x_{k+1} = x_k - v_k

    With constant step size and momentum these are the points of `Nesterov` (Sutskever et al., 2013).

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    momentum : float or MomentumRule
        In [0, 1).
    """

    step_size: StepSize | Schedule
    momentum: float | MomentumRule = 0.9

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_momentum(self.momentum)

    def init(self, x: Array) -> VelocityState:
        """Return the state before the first step."""
        return VelocityState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: VelocityState, oracle: Oracle) -> tuple[Array, VelocityState]:
        """Take one step."""
        drift = momentum_at(self.momentum, state.k) * state.v
        v = drift + step_size_at(self.step_size, state.k, x) * oracle.subgradient(x - drift)
        return x - v, VelocityState(state.k + 1, v)


EXAMPLES: dict[str, Method] = {
    "nesterov": Nesterov(0.1),
    "nesterov-constant-momentum": Nesterov(0.1, constant_momentum(10.0, 1.0)),
    "nesterov-look-ahead": LookAhead(0.1),
    "fista": Fista(0.1),
    "fista-extrapolated": Extrapolated(Fista(0.1)),
}
