"""A decoder in the manner of LLaMA: RMS norms, rotary positions, gated feed-forward layers, no biases.

Touvron et al. (2023), arXiv 2302.13971; Su et al. (2021) for the positions; Shazeer (2020) for the gate; Fedus et al.
(2022) for the mixture of experts.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from ratecheck.experiments.language_model.setup import Shape

INITIAL_SCALE = 0.02
ROTARY_BASE = 10_000.0


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn the pairs (i, i + half) of the last axis by the angles of each position."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine


class Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        batch, time, width = x.shape
        projected = self.qkv(x).view(batch, time, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k = rotate(projected[:2], cosine, sine)
        mixed = functional.scaled_dot_product_attention(q, k, projected[2], is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, time, width))


class FeedForward(nn.Module):
    """One feed-forward layer, gated or not."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.kind = shape.feed_forward
        self.up = nn.Linear(shape.width, shape.hidden * (2 if self.kind == "swiglu" else 1), bias=False)
        self.out = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., width) to the same shape."""
        up = self.up(x)
        if self.kind == "swiglu":
            gate, up = up.chunk(2, dim=-1)
            return self.out(functional.silu(gate) * up)
        up = functional.relu(up)
        return self.out(up if self.kind == "relu" else up * up)


class Mixture(nn.Module):
    """Experts of which a router picks some for each token: piecewise smooth, with jumps where the choice changes."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.active = shape.active
        self.router = nn.Linear(shape.width, shape.experts, bias=False)
        self.experts = nn.ModuleList(FeedForward(shape) for _ in range(shape.experts))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        flat = x.reshape(-1, x.shape[-1])
        weight, choice = self.router(flat).softmax(dim=-1).topk(self.active, dim=-1)
        result = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            row, place = (choice == number).nonzero(as_tuple=True)
            share = expert(flat[row]) * weight[row, place, None]
            result = result.index_add(0, row, share.to(result.dtype))
        return result.view_as(x)


class Block(nn.Module):
    """Attention and feed-forward layer, each on a normed copy and added."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm1 = nn.RMSNorm(shape.width, eps=1e-6)
        self.attention = Attention(shape)
        self.norm2 = nn.RMSNorm(shape.width, eps=1e-6)
        self.feed_forward = FeedForward(shape) if shape.experts == 1 else Mixture(shape)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Map (batch, time, width) to the same shape."""
        x = x + self.attention(self.norm1(x), cosine, sine)
        return x + self.feed_forward(self.norm2(x))


class Decoder(nn.Module):
    """The language model.

    Parameters
    ----------
    shape : Shape
    generator : torch.Generator, optional
        For the initial weights: normal with deviation 0.02, and 0.02 / sqrt(2 layers) where a block adds to the sum.
    """

    cosine: Tensor
    sine: Tensor

    def __init__(self, shape: Shape, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=1e-6)
        self.head = nn.Linear(shape.width, shape.vocabulary, bias=False)
        if shape.tied:
            self.head.weight = self.embedding.weight
        half = shape.width // shape.heads // 2
        angle = torch.outer(torch.arange(shape.context), ROTARY_BASE ** (-torch.arange(half) / half)).repeat(1, 2)
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                shrink = math.sqrt(2 * shape.layers) if name.endswith("out.weight") else 1.0
                nn.init.normal_(weight, std=INITIAL_SCALE / shrink, generator=generator)

    def forward(self, tokens: Tensor, offset: Tensor | None = None) -> Tensor:
        """Return logits, shape (batch, time, vocabulary).

        Parameters
        ----------
        tokens : (batch, time) integer tensor
        offset : tensor, optional
            Added to the embedded tokens, for adversarial training; broadcasts to (batch, time, width).
        """
        time = tokens.shape[1]
        x = self.embedding(tokens)
        if offset is not None:
            x = x + offset
        for block in self.blocks:
            x = block(x, self.cosine[:time], self.sine[:time])
        return self.head(self.norm(x))


def token_losses(model: nn.Module, tokens: Tensor, offset: Tensor | None = None) -> Tensor:
    """Return ``-ln q(token | tokens before)`` of every token but the first, (batch, time - 1), in float32 or better."""
    logits = model(tokens[:, :-1]) if offset is None else model(tokens[:, :-1], offset)
    logits = logits.flatten(0, 1).to(torch.promote_types(logits.dtype, torch.float32))
    losses = functional.cross_entropy(logits, tokens[:, 1:].flatten(), reduction="none")
    return losses.view(len(tokens), -1)
