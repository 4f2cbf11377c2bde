"""Wrappers: the average of the middle points as the output, and the last step of a method as its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array


class Averaged(NamedTuple):
    """The inner method's point and state, and the number of middle points in the average."""

    k: int
    point: Array
    inner: Any


@dataclass(frozen=True, slots=True)
class MiddleAverage:
    """Returns the average of the middle points w_0, ..., w_{k-1} of the inner method instead of its point.

    Parameters
    ----------
    inner : Method
        With a state that has ``middle`` (extragradient, past extragradient, mirror-prox, PDHG).
    """

    inner: Any

    def init(self, x: Array) -> Averaged:
        """Return the state before the first step."""
        return Averaged(0, x, self.inner.init(x))

    def step(self, x: Array, state: Averaged, oracle: Any) -> tuple[Array, Averaged]:
        """Take one inner step and move the average by its share."""
        point, inner = self.inner.step(state.point, state.inner, oracle)
        return x + (inner.middle - x) / (state.k + 1), Averaged(state.k + 1, point, inner)


class Transition(NamedTuple):
    """One step as theorems about one step see it: points and states before and after; `before` is None at x_0.

    `earlier` is the point before `start`.
    """

    start: Array
    before: Any
    end: Array
    after: Any
    earlier: Array


@dataclass(frozen=True, slots=True)
class Observed:
    """Keeps the last step of the inner method as its state, for measures of one step; changes nothing else.

    Parameters
    ----------
    inner : Method
    """

    inner: Any

    def init(self, x: Array) -> Transition:
        """Return the state before the first step."""
        return Transition(x, None, x, self.inner.init(x), x)

    def step(self, x: Array, state: Transition, oracle: Any) -> tuple[Array, Transition]:
        """Take the inner step and keep it."""
        end, after = self.inner.step(x, state.after, oracle)
        return end, Transition(x, state.after, end, after, state.start)
