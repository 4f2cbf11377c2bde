"""Stochastic gradients of one bit for each coordinate: the noise for which bounds on coordinates are exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.testbeds.nonconvex import SquareWells, silent
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.stosign import stochastic_sign


@dataclass(frozen=True, slots=True)
class OneBit:
    """A problem whose stochastic gradients are G_i times a random sign, with the gradient as mean: |g_i| = G_i always.

    It is the noise for which the constants G are exact. A stochastic sign with the envelope G adds none to it.
    """

    inner: SquareWells

    instances = None
    batch = 1

    @property
    def name(self) -> str:
        """Short name."""
        return f"{self.inner.name}, gradients of one bit"

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return self.start.size

    @property
    def start(self) -> FloatArray:
        """Where every method starts."""
        return self.inner.start

    @property
    def domain(self) -> Any:
        """The whole space."""
        return self.inner.domain

    @property
    def facts(self) -> Facts:
        """Constants of the inner problem."""
        return self.inner.facts

    def value(self, x: FloatArray) -> FloatArray:
        """Return F at each row."""
        return self.inner.value(x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        return self.inner.subgradient(x)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return G times a random sign with mean gradient over G."""
        G = 4 * np.asarray(self.inner.weights)
        return G * stochastic_sign(self.inner.subgradient(x), G, u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "one-bit-wells": OneBit(SquareWells((1.0, 0.5, 0.2), (0.4, -1.7, 1.3), silent(3))),
}
