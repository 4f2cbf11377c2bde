r"""Conjugate subgradients with a line search (Wolfe 1975); a step is one evaluation, so runs of a batch cost alike.

On the segment x - t d, t > 0, with g(t) a subgradient there:

.. math::
   L = \{t : f(x-td)-f(x) \le -m_L t\|d\|^2\}, \qquad R = \{t : \langle g(t), d\rangle \le m_R\|d\|^2\}

A serious step needs t in both. For convex f and m_L < m_R their intersection holds an interval, so bisection ends; with
the two-sided R (which also asks <g(t), d> > 0) it can be empty, as for f = |x|.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import BoolArray, FloatArray, row_dot
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.method import Oracle
from ratecheck.theory.methods.conjugate_bundle import Bundle, empty_bundle, fold
from ratecheck.theory.methods.conjugate_state import (
    ConjugateState,
    Promise,
    aggregated,
    counted,
    empty_state,
    reset_at,
    slope_along,
    stopped_below,
)


class SearchState(NamedTuple):
    """A conjugate state, the bracket of its line search, and what Wolfe's reset needs.

    `low` and `high` bracket the step length t (0 and infinity at first), `radius` is the first length tried,
    `center_gradient` a subgradient at the centre, `path` the way moved since the last reset, `trials` the evaluations
    of this line search, `most_trials` their largest number so far.
    """

    conjugate: ConjugateState
    bundle: Bundle
    t: FloatArray
    low: FloatArray
    high: FloatArray
    radius: FloatArray
    center_gradient: FloatArray
    path: FloatArray
    trials: FloatArray
    most_trials: FloatArray


@dataclass(frozen=True, slots=True)
class LineSearchConjugate:
    """Wolfe's conjugate subgradients on a convex function.

    Parameters
    ----------
    tolerance : float
        epsilon: ||d|| at which the run stops, or is reset.
    reset : float, optional
        Wolfe's b: at ||d|| <= tolerance the run stops if it has moved no farther than this since the last reset, and
        is reset otherwise. None never resets, as the stochastic ancestors do.
    decrease, curvature : float
        m_L < m_R.
    radius, min_radius, max_radius : float
        First step length ||t d||, and its limits.
    growth : float
        Factor of the radius after a serious step, its inverse after a null step; 1 keeps it.
    null_share : float
        A search that is below this share of the radius without a decrease ends in a null step.
    two_sided : bool
        True asks <g(t), d> > 0 as well, which can leave nothing to be found.
    bundle : int
        Elements of the hull whose shortest point is taken: 2 is {d, g}, more keeps the latest subgradients too.
    """

    tolerance: float
    reset: float | None
    decrease: float = 0.25
    curvature: float = 0.4
    radius: float = 1.0
    min_radius: float = 1e-4
    max_radius: float = 5.0
    growth: float = 1.2
    null_share: float = 0.2
    two_sided: bool = False
    bundle: int = 2

    def __post_init__(self) -> None:
        for name in ("radius", "min_radius", "max_radius", "growth", "null_share"):
            require_positive(name, getattr(self, name))
        require_nonnegative("tolerance", self.tolerance)
        if not 0 < self.decrease < self.curvature < 1:
            raise InputError(
                f"decrease is {self.decrease!r} and curvature {self.curvature!r}, but a line search that ends needs "
                "0 < decrease < curvature < 1."
            )
        require_count("bundle - 1", self.bundle - 1)

    @property
    def locality(self) -> float:
        """Largest distance of the subgradients inside d at a stop; without reset, what the radius alone would give."""
        if self.reset is None:
            return self.min_radius
        return self.reset + self.null_share * max(self.radius, self.max_radius if self.growth > 1 else 0.0)

    def init(self, x: FloatArray) -> SearchState:
        """Return the state before the first evaluation."""
        zero = np.zeros(x.shape[0])
        return SearchState(
            empty_state(x, Promise(self.decrease, self.tolerance, self.locality)),
            empty_bundle(x, self.bundle),
            zero,
            zero,
            zero + np.inf,
            zero + self.radius,
            np.zeros_like(x),
            zero,
            zero,
            zero,
        )

    def step(self, x: FloatArray, state: SearchState, oracle: Oracle) -> tuple[FloatArray, SearchState]:
        """Make one evaluation: at the start, then at the current trial of the line search."""
        old = state.conjugate
        y = x - state.t[:, None] * old.direction
        value, g = oracle.value(y), oracle.subgradient(y)
        if old.k == 0:
            everywhere = np.ones(x.shape[0], dtype=bool)
            fresh = reset_at(x, value, g, old._replace(k=1), everywhere)
            return x, self._new_search(state._replace(conjugate=fresh, center_gradient=g), everywhere)
        square, along = row_dot(old.direction, old.direction), row_dot(g, old.direction)
        lower = value - old.value <= -self.decrease * state.t * square
        right = along <= self.curvature * square
        if self.two_sided:
            right &= along > 0
        length = state.t * np.sqrt(square)
        active = ~old.stopped
        serious = active & lower & (right | (2 * length > self.max_radius) & np.isinf(state.high))
        null = active & ~lower & (state.low == 0) & (length <= self.null_share * state.radius)
        state = state._replace(
            trials=state.trials + active,
            most_trials=np.maximum(state.most_trials, state.trials + active),
        )
        outside = np.where(active & ~lower, slope_along(old.direction, g), -np.inf)
        state = self._bracketed(state, active & lower & ~serious, active & ~lower & ~null)
        x, state = self._moved(x, y, value, g, length, state, serious, null)
        return x, state._replace(conjugate=state.conjugate._replace(along=outside))

    def _bracketed(self, state: SearchState, too_short: BoolArray, too_long: BoolArray) -> SearchState:
        low, high = np.where(too_short, state.t, state.low), np.where(too_long, state.t, state.high)
        doubled = too_short & np.isinf(high)
        inside = np.where(np.isinf(high), state.t, 0.5 * (low + np.where(np.isinf(high), low, high)))
        t = np.where(doubled, 2 * state.t, np.where(too_short | too_long, inside, state.t))
        return state._replace(t=t, low=low, high=high)

    def _moved(
        self,
        x: FloatArray,
        y: FloatArray,
        value: FloatArray,
        g: FloatArray,
        length: FloatArray,
        state: SearchState,
        serious: BoolArray,
        null: BoolArray,
    ) -> tuple[FloatArray, SearchState]:
        old, done = state.conjugate, serious | null
        if self.bundle == 2:
            after, bundle = aggregated(y, value, g, old, done), state.bundle
        else:
            after, bundle = fold(y, value, g, old, state.bundle, done)
        after = counted(old, after, serious, null, old.along)
        after = after._replace(value=np.where(serious, value, old.value))
        x = np.where(serious[:, None], y, x)
        factor = np.where(serious, self.growth, np.where(null, 1 / self.growth, 1.0))
        state = state._replace(
            conjugate=after,
            bundle=bundle,
            radius=np.clip(state.radius * factor, self.min_radius, self.max_radius),
            center_gradient=np.where(serious[:, None], g, state.center_gradient),
            path=state.path + np.where(serious, length, 0.0),
        )
        state = self._stopped_or_reset(x, state)
        return x, self._new_search(state, done)

    def _stopped_or_reset(self, x: FloatArray, state: SearchState) -> SearchState:
        after = state.conjugate
        if self.reset is None:
            return state._replace(conjugate=stopped_below(self.tolerance, after))
        small = np.sqrt(row_dot(after.direction, after.direction)) <= self.tolerance
        again = small & (state.path > self.reset) & ~after.stopped
        center_is_flat = row_dot(state.center_gradient, state.center_gradient) <= self.tolerance**2
        fresh = reset_at(x, after.value, state.center_gradient, after, again)
        fresh = fresh._replace(stopped=after.stopped | (small & ~again) | (again & center_is_flat))
        return state._replace(
            conjugate=fresh,
            bundle=state.bundle.emptied(again),
            path=np.where(again, 0.0, state.path),
        )

    def _new_search(self, state: SearchState, where: BoolArray) -> SearchState:
        norm = np.sqrt(row_dot(state.conjugate.direction, state.conjugate.direction))
        first = np.where(norm > 0, state.radius / np.where(norm > 0, norm, 1.0), 0.0)
        return state._replace(
            t=np.where(where, first, state.t),
            low=np.where(where, 0.0, state.low),
            high=np.where(where, np.inf, state.high),
            trials=np.where(where, 0.0, state.trials),
        )


EXAMPLES = {
    "line-search-conjugate": LineSearchConjugate(tolerance=1e-3, reset=1e-3),
    "bundle-conjugate": LineSearchConjugate(tolerance=1e-3, reset=1e-3, bundle=6),
}
