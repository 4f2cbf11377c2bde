"""Matches played in several processes, each stored under a key of its own content, and step sizes tuned alike."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratecheck.experiments.digest import code_digest
from ratecheck.experiments.language_model.minimax_game import Match, Played, play
from ratecheck.experiments.language_model.runs import FOLDER
from ratecheck.experiments.language_model.tuning import FACTOR, TUNING_SEED, Tuned, next_points
from ratecheck.experiments.store import write_whole
from ratecheck.theory.errors import require_count

_CODE = "ratecheck.experiments.language_model.minimax_game"
Heard = Callable[[Played], None]


@dataclass(frozen=True, slots=True)
class Entrant:
    """A player that is to be tuned: its match, whose step size and seed are replaced."""

    match: Match

    def at(self, point: int, seed: int) -> Match:
        """Return the match at a grid point."""
        setup = self.match.setup.with_recipe(step_size=FACTOR**point, seed=seed)
        return dataclasses.replace(self.match, setup=setup)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the search for the step size found, and the matches played with it, one for each seed."""

    tuned: Tuned
    played: tuple[Played, ...]


def match_key(match: Match) -> str:
    """Return the key under which a match is stored: its configuration and the code that plays it."""
    text = json.dumps(dataclasses.asdict(match), sort_keys=True) + code_digest([_CODE])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def played(folder: Path, match: Match) -> Played:
    """Return a stored match, or play it and store it; a file that is truncated counts as missing."""
    path = folder / FOLDER / f"minimax-{match_key(match)}.json"
    try:
        return Played(match=match, **json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        done = play(match)
    data = {field.name: getattr(done, field.name) for field in dataclasses.fields(Played) if field.name != "match"}
    write_whole(path, json.dumps(data).encode(), "a match of the adversarial game")
    return done


def play_all(folder: Path, matches: Sequence[Match], jobs: int, heard: Heard) -> list[Played]:
    """Play matches on several processes, tell each as it ends, and return them in the order that they were given."""
    from joblib import Parallel, delayed

    require_count("jobs", jobs)
    results: list[Played] = []
    for done in Parallel(n_jobs=jobs, return_as="generator")(delayed(played)(folder, match) for match in matches):
        results.append(done)
        heard(done)
    return results


def tune_and_play(
    folder: Path, entrants: Mapping[Any, Entrant], seeds: Sequence[int], jobs: int, heard: Heard
) -> dict[Any, Standing]:
    """Search the step size of every entrant on one grid until the best is interior; then play every seed with it.

    The seed of the search is none of those that are judged.
    """
    searched: dict[Any, dict[int, float]] = {name: {} for name in entrants}
    while True:
        wanted = [
            (name, point)
            for name, entrant in entrants.items()
            for point in next_points(searched[name], entrant.match.player.start)
        ]
        if not wanted:
            break
        matches = [entrants[name].at(point, TUNING_SEED) for name, point in wanted]
        for (name, point), done in zip(wanted, play_all(folder, matches, jobs, heard), strict=True):
            searched[name][point] = done.excess
    tuned = {name: _tuned(values) for name, values in searched.items()}
    matches = [entrant.at(tuned[name].best, seed) for name, entrant in entrants.items() for seed in seeds]
    results = iter(play_all(folder, matches, jobs, heard))
    return {name: Standing(tuned[name], tuple(next(results) for _ in seeds)) for name in entrants}


def _tuned(searched: Mapping[int, float]) -> Tuned:
    best = min(searched, key=lambda point: (searched[point], point))
    return Tuned(best, min(searched) < best < max(searched), dict(sorted(searched.items())))
