"""Normalised SGD with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import normalized_update
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


class NormalizedState(NamedTuple):
    """The number k of the next step, and the averaged gradient."""

    k: int
    m: Array


@dataclass(frozen=True, slots=True)
class NormalizedMomentum:
    r"""Steps of fixed length along an average of the gradients (Cutkosky and Mehta, 2020).

    .. math:: m_1 = g_1, \qquad m_t = (1-a) m_{t-1} + a g_t, \qquad x_{t+1} = x_t - \eta\, m_t/\|m_t\|

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    weight : float
        Weight a of the newest gradient, in (0, 1].
    """

    step_size: StepSize | Schedule
    weight: float = 0.1

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        if not 0 < self.weight <= 1:
            raise InputError(f"weight is {self.weight!r}, but the weight of the newest gradient must be in (0, 1].")

    def init(self, x: Array) -> NormalizedState:
        """Return the state before the first step."""
        return NormalizedState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: NormalizedState, oracle: Oracle) -> tuple[Array, NormalizedState]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        m = g if state.k == 0 else (1 - self.weight) * state.m + self.weight * g
        return normalized_update(x, m, step_size=eta), NormalizedState(state.k + 1, m)


EXAMPLES: dict[str, Method] = {
    "normalized-momentum": NormalizedMomentum(0.1),
}
