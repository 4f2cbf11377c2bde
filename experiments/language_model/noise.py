"""Uniform random numbers that are a function of (seed, parameter, step, index) and of nothing else.

A counter generator: every replica and every shard computes the same number for the same entry, a run that is killed
and resumed draws what it would have drawn, and there is no generator to save. Two rounds of a 32-bit mixing function
(Wellons, 2018: two multiplications and three xorshifts each) turn the index of an entry and a 64-bit key into 24 bits.
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
_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B - 2**32


class Key(NamedTuple):
    """Two signed 32-bit words: one is added to the index, one is mixed in between the rounds."""

    start: int
    middle: int


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
    return Key(*struct.unpack("<ii", digest))


def mixed(x: Array) -> Array:
    """Return each 32-bit word of `x` with its bits mixed: a bijection whose every output bit depends on all inputs."""
    x = (x ^ ((x >> 16) & 0xFFFF)) * _FIRST
    x = (x ^ ((x >> 15) & 0x1FFFF)) * _SECOND
    return x ^ ((x >> 16) & 0xFFFF)


def uniform_bits(index: Array, start: Array | int, middle: Array | int) -> Array:
    """Return 24 random bits for each entry of the int32 array `index`, as int32 numbers below 2**24."""
    return (mixed(mixed(index + start) ^ middle) >> 8) & 0xFFFFFF


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
    index = np.arange(offset, offset + entries, dtype=np.uint32).view(np.int32)
    with np.errstate(over="ignore"):
        bits = uniform_bits(index, np.int32(key.start), np.int32(key.middle))
    return bits * 2.0**-BITS
