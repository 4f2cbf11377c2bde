"""Can the machine do what a run asks for? Told before it starts."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import torch

from ratecheck.experiments.language_model.setup import Setup
from ratecheck.theory.errors import InputError

GIB = 2**30
_BYTES_PER_PARAMETER = 16  # weight, gradient and two states in float32
_OVERHEAD = 1.5  # of what the gradient keeps: temporaries, and gaps that an allocator leaves; 1.2 to 1.5 as measured
_RESERVE = 0.9  # share of the free memory that a run may plan with


def device_of(name: str, local_rank: int = 0) -> torch.device:
    """Return the device that a word names; raise `InputError` if it asks for a GPU and there is none."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("a GPU was asked for, but torch finds none; use --device cpu, or a build of torch for it.")
    if name == "cpu" or not available:
        return torch.device("cpu")
    return torch.device("cuda", local_rank)


def require_compiler(device: torch.device) -> None:
    """Raise `InputError` if models cannot be compiled for a CPU: torch calls a C++ compiler for it."""
    names = [os.environ.get("CXX", "g++"), "clang++", "cl"]
    if device.type == "cpu" and not any(map(shutil.which, names)):
        raise InputError("--compile needs a C++ compiler, and none is found; install g++, or leave --compile out.")


def estimated_bytes(setup: Setup, processes: int = 1) -> int:
    """Return about how much memory a run takes in each process: weights, states, activations and logits."""
    shape, recipe = setup.shape, setup.recipe
    tokens = -(-recipe.batch // (recipe.accumulate * processes)) * shape.context
    gated = 4 if shape.feed_forward == "swiglu" else 2
    block = 14 * shape.width + gated * shape.hidden * shape.active
    width = 2 if recipe.precision == "bf16" else 4
    held = shape.parameters // (processes if recipe.shard else 1)
    kept = tokens * (shape.layers * block * width + 3 * 4 * shape.vocabulary)
    return _BYTES_PER_PARAMETER * held + int(_OVERHEAD * kept)


def free_bytes(device: torch.device) -> int:
    """Return how much memory is free on a device; on a CPU what the system could free at once counts too."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else 2**62


def fits(setup: Setup, device: torch.device, processes: int = 1) -> bool:
    """Return whether the estimate is within what is free, less a reserve."""
    return estimated_bytes(setup, processes) <= _RESERVE * free_bytes(device)


def require_fits(setup: Setup, device: torch.device, processes: int = 1) -> None:
    """Raise `InputError` if the estimate is beyond what is free."""
    if not fits(setup, device, processes):
        needed, free = estimated_bytes(setup, processes), free_bytes(device)
        raise InputError(
            f"a batch of {setup.recipe.batch} sequences in {setup.recipe.accumulate} parts needs about "
            f"{needed / GIB:.3g} GiB, but {free / GIB:.3g} GiB are free on {device}; raise --accumulate, or take a "
            "smaller --batch or --preset."
        )
