"""Step sizes times a factor for each coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray
from ratecheck.theory.schedules import Schedule, StepSize, step_size_at


@dataclass(frozen=True, slots=True)
class Multiplied:
    """A step size times a factor for each coordinate of each run.

    Parameters
    ----------
    rule : float, array or Schedule
    factors : (runs, dim) array
    out : array, optional
        Of the shape and type of `factors`; the product is written there. A fresh array of tens of megabytes at every
        step costs more than the product itself: its pages are asked for and given back each time.
    """

    rule: StepSize | Schedule
    factors: Array
    out: FloatArray | None = None

    def __call__(self, k: int) -> Any:
        """Return the step size of step `k`, shape (runs, dim)."""
        eta = step_size_at(self.rule, k, self.factors)
        return eta * self.factors if self.out is None else np.multiply(self.factors, eta, out=self.out)
