"""The reference method: conjugate subgradients with a one-point test at a fixed radius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.errors import require_nonnegative, require_positive
from ratecheck.theory.method import Oracle
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


@dataclass(frozen=True, slots=True)
class OnePointConjugate:
    r"""Conjugate subgradients with a one-point test at a fixed radius, for convex functions; one evaluation a step.

    .. math::
       y = x - \delta\, d/\|d\|: \qquad
       f(y) \le f(x) - m\delta\|d\| \;\Rightarrow\; x \leftarrow y,\ d \leftarrow g(y); \qquad
       \text{else } d \leftarrow \mathrm{Nr}\{d, g(y)\}

    It stops where \|d\| <= tolerance. No line search is needed: a failed test alone makes <g, d> < m ||d||^2.

    Parameters
    ----------
    radius, tolerance : float
        delta and epsilon; a convex target gap tau within distance R of a minimiser needs tolerance tau/(2R) and
        radius tau/(4C).
    slope : float
        m in [0, 1).
    reset : bool
        False keeps the old direction after a serious step, as the stochastic ancestors do; then a small norm says
        nothing about the point.
    """

    radius: float
    tolerance: float
    slope: float = 0.3
    reset: bool = True

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)
        require_nonnegative("tolerance", self.tolerance)
        require_slope(self.slope)

    def init(self, x: FloatArray) -> ConjugateState:
        """Return the state before the first evaluation."""
        return empty_state(x, Promise(self.slope, self.tolerance, self.radius))

    def step(self, x: FloatArray, state: ConjugateState, oracle: Oracle) -> tuple[FloatArray, ConjugateState]:
        """Make one evaluation: at the start, then at trial points."""
        if state.k == 0:
            value, g = oracle.value(x), oracle.subgradient(x)
            everywhere = np.ones(x.shape[0], dtype=bool)
            return x, stopped_below(self.tolerance, reset_at(x, value, g, state._replace(k=1), everywhere))
        y = trial_point(x, state.direction, self.radius)
        value, g = oracle.value(y), oracle.subgradient(y)
        norm = np.sqrt(row_dot(state.direction, state.direction))
        good = value <= state.value - self.slope * self.radius * norm
        serious, null = good & ~state.stopped, ~good & ~state.stopped
        after = aggregated(y, value, g, state, null if self.reset else ~state.stopped)
        after = counted(state, after, serious, null, slope_along(state.direction, g))
        x = np.where(serious[:, None], y, x)
        if self.reset:
            after = reset_at(y, value, g, after, serious)
        else:
            after = after._replace(value=np.where(serious, value, after.value))
        return x, stopped_below(self.tolerance, after)


EXAMPLES = {
    "one-point-conjugate": OnePointConjugate(radius=0.05, tolerance=1e-3),
}
