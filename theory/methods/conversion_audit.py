"""Keeps the books of a converted method: how its random signs compare with the mean and the variance they claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.method import Oracle
from ratecheck.theory.methods.conversion import Converted
from ratecheck.theory.methods.envelopes import Envelope
from ratecheck.theory.methods.recorded import RecordedOracle
from ratecheck.theory.schedules import step_size_at


class AuditState(NamedTuple):
    """Number k of the next step, the states, and two sums over steps, shape (runs,), that should have mean 0.

    `alignment` sums ``<s - c, c> / dim`` and `dispersion` sums ``((sum_i s_i - c_i)^2 - sum_i (1 - c_i^2)) / dim`` with
    the claimed mean direction c = m / R.
    """

    k: int
    inner: Any
    claimed: Any
    alignment: Array
    dispersion: Array


@dataclass(frozen=True, slots=True)
class Audited:
    """Runs `inner` and compares its signs with the mean that `claimed` promises.

    Parameters
    ----------
    inner : Converted
    claimed : Envelope, optional
        The envelope R of the claimed mean m / R; by default the inner method's own.
    """

    inner: Converted
    claimed: Envelope | None = None

    def init(self, x: Array) -> AuditState:
        """Return empty books."""
        zero = namespace(x).zeros_like(x[:, 0])
        claimed = None if self.claimed is None else self.claimed.init(x)
        return AuditState(0, self.inner.init(x), claimed, zero, zero)

    def step(self, x: Array, state: AuditState, oracle: Oracle) -> tuple[Array, AuditState]:
        """Take one inner step and enter it."""
        xp = namespace(x)
        recorded = RecordedOracle(oracle)
        m, R, _ = self.inner.direction(x, state.inner, recorded)
        claimed = state.claimed
        if self.claimed is not None:
            R, claimed = self.claimed.envelope(claimed, m, recorded.gradient)
        c = xp.where(R > 0, m / xp.where(R > 0, R, xp.ones_like(R)), xp.zeros_like(m))
        recorded.rewind()
        following, inner = self.inner.step(x, state.inner, recorded)
        eta = step_size_at(self.inner.step_size, state.k, x)
        s = xp.round((x * (1 - eta * self.inner.weight_decay) - following) / eta)
        dim = x.shape[1]
        alignment = xp.sum((s - c) * c, axis=1) / dim
        dispersion = (xp.sum(s - c, axis=1) ** 2 - xp.sum(1 - c * c, axis=1)) / dim
        return following, AuditState(
            state.k + 1, inner, claimed, state.alignment + alignment, state.dispersion + dispersion
        )
