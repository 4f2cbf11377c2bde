"""Random numbers keyed by (root seed, claim, purpose, run), so that workers and chunks do not matter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray

BLOCK = 1024  # numbers a run draws at once: one generator call per block, and the buffer stays in the cache


def word(name: str) -> int:
    """Return a 64-bit integer that depends on the text alone (Python's own hash changes from run to run)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


class Stream:
    """Uniform numbers for a range of runs, drawn in blocks; the only mutable thing beside the oracle's counters."""

    __slots__ = ("_buffer", "_cursor", "_generators")

    def __init__(self, seed: int, name: str, purpose: str, runs: range) -> None:
        keys = (word(name), word(purpose))
        self._generators = [
            np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(*keys, run)))) for run in runs
        ]
        self._buffer = np.empty((len(runs), 0))
        self._cursor = 0

    def uniform(self, width: int) -> FloatArray:
        """Return independent uniform numbers on [0, 1), shape (runs, width)."""
        if self._cursor + width > self._buffer.shape[1]:
            self._refill(width)
        first = self._cursor
        self._cursor += width
        return self._buffer[:, first : self._cursor]

    def _refill(self, width: int) -> None:
        size = max(BLOCK - BLOCK % width, width) if width <= BLOCK else width
        buffer = np.empty((len(self._generators), size))
        for row, generator in zip(buffer, self._generators, strict=True):
            generator.random(out=row)
        self._buffer = buffer
        self._cursor = 0


@dataclass(frozen=True, slots=True)
class Streams:
    """Names the streams of a range of runs of one claim."""

    seed: int
    name: str
    runs: range

    def open(self, purpose: str) -> Stream:
        """Return the stream for a purpose, such as ``"sample"`` or ``"noise"``."""
        return Stream(self.seed, self.name, purpose, self.runs)
