"""An oracle that remembers its answers within one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.method import Oracle


class RecordedOracle:
    """Asks once and answers again: `rewind` lets a method take the same step with other scales at no further call.

    An answer belongs to the point at which it was asked for: a method that asks at a second point, which depends on
    the scales, pays for that question again. `gradient` is the last subgradient (or operator) that was answered.
    """

    __slots__ = ("_asked", "_next", "_oracle", "_uniform", "gradient")

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._asked: list[tuple[Array, Array]] = []
        self._uniform: list[Array] = []
        self._next = [0, 0]
        self.gradient: Array = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def rewind(self) -> None:
        """Answer from the first recorded answer again."""
        self._next = [0, 0]

    def moved(self, x: Array) -> None:
        """Count the first answer as one at `x`: for a step that moves the point between question and update."""
        self._asked[0] = (x, self._asked[0][1])

    def subgradient(self, x: Array) -> Array:
        """Return the recorded subgradient, or a fresh one at `x`."""
        return self._answer(x, self._oracle.subgradient)

    def operator(self, x: Array) -> Array:
        """Return the recorded operator of a saddle problem, or a fresh one at `x`."""
        return self._answer(x, self._oracle.operator)  # type: ignore[attr-defined]

    def subgradient_pair(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return subgradients at `x` and `y` of one fresh sample."""
        pair: tuple[Array, Array] = self._oracle.subgradient_pair(x, y)  # type: ignore[attr-defined]
        self.gradient = pair[0]
        return pair

    def full_subgradient(self, x: Array) -> Array:
        """Return the exact subgradient."""
        self.gradient = self._oracle.full_subgradient(x)  # type: ignore[attr-defined]
        return self.gradient

    def uniform(self, width: int, low: int = 0) -> Array:
        """Return the recorded uniform numbers, or fresh ones."""
        if self._next[1] == len(self._uniform):
            self._uniform.append((self._oracle.uniform(width, low) if low else self._oracle.uniform(width)) + 0.0)
        self._next[1] += 1
        return self._uniform[self._next[1] - 1]

    def _answer(self, x: Array, ask: Callable[[Array], Array]) -> Array:
        at = self._next[0]
        if at == len(self._asked) or not _same(self._asked[at][0], x):
            self._asked[at:] = [(x, ask(x))]
        self._next[0] = at + 1
        self.gradient = self._asked[at][1]
        return self.gradient


def _same(x: Array, y: Array) -> bool:
    return x is y or bool(namespace(x).all(x == y))
