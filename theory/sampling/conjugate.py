r"""Sample sizes of stochastic conjugate subgradients with fresh samples (SCS-R).

With F convex and C-Lipschitz, a radius delta, a tolerance epsilon, a test slope m, and Delta the gap at the start: with
probability 1 - gamma every serious step lowers the true f by at least m delta epsilon / 2, so that there are at most
K - 1 of them, if every round uses N fresh samples with

.. math:: K = \lfloor 2\Delta/(m\delta\epsilon)\rfloor + 1, \qquad
   N \ge \frac{4C^2}{m^2\epsilon^2}\big(c_n+\sqrt{2\ln(2K/\gamma)}\big)^2

The confidence is split over the K rounds; c_n is that of `RademacherIncrements`. Derived in this package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.sampling.rule import failure, whole_samples
from ratecheck.theory.sampling.uniform import complexity


@dataclass(frozen=True, slots=True)
class FreshSampleSize:
    """The sample size of each round of SCS-R.

    Parameters
    ----------
    lipschitz : float
        C, or rho A for a linear predictor.
    slope : float
        m in (0, 1).
    rounds : int
        K, over which the confidence is split.
    confidence : float
        1 - gamma.
    dim : int, optional
        None for a linear predictor.
    """

    lipschitz: float
    slope: float
    rounds: int
    confidence: float
    dim: int | None = None

    def __post_init__(self) -> None:
        require_positive("lipschitz", self.lipschitz)
        failure(self.confidence)
        if not 0 < self.slope < 1:
            raise InputError(f"slope is {self.slope!r}, but a sampled test needs m in (0, 1).")
        if self.rounds < 1:
            raise InputError(f"rounds is {self.rounds!r}, but there is at least one round.")

    def _scale(self) -> float:
        tail = math.sqrt(2 * math.log(2 * self.rounds / failure(self.confidence)))
        return 2 * self.lipschitz / self.slope * (complexity(self.dim) + tail)

    def fixed(self, tolerance: float) -> int:
        """Return the N of the theorem."""
        require_positive("tolerance", tolerance)
        return whole_samples((self._scale() / tolerance) ** 2)

    def adaptive(self, norm: FloatArray, tolerance: float, most: int) -> IntArray:
        """Return N, shape (runs,), with the last round's ||d|| for the tolerance: a heuristic; at most `most`."""
        require_positive("tolerance", tolerance)
        count = np.ceil((self._scale() / np.maximum(norm, tolerance)) ** 2)
        return np.minimum(count, most).astype(np.int64)


def round_limit(initial_gap: float, slope: float, radius: float, tolerance: float) -> int:
    """Return K, one more than the most serious steps of SCS-R."""
    # Rounding must not lose a round.
    return math.floor(2 * initial_gap / (slope * radius * tolerance) * (1 + 1e-12)) + 1


def norm_test(variance: FloatArray, norm: FloatArray, share: float, least: int, most: int) -> IntArray:
    """Return N = variance / (share ||d||^2) within limits: the practical surrogate, by the measured variance."""
    require_positive("share", share)
    count = np.ceil(variance / (share * np.maximum(norm**2, 1e-300)))
    return np.clip(count, least, most).astype(np.int64)
