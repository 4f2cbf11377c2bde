r"""Exact second moments without sampling: the impulse responses of a linear method on a diagonal quadratic.

On :math:`f(x)=\frac12\sum_i\lambda_ix_i^2` with additive noise, the points of a method that is linear in its answers
(SGD, momentum, Nesterov, averages of them) are the noise-free path plus, for every step r, the noise of that step times
the response to a unit impulse at step r. So the second moments are sums of squares of responses. Row 0 of the batch
is the noise-free path; row r + 1 starts at the minimiser and gets one standard deviation of noise in its answer number
r. The method's own code is run, and nothing is random.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.facts import Facts, closed_form


class ImpulseOracle:
    """Answers with the gradient, and with the impulse in the row whose turn it is."""

    __slots__ = ("_answers", "_problem", "_watch", "calls")

    def __init__(self, problem: ImpulseResponses, watch: Watch | None) -> None:
        self.calls = 0
        self._answers = 0
        self._problem = problem
        self._watch = watch

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradients, with one impulse."""
        answer = self._problem.subgradient(x)
        self._answers += 1
        self.calls += self._problem.batch
        if self._answers < len(x):
            answer[self._answers] += self._problem.deviations
        if self._watch is not None:
            self._watch(x, answer)
        return answer

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self._problem.value(x)

    def project(self, x: FloatArray) -> FloatArray:
        """Return `x`: there is no constraint, or the method would not be linear."""
        return x


@dataclass(frozen=True, slots=True)
class ImpulseResponses:
    """A diagonal quadratic with additive noise, as the batch of responses that gives its second moments.

    Parameters
    ----------
    curvatures, sigmas, at : tuple of float
        Eigenvalues, standard deviations of the noise in each coordinate, and the start.
    horizon : int
        Number of answers that get an impulse; the batch has ``horizon + 1`` rows.
    smoothness, strong_convexity : float, optional
        L and mu of the class that the quadratic is judged as a member of; its own if None.
    batch : int
        Samples in one answer; sigmas are those of one sample.
    """

    curvatures: tuple[float, ...]
    sigmas: tuple[float, ...]
    at: tuple[float, ...]
    horizon: int
    smoothness: float | None = None
    strong_convexity: float | None = None
    batch: int = 1

    def __post_init__(self) -> None:
        require_count("horizon", self.horizon)
        require_count("batch", self.batch)
        if not len(self.curvatures) == len(self.sigmas) == len(self.at):
            raise InputError("curvatures, sigmas and at must have the same length, one entry for each coordinate.")
        for curvature, sigma in zip(self.curvatures, self.sigmas, strict=True):
            require_positive("curvature", curvature)
            require_nonnegative("sigma", sigma)

    name = "noisy quadratic, exact moments"
    domain = WholeSpace()
    draws = 0

    @property
    def instances(self) -> int:
        """Number of responses."""
        return self.horizon + 1

    @property
    def deviations(self) -> FloatArray:
        """Standard deviation of the noise of an answer in each coordinate."""
        return np.array(self.sigmas) / math.sqrt(self.batch)

    @property
    def start(self) -> FloatArray:
        """The start in row 0, the minimiser in the others."""
        start = np.zeros((self.instances, len(self.at)))
        start[0] = self.at
        return start

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        c, eigenvalues, sigma = np.array(self.at), np.array(self.curvatures), self.deviations
        return Facts(
            closed_form(
                smoothness=self.smoothness or max(self.curvatures),
                strong_convexity=self.strong_convexity or min(self.curvatures),
                radius=float(np.linalg.norm(c)),
                initial_gap=float(eigenvalues @ c**2) / 2,
                noise_variance=float(sigma @ sigma),
                sample_variance=float(sigma @ sigma) * self.batch,
                noise_at_optimum=float(sigma @ sigma),
                sample_smoothness=max(self.curvatures),
                f_star=0.0,
                x_star=np.zeros(len(c)),
                spectrum=eigenvalues,
                coordinates=c,
                coordinate_deviations=sigma,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return (x**2 * np.array(self.curvatures)).sum(axis=1) / 2

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        return x * np.array(self.curvatures)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> ImpulseOracle:
        """Return a fresh oracle."""
        return ImpulseOracle(self, watch)


EXAMPLES = {
    "impulse-responses": ImpulseResponses((1.0, 0.1), (0.5, 0.2), (1.0, -2.0), 7),
}
