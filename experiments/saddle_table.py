"""Tables of saddle-point methods on one problem: iterations to three accuracies, and what they cost."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity.measure import Measure


@dataclass(frozen=True, slots=True)
class Rival:
    """A method, tau (0 where it has none), the steps it may take, and the steps within which it must arrive, if any."""

    name: str
    rule: Any
    updates: int
    steps: int
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Parameters
    ----------
    data, regularisation : str
    dimension : int
    condition : float
        Largest over smallest absolute eigenvalue of the Hessian, at the saddle point.
    method : str
    updates : int
        tau, 0 for first-order methods.
    iterations : tuple of int or None
        To each accuracy; None where it was not reached.
    calls : int or None
        Gradient-equivalents to the last accuracy.
    limit : int or None
        Iterations within which the method must arrive.
    outcome : str
        ``"arrived"``, ``"on its way"`` or ``"diverged"``.
    score : float
        What the saddle point is worth on the training data.
    """

    data: str
    regularisation: str
    dimension: int
    condition: float
    method: str
    updates: int
    iterations: tuple[int | None, ...]
    calls: int | None
    limit: int | None
    outcome: str
    score: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rows of one problem have in common: names, condition number, score."""

    data: str
    regularisation: str
    condition: float
    score: float


def race(
    problem: Any, setting: Setting, rivals: Sequence[Rival], measure: Measure, levels: Sequence[float], seed: int
) -> list[Row]:
    """Run every rival on `problem` and return its row.

    Parameters
    ----------
    problem : Problem
    setting : Setting
    rivals : sequence of Rival
    measure : Measure
    levels : sequence of float
        Accuracies of the measure, decreasing.
    seed : int
        Root seed.
    """
    return [_row(problem, setting, rival, measure, levels, seed) for rival in rivals]


def _row(problem: Any, setting: Setting, rival: Rival, measure: Measure, levels: Sequence[float], seed: int) -> Row:
    steps = np.arange(1, rival.steps + 1)
    streams = Streams(seed, f"{problem.name}, {rival.name}", range(1))
    trace = simulate(problem, rival.rule, Last(), measure, steps=steps, streams=streams)
    values = np.where(np.isnan(trace.values[0]), np.inf, trace.values[0])
    start = float(measure.compute(problem, problem.start[None], None)[0])
    reached = [int(np.argmax(values <= level)) if (values <= level).any() else None for level in levels]
    last = reached[-1]
    return Row(
        setting.data,
        setting.regularisation,
        problem.facts["dimension"],
        setting.condition,
        rival.name,
        rival.updates,
        tuple(None if k is None else int(steps[k]) for k in reached),
        None if last is None else int(trace.calls[last]),
        rival.limit,
        "arrived" if last is not None else "diverged" if values[-1] > start else "on its way",
        setting.score,
    )


def formatted(rows: Sequence[Row], levels: Sequence[float], score: str) -> str:
    """Return the table as text, one line for each row, with `score` as the name of the last column."""
    accuracies = "/".join(f"{level:.0e}".replace("e-0", "e-") for level in levels)
    head = ("data", "lambda", "n", "kappa", "method", "tau", f"to {accuracies}", "gradients", "limit", score)
    lines = [head]
    for row in rows:
        iterations = "/".join("-" if k is None else str(k) for k in row.iterations)
        lines.append(
            (
                row.data,
                row.regularisation,
                str(row.dimension),
                f"{row.condition:.3g}",
                row.method,
                str(row.updates or ""),
                iterations if row.outcome != "diverged" else f"{iterations} diverged",
                str(row.calls or ""),
                str(row.limit or ""),
                f"{row.score:.4f}",
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def within_limits(rows: Sequence[Row]) -> bool:
    """Return whether every row that has a limit arrived within it."""
    return all(row.iterations[-1] is not None and row.iterations[-1] <= row.limit for row in rows if row.limit)


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as a list of JSON objects; raise `InputError` if the file cannot be written."""
    try:
        path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another file.") from error
