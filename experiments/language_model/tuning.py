"""Step sizes tuned alike: one grid for every optimizer, extended until the best has a worse one on either side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ratecheck.experiments.language_model.runs import Plan, Run, Workers, run_key
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.theory.errors import InputError

FACTOR = 2.0  # between two step sizes of the grid
TUNING_SEED = 1000  # tuned on one seed and judged on others, so that the choice does not flatter itself
FARTHEST = 12  # grid points from the start at which the search gives up


@dataclass(frozen=True, slots=True)
class Arm:
    """A contestant: a name, an optimizer with options, and where on the grid the search starts.

    Parameters
    ----------
    name : str
    setup : Setup
        Its step size is replaced by those of the grid.
    start : int
        Number of the first grid point, whose step size is ``2**start``.
    """

    name: str
    setup: Setup
    start: int

    def at(self, point: float, seed: int) -> Setup:
        """Return the run at a grid point, or between two."""
        return self.setup.with_recipe(step_size=FACTOR**point, seed=seed)


@dataclass(frozen=True, slots=True)
class Tuned:
    """What the search found.

    Parameters
    ----------
    best : int
        Grid point.
    interior : bool
        Whether a worse point lies on either side.
    searched : dict
        Final excess loss at each grid point.
    """

    best: int
    interior: bool
    searched: dict[int, float]

    @property
    def step_size(self) -> float:
        """The chosen step size."""
        return FACTOR**self.best


def next_points(searched: Mapping[int, float], start: int) -> list[int]:
    """Return the grid points that are still needed to make the best one interior."""
    if not searched:
        return [start - 1, start, start + 1]
    if all(math.isinf(value) for value in searched.values()):
        lowest = min(searched)
        return [lowest - 1, lowest - 2] if lowest > start - FARTHEST else []
    best = min(searched, key=lambda point: (searched[point], point))
    wanted = [point for point in (best - 1, best + 1) if point not in searched]
    return [point for point in wanted if abs(point - start) <= FARTHEST]


def search(arm: Arm) -> Plan[Tuned]:
    """Return the plan that finds the best step size of an arm."""
    searched: dict[int, float] = {}
    while points := next_points(searched, arm.start):
        setups = {point: arm.at(point, TUNING_SEED) for point in points}
        done = yield list(setups.values())
        searched |= {point: done[run_key(setup)].excess for point, setup in setups.items()}
    best = min(searched, key=lambda point: (searched[point], point))
    return Tuned(best, min(searched) < best < max(searched), dict(sorted(searched.items())))


def judge(arm: Arm, point: float, seeds: Sequence[int]) -> Plan[list[Run]]:
    """Return the plan that runs an arm at one step size with every seed."""
    setups = [arm.at(point, seed) for seed in seeds]
    done = yield setups
    return [done[run_key(setup)] for setup in setups]


def tune_and_judge(arm: Arm, seeds: Sequence[int]) -> Plan[tuple[Tuned, list[Run]]]:
    """Return the plan that tunes an arm and runs it at its best step size with every seed."""
    tuned = yield from search(arm)
    return tuned, (yield from judge(arm, tuned.best, seeds))


def tune_and_run(
    arms: Sequence[Arm], seeds: Iterable[int], workers: Workers
) -> tuple[dict[str, Tuned], dict[str, list[Run]]]:
    """Tune every arm and run it at its best step size with every seed.

    Returns
    -------
    tuple of dict
        What the search found, and the runs over the seeds, by name of arm.

    Raises
    ------
    InputError
        If the seed of the tuning is one of the seeds, or the arms did not take the same number of sequences.
    """
    seeds = require_unseen(seeds)
    results = workers.follow([tune_and_judge(arm, seeds) for arm in arms])
    runs = {arm.name: judged for arm, (_, judged) in zip(arms, results, strict=True)}
    require_equal_sequences(runs)
    return {arm.name: tuned for arm, (tuned, _) in zip(arms, results, strict=True)}, runs


def require_unseen(seeds: Iterable[int]) -> tuple[int, ...]:
    """Return the seeds; raise `InputError` unless there are two or more and none has served for tuning."""
    seeds = tuple(seeds)
    if len(seeds) < 2:
        raise InputError(f"seeds is {len(seeds)}, but an interval needs at least 2; give --seeds 4 or more.")
    if TUNING_SEED in seeds:
        raise InputError(f"seed {TUNING_SEED} has chosen the step sizes, so that it cannot judge them; take others.")
    return seeds


def require_equal_sequences(runs: Mapping[str, Sequence[Run]]) -> None:
    """Raise `InputError` unless all runs that came to their end took gradients of as many sequences, and all of them.

    What is compared is the loss at the last measurement, so it must be that at the end.
    """
    taken = {name: {run.sequences for run in group if run.diverged is None} for name, group in runs.items()}
    counts = {(run.setup.recipe.steps * run.setup.recipe.batch) for group in runs.values() for run in group}
    if len(counts.union(*taken.values())) > 1:
        words = ", ".join(f"{name} {sorted(found)}" for name, found in taken.items())
        raise InputError(f"contestants are compared at equal numbers of sequences, {sorted(counts)}, but took {words}.")
