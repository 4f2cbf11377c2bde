"""Low-rank adapters (Hu et al., 2021, arXiv 2106.09685): train ``W + (alpha / rank) B A`` with W frozen."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ratecheck.theory.errors import InputError, require_count


class Adapted(nn.Module):
    """A frozen linear layer with an adapter: A is normal at first and B zero, so that nothing changes before step 1.

    Parameters
    ----------
    inner : nn.Linear
    rank : int
    alpha : float
        Scale of the adapter; `rank` by default, a factor of 1.
    generator : torch.Generator, optional
    """

    def __init__(
        self, inner: nn.Linear, rank: int, alpha: float | None = None, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        require_count("rank", rank)
        if rank > min(inner.weight.shape):
            raise InputError(f"rank is {rank}, but a layer of shape {tuple(inner.weight.shape)} has no such rank.")
        self.inner = inner
        inner.weight.requires_grad_(False)
        self.factor = (rank if alpha is None else alpha) / rank
        inputs = torch.randn(rank, inner.in_features, generator=generator) / math.sqrt(inner.in_features)
        self.down = nn.Parameter(inputs)
        self.up = nn.Parameter(torch.zeros(inner.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return self.inner(x) + (x @ self.down.T @ self.up.T) * self.factor

    def merged(self) -> nn.Linear:
        """Return one linear layer that computes the same."""
        with torch.no_grad():
            self.inner.weight += self.factor * self.up @ self.down
        self.inner.weight.requires_grad_(True)
        return self.inner


def add_adapters(model: nn.Module, rank: int, generator: torch.Generator | None = None) -> None:
    """Freeze a decoder and put adapters on every linear layer of its blocks."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parent in list(model.get_submodule("blocks").modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                setattr(parent, name, Adapted(child, rank, generator=generator))


def merge_adapters(model: nn.Module) -> None:
    """Put every adapter into the weights that it adapts."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Adapted):
                setattr(parent, name, child.merged())
    for parameter in model.parameters():
        parameter.requires_grad_(True)
