"""Gradients that do not depend on the point, and a function whose stationary points are not all minima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.worst_case_univariate import Univariate
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts, closed_form


class PrescribedOracle:
    """Answers with the next gradient of the list, wherever it is asked."""

    __slots__ = ("_slopes", "_watch", "calls")

    def __init__(self, slopes: FloatArray, watch: Watch | None) -> None:
        self.calls = 0
        self._slopes = slopes
        self._watch = watch

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of this call; beyond the list, the last one."""
        answer = np.full_like(x, self._slopes[min(self.calls, len(self._slopes) - 1)])
        self.calls += 1
        if self._watch is not None:
            self._watch(x, answer)
        return answer

    def project(self, x: FloatArray) -> FloatArray:
        """Return `x`: there is no constraint."""
        return x


@dataclass(frozen=True, slots=True)
class PrescribedSlopes:
    """One variable, and a gradient for each call: constant ones, a spike among ones, none at all.

    Parameters
    ----------
    slopes : tuple of float
    at : float
        The start.
    """

    slopes: tuple[float, ...]
    at: float = 0.0

    def __post_init__(self) -> None:
        if not self.slopes or not np.isfinite((*self.slopes, self.at)).all():
            raise InputError(f"slopes is {self.slopes!r}, but it must hold finite numbers, at least one.")

    name = "prescribed gradients"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The start, shape (1,)."""
        return np.array([self.at])

    @property
    def facts(self) -> Facts:
        """The gradients; distances are measured from the origin."""
        return Facts(closed_form(slopes=np.array(self.slopes), x_star=np.zeros(1), radius=abs(self.at)))

    def value(self, x: FloatArray) -> FloatArray:
        """Return the linear function of the first gradient."""
        return self.slopes[0] * x[:, 0]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the first gradient."""
        return np.full_like(x, self.slopes[0])

    def oracle(self, streams: Streams, watch: Watch | None = None) -> PrescribedOracle:
        """Return a fresh oracle at the first gradient."""
        return PrescribedOracle(np.array(self.slopes), watch)


def spike(height: float = 1000.0, at: int = 50, count: int = 200) -> PrescribedSlopes:
    """Return `count` gradients of 1 of which number `at` (from 0) is `height`."""
    return PrescribedSlopes(tuple(height if k == at else 1.0 for k in range(count)))


def double_well(start: float = 0.0) -> Univariate:
    """Return ``(x^2 - 1)^2 / 4``: minima at -1 and 1, and at 0 a stationary point that is none."""
    gap = (start**2 - 1) ** 2 / 4
    facts = closed_form(f_star=0.0, x_star=np.ones(1), radius=abs(start - 1), initial_gap=gap)
    return Univariate("double well", lambda x: (x**2 - 1) ** 2 / 4, lambda x: x * (x**2 - 1), start, Facts(facts))


EXAMPLES = {
    "prescribed-slopes": PrescribedSlopes((1.0, -2.0, 0.5)),
    "spike": spike(count=110),
    "double-well": double_well(0.5),
}
