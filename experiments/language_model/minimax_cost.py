"""What a Hessian-vector product costs here, and where here is."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.data import open_corpus
from ratecheck.experiments.language_model.minimax_game import Game, Match, one_thread
from ratecheck.experiments.language_model.optimizers.mgsr1 import differentiable_twice

REPEATS = 9  # of a timing, whose median counts


def hardware() -> str:
    """Return the name of the processor: matches are played on one thread of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@one_thread()
def product_ratio(match: Match) -> float:
    """Return the CPU time of a Hessian-vector product, its graph there, over that of a gradient, both on one batch."""
    game = Game.begin(match)
    tokens = open_corpus(match.setup.source, vocabulary=match.setup.shape.vocabulary).batch(
        0, 0, match.setup.recipe.batch, match.setup.shape.context + 1
    )
    data, game.adversary = torch.from_numpy(tokens.copy()), True
    variables = [*game.model.parameters(), game.offset]
    with differentiable_twice(True):
        graph = torch.autograd.grad(game.loss(data), variables, create_graph=True)
    vectors = [torch.ones_like(variable) for variable in variables]
    gradient = _median_time(lambda: torch.autograd.grad(game.loss(data), variables))
    product = _median_time(lambda: torch.autograd.grad(graph, variables, vectors, retain_graph=True))
    return product / gradient


def _median_time(act: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        act()
        times.append(time.process_time() - start)
    return float(np.median(times))
