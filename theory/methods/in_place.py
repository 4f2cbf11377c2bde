"""Variants of update rules that work in place: the same bits as the plain rule, in fewer passes over the state.

They exist where a benchmark shows that they pay (`ratecheck bench`). NumPy only; the engine uses them by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.method import Oracle
from ratecheck.theory.methods.stosign import MomentumState, StoSignP
from ratecheck.theory.schedules import step_size_at

_BITS = {np.dtype(np.float32): np.uint32, np.dtype(np.float64): np.uint64}


class Buffers(NamedTuple):
    """State of `StoSignP` with scratch space; `everywhere` tells that no entry of the envelope is 0 any more."""

    k: int
    momentum: FloatArray
    envelope: FloatArray
    scratch: FloatArray
    everywhere: bool


@dataclass(frozen=True, slots=True)
class InPlaceStoSignP:
    """`StoSignP` in place. The point that `step` is given is overwritten.

    Parameters
    ----------
    plain : StoSignP
        With a scalar step size and without damping.
    """

    plain: StoSignP

    def init(self, x: FloatArray) -> Buffers:
        """Return the state before the first step."""
        return Buffers(0, np.zeros_like(x), np.zeros_like(x), np.empty_like(x), False)

    def step(self, x: FloatArray, state: Buffers, oracle: Oracle) -> tuple[FloatArray, Buffers]:
        """Take one step."""
        if not state.everywhere:
            # A coordinate whose envelope is still 0 takes no step, which the sign bits below cannot say.
            x, plain = self.plain.step(x, MomentumState(state.k, state.momentum, state.envelope), oracle)
            return x, Buffers(*plain, state.scratch, bool((plain.envelope > 0).all()))
        k, momentum, envelope, scratch, _ = state
        rule = self.plain
        eta = step_size_at(rule.step_size, k, x)
        np.multiply(oracle.subgradient(x), 1 - rule.beta, out=scratch)
        momentum *= rule.beta
        momentum += scratch
        np.abs(momentum, out=scratch)
        np.maximum(envelope, scratch, out=envelope)
        np.multiply(oracle.uniform(x.shape[1], low=-1), envelope, out=scratch)
        scratch += momentum
        _signed(scratch, eta)
        if rule.weight_decay:
            x *= 1 - eta * rule.weight_decay
        x -= scratch
        return x, Buffers(k + 1, momentum, envelope, scratch, True)


def _signed(v: FloatArray, size: float) -> None:
    """Overwrite each entry of `v` by `size` with the sign bit of the entry: two passes over integers, no branch."""
    kind = _BITS[v.dtype]
    bits = v.view(kind)
    bits &= kind(1 << (8 * v.itemsize - 1))
    bits |= np.array(size, dtype=v.dtype).view(kind)


def in_place(method: Any) -> Any:
    """Return the variant of `method` that works in place, or `method` itself where there is none."""
    scalar = type(method) is StoSignP and np.ndim(step_size_at(method.step_size, 0, np.empty(0))) == 0
    if scalar and method.damping == 1:
        return InPlaceStoSignP(method)
    return method
