"""Whole paths on the game f = sigma x y in closed form: what a phase portrait shows, checked point by point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, innermost
from ratecheck.theory.bounds.saddle_linear import BILINEAR
from ratecheck.theory.bounds.saddle_rows import row
from ratecheck.theory.facts import Facts
from ratecheck.theory.stationarity.saddle import position

ComplexArray: TypeAlias = NDArray[np.complexfloating[Any, Any]]


def gda_factors(s: float, count: int) -> ComplexArray:
    """Return x_k + i y_k of descent-ascent on a game with gamma sigma = s from 1, for k = 0..count."""
    return (1 + 1j * s) ** np.arange(count + 1)


def eg_factors(s: float, count: int) -> ComplexArray:
    """Return the same of extragradient."""
    return (1 + 1j * s - s * s) ** np.arange(count + 1)


def ogda_factors(s: float, count: int) -> ComplexArray:
    """Return the same of optimistic descent-ascent, by the roots of u^2 = (1 + 2 i s) u - i s and u_1 = 1 + i s."""
    root = np.sqrt(complex(1 - 4 * s * s))
    roots = np.array([(1 + 2j * s + root) / 2, (1 + 2j * s - root) / 2])
    weights = np.linalg.solve(np.vstack([np.ones(2), roots]), np.array([1.0, 1 + 1j * s]))
    return (weights[:, None] * roots[:, None] ** np.arange(count + 1)).sum(axis=0)


def _path(number: str, name: str, factors: Callable[[float, int], ComplexArray], coordinate: int) -> Bound:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        u = factors(float(innermost(method).step_size * facts["smoothness"]), int(steps[-1]))[steps]
        return u.imag if coordinate else u.real

    return row(
        f"SP-{number}-{'xy'[coordinate]}",
        f"path of {name} on a bilinear game, {'xy'[coordinate]}",
        r"x_k+iy_k\text{ in closed form}",
        position(coordinate),
        value,
        BILINEAR,
        anytime=False,
        side="equal",
        tight_on="scalar game",
    )


BOUNDS = (
    *(_path("28", "descent-ascent", gda_factors, coordinate) for coordinate in (0, 1)),
    *(_path("29", "extragradient", eg_factors, coordinate) for coordinate in (0, 1)),
    *(_path("35", "optimistic descent-ascent", ogda_factors, coordinate) for coordinate in (0, 1)),
)
