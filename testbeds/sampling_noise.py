"""What noise and rare coordinates do to an aggregated direction: functions that are linear in the point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Ball, WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.sampling_sphere import gaussian, on_sphere
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
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


@dataclass(frozen=True, slots=True)
class NoisySlopeOnBall:
    r"""A linear function with a bounded random tilt, on a ball around the start.

    .. math:: F = \langle c + \zeta, x\rangle, \quad \|x\|\le r,\quad \zeta \sim U(\sigma S^{n-1})

    Its smallest value is -r ||c||.

    Parameters
    ----------
    dim : int
    slope, noise : float
        ||c|| and sigma.
    radius : float
        r.
    """

    dim: int = 5
    slope: float = 0.2
    noise: float = 1.0
    radius: float = 1.0

    name = "noisy slope on a ball"
    instances = None
    batch = 1

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        for name in ("slope", "noise", "radius"):
            require_positive(name, getattr(self, name))

    @property
    def domain(self) -> Ball:
        """The ball."""
        return Ball(np.zeros(self.dim), self.radius)

    @property
    def draws(self) -> int:
        """Uniform numbers for each sampled subgradient."""
        return self.dim

    @property
    def start(self) -> FloatArray:
        """The centre."""
        return np.zeros(self.dim)

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        x_star = np.zeros(self.dim)
        x_star[0] = -self.radius
        return Facts(
            closed_form(
                lipschitz=self.slope + self.noise,
                diameter=2 * self.radius,
                radius=self.radius,
                f_star=-self.radius * self.slope,
                x_star=x_star,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.slope * x[:, 0]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return c in every row."""
        g = np.zeros_like(x)
        g[:, 0] = self.slope
        return g

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return c plus a random tilt."""
        return self.subgradient(x) + on_sphere(u, self.noise)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class RenewalProcess:
    """The extremal process of the stopping-time theorem of stochastic trust regions.

    Parameters
    ----------
    chance : float
        p > 1/2, of an enlargement of the radius.
    potential : float
        Phi_0.
    rate : float
        Theta: each iteration lowers the potential by rate * radius^2, the radius at most 1.
    factor : float
        By which the radius shrinks or grows.
    """

    chance: float = 0.75
    potential: float = 1.0
    rate: float = 0.02
    factor: float = 10.0

    name = "renewal process"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    def __post_init__(self) -> None:
        if not 0.5 < self.chance < 1:
            raise InputError(f"chance is {self.chance!r}, but the theorem needs a success chance in (1/2, 1).")
        for name in ("potential", "rate", "factor"):
            require_positive(name, getattr(self, name))

    @property
    def start(self) -> FloatArray:
        """The potential."""
        return np.array([self.potential])

    @property
    def facts(self) -> Facts:
        """Constants of the theorem; h is the square, the radius at the target is 1."""
        return Facts(
            planted(chance=self.chance, potential=self.potential, rate=self.rate, factor=self.factor, gain_at_floor=1.0)
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return the potential."""
        return x[:, 0]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return ones."""
        return np.ones_like(x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle, of which only the random numbers are used."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "noisy-slope": GaussianSlope(),
    "rare-coordinate": RareCoordinate(8),
    "noisy-slope-on-ball": NoisySlopeOnBall(),
    "renewal-process": RenewalProcess(),
}
