"""Step sizes as functions of the step number k = 0, 1, 2, ..."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray, namespace
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive

StepSize = float | FloatArray  # one number, or one per coordinate with shape (dim,)


class Schedule(Protocol):
    """A step-size rule: `schedule(k)` is the step size of step number k (from 0)."""

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        ...


def _require_step_size(value: StepSize) -> None:
    if not isinstance(value, np.ndarray):
        require_positive("step size", value)
        return
    if value.ndim != 1 or value.dtype.kind not in "fiu":
        raise InputError(
            f"step size is an array of shape {value.shape} and type {value.dtype}, but it must be one number or hold "
            "one real number for each coordinate."
        )
    for i in np.flatnonzero(~(np.isfinite(value) & (value > 0)))[:1]:
        raise InputError(f"step size of coordinate {i} is {value[i]!r}, but it must be a positive finite number.")


def _require_not_above(name: str, value: float, limit_name: str, limit: StepSize) -> None:
    require_nonnegative(name, value)
    if np.greater(value, limit).any():
        raise InputError(f"{name} is {value!r}, but it must not be above {limit_name}, which is {limit!r}.")


def _require_before_end(k: int, horizon: int) -> None:
    if k >= horizon:
        raise InputError(f"step {k} was asked for, but this schedule ends at step {horizon - 1}.")


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
    """``floor + (peak - floor) * (horizon - k) / horizon`` for k < `horizon`: straight down from `peak`."""

    peak: StepSize
    horizon: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        _require_step_size(self.peak)
        require_count("horizon", self.horizon)
        _require_not_above("floor", self.floor, "peak", self.peak)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`; raise `InputError` beyond the horizon."""
        _require_before_end(k, self.horizon)
        return self.floor + (self.peak - self.floor) * ((self.horizon - k) / self.horizon)


@dataclass(frozen=True, slots=True)
class PolynomialDecay:
    """``floor + (peak - floor) * (1 - k / horizon)**power`` for k < `horizon`."""

    peak: StepSize
    horizon: int
    power: float
    floor: float = 0.0

    def __post_init__(self) -> None:
        _require_step_size(self.peak)
        require_count("horizon", self.horizon)
        require_positive("power", self.power)
        _require_not_above("floor", self.floor, "peak", self.peak)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`; raise `InputError` beyond the horizon."""
        _require_before_end(k, self.horizon)
        return self.floor + (self.peak - self.floor) * (1 - k / self.horizon) ** self.power


@dataclass(frozen=True, slots=True)
class Cosine:
    """``floor + (peak - floor) * (1 + cos(pi * k / horizon)) / 2``: slow at both ends (Loshchilov and Hutter, 2017).

    `restart` begins again at `peak` every `horizon` steps; otherwise steps beyond `horizon` are an error.
    """

    peak: StepSize
    horizon: int
    floor: float = 0.0
    restart: bool = False

    def __post_init__(self) -> None:
        _require_step_size(self.peak)
        require_count("horizon", self.horizon)
        _require_not_above("floor", self.floor, "peak", self.peak)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`; raise `InputError` beyond the horizon unless restarted."""
        if self.restart:
            k = k % self.horizon
        _require_before_end(k, self.horizon)
        return self.floor + (self.peak - self.floor) * ((1 + math.cos(math.pi * k / self.horizon)) / 2)


@dataclass(frozen=True, slots=True)
class StepDecay:
    """``initial * factor**floor(k / every)``."""

    initial: StepSize
    factor: float
    every: int

    def __post_init__(self) -> None:
        _require_step_size(self.initial)
        _require_not_above("factor", self.factor, "1", 1.0)
        require_count("every", self.every)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        return self.initial * self.factor ** (k // self.every)


@dataclass(frozen=True, slots=True)
class Exponential:
    """``initial * exp(-rate * k)``."""

    initial: StepSize
    rate: float

    def __post_init__(self) -> None:
        _require_step_size(self.initial)
        require_nonnegative("rate", self.rate)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        return self.initial * math.exp(-self.rate * k)


@dataclass(frozen=True, slots=True)
class Triangular:
    """Up from `low` to `high` in `half_period` steps, down again in as many, and so on (Smith, 2017)."""

    low: float
    high: float
    half_period: int

    def __post_init__(self) -> None:
        _require_step_size(self.high)
        require_count("half_period", self.half_period)
        _require_not_above("low", self.low, "high", self.high)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        phase = k % (2 * self.half_period)
        return self.low + (self.high - self.low) * (min(phase, 2 * self.half_period - phase) / self.half_period)


@dataclass(frozen=True, slots=True)
class Halving:
    r"""The schedule of Jain, Nagaraj and Netrapalli (2019) for the last of `horizon` points.

    Step k is ``scale * 2**-i / sqrt(horizon)`` while ``T_i < k + 1 <= T_{i+1}``, with ``T_i = T - ceil(T / 2**i)``:
    half as long whenever half of the remaining time is over.
    """

    scale: StepSize
    horizon: int

    def __post_init__(self) -> None:
        _require_step_size(self.scale)
        require_count("horizon", self.horizon)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`; raise `InputError` beyond the horizon."""
        _require_before_end(k, self.horizon)
        i = 0
        while k + 1 > self.horizon - -(-self.horizon // 2 ** (i + 1)) and 2**i < self.horizon:
            i += 1
        return self.scale * 2.0**-i / math.sqrt(self.horizon)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Straight up to ``inner(0)`` in `steps` steps, then `inner` from its own step 0.

    The factor of step k < `steps` is ``start + (1 - start) * k / steps``. ``start = 0`` makes the first step one of
    size zero, as the textbook formula does; ``1 / steps`` avoids the wasted step.
    """

    inner: Schedule
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        require_count("steps", self.steps)
        _require_not_above("start", self.start, "1", 1.0)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`."""
        if k >= self.steps:
            return self.inner(k - self.steps)
        return self.inner(0) * (self.start + (1 - self.start) * (k / self.steps))


@dataclass(frozen=True, slots=True)
class StableThenDecay:
    """`peak` for `stable` steps, then straight down to `floor` in `decay` steps; in `WarmUp` it is WSD."""

    peak: StepSize
    stable: int
    decay: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        require_count("stable", self.stable)
        LinearDecay(self.peak, self.decay, self.floor)

    def __call__(self, k: int) -> StepSize:
        """Return the step size of step `k`; raise `InputError` beyond the last one."""
        if k < self.stable:
            return self.peak
        return LinearDecay(self.peak, self.decay, self.floor)(k - self.stable)


def as_schedule(step_size: StepSize | Schedule) -> Schedule:
    """Return `step_size` itself if it is a schedule, else the constant schedule of that value."""
    if callable(step_size):
        return step_size
    return Constant(step_size)


def step_size_at(step_size: StepSize | Schedule, k: int, x: Array) -> Any:
    """Return the step size of step `k` as a Python float, or as an array of the kind of `x`.

    A Python float, unlike a NumPy scalar, keeps the dtype of what it multiplies.
    """
    value = step_size(k) if callable(step_size) else step_size
    if isinstance(value, (int, float)):
        return float(value)
    return namespace(x).asarray(value, dtype=x.dtype)


def step_sizes(schedule: Schedule, count: int) -> FloatArray:
    """Return the first `count` step sizes, shape (count,) or (count, dim)."""
    return np.array([schedule(k) for k in range(count)])
