"""A measure: a number for each run, from the problem, a point and what the oracle has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ratecheck.theory.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured quantity.

    Parameters
    ----------
    id : str
        Short name, used in results and on axes.
    symbol : str
        LaTeX without dollar signs.
    compute : callable
        ``(problem, x, oracle) -> (runs,)``, with `x` of shape (runs, dim).
    of : {"point", "state"}
        ``"state"`` calls `compute` with the method's state at x instead of the oracle, for theorems about a
        quantity that the method carries (an aggregated subgradient, a counter).
    floor : str
        Name of the fact whose certified accuracy limits this measure; empty if it is exact.
    """

    id: str
    symbol: str
    compute: Callable[[Any, FloatArray, Any], FloatArray]
    floor: str = ""
    of: Literal["point", "state"] = "point"
