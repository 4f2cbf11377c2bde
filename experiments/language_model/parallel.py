"""Several processes on one batch, as torchrun starts them: every one works on its share of the sequences.

Either each holds the whole model (DDP), or a part of every parameter's first axis (FSDP2). The noise of an optimizer is
keyed by the place of an entry in the whole parameter, so that it is the same in all cases.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ratecheck.experiments.language_model.setup import Recipe
from ratecheck.theory.arrays import IntArray
from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes there are and which one this is."""

    rank: int = 0
    local_rank: int = 0
    count: int = 1

    @classmethod
    def from_environment(cls) -> Processes:
        """Return what torchrun says, joined up; a single process where it says nothing."""
        count = int(os.environ.get("WORLD_SIZE", "1"))
        if count == 1:
            return cls()
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
        if not dist.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(local_rank)
            dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
            atexit.register(dist.destroy_process_group)
        return cls(dist.get_rank(), local_rank, count)

    def require_shares(self, recipe: Recipe) -> None:
        """Raise `InputError` unless the processes have equal shares of a batch that they can work on."""
        if recipe.batch % (self.count * recipe.accumulate):
            raise InputError(
                f"a batch of {recipe.batch} sequences cannot be shared by {self.count} processes in "
                f"{recipe.accumulate} equal parts each; give a multiple of {self.count * recipe.accumulate} as --batch."
            )
        if self.count > 1 and recipe.shard and recipe.low:
            raise InputError(
                "low precision is emulated with scales of whole tensors, which a process that shards does not hold; "
                "leave --shard out."
            )

    def share(self, tokens: IntArray) -> IntArray:
        """Return the sequences of this process."""
        return tokens[self.rank :: self.count]

    def wrap(self, model: nn.Module, shard: bool) -> nn.Module:
        """Return the model with gradients that are averaged over the processes; sharding changes it in place."""
        if self.count == 1:
            return model
        if not shard:
            return nn.parallel.DistributedDataParallel(model)
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(next(model.parameters()).device.type, (self.count,))
        for block in model.get_submodule("blocks").children():
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model

    @contextlib.contextmanager
    def synchronised(self, forward: Any, last: bool) -> Iterator[None]:
        """Average gradients only on the last part of a batch."""
        if hasattr(forward, "set_requires_gradient_sync"):
            forward.set_requires_gradient_sync(last)
        with forward.no_sync() if hasattr(forward, "no_sync") and not last else contextlib.nullcontext():
            yield

    def all_finite(self, values: Iterable[Tensor]) -> bool:
        """Return whether every entry of every tensor is finite, in every process."""
        local = (value.to_local() if hasattr(value, "to_local") else value for value in values)
        return float(self.mean(torch.stack([value.isfinite().all() for value in local]).all().float())) == 1.0

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over the processes."""
        if self.count > 1:
            dist.all_reduce(value)
            value /= self.count
        return value


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor with its shards put together; every process must call it."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def gathered(thing: Any) -> Any:
    """Return a nest of dictionaries and lists with every sharded tensor whole, on the CPU of the first process alone.

    Every process must call it; the others get None in place of these tensors.
    """
    if isinstance(thing, dict):
        return {name: gathered(value) for name, value in thing.items()}
    if isinstance(thing, list):
        return [gathered(value) for value in thing]
    if not hasattr(thing, "full_tensor"):
        return thing
    full = thing.full_tensor()
    return full.cpu() if dist.get_rank() == 0 else None


def _sharded(value: Tensor, like: Any) -> Tensor:
    if not hasattr(like, "device_mesh"):
        return value
    from torch.distributed.tensor import distribute_tensor

    # Every process has the whole array, so that none need be sent.
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


@torch.no_grad()
def load_whole(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Put whole weights into a model, sharded or not."""
    for name, value in model.state_dict().items():
        value.copy_(_sharded(weights[name], value))


def sharded_like(optimizer: Any, saved: dict[str, Any]) -> dict[str, Any]:
    """Return the saved state of an optimizer with every array sharded as its parameter is."""
    order = [index for group in saved["param_groups"] for index in group["params"]]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state = {}
    for index, parameter in zip(order, parameters, strict=True):
        if index in saved["state"]:
            state[index] = {
                name: _sharded(value, parameter) if getattr(value, "shape", None) == parameter.shape else value
                for name, value in saved["state"][index].items()
            }
    return {**saved, "state": state}


def clip(model: nn.Module, largest: float) -> Tensor:
    """Scale the gradients down to a norm over all parameters of at most `largest`; return the norm before."""
    with_gradient = [value for value in model.parameters() if value.grad is not None]
    norm = whole(nn.utils.get_total_norm([value.grad for value in with_gradient if value.grad is not None]))
    # A norm that is not finite must not spoil every gradient: the one that is broken is looked for.
    nn.utils.clip_grads_with_norm_(with_gradient, largest, torch.where(norm.isfinite(), norm, 0.0))
    return norm
