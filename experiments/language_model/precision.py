"""Where a run is less precise than float32: the products, the gradient, the optimizer's state, the weights."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import Tensor, nn


class Precision:
    """The switches of a run, applied at their places in a step."""

    def __init__(self, low: dict[str, Any], bf16: bool) -> None:
        self.low = low
        self.bf16 = bf16

    def prepare(self, model: nn.Module) -> nn.Module:
        """Return the model with its products replaced."""
        return model

    def products(self, device: torch.device) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which the model is evaluated."""
        return torch.autocast(device.type, torch.bfloat16) if self.bf16 else contextlib.nullcontext()

    def scaled(self, loss: Tensor) -> Tensor:
        """Return the loss to differentiate."""
        return loss

    def gradients(self, model: nn.Module) -> None:
        """Round the gradients as they come out of the backward pass."""

    def clipped_gradients(self, model: nn.Module) -> None:
        """Round the gradients after clipping."""

    def states(self, optimizer: Any, flushed: dict[str, list[float]]) -> None:
        """Round the optimizer's states and note the share of entries that became zero."""
