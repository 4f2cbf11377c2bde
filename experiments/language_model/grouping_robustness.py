"""Gradient grouping around AdamW, LAMB and adapters: does it make the step size and the batch size matter less?

Every scheme is run over the same grid of step sizes and batches, at equal sequences, beside the controls of a fair
study: one cluster for each tensor, the same scales dealt out at random, and the base with its step size multiplied by
the mean scale. The published recipe re-clusters every 500 of 10 000 steps at its smallest size; here the period is the
same twentieth of a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.claims import CLAIMS
from ratecheck.experiments.language_model.compare import BETAS, differences
from ratecheck.experiments.language_model.contest import Comparison, hold, plain, step_size_sweep, table
from ratecheck.experiments.language_model.outcome import Finding, interval, write_findings
from ratecheck.experiments.language_model.runs import Plan, Run, Workers, run_key
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.size import SHORTER, scope, small
from ratecheck.experiments.language_model.tuning import FACTOR, Arm, judge, require_equal_sequences
from ratecheck.experiments.sweep import Map, save_map, save_sweep
from ratecheck.theory.errors import InputError

COMMAND = "ratecheck lm experiments grouping"
RECLUSTERINGS = 20
ADAPTER_RANK = 4
CONSTANT = "AdamW * mean scale"


@dataclass(frozen=True, slots=True)
class Scheme:
    """An optimizer with or without grouping; `grouping` are changes of the preset."""

    optimizer: str
    preset: str = ""
    grouping: dict[str, Any] = field(default_factory=dict)
    adapters: bool = False

    def at(self, setup: Setup) -> Setup:
        """Return a run of this scheme, re-clustering as often whatever the number of steps."""
        options: dict[str, Any] = dict(BETAS)
        if self.preset:
            period = max(1, setup.recipe.steps // RECLUSTERINGS)
            options |= {"preset": self.preset, "grouping": {"period": period, **self.grouping}}
        changed = setup.with_recipe(optimizer=self.optimizer, options=options)
        return adapted(changed) if self.adapters else changed


SCHEMES = {
    "AdamW": Scheme("adamw"),
    "SGG": Scheme("sgg-adamw", "paper"),
    "SGG from the first gradient, frozen": Scheme("sgg-adamw", "ours"),
    "SGG, one cluster": Scheme("sgg-adamw", "paper", {"clusters": 1}),
    "SGG, labels at random": Scheme("sgg-adamw", "paper", {"shuffled": True}),
    "LAMB": Scheme("lamb"),
    "SGG on LAMB": Scheme("sgg-lamb", "paper"),
    "AdamW on adapters": Scheme("adamw", adapters=True),
    "SGG on adapters": Scheme("sgg-adamw", "paper", adapters=True),
}
BASES = {"SGG on LAMB": "LAMB", "SGG on adapters": "AdamW on adapters"}  # of schemes whose base is not AdamW
MAPPED = [name for name in SCHEMES if name != "SGG, one cluster"]
TUNED = ("AdamW", "SGG", "SGG from the first gradient, frozen", "SGG, one cluster", "SGG, labels at random")
BATCHES = (16, 100)
POINTS = (-9, -7, -5, -3)


def adapted(setup: Setup) -> Setup:
    """Return the run as one that adapts a model of another language."""
    from ratecheck.experiments.language_model.fine_tuning import SECOND, pretraining

    other = pretraining(setup)
    changed = setup.with_recipe(adapter_rank=ADAPTER_RANK)
    return Setup(shape=setup.shape, recipe=changed.recipe, source=SECOND, pretrained=other)


@dataclass(frozen=True, slots=True)
class Robustness:
    """Final excess loss of each scheme by batch, grid point and seed; a run that diverged counts as not begun.

    Parameters
    ----------
    values : dict
        Arrays of shape (batches, points, seeds) by name of scheme.
    runs : dict
        All runs of a scheme.
    """

    values: dict[str, Any]
    runs: dict[str, list[Run]]

    def regret(self, name: str) -> Any:
        """Return the mean over the grid of the excess above the scheme's own best at that batch, shape (seeds,).

        It is 0 for a method that is equally good at every step size, however bad.
        """
        own = self.values[name]
        best = own.mean(axis=2).argmin(axis=1)
        at_best = np.stack([own[i, point] for i, point in enumerate(best)])
        return (own - at_best[:, None]).mean(axis=(0, 1))

    def level(self, name: str) -> Any:
        """Return the mean over the grid of the excess itself, shape (seeds,)."""
        return self.values[name].mean(axis=(0, 1))


def over_grid(
    setup: Setup, scheme: Scheme, batches: Sequence[int], points: Sequence[float], seeds: Sequence[int]
) -> Plan[tuple[Any, list[Run]]]:
    """Return the plan that runs a scheme at every step size, batch and seed, at equal sequences."""
    total = setup.recipe.steps * setup.recipe.batch
    cells = [
        scheme.at(setup.with_recipe(steps=total // batch, batch=batch)).with_recipe(step_size=FACTOR**point, seed=seed)
        for batch in batches
        for point in points
        for seed in seeds
    ]
    done = yield cells
    runs = [done[run_key(cell)] for cell in cells]
    values = np.array([shown(run) for run in runs]).reshape(len(batches), len(points), len(seeds))
    return values, runs


def shown(run: Run) -> float:
    """Return the final excess, that of the untrained model where the run diverged or ended above it."""
    return min(run.excess, run.first_excess)


def robustness(
    setup: Setup,
    names: Sequence[str],
    batches: Sequence[int],
    points: Sequence[float],
    seeds: Sequence[int],
    workers: Workers,
) -> Robustness:
    """Run the named schemes over the grid.

    Raises
    ------
    InputError
        If a name is unknown or a batch does not divide the sequences.
    """
    total = setup.recipe.steps * setup.recipe.batch
    for name in names:
        if name not in SCHEMES:
            raise InputError(f"no scheme of grouping is called {name!r}; allowed are {', '.join(SCHEMES)}.")
    for batch in batches:
        if total % batch:
            raise InputError(f"{total} sequences are no multiple of the batch {batch}; choose a divisor.")
    found = workers.follow([over_grid(setup, SCHEMES[name], batches, points, seeds) for name in names])
    both = dict(zip(names, found, strict=True))
    require_equal_sequences({name: one[1] for name, one in both.items()})
    return Robustness({name: one[0] for name, one in both.items()}, {name: one[1] for name, one in both.items()})


def tuned_contest(setup: Setup, names: Sequence[str], seeds: int, workers: Workers) -> Comparison:
    """Tune the named schemes alike; a control has SGG's step size times its mean scale, and no grouping."""
    result = hold([Arm(name, SCHEMES[name].at(setup), -7) for name in names], seeds, workers)
    if {"AdamW", "SGG"} <= set(names):
        scale = float(np.mean([run.scales["mean"] for run in result.runs["SGG"]]))
        point = result.tuned["SGG"].best + math.log2(scale)
        arm = Arm(CONSTANT, SCHEMES["AdamW"].at(setup), 0)
        result.runs[CONSTANT] = workers.follow([judge(arm, point, range(seeds))])[0]
    return result


def experiment(folder: Path, *, seeds: int, jobs: int) -> None:
    """Tune the schemes, run the maps, store tables, maps and claims."""
    setup = small(sequences=SHORTER, records=1)
    with Workers(folder, jobs) as workers:
        result = tuned_contest(setup, TUNED, seeds, workers)
        grid = robustness(setup, MAPPED, BATCHES, POINTS, range(seeds), workers)
    save_sweep(folder, step_size_sweep(tuned_only(result), "lm-grouping-step-size", COMMAND))
    for index, name in enumerate(grid.values):
        save_map(folder, heat_map(grid, name, f"lm-grouping-{index}", result.language))
    where = scope(setup, result.language)
    write_findings(
        folder,
        [*differences(result, _DIFFERENCES, where), *grid_findings(grid, _over(setup, where), result.language)],
        {"grouping": table(tuned_only(result), "AdamW") + control_rows(result), "grouping-map": rows(grid)},
    )


def _over(setup: Setup, where: str) -> str:
    total = setup.recipe.steps * setup.recipe.batch
    steps = ", ".join(f"2^{point}" for point in POINTS)
    grid = f"step sizes {steps}, batches {BATCHES}, {total} sequences in all"
    return f"{grid}; a run that diverged counts as untrained; {where}"


def tuned_only(result: Comparison) -> Comparison:
    """Return the contest without the control that is not tuned."""
    runs = {name: runs for name, runs in result.runs.items() if name in result.tuned}
    return Comparison(result.language, result.floor, result.tuned, runs)


def control_rows(result: Comparison) -> list[dict[str, Any]]:
    """Return the row of the control with a constant factor."""
    if CONSTANT not in result.runs:
        return []
    step_size = result.runs[CONSTANT][0].setup.recipe.step_size
    difference = plain(result.difference(CONSTANT, "AdamW"))
    return [
        {"optimizer": CONSTANT, "step_size": step_size, "excess": plain(result.excess(CONSTANT))}
        | {"reference": "AdamW", "difference": difference}
    ]


_DIFFERENCES = {
    "lm-sgg-adamw": ("SGG", "AdamW"),
    "lm-sgg-frozen": ("SGG from the first gradient, frozen", "AdamW"),
    "lm-sgg-clusters": ("SGG", "SGG, one cluster"),
    "lm-sgg-labels": ("SGG", "SGG, labels at random"),
    "lm-sgg-constant": ("SGG", CONSTANT),
}
_REGRETS = {
    "lm-sgg-robust-adamw": ("SGG", "AdamW"),
    "lm-sgg-robust-frozen": ("SGG from the first gradient, frozen", "AdamW"),
    "lm-sgg-robust-labels": ("SGG", "SGG, labels at random"),
    "lm-sgg-robust-lamb": ("SGG on LAMB", "LAMB"),
    "lm-sgg-robust-adapters": ("SGG on adapters", "AdamW on adapters"),
}


def grid_findings(grid: Robustness, where: str, language: str) -> list[Finding]:
    """Return the claims about how much the step size and the batch matter."""
    found = []
    for name, (one, base) in _REGRETS.items():
        if {one, base} <= grid.values.keys():
            values = grid.regret(one) - grid.regret(base)
            found.append(CLAIMS[name].finding(values.tolist(), grid.runs[one], where, language))
    return found


def rows(grid: Robustness) -> list[dict[str, Any]]:
    """Return one row for each scheme: what the grid costs it on average, its best cell, and the scales it came to."""
    table = []
    for name, values in grid.values.items():
        base = BASES.get(name, "AdamW")
        scales: list[Mapping[str, float]] = [run.scales for run in grid.runs[name] if run.scales]
        table.append(
            {
                "scheme": name,
                "base": base,
                "regret": plain(interval(grid.regret(name))),
                "level": plain(interval(grid.level(name))),
                "best": float(values.mean(axis=2).min()),
                "diverged": sum(run.diverged is not None for run in grid.runs[name]),
                "mean scale": float(np.mean([one["mean"] for one in scales])) if scales else None,
                "smallest scale": min((one["smallest"] for one in scales), default=None),
                "largest scale": max((one["largest"] for one in scales), default=None),
            }
        )
    return table


def heat_map(grid: Robustness, name: str, stored: str, language: str) -> Map:
    """Return the excess over step size and batch, mean over seeds."""
    values = grid.values[name]
    return Map(
        name=stored,
        title=f"{name}: excess loss over step size and batch",
        problem=language,
        caption=f"Mean over {values.shape[2]} seeds at equal sequences; a run that diverged counts as untrained.",
        command=COMMAND,
        parameters=("peak step size", "sequences in a batch"),
        measure="excess loss (nats)",
        scales=("log", "log", "linear"),
        x=FACTOR ** np.array(POINTS[: values.shape[1]], dtype=np.float64),
        y=np.array(BATCHES[: values.shape[0]], dtype=np.float64),
        values=values.mean(axis=2),
    )
