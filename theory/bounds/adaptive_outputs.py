"""Two outputs that theorems on Adam speak about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_decay
from ratecheck.theory.outputs import Evaluate


class LateSums(NamedTuple):
    """Sum of the measures, the same with the weights beta^(k-j), and both sums of the weights."""

    plain: FloatArray
    discounted: FloatArray
    points: int
    mass: float


@dataclass(frozen=True, slots=True)
class LateMean:
    """The mean measure of x_0, ..., x_{k-1} with the weights 1 - beta^(k-j): the last few count less.

    It is the expected measure at the random iterate of Defossez et al. (2022), theorem 4.

    Parameters
    ----------
    beta : float
        In [0, 1); 0 is the plain mean.
    """

    beta: float

    def __post_init__(self) -> None:
        require_decay("beta", self.beta)

    def start(self, x: FloatArray) -> LateSums:
        """Return empty sums."""
        return LateSums(np.zeros(x.shape[0]), np.zeros(x.shape[0]), 0, 0.0)

    def visit(self, memory: LateSums, k: int, x: FloatArray, evaluate: Evaluate) -> LateSums:
        """Add the measure at `x`."""
        new = evaluate(x)
        return LateSums(
            memory.plain + new,
            self.beta * (memory.discounted + new),
            memory.points + 1,
            self.beta * (memory.mass + 1),
        )

    def read(self, memory: LateSums, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the weighted mean without `x`."""
        return (memory.plain - memory.discounted) / (memory.points - memory.mass)


@dataclass(frozen=True, slots=True)
class LastMove:
    """The measure of the last move x_k - x_{k-1}."""

    def start(self, x: FloatArray) -> FloatArray:
        """Return `x`."""
        return x

    def visit(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Keep `x`."""
        return x

    def read(self, memory: FloatArray, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the measure of the move to `x`."""
        return evaluate(x - memory)
