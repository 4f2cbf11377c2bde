"""How many samples make a mean accurate: Hoeffding, empirical Bernstein, vectors in norm."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.sampling.rule import failure, quadratic_accuracy, quadratic_samples


@dataclass(frozen=True, slots=True)
class Hoeffding:
    r"""The mean of independent numbers in an interval (Hoeffding 1963).

    .. math:: P(\bar X_N - \mathbb{E}X \ge t) \le \exp(-2Nt^2/w^2)

    Parameters
    ----------
    width : float
        w, length of the interval.
    two_sided : bool
        True for |mean - expectation|, which splits the failure probability over both sides.
    """

    width: float
    two_sided: bool = False

    def __post_init__(self) -> None:
        require_positive("width", self.width)

    def _scale(self, confidence: float) -> float:
        return self.width * math.sqrt(math.log((2 if self.two_sided else 1) / failure(confidence)) / 2)

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy t."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy t of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class EmpiricalBernstein:
    r"""The mean of independent numbers in an interval, by their sample variance (Maurer and Pontil 2009, theorem 4).

    .. math:: \mathbb{E}X - \bar X_N \le \sqrt{\frac{2 V_N \ln(2/\gamma)}{N}} + \frac{7 w\ln(2/\gamma)}{3(N-1)}

    Parameters
    ----------
    width : float
        w.
    variance : float
        V_N, the unbiased sample variance; for planning, a guess of it.
    """

    width: float
    variance: float

    def __post_init__(self) -> None:
        require_positive("width", self.width)
        require_nonnegative("variance", self.variance)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        require_count("samples - 1", samples - 1)
        return self._accuracy(float(samples), failure(confidence))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the smallest number of samples for an accuracy."""
        require_positive("accuracy", accuracy)
        gamma = failure(confidence)
        low, high = 1.0, 2.0
        while self._accuracy(high, gamma) > accuracy:
            low, high = high, 2 * high
        while high - low > 0.5:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._accuracy(middle, gamma) > accuracy else (low, middle)
        count = max(2, math.floor(low))
        return count if self._accuracy(count, gamma) <= accuracy else count + 1

    def _accuracy(self, samples: float, gamma: float) -> float:
        log = math.log(2 / gamma)
        return math.sqrt(2 * self.variance * log / samples) + 7 * self.width * log / (3 * (samples - 1))


@dataclass(frozen=True, slots=True)
class VectorMean:
    r"""The mean of independent vectors of length at most C.

    .. math:: \|\bar g_N - \mathbb{E}g\| \le \frac{C}{\sqrt N}\big(1+\sqrt{2\ln(1/\gamma)}\big)

    by bounded differences 2C/N of the norm, whose expectation is at most C/sqrt(N).

    Parameters
    ----------
    length : float
        C.
    """

    length: float

    def __post_init__(self) -> None:
        require_positive("length", self.length)

    def _scale(self, confidence: float) -> float:
        return self.length * (1 + math.sqrt(2 * math.log(1 / failure(confidence))))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for a distance to the expectation."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the distance of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class GaussianMean:
    r"""One tail of a normal mean, exactly: :math:`P(\bar X_N - \mathbb{E}X > z_{1-\gamma}\sigma/\sqrt N) = \gamma`.

    The rule that a true failure probability can be compared with: any other law of coverage fails less or more often.

    Parameters
    ----------
    deviation : float
        sigma.
    points : int
        Means that must be accurate at once; the failure probability is split evenly over them.
    """

    deviation: float
    points: int = 1

    def __post_init__(self) -> None:
        require_positive("deviation", self.deviation)
        require_count("points", self.points)

    def _scale(self, confidence: float) -> float:
        from scipy.special import ndtri

        if failure(confidence) >= 0.5:
            raise InputError(f"confidence is {confidence!r}, but a one-sided normal limit needs more than 0.5.")
        return -self.deviation * float(ndtri(failure(confidence) / self.points))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class ProjectedStochasticSubgradient:
    r"""Steps, hence samples, of projected SGD with the step D/(G sqrt(T)) for the gap of its average point.

    .. math:: f(\bar x_T)-f^\star \le \frac{GD}{\sqrt T}\big(1+\sqrt{2\ln(1/\gamma)}\big)

    by Azuma's inequality on differences of range 2GD.

    Parameters
    ----------
    lipschitz, diameter : float
        G and D.
    """

    lipschitz: float
    diameter: float

    def __post_init__(self) -> None:
        require_positive("lipschitz", self.lipschitz)
        require_positive("diameter", self.diameter)

    def _scale(self, confidence: float) -> float:
        return self.lipschitz * self.diameter * (1 + math.sqrt(2 * math.log(1 / failure(confidence))))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of steps for a gap."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the gap of a number of steps."""
        return quadratic_accuracy(self._scale(confidence), samples)
