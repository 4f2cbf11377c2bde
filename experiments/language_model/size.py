"""The size at which optimizers can be tuned and repeated in minutes on two cores: one layer, 3200 sequences."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape

SHAPE = Shape(vocabulary=64, width=64, layers=1, heads=4, context=64, hidden=176)
SEQUENCES = 3200
SHORTER = 1600  # for the experiments with many contestants
BATCH = 16


def small(source: str = "zsg", *, batch: int = BATCH, sequences: int = SEQUENCES, **recipe: Any) -> Setup:
    """Return a run of the size of the experiments; optimizer and step size are to be replaced."""
    filled: dict[str, Any] = {"optimizer": "adamw", "step_size": 1e-3, "records": 4} | recipe
    return Setup(shape=SHAPE, source=source, recipe=Recipe(steps=sequences // batch, batch=batch, **filled))


def scope(setup: Setup, language: str) -> str:
    """Return in words where a finding was made."""
    recipe = setup.recipe
    return (
        f"{setup.shape.parameters} parameters, {recipe.steps * recipe.batch} sequences of {setup.shape.context} tokens "
        f"in batches of {recipe.batch}, {language}, float32; nothing is said about other sizes"
    )
