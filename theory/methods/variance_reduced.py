"""Methods that tame the noise of stochastic gradients: SVRG and iterate averaging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


class SnapshotState(NamedTuple):
    """The number k of the next step, the snapshot, and the full gradient there."""

    k: int
    snapshot: Array
    full_gradient: Array


@dataclass(frozen=True, slots=True)
class SVRG:
    r"""Stochastic variance-reduced gradient (Johnson and Zhang, 2013), option I.

    .. math:: x_{k+1} = x_k - \gamma \big(\nabla f_i(x_k) - \nabla f_i(\tilde x) + \nabla f(\tilde x)\big)

    The snapshot :math:`\tilde x` becomes the present point at every `period`-th step, from step 0 on. It asks the
    oracle for ``full_subgradient`` and for ``subgradient_pair``, which answers at two points with one sample.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    period : int
        Number of steps between snapshots.
    """

    step_size: StepSize | Schedule
    period: int

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_count("period", self.period)

    def init(self, x: Array) -> SnapshotState:
        """Return the state before the first step, whose snapshot is replaced at once."""
        return SnapshotState(0, x, x)

    def step(self, x: Array, state: SnapshotState, oracle: Any) -> tuple[Array, SnapshotState]:
        """Take one step."""
        k, snapshot, full_gradient = state
        if k % self.period == 0:
            snapshot, full_gradient = x, oracle.full_subgradient(x)
        g, g_snapshot = oracle.subgradient_pair(x, snapshot)
        gamma = step_size_at(self.step_size, k, x)
        return x - gamma * (g - g_snapshot + full_gradient), SnapshotState(k + 1, snapshot, full_gradient)


class AverageState(NamedTuple):
    """The number k of the next step, and the point z that takes the gradient steps."""

    k: int
    z: Array


@dataclass(frozen=True, slots=True)
class IterateAveraging:
    r"""Stochastic heavy ball in its iterate-averaging form (Sebbouh, Gower and Defazio, 2021).

    .. math::

        z_{k+1} = z_k - \eta g(x_k), \qquad
        x_{k+1} = \frac{\lambda_{k+1} x_k + z_{k+1}}{\lambda_{k+1} + 1}, \qquad \lambda_k = k / 2

    Parameters
    ----------
    step_size : float
        :math:`\eta`.
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step_size", self.step_size)

    def init(self, x: Array) -> AverageState:
        """Return the state before the first step."""
        return AverageState(0, x)

    def step(self, x: Array, state: AverageState, oracle: Oracle) -> tuple[Array, AverageState]:
        """Take one step."""
        z = state.z - float(self.step_size) * oracle.subgradient(x)
        weight = (state.k + 1) / 2
        return (weight * x + z) / (weight + 1), AverageState(state.k + 1, z)


EXAMPLES: dict[str, Method] = {
    "svrg": SVRG(0.1, 5),
    "iterate-averaging": IterateAveraging(0.1),
}
