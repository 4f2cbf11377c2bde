r"""Momentum in its three conventions; the last of them is heavy ball.

The conventions agree while the step size is constant and part where it changes:

- *sum* (PyTorch): ``v = beta v + g``, ``x = x - eta v``;
- *average*: ``m = beta m + (1 - beta) g``, ``x = x - alpha m``, the same points with ``alpha = eta / (1 - beta)``;
- *velocity* (heavy ball): ``v = beta v + eta g``, ``x = x - v``, which carries old step sizes inside v.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_decay, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.schedules import InverseTime, Schedule, StepSize, as_schedule, step_size_at


class MomentumRule(Protocol):
    """A momentum factor that changes: `rule(k)` is the factor of step k (from 0)."""

    def __call__(self, k: int) -> float:
        """Return the factor of step `k`."""
        ...


@dataclass(frozen=True, slots=True)
class Ramp:
    """``k / (k + shift)``: Nesterov's momentum with shift 3, and that of Goujaud et al.'s heavy ball with shift 2."""

    shift: float = 3.0

    def __post_init__(self) -> None:
        require_positive("shift", self.shift)

    def __call__(self, k: int) -> float:
        """Return the factor of step `k`."""
        return k / (k + self.shift)


NESTEROV_RAMP = Ramp(3.0)


def require_momentum(momentum: float | MomentumRule) -> None:
    """Raise `InputError` unless `momentum` is a rule or a number in [0, 1)."""
    if not callable(momentum):
        require_decay("momentum", momentum)


def momentum_at(momentum: float | MomentumRule, k: int) -> float:
    """Return the momentum factor of step `k`."""
    return float(momentum(k) if callable(momentum) else momentum)


def average_step_size(sum_step_size: float, momentum: float) -> float:
    """Return the step size of the average convention that gives the points of the sum convention."""
    require_decay("momentum", momentum)
    return sum_step_size / (1 - momentum)


def sum_step_size(average_step_size: float, momentum: float) -> float:
    """Return the step size of the sum (and of the velocity) convention that gives those of the average convention."""
    require_decay("momentum", momentum)
    return average_step_size * (1 - momentum)


def sum_update(
    x: Array, g: Array, v: Array, *, step_size: StepSize, momentum: float, nesterov: bool = False
) -> tuple[Array, Array]:
    r"""Return the next point and :math:`v = \beta v + g`; with `nesterov`, the step is along :math:`g + \beta v`."""
    v = momentum * v + g
    direction = g + momentum * v if nesterov else v
    return x - step_size * direction, v


def average_update(x: Array, g: Array, m: Array, *, step_size: StepSize, momentum: float) -> tuple[Array, Array]:
    r"""Return the next point and :math:`m = \beta m + (1 - \beta) g`."""
    m = momentum * m + (1 - momentum) * g
    return x - step_size * m, m


def heavy_ball_update(x: Array, g: Array, previous: Array, *, step_size: StepSize, momentum: float) -> Array:
    r"""Return :math:`x - \alpha g + \beta (x - x_{\text{previous}})`."""
    return x - step_size * g + momentum * (x - previous)


class MomentumState(NamedTuple):
    """The number k of the next step, and the sum or average of the gradients."""

    k: int
    v: Array


def _momentum_state(x: Array) -> MomentumState:
    return MomentumState(0, namespace(x).zeros_like(x))


@dataclass(frozen=True, slots=True)
class Momentum:
    r"""SGD with momentum, the sum convention of PyTorch (``dampening=0``).

    .. math:: v_k = \beta v_{k-1} + g_k, \qquad x_{k+1} = x_k - \eta_k v_k

    v is a decaying *sum*: a constant gradient ends in steps of :math:`\eta / (1 - \beta)`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    momentum : float or MomentumRule
        In [0, 1).
    nesterov : bool
        Step along ``g + beta v`` (Sutskever et al., 2013, in PyTorch's variables).
    """

    step_size: StepSize | Schedule
    momentum: float | MomentumRule = 0.9
    nesterov: bool = False

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_momentum(self.momentum)

    def init(self, x: Array) -> MomentumState:
        """Return the state before the first step."""
        return _momentum_state(x)

    def step(self, x: Array, state: MomentumState, oracle: Oracle) -> tuple[Array, MomentumState]:
        """Take one step."""
        x, v = sum_update(
            x,
            oracle.subgradient(x),
            state.v,
            step_size=step_size_at(self.step_size, state.k, x),
            momentum=momentum_at(self.momentum, state.k),
            nesterov=self.nesterov,
        )
        return x, MomentumState(state.k + 1, v)


@dataclass(frozen=True, slots=True)
class AveragedMomentum:
    r"""SGD along an exponential moving average of the gradients, the average convention.

    .. math:: m_k = \beta m_{k-1} + (1 - \beta) g_k, \qquad x_{k+1} = x_k - \alpha_k m_k

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

    def init(self, x: Array) -> MomentumState:
        """Return the state before the first step."""
        return _momentum_state(x)

    def step(self, x: Array, state: MomentumState, oracle: Oracle) -> tuple[Array, MomentumState]:
        """Take one step."""
        x, m = average_update(
            x,
            oracle.subgradient(x),
            state.v,
            step_size=step_size_at(self.step_size, state.k, x),
            momentum=momentum_at(self.momentum, state.k),
        )
        return x, MomentumState(state.k + 1, m)


class PreviousState(NamedTuple):
    """The number k of the next step, and the point before the present one."""

    k: int
    previous: Array


@dataclass(frozen=True, slots=True)
class HeavyBall:
    r"""Polyak's heavy ball (1964), which is the velocity convention of momentum with :math:`v_k = x_{k-1} - x_k`.

    .. math:: x_{k+1} = x_k - \alpha_k g_k + \beta_k (x_k - x_{k-1}), \qquad x_{-1} = x_0

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

    def init(self, x: Array) -> PreviousState:
        """Return the state before the first step."""
        return PreviousState(0, x)

    def step(self, x: Array, state: PreviousState, oracle: Oracle) -> tuple[Array, PreviousState]:
        """Take one step."""
        alpha = step_size_at(self.step_size, state.k, x)
        beta = momentum_at(self.momentum, state.k)
        following = heavy_ball_update(x, oracle.subgradient(x), state.previous, step_size=alpha, momentum=beta)
        return following, PreviousState(state.k + 1, x)


def optimal_heavy_ball(smoothness: float, strong_convexity: float) -> HeavyBall:
    r"""Return the heavy ball with Polyak's tuning, optimal on quadratics only.

    .. math:: \alpha = \frac{4}{(\sqrt L + \sqrt\mu)^2}, \qquad \beta = \Big(\frac{\sqrt\kappa-1}{\sqrt\kappa+1}\Big)^2
    """
    require_positive("smoothness", smoothness)
    require_positive("strong_convexity", strong_convexity)
    root_L, root_mu = math.sqrt(smoothness), math.sqrt(strong_convexity)
    return HeavyBall(4 / (root_L + root_mu) ** 2, ((root_L - root_mu) / (root_L + root_mu)) ** 2)


EXAMPLES: dict[str, Method] = {
    "momentum": Momentum(0.1),
    "nesterov-momentum": Momentum(0.1, nesterov=True),
    "averaged-momentum": AveragedMomentum(0.1),
    "heavy-ball": HeavyBall(0.1),
    "heavy-ball-goujaud": HeavyBall(InverseTime(0.1, 2.0), Ramp(2.0)),
}
