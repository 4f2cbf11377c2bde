"""A fair comparison of optimizers: one grid of step sizes, extended until the best is interior; controls; quartiles.

Each optimizer is run at every step size of the same grid, on the same instances. A best step at the end of the grid
says nothing about the optimizer, so the grid grows on that side. Every claim that a wrapper helps needs controls that
share its side effects: the base with another step size (the grid itself), with a decaying one, with one scale for each
layer, with the same scales dealt out at random, with frozen scales.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.method import Method
from ratecheck.theory.methods.multiplied import Multiplied
from ratecheck.theory.outputs import Evaluate
from ratecheck.theory.schedules import Cosine, Schedule
from ratecheck.theory.stationarity import GAP

Make = Callable[[Schedule], Method]
MOST_EXTENSIONS = 12


@dataclass(frozen=True, slots=True)
class Tuned:
    """What one optimizer reached.

    Parameters
    ----------
    step_sizes : (grid,) array
        Every step size that was tried, increasing.
    finals : (grid, seeds) array
        Final gap over initial gap; infinite where a run diverged.
    """

    step_sizes: FloatArray
    finals: FloatArray

    @property
    def best(self) -> int:
        """Index of the step size with the smallest median."""
        return int(np.median(self.finals, axis=1).argmin())

    @property
    def interior(self) -> bool:
        """Whether the best step size is inside the grid."""
        return 0 < self.best < len(self.step_sizes) - 1

    @property
    def step_size(self) -> float:
        """The best step size."""
        return float(self.step_sizes[self.best])

    @property
    def median(self) -> float:
        """Median over seeds at the best step size."""
        return float(np.median(self.finals[self.best]))

    @property
    def quartiles(self) -> tuple[float, float]:
        """Lower and upper quartile over seeds at the best step size."""
        low, high = np.quantile(self.finals[self.best], (0.25, 0.75))
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class LastUnlessLost:
    """The measure at the last point, infinite for a run that once exceeded `limit` times its first value.

    In exact arithmetic some runs come back from there; in practice such a run is stopped.
    """

    limit: float = 1e15

    def start(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return no first value, and nothing seen."""
        return np.zeros(x.shape[0]), np.zeros(x.shape[0])

    def visit(
        self, memory: tuple[FloatArray, FloatArray], k: int, x: FloatArray, evaluate: Evaluate
    ) -> tuple[FloatArray, FloatArray]:
        """Keep the first and the largest value."""
        value = evaluate(x)
        return (value if k == 0 else memory[0]), np.maximum(memory[1], value)

    def read(self, memory: tuple[FloatArray, FloatArray], k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the value at `x`, or infinity."""
        first, largest = memory
        return np.where(largest <= self.limit * first, evaluate(x), np.inf)


def cosine(horizon: int) -> Schedule:
    """Return cosine decay from 1."""
    return Cosine(1.0, horizon)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What all optimizers of a comparison share.

    Parameters
    ----------
    problem : callable
        ``(copies) -> Problem``: a single problem, or one with `instances` equal to copies times `seeds`, instance by
        instance in the same order.
    horizon : int
        Number of steps.
    seeds : int
    low, high : float
        First grid of peak step sizes.
    per_decade : int
        Step sizes for each factor of ten.
    schedule : callable
        ``horizon -> Schedule`` of peak 1; each run multiplies it by its own step size.
    """

    problem: Callable[[int], Any]
    horizon: int
    seeds: int = 5
    low: float = 1e-5
    high: float = 1e-1
    per_decade: int = 4
    schedule: Callable[[int], Schedule] = cosine

    def __post_init__(self) -> None:
        require_count("horizon", self.horizon)
        require_count("seeds", self.seeds)
        require_count("per_decade", self.per_decade)
        require_positive("low", self.low)
        if not self.low < self.high < np.inf:
            raise InputError(f"the grid goes from {self.low!r} to {self.high!r}, but it must increase.")

    def grid(self, first: int, last: int) -> FloatArray:
        """Return the step sizes ``10 ** (i / per_decade)`` for i from `first` to `last`: the same for everybody."""
        return 10.0 ** (np.arange(first, last + 1) / self.per_decade)

    def finals(self, make: Make, step_sizes: FloatArray) -> FloatArray:
        """Return final over initial gap at each step size and seed, shape (grid, seeds), in one simulation."""
        problem = self.problem(len(step_sizes))
        peaks = np.repeat(step_sizes, self.seeds)[:, None]
        if problem.instances not in (None, peaks.size):
            raise InputError(
                f"the problem has {problem.instances} instances, but {len(step_sizes)} step sizes times {self.seeds} "
                "seeds are needed; make its instances copies times seeds."
            )
        with np.errstate(over="ignore", invalid="ignore"):
            trace = simulate(
                problem,
                _Guarded(make(Multiplied(self.schedule(self.horizon), peaks))),
                LastUnlessLost(),
                GAP,
                steps=np.array([self.horizon]),
                streams=Streams(0, "fair protocol", range(peaks.size)),
            )
            ratios = trace.values[:, 0] / GAP.compute(problem, np.atleast_2d(problem.start), None)
        return np.where(np.isnan(ratios), np.inf, ratios).reshape(len(step_sizes), self.seeds)

    def tune(self, make: Make) -> Tuned:
        """Return the results on the grid, extended a decade at a time until the best step size is interior."""
        first = round(np.log10(self.low) * self.per_decade)
        last = round(np.log10(self.high) * self.per_decade)
        tuned = Tuned(self.grid(first, last), self.finals(make, self.grid(first, last)))
        for _ in range(MOST_EXTENSIONS):
            if tuned.interior:
                break
            if tuned.best == 0:
                more = self.grid(first - self.per_decade, first - 1)
                first -= self.per_decade
                finals = np.vstack([self.finals(make, more), tuned.finals])
                tuned = Tuned(np.append(more, tuned.step_sizes), finals)
            else:
                more = self.grid(last + 1, last + self.per_decade)
                last += self.per_decade
                finals = np.vstack([tuned.finals, self.finals(make, more)])
                tuned = Tuned(np.append(tuned.step_sizes, more), finals)
        return tuned


class _Guarded:
    """Holds a run that diverged where it is, so that it neither warns nor stops the others."""

    __slots__ = ("inner",)
    LIMIT = 1e150

    def __init__(self, inner: Method) -> None:
        self.inner = inner

    def init(self, x: FloatArray) -> Any:
        return self.inner.init(x)

    def step(self, x: FloatArray, state: Any, oracle: Any) -> tuple[FloatArray, Any]:
        following, state = self.inner.step(x, state, _Tame(oracle))
        lost = ~(np.abs(following).max(axis=1, keepdims=True) < self.LIMIT)
        return np.where(lost, self.LIMIT, following), state


class _Tame:
    """An oracle whose answers to lost runs are finite."""

    __slots__ = ("_oracle",)

    def __init__(self, oracle: Any) -> None:
        self._oracle = oracle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def subgradient(self, x: FloatArray) -> FloatArray:
        lost = ~(np.abs(x).max(axis=1, keepdims=True) < 1e100)
        return np.where(lost, 0.0, self._oracle.subgradient(np.where(lost, 0.0, x)))


@dataclass(frozen=True, slots=True)
class Decayed:
    """A schedule times ``factor ** (k // every)``: the control for a scale that does nothing but shrink."""

    rule: Schedule
    factor: float
    every: int

    def __call__(self, k: int) -> Any:
        """Return the step size of step `k`."""
        return self.rule(k) * self.factor ** (k // self.every)


def compare(protocol: Protocol, contenders: Mapping[str, Make]) -> dict[str, Tuned]:
    """Return the tuned result of each contender under the same protocol."""
    return {name: protocol.tune(make) for name, make in contenders.items()}


def robustness(
    problems: Mapping[float, Callable[[int], Any]], make: Make, step_sizes: FloatArray, horizon: int, seeds: int = 5
) -> FloatArray:
    """Return the median final over initial gap for each noise level (or batch size) and step size: a heat map.

    Parameters
    ----------
    problems : mapping
        From the level to the problem of a `Protocol`.
    make : callable
    step_sizes : (grid,) array
    horizon, seeds : int

    Returns
    -------
    (levels, grid) array
    """
    return np.array(
        [np.median(Protocol(problem, horizon, seeds).finals(make, step_sizes), axis=1) for problem in problems.values()]
    )
