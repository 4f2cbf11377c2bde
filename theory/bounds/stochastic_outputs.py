"""Averages over a part of the visited points, which some theorems on SGD speak about."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.outputs import Evaluate


@dataclass(frozen=True, slots=True)
class AverageWithoutStart:
    """The measure at the average of x_1, ..., x_k."""

    def start(self, x: FloatArray) -> FloatArray:
        """Return a zero sum."""
        return np.zeros_like(x)

    def visit(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Add the point unless it is the start."""
        return memory + x if k else memory

    def read(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the measure at the average, `x` included."""
        return evaluate((memory + x) / k)


@dataclass(frozen=True, slots=True)
class SuffixAverage:
    """The measure at the average of the last ``ceil(share * k)`` of the points x_0, ..., x_{k-1} that were queried.

    Parameters
    ----------
    share : float
        alpha in (0, 1].
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"share is {self.share!r}, but it must be in (0, 1].")

    def start(self, x: FloatArray) -> tuple[FloatArray, ...]:
        """Return the empty sum before any point."""
        return (np.zeros_like(x),)

    def visit(
        self, memory: tuple[FloatArray, ...], k: int, x: FloatArray, evaluate: Evaluate
    ) -> tuple[FloatArray, ...]:
        """Append the next partial sum."""
        return (*memory, memory[-1] + x)

    def read(self, memory: tuple[FloatArray, ...], k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the measure at the average of the suffix."""
        count = math.ceil(self.share * k)
        return evaluate((memory[k] - memory[k - count]) / count)
