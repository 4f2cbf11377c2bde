"""What a run leaves on disk, and the name of what broke it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ratecheck.experiments.language_model import checkpoint
from ratecheck.experiments.language_model.history import CURVE
from ratecheck.experiments.language_model.parallel import gathered
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.store import write_whole
from ratecheck.theory.errors import InputError

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.train import Training


def first_broken(training: Training) -> str:
    """Return the name of the first parameter that is not finite, else of the first whose gradient is not."""
    named, finite = list(training.model.named_parameters()), training.processes.all_finite
    for name, value in named:
        if not finite([value]):
            return name
    for name, value in named:
        if value.grad is not None and not finite([value.grad]):
            return f"{name} (its gradient)"
    return "none (the sum of the losses overflowed)"


def require_no_unfinished(folder: Path) -> None:
    """Raise `InputError` if a folder holds a run that was stopped: another one would take its place."""
    try:
        content = checkpoint.load(folder)
    except InputError:
        return  # nothing there that could be gone on with
    steps = Setup.from_json(content["setup"]).recipe.steps
    if content["drawn"] < steps:
        raise InputError(
            f"{folder} holds a run that was stopped at step {content['step']} of {steps}; go on with `ratecheck lm "
            f"resume {folder}`, name another folder with --out, or delete it."
        )


def save(training: Training, folder: Path) -> None:
    """Write a checkpoint and the curve, unless a weight is not finite: the one before stays the last good one."""
    if not training.processes.all_finite(training.model.parameters()):
        return
    content = {
        "setup": training.setup.to_json(),
        "text": training.text,
        "step": training.step,
        "drawn": training.drawn,
        "wanted": training.wanted,
        "model": gathered(training.model.state_dict()),
        "optimizer": gathered(training.optimizer.state_dict()),
        "history": json.dumps(training.history.to_json()),
        "random": checkpoint.random_states(),
    }
    if training.processes.rank == 0:
        checkpoint.save(folder, content)
        write_curve(training, folder)
    training.saved = training.step


def write_curve(training: Training, folder: Path) -> None:
    """Write the loss of every step and what was measured at some of them."""
    write_whole(folder / CURVE, training.history.curve().encode(), "the curve")


def write_card(training: Training, folder: Path, seconds: float) -> None:
    """Write what was run, on what, for how long, and what came out."""
    last = training.history.last
    cuda = training.device.type == "cuda"
    card = {
        "setup": json.loads(training.setup.to_json()),
        "text": training.corpus.name,
        "entropy_rate": training.corpus.floor,
        "parameters": sum(value.numel() for value in training.model.parameters()),
        "validation": last.validation,
        "excess": None if math.isnan(last.excess) else last.excess,
        "seconds": seconds,
        "device": torch.cuda.get_device_name(training.device) if cuda else "cpu",
        "processes": training.processes.count,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "peak_memory": torch.cuda.max_memory_allocated(training.device) if cuda else None,
    }
    write_whole(folder / "run.json", (json.dumps(card, indent=1) + "\n").encode(), "the card of the run")
