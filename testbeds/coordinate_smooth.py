"""Smooth functions for sign, normalised and adaptive methods, with noise of exactly known law."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Box, WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True, slots=True)
class OpposedSquares:
    r"""The smooth relative of `OpposedPairs`: one of two squares is sampled, and every sign step keeps x_1 + x_2.

    .. math:: f(x) = \langle a_1,x\rangle^2 + \langle a_2,x\rangle^2, \qquad a_{1,2} = \pm(1,-1) + \epsilon(1,1)

    From (1, 1) sign descent never leaves x_1 + x_2 = 2, where f >= 8 epsilon^2. Source: Karimireddy et al. (2019),
    counterexample 3.

    Parameters
    ----------
    epsilon : float
        In (0, 1).
    """

    epsilon: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < 1:
            raise InputError(f"epsilon is {self.epsilon!r}, but it must lie strictly between 0 and 1.")

    name = "opposed squares"
    instances = None
    domain = WholeSpace()
    draws = 1
    batch = 1

    @property
    def rows(self) -> FloatArray:
        """The vectors a_1 and a_2, shape (2, 2)."""
        return np.array([[1 + self.epsilon, self.epsilon - 1], [self.epsilon - 1, 1 + self.epsilon]])

    @property
    def start(self) -> FloatArray:
        """The point (1, 1)."""
        return np.ones(2)

    @property
    def facts(self) -> Facts:
        """Constants in closed form; the Hessian has the eigenvalues 8 on (1, -1) and 8 epsilon^2 on (1, 1)."""
        return Facts(
            closed_form(
                f_star=0.0,
                x_star=np.zeros(2),
                smoothness=8.0,
                strong_convexity=8 * self.epsilon**2,
                radius=math.sqrt(2),
                initial_gap=8 * self.epsilon**2,
                invariant_gap=8 * self.epsilon**2,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return 2 * (x[:, 0] - x[:, 1]) ** 2 + 2 * self.epsilon**2 * (x[:, 0] + x[:, 1]) ** 2

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        opposed = 4 * (x[:, :1] - x[:, 1:]) * np.array([1.0, -1.0])
        return opposed + 4 * self.epsilon**2 * (x[:, :1] + x[:, 1:])

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return twice the gradient of one of the two squares."""
        a = self.rows[(u[:, 0] >= 0.5).astype(np.intp)]
        return 4 * (a * x).sum(axis=1, keepdims=True) * a

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


def _require_lengths(noise: UniformNoise, **coordinates: tuple[float, ...]) -> None:
    for name, values in coordinates.items():
        if len(values) != len(noise.widths) or not np.isfinite(values).all():
            raise InputError(
                f"{name} is {values!r}, but it must hold {len(noise.widths)} finite numbers, one for each coordinate "
                "of the noise."
            )


@dataclass(frozen=True, slots=True)
class NoisySquares:
    r"""A quadratic with its own curvature in each coordinate: :math:`f(x) = \frac12 \sum_i L_i (x_i - c_i)^2`.

    Parameters
    ----------
    curvatures, center, at : tuple of float
        L_i > 0, the minimiser c, and the start.
    noise : UniformNoise
    half_width : float, optional
        Restricts x to [-half_width, half_width]^d, where the gradient is bounded.
    """

    curvatures: tuple[float, ...]
    center: tuple[float, ...]
    at: tuple[float, ...]
    noise: UniformNoise
    half_width: float | None = None

    def __post_init__(self) -> None:
        _require_lengths(self.noise, curvatures=self.curvatures, center=self.center, at=self.at)
        if self.half_width is not None and not self.half_width >= max(map(abs, (*self.center, *self.at))):
            raise InputError(
                f"half_width is {self.half_width!r}, but the box must contain the start and the minimiser."
            )
        for curvature in self.curvatures:
            require_positive("curvature", curvature)

    name = "noisy squares"
    instances = None

    @property
    def batch(self) -> int:
        """Samples in one answer."""
        return self.noise.batch

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return self.noise.draws

    @property
    def domain(self) -> Box | WholeSpace:
        """The box, or the whole space."""
        if self.half_width is None:
            return WholeSpace()
        return Box(np.full(len(self.at), -self.half_width), np.full(len(self.at), self.half_width))

    @property
    def start(self) -> FloatArray:
        """Where every method starts."""
        return np.array(self.at)

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        L, sigma = np.array(self.curvatures), self.noise.deviations
        center = np.array(self.center)
        offsets = np.abs(self.start - center)
        entries = closed_form(
            f_star=0.0,
            x_star=center,
            smoothness=float(L.max()),
            coordinate_smoothness=L,
            coordinate_convexity=L,
            strong_convexity=float(L.min()),
            radius=float(np.linalg.norm(offsets)),
            offsets=offsets,
            initial_gap=float(L @ offsets**2) / 2,
            coordinate_deviations=sigma,
            noise_variance=float(sigma @ sigma) / self.noise.batch,
        )
        if self.half_width is not None:
            entries |= closed_form(
                domain=self.domain,
                widths=np.full(L.size, 2 * self.half_width),
                coordinate_bounds=L * (self.half_width + np.abs(center)) + np.array(self.noise.widths),
            )
        return Facts(entries)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return 0.5 * (np.array(self.curvatures) * (x - np.array(self.center)) ** 2).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        return np.array(self.curvatures) * (x - np.array(self.center))

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the gradient with the noise of one batch."""
        return self.subgradient(x) + self.noise.sample(u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class Wells:
    r"""A smooth nonconvex function whose gradient is bounded everywhere.

    .. math:: f(x) = \sum_i a_i \frac{x_i^2}{1+x_i^2}, \qquad |\partial_i f| \le \frac{3\sqrt3}{8} a_i, \quad L_i = 2a_i

    Parameters
    ----------
    depths, at : tuple of float
        a_i > 0, and the start.
    noise : UniformNoise
    """

    depths: tuple[float, ...]
    at: tuple[float, ...]
    noise: UniformNoise

    def __post_init__(self) -> None:
        _require_lengths(self.noise, depths=self.depths, at=self.at)
        for depth in self.depths:
            require_positive("depth", depth)

    name = "wells"
    instances = None
    domain = WholeSpace()

    @property
    def batch(self) -> int:
        """Samples in one answer."""
        return self.noise.batch

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return self.noise.draws

    @property
    def start(self) -> FloatArray:
        """Where every method starts."""
        return np.array(self.at)

    @property
    def facts(self) -> Facts:
        """Constants in closed form; the slope of x^2/(1+x^2) is largest at 1/sqrt(3)."""
        a, sigma = np.array(self.depths), self.noise.deviations
        steepest = 3 * math.sqrt(3) / 8 * a
        variance = float(sigma @ sigma) / self.noise.batch
        return Facts(
            closed_form(
                f_star=0.0,
                x_star=np.zeros(a.size),
                smoothness=2 * float(a.max()),
                coordinate_smoothness=2 * a,
                initial_gap=float(self.value(self.start[None, :])[0]),
                coordinate_bounds=steepest + np.array(self.noise.widths),
                second_moment=float(steepest @ steepest) + variance,
                coordinate_deviations=sigma,
                noise_variance=variance,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return (np.array(self.depths) * x**2 / (1 + x**2)).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        return np.array(self.depths) * 2 * x / (1 + x**2) ** 2

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the gradient with the noise of one batch."""
        return self.subgradient(x) + self.noise.sample(u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


QUIET = UniformNoise((0.0, 0.0))
LOUD = UniformNoise((1.0, 0.5))

EXAMPLES = {
    "opposed-squares": OpposedSquares(),
    "noisy-squares": NoisySquares((1.0, 4.0), (0.0, 0.0), (1.0, -1.0), LOUD),
    "noisy-squares-exact": NoisySquares((1.0, 4.0), (0.0, 0.0), (1.0, -1.0), QUIET),
    "wells": Wells((1.0, 2.0), (2.0, -1.5), LOUD),
}
