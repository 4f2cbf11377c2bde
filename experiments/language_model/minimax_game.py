r"""Adversarial training as a saddle point: the model against one offset of the embedded tokens for each position.

.. math:: \min_\theta \max_{\|\delta_t\| \le r} \;
          \mathrm{CE}(\theta; \mathrm{Emb}_\theta(\text{tokens}) + s_\theta \delta) - \tfrac{\gamma}{2}\|\delta\|^2

The offset stays from batch to batch, so that it is a variable like the others, with a Hessian that can be estimated. It
is in units of s, the root mean square norm of the embedding's rows: with an offset of fixed size a model wins by larger
embeddings, which norms inside the model make free, instead of by robustness. What Hoang (2025) trains, with what game
and what size, could not be read; this game is a design of this package.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.data import Corpus, open_corpus
from ratecheck.experiments.language_model.minimax_attack import AT_RADIUS, FACTORS, evaluate, offset_losses, shrink
from ratecheck.experiments.language_model.minimax_players import WARM_UP, Player
from ratecheck.experiments.language_model.model import Decoder, token_losses
from ratecheck.experiments.language_model.optimizers import MGSR1, make_optimizer
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.train import step_size_schedule
from ratecheck.testbeds.saddle_oracle import PRODUCT_PRICE
from ratecheck.theory.errors import require_choice, require_nonnegative, require_positive

BUDGETS = ("gradients", "tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One training run of a player.

    Parameters
    ----------
    setup : Setup
        Its recipe's step size is the player's, and its ``steps`` are the budget.
    player : Player
    radius : float
        Largest norm of the offset of a position, in units of the embedding's root mean square row.
    curvature : float
        gamma.
    budget : {"gradients", "tokens"}
        Whether the steps count gradients, with `PRODUCT_PRICE` for each Hessian-vector product, or batches.
    """

    setup: Setup
    player: Player
    radius: float
    curvature: float
    budget: str = "gradients"

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)
        require_nonnegative("curvature", self.curvature)
        require_choice("budget", self.budget, BUDGETS)


@dataclass(frozen=True, slots=True)
class Played:
    """What came out of a match.

    Parameters
    ----------
    match : Match
    clean : float
        Excess loss without an adversary; infinite if the run diverged.
    attacked : dict
        Excess loss under an attack, by factor of the radius.
    before : dict
        Excess loss where the warm-up ended, by ``"clean"`` and factor; empty without one.
    gradients, products, batches : int
        Work done, the warm-up's included.
    offset : float
        Mean norm of the adversary's rows at the end.
    diverged : int or None
        Batch at which the loss was not finite.
    seconds : float
        CPU time.
    """

    match: Match
    clean: float
    attacked: dict[str, float]
    before: dict[str, float]
    gradients: int
    products: int
    batches: int
    offset: float
    diverged: int | None
    seconds: float

    @property
    def setup(self) -> Setup:
        """The run's setup."""
        return self.match.setup

    @property
    def excess(self) -> float:
        """What the player minimises: the excess loss under attack at the radius of the game, or without an adversary.

        Step sizes are tuned by it.
        """
        return self.attacked[AT_RADIUS] if self.match.player.adversary else self.clean

    @property
    def work(self) -> float:
        """Gradient-equivalents."""
        return self.gradients + PRODUCT_PRICE * self.products


@dataclass(slots=True)
class Game:
    """A model and its adversary in the middle of a match."""

    model: Decoder
    offset: torch.Tensor
    radius: float
    curvature: float
    clip: float
    gradients: int = 0
    products: int = 0
    batches: int = 0
    adversary: bool = True
    last_loss: float = field(default=math.nan)

    @classmethod
    def begin(cls, match: Match) -> Game:
        """Return the game before its first step: the usual initial weights, and no offset."""
        shape, recipe = match.setup.shape, match.setup.recipe
        model = Decoder(shape, torch.Generator().manual_seed(recipe.seed))
        offset = torch.zeros(shape.context, shape.width, requires_grad=True)
        return cls(model, offset, match.radius, match.curvature, recipe.clip, adversary=match.player.adversary)

    @property
    def work(self) -> float:
        """Gradient-equivalents so far."""
        return self.gradients + PRODUCT_PRICE * self.products

    def optimizer(self, name: str, step_size: float, options: dict[str, Any]) -> Any:
        """Return an optimizer of both players, or of the model alone where there is no adversary."""
        groups: list[dict[str, Any]] = [{"params": list(self.model.parameters()), "maximize": False}]
        if self.adversary:
            groups.append({"params": [self.offset], "maximize": True})
        return make_optimizer(name, groups, step_size, **options)

    def loss(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the payoff on a batch, which the model lowers and the offset raises."""
        if not self.adversary:
            return token_losses(self.model, tokens).mean()
        return offset_losses(self.model, tokens, self.offset) - self.curvature / 2 * self.offset.square().sum()

    def closure(self, tokens: torch.Tensor, optimizer: Any) -> Callable[[], torch.Tensor]:
        """Return what the optimizer calls: the loss alone for MGSR1, for others with clipped gradients left behind."""
        if isinstance(optimizer, MGSR1):
            return lambda: self.loss(tokens)

        def backward() -> torch.Tensor:
            optimizer.zero_grad(set_to_none=True)
            loss = self.loss(tokens)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
            self.gradients += 1
            return loss.detach()

        return backward

    def step(self, tokens: torch.Tensor, optimizer: Any, step_size: float) -> bool:
        """Take one step on one batch and count its work; return whether the loss was finite."""
        for group in optimizer.param_groups:
            group["lr"] = step_size
        if isinstance(optimizer, MGSR1):
            before = optimizer.work
            loss = optimizer.step(self.closure(tokens, optimizer))
            self.gradients += optimizer.work.gradients - before.gradients
            self.products += optimizer.work.products - before.products
        else:
            loss = optimizer.step(self.closure(tokens, optimizer))
        self.batches += 1
        self.project()
        self.last_loss = float(loss)
        return math.isfinite(self.last_loss)

    @torch.no_grad()
    def project(self) -> None:
        """Take the offset of each position back into its ball."""
        self.offset *= shrink(self.offset, self.radius)


@contextmanager
def one_thread() -> Iterator[None]:
    """Take one thread, and flush denormals, for as long as a match lasts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(False)


@one_thread()
def play(match: Match) -> Played:
    """Train one model against its adversary and attack it."""
    start = time.process_time()
    corpus = open_corpus(match.setup.source, vocabulary=match.setup.shape.vocabulary)
    game = Game.begin(match)
    before: dict[str, float] = {}
    finite = warm_up(match, game, corpus)
    if finite and match.player.warm_up:
        clean, attacked = evaluate(game.model, game.radius, corpus)
        before = {"clean": clean} | attacked
    try:
        finite = finite and _train(match, game, corpus)
    except np.linalg.LinAlgError:  # the squared Hessian of a run that is leaving for infinity
        finite = False
    clean, attacked = evaluate(game.model, game.radius, corpus) if finite else (math.inf, {})
    if not all(map(math.isfinite, (clean, *attacked.values()))):
        finite, clean = False, math.inf
    return Played(
        match,
        clean,
        attacked if finite else dict.fromkeys(map(str, FACTORS), math.inf),
        before,
        game.gradients,
        game.products,
        game.batches,
        float(game.offset.detach().norm(dim=1).mean()) if finite else math.inf,
        None if finite else game.batches,
        time.process_time() - start,
    )


def warm_up(match: Match, game: Game, corpus: Corpus) -> bool:
    """Let Adam play the share of the budget that is its own; return whether the loss stayed finite."""
    steps = round(match.player.warm_up * match.setup.recipe.steps)
    if not steps:
        return True
    optimizer = game.optimizer(WARM_UP.optimizer, 2.0**WARM_UP.start, WARM_UP.options)
    return _phase(match, game, corpus, optimizer, steps, 2.0**WARM_UP.start)


def _train(match: Match, game: Game, corpus: Corpus) -> bool:
    """Play what the warm-up left of the budget; return whether the loss stayed finite."""
    recipe, player = match.setup.recipe, match.player
    optimizer = game.optimizer(player.optimizer, recipe.step_size, player.options)
    return _phase(match, game, corpus, optimizer, recipe.steps, recipe.step_size)


def _phase(match: Match, game: Game, corpus: Corpus, optimizer: Any, last: int, step_size: float) -> bool:
    """Play until `last` units of the budget are used, on a step-size schedule over these units."""
    recipe, first = match.setup.recipe, _used(match, game)
    schedule = step_size_schedule(match.setup.with_recipe(steps=max(1, round(last - first)), step_size=step_size))
    while (used := _used(match, game)) < last:
        tokens = corpus.batch(recipe.seed, game.batches, recipe.batch, match.setup.shape.context + 1)
        # A step may be worth several units of work: the size that it begins with is that of its first one.
        if not game.step(torch.from_numpy(tokens.copy()), optimizer, float(schedule(int(used - first)))):
            return False
    return True


def _used(match: Match, game: Game) -> float:
    return game.work if match.budget == "gradients" else game.batches
