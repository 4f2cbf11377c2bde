"""Measures of what a method carries: INGD's certificate, the scales of gradient grouping, the books of a conversion."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.stationarity.measure import Measure


def _certificate(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.certificate


def _path(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return state.path.max(axis=1)


def _scale_offset(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return np.abs(np.asarray(state.factors) - 1).max(axis=1)


def _alignment(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return 1 + state.alignment / state.k


def _dispersion(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    return 1 + state.dispersion / state.k


CERTIFICATE = Measure("Goldstein certificate", r"\min_k\|g_k\|", _certificate, of="state")
PATH = Measure("path length of the scales", r"\max_iP_i", _path, of="state")
SCALE_OFFSET = Measure("largest distance of a scale from 1", r"\max_i|S_i-1|", _scale_offset, of="state")
ALIGNMENT = Measure("alignment of signs", r"1+\tfrac1{dT}\sum_t\langle s_t-c_t,c_t\rangle", _alignment, of="state")
DISPERSION = Measure(
    "dispersion of signs", r"1+\tfrac1{dT}\sum_t(\sum_i\xi_{t,i})^2-\sum_i(1-c_{t,i}^2)", _dispersion, of="state"
)

MEASURES = (CERTIFICATE, PATH, SCALE_OFFSET, ALIGNMENT, DISPERSION)
