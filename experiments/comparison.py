"""Tuned comparisons at equal numbers of sample gradients: who reaches which gap first, and how often.

Every method is tuned on the same grid of step sizes, on runs that the comparison does not use, for each problem and
each budget on its own. What comes out are costs as plain arrays, for performance profiles (Dolan and More 2002) and
ECDFs of reached targets, and the final gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import BoolArray, FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import GAP
from ratecheck.theory.stationarity.measure import Measure

MakeMethod = Callable[[float, int, Any], Any]  # (step size, steps, problem) -> Method


@dataclass(frozen=True, slots=True)
class Contestant:
    """A method with one number to tune.

    Parameters
    ----------
    name : str
    make : callable
        ``(scale, steps, problem) -> Method``, the scale from the grid that all contestants share.
    spent : Measure, optional
        Sample gradients of each run, of the method's state, where they differ from run to run; None if every step
        costs one batch.
    """

    name: str
    make: MakeMethod
    spent: Measure | None = None


@dataclass(frozen=True, slots=True)
class Protocol:
    """What all contestants share.

    Parameters
    ----------
    budgets : tuple of int
        Sample gradients of a run; each budget is a problem of its own, tuned on its own, since what is best for a
        short run need not be best for a long one.
    grid : tuple of float
        Step sizes.
    runs, tuning_runs : int
        Seeds of the comparison, and others for tuning.
    records : int
        Numbers of sample gradients at which gaps are kept, evenly spaced in the logarithm.
    seed : int
    """

    budgets: tuple[int, ...] = (1024, 8192)
    grid: tuple[float, ...] = tuple(10.0 ** (k / 2) for k in range(-8, 3))
    runs: int = 20
    tuning_runs: int = 8
    records: int = 24
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.budgets or not self.grid:
            raise InputError("a comparison needs at least one budget and one step size.")
        for name in ("runs", "tuning_runs", "records"):
            require_count(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome.

    Parameters
    ----------
    problems, contestants : tuple of str
        A problem is a testbed with a budget.
    counts : (problems, records) array
        Sample gradients at which gaps were kept.
    gaps : (problems, contestants, runs, records) array
        Last gaps after as many sample gradients; infinity for a run that diverged.
    initial_gaps : (problems,) array
    chosen : (problems, contestants) array
        The tuned step sizes.
    at_edge : (problems, contestants) array
        Where the tuned step size is an end of the grid, so that a wider grid might have served the method better.
    """

    problems: tuple[str, ...]
    contestants: tuple[str, ...]
    counts: IntArray
    gaps: FloatArray
    initial_gaps: FloatArray
    chosen: FloatArray
    at_edge: BoolArray

    def costs(self, targets: Sequence[float]) -> FloatArray:
        """Return the sample gradients until a gap of target * initial gap was first seen, infinity where it was not.

        Parameters
        ----------
        targets : sequence of float
            In (0, 1).

        Returns
        -------
        (problems * targets * runs, contestants) array
            Every run of a problem with a target is an entry; runs with the same number share their samples.
        """
        if not targets or not all(0 < target < 1 for target in targets):
            raise InputError(f"targets is {targets!r}, but each must be a share of the initial gap in (0, 1).")
        levels = np.array(targets)[None, :, None] * self.initial_gaps[:, None, None]
        reached = self.gaps[:, None] <= levels[..., None, None]  # (problems, targets, contestants, runs, records)
        first = reached.argmax(axis=-1)
        counts = self.counts[np.arange(len(self.problems))[:, None, None, None], first]
        cost = np.where(reached.any(axis=-1), counts, np.inf)
        return np.moveaxis(cost, 2, -1).reshape(-1, len(self.contestants))

    def final_gaps(self) -> FloatArray:
        """Return the median final gap over the initial gap, shape (problems, contestants)."""
        return np.median(self.gaps[..., -1], axis=-1) / self.initial_gaps[:, None]


def compare(problems: dict[str, Any], contestants: Sequence[Contestant], protocol: Protocol) -> Comparison:
    """Tune and run every contestant on every problem at every budget.

    Parameters
    ----------
    problems : dict
        By name; each with ``batch`` samples per answer and the fact ``f_star``.
    contestants : sequence of Contestant
    protocol : Protocol

    Raises
    ------
    InputError
        If a budget is smaller than a problem's batch.
    """
    names, counts, gaps, initial, chosen = [], [], [], [], []
    for name, problem in problems.items():
        for budget in protocol.budgets:
            if budget < problem.batch:
                raise InputError(f"budget {budget} is smaller than the batch of {name}, {problem.batch}.")
            kept = _record_counts(budget, problem.batch, protocol.records)
            results = [_tuned(problem, name, one, budget, kept, protocol) for one in contestants]
            names.append(f"{name}, {budget} sample gradients")
            counts.append(kept)
            gaps.append([gap for gap, _ in results])
            chosen.append([scale for _, scale in results])
            initial.append(float(problem.value(problem.start[None])[0]) - problem.facts["f_star"])
    picked = np.array(chosen)
    ends = (picked == min(protocol.grid)) | (picked == max(protocol.grid))
    return Comparison(
        tuple(names),
        tuple(one.name for one in contestants),
        np.array(counts),
        np.array(gaps),
        np.array(initial),
        picked,
        ends,
    )


def _record_counts(budget: int, batch: int, records: int) -> IntArray:
    """Return increasing counts of whole batches up to the budget, close to evenly spaced in the logarithm."""
    steps = budget // batch
    if records > steps:
        raise InputError(f"{records} records were asked for, but a budget of {budget} has only {steps} steps.")
    taken = np.maximum(np.round(np.geomspace(1, steps, records)).astype(np.int64), np.arange(1, records + 1))
    return batch * np.minimum(taken, steps - records + np.arange(1, records + 1))


def _tuned(
    problem: Any, name: str, one: Contestant, budget: int, kept: IntArray, protocol: Protocol
) -> tuple[FloatArray, float]:
    """Return the gaps of the comparison's runs, and the step size with the smallest median final gap in tuning."""
    tuning = Streams(protocol.seed, f"tuning {name}", range(protocol.tuning_runs))
    finals = [float(np.median(_gaps(problem, one, scale, budget, kept[-1:], tuning))) for scale in protocol.grid]
    best = protocol.grid[int(np.argmin(finals))]
    streams = Streams(protocol.seed, f"comparison {name}", range(protocol.runs))
    return _gaps(problem, one, best, budget, kept, streams), best


def _gaps(problem: Any, one: Contestant, scale: float, budget: int, kept: IntArray, streams: Streams) -> FloatArray:
    """Return gaps at the kept counts of sample gradients, shape (runs, records); infinity where a run diverged."""
    steps = budget // problem.batch
    method = one.make(scale, steps, problem)
    with np.errstate(all="ignore"):  # too large a step size overflows, and is judged by its gap
        if one.spent is None:
            trace = simulate(problem, method, Last(), GAP, steps=kept // problem.batch, streams=streams)
            return _finite(trace.values)
        every = np.arange(1, steps + 1)
        values = simulate(problem, method, Last(), GAP, steps=every, streams=streams).values
        spent = simulate(problem, method, Last(), one.spent, steps=every, streams=streams).values
    start = float(problem.value(problem.start[None])[0]) - problem.facts["f_star"]
    values = np.concatenate([np.full((len(values), 1), start), _finite(values)], axis=1)
    last = np.stack([np.searchsorted(row, kept, side="right") for row in spent])
    return np.take_along_axis(values, last, axis=1)


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.inf)
