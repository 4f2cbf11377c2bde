"""An oracle that remembers its answers within one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.theory.arrays import Array
from ratecheck.theory.method import Oracle


class RecordedOracle:
    """Asks once and answers again: `rewind` lets a method take the same step with other scales at no further call."""

    __slots__ = ("_answers", "_cursor", "_oracle", "gradient")

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self._answers: list[Array] = []
        self._cursor = 0
        self.gradient: Array = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def rewind(self) -> None:
        """Answer from the first recorded answer again."""
        self._cursor = 0

    def subgradient(self, x: Array) -> Array:
        """Return the recorded subgradient, or a fresh one at `x`."""
        self.gradient = self._answer(lambda: self._oracle.subgradient(x))
        return self.gradient

    def uniform(self, width: int, low: int = 0) -> Array:
        """Return the recorded uniform numbers, or fresh ones."""
        return self._answer(lambda: self._oracle.uniform(width, low) + 0.0)

    def _answer(self, ask: Callable[[], Array]) -> Array:
        if self._cursor == len(self._answers):
            self._answers.append(ask())
        self._cursor += 1
        return self._answers[self._cursor - 1]
