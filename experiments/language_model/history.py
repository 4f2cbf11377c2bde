"""What a run leaves behind: the loss of every step, and what was measured at some of them."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.theory.errors import InputError

CURVE = "curve.csv"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the curve, after `step` updates.

    Parameters
    ----------
    step, tokens : int
    train_loss : float
        Of the last batch, nats per token; NaN before the first.
    validation : float
    excess : float
        Validation loss minus that of the exact predictor on the same tokens; NaN where there is none.
    error : float
        Standard error of the excess over the validation sequences.
    gradient_norm : float
        Before clipping.
    step_size : float
    """

    step: int
    tokens: int
    train_loss: float
    validation: float
    excess: float
    error: float
    gradient_norm: float
    step_size: float


@dataclass(slots=True)
class History:
    """The losses of all steps, the records, and the shares of entries that low precision flushed to zero.

    `batches` holds the sequences of each step where batches grow, and is empty where they do not.
    """

    losses: list[float] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    flushed: dict[str, list[float]] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)

    @property
    def last(self) -> Record:
        """The last record."""
        return self.records[-1]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> History:
        """Return what `to_json` wrote."""
        records = [Record(**one) for one in data["records"]]
        return cls(list(data["losses"]), records, dict(data["flushed"]), list(data.get("batches", [])))

    def curve(self) -> str:
        """Return the curve as CSV, floats in full so that equal runs are equal bytes."""
        stream = io.StringIO()
        names = [one.name for one in fields(Record)]
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["loss_of_step", *names])
        measured = {one.step: one for one in self.records}
        for step, loss in enumerate([math.nan, *self.losses]):
            record = measured.get(step)
            rest = [getattr(record, name) for name in names] if record else [step] + [""] * (len(names) - 1)
            writer.writerow([repr(loss), *rest])
        return stream.getvalue()


def record_steps(steps: int, count: int = 12) -> set[int]:
    """Return the steps at which to validate: before the first, log-spaced over the last two decades, and at the end."""
    spaced = np.geomspace(steps, max(1, steps / 64), count)  # from the end, which one record alone is for
    return {0, steps, *np.unique(np.rint(spaced).astype(int)).tolist()}


def read_curve(folder: Path) -> str:
    """Return the curve of a folder; raise `InputError` if there is none."""
    path = folder / CURVE
    if not path.exists():
        raise InputError(f"{path} is missing; run `ratecheck lm train --out {folder}` first.")
    return path.read_text()
