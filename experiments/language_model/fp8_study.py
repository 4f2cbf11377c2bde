"""Which part of training must not be in FP8? The claim about AdamW and StoSignSGD, split by switches.

Yu et al. (2026, arXiv 2604.15416) report that AdamW fails in FP8 pretraining, with all entries of both moments zero,
and that StoSignSGD does not. Secondary sources name the recipe: products in FP8, gradients in E5M2, states in E4M3,
weights in BF16. Two things are not known: whether the cast of the states had a scale, and whether the step read the
states as stored or as computed. Both are switches here, and with one scale per tensor the second decides. At the first
step an eighth of v is flushed to 0. A step that reads v as stored moves by ``m / eps`` there; the weights that this
throws out make outliers in the gradient, which set the scale, and more than a third of v is flushed in the end. Where
the step is computed in float32 and the states are rounded after it, as in torchao's AdamWFp8, nothing is divided
by a flushed entry, the outliers do not arise, and the share falls below a thousandth. Plain casts and FP4 states are
beyond that help: there so much of v is lost that AdamW fails either way. Shares are of one layer of the smoke shape.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.compare import CONTESTANTS
from ratecheck.experiments.language_model.contest import token_sweep
from ratecheck.experiments.language_model.fp8_conditions import (
    CONDITIONS,
    LINEAR,
    METHODS,
    SECOND_STATE,
    STEPS,
    TOKENS,
    applies,
    standard,
)
from ratecheck.experiments.language_model.fp8_findings import findings, tokens_table
from ratecheck.experiments.language_model.outcome import write_findings
from ratecheck.experiments.language_model.runs import Plan, Run, Workers, run_key
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.tuning import TUNING_SEED, Arm, Tuned, search
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.theory.errors import InputError

RECORDS = 20  # along a run whose tokens to a loss are counted
FEW_RECORDS = 3  # along the others, of which the end is read
SHOWN = 50  # points of a share along a run in the table
LEAST_SEEDS = 5
LOWEST = -6  # first point of a ladder, from the start of the method's own search
BATCH = 8  # sequences of an update of the standard study

Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fp8Study:
    """The runs by condition and method, one for each seed, and the search for each step size."""

    language: str
    runs: dict[Cell, list[Run]]
    tuned: dict[Cell, Tuned]


def experiment(folder: Path, *, seeds: int, jobs: int) -> None:
    """Run the standard study on one layer of the smoke shape and store it in a folder of results: 15 CPU minutes.

    Parameters
    ----------
    folder : Path
    seeds : int
        Runs of each cell about which something is claimed, at least five; the others have two.
    jobs : int
        Processes.
    """
    from ratecheck.experiments.language_model.presets import preset
    from ratecheck.experiments.language_model.setup import Recipe

    smoke = preset("smoke")
    recipe = Recipe(optimizer="adamw", step_size=1e-3, steps=STEPS, batch=BATCH, device="cpu")
    setup = Setup(shape=dataclasses.replace(smoke.shape, layers=1), source=smoke.source, recipe=recipe)
    with Workers(folder, jobs) as workers:
        study_cells(setup, standard(max(seeds, LEAST_SEEDS)), folder, workers)


def fp8_study(
    setup: Setup,
    conditions: Sequence[str],
    methods: Sequence[str],
    seeds: int,
    out: Path,
    workers: Workers,
) -> Fp8Study:
    """Run every method under every condition and store the table, the claims and the figures' data.

    Parameters
    ----------
    setup : Setup
        Its optimizer, step size and switches are replaced.
    conditions, methods : sequences of str
        Keys of `CONDITIONS`, and of `METHODS`.
    seeds : int
    out : Path
    workers : Workers

    Raises
    ------
    InputError
        If a name is unknown or there are fewer than two seeds.
    """
    for kind, names, allowed in (("condition", conditions, CONDITIONS), ("method", methods, METHODS)):
        for name in names:
            if name not in allowed:
                raise InputError(f"no {kind} of the FP8 study is called {name!r}; allowed are {', '.join(allowed)}.")
    cells = {(c, m): seeds for c in conditions for m in methods if applies(c, m)}
    return study_cells(setup, cells, out, workers)


def study_cells(setup: Setup, cells: Mapping[Cell, int], out: Path, workers: Workers) -> Fp8Study:
    """Tune every method in float32, run each cell with its number of seeds, and store what came out.

    Raises
    ------
    InputError
        If a cell has fewer than two seeds.
    """
    from ratecheck.experiments.language_model.data import open_corpus

    for seeds in cells.values():
        if seeds < 2:
            raise InputError(f"seeds is {seeds}, but an interval needs at least 2; give --seeds 5 or more.")
    tuned = _tune(setup, cells, workers)
    plan = {
        cell: [_setup(setup, cell, seed, tuned[_tuned_in(cell)].step_size) for seed in range(seeds)]
        for cell, seeds in cells.items()
    }
    done = workers.run([one for group in plan.values() for one in group])
    runs = {cell: [done[run_key(one)] for one in group] for cell, group in plan.items()}
    study = Fp8Study(open_corpus(setup.source).name, runs, tuned)
    tables = {
        "fp8": table(study),
        "fp8-tokens": tokens_table(study),
        "fp8-flushed": flushed_along(study),
        "fp8-step-sizes": {", ".join(cell): one.searched for cell, one in tuned.items()},
    }
    write_findings(out, findings(study), tables)
    curves = {f"{method}, {condition}": runs[condition, method] for condition, method in runs if condition in TOKENS}
    if curves:
        save_sweep(out, token_sweep(curves, study.language, "lm-fp8-tokens", "ratecheck lm fp8"))
    for method in dict.fromkeys(m for (_, m), group in runs.items() if SECOND_STATE.get(m) in group[0].flushed):
        save_sweep(out, underflow_sweep(study, method))
    return study


def _tuned_in(cell: Cell) -> Cell:
    condition, method = cell
    return cell if CONDITIONS[condition].tuned else ("float32", method)


def _tune(setup: Setup, cells: Mapping[Cell, int], workers: Workers) -> dict[Cell, Tuned]:
    wanted = dict.fromkeys(_tuned_in(cell) for cell in cells)
    arms = [
        Arm(" ".join(cell), _setup(setup, cell, 0, 1.0).with_recipe(records=FEW_RECORDS), CONTESTANTS[cell[1]].start)
        for cell in wanted
    ]
    plans = [ladder(arm) if CONDITIONS[cell[0]].tuned else search(arm) for cell, arm in zip(wanted, arms, strict=True)]
    return dict(zip(wanted, workers.follow(plans), strict=True))


def ladder(arm: Arm) -> Plan[Tuned]:
    """Return the plan that tries many step sizes: where a method fails, the loss has several minima in it."""
    setups = {point: arm.at(point, TUNING_SEED) for point in range(arm.start + LOWEST, arm.start + 2)}
    done = yield list(setups.values())
    searched = {point: done[run_key(setup)].excess for point, setup in setups.items()}
    best = min(searched, key=lambda point: (searched[point], point))
    return Tuned(best, min(searched) < best < max(searched), searched)


def _setup(setup: Setup, cell: Cell, seed: int, step_size: float) -> Setup:
    condition, method = cell
    contestant, one = CONTESTANTS[method], CONDITIONS[condition]
    factor = one.low.get("gradient_factor", 1.0) if method in LINEAR else 1.0
    return setup.with_recipe(
        optimizer=contestant.optimizer,
        step_size=step_size / factor,
        options=contestant.options | (one.options if method == "adamw" else {}),
        low=one.low,
        records=RECORDS if condition in TOKENS else FEW_RECORDS,
        seed=seed,
    )


def flushed(run: Run, state: str) -> float:
    """Return the mean share of entries of a state that rounding set to zero in the second half of a run."""
    shares = run.flushed.get(state, [])
    return float(np.mean(shares[len(shares) // 2 :])) if shares else 0.0


def table(study: Fp8Study) -> list[dict[str, Any]]:
    """Return one row for each condition and method as plain data."""
    rows = []
    for (condition, method), runs in study.runs.items():
        finite = [run.excess for run in runs if math.isfinite(run.excess)]
        found = study.tuned[_tuned_in((condition, method))]
        rows.append(
            {
                "condition": condition,
                "title": CONDITIONS[condition].title,
                "method": method,
                "step_size": runs[0].setup.recipe.step_size,
                "interior": found.interior,
                "excess": [run.excess if math.isfinite(run.excess) else None for run in runs],
                "mean": float(np.mean(finite)) if len(finite) == len(runs) else None,
                "diverged": [run.diverged for run in runs],
                "flushed": {
                    state: float(np.mean([flushed(run, state) for run in runs])) for state in sorted(runs[0].flushed)
                },
                "language": study.language,
                "device": runs[0].device,
            }
        )
    return rows


def flushed_along(study: Fp8Study) -> dict[str, Any]:
    """Return the share of entries of each state that rounding set to zero along the runs, by condition and method."""
    return {
        ", ".join(cell): {state: _along(runs, state) for state in sorted(runs[0].flushed)}
        for cell, runs in study.runs.items()
        if runs[0].flushed
    }


def _along(runs: Sequence[Run], state: str) -> dict[str, list[float]]:
    """Return the share flushed at some steps, the mean over the seeds that got so far."""
    columns = [run.flushed.get(state, []) for run in runs]
    steps = np.unique(np.linspace(1, max(map(len, columns)), SHOWN).round().astype(int))
    shares = [np.mean([column[step - 1] for column in columns if len(column) >= step]) for step in steps]
    return {"step": [int(step) for step in steps], "share": [round(float(share), 6) for share in shares]}


def underflow_sweep(study: Fp8Study, method: str) -> Sweep:
    """Return the share of entries of a method's second state that underflow, at every step, for each condition."""
    state = SECOND_STATE[method]
    cells = {c: runs for (c, m), runs in study.runs.items() if m == method and state in runs[0].flushed}
    length = max(len(run.flushed.get(state, [])) for runs in cells.values() for run in runs)
    seeds = max(len(runs) for runs in cells.values())
    values = np.full((len(cells), length, seeds), np.nan)
    for i, runs in enumerate(cells.values()):
        for j, run in enumerate(runs):
            shares = run.flushed.get(state, [])
            values[i, : len(shares), j] = shares
    return Sweep(
        name=f"lm-fp8-underflow-{method}",
        title=f"Share of entries of {method}'s {state} that rounding sets to zero",
        problem=study.language,
        caption=f"Emulated low precision; median and 10 to 90 % of {seeds} seeds. A line ends where the loss is NaN.",
        command="ratecheck lm fp8",
        parameter="step",
        measure="share of entries flushed to zero",
        labels=tuple(cells),
        grid=np.arange(1, length + 1, dtype=np.float64),
        values=values,
        scales=("linear", "linear"),
    )
