"""Stochastic answers of exactly known law, put over any problem with exact subgradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_nonnegative, require_positive
from ratecheck.theory.facts import Fact, Facts, closed_form


class Noise(Protocol):
    """Turns an exact subgradient into a random one with the same mean."""

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        ...

    def answer(self, g: FloatArray, u: FloatArray) -> FloatArray:
        """Return the random answer for exact subgradients `g`, shape (runs, dim)."""
        ...

    def facts(self, inner: Facts) -> dict[str, Fact]:
        """Return what is known of the answers, from what is known of the problem."""
        ...


def _additive(inner: Facts, deviations: FloatArray, largest: FloatArray | None) -> dict[str, Fact]:
    """Return the facts of additive noise; `largest` bounds its absolute value in each coordinate, if anything does."""
    variance = float(deviations @ deviations)
    known = closed_form(noise_variance=variance, noise_at_optimum=variance, coordinate_deviations=deviations)
    if "lipschitz" in inner:
        known |= closed_form(second_moment=inner["lipschitz"] ** 2 + variance)
    if largest is not None and "lipschitz" in inner:
        known |= closed_form(lipschitz=inner["lipschitz"] + float(np.linalg.norm(largest)))
    if largest is not None and "coordinate_bounds" in inner:
        known |= closed_form(coordinate_bounds=inner["coordinate_bounds"] + largest)
    return known


@dataclass(frozen=True, slots=True)
class Rademacher:
    """Adds ``+s_i`` or ``-s_i`` with equal chance, independently over the coordinates.

    Parameters
    ----------
    deviations : tuple of float
        The s_i, which are the standard deviations.
    """

    deviations: tuple[float, ...]

    def __post_init__(self) -> None:
        for deviation in self.deviations:
            require_nonnegative("deviation", deviation)

    @property
    def draws(self) -> int:
        """One uniform number for each coordinate."""
        return len(self.deviations)

    def answer(self, g: FloatArray, u: FloatArray) -> FloatArray:
        """Return g plus the noise."""
        return g + np.where(u < 0.5, 1.0, -1.0) * np.array(self.deviations)

    def facts(self, inner: Facts) -> dict[str, Fact]:
        """Return variance and bounds."""
        s = np.array(self.deviations)
        return _additive(inner, s, s)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Adds independent normal noise, by the inverse of its distribution function.

    Parameters
    ----------
    deviations : tuple of float
    """

    deviations: tuple[float, ...]

    def __post_init__(self) -> None:
        for deviation in self.deviations:
            require_nonnegative("deviation", deviation)

    @property
    def draws(self) -> int:
        """One uniform number for each coordinate."""
        return len(self.deviations)

    def answer(self, g: FloatArray, u: FloatArray) -> FloatArray:
        """Return g plus the noise."""
        from scipy.special import ndtri

        # u may be 0, where the inverse is infinite; half of the smallest step of u keeps the law to 2**-53.
        return g + ndtri(np.maximum(u, 2.0**-54)) * np.array(self.deviations)

    def facts(self, inner: Facts) -> dict[str, Fact]:
        """Return the variance; nothing bounds the answers."""
        return _additive(inner, np.array(self.deviations), None)


@dataclass(frozen=True, slots=True)
class RandomSigns:
    """Answers ``+G_i`` or ``-G_i`` only, with the chances that make the mean g_i: as noisy as a bounded oracle can be.

    Parameters
    ----------
    bounds : tuple of float
        The G_i, at least ``|g_i|`` wherever the oracle is asked.
    """

    bounds: tuple[float, ...]

    def __post_init__(self) -> None:
        for bound in self.bounds:
            require_positive("bound", bound)

    @property
    def draws(self) -> int:
        """One uniform number for each coordinate."""
        return len(self.bounds)

    def answer(self, g: FloatArray, u: FloatArray) -> FloatArray:
        """Return the random signs times G; NaN where ``|g_i|`` exceeds G_i, so that it cannot pass unnoticed."""
        G = np.array(self.bounds)
        signs = np.where(u < (1 + g / G) / 2, G, -G)
        return np.where(np.abs(g) <= G * (1 + 1e-12), signs, np.nan)

    def facts(self, inner: Facts) -> dict[str, Fact]:
        """Return the bounds; the variance is at most their squared norm."""
        G = np.array(self.bounds)
        square = float(G @ G)
        return closed_form(
            coordinate_bounds=G, lipschitz=float(np.sqrt(square)), second_moment=square, noise_variance=square
        )


@dataclass(frozen=True, slots=True)
class RandomScale:
    """Multiplies the gradient by `low` or by ``2 - low`` with equal chance: samples that agree on the minimiser.

    Parameters
    ----------
    low : float
        In [0, 1].
    """

    low: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= 1:
            raise InputError(f"low is {self.low!r}, but it must be in [0, 1].")

    @property
    def draws(self) -> int:
        """One uniform number."""
        return 1

    def answer(self, g: FloatArray, u: FloatArray) -> FloatArray:
        """Return the scaled gradients."""
        return g * np.where(u < 0.5, self.low, 2 - self.low)

    def facts(self, inner: Facts) -> dict[str, Fact]:
        """Return the constants of the samples."""
        return closed_form(
            noise_at_optimum=0.0,
            sample_smoothness=(2 - self.low) * inner["smoothness"],
            sample_strong_convexity=self.low * inner["strong_convexity"],
        )


@dataclass(frozen=True, slots=True)
class Noisy:
    """A problem whose oracle answers with noise.

    Parameters
    ----------
    inner : Problem
        With exact subgradients.
    noise : Noise
    """

    inner: Any
    noise: Noise

    def __post_init__(self) -> None:
        if self.inner.draws:
            raise InputError(f"{self.inner.name} is noisy already; give a problem with exact subgradients.")

    batch = 1

    @property
    def name(self) -> str:
        """Name of the problem and of the noise."""
        return f"{self.inner.name} with {type(self.noise).__name__} noise"

    @property
    def instances(self) -> int | None:
        """Instances of the problem."""
        return self.inner.instances

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return self.noise.draws

    @property
    def domain(self) -> Any:
        """Domain of the problem."""
        return self.inner.domain

    @property
    def start(self) -> FloatArray:
        """Start of the problem."""
        return self.inner.start

    @property
    def facts(self) -> Facts:
        """The facts of the problem, and those of the noise in place of what it changes."""
        inner = self.inner.facts
        broken = ("lipschitz", "second_moment", "coordinate_bounds")
        kept = {name: fact for name, fact in inner.entries.items() if name not in broken}
        return Facts(kept | self.noise.facts(inner))

    def value(self, x: FloatArray) -> FloatArray:
        """Return the exact value at each row."""
        return self.inner.value(x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return an exact subgradient at each row."""
        return self.inner.subgradient(x)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the noisy answer at each row."""
        return self.noise.answer(self.inner.subgradient(x), u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)
