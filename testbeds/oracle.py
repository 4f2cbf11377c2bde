"""The oracles of functions: exact or sampled subgradients, every call counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.testbeds.streams import Stream, Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError

Watch = Callable[[FloatArray, FloatArray], None]  # called with (x, answer) after every query


class FunctionOracle:
    """Answers a method's questions about a function.

    Parameters
    ----------
    problem : Problem
        With ``domain``; ``draws`` uniform numbers per sampled subgradient (0: the oracle is exact) and
        ``batch`` samples per answer, which is what one answer costs.
    streams : Streams
    watch : callable, optional
    """

    __slots__ = ("_batch", "_draws", "_noise", "_problem", "_sample", "_streams", "_watch", "calls")

    def __init__(self, problem: Any, streams: Streams, watch: Watch | None = None) -> None:
        self.calls = 0
        self._problem = problem
        self._draws = problem.draws
        self._batch = problem.batch
        self._streams = streams
        self._watch = watch
        self._sample: Stream | None = None
        self._noise: Stream | None = None

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a (stochastic) subgradient at each row of `x`."""
        self.calls += self._batch
        if self._draws == 0:
            answer = self._problem.subgradient(x)
        else:
            if self._sample is None:
                self._sample = self._streams.open("sample")
            answer = self._problem.sampled_subgradient(x, self._sample.uniform(self._draws))
        if answer.dtype != x.dtype:
            answer = answer.astype(x.dtype)
        if self._watch is not None:
            self._watch(x, answer)
        return answer

    def subgradient_pair(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return subgradients at `x` and at `y` of one and the same sample; this costs two answers."""
        problem = self._problem
        self.calls += 2 * problem.batch
        if problem.draws == 0:
            answers = problem.subgradient(x), problem.subgradient(y)
        else:
            if self._sample is None:
                self._sample = self._streams.open("sample")
            u = self._sample.uniform(problem.draws)
            answers = problem.sampled_subgradient(x, u), problem.sampled_subgradient(y, u)
        if self._watch is not None:
            self._watch(x, answers[0])
            self._watch(y, answers[1])
        return answers

    def full_subgradient(self, x: FloatArray) -> FloatArray:
        """Return the exact subgradient of a finite sum, which costs as many calls as the sum has terms.

        Raises
        ------
        InputError
            If the problem samples, but does not tell the number of its terms as ``samples``.
        """
        problem = self._problem
        if problem.draws and not hasattr(problem, "samples"):
            raise InputError(
                f"{problem.name} is not a finite sum, so that its full gradient cannot be bought; "
                "use a method that asks for samples only."
            )
        self.calls += problem.samples if problem.draws else problem.batch
        return problem.subgradient(x)

    def value(self, x: FloatArray) -> FloatArray:
        """Return the exact value at each row of `x`; it comes with the subgradient and costs nothing extra."""
        return self._problem.value(x)

    def project(self, x: FloatArray) -> FloatArray:
        """Return the projection onto the problem's domain."""
        return self._problem.domain.project(x).astype(x.dtype, copy=False)

    @property
    def f_star(self) -> Any:
        """The optimal value, for the methods that are given it (Polyak's step)."""
        return self._problem.facts["f_star"]

    def uniform(self, width: int, low: int = 0) -> FloatArray:
        """Return the method's own uniform numbers on [low, 1), `low` being 0 or -1, shape (runs, width)."""
        if self._noise is None:
            self._noise = self._streams.open("noise")
        return self._noise.uniform(width, low)


class OnlineOracle:
    """Reveals one linear loss per round, possibly in answer to the point played, and keeps the regret.

    Parameters
    ----------
    problem : Problem
        With ``domain``, ``draws`` uniform numbers per round, and
        ``reveal(t, x, gradient_sum, u) -> (runs, dim)``, the loss vector of round t = 1, 2, ...
    streams : Streams
    watch : callable, optional
    """

    __slots__ = ("_gradient_sum", "_loss_sum", "_noise", "_problem", "_sample", "_streams", "_watch", "calls")

    def __init__(self, problem: Any, streams: Streams, watch: Watch | None = None) -> None:
        self.calls = 0
        self._problem = problem
        self._streams = streams
        self._watch = watch
        self._sample: Stream | None = None
        self._noise: Stream | None = None
        self._loss_sum: Any = 0.0
        self._gradient_sum: Any = None

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Play `x`, suffer its loss, and return the loss vector of the round."""
        problem = self._problem
        self.calls += 1
        if self._gradient_sum is None:
            self._gradient_sum = 0.0 * x
        if problem.draws and self._sample is None:
            self._sample = self._streams.open("sample")
        u = self._sample.uniform(problem.draws) if self._sample is not None else None
        loss = problem.reveal(self.calls, x, self._gradient_sum, u).astype(x.dtype, copy=False)
        self._loss_sum = self._loss_sum + (loss * x).sum(axis=1)
        self._gradient_sum = self._gradient_sum + loss
        if self._watch is not None:
            self._watch(x, loss)
        return loss

    def project(self, x: FloatArray) -> FloatArray:
        """Return the projection onto the problem's domain."""
        return self._problem.domain.project(x).astype(x.dtype, copy=False)

    def uniform(self, width: int, low: int = 0) -> FloatArray:
        """Return the method's own uniform numbers on [low, 1), `low` being 0 or -1, shape (runs, width)."""
        if self._noise is None:
            self._noise = self._streams.open("noise")
        return self._noise.uniform(width, low)

    def regret(self) -> FloatArray:
        """Return the loss suffered beyond that of the best fixed point in hindsight, shape (runs,)."""
        return self._loss_sum + self._problem.domain.support(-self._gradient_sum)
