"""StoSignSGD in place, uncompiled: the same bits as the plain rule in about half the time (see `speed`).

Random numbers and signs go through two buffers that stay in the cache.
"""

from __future__ import annotations

from typing import Any

import torch

from ratecheck.experiments.language_model.noise import BITS, MIX_FIRST, MIX_SECOND, Key, key
from ratecheck.experiments.language_model.optimizers.entries import Entry
from ratecheck.experiments.language_model.optimizers.rules import Group

BLOCK = 2**16


def _symmetric_noise(
    index: torch.Tensor, word: Key, bits: torch.Tensor, spare: torch.Tensor, out: torch.Tensor
) -> None:
    """Write ``2 u - 1`` to `out`, for the u of `signed_bits`; `bits` and `spare` are overwritten."""
    torch.mul(index, word.factor, out=bits).add_(word.start)
    for distance, mask, factor in ((16, 0xFFFF, MIX_FIRST), (15, 0x1FFFF, MIX_SECOND)):
        torch.bitwise_right_shift(bits, distance, out=spare).bitwise_and_(mask)
        bits.bitwise_xor_(spare).mul_(factor)
    out.copy_(bits.bitwise_right_shift_(32 - BITS)).mul_(2.0 ** (1 - BITS))


def in_place_step(group: Group, entry: Entry, x: Any, g: Any, m: Any, G: Any) -> None:
    """Take one StoSignSGD step of flat contiguous tensors of one full-precision dtype, block by block."""
    lr, beta, decay = float(group["lr"]), group["momentum"], group["weight_decay"]
    word = key(group["seed"], entry.name, entry.t).shifted(entry.offset)
    size = min(BLOCK, x.numel())
    index = torch.arange(size, dtype=torch.int32)
    bits, spare = torch.empty_like(index), torch.empty_like(index)
    buffer = torch.empty(size, dtype=x.dtype)
    for first in range(0, x.numel(), BLOCK):
        count = min(BLOCK, x.numel() - first)
        point, slope, average, envelope = (tensor[first : first + count] for tensor in (x, g, m, G))
        s = buffer[:count]
        torch.mul(slope, 1 - beta, out=s)
        average.mul_(beta).add_(s)
        torch.abs(average, out=s)
        if group["damping"] != 1:
            envelope.mul_(group["damping"])
        torch.maximum(envelope, s, out=envelope)
        _symmetric_noise(index[:count], word.shifted(first), bits[:count], spare[:count], s)
        # A sum of exactly 0 counts as +1, and an envelope of 0, which takes no step, is rare after the first steps.
        s.mul_(envelope).add_(average).ge_(0).sub_(0.5).mul_(2 * lr)
        if not envelope.min() > 0:
            s.mul_(envelope != 0)
        if decay:
            point.mul_(1 - lr * decay)
        point.sub_(s)
