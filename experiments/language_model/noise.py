"""Uniform random numbers that are a function of (seed, parameter, step, index) and of nothing else.

A counter generator: every replica and every shard computes the same number for the same entry, a run that is killed
and resumed draws what it would have drawn, and there is no generator to save. The index of an entry goes through a line
whose two 32-bit coefficients are a cryptographic hash of (seed, parameter, step), and then through a mixing function
(Wellons, 2018: two multiplications, each after a xorshift); the upper 24 bits are kept.
The functions work on integer arrays of NumPy and of torch alike, so that both draw the same numbers.
"""

from __future__ import annotations

import functools
import hashlib
import struct
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray
from ratecheck.theory.errors import InputError

MOST_ENTRIES = 2**32  # the counter's period
BITS = 24  # exact in float32, so that every format draws the same number
MIX_FIRST, MIX_SECOND = 0x7FEB352D, 0x846CA68B - 2**32


class Key(NamedTuple):
    """Signed 32-bit words by which an index is multiplied (odd) and shifted before its bits are mixed."""

    factor: int
    start: int

    def shifted(self, offset: int) -> Key:
        """Return the key that gives entry 0 what this one gives entry `offset`: that of a shard, or of a block."""
        return Key(self.factor, _signed(self.start + self.factor * offset))


def _signed(word: int) -> int:
    return (word + 2**31) % 2**32 - 2**31


@functools.lru_cache(maxsize=4096)
def _stream(name: str | int) -> bytes:
    return hashlib.blake2b(str(name).encode(), digest_size=16).digest()


def key(seed: int, parameter: str | int, step: int) -> Key:
    """Return the key of one parameter at one step.

    Parameters
    ----------
    seed : int
        Of the run; at least 0 and below 2**64.
    parameter : str or int
        Its name, or its position where it has none: the same on every rank.
    step : int
        From 1.
    """
    if not 0 <= seed < 2**64:
        raise InputError(f"seed is {seed!r}, but it must be an integer from 0 to 2**64 - 1.")
    digest = hashlib.blake2b(struct.pack("<QQ", seed, step) + _stream(parameter), digest_size=8).digest()
    factor, start = struct.unpack("<ii", digest)
    return Key(factor | 1, start)


def signed_bits(index: Array, factor: Array | int, start: Array | int) -> Array:
    """Return 24 random bits for each entry of the int32 array `index`, as numbers from -2**23 to 2**23 - 1.

    Every step has a factor of its own, so that no two steps see shifted copies of the same numbers.
    """
    x = index * factor + start
    x = (x ^ ((x >> 16) & 0xFFFF)) * MIX_FIRST
    x = (x ^ ((x >> 15) & 0x1FFFF)) * MIX_SECOND
    return x >> 8


def require_countable(entries: int) -> None:
    """Raise `InputError` if a parameter has more entries than the counter has numbers."""
    if entries > MOST_ENTRIES:
        raise InputError(
            f"a parameter has {entries} entries, but the noise counts to 2**32; split it into smaller tensors."
        )


def keyed_uniform(entries: int, key: Key, offset: int = 0) -> FloatArray:
    """Return the numbers on [0, 1) of the entries ``offset, offset + 1, ...`` of one parameter, in NumPy.

    Parameters
    ----------
    entries : int
    key : Key
    offset : int
        Index, within the whole parameter, of the first entry: where a shard begins.

    Returns
    -------
    (entries,) array of float64, multiples of 2**-24
    """
    require_countable(offset + entries)
    factor, start = key.shifted(offset)
    with np.errstate(over="ignore"):
        bits = signed_bits(np.arange(entries, dtype=np.uint32).view(np.int32), np.int32(factor), np.int32(start))
    return bits * 2.0**-BITS + 0.5
