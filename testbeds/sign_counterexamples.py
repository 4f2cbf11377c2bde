"""Convex functions on which sign descent fails, with every constant known.

Sources: Karimireddy, Rebjock, Stich and Jaggi (2019), counterexamples 1 and 2; what goes beyond them is derived here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Box, WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form


def upper_sign(x: FloatArray) -> FloatArray:
    """Return the sign with +1 at 0: an extreme subgradient of the absolute value."""
    return np.where(x >= 0, 1.0, -1.0)


def _require_probability(value: float) -> None:
    if not 0 < value < 1:
        raise InputError(f"probability is {value!r}, but it must lie strictly between 0 and 1.")


@dataclass(frozen=True, slots=True)
class OpposedPairs:
    r"""Two coordinates whose gradients have opposite signs, so that a sign step never changes their sum.

    .. math:: f(x) = \epsilon\,|z| + \sum_{k=1}^{d/2} |x_{2k-1}-x_{2k}|, \qquad z = \sum_i x_i, \quad x \in [-2, 2]^d

    With epsilon < 1, sign(g) is (+1, -1) or (-1, +1) on each pair: z is conserved for *every* step rule, and
    f >= epsilon d for ever. Source: Karimireddy et al. (2019), counterexample 2, for d = 2.

    Parameters
    ----------
    dim : int
        Even.
    epsilon : float
        In (0, 1).
    spread : float
        The start is ``1 + spread * (+1, -1, +1, -1, ...)``; 0 starts on the ties, where the oracle answers with +1.
    """

    dim: int = 2
    epsilon: float = 0.5
    spread: float = 0.1

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        if self.dim % 2:
            raise InputError(f"dim is {self.dim}, but the coordinates come in pairs, so it must be even.")
        _require_probability(self.epsilon)
        if not 0 <= self.spread < 1:
            raise InputError(f"spread is {self.spread!r}, but it must be in [0, 1), so that the start is in the box.")

    instances = None
    draws = 0
    batch = 1

    @property
    def name(self) -> str:
        """Short name."""
        return f"opposed pairs (d={self.dim}, epsilon={self.epsilon:g})"

    @property
    def domain(self) -> Box:
        """The box [-2, 2]^d."""
        return Box(np.full(self.dim, -2.0), np.full(self.dim, 2.0))

    @property
    def start(self) -> FloatArray:
        """Near 1 in every coordinate."""
        return 1.0 + self.spread * np.tile([1.0, -1.0], self.dim // 2)

    @property
    def facts(self) -> Facts:
        """Constants in closed form; ``invariant_gap`` is the least value on the set that sign descent cannot leave."""
        start = self.start
        return Facts(
            closed_form(
                f_star=0.0,
                x_star=np.zeros(self.dim),
                coordinate_bounds=np.full(self.dim, 1 + self.epsilon),
                domain=self.domain,
                widths=self.domain.widths,
                diameter=self.domain.diameter,
                lipschitz=math.sqrt(self.dim * (1 + self.epsilon**2)),
                second_moment=self.dim * (1 + self.epsilon**2),
                radius=float(np.linalg.norm(start)),
                offsets=np.abs(start),
                invariant_gap=self.epsilon * self.dim,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.epsilon * np.abs(x.sum(axis=1)) + np.abs(x[:, ::2] - x[:, 1::2]).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the subgradient with +1 at every tie."""
        common = self.epsilon * upper_sign(x.sum(axis=1))[:, None]
        opposed = upper_sign(x[:, ::2] - x[:, 1::2])
        g = np.empty_like(x)
        g[:, ::2] = common + opposed
        g[:, 1::2] = common - opposed
        return g

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class RareOutliers:
    r"""A linear function on [-1, 1] whose gradient is a rare large number or a common small one of the other sign.

    .. math:: g = A \text{ with probability } p, \; -B \text{ otherwise}, \qquad f(x) = (pA - (1-p)B)\,x

    With p < 1/2 and pA > (1-p)B > 0 the *mean* sign points uphill, and sign descent ends at the maximiser. Negative A
    and B mirror the problem. Source: Karimireddy et al. (2019), counterexample 1, with A = 4, B = 1, p = 1/4.

    Parameters
    ----------
    probability, outlier, common : float
        p, A and B.
    """

    probability: float = 0.25
    outlier: float = 4.0
    common: float = 1.0

    def __post_init__(self) -> None:
        _require_probability(self.probability)
        if self.outlier * self.common <= 0 or self.slope == 0:
            raise InputError(
                f"outlier is {self.outlier!r} and common is {self.common!r}; they must have one sign and a mean not 0."
            )

    name = "rare outliers"
    instances = None
    domain = Box(np.array([-1.0]), np.array([1.0]))
    draws = 1
    batch = 1

    @property
    def slope(self) -> float:
        """Mean gradient."""
        return self.probability * self.outlier - (1 - self.probability) * self.common

    @property
    def start(self) -> FloatArray:
        """The centre."""
        return np.zeros(1)

    @property
    def facts(self) -> Facts:
        """Constants; ``wrong_gap`` is that of the other end, ``sign_drift`` E f(x+1) - f(x) of a unit sign step."""
        largest = max(abs(self.outlier), abs(self.common))
        second = self.probability * self.outlier**2 + (1 - self.probability) * self.common**2
        return Facts(
            closed_form(
                f_star=-abs(self.slope),
                x_star=np.array([-np.sign(self.slope)]),
                coordinate_bounds=np.array([largest]),
                coordinate_moments=np.array([math.sqrt(second)]),
                domain=self.domain,
                widths=self.domain.widths,
                diameter=2.0,
                offsets=np.ones(1),
                wrong_gap=2 * abs(self.slope),
                sign_drift=abs(self.slope) * (1 - 2 * self.probability),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.slope * x[:, 0]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the mean gradient at each row."""
        return np.full_like(x, self.slope)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return a sampled gradient from one uniform number for each row."""
        return np.where(u < self.probability, self.outlier, -self.common)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class MeanAgainstMedian:
    r"""A sum of two kinks in each coordinate: the mean loss is least at -1, the median of the gradient sends to +1.

    .. math:: \text{with probability } p: A|x_i+1|, \text{ otherwise } B|x_i-1|; \qquad
        f(x) = \sum_i pA|x_i+1| + (1-p)B|x_i-1|

    With p < 1/2 and pA > (1-p)B, sign descent is SGD on the loss with A = B = 1, minimised at +1. Derived here.

    Parameters
    ----------
    dim : int
        Coordinates, which draw their loss independently.
    probability, outlier, common : float
    half_width : float, optional
        Restricts x to [-half_width, half_width]^d; the whole space if None.
    """

    dim: int = 1
    probability: float = 0.25
    outlier: float = 4.0
    common: float = 1.0
    half_width: float | None = None

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        _require_probability(self.probability)
        require_positive("common", self.common)
        if not self.probability * self.outlier > (1 - self.probability) * self.common:
            raise InputError(
                f"outlier is {self.outlier!r}, but probability * outlier must exceed (1 - probability) * common, "
                "so that the minimiser is -1."
            )
        if self.half_width is not None and not self.half_width >= 1:
            raise InputError(f"half_width is {self.half_width!r}, but the box must contain -1 and 1.")

    name = "mean against median"
    instances = None
    batch = 1

    @property
    def draws(self) -> int:
        """One uniform number for each coordinate."""
        return self.dim

    @property
    def domain(self) -> Box | WholeSpace:
        """The box, or the whole space."""
        if self.half_width is None:
            return WholeSpace()
        return Box(np.full(self.dim, -self.half_width), np.full(self.dim, self.half_width))

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.dim)

    @property
    def facts(self) -> Facts:
        """Constants in closed form; ``wrong_gap`` is the gap at (1, ..., 1)."""
        p, A, B, d = self.probability, self.outlier, self.common, self.dim
        entries = closed_form(
            f_star=2 * d * (1 - p) * B,
            x_star=np.full(d, -1.0),
            coordinate_bounds=np.full(d, A),
            second_moment=d * (p * A**2 + (1 - p) * B**2),
            offsets=np.ones(d),
            wrong_gap=2 * d * (p * A - (1 - p) * B),
        )
        if self.half_width is not None:
            width = 2 * self.half_width
            entries |= closed_form(domain=self.domain, widths=np.full(d, width), diameter=width * math.sqrt(d))
        return Facts(entries)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        rare, often = self.probability * self.outlier, (1 - self.probability) * self.common
        return (rare * np.abs(x + 1) + often * np.abs(x - 1)).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the mean subgradient with +1 at ties."""
        rare, often = self.probability * self.outlier, (1 - self.probability) * self.common
        return rare * upper_sign(x + 1) + often * upper_sign(x - 1)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return a sampled subgradient from one uniform number for each entry."""
        rare = u < self.probability
        return np.where(rare, self.outlier, self.common) * upper_sign(np.where(rare, x + 1, x - 1))

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "opposed-pairs": OpposedPairs(4),
    "opposed-pairs-tied": OpposedPairs(2, spread=0.0),
    "rare-outliers": RareOutliers(),
    "mean-against-median": MeanAgainstMedian(2),
    "mean-against-median-box": MeanAgainstMedian(2, half_width=3.0),
}
