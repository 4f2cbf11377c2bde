"""When a run arrives at a Goldstein point, in l1 and in l2, by the last points of aligned windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.outputs import Evaluate

DELTA, SHARE = 0.1, 0.25
WINDOWS = (1, 8, 64, 512)


class _Block(NamedTuple):
    """Sums of gradients and points, and the smallest and largest coordinates, of some points in a row."""

    gradient: FloatArray
    total: FloatArray
    low: FloatArray
    high: FloatArray


def _merged(one: _Block, other: _Block) -> _Block:
    low, high = np.minimum(one.low, other.low), np.maximum(one.high, other.high)
    return _Block(one.gradient + other.gradient, one.total + other.total, low, high)


@dataclass(slots=True)
class Arrival:
    """An output that notes for each run the first step at which it has arrived in l1 and in l2.

    Parameters
    ----------
    start_norms : (2,) array
        Norms of the gradient at the start.
    carried : bool
        The measured vector is a law that the method carries itself: no window is formed.
    """

    start_norms: FloatArray
    carried: bool = False
    first: FloatArray = field(default_factory=lambda: np.empty((2, 0)))

    def start(self, x: FloatArray) -> tuple[_Block | None, ...]:
        """Return empty windows, and forget earlier runs."""
        self.first = np.full((2, x.shape[0]), np.inf)
        return (None,) * len(WINDOWS)

    def visit(self, memory: Any, k: int, x: FloatArray, evaluate: Evaluate) -> Any:
        """Take the point into every window, and judge those that are full."""
        if k == 0:
            return memory
        g = evaluate(x)
        if self.carried:
            self._judge(k, g, np.zeros(g.shape[0]), np.zeros(g.shape[0]))
            return memory
        return tuple(self._windows(memory, k, _Block(g, x, x, x)))

    def read(self, memory: Any, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Take the last point in, and return the first arrival in l1."""
        self.visit(memory, k, x, evaluate)
        return self.first[0]

    def _windows(self, memory: tuple[_Block | None, ...], k: int, block: _Block) -> Iterator[_Block | None]:
        full: _Block | None = block
        x = block.total
        for size, waiting in zip(WINDOWS, memory, strict=True):
            if full is None:
                yield waiting
                continue
            merged = full if waiting is None else _merged(waiting, full)
            full = merged if k % size == 0 else None
            if full is None:
                yield merged
                continue
            if size == 1:
                self._judge(k, full.gradient, np.zeros(len(x)), np.zeros(len(x)))
                yield None
                continue
            mean = full.total / size
            reach = np.maximum(full.high - mean, mean - full.low)
            self._judge(k, full.gradient / size, reach.max(axis=1), np.sqrt((reach**2).mean(axis=1)))
            yield None

    def _judge(self, k: int, g: FloatArray, widest: FloatArray, spread: FloatArray) -> None:
        norms = np.abs(g).sum(axis=1), np.sqrt((g * g).sum(axis=1))
        for i, ball in enumerate((widest, spread)):
            arrived = (norms[i] <= SHARE * self.start_norms[i]) & (ball <= DELTA)
            self.first[i] = np.where(arrived, np.minimum(self.first[i], k), self.first[i])
