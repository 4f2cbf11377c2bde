"""Several processes on one batch, as torchrun starts them: every one works on its share of the sequences."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


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
        if not dist.is_initialized():
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        return cls(dist.get_rank(), int(os.environ.get("LOCAL_RANK", "0")), count)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Return the model with gradients that are averaged over the processes."""
        return nn.parallel.DistributedDataParallel(model) if self.count > 1 else model

    def synchronised(self, forward: Any, last: bool) -> contextlib.AbstractContextManager[Any]:
        """Return a context in which gradients are averaged only on the last part of a batch."""
        return forward.no_sync() if self.count > 1 and not last else contextlib.nullcontext()

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over the processes."""
        if self.count > 1:
            dist.all_reduce(value)
            value /= self.count
        return value
