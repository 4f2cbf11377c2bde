"""The random walk of the radius in a stochastic trust region, worst case of its stopping-time theorem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import BoolArray, FloatArray, IntArray
from ratecheck.theory.errors import require_positive
from ratecheck.theory.method import Oracle


class WalkState(NamedTuple):
    """Levels below the largest radius, whether the potential is used up, and the iterations until then."""

    level: IntArray
    stopped: BoolArray
    stopped_at: FloatArray


@dataclass(frozen=True, slots=True)
class RadiusWalk:
    """The radius falls by a factor with chance 1 - p and rises with chance p, at most to 1.

    Each iteration lowers the potential x by rate * radius^2; the run stops where it is used up
    (Blanchet, Cartis, Menickelly and Scheinberg 2019).

    Parameters
    ----------
    chance, rate, factor : float
        p, Theta, and the factor of the radius.
    """

    chance: float
    rate: float
    factor: float

    def __post_init__(self) -> None:
        for name in ("chance", "rate", "factor"):
            require_positive(name, getattr(self, name))

    def init(self, x: FloatArray) -> WalkState:
        """Return the state before the first iteration, the radius at its largest."""
        zero = np.zeros(x.shape[0])
        return WalkState(zero.astype(np.int64), zero > 0, zero)

    def step(self, x: FloatArray, state: WalkState, oracle: Oracle) -> tuple[FloatArray, WalkState]:
        """Make one iteration in every run that goes on."""
        going = ~state.stopped
        gain = self.rate * self.factor ** (-2.0 * state.level)
        x = np.where(going[:, None], x - gain[:, None], x)
        up = oracle.uniform(1)[:, 0] < self.chance
        level = np.where(up, np.maximum(state.level - 1, 0), state.level + 1)
        return x, WalkState(level, state.stopped | (x[:, 0] <= 0), state.stopped_at + going)


EXAMPLES = {
    "radius-walk": RadiusWalk(0.75, 0.02, 10.0),
}
