"""A batch of instances given by functions of all rows at once, and balls of one radius around other centres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Domain, WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, row_norm
from ratecheck.theory.facts import Facts

_SPACE = WholeSpace()


@dataclass(frozen=True, slots=True)
class InstanceRows:
    """Functions f_r, one for each row.

    Parameters
    ----------
    name : str
    start : (count, dim) array
    function, derivative : callable
        ``(count, dim) -> (count,)`` and ``(count, dim) -> (count, dim)``; row r is that of f_r.
    facts : Facts
    domain : Domain
    """

    name: str
    start: FloatArray
    function: Callable[[FloatArray], FloatArray]
    derivative: Callable[[FloatArray], FloatArray]
    facts: Facts
    domain: Domain = _SPACE

    draws = 0
    batch = 1

    @property
    def instances(self) -> int:
        """Number of instances."""
        return int(self.start.shape[0])

    def value(self, x: FloatArray) -> FloatArray:
        """Return f_r at row r."""
        return self.function(x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f_r at row r."""
        return self.derivative(x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class BallRows:
    """The Euclidean balls of one radius around the rows of `centers`, (count, dim)."""

    centers: FloatArray
    radius: float

    @property
    def diameter(self) -> float:
        """Euclidean diameter."""
        return 2.0 * self.radius

    def project(self, x: FloatArray) -> FloatArray:
        """Return the radial projection of each row onto its ball."""
        offset = x - self.centers
        norm = row_norm(offset)
        shrink = np.where(norm > self.radius, self.radius / np.maximum(norm, self.radius), 1.0)
        return self.centers + offset * shrink[:, None]

    def support(self, s: FloatArray) -> FloatArray:
        """Return ``<s, center> + radius * ||s||`` for each row."""
        return row_dot(s, self.centers) + self.radius * row_norm(s)

    def excess(self, x: FloatArray) -> FloatArray:
        """Return the distance of each row to its ball."""
        return np.maximum(row_norm(x - self.centers) - self.radius, 0.0)
