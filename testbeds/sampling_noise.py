"""What noise and rare coordinates do to an aggregated direction: functions that are linear in the point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.sampling_sphere import gaussian
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_count, require_nonnegative
from ratecheck.theory.facts import Facts, closed_form, planted


@dataclass(frozen=True, slots=True)
class GaussianSlope:
    r"""A linear function with Gaussian noise: :math:`F = \langle c + \sigma z, x\rangle`, ||c|| = `slope`.

    It has no minimiser: it shows what noise does to a direction at a point.

    Parameters
    ----------
    dim : int
    slope, noise : float
        ||c|| and sigma, per coordinate.
    """

    dim: int = 20
    slope: float = 1.0
    noise: float = 1.0

    name = "noisy slope"
    instances = None
    domain = WholeSpace()
    batch = 1

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_nonnegative("slope", self.slope)
        require_nonnegative("noise", self.noise)

    @property
    def draws(self) -> int:
        """Uniform numbers for each sampled subgradient."""
        return self.dim

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.dim)

    @property
    def facts(self) -> Facts:
        """The slope and the noise."""
        return Facts(planted(slope=self.slope, noise_variance=self.dim * self.noise**2))

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.slope * x.mean(axis=1) * math.sqrt(self.dim)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return c in every row."""
        return np.full_like(x, self.slope / math.sqrt(self.dim))

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return c plus noise."""
        return self.subgradient(x) + self.noise * gaussian(u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class RareCoordinate:
    r"""A linear loss with a coordinate that is hit once, and orthogonal unit slopes elsewhere.

    Its subgradient number t is the unit vector e_1 at t = 0, and e_{1+t} after that, until they are used up: the first
    coordinate is a rarely used row of an embedding.

    Parameters
    ----------
    dim : int
    """

    dim: int

    def __post_init__(self) -> None:
        require_count("dim", self.dim)

    name = "rare coordinate"
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
        """The subgradients are unit vectors."""
        return Facts(closed_form(lipschitz=1.0))

    def value(self, x: FloatArray) -> FloatArray:
        """Return the mean of the coordinates, of which the subgradients are single terms."""
        return x.mean(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of the mean."""
        return np.full_like(x, 1 / self.dim)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> OneAtATime:
        """Return an oracle that reveals one coordinate after the other."""
        return OneAtATime(self.dim)


class OneAtATime:
    """Answers query number t with the unit vector e_{t}, and with the last one when all are used up."""

    __slots__ = ("_dim", "calls")

    def __init__(self, dim: int) -> None:
        self.calls = 0
        self._dim = dim

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the next unit vector in every row."""
        g = np.zeros_like(x)
        g[:, min(self.calls, self._dim - 1)] = 1.0
        self.calls += 1
        return g


EXAMPLES = {
    "noisy-slope": GaussianSlope(),
    "rare-coordinate": RareCoordinate(8),
}
