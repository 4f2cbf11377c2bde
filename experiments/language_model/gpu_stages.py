"""What a GPU is asked for, in stages that each end within ten minutes: ``python -m`` this module.

Every stage writes one JSON file with the hardware's name. Without a GPU, ``--device cpu`` runs the same stages at smoke
size.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.compare import CONTESTANTS
from ratecheck.experiments.language_model.memory import device_of
from ratecheck.experiments.language_model.presets import PRESETS
from ratecheck.experiments.language_model.runs import Workers
from ratecheck.experiments.language_model.setup import Recipe, Setup
from ratecheck.experiments.language_model.train import begin, train
from ratecheck.experiments.store import write_whole
from ratecheck.theory.errors import InputError, require_choice

SECONDS = 600.0  # a stage stops taking up new work after half of them


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: what it answers, and ``(device, preset, out) -> result``."""

    title: str
    run: Callable[[str, str, Path], dict[str, Any]]


def _setup(name: str, optimizer: str, device: str, steps: int, **changes: Any) -> Setup:
    one, known = PRESETS[name], CONTESTANTS[optimizer]
    recipe: dict[str, Any] = {
        "optimizer": known.optimizer,
        "step_size": 2.0**known.start,
        "options": dict(known.options),
        "steps": steps,
        "batch": one.batch,
        "device": device,
    }
    return Setup(shape=one.shape, source=one.source, recipe=Recipe(**(recipe | changes)))


def correctness(device: str, preset: str, out: Path) -> dict[str, Any]:
    """Return how far the losses of 50 steps on the device are from those on the CPU, for every contestant."""
    rows = {}
    for name in CONTESTANTS:
        losses = [np.array(train(begin(_setup("smoke", name, where, 50))).losses) for where in ("cpu", device)]
        difference = np.abs(losses[0] - losses[1])
        rows[name] = {"first_step": float(difference[0]), "largest": float(difference.max())}
    return {"rows": rows}


def speed(device: str, preset: str, out: Path) -> dict[str, Any]:
    """Return the time of an optimizer step against AdamW fused, and the tokens per second of training."""
    from ratecheck.experiments.language_model.speed import OURS, table

    result = table(10_000_000, 5, tuple(OURS), device=device, threads=1, compiled=device != "cpu")
    shape_tokens = PRESETS[preset].batch * PRESETS[preset].shape.context
    training = begin(_setup(preset, "adamw", device, 30, precision="bf16" if device == "cuda" else "float32"))
    train(training, until=10)
    start = time.perf_counter()
    train(training)
    result["tokens_per_second"] = 20 * shape_tokens / (time.perf_counter() - start)
    return result


def experiment(device: str, preset: str, out: Path) -> dict[str, Any]:
    """Return the excess loss of the main contestants at one step size each, until half of the time is spent."""
    start = time.perf_counter()
    rows: dict[str, Any] = {}
    precision = "bf16" if device == "cuda" else "float32"
    with Workers(out, 1) as workers:
        for name in ("adamw", "stosignsgd", "signum", "momentum"):
            if rows and time.perf_counter() - start > SECONDS / 2:
                break
            (run,) = workers.run([_setup(preset, name, device, 300, precision=precision)]).values()
            rows[name] = {"excess": run.excess, "seconds": run.seconds, "device": run.device}
    return {"rows": rows, "preset": preset}


STAGES = {
    "correctness": Stage("losses on the device against those on the CPU", correctness),
    "speed": Stage("optimizer steps against AdamW fused; tokens per second", speed),
    "experiment": Stage("excess loss of the main optimizers", experiment),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run stages and return 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)} (default: all)")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--preset", default=None, help="size of the experiment (default: 10m on a GPU, smoke on a CPU)")
    parser.add_argument("--out", type=Path, default=Path("results"), metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        device = device_of(options.device)
        preset = options.preset or ("10m" if device.type == "cuda" else "smoke")
        require_choice("preset", preset, tuple(PRESETS))
        for name in options.stages or STAGES:
            require_choice("stage", name, tuple(STAGES))
            start = time.perf_counter()
            result = STAGES[name].run(device.type, preset, options.out)
            cuda = device.type == "cuda"
            result |= {
                "stage": name,
                "title": STAGES[name].title,
                "hardware": torch.cuda.get_device_name(device) if cuda else platform.processor() or platform.machine(),
                "torch": torch.__version__,
                "seconds": time.perf_counter() - start,
            }
            path = options.out / f"lm-stage-{name}.json"
            write_whole(path, (json.dumps(result, indent=1) + "\n").encode(), "the result of a stage")
            print(f"{path}: {STAGES[name].title}, {result['seconds']:.0f} s on {result['hardware']}", flush=True)
    except InputError as error:
        print(f"ratecheck: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
