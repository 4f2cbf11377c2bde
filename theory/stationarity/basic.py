"""Gap, distance, gradient norms and regret."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_dot, row_norm
from ratecheck.theory.stationarity.measure import Measure


def _gap(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return problem.value(x) - problem.facts["f_star"]


def _distance(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return row_norm(x - problem.facts["x_star"])


def _squared_distance(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    offset = x - problem.facts["x_star"]
    return row_dot(offset, offset)


def _gradient_norm(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return row_norm(problem.subgradient(x))


def _gradient_norm_l1(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return np.abs(problem.subgradient(x)).sum(axis=1)


def _squared_gradient_norm(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    gradient = problem.subgradient(x)
    return row_dot(gradient, gradient)


def _regret(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return oracle.regret()


GAP = Measure("gap", r"f(x)-f^\star", _gap, floor="f_star")
DISTANCE = Measure("distance", r"\|x-x^\star\|", _distance, floor="x_star")
SQUARED_DISTANCE = Measure("squared distance", r"\|x-x^\star\|^2", _squared_distance, floor="x_star")
GRADIENT_NORM = Measure("gradient norm", r"\|\nabla f(x)\|", _gradient_norm)
GRADIENT_NORM_L1 = Measure("l1 gradient norm", r"\|\nabla f(x)\|_1", _gradient_norm_l1)
SQUARED_GRADIENT_NORM = Measure("squared gradient norm", r"\|\nabla f(x)\|^2", _squared_gradient_norm)
REGRET = Measure("regret", r"\mathrm{Reg}_T", _regret)
