"""Nesterov's tridiagonal quadratics: information travels one coordinate per step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts, computed


def _tridiagonal(x: FloatArray) -> FloatArray:
    """Return A x for A = tridiag(-1, 2, -1), at each row."""
    y = 2 * x
    y[:, 1:] -= x[:, :-1]
    y[:, :-1] -= x[:, 1:]
    return y


@dataclass(frozen=True, slots=True)
class TridiagonalQuadratic:
    r"""The quadratic chain behind the lower bounds of smooth convex optimization.

    .. math:: f(x) = \tfrac{L-\mu}{4}\left(\tfrac12 x^\top A x - x_1\right) + \tfrac{\mu}{2}\|x\|^2, \qquad
        A = \mathrm{tridiag}(-1, 2, -1), \quad x_0 = 0

    A method that stays in the span of its gradients has x_{k, i} = 0 for i > k. Source: Nesterov (2004), theorems
    2.1.7 and 2.1.13.

    Parameters
    ----------
    size : int
        Dimension n, at least 2.
    smoothness, strong_convexity : float
        L and mu; for mu > 0 the infinite chain is cut at `size`.
    """

    size: int
    smoothness: float = 1.0
    strong_convexity: float = 0.0

    def __post_init__(self) -> None:
        require_count("size - 1", self.size - 1)
        require_positive("smoothness", self.smoothness)
        if not 0 <= self.strong_convexity < self.smoothness:
            raise InputError(
                f"strong_convexity is {self.strong_convexity!r}, but it must be in [0, L) with L = {self.smoothness!r}."
            )

    name = "tridiagonal quadratic"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.size)

    @property
    def facts(self) -> Facts:
        """Constants; the minimiser solves the tridiagonal system."""
        from scipy.linalg import solveh_banded

        scale = (self.smoothness - self.strong_convexity) / 4
        diagonal = np.full(self.size, 2 * scale + self.strong_convexity)
        above = np.full(self.size, -scale)
        right = np.zeros(self.size)
        right[0] = scale
        x_star = solveh_banded(np.stack([above, diagonal]), right)
        return Facts(
            computed(
                smoothness=self.smoothness,
                strong_convexity=self.strong_convexity,
                radius=float(np.linalg.norm(x_star)),
                initial_gap=float(scale * x_star[0] / 2),
                f_star=float(-scale * x_star[0] / 2),
                x_star=x_star,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        scale = (self.smoothness - self.strong_convexity) / 4
        quadratic = 0.5 * row_dot(x, _tridiagonal(x)) - x[:, 0]
        return scale * quadratic + 0.5 * self.strong_convexity * row_dot(x, x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        g = (self.smoothness - self.strong_convexity) / 4 * _tridiagonal(x) + self.strong_convexity * x
        g[:, 0] -= (self.smoothness - self.strong_convexity) / 4
        return g

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "tridiagonal": TridiagonalQuadratic(9),
    "tridiagonal-strong": TridiagonalQuadratic(40, 1.0, 0.1),
}
