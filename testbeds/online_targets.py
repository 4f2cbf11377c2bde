"""Online strongly convex losses: squared distances to targets that are revealed one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.testbeds.domains import Ball
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form


class TargetOracle:
    """Reveals one target per round and keeps the regret against the mean of the targets, which is the best point.

    Parameters
    ----------
    problem : MovingTargets
    streams : Streams
    watch : callable, optional
    """

    __slots__ = ("_loss_sum", "_problem", "_sample", "_square_sum", "_target_sum", "_watch", "calls")

    def __init__(self, problem: MovingTargets, streams: Streams, watch: Watch | None = None) -> None:
        self.calls = 0
        self._problem = problem
        self._sample = streams.open("sample")
        self._watch = watch
        self._loss_sum: Any = 0.0
        self._square_sum: Any = 0.0
        self._target_sum: Any = 0.0

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Play `x`, suffer half of lambda times the squared distance to the target, and return the gradient."""
        problem = self._problem
        self.calls += 1
        z = problem.target(self.calls, self._sample.uniform(problem.dim))
        offset = x - z
        self._loss_sum = self._loss_sum + problem.strong_convexity / 2 * row_dot(offset, offset)
        self._square_sum = self._square_sum + row_dot(z, z)
        self._target_sum = self._target_sum + z
        gradient = problem.strong_convexity * offset
        if self._watch is not None:
            self._watch(x, gradient)
        return gradient

    def project(self, x: FloatArray) -> FloatArray:
        """Return the projection onto the ball."""
        return self._problem.domain.project(x)

    def regret(self) -> FloatArray:
        """Return the loss suffered beyond that of the mean of the targets, shape (runs,)."""
        spread = self._square_sum - row_dot(self._target_sum, self._target_sum) / self.calls
        return self._loss_sum - self._problem.strong_convexity / 2 * spread


@dataclass(frozen=True, slots=True)
class MovingTargets:
    r"""Losses :math:`f_t(x) = \tfrac{\lambda}{2}\|x - z_t\|^2` with targets in a ball.

    The first target lies opposite to the start, at the largest distance 2r; the others are random on the sphere, the
    first coordinate shifted so that some points are better than others. Gradients have norm at most G = 2 lambda r.

    Parameters
    ----------
    dim : int
    strong_convexity : float
        lambda.
    radius : float
        r.
    """

    dim: int = 3
    strong_convexity: float = 1.0
    radius: float = 1.0

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_positive("strong_convexity", self.strong_convexity)
        require_positive("radius", self.radius)

    name = "moving targets"
    instances = None

    @property
    def domain(self) -> Ball:
        """The ball of radius r."""
        return Ball(np.zeros(self.dim), self.radius)

    @property
    def start(self) -> FloatArray:
        """A point of the sphere."""
        return self.radius * np.eye(self.dim)[0]

    @property
    def facts(self) -> Facts:
        """Constants."""
        return Facts(
            closed_form(
                strong_convexity=self.strong_convexity,
                gradient_bound=2 * self.strong_convexity * self.radius,
                diameter=2 * self.radius,
                radius=self.radius,
            )
        )

    def target(self, t: int, u: FloatArray) -> FloatArray:
        """Return the targets of round `t` from uniform numbers, shape (runs, dim)."""
        z = 2 * u - 1
        z[:, 0] -= 0.3
        if t == 1:
            z = np.broadcast_to(-self.start, z.shape)
        return self.radius * z / np.sqrt(row_dot(z, z))[:, None]

    def oracle(self, streams: Streams, watch: Watch | None = None) -> TargetOracle:
        """Return a fresh oracle that keeps the regret."""
        return TargetOracle(self, streams, watch)


EXAMPLES = {
    "moving-targets": MovingTargets(),
}
