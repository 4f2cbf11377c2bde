"""Sign methods in place, uncompiled: the plain rule to rounding, in about half the time (see `speed`).

Large tensors are taken block by block, and all intermediate results go through a few buffers that stay in the cache.
Moving averages are ``lerp``, which rounds otherwise than the rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ratecheck.experiments.language_model.noise import BITS, MIX_FIRST, MIX_SECOND, Key, key
from ratecheck.experiments.language_model.optimizers.entries import Entry
from ratecheck.experiments.language_model.optimizers.rules import LION, SIGNUM, STO_SIGN, Group, Rule
from ratecheck.theory import torch_namespace

BLOCK = 2**17
# Writes the direction of one block to a buffer, updates the states, and returns what the direction is to be scaled by.
Direction = Callable[..., float]


def _numbers(line: torch.Tensor, start: int, bits: torch.Tensor, out: torch.Tensor) -> None:
    """Write the numbers of `signed_bits` to `out`; `line` is index times factor, and `bits` is overwritten."""
    spare = out.view(torch.int32) if out.dtype == torch.float32 else torch.empty_like(bits)
    torch.add(line, start, out=bits)
    for distance, mask, factor in ((16, 0xFFFF, MIX_FIRST), (15, 0x1FFFF, MIX_SECOND)):
        torch.bitwise_right_shift(bits, distance, out=spare).bitwise_and_(mask)
        bits.bitwise_xor_(spare).mul_(factor)
    out.copy_(bits.bitwise_right_shift_(32 - BITS))


class _StoSign:
    def __init__(self, group: Group, entry: Entry, size: int, dtype: torch.dtype) -> None:
        self.beta, self.damping = group["momentum"], group["damping"]
        self.word = key(group["seed"], entry.name, entry.t).shifted(entry.offset)
        self.line = torch.arange(size, dtype=torch.int32).mul_(self.word.factor)
        self.bits = torch.empty_like(self.line)
        self.scratch = self.bits.view(dtype) if dtype == torch.float32 else torch.empty(size, dtype=dtype)

    def __call__(self, first: int, s: torch.Tensor, g: torch.Tensor, m: torch.Tensor, G: torch.Tensor) -> float:
        count = s.numel()
        word: Key = self.word.shifted(first)
        _numbers(self.line[:count], word.start, self.bits[:count], s)
        m.lerp_(g, 1 - self.beta)
        size = torch.abs(m, out=self.scratch[:count])
        if self.damping != 1:
            G.mul_(self.damping)
        torch.maximum(G, size, out=G)
        torch.addcmul(m, G, s, value=2.0 ** (1 - BITS), out=s).ge_(0).sub_(0.5)
        low, high = torch.aminmax(G)
        if not (low > 0 and high < float("inf")):
            # Rare after the first steps. Where the envelope is 0 there is no step, and NaN and infinity must be seen.
            s.mul_(G > 0).add_(G * 0)
        return 2.0


class _Signum:
    def __init__(self, group: Group, *_: Any) -> None:
        self.beta = group["momentum"]

    def __call__(self, first: int, s: torch.Tensor, g: torch.Tensor, m: torch.Tensor) -> float:
        _sign(m.lerp_(g, 1 - self.beta), s)
        return 1.0


class _Lion:
    def __init__(self, group: Group, *_: Any) -> None:
        self.beta1, self.beta2 = group["betas"]

    def __call__(self, first: int, s: torch.Tensor, g: torch.Tensor, m: torch.Tensor) -> float:
        _sign(torch.lerp(m, g, 1 - self.beta1, out=s), s)
        m.lerp_(g, 1 - self.beta2)
        return 1.0


def _sign(x: torch.Tensor, out: torch.Tensor) -> None:
    """Write the signs of `x`, and NaN for NaN, to `out`, which may be `x`; torch's own sign of NaN is 0."""
    if x.sum().isfinite():
        torch.sign(x, out=out)
    else:
        out.copy_(torch_namespace.sign(x))


IN_PLACE: dict[Rule, Callable[..., Direction]] = {STO_SIGN: _StoSign, SIGNUM: _Signum, LION: _Lion}


def in_place_step(rule: Rule, group: Group, entry: Entry, x: torch.Tensor, *rest: torch.Tensor) -> None:
    """Take one step of a key of `IN_PLACE` on flat contiguous tensors of one full-precision dtype: x, g and states."""
    lr, decay = float(group["lr"]), group["weight_decay"]
    size = min(BLOCK, x.numel())
    buffer = torch.empty(size, dtype=x.dtype)
    direction = IN_PLACE[rule](group, entry, size, x.dtype)
    for first, (point, *parts) in zip(
        range(0, x.numel(), BLOCK), zip(*(tensor.split(BLOCK) for tensor in (x, *rest)), strict=True), strict=True
    ):
        s = buffer[: point.numel()]
        scale = direction(first, s, *parts)
        if decay:
            point.mul_(1 - lr * decay)
        point.sub_(s, alpha=scale * lr)
