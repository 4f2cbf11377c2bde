"""Losses of a prediction z against a target b: value, slope, conjugate, and the constants of both.

The conjugate in z, with the target as a parameter, gives a lower bound on any sum of losses of linear predictions; it
is what certifies an optimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_positive


class Loss(Protocol):
    """A convex loss phi(z, b) of the prediction z.

    `curvature` is the largest second derivative in z (infinite for a kink) and `convexity` the smallest.
    """

    curvature: float
    convexity: float
    two_classes: bool  # whether the target must be -1 or +1

    def value(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return the loss, entry by entry."""
        ...

    def slope(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return a subgradient in z, entry by entry."""
        ...

    def largest_slope(self, low: FloatArray, high: FloatArray, b: FloatArray) -> FloatArray:
        """Return the largest absolute slope for predictions in [low, high]."""
        ...

    def conjugate(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return sup_z u z - phi(z, b) for u in its domain."""
        ...

    def into_domain(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return the point of the conjugate's domain next to u."""
        ...

    def expression(self, z: Any, b: FloatArray) -> Any:
        """Return the summed loss of a CVXPY expression."""
        ...


@dataclass(frozen=True, slots=True)
class Absolute:
    """``|z - b|``: least absolute deviations."""

    curvature = np.inf
    convexity = 0.0
    two_classes = False

    def value(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``|z - b|``."""
        return np.abs(z - b)

    def slope(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``sign(z - b)``, 0 at the kink."""
        return np.sign(z - b)

    def largest_slope(self, low: FloatArray, high: FloatArray, b: FloatArray) -> FloatArray:
        """Return ones."""
        return np.ones_like(b)

    def conjugate(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``u b``."""
        return u * b

    def into_domain(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return u cut to [-1, 1]."""
        return np.clip(u, -1, 1)

    def expression(self, z: Any, b: FloatArray) -> Any:
        """Return the l1 norm."""
        import cvxpy

        return cvxpy.norm1(z - b)


@dataclass(frozen=True, slots=True)
class Hinge:
    """``max(0, 1 - b z)`` with b = -1 or +1: the support vector machine."""

    curvature = np.inf
    convexity = 0.0
    two_classes = True

    def value(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``max(0, 1 - b z)``."""
        return np.maximum(1 - b * z, 0.0)

    def slope(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return -b where the margin b z is below 1, else 0."""
        return np.where(b * z < 1, -b, 0.0)

    def largest_slope(self, low: FloatArray, high: FloatArray, b: FloatArray) -> FloatArray:
        """Return ones."""
        return np.ones_like(b)

    def conjugate(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``u b``."""
        return u * b

    def into_domain(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return u with ``u b`` cut to [-1, 0]."""
        return b * np.clip(u * b, -1, 0)

    def expression(self, z: Any, b: FloatArray) -> Any:
        """Return the sum of the positive parts."""
        import cvxpy

        return cvxpy.sum(cvxpy.pos(1 - cvxpy.multiply(b, z)))


@dataclass(frozen=True, slots=True)
class Logistic:
    """``log(1 + exp(-b z))`` with b = -1 or +1."""

    curvature = 0.25
    convexity = 0.0
    two_classes = True

    def value(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``log(1 + exp(-b z))`` without overflow."""
        return np.logaddexp(0.0, -b * z)

    def slope(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``-b / (1 + exp(b z))`` without overflow."""
        from scipy.special import expit

        return -b * expit(-b * z)

    def largest_slope(self, low: FloatArray, high: FloatArray, b: FloatArray) -> FloatArray:
        """Return the slope at the smallest margin b z in the range."""
        return np.abs(self.slope(np.where(b > 0, low, high), b))

    def conjugate(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return the negative entropy of the probability ``-u b``."""
        from scipy.special import xlogy

        p = -u * b
        return xlogy(p, p) + xlogy(1 - p, 1 - p)

    def into_domain(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return u with ``u b`` cut to [-1, 0]."""
        return b * np.clip(u * b, -1, 0)

    def expression(self, z: Any, b: FloatArray) -> Any:
        """Return the sum of softplus terms."""
        import cvxpy

        return cvxpy.sum(cvxpy.logistic(-cvxpy.multiply(b, z)))


@dataclass(frozen=True, slots=True)
class Squared:
    """``(z - b)^2 / 2``: least squares, ridge."""

    curvature = 1.0
    convexity = 1.0
    two_classes = False

    def value(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``(z - b)^2 / 2``."""
        return (z - b) ** 2 / 2

    def slope(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``z - b``."""
        return z - b

    def largest_slope(self, low: FloatArray, high: FloatArray, b: FloatArray) -> FloatArray:
        """Return the distance of the target to the farther end of the range."""
        return np.maximum(np.abs(low - b), np.abs(high - b))

    def conjugate(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``u^2 / 2 + u b``."""
        return u**2 / 2 + u * b

    def into_domain(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return u."""
        return u

    def expression(self, z: Any, b: FloatArray) -> Any:
        """Return half the sum of squares."""
        import cvxpy

        return cvxpy.sum_squares(z - b) / 2


@dataclass(frozen=True, slots=True)
class Huber:
    """``(z - b)^2 / 2`` where ``|z - b|`` is at most `threshold`, continued with constant slope."""

    threshold: float = 1.0

    def __post_init__(self) -> None:
        require_positive("threshold", self.threshold)

    curvature = 1.0
    convexity = 0.0
    two_classes = False

    def value(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return the loss."""
        r = np.abs(z - b)
        inner = np.minimum(r, self.threshold)
        return inner * (r - inner / 2)

    def slope(self, z: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``z - b`` cut to plus or minus the threshold."""
        return np.clip(z - b, -self.threshold, self.threshold)

    def largest_slope(self, low: FloatArray, high: FloatArray, b: FloatArray) -> FloatArray:
        """Return the distance of the target to the farther end, at most the threshold."""
        return np.minimum(np.maximum(np.abs(low - b), np.abs(high - b)), self.threshold)

    def conjugate(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``u^2 / 2 + u b``."""
        return u**2 / 2 + u * b

    def into_domain(self, u: FloatArray, b: FloatArray) -> FloatArray:
        """Return u cut to plus or minus the threshold."""
        return np.clip(u, -self.threshold, self.threshold)

    def expression(self, z: Any, b: FloatArray) -> Any:
        """Return the sum of Huber terms (CVXPY's are twice as large)."""
        import cvxpy

        return cvxpy.sum(cvxpy.huber(z - b, self.threshold)) / 2  # type: ignore[arg-type]
