"""Exact expectations from impulse responses: the sum over all rows of a batch (see `ratecheck.testbeds.impulse`).

Row 0 is the noise-free path, the others are the responses to one standard deviation of noise in one answer, and the
expectation of a quadratic form is its sum over the rows. Every row of the result holds the same number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.stationarity.measure import Measure


def _everywhere(values: FloatArray) -> FloatArray:
    return np.full(values.shape, values.sum())


def _expected_squared_distance(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return _everywhere(row_dot(x, x))


def _expected_gap(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return _everywhere(problem.value(x))


def _expected_squared_gradient(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    g = problem.subgradient(x)
    return _everywhere(row_dot(g, g))


EXPECTED_SQUARED_DISTANCE = Measure(
    "expected squared distance", r"E\|x-x^\star\|^2", _expected_squared_distance, floor="x_star"
)
EXPECTED_GAP = Measure("expected gap", r"E f(x)-f^\star", _expected_gap, floor="f_star")
EXPECTED_SQUARED_GRADIENT = Measure("expected squared gradient norm", r"E\|\nabla f(x)\|^2", _expected_squared_gradient)

MEASURES = (EXPECTED_SQUARED_DISTANCE, EXPECTED_GAP, EXPECTED_SQUARED_GRADIENT)
