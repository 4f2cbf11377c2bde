"""The one loop of the package: many independent runs at once, as arrays of shape (runs, dim)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import ROW_TILE, FloatArray, IntArray
from ratecheck.theory.bound import Assumption
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.in_place import in_place
from ratecheck.theory.outputs import Output
from ratecheck.theory.stationarity.measure import Measure

# The C library hands freed memory of this size back to the system and asks for it again, page by page, at every step
# of a loop over arrays; having freed one large array once makes it keep them (a factor of three on small problems).
np.empty(1 << 21)

CHUNK_NUMBERS = 1 << 16  # state entries per chunk: six arrays of this many float64 stay within a large L2 cache


@dataclass(frozen=True, slots=True)
class Trace:
    """What a run leaves behind.

    Parameters
    ----------
    steps, calls : (records,) integer arrays
        Numbers of steps and of oracle calls at which the measure was recorded.
    values : (runs, records) array
        The measured values.
    excess : dict
        For each assumption checked on queries, the largest relative excess over all runs and steps.
    """

    steps: IntArray
    calls: IntArray
    values: FloatArray
    excess: dict[str, float]


class _Monitor:
    """Keeps the largest excess of each assumption over every query of a run."""

    __slots__ = ("_assumptions", "_facts", "worst")

    def __init__(self, facts: Facts, assumptions: Sequence[Assumption]) -> None:
        self._facts = facts
        self._assumptions = assumptions
        self.worst = {assumption.text: -np.inf for assumption in assumptions}

    def __call__(self, x: FloatArray, answer: FloatArray) -> None:
        for assumption in self._assumptions:
            if assumption.on_query is not None:
                excess = float(np.max(assumption.on_query(self._facts, x, answer)))
                # A NaN is an excess: it must not slip through a comparison.
                if not excess <= self.worst[assumption.text]:
                    self.worst[assumption.text] = excess


def log_spaced(horizon: int, per_decade: int = 12) -> IntArray:
    """Return increasing step numbers from 1 to `horizon`, evenly spaced in the logarithm."""
    count = max(2, int(np.ceil(per_decade * np.log10(max(horizon, 10)))))
    return np.unique(np.round(np.geomspace(1, horizon, count)).astype(np.int64))


def simulate(
    problem: Any,
    method: Any,
    output: Output,
    measure: Measure,
    *,
    steps: IntArray,
    streams: Streams,
    assumptions: Sequence[Assumption] = (),
    dtype: type = np.float64,
) -> Trace:
    """Run `method` on `problem` and record the measure after each number of `steps`.

    Parameters
    ----------
    problem : Problem
    method : Method
    output, measure : Output, Measure
        What is recorded.
    steps : (records,) integer array
        Increasing.
    streams : Streams
        Names the random numbers; its `runs` says which runs are simulated.
    assumptions : sequence of Assumption
        Those with `on_query` are evaluated at every oracle answer.
    dtype : type
        Type of the points and the state. The measure is always computed in float64.

    Returns
    -------
    Trace

    Raises
    ------
    InputError
        If `steps` is not increasing from at least 1, or a batch of instances is given another number of runs.
    """
    if steps.size == 0 or steps[0] < 1 or (np.diff(steps) <= 0).any():
        raise InputError("the recorded steps must increase from at least 1.")
    runs = streams.runs
    if problem.instances is not None:
        if len(runs) != problem.instances:
            raise InputError(
                f"{problem.name} is a batch of {problem.instances} instances, one for each run, but {len(runs)} runs "
                f"were asked for; set the claim's runs to {problem.instances}."
            )
        return _chunk(problem, method, output, measure, steps, streams, assumptions, dtype)
    size = max(ROW_TILE, CHUNK_NUMBERS // problem.start.shape[-1] // ROW_TILE * ROW_TILE)
    traces = [
        _chunk(
            problem,
            method,
            output,
            measure,
            steps,
            Streams(streams.seed, streams.name, runs[first : first + size], dtype),
            assumptions,
            dtype,
        )
        for first in range(0, len(runs), size)
    ]
    return joined(traces)


def joined(traces: Sequence[Trace]) -> Trace:
    """Return the trace of all runs, in order, from the traces of chunks of them."""
    first = traces[0]
    return Trace(
        first.steps,
        first.calls,
        np.concatenate([trace.values for trace in traces]),
        {text: max(trace.excess[text] for trace in traces) for text in first.excess},
    )


def _chunk(
    problem: Any,
    method: Any,
    output: Output,
    measure: Measure,
    steps: IntArray,
    streams: Streams,
    assumptions: Sequence[Assumption],
    dtype: type,
) -> Trace:
    runs = len(streams.runs)
    queried = [assumption for assumption in assumptions if assumption.on_query is not None]
    monitor = _Monitor(problem.facts, queried)
    oracle = problem.oracle(streams, monitor if queried else None)

    def evaluate(point: FloatArray) -> FloatArray:
        third = oracle if measure.of == "point" else state
        return measure.compute(problem, point.astype(np.float64, copy=False), third)

    # C order by name: the natural order of a broadcast array is column by column, which makes every pass slow.
    x: FloatArray = np.broadcast_to(problem.start, (runs, problem.start.shape[-1])).astype(dtype, order="C")
    method = in_place(method)
    state = method.init(x)
    memory = output.start(x)
    values = np.empty((runs, steps.size))
    calls = np.empty(steps.size, dtype=np.int64)
    record = 0
    for k in range(int(steps[-1])):
        memory = output.visit(memory, k, x, evaluate)
        x, state = method.step(x, state, oracle)
        if k + 1 == steps[record]:
            values[:, record] = output.read(memory, k + 1, x, evaluate)
            calls[record] = oracle.calls
            record += 1
    return Trace(steps, calls, values, monitor.worst)
