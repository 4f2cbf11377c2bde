r"""Sample means of functions, uniformly on a ball: f_N against f, on B(x_0, delta) in n dimensions.

Two things can be asked for. *Full*: sup |f_N - f| is at most the accuracy. *Increments*: sup |(f_N-f)(x)-(f_N-f)(x_0)|
is; line searches, acceptance tests and descent arguments use only this, and it needs N of order delta^-2 instead of
delta^-4 where the accuracy is of order delta^2. The constants are derived in this package, by Hoeffding's inequality
on a net, or by symmetrisation, contraction and bounded differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.sampling.rule import (
    failure,
    inverse_accuracy,
    quadratic_accuracy,
    quadratic_samples,
    whole_samples,
)


@dataclass(frozen=True, slots=True)
class CoveringFull:
    r"""Full, by a net: :math:`N \ge \frac{2M^2}{t^2}\big[n\ln(1+8C\delta/t)+\ln(2/\gamma)\big]` for the accuracy t.

    The net has radius r = t/(4C); Hoeffding at level t/2 on its points, and 2Cr = t/2 between them.

    Parameters
    ----------
    loss_range, lipschitz : float
        M, length of an interval that holds F, and C.
    radius : float
        delta.
    dim : int
        n.
    """

    loss_range: float
    lipschitz: float
    radius: float
    dim: int

    def __post_init__(self) -> None:
        for name in ("loss_range", "lipschitz", "radius"):
            require_positive(name, getattr(self, name))
        require_count("dim", self.dim)

    def _needed(self, accuracy: float, gamma: float) -> float:
        net = self.dim * math.log1p(8 * self.lipschitz * self.radius / accuracy)
        return 2 * (self.loss_range / accuracy) ** 2 * (net + math.log(2 / gamma))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy."""
        require_positive("accuracy", accuracy)
        return whole_samples(self._needed(accuracy, failure(confidence)))

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        gamma = failure(confidence)
        return inverse_accuracy(lambda t: self._needed(t, gamma), samples)


@dataclass(frozen=True, slots=True)
class CoveringIncrements:
    r"""Increments, by a net: :math:`N \ge \frac{8C^2\delta^2}{t^2}\big[n\ln(1+8C\delta/t)+\ln(2/\gamma)\big]`.

    As `CoveringFull`, an increment has range 2 C delta.

    Parameters
    ----------
    lipschitz, radius : float
    dim : int
    """

    lipschitz: float
    radius: float
    dim: int

    def __post_init__(self) -> None:
        self._full()

    def _full(self) -> CoveringFull:
        return CoveringFull(2 * self.lipschitz * self.radius, self.lipschitz, self.radius, self.dim)

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy."""
        return self._full().samples(accuracy, confidence)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return self._full().accuracy(samples, confidence)


@dataclass(frozen=True, slots=True)
class RademacherIncrements:
    r"""Increments, by Rademacher complexity.

    .. math:: N \ge \frac{C^2\delta^2}{t^2}\big(c_n + \sqrt{2\ln(2/\gamma)}\big)^2

    c_n = 2 for a loss of a linear predictor, F = l(<a, x>) with l rho-Lipschitz and C = rho A, whatever the dimension;
    c_n = 2 sqrt(2n) for every C-Lipschitz F (Maurer's vector contraction, 2016).

    Parameters
    ----------
    lipschitz, radius : float
    dim : int, optional
        None for a linear predictor.
    """

    lipschitz: float
    radius: float
    dim: int | None = None

    def __post_init__(self) -> None:
        require_positive("lipschitz", self.lipschitz)
        require_positive("radius", self.radius)
        if self.dim is not None:
            require_count("dim", self.dim)

    def _scale(self, confidence: float) -> float:
        tail = math.sqrt(2 * math.log(2 / failure(confidence)))
        return self.lipschitz * self.radius * (complexity(self.dim) + tail)

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class RademacherFull:
    r"""Full, for a loss of a linear predictor: Hoeffding at the centre and increments around it, half each.

    .. math:: N \ge \max\Big\{\frac{2M^2}{t^2}\ln\frac4\gamma,\;
       \frac{4\rho^2A^2\delta^2}{t^2}\big(2+\sqrt{2\ln(4/\gamma)}\big)^2\Big\}

    Parameters
    ----------
    loss_range, lipschitz, radius : float
    """

    loss_range: float
    lipschitz: float
    radius: float

    def __post_init__(self) -> None:
        for name in ("loss_range", "lipschitz", "radius"):
            require_positive(name, getattr(self, name))

    def _scale(self, confidence: float) -> float:
        log = math.log(4 / failure(confidence))
        return max(self.loss_range * math.sqrt(2 * log), 2 * self.lipschitz * self.radius * (2 + math.sqrt(2 * log)))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


def complexity(dim: int | None) -> float:
    """Return c_n: 2 for a linear predictor (None), 2 sqrt(2n) for a Lipschitz function of n variables."""
    return 2.0 if dim is None else 2 * math.sqrt(2 * dim)
