"""The oracle of sampled functions: samples that a method may hold on to, fresh or grown, every evaluation counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Stream, Streams, word
from ratecheck.theory.arrays import BoolArray, FloatArray, IntArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts

Sample = tuple[Any, ...]  # one entry for each run, of a type that only its problem knows


class SampledProblem(Protocol):
    """What the oracle asks of a problem f(x) = E F(x, w).

    Data are made of independent uniform numbers, `draws` of them for each sample point, so that a fresh batch of
    every run is one array operation; a held sample is the data of one run, with a leading axis of length 1.
    """

    draws: int
    batch: int
    supply: int | None  # how many sample points one run may draw in all; None without limit
    domain: Any

    def data(self, u: FloatArray) -> Any:
        """Return data of uniform numbers of shape (runs, count, draws)."""
        ...

    def sample_value(self, x: FloatArray, data: Any) -> FloatArray:
        """Return the mean of F over each run's data, shape (runs,)."""
        ...

    def sample_subgradient(self, x: FloatArray, data: Any) -> FloatArray:
        """Return a subgradient of that mean at each row, shape (runs, dim)."""
        ...

    def joined(self, old: Any, new: Any) -> Any:
        """Return one run's data with more of it: a nested sample."""
        ...

    def size(self, data: Any) -> int:
        """Return the number of sample points of one run's data."""
        ...

    def value(self, x: FloatArray) -> FloatArray:
        """Return the exact f."""
        ...


class SampleOracle:
    """Answers questions about f and about averages of F over samples.

    One evaluation is the value and subgradient of F for one sample point; a method that asks for both at a point is
    charged once, with the subgradient.

    Parameters
    ----------
    problem : SampledProblem
    streams : Streams
    watch : callable, optional
        Called with (x, answer) after every subgradient.
    """

    __slots__ = ("_batches", "_drawn", "_generators", "_noise", "_problem", "_streams", "_watch", "evaluations")

    def __init__(self, problem: Any, streams: Streams, watch: Watch | None = None) -> None:
        runs = len(streams.runs)
        self.evaluations = np.zeros(runs, dtype=np.int64)
        self._drawn = np.zeros(runs, dtype=np.int64)
        self._problem = problem
        self._streams = streams
        self._watch = watch
        self._batches: Stream | None = None
        self._noise: Stream | None = None
        self._generators: list[np.random.Generator] | None = None

    @property
    def calls(self) -> int:
        """The most evaluations that any run has made."""
        return int(self.evaluations.max())

    def draw(self, count: int | IntArray, held: Sample | None = None, where: BoolArray | None = None) -> Sample:
        """Return new samples for the runs `where`, and what is `held` for the others.

        Parameters
        ----------
        count : int or (runs,) array
            Number of sample points of each run.
        held : Sample, optional
        where : (runs,) boolean array, optional
            All runs if None.

        Raises
        ------
        InputError
            If a count is below 1, or a run has fewer sample points left.
        """
        runs = self.evaluations.size
        counts = np.broadcast_to(np.asarray(count, dtype=np.int64), (runs,))
        wanted = np.ones(runs, dtype=bool) if where is None else where
        sample = list(held) if held is not None else [None] * runs
        for run in np.flatnonzero(wanted):
            sample[run] = self._problem.data(self._uniform(int(run), int(counts[run])))
        return tuple(sample)

    def grow(self, count: int, held: Sample, where: BoolArray | None = None) -> Sample:
        """Return the held samples with `count` further points for each run of `where`: nested samples."""
        grown = list(held)
        for run in range(len(held)) if where is None else np.flatnonzero(where):
            grown[run] = self._problem.joined(held[run], self._problem.data(self._uniform(int(run), count)))
        return tuple(grown)

    def value(self, x: FloatArray, sample: Sample | None = None, where: BoolArray | None = None) -> FloatArray:
        """Return the exact value at each row, or the mean over each run's sample; 0 for the runs not in `where`."""
        if sample is None:
            return self._problem.value(x)
        answer = np.zeros(x.shape[0])
        for run in _chosen(x, where):
            answer[run] = self._problem.sample_value(x[run : run + 1], sample[run])[0]
        return answer

    def subgradient(self, x: FloatArray, sample: Sample | None = None, where: BoolArray | None = None) -> FloatArray:
        """Return a subgradient of the mean over each run's sample, or over a fresh batch.

        Parameters
        ----------
        x : (runs, dim) array
        sample : Sample, optional
            A fresh batch of the problem's size if None.
        where : (runs,) boolean array, optional
            The runs that are asked for and charged, all if None; the others get zeros.
        """
        problem = self._problem
        if sample is None:
            if self._batches is None:
                self._batches = self._streams.open("batch")
            u = self._batches.uniform(problem.batch * problem.draws).reshape(x.shape[0], problem.batch, problem.draws)
            answer = problem.sample_subgradient(x, problem.data(u))
            cost = np.full(x.shape[0], problem.batch, dtype=np.int64)
        else:
            answer, cost = np.zeros_like(x), np.zeros(x.shape[0], dtype=np.int64)
            for run in _chosen(x, where):
                answer[run] = problem.sample_subgradient(x[run : run + 1], sample[run])[0]
                cost[run] = problem.size(sample[run])
        self.evaluations = self.evaluations + cost
        if self._watch is not None:
            self._watch(x, answer)
        return answer

    def project(self, x: FloatArray) -> FloatArray:
        """Return the projection onto the problem's domain."""
        return self._problem.domain.project(x)

    @property
    def f_star(self) -> Any:
        """The optimal value, for the methods that are given it (Polyak's step)."""
        return self._problem.facts["f_star"]

    def uniform(self, width: int) -> FloatArray:
        """Return the method's own uniform numbers on [0, 1), shape (runs, width)."""
        if self._noise is None:
            self._noise = self._streams.open("noise")
        return self._noise.uniform(width)

    def _uniform(self, run: int, count: int) -> FloatArray:
        if count < 1:
            raise InputError(f"a sample of {count} points was asked for, but a sample has at least 1 point.")
        supply = self._problem.supply
        if supply is not None and self._drawn[run] + count > supply:
            raise InputError(
                f"the sampler has {supply - self._drawn[run]} of its {supply} sample points left, but {count} were "
                "asked for; give more data, a smaller sample or fewer steps."
            )
        self._drawn[run] += count
        if self._generators is None:
            keys = (word(self._streams.name), word("sample"))
            # One generator per run that advances only when its run draws: a run's sample never depends on the others.
            self._generators = [
                np.random.Generator(np.random.SFC64(np.random.SeedSequence(self._streams.seed, spawn_key=(*keys, r))))
                for r in self._streams.runs
            ]
        return self._generators[run].random((1, count, self._problem.draws))


def _chosen(x: FloatArray, where: BoolArray | None) -> Iterable[int]:
    return range(x.shape[0]) if where is None else map(int, np.flatnonzero(where))


@dataclass(frozen=True)
class Exact:
    """A sampled problem whose oracle answers with the expectation itself: for deterministic methods.

    Parameters
    ----------
    inner : SampledProblem
    """

    inner: Any

    instances = None
    draws = 0
    batch = 1

    @property
    def name(self) -> str:
        """Name of the inner problem."""
        return f"{self.inner.name}, exact"

    @property
    def domain(self) -> Any:
        """Domain of the inner problem."""
        return self.inner.domain

    @property
    def start(self) -> FloatArray:
        """Start of the inner problem."""
        return self.inner.start

    @property
    def facts(self) -> Facts:
        """Facts of the inner problem."""
        return self.inner.facts

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.inner.value(x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f at each row."""
        return self.inner.subgradient(x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)
