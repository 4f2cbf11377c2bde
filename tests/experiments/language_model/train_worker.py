"""One of several processes that train a language model together: ``python train_worker.py RANK WORLD STORE FOLDER``.

FOLDER/alone holds the checkpoint that a single process left half-way. Rank 0 writes what every rank ended with, by name
of the case, to FOLDER/points.pt; FOLDER/shards holds the checkpoint that the processes left half-way.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from ratecheck.experiments.language_model.parallel import whole
from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape
from ratecheck.experiments.language_model.train import begin, resume, train

STEPS, HALF = 8, 4
# A hidden size that two processes cannot halve; a batch of a power of two, so that means over its parts are exact.
SHAPE = Shape(vocabulary=64, width=30, layers=1, heads=5, context=16, hidden=45)
CASES = {
    "ddp adamw": ("adamw", {}),
    "ddp stosignsgd": ("stosignsgd", {}),
    "fsdp adamw": ("adamw", {"shard": True}),
    "fsdp stosignsgd": ("stosignsgd", {"shard": True}),
    "fsdp stosignsgd in parts": ("stosignsgd", {"shard": True, "accumulate": 2}),
    "ddp stosignsgd in parts": ("stosignsgd", {"accumulate": 2}),
}
RESUMED = "one process half-way, then shards"


def setup(optimizer: str, **changes: Any) -> Setup:
    recipe: dict[str, Any] = {"optimizer": optimizer, "step_size": 2.0**-8, "steps": STEPS, "batch": 8, "device": "cpu"}
    return Setup(shape=SHAPE, source="zsg", recipe=Recipe(**(recipe | changes)))


@contextlib.contextmanager
def double() -> Iterator[None]:
    """Train in float64, where rounding is far below what a wrong sign of one entry would change."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def weights(training: Any) -> torch.Tensor:
    return torch.cat([whole(value.detach()).flatten() for value in training.model.parameters()])


def trained(optimizer: str, **changes: Any) -> torch.Tensor:
    training = begin(setup(optimizer, **changes))
    train(training)
    return weights(training)


def main() -> None:
    rank, world, store, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    os.environ |= {"WORLD_SIZE": str(world), "LOCAL_RANK": str(rank)}
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    with double():
        points = {name: trained(optimizer, **changes) for name, (optimizer, changes) in CASES.items()}
        half = begin(setup("stosignsgd", shard=True))
        train(half, folder / "shards", checkpoint_every=HALF, until=HALF)
        other = resume(folder / "alone")
        train(other)
        points[RESUMED] = weights(other)
    found = {}
    for name, point in points.items():
        found[name] = [torch.empty_like(point) for _ in range(world)]
        dist.all_gather(found[name], point)
    if rank == 0:
        torch.save(found, folder / "points.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
