"""A linear function on the whole space, on which the law of every step is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True, slots=True)
class FixedSlope:
    """A linear function on the whole space: here the law of every sign step is known exactly.

    It has no minimiser; the value 0 at the start, the origin, is the reference of its gaps.

    Parameters
    ----------
    slopes : tuple of float
    noise : UniformNoise, optional
    """

    slopes: tuple[float, ...]
    noise: UniformNoise | None = None

    def __post_init__(self) -> None:
        if not self.slopes or not np.isfinite(self.slopes).all():
            raise InputError(f"slopes is {self.slopes!r}, but it must hold finite numbers, at least one.")
        if self.noise is not None and len(self.noise.widths) != len(self.slopes):
            raise InputError(
                f"{len(self.slopes)} slopes and {len(self.noise.widths)} noise widths were given; match them."
            )

    name = "fixed slope"
    instances = None
    domain = WholeSpace()

    @property
    def batch(self) -> int:
        """Samples in one answer."""
        return 1 if self.noise is None else self.noise.batch

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return 0 if self.noise is None else self.noise.draws

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(len(self.slopes))

    @property
    def facts(self) -> Facts:
        """The slopes, and the law of the noise."""
        g = np.array(self.slopes)
        half = np.zeros_like(g) if self.noise is None else np.array(self.noise.widths)
        return Facts(
            closed_form(
                f_star=0.0,
                slopes=g,
                coordinate_bounds=np.abs(g) + half,
                coordinate_deviations=half / np.sqrt(3 * self.batch),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return (np.array(self.slopes) * x).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the slopes at each row."""
        return np.broadcast_to(np.array(self.slopes), x.shape)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the slopes with the noise of one batch."""
        assert self.noise is not None
        return np.array(self.slopes) + self.noise.sample(u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "fixed-slope": FixedSlope((1.0, -0.5, 0.1)),
    "fixed-slope-noisy": FixedSlope((1.0, -0.5), UniformNoise((2.0, 1.0))),
}
