"""Feasible sets: projection, support function, widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.errors import InputError, require_positive


class Domain(Protocol):
    """A closed convex set."""

    def project(self, x: FloatArray) -> FloatArray:
        """Return the Euclidean projection of each row."""
        ...

    def support(self, s: FloatArray) -> FloatArray:
        """Return the largest inner product of each row of `s` with a point of the set, shape (runs,)."""
        ...

    def excess(self, x: FloatArray) -> FloatArray:
        """Return how far each row lies outside, 0 inside, shape (runs,)."""
        ...


@dataclass(frozen=True, slots=True)
class WholeSpace:
    """No constraint."""

    def project(self, x: FloatArray) -> FloatArray:
        """Return `x` itself."""
        return x

    def support(self, s: FloatArray) -> FloatArray:
        """Return infinity wherever `s` is not zero."""
        return np.where((s == 0).all(axis=1), 0.0, np.inf)

    def excess(self, x: FloatArray) -> FloatArray:
        """Return zeros."""
        return np.zeros(x.shape[0])


@dataclass(frozen=True, slots=True)
class Box:
    """``low <= x <= high`` in each coordinate; the coordinate clip is its projection in any diagonal metric.

    Parameters
    ----------
    low, high : (dim,) arrays
    """

    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        if self.low.shape != self.high.shape or not (self.low < self.high).all():
            raise InputError("the box is empty: every entry of low must be below the same entry of high.")

    @property
    def widths(self) -> FloatArray:
        """Width of each coordinate, shape (dim,)."""
        return self.high - self.low

    @property
    def diameter(self) -> float:
        """Euclidean diameter."""
        return float(np.linalg.norm(self.widths))

    def project(self, x: FloatArray) -> FloatArray:
        """Return the coordinate clip."""
        return np.minimum(np.maximum(x, self.low), self.high)

    def support(self, s: FloatArray) -> FloatArray:
        """Return the sum of the larger of the two products in each coordinate."""
        return np.maximum(s * self.low, s * self.high).sum(axis=1)

    def excess(self, x: FloatArray) -> FloatArray:
        """Return the largest coordinate excess."""
        return np.maximum(np.maximum(self.low - x, x - self.high).max(axis=1), 0.0)


@dataclass(frozen=True, slots=True)
class Ball:
    """The Euclidean ball of a radius around a centre of shape (dim,)."""

    center: FloatArray
    radius: float

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)

    @property
    def diameter(self) -> float:
        """Euclidean diameter."""
        return 2.0 * self.radius

    def project(self, x: FloatArray) -> FloatArray:
        """Return the radial projection."""
        offset = x - self.center
        norm = row_norm(offset)
        shrink = np.where(norm > self.radius, self.radius / np.maximum(norm, self.radius), 1.0)
        return self.center + offset * shrink[:, None]

    def support(self, s: FloatArray) -> FloatArray:
        """Return ``<s, center> + radius * ||s||``."""
        return s @ self.center + self.radius * row_norm(s)

    def excess(self, x: FloatArray) -> FloatArray:
        """Return the distance to the ball."""
        return np.maximum(row_norm(x - self.center) - self.radius, 0.0)
