"""Does the squared-Hessian method do what it is made for? The residual of the game on one batch, at equal work.

After a warm-up by Adam the batch is held, so that there is one game with one Hessian, without a ball around the offset.
A small residual is not a small loss: mode N goes to whatever stationary point is near, which is what is shown.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ratecheck.experiments.digest import code_digest
from ratecheck.experiments.language_model.data import open_corpus
from ratecheck.experiments.language_model.minimax_game import Game, Match, one_thread, warm_up
from ratecheck.experiments.language_model.minimax_players import Player
from ratecheck.experiments.language_model.runs import FOLDER
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.tuning import FACTOR, TUNING_SEED, next_points
from ratecheck.experiments.store import write_whole

CURVATURE, UNBOUNDED = 0.1, 1e6
HELD = 10_000  # step whose batch is held: none that the warm-up has seen
SHARE = 0.5  # of the budget for the warm-up, on top of what follows
DESCENDERS = {
    "gda": Player(optimizer="sgd", start=-4),
    "mgsr1-n": Player(optimizer="mgsr1-n", start=0, options={"memory": 16, "refresh": 10}),
    "mgsr1-e": Player(optimizer="mgsr1-e", start=-1, options={"memory": 8, "refresh": 20}),
    "mgsr1-e-players": Player(optimizer="mgsr1-e", start=0, options={"memory": 8, "refresh": 40, "blocks": "players"}),
}


@dataclass(frozen=True, slots=True)
class Descent:
    """Norm of the gradient of both players and payoff, before and after.

    Parameters
    ----------
    start, end : float
    payoff_start, payoff_end : float
    work : float
        Gradient-equivalents.
    steps : int
    """

    start: float
    end: float
    payoff_start: float
    payoff_end: float
    work: float
    steps: int

    @property
    def fall(self) -> float:
        """Natural logarithm of the end over the start; infinite if the run diverged."""
        return math.log(self.end / self.start) if math.isfinite(self.end) and self.end > 0 else math.inf


@one_thread()
def descend(setup: Setup, player: Player, step_size: float, seed: int) -> Descent:
    """Warm up with Adam, hold one batch, and spend the recipe's steps in gradient-equivalents on it."""
    warmed = dataclasses.replace(player, warm_up=SHARE)
    match = Match(setup=setup.with_recipe(seed=seed), player=warmed, radius=UNBOUNDED, curvature=CURVATURE)
    corpus, game = open_corpus(setup.source, vocabulary=setup.shape.vocabulary), Game.begin(match)
    warm_up(match, game, corpus)
    tokens = corpus.batch(seed, HELD, setup.recipe.batch, setup.shape.context + 1)
    held = torch.from_numpy(tokens.copy())
    start, payoff = _residual(game, held)
    game.clip, first, batches = math.inf, game.work, game.batches
    optimizer = game.optimizer(player.optimizer, step_size, player.options)
    finite = True
    while finite and game.work < first + setup.recipe.steps:
        finite = game.step(held, optimizer, step_size)
    end, after = _residual(game, held) if finite else (math.inf, math.inf)
    return Descent(start, end, payoff, after, game.work - first, game.batches - batches)


def _residual(game: Game, tokens: torch.Tensor) -> tuple[float, float]:
    loss = game.loss(tokens)
    gradients = torch.autograd.grad(loss, [*game.model.parameters(), game.offset])
    return math.sqrt(sum(float(part.square().sum()) for part in gradients)), float(loss.detach())


def descended(folder: Path, setup: Setup, name: str, step_size: float, seed: int) -> Descent:
    """Return a stored descent, or run it and store it; a file that is truncated counts as missing."""
    text = f"{setup.to_json()}{DESCENDERS[name]}{step_size}{seed}{code_digest([__name__])}"
    path = folder / FOLDER / f"minimax-residual-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    try:
        return Descent(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        done = descend(setup, DESCENDERS[name], step_size, seed)
    write_whole(path, json.dumps(dataclasses.asdict(done)).encode(), "a descent on one batch")
    return done


def residual_study(
    folder: Path, setup: Setup, seeds: Sequence[int], jobs: int
) -> tuple[list[dict[str, Any]], dict[str, list[Descent]]]:
    """Tune every method by its residual on one seed, and run it on the others.

    Descents that are stored in the folder are not done again.

    Returns
    -------
    tuple
        One row for each method as plain data, and the runs over the seeds by name.
    """
    from joblib import Parallel, delayed

    def run(tasks: list[tuple[str, int, int]]) -> list[Descent]:
        calls = (delayed(descended)(folder, setup, name, FACTOR**point, seed) for name, point, seed in tasks)
        return list(Parallel(n_jobs=jobs)(calls))

    searched: dict[str, dict[int, float]] = {name: {} for name in DESCENDERS}
    while tasks := [
        (name, point, TUNING_SEED)
        for name, player in DESCENDERS.items()
        for point in next_points(searched[name], player.start)
    ]:
        for (name, point, _), done in zip(tasks, run(tasks), strict=True):
            searched[name][point] = done.fall
    best = {name: min(values, key=lambda point: (values[point], point)) for name, values in searched.items()}
    results = iter(run([(name, best[name], seed) for name in DESCENDERS for seed in seeds]))
    runs = {name: [next(results) for _ in seeds] for name in DESCENDERS}
    rows = [
        {
            "method": name,
            "step_size": FACTOR ** best[name],
            "interior": min(searched[name]) < best[name] < max(searched[name]),
            "residual_start": _mean([one.start for one in group]),
            "residual_end": _mean([one.end for one in group]),
            "payoff_start": _mean([one.payoff_start for one in group]),
            "payoff_end": _mean([one.payoff_end for one in group]),
            "gradient_equivalents": _mean([one.work for one in group]),
            "steps": _mean([float(one.steps) for one in group]),
        }
        for name, group in runs.items()
    ]
    return rows, runs


def _mean(values: Sequence[float]) -> float | None:
    mean = math.fsum(values) / len(values)
    return mean if math.isfinite(mean) else None
