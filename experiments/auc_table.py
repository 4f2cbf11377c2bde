"""The table of AUC maximisation: iterations of MGSR1-SP and of its rivals, on bundled data or on a user's file.

``ratecheck auc a9a w8a`` prints it for files in svmlight form; without a file, for the
breast cancer and digits data that scikit-learn brings along.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.testbeds.auc import auc_saddle, breast_cancer, digits, training_auc
from ratecheck.testbeds.saddle import QuadraticSaddle
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.svmlight import read_svmlight
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.methods.quasi_newton import MGSR1SP, ReleasedQuasiNewton
from ratecheck.theory.methods.saddle import EAGV, OGDA, Extragradient
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity.saddle import RELATIVE_OPERATOR_NORM

TOLERANCES = (1e-3, 1e-6, 1e-10)
SHARES = (100.0, 1.0, 0.01)
UPDATES = (1, 10, 50)
MARGIN = 1.05  # G_0 = (1.05 L)^2 I, so that its top eigenvalue is not met by chance
EXTRA_STEPS = 8  # steps after ceil(n/tau) that an ill-conditioned problem may take to arrive
FIRST_ORDER_STEPS = 3000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    data : str
    share : float
        lambda times the number of samples.
    dimension : int
    condition : float
        Largest over smallest absolute eigenvalue of the Hessian.
    method : str
    updates : int
        tau, 0 for first-order methods.
    iterations : tuple of int or None
        To each of `TOLERANCES` of the relative gradient norm; None where it was not reached.
    calls : int or None
        Gradient-equivalents to the last tolerance.
    limit : int or None
        ceil(n / tau) + 2 for MGSR1-SP.
    outcome : str
        ``"arrived"``, ``"on its way"`` or ``"diverged"``.
    training_auc : float
        AUC of the exact saddle point on the training data.
    """

    data: str
    share: float
    dimension: int
    condition: float
    method: str
    updates: int
    iterations: tuple[int | None, ...]
    calls: int | None
    limit: int | None
    outcome: str
    training_auc: float


def auc_table(
    path: Path | str | None = None,
    *,
    shares: Sequence[float] = SHARES,
    updates: Sequence[int] = UPDATES,
    steps: int = FIRST_ORDER_STEPS,
    seed: int = 0,
) -> list[Row]:
    """Return the rows of the table.

    Parameters
    ----------
    path : path, optional
        Data in svmlight form; the bundled data sets if None.
    shares : sequence of float
        lambda = share / samples.
    updates : sequence of int
        tau of MGSR1-SP; a number above the dimension is taken as the dimension.
    steps : int
        Steps of the first-order methods and of BFGS.
    seed : int
        Root seed of the random directions.

    Raises
    ------
    InputError
        If the file cannot be read or holds a single class, or a number is not allowed.
    """
    require_count("steps", steps)
    for share in shares:
        require_positive("lambda times the samples", share)
    for count in updates:
        require_count("updates", count)
    rows = []
    for name, features, labels in _data(path):
        for share in shares:
            problem = auc_saddle(features, labels, share / len(labels), f"AUC maximisation, {name}")
            score = training_auc(features @ problem.facts["x_star"][: features.shape[1]], labels)
            for method, rule, tau, most in _rivals(problem, updates, steps):
                rows.append(_row(problem, rule, most, seed, (name, share, method, tau, score)))
    return rows


def _data(path: Path | str | None) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    if path is not None:
        yield (Path(path).name, *read_svmlight(path))
        return
    yield ("breast cancer", *breast_cancer())
    yield ("digits, 0 against rest", *digits())


def _rivals(problem: QuadraticSaddle, updates: Sequence[int], steps: int) -> Iterator[tuple[str, Any, int, int]]:
    L, n = problem.facts["smoothness"], problem.facts["dimension"]
    scale = (MARGIN * L) ** 2
    for tau in dict.fromkeys(min(count, n) for count in updates):
        yield "MGSR1-SP", MGSR1SP(scale, tau), tau, -(-n // tau) + EXTRA_STEPS
    yield "random SR1, inverse form", ReleasedQuasiNewton(scale, "sr1"), 1, n + EXTRA_STEPS
    yield "random BFGS, inverse form", ReleasedQuasiNewton(scale, "bfgs"), 1, steps
    yield "extragradient", Extragradient(float(np.sqrt(0.5)) / L), 0, steps
    yield "OGDA", OGDA(0.5 / L), 0, steps
    yield "EAG-V", EAGV(0.618 / L, L), 0, steps


def _row(problem: QuadraticSaddle, rule: Any, most: int, seed: int, labels: tuple[str, float, str, int, float]) -> Row:
    name, share, method, tau, score = labels
    n = problem.facts["dimension"]
    steps = np.arange(1, most + 1)
    streams = Streams(seed, f"{problem.name}, {method}", range(1))
    trace = simulate(problem, rule, Last(), RELATIVE_OPERATOR_NORM, steps=steps, streams=streams)
    values = np.where(np.isnan(trace.values[0]), np.inf, trace.values[0])
    reached = [int(np.argmax(values <= level)) if (values <= level).any() else None for level in TOLERANCES]
    last = reached[-1]
    outcome = "arrived" if last is not None else "diverged" if values[-1] > 1.0 else "on its way"
    return Row(
        name,
        share,
        n,
        float(problem.facts["condition"]),
        method,
        tau,
        tuple(None if k is None else int(steps[k]) for k in reached),
        None if last is None else int(trace.calls[last]),
        -(-n // tau) + 2 if method == "MGSR1-SP" else None,
        outcome,
        score,
    )


def formatted(rows: Sequence[Row]) -> str:
    """Return the table as text, one line for each row."""
    head = ("data", "lambda", "n", "kappa", "method", "tau", "to 1e-3/1e-6/1e-10", "gradients", "limit", "AUC")
    lines = [head]
    for row in rows:
        iterations = "/".join("-" if k is None else str(k) for k in row.iterations)
        lines.append(
            (
                row.data,
                f"{row.share:g}/m",
                str(row.dimension),
                f"{row.condition:.3g}",
                row.method,
                str(row.updates or ""),
                iterations if row.outcome != "diverged" else f"{iterations} diverged",
                str(row.calls or ""),
                str(row.limit or ""),
                f"{row.training_auc:.4f}",
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def within_limits(rows: Sequence[Row]) -> bool:
    """Return whether every MGSR1-SP row arrived within ceil(n / tau) + 2 iterations."""
    return all(row.iterations[-1] is not None and row.iterations[-1] <= row.limit for row in rows if row.limit)


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows as a list of JSON objects; raise `InputError` if the file cannot be written."""
    try:
        path.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another file.") from error
