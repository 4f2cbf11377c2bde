r"""Stochastic conjugate subgradients with fresh samples and reset (SCS-R).

At each centre a fresh sample S is drawn and the one-point method runs on its mean f_S until its first serious step,
or until ||d|| is at most the tolerance, where the run stops. Derived in this package; the ancestors' nested samples are
kept as an option, because the argument for one ball around an independent centre does not survive them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ratecheck.theory.arrays import BoolArray, FloatArray, IntArray, row_dot
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.methods.conjugate_state import (
    ConjugateState,
    Promise,
    aggregated,
    counted,
    empty_state,
    require_slope,
    reset_at,
    slope_along,
    stopped_below,
    trial_point,
)
from ratecheck.theory.sampling.conjugate import FreshSampleSize

Reuse = Literal["fresh", "nested"]


class SampledState(NamedTuple):
    """A conjugate state on a sample; `pending` runs draw before their next evaluation.

    `previous` is the centre before the last step, `spent` the sample gradients of each run so far, `next_size` the
    size of its next sample.
    """

    conjugate: ConjugateState
    sample: Any
    pending: BoolArray
    previous: FloatArray
    spent: FloatArray
    size: IntArray
    next_size: IntArray


@dataclass(frozen=True, slots=True)
class StochasticConjugate:
    """SCS-R: one evaluation of a sample's mean a step, at the centre or at a trial point. Needs an oracle of samples.

    Parameters
    ----------
    radius, tolerance, slope : float
        delta, epsilon and m, as in `OnePointConjugate`.
    samples : int
        N of each round; of the first round only, where `adaptive` is given.
    adaptive : FreshSampleSize, optional
        Rule for later rounds, from the last round's ||d||.
    most_samples : int
        Limit of the adaptive rule.
    reuse : {"fresh", "nested"}
        Whether a round draws anew, or adds as many points to the sample of the last round.
    budget : int, optional
        A run stops before the evaluation that would take it beyond this many sample gradients.
    """

    radius: float
    tolerance: float
    slope: float = 0.3
    samples: int = 100
    adaptive: FreshSampleSize | None = None
    most_samples: int = 1_000_000
    reuse: Reuse = "fresh"
    budget: int | None = None

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)
        require_nonnegative("tolerance", self.tolerance)
        require_slope(self.slope)
        require_count("samples", self.samples)
        require_count("most_samples", self.most_samples)
        if self.budget is not None:
            require_count("budget", self.budget)
        if self.reuse not in get_args(Reuse):
            raise InputError(f"reuse is {self.reuse!r}, but it must be 'fresh' or 'nested'.")
        if self.reuse == "nested" and self.adaptive is not None:
            raise InputError("an adaptive sample size needs fresh samples; set reuse to 'fresh' or adaptive to None.")

    def init(self, x: FloatArray) -> SampledState:
        """Return the state before the first sample."""
        size = np.full(x.shape[0], self.samples, dtype=np.int64)
        everywhere = np.ones(x.shape[0], dtype=bool)
        return SampledState(
            empty_state(x, Promise(self.slope, self.tolerance, self.radius)),
            None,
            everywhere,
            x,
            np.zeros(x.shape[0]),
            size,
            size,
        )

    def step(self, x: FloatArray, state: SampledState, oracle: Any) -> tuple[FloatArray, SampledState]:
        """Make one evaluation in every run that goes on."""
        state = self._within_budget(state)
        old = state.conjugate
        active = ~old.stopped
        drawing = state.pending & active
        sample = self._sample(state, oracle, drawing)
        size = np.where(drawing, state.next_size, state.size)
        y = np.where(state.pending[:, None], x, trial_point(x, old.direction, self.radius))
        value, g = oracle.value(y, sample, active), oracle.subgradient(y, sample, active)
        norm = np.sqrt(row_dot(old.direction, old.direction))
        good = value <= old.value - self.slope * self.radius * norm
        serious, null = good & active & ~state.pending, ~good & active & ~state.pending
        after = counted(old, aggregated(y, value, g, old, null), serious, null, slope_along(old.direction, g))
        after = reset_at(x, value, g, after, drawing)
        # A new centre has no direction before its own sample is drawn, so its old one must not stop the run.
        settled = stopped_below(self.tolerance, after).stopped & ~serious
        after = after._replace(stopped=old.stopped | settled)
        return np.where(serious[:, None], y, x), state._replace(
            conjugate=after,
            sample=sample,
            pending=serious | (state.pending & ~active),
            previous=x,
            spent=state.spent + np.where(active, self._held(size, state, drawing), 0),
            size=self._held(size, state, drawing),
            next_size=np.where(serious, self._next_size(norm), state.next_size),
        )

    def _within_budget(self, state: SampledState) -> SampledState:
        if self.budget is None:
            return state
        cost = np.where(state.pending, self._held(state.next_size, state, state.pending), state.size)
        over = state.spent + cost > self.budget
        conjugate = state.conjugate._replace(stopped=state.conjugate.stopped | over)
        return state._replace(conjugate=conjugate)

    def _held(self, size: IntArray, state: SampledState, drawing: BoolArray) -> IntArray:
        """Return the size of the sample that is held after drawing: nested samples add up."""
        if self.reuse == "fresh" or state.sample is None:
            return size
        return np.where(drawing, state.size + state.next_size, state.size)

    def _sample(self, state: SampledState, oracle: Any, drawing: BoolArray) -> Any:
        if state.sample is not None and not drawing.any():
            return state.sample
        if self.reuse == "fresh" or state.sample is None:
            return oracle.draw(state.next_size, state.sample, drawing)
        return oracle.grow(self.samples, state.sample, drawing)

    def _next_size(self, norm: FloatArray) -> IntArray:
        if self.adaptive is None:
            return np.full(norm.shape, self.samples, dtype=np.int64)
        return self.adaptive.adaptive(norm, self.tolerance, self.most_samples)


EXAMPLES: dict[str, StochasticConjugate] = {}
