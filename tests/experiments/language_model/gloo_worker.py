"""One of several processes that train together: ``python gloo_worker.py RANK WORLD STORE OUT CASES``.

CASES are joined by commas, each a kind and an optimizer joined by a colon, training a model of its own; the kind is
"ddp" (each rank half of a batch), "ddp-own-noise" or "fsdp" (parameters sharded). Rank 0 writes to OUT, for each case,
the final points of every rank, or the sentence with which the optimizer refused.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
import torch.distributed as dist

from ratecheck.experiments.language_model.optimizers import make_optimizer
from ratecheck.theory.errors import InputError

STEPS, BATCH, WIDTH = 20, 8, 10


def model() -> torch.nn.Module:
    torch.manual_seed(0)
    layers = [torch.nn.Linear(WIDTH, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)]
    return torch.nn.Sequential(*layers).double()


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(100 + step)
    inputs = torch.randn(BATCH, WIDTH, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(BATCH, 3, generator=generator, dtype=torch.float64)


def train(net: torch.nn.Module, name: str, rank: int, world: int, seed: int = 0) -> torch.nn.Module:
    """Take steps, each rank on its part of every batch."""
    options = {"seed": seed} if seed else {}
    optimizer = make_optimizer(name, net.parameters(), 0.01, **options)
    for step in range(STEPS):
        inputs, targets = (part.chunk(world)[rank] for part in batch(step))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(inputs), targets).backward()
        optimizer.step()
    return net


def trained(kind: str, name: str, rank: int, world: int) -> torch.Tensor:
    """Return the final point of this rank."""
    net = model()
    if kind == "fsdp":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        fully_shard(net, mesh=init_device_mesh("cpu", (world,)))
        points = [parameter.full_tensor() for parameter in train(net, name, rank, world).parameters()]
    else:
        seed = rank if kind == "ddp-own-noise" else 0
        points = list(train(torch.nn.parallel.DistributedDataParallel(net), name, rank, world, seed).parameters())
    return torch.cat([point.detach().reshape(-1) for point in points])


def main() -> None:
    rank, world, store, out, cases = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6]
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    found: dict[str, Any] = {}
    for case in cases.split(","):
        try:
            point = trained(*case.split(":"), rank, world)
        except InputError as error:
            found[case] = str(error)
            continue
        found[case] = [torch.empty_like(point) for _ in range(world)]
        dist.all_gather(found[case], point)
    if rank == 0:
        torch.save(found, out)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
