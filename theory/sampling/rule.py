"""What a sample-size rule is: from accuracy and confidence to a number of samples, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from ratecheck.theory.errors import InputError, require_count, require_positive

MOST = 1e300  # a rule that asks for more samples than this is reported as infinite


class SampleRule(Protocol):
    """A frozen dataclass of the constants of a theorem.

    `samples` and `accuracy` are inverse to each other: the smallest number of samples for which the theorem promises
    an accuracy, and the accuracy that it promises for a number of samples, both with probability at least
    `confidence`.
    """

    def samples(self, accuracy: float, confidence: float) -> int:
        """Return the number of samples that the theorem asks for."""
        ...

    def accuracy(self, samples: int, confidence: float) -> float:
        """Return the accuracy that it promises for that many samples."""
        ...


def failure(confidence: float) -> float:
    """Return 1 - confidence, or raise `InputError` unless the confidence is in (0, 1)."""
    if not 0 < confidence < 1:
        raise InputError(
            f"confidence is {confidence!r}, but the probability with which a sample must be good enough is in (0, 1), "
            "such as 0.95."
        )
    return 1 - confidence


def whole_samples(count: float) -> int:
    """Return the number of samples rounded up, at least 1; a rounding error of the formula adds none."""
    if not count < MOST:
        raise InputError("the rule asks for more than 1e300 samples; ask for less accuracy.")
    return max(1, math.ceil(count * (1 - 1e-12)))


def quadratic_samples(scale: float, accuracy: float) -> int:
    """Return the N with scale / sqrt(N) = accuracy, rounded up."""
    require_positive("accuracy", accuracy)
    ratio = scale / accuracy
    return whole_samples(ratio * ratio)


def quadratic_accuracy(scale: float, samples: int) -> float:
    """Return scale / sqrt(N)."""
    require_count("samples", samples)
    return scale / math.sqrt(samples)


def inverse_accuracy(needed: Callable[[float], float], samples: int) -> float:
    """Return the accuracy e with needed(e) = samples, for a decreasing function without a formula for its inverse."""
    require_count("samples", samples)
    low, high = 1.0, 1.0
    while needed(low) < samples:
        low /= 2
    while needed(high) > samples:
        high *= 2
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if needed(middle) > samples else (low, middle)
    return high
