"""Which of the visited points a theorem speaks about: the last, the best, an average; or the mean over the run.

Every output sees the points x_0, x_1, ... through `visit`, each before the step that leaves it, and is read at x_k.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ratecheck.theory.arrays import FloatArray

Evaluate = Callable[[FloatArray], FloatArray]  # (runs, dim) -> (runs,)
Weight = Callable[[int], float]  # weight of the point x_k


class Output(Protocol):
    """Turns the visited points into the number that a bound speaks about."""

    def start(self, x: FloatArray) -> Any:
        """Return the memory before any point was visited."""
        ...

    def visit(self, memory: Any, k: int, x: FloatArray, evaluate: Evaluate) -> Any:
        """Return the memory after the point x_k was left by step k."""
        ...

    def read(self, memory: Any, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the judged number at x_k, shape (runs,)."""
        ...


@dataclass(frozen=True, slots=True)
class Last:
    """The measure at the last point x_k."""

    def start(self, x: FloatArray) -> None:
        """Return the empty memory."""

    def visit(self, memory: None, k: int, x: FloatArray, evaluate: Evaluate) -> None:
        """Remember nothing."""

    def read(self, memory: None, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the measure at `x`."""
        return evaluate(x)


@dataclass(frozen=True, slots=True)
class Best:
    """The smallest measure over x_0, ..., x_k."""

    def start(self, x: FloatArray) -> FloatArray:
        """Return infinity for each run."""
        return np.full(x.shape[0], np.inf)

    def visit(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Keep the smaller one."""
        return np.minimum(memory, evaluate(x))

    def read(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the smallest measure, `x` included."""
        return np.minimum(memory, evaluate(x))


@dataclass(frozen=True, slots=True)
class Worst:
    """The largest measure over x_0, ..., x_k, for statements about every step of a run."""

    def start(self, x: FloatArray) -> FloatArray:
        """Return minus infinity for each run."""
        return np.full(x.shape[0], -np.inf)

    def visit(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Keep the larger one."""
        return np.maximum(memory, evaluate(x))

    def read(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the largest measure, `x` included."""
        return np.maximum(memory, evaluate(x))


@dataclass(frozen=True, slots=True)
class MeanMeasure:
    """The mean of the measure over the points x_0, ..., x_{k-1} that the oracle was asked at."""

    def start(self, x: FloatArray) -> FloatArray:
        """Return zero for each run."""
        return np.zeros(x.shape[0])

    def visit(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Update the running mean."""
        return memory + (evaluate(x) - memory) / (k + 1)

    def read(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the mean without `x`."""
        return memory


@dataclass(frozen=True, slots=True)
class Average:
    """The measure at the average of the visited points.

    Parameters
    ----------
    include_last : bool
        True averages x_0, ..., x_k; False averages the points x_0, ..., x_{k-1} that the oracle was asked at.
    weight : callable, optional
        Weight of x_k as a function of k, equal weights if None.
    """

    include_last: bool = False
    weight: Weight | None = None

    def start(self, x: FloatArray) -> tuple[FloatArray, float]:
        """Return a zero average of zero weight."""
        return np.zeros_like(x), 0.0

    def visit(
        self, memory: tuple[FloatArray, float], k: int, x: FloatArray, evaluate: Evaluate
    ) -> tuple[FloatArray, float]:
        """Move the average towards `x` by its share of the weight."""
        mean, total = memory
        w = 1.0 if self.weight is None else self.weight(k)
        return mean + (x - mean) * (w / (total + w)), total + w

    def read(self, memory: tuple[FloatArray, float], k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the measure at the average."""
        if self.include_last:
            memory = self.visit(memory, k, x, evaluate)
        return evaluate(memory[0])
