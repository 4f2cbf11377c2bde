"""Additive noise of exactly known law."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_count, require_nonnegative


@dataclass(frozen=True, slots=True)
class UniformNoise:
    """Independent noise uniform on [-w_i, w_i] in each coordinate, averaged over a batch.

    Parameters
    ----------
    widths : tuple of float
        The w_i, at least 0.
    batch : int
        Samples in one answer.
    """

    widths: tuple[float, ...]
    batch: int = 1

    def __post_init__(self) -> None:
        require_count("batch", self.batch)
        for width in self.widths:
            require_nonnegative("width of the noise", width)

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer, 0 where there is no noise."""
        return len(self.widths) * self.batch if any(self.widths) else 0

    @property
    def deviations(self) -> FloatArray:
        """Standard deviation of one sample in each coordinate, shape (dim,)."""
        return np.array(self.widths) / math.sqrt(3)

    def sample(self, u: FloatArray) -> FloatArray:
        """Return the batch's mean noise from uniform numbers of shape (runs, draws)."""
        centred = 2 * u.reshape(u.shape[0], self.batch, len(self.widths)).mean(axis=1) - 1
        return np.array(self.widths) * centred
