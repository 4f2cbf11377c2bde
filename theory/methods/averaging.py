"""Averages: of subgradients (dual averaging, the quasi-monotone method, the minimax player) and of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import Subgradient, quotient
from ratecheck.theory.schedules import InverseSqrt, Schedule, StepSize, as_schedule, step_size_at


class SumState(NamedTuple):
    """The number k of the next step, the first point, and the sum of all subgradients so far."""

    k: int
    start: Array
    gradient_sum: Array


def _sum_state(x: Array) -> SumState:
    return SumState(0, x, namespace(x).zeros_like(x))


@dataclass(frozen=True, slots=True)
class DualAveraging:
    r"""Dual averaging (Nesterov, 2009): follow the regularised leader with a quadratic regulariser.

    .. math:: x_{k+1} = x_0 - \gamma_k \sum_{j \le k} g_j

    In `Projected` it is lazy online gradient descent: the sum is of subgradients at projected points, but no
    projection enters it.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    """

    step_size: StepSize | Schedule

    def __post_init__(self) -> None:
        as_schedule(self.step_size)

    def init(self, x: Array) -> SumState:
        """Return the state before the first step."""
        return _sum_state(x)

    def step(self, x: Array, state: SumState, oracle: Oracle) -> tuple[Array, SumState]:
        """Take one step."""
        gamma = step_size_at(self.step_size, state.k, x)
        total = state.gradient_sum + oracle.subgradient(x)
        return state.start - gamma * total, SumState(state.k + 1, state.start, total)


@dataclass(frozen=True, slots=True)
class QuasiMonotone:
    r"""The quasi-monotone subgradient method, whose *last* point is as good as the average of others.

    .. math:: x_{k+1} = \frac{(k + 1) x_k + z_{k+1}}{k + 2}, \qquad z_{k+1} = x_0 - \gamma_k \sum_{j \le k} g_j

    With the constant step ``R / (M sqrt(N + 1))`` it is the minimax-optimal method of Drori and Taylor (2020) for N
    steps; with `InverseSqrt` it is the horizon-free double averaging of Nesterov and Shikhman (2015).

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    """

    step_size: StepSize | Schedule

    def __post_init__(self) -> None:
        as_schedule(self.step_size)

    def init(self, x: Array) -> SumState:
        """Return the state before the first step."""
        return _sum_state(x)

    def step(self, x: Array, state: SumState, oracle: Oracle) -> tuple[Array, SumState]:
        """Take one step."""
        k = state.k
        gamma = step_size_at(self.step_size, k, x)
        total = state.gradient_sum + oracle.subgradient(x)
        z = state.start - gamma * total
        return ((k + 1) * x + z) / (k + 2), SumState(k + 1, state.start, total)


@dataclass(frozen=True, slots=True)
class MinimaxPlayer:
    r"""The minimax player of online linear optimization in a ball (Abernethy, Bartlett, Rakhlin and Tewari, 2008).

    .. math:: x_{t+1} = x_1 - \frac{r S_t}{\sqrt{\|S_t\|^2 + G^2 (T - t)}}, \qquad S_t = \sum_{s \le t} g_s

    It stays in the ball of radius r around its first point, so it needs no projection.

    Parameters
    ----------
    radius : float
        r.
    gradient_bound : float
        G, the largest norm of a loss vector.
    horizon : int
        T, the number of rounds.
    """

    radius: float
    gradient_bound: float
    horizon: int

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)
        require_positive("gradient_bound", self.gradient_bound)
        require_count("horizon", self.horizon)

    def init(self, x: Array) -> SumState:
        """Return the state before the first round."""
        return _sum_state(x)

    def step(self, x: Array, state: SumState, oracle: Oracle) -> tuple[Array, SumState]:
        """Play one round; raise `InputError` beyond the horizon."""
        t = state.k + 1
        if t > self.horizon:
            raise InputError(f"round {t} was asked for, but this player was made for {self.horizon} rounds.")
        S = state.gradient_sum + oracle.subgradient(x)
        xp = namespace(x)
        remaining = float(self.gradient_bound) ** 2 * (self.horizon - t)
        norm = xp.sqrt(xp.sum(S * S, axis=-1, keepdims=True) + remaining)
        return state.start - float(self.radius) * quotient(S, norm), SumState(t, state.start, S)


class TailState(NamedTuple):
    """The number k of the next step, the inner method's point and state."""

    k: int
    x: Array
    inner: Any


@dataclass(frozen=True, slots=True)
class Averaged:
    r"""Shows the mean of the points of `inner` since a step (Polyak and Juditsky, 1992) as the run's points.

    .. math:: \bar x_k = \frac{1}{k - s + 1} \sum_{j=s}^{k} x_j \quad (k \ge s), \qquad \bar x_k = x_k \quad (k < s)

    The oracle is asked at the inner points, as ever. Where only a measured value is wanted, the output
    `ratecheck.theory.outputs.Average` gives it without a wrapper.

    Parameters
    ----------
    inner : Method
    since : int
        s, from which point on the mean is taken; 0 for the mean of all.
    """

    inner: Method
    since: int = 0

    def __post_init__(self) -> None:
        require_nonnegative("since", self.since)

    def init(self, x: Array) -> TailState:
        """Return the state before the first step."""
        return TailState(0, x, self.inner.init(x))

    def step(self, x: Array, state: TailState, oracle: Oracle) -> tuple[Array, TailState]:
        """Take one inner step and return the mean."""
        k = state.k + 1
        inner_x, inner_state = self.inner.step(state.x, state.inner, oracle)
        mean = inner_x if k <= self.since else x + (inner_x - x) * (1 / (k - self.since + 1))
        return mean, TailState(k, inner_x, inner_state)


EXAMPLES: dict[str, Method] = {
    "dual-averaging": DualAveraging(0.1),
    "quasi-monotone": QuasiMonotone(0.1),
    "double-averaging": QuasiMonotone(InverseSqrt(0.1)),
    "minimax-player": MinimaxPlayer(1.0, 3.0, 100),
    "averaged-subgradient": Averaged(Subgradient(0.1), since=5),
}
