r"""Adversarial training as a saddle point: the model against one offset of the embedded tokens for each position.

.. math:: \min_\theta \max_\delta \; \mathrm{CE}(\theta; \mathrm{Emb}_\theta(\text{tokens}) + \delta)
          - \tfrac{\gamma}{2}\|\delta\|^2

The offset stays from batch to batch, so that it is a variable like the others. Methods are compared at equal numbers of
gradients: extragradient takes two in a step. What Hoang (2025) trains, with what game and what size, could not be read;
this game is a design of this package.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.compare import BETAS
from ratecheck.experiments.language_model.data import open_corpus
from ratecheck.experiments.language_model.model import Decoder, token_losses
from ratecheck.experiments.language_model.optimizers import make_optimizer
from ratecheck.experiments.language_model.outcome import interval, write_findings
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.train import step_size_schedule
from ratecheck.theory.errors import InputError, require_count, require_positive

ATTACK_STEPS = 10  # of normalised ascent on a fresh offset, when the trained model is attacked
VALIDATION = 64


@dataclass(frozen=True, slots=True)
class Player:
    """An optimizer, its step size, its options, and the gradients that it takes in a step."""

    optimizer: str
    step_size: float
    options: dict[str, Any]
    gradients: int = 1


PLAYERS = {
    "adam": Player("adamw", 2.0**-8, BETAS | {"weight_decay": 0.0}),
    "lamb": Player("lamb", 2.0**-6, BETAS),
    "extragradient-adam": Player("extragradient-adam", 2.0**-8, BETAS, 2),
}


@dataclass(frozen=True, slots=True)
class Played:
    """Excess loss without an adversary and under an attack of each radius, at the end of one run."""

    clean: float
    attacked: dict[float, float]


def play(setup: Setup, player: Player, radius: float, curvature: float) -> Played:
    """Train one model against its adversary and attack it.

    Parameters
    ----------
    setup : Setup
        Its recipe's `steps` count gradients.
    player : Player
    radius : float
        Largest norm of the offset of a position.
    curvature : float
        The factor gamma that makes the game strongly concave in the offset.
    """
    require_positive("radius", radius)
    require_positive("curvature", curvature)
    shape, recipe = setup.shape, setup.recipe
    corpus = open_corpus(setup.source)
    model = Decoder(shape, torch.Generator().manual_seed(recipe.seed))
    offset = torch.zeros(shape.context, shape.width, requires_grad=True)
    groups = [
        {"params": list(model.parameters()), "maximize": False},
        {"params": [offset], "maximize": True},
    ]
    optimizer = make_optimizer(player.optimizer, groups, player.step_size, **player.options)
    steps = max(1, recipe.steps // player.gradients)
    schedule = step_size_schedule(setup.with_recipe(steps=steps, step_size=player.step_size))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = float(schedule(step))
        tokens = torch.from_numpy(corpus.batch(recipe.seed, step, recipe.batch, shape.context + 1).copy())
        optimizer.step(_closure(model, offset, tokens, optimizer, curvature, recipe.clip))
        with torch.no_grad():
            offset *= (radius / offset.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)
    held_out, exact = corpus.validation(VALIDATION, shape.context + 1)
    floor = 0.0 if exact is None else float(exact[:, 1:].mean())
    data = torch.from_numpy(held_out)
    with torch.no_grad():
        clean = float(token_losses(model, data).mean()) - floor
    return Played(clean, {factor * radius: attack(model, data, factor * radius) - floor for factor in (0.5, 1.0, 2.0)})


def _closure(
    model: Decoder, offset: torch.Tensor, tokens: torch.Tensor, optimizer: Any, curvature: float, clip: float
) -> Callable[[], torch.Tensor]:
    def closure() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = token_losses(model, tokens, offset).mean() - curvature / 2 * offset.square().sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        return loss.detach()

    return closure


def attack(model: Decoder, tokens: torch.Tensor, radius: float) -> float:
    """Return the loss under an offset found by normalised ascent from zero, each position within `radius`."""
    offset = torch.zeros(model.shape.context, model.shape.width)
    for _ in range(ATTACK_STEPS):
        offset.requires_grad_(True)
        (gradient,) = torch.autograd.grad(token_losses(model, tokens, offset).mean(), offset)
        with torch.no_grad():
            offset = offset + radius / 4 * gradient / gradient.norm(dim=1, keepdim=True).clamp(min=1e-12)
            offset *= (radius / offset.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)
    with torch.no_grad():
        return float(token_losses(model, tokens, offset).mean())


def minimax(
    setup: Setup, names: Sequence[str], seeds: int, out: Path, radius: float = 0.1, curvature: float = 1.0
) -> list[dict[str, Any]]:
    """Run every player with every seed and store one row for each.

    Raises
    ------
    InputError
        If a name is unknown or there are no seeds.
    """
    require_count("seeds", seeds)
    for name in names:
        if name not in PLAYERS:
            raise InputError(f"no method of the game is called {name!r}; allowed are {', '.join(PLAYERS)}.")
    rows = []
    for name in names:
        player = PLAYERS[name]
        runs = [play(setup.with_recipe(seed=seed), player, radius, curvature) for seed in range(seeds)]
        clean = interval([run.clean for run in runs])
        rows.append(
            {
                "method": name,
                "gradients": setup.recipe.steps,
                "clean": [run.clean for run in runs],
                "clean_interval": [value if math.isfinite(value) else None for value in (clean.low, clean.high)],
                "attacked": {str(key): float(np.mean([run.attacked[key] for run in runs])) for key in runs[0].attacked},
                "language": setup.source,
                "device": "cpu",
            }
        )
    write_findings(out, [], {"minimax": rows})
    return rows
