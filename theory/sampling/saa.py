"""How many samples make the minimiser of a sample average a good point (sample average approximation)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.sampling.rule import (
    failure,
    inverse_accuracy,
    quadratic_accuracy,
    quadratic_samples,
    whole_samples,
)


def _others(choices: int) -> int:
    if choices < 2:
        raise InputError(f"choices is {choices}, but there must be at least 2 points to choose from.")
    require_count("choices", choices)
    return choices - 1


@dataclass(frozen=True, slots=True)
class FiniteBounded:
    r"""A finite set S, every difference F(x, .) - F(x*, .) in an interval of length w.

    .. math:: P(\text{the sample's minimiser is not } \epsilon\text{-optimal}) \le (|S|-1)\exp(-2N\epsilon^2/w^2)

    Hoeffding's inequality for each other point; for a sample problem solved to accuracy d, replace epsilon by
    epsilon - d.

    Parameters
    ----------
    choices : int
        |S|.
    width : float
    """

    choices: int
    width: float

    def __post_init__(self) -> None:
        _others(self.choices)
        require_positive("width", self.width)

    def _scale(self, confidence: float) -> float:
        return self.width * math.sqrt(math.log(_others(self.choices) / failure(confidence)) / 2)

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy epsilon."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class FiniteSubGaussian:
    r"""A finite set S, every centred difference sub-Gaussian with parameter sigma (Shapiro and Nemirovski 2005).

    .. math:: N \ge \frac{2\sigma^2}{\epsilon^2}\ln\frac{|S|-1}{\gamma}

    Parameters
    ----------
    choices : int
    deviation : float
        sigma.
    """

    choices: int
    deviation: float

    def __post_init__(self) -> None:
        _others(self.choices)
        require_positive("deviation", self.deviation)

    def _scale(self, confidence: float) -> float:
        return self.deviation * math.sqrt(2 * math.log(_others(self.choices) / failure(confidence)))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy epsilon."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class FiniteVariance:
    r"""A finite set S by the largest variance of a difference (Kleywegt, Shapiro and Homem-de-Mello 2002).

    .. math:: N \ge \frac{3\sigma_{\max}^2}{\epsilon^2}\ln\frac{|S|}{\gamma}

    Only true for epsilon small enough; at a large accuracy rare big differences make it fail, see the ledger.

    Parameters
    ----------
    choices : int
    deviation : float
        sigma_max.
    """

    choices: int
    deviation: float

    def __post_init__(self) -> None:
        _others(self.choices)
        require_positive("deviation", self.deviation)

    def _scale(self, confidence: float) -> float:
        return self.deviation * math.sqrt(3 * math.log(self.choices / failure(confidence)))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for an accuracy epsilon."""
        return quadratic_samples(self._scale(confidence), accuracy)

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy of a number of samples."""
        return quadratic_accuracy(self._scale(confidence), samples)


@dataclass(frozen=True, slots=True)
class LipschitzFamily:
    r"""A bounded set in n dimensions of diameter D, F G-Lipschitz, the sample problem solved exactly.

    .. math:: P(\text{gap} > \epsilon) \le (1+8GD/\epsilon)^n \exp(-N\epsilon^2/(8G^2D^2))

    by a net of radius epsilon/(4G); the shape is that of Shapiro and Nemirovski (2005).

    Parameters
    ----------
    lipschitz, diameter : float
        G and D.
    dim : int
        n.
    """

    lipschitz: float
    diameter: float
    dim: int

    def __post_init__(self) -> None:
        require_positive("lipschitz", self.lipschitz)
        require_positive("diameter", self.diameter)
        require_count("dim", self.dim)

    def _needed(self, accuracy: float, gamma: float) -> float:
        size = self.lipschitz * self.diameter / accuracy
        return 8 * size**2 * (self.dim * math.log1p(8 * size) - math.log(gamma))

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for a gap epsilon."""
        require_positive("accuracy", accuracy)
        return whole_samples(self._needed(accuracy, failure(confidence)))

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the gap of a number of samples."""
        gamma = failure(confidence)
        return inverse_accuracy(lambda t: self._needed(t, gamma), samples)


@dataclass(frozen=True, slots=True)
class StronglyConvexMean:
    r"""The expected gap of the sample's minimiser for strongly convex F (Shalev-Shwartz et al. 2009).

    .. math:: \mathbb{E} f(\hat x_N) - f^\star \le \frac{4G^2}{\lambda N}

    A statement about the mean: the confidence enters by Markov's inequality.

    Parameters
    ----------
    lipschitz, strong_convexity : float
        G and lambda.
    """

    lipschitz: float
    strong_convexity: float

    def __post_init__(self) -> None:
        require_positive("lipschitz", self.lipschitz)
        require_positive("strong_convexity", self.strong_convexity)

    def mean_gap(self, samples: int) -> float:
        """Return the bound on the expected gap."""
        require_count("samples", samples)
        return 4 * self.lipschitz**2 / (self.strong_convexity * samples)

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples for a gap."""
        require_positive("accuracy", accuracy)
        return whole_samples(self.mean_gap(1) / (accuracy * failure(confidence)))

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the gap of a number of samples."""
        return self.mean_gap(samples) / failure(confidence)
