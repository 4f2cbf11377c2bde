"""Step sizes as functions of the step number k = 0, 1, 2, ..."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count

StepSize = float | FloatArray  # one number, or one per coordinate with shape (dim,)


class Schedule(Protocol):
    """A step-size rule: `schedule(k)` is the step size of step number k (from 0)."""

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        ...


def _require_step_size(value: StepSize) -> None:
    if not (np.isfinite(value).all() and np.greater(value, 0).all()):
        raise InputError(f"step size is {value!r}, but it must be a positive finite number.")


@dataclass(frozen=True, slots=True)
class Constant:
    """The same step size always."""

    value: StepSize

    def __post_init__(self) -> None:
        _require_step_size(self.value)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        return self.value


@dataclass(frozen=True, slots=True)
class InverseSqrt:
    """``scale / sqrt(k + 1)``, the horizon-free rule of nonsmooth convex optimization."""

    scale: StepSize

    def __post_init__(self) -> None:
        _require_step_size(self.scale)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        return self.scale / math.sqrt(k + 1)


@dataclass(frozen=True, slots=True)
class InverseTime:
    """``scale / (k + shift)``, the rule of strongly convex optimization."""

    scale: float
    shift: float = 1.0

    def __post_init__(self) -> None:
        _require_step_size(self.scale)
        _require_step_size(self.shift)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        return self.scale / (k + self.shift)


@dataclass(frozen=True, slots=True)
class LinearDecay:
    """``peak * (horizon - k) / horizon`` for k = 0, ..., horizon - 1: from `peak` straight down towards zero."""

    peak: StepSize
    horizon: int

    def __post_init__(self) -> None:
        _require_step_size(self.peak)
        require_count("horizon", self.horizon)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`; raise `InputError` beyond the horizon."""
        if k >= self.horizon:
            raise InputError(f"step {k} was asked for, but this schedule ends at step {self.horizon - 1}.")
        return self.peak * ((self.horizon - k) / self.horizon)


def as_schedule(step_size: StepSize | Schedule) -> Schedule:
    """Return `step_size` itself if it is a schedule, else the constant schedule of that value."""
    if callable(step_size):
        return step_size
    return Constant(step_size)


def step_sizes(schedule: Schedule, count: int) -> FloatArray:
    """Return the first `count` step sizes, shape (count,) or (count, dim)."""
    return np.array([schedule(k) for k in range(count)])
