"""The family of linear losses on a ball: every sequence of loss vectors of norm at most G, and every start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.families import Family, within_unit_ball
from ratecheck.testbeds.instance_rows import BallRows
from ratecheck.testbeds.oracle import OnlineOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts, planted


@dataclass(frozen=True, slots=True)
class LossRows:
    """Linear losses that are fixed in advance, one sequence for each row.

    Parameters
    ----------
    losses : (count, rounds, dim) array
    domain : BallRows
    facts : Facts
    """

    losses: FloatArray
    domain: BallRows
    facts: Facts

    name = "linear losses on a ball"
    draws = 0
    batch = 1

    @property
    def instances(self) -> int:
        """Number of sequences."""
        return int(self.losses.shape[0])

    @property
    def start(self) -> FloatArray:
        """The origin for every sequence."""
        return np.zeros((self.losses.shape[0], self.losses.shape[2]))

    def reveal(self, t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        """Return the loss vectors of round t = 1, 2, ..."""
        if t > self.losses.shape[1]:
            raise InputError(f"round {t} was asked for, but these losses end after {self.losses.shape[1]} rounds.")
        return self.losses[:, t - 1]

    def oracle(self, streams: Streams, watch: Watch | None = None) -> OnlineOracle:
        """Return a fresh oracle that keeps the regret."""
        return OnlineOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class Losses:
    """Sequences of loss vectors on a ball of diameter D that holds the start 0.

    Where there are more rounds than `blocks`, neighbouring rounds share a loss vector.

    Parameters
    ----------
    gradient_bound, diameter : float
        G and D.
    rounds, dim, blocks : int
    centred : bool
        Whether the start is the centre of the ball.
    """

    gradient_bound: float
    diameter: float
    rounds: int
    dim: int
    blocks: int
    centred: bool = False

    @property
    def size(self) -> int:
        """Loss vectors, and the centre of the ball."""
        return self.blocks * self.dim + (0 if self.centred else self.dim)

    def problem(self, parameters: FloatArray) -> LossRows:
        """Return the sequences that the rows name."""
        d, count, named = self.dim, len(parameters), self.blocks * self.dim
        each = self.gradient_bound * within_unit_ball(parameters[:, :named].reshape(count, self.blocks, d))
        losses = each[:, np.arange(self.rounds) * self.blocks // self.rounds]
        center = np.zeros((count, d)) if self.centred else within_unit_ball(parameters[:, named:])
        facts = planted(gradient_bound=self.gradient_bound, diameter=self.diameter, radius=self.diameter / 2)
        return LossRows(losses, BallRows(center * (self.diameter / 2), self.diameter / 2), Facts(facts))

    def starts(self) -> FloatArray:
        """Return losses along one axis, seen from the far end of the ball, and losses that take the axes in turn."""
        d = self.dim
        axis = np.eye(1, d)[0]
        same = np.tile(axis, self.blocks)
        turning = np.eye(d)[np.arange(self.blocks) % d].ravel()
        ends = [axis * 0.0] if self.centred else [-axis, np.full(d, -1.0)]
        tails = [end[: self.size - self.blocks * d] for end in ends]
        return np.stack([np.concatenate([losses, tail]) for losses in (same, turning) for tail in tails])


EXAMPLES: dict[str, Family] = {
    "losses": Losses(2.0, 1.5, 7, 3, 4),
    "losses-centred": Losses(1.0, 2.0, 3, 2, 3, centred=True),
}
