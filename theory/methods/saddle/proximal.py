"""Implicit methods: each step asks for one resolvent J = (I + step_size F)^{-1}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array
from ratecheck.theory.errors import require_positive
from ratecheck.theory.methods.gradient import StepCount


class Momentum(NamedTuple):
    """The number of the next step, the last resolvent point, and the last two points that it was asked at."""

    k: int
    resolvent: Array
    asked: Array
    before: Array


@dataclass(frozen=True, slots=True)
class PPM:
    r"""The proximal point method (Martinet 1970, Rockafellar 1976), :math:`z_{k+1} = z_k - \gamma F(z_{k+1})`.

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
        """Take one step of one resolvent."""
        return oracle.resolvent(x, self.step_size), StepCount(state.k + 1)


def accelerated_update(t: int, new: Array, old: Array, asked: Array, before: Array) -> Array:
    """Return y_{t+1} of the accelerated proximal point method from x_{t+1}, x_t, y_t and y_{t-1}."""
    share = t / (t + 2)
    return new + share * (new - old) - share * (old - before)


@dataclass(frozen=True, slots=True)
class APPM:
    r"""The accelerated proximal point method (Kim 2021).

    .. math::
        x_{t+1} &= J(y_t) \\
        y_{t+1} &= x_{t+1} + \tfrac{t}{t+2}(x_{t+1} - x_t) - \tfrac{t}{t+2}(x_t - y_{t-1})

    The point of the method is x_t; the state holds y_t.

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> Momentum:
        """Return the state before the first step."""
        return Momentum(0, x, x, x)

    def step(self, x: Array, state: Momentum, oracle: Any) -> tuple[Array, Momentum]:
        """Take one step of one resolvent."""
        new = oracle.resolvent(state.asked, self.step_size)
        following = accelerated_update(state.k, new, x, state.asked, state.before)
        return new, Momentum(state.k + 1, new, following, state.asked)


class HalpernState(NamedTuple):
    """The number of the next step and the anchor z_0."""

    k: int
    anchor: Array


@dataclass(frozen=True, slots=True)
class Halpern:
    r"""Halpern's iteration on the reflected resolvent T = 2J - I (Halpern 1967, Lieder 2021).

    .. math:: z_{k+1} = \tfrac{1}{k+2} z_0 + \left(1 - \tfrac{1}{k+2}\right) T z_k

    Parameters
    ----------
    step_size : float
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> HalpernState:
        """Return the state before the first step."""
        return HalpernState(0, x)

    def step(self, x: Array, state: HalpernState, oracle: Any) -> tuple[Array, HalpernState]:
        """Take one step of one resolvent."""
        pull = 1.0 / (state.k + 2)
        reflected = 2.0 * oracle.resolvent(x, self.step_size) - x
        return pull * state.anchor + (1 - pull) * reflected, HalpernState(state.k + 1, state.anchor)
