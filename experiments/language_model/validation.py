"""What a model loses on tokens that it was not trained on, beside what the exact predictor loses on the same tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from ratecheck.experiments.language_model.history import Record
from ratecheck.experiments.language_model.model import token_losses

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.train import Training

SEQUENCES = 128


def validate(training: Training, sequences: int = SEQUENCES) -> tuple[float, float, float]:
    """Return the validation loss, its excess over the exact predictor, and the standard error of the excess."""
    tokens, exact = training.corpus.validation(sequences, training.setup.shape.context + 1)
    part = max(1, training.setup.recipe.batch // training.setup.recipe.accumulate)
    with torch.no_grad(), training.precision.products(training.device):
        losses = np.concatenate(
            [
                token_losses(training.model, torch.from_numpy(tokens[i : i + part]).to(training.device)).cpu().numpy()
                for i in range(0, sequences, part)
            ]
        ).astype(np.float64)
    if exact is None:
        return float(losses.mean()), math.nan, math.nan
    excess = (losses - exact[:, 1:]).mean(axis=1)
    return float(losses.mean()), float(excess.mean()), float(excess.std(ddof=1) / math.sqrt(sequences))


def measured(training: Training, loss: float, norm: float, step_size: float) -> Record:
    """Return the row of the curve after the step that had this loss, norm of the gradient and step size."""
    tokens = training.drawn * training.setup.recipe.batch * training.setup.shape.context
    return Record(training.step, tokens, loss, *validate(training), norm, step_size)
