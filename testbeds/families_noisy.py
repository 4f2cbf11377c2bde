r"""Families of functions with noise of known law: fair coins, so that an expectation is a sum over all their outcomes.

The answer number t = 1, ..., q is the subgradient plus or minus a vector, by the toss of a coin; later answers are
exact. A member is run once for each of the 2^q outcomes, and the mean over these rows is the expectation, without any
sampling error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.testbeds.domains import Domain
from ratecheck.testbeds.families import Family, Maxima, within_unit_ball
from ratecheck.testbeds.families_smooth import Bent
from ratecheck.testbeds.instance_rows import InstanceRows
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.facts import Fact, Facts, planted

RAREST = 3.0  # largest logarithm of the size of a value in standard deviations of its noise


class CoinOracle:
    """Adds the noise of each row's own coins to the answers, as long as there are coins.

    Parameters
    ----------
    problem : CoinPaths
    watch : callable, optional
    """

    __slots__ = ("_problem", "_watch", "calls")

    def __init__(self, problem: CoinPaths, watch: Watch | None = None) -> None:
        self.calls = 0
        self._problem = problem
        self._watch = watch

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the subgradients with their noise."""
        answer = self._problem.subgradient(x)
        if self.calls < self._problem.noise.shape[1]:
            answer = answer + self._problem.noise[:, self.calls]
        self.calls += 1
        if self._watch is not None:
            self._watch(x, answer)
        return answer

    def project(self, x: FloatArray) -> FloatArray:
        """Return the projection onto the domain."""
        return self._problem.domain.project(x)


@dataclass(frozen=True, slots=True)
class CoinPaths:
    """Functions, each repeated for every outcome of its coins.

    Parameters
    ----------
    inner : InstanceRows
        A row for each function and outcome, the outcomes of one function together.
    scale : (rows,) array
        By which each function is multiplied.
    noise : (rows, coins, dim) array
    paths : int
        Outcomes of one function.
    facts : Facts
        A constant that differs from function to function has one entry for each function.
    """

    inner: InstanceRows
    scale: FloatArray
    noise: FloatArray
    paths: int
    facts: Facts

    draws = 0
    batch = 1

    @property
    def name(self) -> str:
        """Name of the functions, with the noise."""
        return f"{self.inner.name} with coin-toss noise"

    @property
    def instances(self) -> int:
        """Number of rows: functions times outcomes."""
        return self.inner.instances

    @property
    def start(self) -> FloatArray:
        """Where each row starts."""
        return self.inner.start

    @property
    def domain(self) -> Domain:
        """Domain of the functions."""
        return self.inner.domain

    def value(self, x: FloatArray) -> FloatArray:
        """Return the exact value at each row."""
        return self.scale * self.inner.value(x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return an exact subgradient at each row."""
        return self.scale[:, None] * self.inner.subgradient(x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> CoinOracle:
        """Return a fresh oracle, all coins still to be tossed."""
        return CoinOracle(self, watch)


@dataclass(frozen=True, slots=True)
class Coins:
    r"""Members of a family of functions of minimum 0, with noise of at most a given variance in each answer.

    Parameters
    ----------
    inner : Maxima or Bent
    coins : int
        q, the number of answers with noise.
    variance : float
        The largest variance of an answer; None if only the second moment is bounded.
    second_moment : float, optional
        G^2, which `inner` has as the square of its Lipschitz constant. Functions are then scaled down to leave room:
        :math:`\|g\|^2 + \|\text{noise}\|^2 \le G^2`.
    surely : bool
        For claims on every run: one outcome is run alone, and the chance of each toss is part of the name. Two values
        of opposite sign and mean 0 have minus their product as variance, so that a rare one may be large.
    """

    inner: Maxima | Bent
    coins: int
    variance: float | None
    second_moment: float | None = None
    surely: bool = False

    @property
    def size(self) -> int:
        """The function, the noise of each answer and its chance, and what the noise takes of the second moment."""
        return self.inner.size + self.coins * (self.inner.dim + self.surely) + 1

    def problem(self, parameters: FloatArray) -> CoinPaths:
        """Return the functions that the rows name, with all outcomes of their noise."""
        d, q, count = self.inner.dim, self.coins, len(parameters)
        paths = 1 if self.surely else 2**q
        inner = self.inner.problem(np.repeat(parameters[:, : self.inner.size], paths, axis=0))
        named = parameters[:, self.inner.size : -1].reshape(count, q, d + self.surely)
        most = np.inf if self.variance is None else self.variance**0.5
        if self.second_moment is None:
            spread, scale = np.full(count, most), np.ones(count)
        else:
            share = np.clip(0.5 + parameters[:, -1] / 2, 0.0, 1.0)
            spread = np.minimum(share * self.second_moment**0.5, most)
            scale = np.sqrt(1 - spread**2 / self.second_moment)
        vectors = spread[:, None, None] * within_unit_ball(named[..., :d])
        signs = 1.0 - 2.0 * (np.arange(paths)[:, None] >> np.arange(q)[None, :] & 1)
        sizes = np.broadcast_to(signs, (count, paths, q))
        if self.surely:
            sizes = np.exp(np.clip(named[:, None, :, d], -RAREST, RAREST))
        noise = (vectors[:, None] * sizes[..., None]).reshape(count * paths, q, d)
        scales = np.repeat(scale, paths)
        return CoinPaths(inner, scales, noise, paths, self._facts(inner, scale))

    def _facts(self, inner: InstanceRows, scale: FloatArray) -> Facts:
        entries = dict(inner.facts.entries)
        for name in entries.keys() & {"initial_gap", "initial_gradient_norm"}:
            # One number for each function; x*, which measures ask for, is in every row.
            entries[name] = Fact(
                scale * entries[name].value[:: 1 if self.surely else 2**self.coins], entries[name].known
            )
        if self.second_moment is not None:
            entries |= planted(second_moment=self.second_moment, lipschitz=self.second_moment**0.5)
            if self.variance is not None:
                entries |= planted(noise_variance=self.variance)
            return Facts(entries)
        L, mu = inner.facts["smoothness"], inner.facts["strong_convexity"]
        entries |= planted(noise_variance=self.variance, noise_at_optimum=self.variance)
        return Facts({**entries, **planted(sample_smoothness=L, sample_strong_convexity=mu)})

    def starts(self) -> FloatArray:
        """Return the hard instances without noise, with noise along the first axis or against it, and along others."""
        hard = self.inner.starts()
        d, q = self.inner.dim, self.coins
        along = np.tile(np.append(np.eye(1, d)[0], np.zeros(int(self.surely))), q)
        turning = np.pad(np.eye(d)[(1 + np.arange(q)) % d], ((0, 0), (0, int(self.surely)))).ravel()
        ways = ((0 * along, -1.0), (along, 0.0), (-along, 0.0), (turning, 0.0))
        tails = [np.concatenate([v, [room]]) for v, room in ways]
        return np.stack([np.concatenate([row, tail]) for row in hard for tail in tails])


EXAMPLES: dict[str, Family] = {
    "coins-maxima": Coins(Maxima(2.0, 0.5, 3, 3), 3, None, 4.0),
    "coins-surely": Coins(Maxima(2.0, 0.5, 3, 3), 2, 0.5, 4.0, surely=True),
    "coins-bent": Coins(Bent(2.0, 0.3, 0.5, 3, 2), 2, 0.25),
}


def mean_over_outcomes(values: FloatArray, problem: Any) -> FloatArray:
    """Return, in every row, the mean over the outcomes of its function."""
    means = values.reshape(-1, problem.paths).mean(axis=1)
    return np.repeat(means, problem.paths)
