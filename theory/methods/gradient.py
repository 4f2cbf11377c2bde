"""The (sub)gradient method and its step rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ratecheck.theory.arrays import Array
from ratecheck.theory.method import Oracle
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule


class StepCount(NamedTuple):
    """The number k of the next step."""

    k: int


@dataclass(frozen=True, slots=True)
class Subgradient:
    r"""The subgradient method; with smooth objectives, gradient descent; with a sampling oracle, SGD.

    .. math:: x_{k+1} = x_k - \gamma_k g_k, \qquad g_k \in \partial f(x_k)

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    """

    step_size: StepSize | Schedule

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        as_schedule(self.step_size)
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Oracle) -> tuple[Array, StepCount]:
        """Take one step."""
        gamma = as_schedule(self.step_size)(state.k)
        return x - gamma * oracle.subgradient(x), StepCount(state.k + 1)


EXAMPLES = {
    "subgradient": Subgradient(0.1),
}
