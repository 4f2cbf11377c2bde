"""Measures of a sample mean: how far it is from the expectation, and what choosing by it costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.stationarity.measure import Measure


def _above(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return x[:, 0] - problem.facts["x_star"][0]


def _largest_above(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return (x - problem.facts["x_star"]).max(axis=1)


def _largest(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return np.abs(x - problem.facts["x_star"]).max(axis=1)


def _selection(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    truth = problem.facts["x_star"]
    return truth[x.argmin(axis=1)] - truth.min()


def _at_own_minimiser(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    rows, chosen = np.arange(len(x)), x.argmin(axis=1)
    return np.abs(x[rows, chosen] - problem.facts["x_star"][chosen])


def _bernstein_level(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    """Return the l for which sqrt(2 V l / N) + 7 w l / (3 (N-1)) is the deviation below E X; x has means of X, X^2."""
    count = oracle.calls
    if count < 2:
        return np.zeros(len(x))
    variance = np.maximum(x[:, 1] - x[:, 0] ** 2, 0.0) * (count / (count - 1))
    below = np.maximum(problem.facts["x_star"][0] - x[:, 0], 0.0)
    linear, root = 7 * problem.facts["width"] / (3 * (count - 1)), np.sqrt(2 * variance / count)
    return ((-root + np.sqrt(root**2 + 4 * linear * below)) / (2 * linear)) ** 2


MEAN_ABOVE = Measure("mean above its expectation", r"\bar X_N-\mathbb{E}X", _above, floor="x_star")
LARGEST_ABOVE = Measure(
    "largest mean above its expectation", r"\max_j(\bar X_{N,j}-\mathbb{E}X_j)", _largest_above, floor="x_star"
)
LARGEST_DEVIATION = Measure("largest deviation", r"\sup_x|(f_N-f)(x)|", _largest, floor="x_star")
SELECTION_GAP = Measure("gap of the sample's minimiser", r"f(\hat x_N)-f^\star", _selection)
OWN_DEVIATION = Measure(
    "deviation at the sample's minimiser", r"|(f_N-f)(\hat x_N)|", _at_own_minimiser, floor="x_star"
)
BERNSTEIN_LEVEL = Measure(
    "level of the empirical Bernstein bound",
    r"\ell:\ \mathbb{E}X-\bar X_N=\sqrt{2V_N\ell/N}+7w\ell/(3(N-1))",
    _bernstein_level,
)

MEASURES = (MEAN_ABOVE, LARGEST_ABOVE, LARGEST_DEVIATION, SELECTION_GAP, OWN_DEVIATION, BERNSTEIN_LEVEL)
