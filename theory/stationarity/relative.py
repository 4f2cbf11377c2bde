"""Measures of a point against the start or the optimum that single theorems speak about."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.stationarity.basic import GAP
from ratecheck.theory.stationarity.measure import Measure

SHIFT = 100.0  # keeps the logarithm of a reduction positive, so that ratios to it have a meaning


def _rise(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return problem.value(x) - problem.value(np.broadcast_to(problem.start, x.shape))


def _decrease(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return problem.value(problem.start[None, :]) - problem.value(x)


def _squared_decrease(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return _decrease(problem, x, oracle) ** 2


def _largest_entry(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return np.abs(x).max(axis=1)


def _displacement(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return row_norm(x - problem.start)


def _excess(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return (x - problem.facts["x_star"])[:, 0]


def _squared_gap(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return GAP.compute(problem, x, oracle) ** 2


def _log_ratio(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    gap = problem.value(x) - problem.facts["f_star"]
    return SHIFT + np.log10(np.maximum(gap, 1e-300) / problem.facts["initial_gap"])


def _weighted_gradient(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return (problem.subgradient(x) ** 2 / problem.facts["coordinate_bounds"]).sum(axis=1)


RISE = Measure("rise above the start", r"f(x)-f(x_0)", _rise)
DECREASE = Measure("decrease", r"f(x_0)-f(x)", _decrease)
SQUARED_DECREASE = Measure("squared decrease", r"(f(x_0)-f(x))^2", _squared_decrease)
LARGEST_ENTRY = Measure("largest entry", r"\|x\|_\infty", _largest_entry)
DISPLACEMENT = Measure("displacement", r"\|x-x_0\|", _displacement)
EXCESS = Measure("excess", r"x-x^\star", _excess, floor="x_star")
SQUARED_GAP = Measure("squared gap", r"(f(x)-f^\star)^2", _squared_gap)
LOG_RATIO = Measure("logarithm of the reduction", r"100+\log_{10}\frac{f(x)-f^\star}{f(x_0)-f^\star}", _log_ratio)
WEIGHTED_GRADIENT = Measure("weighted squared gradient", r"\|\nabla f(x)\|_{W^{-1}}^2", _weighted_gradient)

MEASURES = (
    RISE,
    DECREASE,
    SQUARED_DECREASE,
    LARGEST_ENTRY,
    DISPLACEMENT,
    EXCESS,
    SQUARED_GAP,
    LOG_RATIO,
    WEIGHTED_GRADIENT,
)
