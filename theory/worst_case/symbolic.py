r"""Runs a method on symbolic points: each is a row of coefficients of what the oracle has answered so far.

The point x_k is :math:`x^\star + \sum_j c_{k,j} v_j` with :math:`v_0 = x_0 - x^\star` and v_j the j-th answer (for a
projection or a resolvent, the answer minus x*). A method of fixed steps only adds and scales, so that its own ``init``
and ``step`` run on the rows as they run on numbers. A method that does more, such as one that takes norms or signs,
would give rows that mean nothing; a run on random numbers tells the two apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.outputs import Best, MeanMeasure, Output, Worst

ANSWERS_PER_STEP = 4
CHECK_SCALES = (1e-6, 1.0, 1e6)  # a threshold, such as that of clipping, acts at one of them
CHECK_TOLERANCE = 1e-9
LARGEST_COEFFICIENT = 1e6  # beyond it the solver's accuracy says nothing
_DIM = 5  # of the points in the check
_SEED = 8_128

Combine = Literal["one", "smallest", "mean"]


class NotExpressibleError(InputError):
    """A method, a measure or a class that performance estimation cannot speak about."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question of the method: what it asked, at which point, and the step size of a resolvent."""

    kind: str
    at: FloatArray
    step_size: float = 0.0


@dataclass(frozen=True, slots=True)
class SymbolicRun:
    """Every question of a run in order, the points that the measure is taken at, and how the values are combined."""

    queries: tuple[Query, ...]
    measured: tuple[FloatArray, ...]
    combine: Combine


@dataclass(slots=True)
class _Oracle:
    """Answers each question with the next of the given rows."""

    answers: FloatArray
    constrained: bool
    origin: FloatArray | float = 0.0
    calls: int = 0
    f_star: float = 0.0
    queries: list[Query] = field(default_factory=list)

    def _next(self, query: Query) -> FloatArray:
        self.queries.append(query)
        self.calls += 1
        if self.calls >= len(self.answers):
            raise NotExpressibleError(f"it asks the oracle more than {ANSWERS_PER_STEP} questions in a step.")
        return self.answers[self.calls][None].copy()

    def subgradient(self, x: FloatArray) -> FloatArray:
        return self._next(Query("subgradient", x[0].copy()))

    def operator(self, z: FloatArray) -> FloatArray:
        return self._next(Query("operator", z[0].copy()))

    def project(self, x: FloatArray) -> FloatArray:
        if not self.constrained:
            return x
        return self._next(Query("project", x[0].copy())) + self.origin

    def resolvent(self, z: FloatArray, step_size: float) -> FloatArray:
        return self._next(Query("resolvent", z[0].copy(), float(step_size))) + self.origin

    def __getattr__(self, name: str) -> Any:
        raise NotExpressibleError(f"it asks the oracle for `{name}`, which is no vector.")


def _points(method: Any, oracle: _Oracle, start: FloatArray, steps: int) -> list[FloatArray]:
    x = start[None].copy()
    try:
        state = method.init(x)
        points = [x]
        for _ in range(steps):
            x, state = method.step(x, state, oracle)
            points.append(x)
    except NotExpressibleError:
        raise
    except Exception as error:
        raise NotExpressibleError(f"it does not run on symbolic points ({type(error).__name__}: {error})") from error
    return points


def symbolic_run(method: Any, output: Output, steps: int, *, constrained: bool = False) -> SymbolicRun:
    """Run `method` for a number of steps on symbolic points.

    Parameters
    ----------
    method : Method
        One whose points are fixed combinations of the start and of the oracle's answers.
    output : Output
        `Best`, `MeanMeasure`, or one that takes the measure at a single combination of the points.
    steps : int
    constrained : bool
        Whether there is a set to project onto; otherwise a projection is the point itself.

    Returns
    -------
    SymbolicRun

    Raises
    ------
    NotExpressibleError
        If the steps depend on more than that: on lengths, signs, coordinates, values, chance or the origin.
    """
    require_count("steps", steps)
    rows = np.eye(1 + ANSWERS_PER_STEP * (steps + 1))
    oracle = _Oracle(rows, constrained)
    # A coefficient may overflow in a method that is nonlinear; the check below refuses it in words.
    with np.errstate(all="ignore"):
        points = _points(method, oracle, rows[0], steps)
        measured, combine = _measured(output, points)
        _require_fixed_steps(method, points, len(rows), constrained)
    if max((np.abs(query.at).max() for query in oracle.queries), default=0.0) > LARGEST_COEFFICIENT:
        raise NotExpressibleError("it asks the oracle at points that are far beyond what the solver resolves.")
    return SymbolicRun(tuple(oracle.queries), tuple(point[0].copy() for point in measured), combine)


def _measured(output: Output, points: list[FloatArray]) -> tuple[list[FloatArray], Combine]:
    if isinstance(output, Best):
        return points, "smallest"
    if isinstance(output, MeanMeasure):
        return points[:-1], "mean"
    if isinstance(output, Worst):
        raise NotExpressibleError("its bound speaks about every step at once.")
    asked: list[FloatArray] = []

    def evaluate(point: FloatArray) -> FloatArray:
        asked.append(point)
        return np.zeros(1)

    memory = output.start(points[0])
    for k, point in enumerate(points[:-1]):
        memory = output.visit(memory, k, point, evaluate)
    output.read(memory, len(points) - 1, points[-1], evaluate)
    if len(asked) != 1:
        raise NotExpressibleError("its bound speaks about more than one point.")
    return asked, "one"


def _require_fixed_steps(method: Any, points: list[FloatArray], count: int, constrained: bool) -> None:
    random = np.random.default_rng(_SEED)
    for scale in CHECK_SCALES:
        answers = scale * random.normal(size=(count, _DIM))
        origin = scale * random.normal(size=_DIM)
        numbers = _points(method, _Oracle(answers, constrained, origin), origin + answers[0], len(points) - 1)
        for row, number in zip(points, numbers, strict=True):
            expected = origin + row @ answers
            size = np.abs(row) @ np.abs(answers) + np.abs(origin)
            if not (np.abs(number - expected) <= CHECK_TOLERANCE * size).all():
                raise NotExpressibleError(
                    "its steps are no fixed combination of the oracle's answers, but depend on their lengths, signs or "
                    "coordinates, or on the origin."
                )


def combined(row: FloatArray, basis: list[Any], zero: Any, scale: Callable[[float, Any], Any]) -> Any:
    """Return the combination of `basis` with the coefficients in `row`, leaving out those that are 0."""
    total = zero
    for j in np.flatnonzero(row):
        total = total + scale(float(row[j]), basis[j])
    return total
