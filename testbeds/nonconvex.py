"""Nonsmooth nonconvex functions with known infimum and constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.facts import Facts, closed_form

REACH = 2.0  # beyond which |x^2 - 1| goes on linearly, so that its slope is bounded by 4


def _require_lengths(noise: UniformNoise, **coordinates: tuple[float, ...]) -> None:
    for name, values in coordinates.items():
        if len(values) != len(noise.widths) or not np.isfinite(values).all():
            raise InputError(
                f"{name} is {values!r}, but it must hold {len(noise.widths)} finite numbers, one for each coordinate "
                "of the noise."
            )


def silent(dim: int) -> UniformNoise:
    """Return the noise of width 0 in `dim` coordinates: an exact oracle."""
    return UniformNoise((0.0,) * dim)


@dataclass(frozen=True, slots=True)
class SquareWells:
    r"""Double wells with sharp bottoms: :math:`F(x) = \sum_i w_i h(x_i)`, h(x) = :math:`|x^2-1|` within [-2, 2].

    Beyond, h goes on linearly, so that :math:`|h'| \le 4` everywhere; h + x^2 is convex. The infimum 0 is attained at
    every point with entries +1 and -1.

    Parameters
    ----------
    weights, at : tuple of float
        w_i > 0, and the start.
    noise : UniformNoise
    """

    weights: tuple[float, ...]
    at: tuple[float, ...]
    noise: UniformNoise

    def __post_init__(self) -> None:
        _require_lengths(self.noise, weights=self.weights, at=self.at)
        for weight in self.weights:
            require_positive("weight", weight)

    name = "square wells"
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
        """Constants in closed form; ``weak_convexity`` is Euclidean, ``weighted_weak_convexity`` that in diag(G)."""
        w = np.array(self.weights)
        G = 4 * w + np.array(self.noise.widths)
        slopes = 4 * w
        return Facts(
            closed_form(
                f_star=0.0,
                initial_gap=float(self.value(self.start[None, :])[0]),
                coordinate_bounds=G,
                gradient_bound=float(np.linalg.norm(G)),
                second_moment=float(slopes @ slopes + (self.noise.deviations**2).sum() / self.noise.batch),
                lipschitz=float(np.linalg.norm(slopes)),
                weak_convexity=2 * float(w.max()),
                weighted_weak_convexity=float((2 * w / G).max()),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return F at each row."""
        inner = np.minimum(np.abs(x), REACH)
        return (np.array(self.weights) * (np.abs(inner**2 - 1) + 4 * (np.abs(x) - inner))).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the derivative in each coordinate, 0 at a kink."""
        inner = np.minimum(np.maximum(x, -REACH), REACH)
        return np.array(self.weights) * 2 * inner * np.sign(inner**2 - 1)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the subgradient with the noise of one batch."""
        return self.subgradient(x) + self.noise.sample(u)

    def prox(self, x: FloatArray, curvature: float | FloatArray) -> FloatArray:
        r"""Return :math:`\arg\min_y F(y) + \sum_i \tfrac{c_i}{2}(y_i-x_i)^2` in closed form.

        Parameters
        ----------
        x : (runs, dim) array
        curvature : float or (dim,) array
            c_i, above 2 w_i, so that the minimiser is unique.

        Raises
        ------
        InputError
            If a curvature is too small.
        """
        r = np.asarray(curvature) / (2 * np.array(self.weights))
        if not (r > 1).all():
            raise InputError(
                f"curvature is {curvature!r}, but it must exceed twice the largest weight for a unique proximal point."
            )
        size = np.abs(x)
        outer = np.where(size < 2 * (1 + r) / r, r * size / (1 + r), size - 2 / r)
        middle = np.where(size <= (r + 1) / r, 1.0, outer)
        return np.sign(x) * np.where(size < (r - 1) / r, r * size / (r - 1), middle)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class DistantValley:
    r"""Slopes that are small against the envelope: :math:`F(x) = \sum_i g_i |x_i - X|`, from the origin.

    Parameters
    ----------
    slopes : tuple of float
        g_i > 0.
    distance : float
        X > 0.
    envelope : tuple of float
        The G_i that a method is told, at least g_i.
    """

    slopes: tuple[float, ...]
    distance: float
    envelope: tuple[float, ...]

    def __post_init__(self) -> None:
        require_positive("distance", self.distance)
        if len(self.slopes) != len(self.envelope) or not all(0 < g <= G for g, G in zip(self.slopes, self.envelope)):
            raise InputError(f"slopes is {self.slopes!r}, but each must be positive and at most its envelope.")

    name = "distant valley"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(len(self.slopes))

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        G = np.array(self.envelope)
        return Facts(
            closed_form(
                f_star=0.0,
                initial_gap=self.distance * float(np.sum(self.slopes)),
                coordinate_bounds=G,
                gradient_bound=float(np.linalg.norm(G)),
                lipschitz=float(np.linalg.norm(self.slopes)),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return F at each row."""
        return (np.array(self.slopes) * np.abs(x - self.distance)).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient at each row."""
        return np.array(self.slopes) * np.sign(x - self.distance)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class HuberSquares:
    r"""Squares with linear tails, :math:`F(x) = \sum_i L_i\,\mathrm{huber}_\tau(x_i)`: smooth with bounded gradients.

    .. math:: |F(y)-F(x)-\langle\nabla F(x),y-x\rangle| \le \tfrac12 \Big(\sum_i L_i\Big)\|y-x\|_\infty^2

    Parameters
    ----------
    curvatures, at : tuple of float
        L_i > 0, and the start.
    knee : float
        tau, where the tails begin.
    noise : UniformNoise
    """

    curvatures: tuple[float, ...]
    at: tuple[float, ...]
    knee: float
    noise: UniformNoise

    def __post_init__(self) -> None:
        _require_lengths(self.noise, curvatures=self.curvatures, at=self.at)
        require_positive("knee", self.knee)
        for curvature in self.curvatures:
            require_positive("curvature", curvature)

    name = "Huber squares"
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
        """Constants in closed form; ``max_norm_smoothness`` is that in the l-infinity norm."""
        L = np.array(self.curvatures)
        variance = float((self.noise.deviations**2).sum()) / self.noise.batch
        return Facts(
            closed_form(
                f_star=0.0,
                x_star=np.zeros(L.size),
                initial_gap=float(self.value(self.start[None, :])[0]),
                smoothness=float(L.max()),
                coordinate_smoothness=L,
                max_norm_smoothness=float(L.sum()),
                coordinate_bounds=L * self.knee + np.array(self.noise.widths),
                noise_variance=variance,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return F at each row."""
        inner = np.minimum(np.abs(x), self.knee)
        return (np.array(self.curvatures) * (inner**2 / 2 + self.knee * (np.abs(x) - inner))).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        return np.array(self.curvatures) * np.minimum(np.maximum(x, -self.knee), self.knee)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the gradient with the noise of one batch."""
        return self.subgradient(x) + self.noise.sample(u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "square-wells": SquareWells((1.0, 0.5), (0.4, -1.7), UniformNoise((0.5, 0.2))),
    "distant-valley": DistantValley((0.2, 0.1), 3.0, (1.0, 1.0)),
    "huber-squares": HuberSquares((1.0, 0.25), (2.0, -1.0), 1.5, UniformNoise((0.3, 0.1))),
}
