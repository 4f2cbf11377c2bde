"""Random numbers keyed by (root seed, claim, purpose, run), so that workers and chunks do not matter."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray

BLOCK = 4000  # numbers a run draws at once: few calls of the generator, and a buffer that stays in the cache


def word(name: str) -> int:
    """Return a 64-bit integer that depends on the text alone (Python's own hash changes from run to run)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


class Stream:
    """Uniform numbers for a range of runs, drawn in blocks; the only mutable thing beside the oracle's counters.

    Numbers of type float32 are multiples of 2**-23, made from raw bits, which takes half the time of float64.
    """

    __slots__ = ("_answers", "_dtype", "_generators", "_next")

    def __init__(self, seed: int, name: str, purpose: str, runs: range, dtype: type = np.float64) -> None:
        keys = (word(name), word(purpose))
        self._generators = [
            np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(*keys, run)))) for run in runs
        ]
        self._dtype = dtype
        self._answers = np.empty((0, len(runs), 0), dtype=np.uint32 if dtype is np.float32 else np.float64)
        self._next = 0

    def uniform(self, width: int, low: int = 0) -> FloatArray:
        """Return independent uniform numbers on [low, 1), shape (runs, width), which the caller may overwrite.

        With `low` -1 they are ``2u - 1`` of the numbers u that `low` 0 gives, bit for bit. The array is used again
        after `BLOCK` / `width` calls.
        """
        if self._next == len(self._answers) or width != self._answers.shape[2]:
            self._refill(width)
        answer = self._answers[self._next]
        self._next += 1
        if self._dtype is np.float32:
            # 23 random bits of mantissa below the exponent of 1 or of 2: a number in [1, 2) or in [2, 4).
            answer >>= 9
            answer |= 0x3F800000 if low == 0 else 0x40000000
            answer = answer.view(np.float32)
            answer -= 1 - 2 * low
        elif low:
            answer *= 2
            answer -= 1
        return answer

    def _refill(self, width: int) -> None:
        """Draw the next answers; what is left of answers of another width is dropped."""
        count = max(1, BLOCK // width)
        if self._answers.shape[2] != width:
            self._answers = np.empty((count, len(self._generators), width), dtype=self._answers.dtype)
        if self._dtype is not np.float32:
            for run, generator in enumerate(self._generators):
                self._answers[:, run] = generator.random((count, width))
        elif width % 2 == 0:
            words = self._answers.view(np.uint64)  # two numbers in a word, which halves the work of handing them out
            for run, generator in enumerate(self._generators):
                words[:, run] = generator.bit_generator.random_raw((count, width // 2))
        else:
            for run, generator in enumerate(self._generators):
                raw = generator.bit_generator.random_raw((count * width + 1) // 2).view(np.uint32)
                self._answers[:, run] = raw[: count * width].reshape(count, width)
        self._next = 0


@dataclass(frozen=True, slots=True)
class Streams:
    """Names the streams of a range of runs of one claim; a method's own numbers have the type of its points."""

    seed: int
    name: str
    runs: range
    dtype: type = np.float64

    def open(self, purpose: str) -> Stream:
        """Return the stream for a purpose: ``"noise"`` is the method's own, any other the problem's, in float64."""
        return Stream(self.seed, self.name, purpose, self.runs, self.dtype if purpose == "noise" else np.float64)
