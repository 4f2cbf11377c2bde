"""SCS-AdamW with batches that grow, against AdamW and SGD, at equal numbers of sequences.

Two readings of SCS-AdamW: the authors' pairing of the weights (Euclidean), and the minimum norm in Adam's metric with
resets. Batches grow by the norm test on the direction; the control is AdamW whose batches grow by the norm test on the
gradient, since a batch that grows also lowers the noise, like a step size that falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.compare import BETAS, differences
from ratecheck.experiments.language_model.contest import Comparison, hold, step_size_sweep, table, token_sweep
from ratecheck.experiments.language_model.outcome import write_findings
from ratecheck.experiments.language_model.runs import Run, Workers
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.size import SHORTER, scope, small
from ratecheck.experiments.language_model.tuning import Arm
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.theory.errors import InputError

COMMAND = "ratecheck lm experiments adaptive-batches"
LEAST, PARTS, MOST = 8, 2, 128


@dataclass(frozen=True, slots=True)
class Entrant:
    """An optimizer at a fixed batch, or with batches that grow: `share` is that of `Growth`, 0 for none."""

    optimizer: str
    start: int
    options: dict[str, Any] = field(default_factory=dict)
    batch: int = LEAST
    share: float = 0.0


SCS = {"beta2": 0.95}
ENTRANTS = {
    "SGD": Entrant("sgd", 0),
    "AdamW": Entrant("adamw", -8, BETAS),
    "SCS-AdamW (Euclidean)": Entrant("scs-adamw-euclidean", -8, SCS),
    "SCS-AdamW (metric)": Entrant("scs-adamw", -8, SCS),
    "SGD, growing": Entrant("sgd", 0, share=1.0),
    "AdamW, growing": Entrant("adamw", -8, BETAS, share=1.0),
    "SCS-AdamW (Euclidean), growing": Entrant("scs-adamw-euclidean", -8, SCS, share=4.0),
    "SCS-AdamW (metric), growing": Entrant("scs-adamw", -8, SCS, share=4.0),
}


def arm(setup: Setup, name: str) -> Arm:
    """Return an entrant as a contestant, at the sequences of the setup."""
    one = ENTRANTS[name]
    total = setup.recipe.steps * setup.recipe.batch
    growth = {"share": one.share, "most": MOST} if one.share else {}
    changed = setup.with_recipe(
        optimizer=one.optimizer,
        options=one.options,
        batch=one.batch,
        steps=total // one.batch,
        accumulate=PARTS if growth else 1,
        growth=growth,
    )
    return Arm(name, changed, one.start)


def adaptive_batches(setup: Setup, names: Sequence[str], seeds: int, out: Path, workers: Workers) -> Comparison:
    """Tune and run the named entrants, and store table, claims and figures' data.

    Raises
    ------
    InputError
        If a name is unknown or there are fewer than two seeds.
    """
    for name in names:
        if name not in ENTRANTS:
            raise InputError(f"no entrant is called {name!r}; allowed are {', '.join(ENTRANTS)}.")
    result = hold([arm(setup, name) for name in names], seeds, workers)
    save_sweep(out, step_size_sweep(result, "lm-adaptive-step-size", COMMAND))
    save_sweep(out, token_sweep(result.runs, result.language, "lm-adaptive-tokens", COMMAND))
    growing = {name: runs for name, runs in result.runs.items() if runs[0].batches}
    if growing:
        save_sweep(out, batch_sweep(growing, result.language))
    where = scope(setup, result.language).replace(
        f"in batches of {setup.recipe.batch}", f"in batches of {LEAST}, or up to {MOST} where they grow"
    )
    write_findings(out, differences(result, _DIFFERENCES, where), {"adaptive-batches": table(result, "AdamW")})
    return result


def experiment(folder: Path, *, seeds: int, jobs: int) -> None:
    """Run every entrant."""
    with Workers(folder, jobs) as workers:
        adaptive_batches(small(sequences=SHORTER), list(ENTRANTS), seeds, folder, workers)


def batch_sweep(runs: dict[str, list[Run]], language: str, points: int = 64) -> Sweep:
    """Return the size of the batch along the runs, against the sequences that were taken before it."""
    total = next(iter(runs.values()))[0].sequences
    grid = np.linspace(0, total, points, endpoint=False)
    values = np.stack([[batch_at(run, grid) for run in group] for group in runs.values()])
    return Sweep(
        name="lm-adaptive-batches",
        title="Sequences in a batch along the run",
        problem=language,
        caption=f"By the norm test, from {LEAST} to {MOST}; median and 10 to 90 % of the seeds.",
        command=COMMAND,
        parameter="sequences",
        measure="sequences in the batch",
        labels=tuple(runs),
        grid=grid,
        values=np.moveaxis(values, 1, 2),
        scales=("linear", "log"),
    )


def batch_at(run: Run, grid: Any) -> Any:
    """Return the size of the batch that holds each number of sequences; NaN beyond the end of a run that diverged."""
    ends = np.cumsum(run.batches)
    index = np.searchsorted(ends, grid, side="right")
    sizes = np.append(np.array(run.batches, dtype=np.float64), np.nan)
    return sizes[np.minimum(index, len(run.batches))]


_DIFFERENCES = {
    "lm-scs-adamw": ("SCS-AdamW (metric)", "AdamW"),
    "lm-scs-adamw-euclidean": ("SCS-AdamW (Euclidean)", "AdamW"),
    "lm-scs-growing-adamw": ("SCS-AdamW (metric), growing", "AdamW"),
    "lm-scs-growing-euclidean-adamw": ("SCS-AdamW (Euclidean), growing", "AdamW"),
    "lm-scs-growing-control": ("SCS-AdamW (metric), growing", "AdamW, growing"),
    "lm-scs-growing-sgd": ("SCS-AdamW (metric), growing", "SGD"),
    "lm-scs-growing-fixed": ("SCS-AdamW (metric), growing", "SCS-AdamW (metric)"),
}
