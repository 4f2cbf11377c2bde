"""Step sizes tuned alike: one grid for every optimizer, extended until the best has a worse one on either side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ratecheck.experiments.language_model.runs import Run, Workers, run_key
from ratecheck.experiments.language_model.setup import Setup

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

    def at(self, point: int, seed: int) -> Setup:
        """Return the run at a grid point."""
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


def tune_and_run(
    arms: Sequence[Arm], seeds: Iterable[int], workers: Workers
) -> tuple[dict[str, Tuned], dict[str, list[Run]]]:
    """Tune every arm and run it at its best step size with every seed.

    Returns
    -------
    tuple of dict
        What the search found, and the runs over the seeds, by name of arm.
    """
    seeds = tuple(seeds)
    searched: dict[str, dict[int, float]] = {arm.name: {} for arm in arms}
    runs: dict[str, list[Run]] = {}
    while len(runs) < len(arms):
        points_of: dict[str, list[int]] = {}
        wanted: list[Setup] = []
        for arm in arms:
            points = next_points(searched[arm.name], arm.start)
            points_of[arm.name] = points
            if points:
                wanted += [arm.at(point, TUNING_SEED) for point in points]
            elif arm.name not in runs:
                wanted += [arm.at(_best(searched[arm.name]), seed) for seed in seeds]
        done = workers.run(wanted)
        for arm in arms:
            for point in points_of[arm.name]:
                searched[arm.name][point] = done[run_key(arm.at(point, TUNING_SEED))].excess
            if not points_of[arm.name] and arm.name not in runs:
                best = _best(searched[arm.name])
                runs[arm.name] = [done[run_key(arm.at(best, seed))] for seed in seeds]
    return {name: _tuned(values) for name, values in searched.items()}, runs


def _best(searched: Mapping[int, float]) -> int:
    return min(searched, key=lambda point: (searched[point], point))


def _tuned(searched: dict[int, float]) -> Tuned:
    best = _best(searched)
    return Tuned(best, min(searched) < best < max(searched), dict(sorted(searched.items())))
