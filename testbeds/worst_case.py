"""Instances on which bounds are attained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True, slots=True)
class MaxCoordinate:
    r"""The resisting oracle of nonsmooth convex optimization.

    .. math:: f(x) = M \max\{\max_i x_i,\; -R/\sqrt{N+1}\}, \qquad x \in \mathbb{R}^{N+1},\; x_0 = 0

    The oracle answers with the *first* maximal coordinate, so that a method whose points stay in the span of past
    subgradients has learned nothing about the last coordinate after N steps: its values are at least 0, while
    f* = -M R / sqrt(N+1). Source: Drori and Teboulle (2016), appendix A, with the simpler truncation by a constant.

    Parameters
    ----------
    horizon : int
        Number of steps N.
    lipschitz, radius : float
        M and R.
    """

    horizon: int
    lipschitz: float = 1.0
    radius: float = 1.0

    def __post_init__(self) -> None:
        require_count("horizon", self.horizon)
        require_positive("lipschitz", self.lipschitz)
        require_positive("radius", self.radius)

    name = "max-coordinate"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.horizon + 1)

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        level = self.radius / np.sqrt(self.horizon + 1)
        return Facts(
            closed_form(
                lipschitz=self.lipschitz,
                radius=self.radius,
                f_star=-self.lipschitz * level,
                x_star=np.full(self.horizon + 1, -level),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.lipschitz * np.maximum(x.max(axis=1), -self.radius / np.sqrt(self.horizon + 1))

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return M e_i for the first maximal coordinate i, and 0 where the constant is active."""
        g = np.zeros_like(x)
        rows = np.arange(x.shape[0])
        first = x.argmax(axis=1)
        active = x[rows, first] >= -self.radius / np.sqrt(self.horizon + 1)
        g[rows, first] = np.where(active, self.lipschitz, 0.0)
        return g

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "max-coordinate": MaxCoordinate(8),
}
