"""Step rules that theorems prescribe, as checks on the setup, and what their formulas share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.bound import Assumption, innermost
from ratecheck.theory.facts import Facts
from ratecheck.theory.schedules import as_schedule, step_sizes

Rule = Callable[[Facts, int], FloatArray]  # (facts, horizon) -> the step sizes of steps 0, 1, ...


def per_step(constant: Any) -> FloatArray:
    """Return a constant as an array that spreads over recorded steps: shape (1,), or (runs, 1) for a batch."""
    return np.asarray(constant, dtype=np.float64)[..., None]


def used_steps(method: Any, count: int) -> FloatArray:
    """Return the first `count` step sizes of the method inside all wrappers, shape (count,)."""
    return step_sizes(as_schedule(innermost(method).step_size), count)


def relative_step(facts: Facts, method: Any) -> float:
    """Return h = gamma L of a method with a constant step."""
    return float(innermost(method).step_size * facts["smoothness"])


def steps_are(text: str, rule: Rule) -> Assumption:
    """Return the assumption that the step sizes are those of `rule` (up to rounding)."""

    def excess(facts: Facts, method: Any, horizon: int) -> float:
        wanted = np.asarray(rule(facts, horizon), dtype=np.float64)
        return float(np.max(np.abs(used_steps(method, wanted.size) / wanted - 1)))

    return Assumption(text, on_setup=excess)


def relative_step_within(low: float, high: float) -> Assumption:
    """Return the assumption that gamma L is in (low, high]."""

    def excess(facts: Facts, method: Any, horizon: int) -> float:
        h = relative_step(facts, method)
        return max(h - high, low - h if h <= low else -1.0)

    return Assumption(f"gamma L is in ({low:g}, {high:g}]", on_setup=excess)
