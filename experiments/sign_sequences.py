"""Sequences of losses on which StoSignSGD's regret is measured, and a climb to the worst of a short one.

The expected regret on a short sequence is exact: the method is walked along every pattern of its random signs, each
weighted by its chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.testbeds.online import LinearLosses, Reveal
from ratecheck.testbeds.sign_counterexamples import upper_sign
from ratecheck.testbeds.sign_online import random_coordinate_signs
from ratecheck.testbeds.streams import word
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.methods.stosign import StoSignT

BOUNDS = tuple(np.geomspace(1e-2, 1e2, 6).tolist())  # G_i over four decades
WIDTHS = (1.0, 0.5, 2.0, 1.0, 0.1, 3.0)


def _losses(name: str, reveal: Reveal, draws: int = 0) -> LinearLosses:
    box = random_coordinate_signs(BOUNDS, WIDTHS)
    return LinearLosses(name, reveal, np.zeros(len(BOUNDS)), box.domain, box.facts, draws)


def _steady(name: str, pattern: Callable[[int], float]) -> LinearLosses:
    """Return losses of G times a number in [-1, 1] for each round, mirrored in every other coordinate."""
    signed = np.array(BOUNDS) * np.array([1.0, -1.0] * 3)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return np.broadcast_to(pattern(t) * signed, x.shape)

    return _losses(name, reveal)


def _rare(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
    assert u is not None
    return np.array(BOUNDS) * np.where(u < 0.05, 1.0, -0.04)


FAMILIES: dict[str, LinearLosses] = {
    "random signs": random_coordinate_signs(BOUNDS, WIDTHS),
    "rare large": _losses("rare large", _rare, len(BOUNDS)),
    **{
        name: _steady(name, pattern)
        for name, pattern in {
            "drift": lambda t: 1.0,
            "weak drift": lambda t: 1.0 if t == 1 else 0.1,
            "alternating": lambda t: 1.0 if t % 2 else -1.0,
            "blocks of 16": lambda t: 1.0 if t // 16 % 2 else -1.0,
            "spikes": lambda t: 1.0 if t % 4 == 1 else -0.25,
            "fading": lambda t: math.cos(t) / math.sqrt(t),
            "waves": lambda t: math.sin(t / 7),
        }.items()
    },
}


def _against(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
    return np.array(BOUNDS) * upper_sign(x)


def _along(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
    return np.array(BOUNDS) * upper_sign(gradient_sum)


def _teasing(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
    return np.array(BOUNDS) * (upper_sign(x) if t % 3 else 0.3 * upper_sign(gradient_sum))


ADVERSARIES: dict[str, LinearLosses] = {
    "against the player": _losses("against the player", _against),
    "along the sum": _losses("along the sum", _along),
    "teasing": _losses("teasing", _teasing),
}


class _Forced:
    """An oracle of one sequence on [-1/2, 1/2] that makes row r take the signs of the binary digits of r.

    The first sign is that of the gradient, and the last one moves no point that is played: T - 2 digits are left.
    """

    def __init__(self, sequence: FloatArray) -> None:
        self.sequence = sequence
        self.rows = 1 << max(sequence.size - 2, 0)
        self.calls = 0
        self._patterns = np.arange(self.rows)[:, None]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the next loss."""
        self.calls += 1
        return np.full_like(x, self.sequence[self.calls - 1])

    @property
    def is_free(self) -> bool:
        """Whether the sign of this round is a digit."""
        return 1 < self.calls < self.sequence.size

    def up(self) -> Any:
        """Return which rows have the sign +1 in this round, shape (rows, 1)."""
        return (self._patterns >> max(self.calls - 2, 0)) & 1 == 1

    def uniform(self, width: int, low: int = 0) -> FloatArray:
        """Return numbers that make the signs those of the digits, wherever both signs are possible."""
        return np.where(self.up(), 1 - 2.0**-53, 0.0)

    def project(self, x: FloatArray) -> FloatArray:
        """Return the nearest point of the interval."""
        return np.minimum(np.maximum(x, -0.5), 0.5)


def exact_regret(sequence: FloatArray, method: StoSignT, start: float = 0.5) -> float:
    """Return the expected regret of algorithm T on losses in one coordinate, on [-1/2, 1/2].

    Parameters
    ----------
    sequence : (T,) array
        Slopes; the cost doubles with each of them.
    method : StoSignT
    start : float
        Where it begins; the bounds are for any point, and a corner is the worst.
    """
    oracle: Any = _Forced(np.asarray(sequence, dtype=np.float64))
    x = np.full((oracle.rows, 1), start)
    chance, loss = np.ones(x.shape), np.zeros(x.shape)
    state = method.init(x)
    for g in oracle.sequence:
        loss += g * x
        x, state = method.step(x, state, oracle)
        if oracle.is_free:
            R = state.envelope
            # Before the first slope that is not 0 there is no step, and both digits stand for that.
            mean = np.where(R > 0, g / np.where(R > 0, R, 1.0), 0.0)
            chance *= np.where(oracle.up(), 1 + mean, 1 - mean) / 2
    return float((chance * loss).sum()) + abs(float(np.sum(oracle.sequence))) / 2


def climb(method: Callable[[int], StoSignT], horizon: int, rounds: int) -> tuple[FloatArray, float]:
    """Return a sequence in [-1, 1] with a large expected regret, and that regret, by changing one entry at a time.

    Parameters
    ----------
    method : callable
        ``horizon -> StoSignT``.
    horizon : int
    rounds : int
        Changes that are tried.
    """
    random = np.random.default_rng(word("climb"))
    root = math.isqrt(horizon)
    # Alternating, then steady: the worst sequence of a known envelope.
    start = np.where((np.arange(horizon) % 2 == 0) | (np.arange(horizon) >= horizon - root), 1.0, -1.0)
    best, value = start, exact_regret(start, method(horizon))
    for _ in range(rounds):
        tried = best.copy()
        at = random.integers(horizon)
        tried[at] = -tried[at] if random.random() < 0.5 else random.uniform(-1, 1)
        tried /= np.abs(tried).max()
        reached = exact_regret(tried, method(horizon))
        if reached > value:
            best, value = tried, reached
    return best, value
