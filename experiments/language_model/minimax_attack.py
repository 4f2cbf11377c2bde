"""What an offset of the embedded tokens does to a model, and the strongest one that a short ascent finds."""

from __future__ import annotations

import torch

from ratecheck.experiments.language_model.data import Corpus
from ratecheck.experiments.language_model.model import Decoder, token_losses
from ratecheck.theory.errors import InputError, require_positive

FACTORS = (0.5, 1.0, 2.0)  # radii of the attacks, in units of the radius of the game
AT_RADIUS = str(1.0)
ATTACK_STEPS = 10  # of normalised ascent on a fresh offset, when the trained model is attacked
VALIDATION = 64


def offset_losses(model: Decoder, tokens: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
    """Return the mean loss under an offset for each position, in units of the embedding's root mean square row."""
    scale = model.embedding.weight.square().sum(dim=1).mean().sqrt()
    return token_losses(model, tokens, scale * offset).mean()


def shrink(offset: torch.Tensor, radius: float) -> torch.Tensor:
    """Return the factor for each position that takes its offset back into the ball."""
    return (radius / offset.norm(dim=1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0)


def evaluate(model: Decoder, radius: float, corpus: Corpus) -> tuple[float, dict[str, float]]:
    """Return the excess loss on the validation sequences, without an adversary and under attacks by factor."""
    held_out, exact = corpus.validation(VALIDATION, model.shape.context + 1)
    floor = 0.0 if exact is None else float(exact[:, 1:].mean())
    data = torch.from_numpy(held_out)
    with torch.no_grad():
        clean = float(token_losses(model, data).mean()) - floor
    return clean, {str(factor): attack(model, data, factor * radius) - floor for factor in FACTORS}


def attack(model: Decoder, tokens: torch.Tensor, radius: float, steps: int = ATTACK_STEPS) -> float:
    """Return the loss under an offset found by normalised ascent from zero, each position within `radius`.

    Raises
    ------
    InputError
        If there are no steps.
    """
    require_positive("radius", radius)
    if steps < 1:
        raise InputError(f"steps is {steps}, but an attack takes at least 1.")
    offset = torch.zeros(model.shape.context, model.shape.width)
    for _ in range(steps):
        offset.requires_grad_(True)
        (gradient,) = torch.autograd.grad(offset_losses(model, tokens, offset), offset)
        with torch.no_grad():
            offset = offset + radius / 4 * gradient / gradient.norm(dim=1, keepdim=True).clamp(min=1e-12)
            offset *= shrink(offset, radius)
    with torch.no_grad():
        return float(offset_losses(model, tokens, offset))
