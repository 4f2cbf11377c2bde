"""How the rows of the saddle-point catalogue are written down, and the assumptions on step sizes that they share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last

SECONDARY: dict[str, Any] = {"provenance": "secondary", "evidence": ("statement read",)}


def one(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return 1 at every step: the bound of a measure that is already a ratio."""
    return np.ones(len(steps))


def step_is(share: float, text: str) -> Assumption:
    """Return the assumption that the step size is `share` / L."""

    def excess(facts: Facts, method: Any, horizon: int) -> float:
        return abs(innermost(method).step_size * facts["smoothness"] / share - 1)

    return Assumption(text, on_setup=excess)


def step_at_most(share: float, text: str) -> Assumption:
    """Return the assumption that the step size is at most `share` / L."""

    def excess(facts: Facts, method: Any, horizon: int) -> float:
        return float(innermost(method).step_size * facts["smoothness"] / share - 1)

    return Assumption(text, on_setup=excess)


def _not_strong(facts: Facts, method: Any, horizon: int) -> float:
    return -1.0 if facts["strong_convexity"] > 0 else 1.0


STRONG = Assumption("f is strongly convex in x and strongly concave in y", on_setup=_not_strong)


def row(id: str, title: str, formula: str, measure: Any, value: Any, source: Source, **rest: Any) -> Bound:
    """Return a bound that is derived here and speaks about the last point, unless `rest` says otherwise."""
    fields: dict[str, Any] = {"provenance": "derived", "evidence": ("derived here",), "output": Last(), **rest}
    return Bound(id=id, title=title, formula=formula, measure=measure, value=value, source=source, **fields)
