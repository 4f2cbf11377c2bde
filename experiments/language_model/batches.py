"""The gradient of one update: batches worked off in parts, and batches that grow as the direction gets short.

Stochastic conjugate subgradients choose the sample size anew in each round, in proportion to ``1 / |d|^2``. The
constants of the theorem (`ratecheck.theory.sampling.FreshSampleSize`) are not known for a language model, so that the
rule here is the practical surrogate `norm_test`, with the variance that is measured on the parts of the batch itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ratecheck.experiments.language_model.model import token_losses
from ratecheck.experiments.language_model.parallel import clip
from ratecheck.experiments.language_model.setup import Recipe
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.sampling.conjugate import norm_test

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.train import Training


@dataclass(frozen=True, slots=True)
class Growth:
    r"""Sequences of the next update: :math:`N = \mathrm{clip}(s^2/(\theta\|d\|^2), N_{\min}, N_{\max})`.

    Here :math:`s^2` is the variance of the gradient of one sequence, summed over coordinates, and d the direction of
    SCS-AdamW, or the gradient itself for other optimizers, as in the norm test of Byrd, Chin, Nocedal and Wu (2012).

    Parameters
    ----------
    share : float
        theta, the variance that the mean over a batch may have, as a share of the squared norm.
    most : int
        The largest batch; the least is the recipe's, and all are multiples of it.
    """

    share: float
    most: int

    @classmethod
    def of(cls, recipe: Recipe) -> Growth | None:
        """Return the rule of a recipe, None where batches do not grow; raise `InputError` for one that cannot be."""
        if not recipe.growth:
            return None
        if recipe.growth.keys() != {"share", "most"}:
            raise InputError(f"growth has the fields {sorted(recipe.growth)}, but it needs most and share.")
        rule = cls(**recipe.growth)
        require_positive("share", rule.share)
        require_count("most", rule.most)
        if rule.most % recipe.batch:
            raise InputError(f"most is {rule.most}, but it must be a multiple of the batch, {recipe.batch}.")
        if recipe.accumulate < 2:
            raise InputError("accumulate is 1, but a growing batch needs 2 parts or more, or it has no variance.")
        return rule

    def draws(self, variance: float, norm: float, least: int) -> int:
        """Return how many times `least` sequences the next update takes.

        Parameters
        ----------
        variance : float
            Of one sequence.
        norm : float
            Of the direction.
        least : int
        """
        count = norm_test(np.array(variance), np.array(norm), self.share, least, self.most)
        return math.ceil(int(count) / least)


class Spread:
    """The variance of the gradient of one sequence, from the gradients of equal parts of a batch."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._sum = self._flat()
        self._squares = 0.0
        self._count = 0

    def _flat(self) -> Tensor:
        with_gradient = [value for value in self._model.parameters() if value.requires_grad]
        return torch.cat([torch.zeros_like(v).flatten() if v.grad is None else v.grad.flatten() for v in with_gradient])

    def add(self, weight: float) -> None:
        """Take in the part whose mean gradient times `weight` has just been added to the gradients."""
        total = self._flat()
        self._squares += float((total - self._sum).square().sum(dtype=torch.float64)) / weight**2
        self._sum = total
        self._count += 1

    def variance(self, sequences: int) -> float:
        """Return the unbiased estimate, summed over coordinates, for parts of so many sequences each."""
        mean = float(self._sum.square().sum(dtype=torch.float64))
        return max(0.0, sequences * (self._squares - self._count * mean) / (self._count - 1))


def gradient(training: Training, forward: Any, draws: int) -> tuple[Tensor, Tensor, float]:
    """Leave the clipped mean gradient of the next `draws` batches with the parameters.

    Returns
    -------
    tuple
        Mean loss, norm of the gradient before clipping, and variance of the clipped gradient of one sequence (0 where
        batches do not grow).
    """
    recipe, processes = training.setup.recipe, training.processes
    length = training.setup.shape.context + 1
    training.optimizer.zero_grad(set_to_none=True)
    total = torch.zeros((), device=training.device)
    spread = Spread(training.model) if training.growth is not None else None
    for draw in range(draws):
        tokens = training.corpus.batch(recipe.seed, training.drawn + draw, recipe.batch, length)
        own = torch.from_numpy(np.ascontiguousarray(processes.share(tokens))).to(training.device)
        parts = own.chunk(recipe.accumulate)
        for i, part in enumerate(parts):
            weight = len(part) / (len(own) * draws)
            last = draw + 1 == draws and i + 1 == len(parts)
            with processes.synchronised(forward, last), training.precision.products(training.device):
                loss = token_losses(forward, part).mean() * weight
            loss.backward()
            total += loss.detach()
            if spread is not None:
                spread.add(weight)
    variance = spread.variance(recipe.batch // recipe.accumulate) if spread is not None else 0.0
    norm = clip(training.model, recipe.clip)
    clipped = min(1.0, recipe.clip / max(float(norm), 1e-30)) if spread is not None else 1.0
    training.precision.gradients(training.model, training.history.flushed)
    return processes.mean(total), norm, variance * clipped**2


def direction_norm(training: Training) -> float:
    """Return the norm of the direction of SCS-AdamW, else that of the gradient of the last step."""
    squares = 0.0
    for value in training.model.parameters():
        if value.grad is not None:
            state = training.optimizer.state.get(value, {})
            squares += float(state.get("direction", value.grad).square().sum(dtype=torch.float64))
    return math.sqrt(squares)
