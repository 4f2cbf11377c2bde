"""Small deterministic instances on which statements about conjugate subgradients are attained or fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.errors import require_count, require_nonnegative, require_positive
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True, slots=True)
class RegularizedMax:
    r"""Nemirovski's function without truncation, from the origin.

    .. math:: f(x) = \max_i x_i + \tfrac{\mu}{2}\|x\|^2, \qquad x^\star = -\tfrac{1}{\mu n}\mathbf 1,\;
       f^\star = -\tfrac{1}{2\mu n}

    With mu = 0 there is no minimiser, and null steps at a tiny radius meet one new coordinate each.

    Parameters
    ----------
    dim : int
        n.
    regularization : float
        mu.
    """

    dim: int
    regularization: float = 0.0

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_nonnegative("regularization", self.regularization)

    name = "regularised maximum"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.dim)

    @property
    def facts(self) -> Facts:
        """Constants in closed form; with mu > 0 the Lipschitz constant is that on the ball of twice the radius."""
        if self.regularization == 0:
            return Facts(closed_form(lipschitz=1.0, dim=self.dim))
        x_star = np.full(self.dim, -1 / (self.regularization * self.dim))
        radius = float(np.linalg.norm(x_star))
        f_star = -1 / (2 * self.regularization * self.dim)
        return Facts(
            closed_form(
                lipschitz=1 + 2 * self.regularization * radius,
                strong_convexity=self.regularization,
                x_star=x_star,
                f_star=f_star,
                radius=radius,
                initial_gap=-f_star,
                dim=self.dim,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return x.max(axis=1) + 0.5 * self.regularization * row_dot(x, x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return e_i + mu x for the first maximal coordinate i."""
        g = self.regularization * x
        g[np.arange(x.shape[0]), x.argmax(axis=1)] += 1.0
        return g

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class AbsoluteValue:
    r"""f(x) = |x| on the line from x = `radius`.

    Parameters
    ----------
    radius : float
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)

    name = "absolute value"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The point at the given distance on the right."""
        return np.array([self.radius])

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        return Facts(
            closed_form(
                lipschitz=1.0, x_star=np.zeros(1), f_star=0.0, radius=self.radius, initial_gap=self.radius, dim=1
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return |x|."""
        return np.abs(x[:, 0])

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the sign, 0 at 0."""
        return np.sign(x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "regularised-maximum": RegularizedMax(8, 0.5),
    "absolute-value": AbsoluteValue(),
}
