"""Families on which no method can be good, and the estimation of a mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True, slots=True)
class TwoSlopes:
    r"""The two functions :math:`f_v(x) = -v\delta G x` on [-R, R], v = -1 for even runs and +1 for odd ones.

    The oracle answers +-G with mean -v delta G, so that only the signs seen so far tell v.

    Parameters
    ----------
    bias : float
        delta in (0, 1).
    gradient_bound, half_width : float
        G and R.
    copies : int
        Runs for each sign.
    """

    bias: float
    gradient_bound: float = 1.0
    half_width: float = 1.0
    copies: int = 4096

    def __post_init__(self) -> None:
        if not 0 < self.bias < 1:
            raise InputError(f"bias is {self.bias!r}, but it must lie strictly between 0 and 1.")
        require_positive("gradient_bound", self.gradient_bound)
        require_positive("half_width", self.half_width)
        require_count("copies", self.copies)

    name = "two slopes"
    draws = 1
    batch = 1

    @property
    def instances(self) -> int:
        """Number of runs."""
        return 2 * self.copies

    @property
    def domain(self) -> Box:
        """The interval [-R, R]."""
        return Box(np.array([-self.half_width]), np.array([self.half_width]))

    @property
    def start(self) -> FloatArray:
        """The origin, for each run."""
        return np.zeros((self.instances, 1))

    @property
    def signs(self) -> FloatArray:
        """The v of each run, shape (instances, 1)."""
        return np.tile(np.array([[-1.0], [1.0]]), (self.copies, 1))

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        G, R = self.gradient_bound, self.half_width
        return Facts(
            closed_form(
                lipschitz=G,
                second_moment=G**2,
                half_width=R,
                radius=R,
                diameter=2 * R,
                widths=np.array([2 * R]),
                coordinate_bounds=np.array([G]),
                f_star=-self.bias * G * R,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return each run's function at its row."""
        return (self.subgradient(x) * x)[:, 0]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return each run's slope."""
        return -self.signs * self.bias * self.gradient_bound

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return +G or -G with the mean of the run."""
        return np.where(u < (1 - self.signs * self.bias) / 2, 1.0, -1.0) * self.gradient_bound

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class BernoulliMean:
    r""":math:`f(x) = \frac12 E(x-X)^2` where X is 1 with probability p and else 0; an answer is ``x - X``.

    Parameters
    ----------
    p : float
        In (0, 1).
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.p < 1:
            raise InputError(f"p is {self.p!r}, but it must lie strictly between 0 and 1.")

    name = "mean of a Bernoulli variable"
    instances = None
    draws = 1
    batch = 1
    domain = Box(np.zeros(1), np.ones(1))

    @property
    def start(self) -> FloatArray:
        """The origin, which the first step of size 1 forgets."""
        return np.zeros(1)

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        variance = self.p * (1 - self.p)
        return Facts(
            closed_form(
                smoothness=1.0,
                strong_convexity=1.0,
                sample_smoothness=1.0,
                noise_variance=variance,
                noise_at_optimum=variance,
                sample_range=1.0,
                radius=self.p,
                initial_gap=self.p**2 / 2,
                f_star=variance / 2,
                x_star=np.array([self.p]),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return ((x[:, 0] - self.p) ** 2 + self.p * (1 - self.p)) / 2

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        return x - self.p

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return x - X for a fresh X."""
        return x - (u < self.p)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "two-slopes": TwoSlopes(0.2, copies=4),
    "bernoulli-mean": BernoulliMean(0.3),
}
