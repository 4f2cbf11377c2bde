r"""The trust-region loop of the stochastic ancestors: one conjugate direction, nested samples, an acceptance test.

As reconstructed from public implementations of Zhang and Sen (2024), "A stochastic conjugate subgradient algorithm for
kernelized support vector machines" and for two-stage stochastic programs: the direction is carried over serious and
null steps alike and never reset, which is what makes a small direction say nothing about the point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ratecheck.theory.arrays import BoolArray, FloatArray, row_dot
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.methods.conjugate_state import (
    ConjugateState,
    Promise,
    aggregated,
    counted,
    empty_state,
    reset_at,
)

AcceptanceRule = Literal["validated", "printed"]
MAX_TRIALS = 60  # halvings that take a step length below anything a float64 point can tell apart


class TrustRegionState(NamedTuple):
    """A conjugate state, the radius, the nested sample, and the changes that the last acceptance test compared."""

    conjugate: ConjugateState
    radius: FloatArray
    sample: Any
    sample_change: FloatArray
    validation_change: FloatArray


@dataclass(frozen=True, slots=True)
class TrustRegionConjugate:
    """One outer iteration a step: aggregate, search the segment inside the trust region, accept or reject.

    Parameters
    ----------
    tolerance : float
        epsilon: a run stops where ||d|| is below it and the radius is at its minimum.
    decrease, curvature : float
        m_L < m_R of the line search.
    radius, min_radius, max_radius, growth : float
        delta_0, its limits, and the factor gamma.
    null_share : float
        A search below this share of the radius returns no step.
    radius_share : float
        eta_2: a step is accepted only where ||d|| > eta_2 delta.
    batch : int, optional
        Sample points added at each iteration, and of the first sample; None uses the exact function and no
        validation sample.
    acceptance : {"validated", "printed"}
        Whether the validation change must be at most eta_1 times the sample's change, or the other way round.
    acceptance_share : float
        eta_1.
    """

    tolerance: float = 1e-3
    decrease: float = 0.25
    curvature: float = 0.4
    radius: float = 1.0
    min_radius: float = 1e-4
    max_radius: float = 5.0
    growth: float = 1.2
    null_share: float = 0.2
    radius_share: float = 0.1
    batch: int | None = None
    acceptance: AcceptanceRule = "validated"
    acceptance_share: float = 0.3

    def __post_init__(self) -> None:
        for name in ("radius", "min_radius", "max_radius", "growth", "null_share"):
            require_positive(name, getattr(self, name))
        require_nonnegative("tolerance", self.tolerance)
        if not 0 < self.decrease < self.curvature < 1:
            raise InputError(
                f"decrease is {self.decrease!r} and curvature {self.curvature!r}, but a line search that ends needs "
                "0 < decrease < curvature < 1."
            )
        if self.batch is not None:
            require_count("batch", self.batch)
        if self.acceptance not in get_args(AcceptanceRule):
            raise InputError(f"acceptance is {self.acceptance!r}, but it must be 'validated' or 'printed'.")

    def init(self, x: FloatArray) -> TrustRegionState:
        """Return the state before the first iteration."""
        zero = np.zeros(x.shape[0])
        return TrustRegionState(
            empty_state(x, Promise(self.decrease, self.tolerance, self.min_radius)),
            zero + self.radius,
            None,
            zero,
            zero,
        )

    def step(self, x: FloatArray, state: TrustRegionState, oracle: Any) -> tuple[FloatArray, TrustRegionState]:
        """Make one iteration; an oracle of samples is needed if `batch` is given."""
        sample = state.sample
        if self.batch is not None:
            sample = oracle.draw(self.batch) if sample is None else sample
        ask = _Ask(oracle, sample)
        old = state.conjugate
        active = ~old.stopped
        value, g = ask.both(x, active)
        if old.k == 0:
            middle = reset_at(x, value, g, old, active)
        else:
            middle = aggregated(x, value, g, old, active)._replace(value=np.where(active, value, old.value))
        t = self._search(x, value, middle.direction, state.radius, ask, active)
        norm = np.sqrt(row_dot(middle.direction, middle.direction))
        y = x - t[:, None] * middle.direction
        accepted, state = self._accepted(x, y, state._replace(sample=sample), oracle)
        accepted &= active & (t > 0) & (norm > self.radius_share * state.radius)
        factor = np.where(accepted, self.growth, 1 / self.growth)
        radius = np.clip(state.radius * factor, self.min_radius, self.max_radius)
        after = counted(old, middle, accepted, active & ~accepted, old.along)
        stopped = old.stopped | (active & (norm < self.tolerance) & (radius <= self.min_radius))
        after = after._replace(stopped=stopped)
        return np.where(accepted[:, None], y, x), state._replace(conjugate=after, radius=radius)

    def _search(
        self, x: FloatArray, value: FloatArray, d: FloatArray, radius: FloatArray, ask: _Ask, active: BoolArray
    ) -> FloatArray:
        """Return step lengths in L and R, 0 where the search ends in a null step."""
        square = row_dot(d, d)
        norm = np.sqrt(square)
        searching = active & (norm > 0)
        t = np.where(searching, radius / np.where(norm > 0, norm, 1.0), 0.0)
        low, high = np.zeros_like(t), np.full_like(t, np.inf)
        for _ in range(MAX_TRIALS):
            if not searching.any():
                break
            y = x - t[:, None] * d
            trial, g = ask.both(y, searching)
            lower = trial - value <= -self.decrease * t * square
            right = row_dot(g, d) <= self.curvature * square
            found = lower & (right | np.isinf(high))  # a decrease at the border of the trust region is enough
            null = ~lower & (low == 0) & (t * norm <= self.null_share * radius)
            low, high = np.where(searching & lower, t, low), np.where(searching & ~lower, t, high)
            searching, done = searching & ~found & ~null, searching & null
            t = np.where(done, 0.0, np.where(searching, 0.5 * (low + np.where(np.isinf(high), t, high)), t))
        return np.where(searching, 0.0, t)

    def _accepted(
        self, x: FloatArray, y: FloatArray, state: TrustRegionState, oracle: Any
    ) -> tuple[BoolArray, TrustRegionState]:
        if self.batch is None:
            return np.ones(x.shape[0], dtype=bool), state
        grown = oracle.grow(self.batch, state.sample)
        validation = oracle.draw(self.batch * (state.conjugate.k + 2))
        inside = oracle.value(y, grown) - oracle.value(x, grown)
        outside = oracle.value(y, validation) - oracle.value(x, validation)
        if self.acceptance == "validated":
            accepted = outside <= self.acceptance_share * inside
        else:
            accepted = inside <= self.acceptance_share * outside
        return accepted, state._replace(sample=grown, sample_change=inside, validation_change=outside)


class _Ask:
    """Value and subgradient of the exact function, or of a held sample's mean."""

    __slots__ = ("_oracle", "_sample")

    def __init__(self, oracle: Any, sample: Any) -> None:
        self._oracle = oracle
        self._sample = sample

    def both(self, x: FloatArray, where: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return both at each row; only the runs `where` are charged if samples are used."""
        if self._sample is None:
            return self._oracle.value(x), self._oracle.subgradient(x)
        return self._oracle.value(x, self._sample, where), self._oracle.subgradient(x, self._sample, where)


EXAMPLES = {
    "trust-region-conjugate": TrustRegionConjugate(),
}
