"""Checkpoints: everything that a run needs to go on as if nothing had happened, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import torch

from ratecheck.experiments.store import write_whole
from ratecheck.theory.errors import InputError

FORMAT = 2
NAME = "checkpoint.pt"


def random_states() -> dict[str, Any]:
    """Return the states of torch's generators (the data and the optimizers' noise are keyed and have none)."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_random_states(states: dict[str, Any]) -> None:
    """Set the states of torch's generators."""
    torch.set_rng_state(states["cpu"])
    if states["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(states["cuda"])


def save(folder: Path, content: dict[str, Any]) -> Path:
    """Write the checkpoint of a folder, in place of the one before; raise `InputError` if there is no room."""
    path = folder / NAME
    write_whole(path, lambda file: _write({"format": FORMAT, **content}, file), "the checkpoint")
    return path


def _write(content: dict[str, Any], file: BinaryIO) -> None:
    try:
        torch.save(content, file)
    except RuntimeError as error:  # torch trips over its own clean-up where the disk is full
        raise error.__context__ if isinstance(error.__context__, OSError) else error from None


def load(folder: Path) -> dict[str, Any]:
    """Read the checkpoint of a folder.

    Raises
    ------
    InputError
        If there is none, or it is truncated, foreign or of another version.
    """
    path = folder / NAME
    if not path.exists():
        raise InputError(f"{folder} holds no checkpoint; start with `ratecheck lm train --out {folder}`.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # any bytes may be there, and torch's reader trips over them in many ways
        raise InputError(f"{path} is truncated or not a checkpoint of ratecheck; train anew.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path} was written by another version of ratecheck; train anew.")
    return content


def load_weights(model: torch.nn.Module, folder: Path) -> None:
    """Put the weights of a checkpoint into a model.

    Raises
    ------
    InputError
        If they are those of another model.
    """
    weights = load(folder)["model"]
    require_same_model(model, weights, folder)
    model.load_state_dict(weights)


def require_same_model(model: torch.nn.Module, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Raise `InputError` unless the weights have the names and shapes of the model."""
    own = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    other = {name: tuple(value.shape) for name, value in weights.items()}
    for name in sorted(own.keys() | other.keys()):
        if own.get(name) != other.get(name):
            raise InputError(
                f"the checkpoint of {folder} is of another model: {name} is {other.get(name, 'missing')} there and "
                f"{own.get(name, 'missing')} here; use the shape it was trained with."
            )
