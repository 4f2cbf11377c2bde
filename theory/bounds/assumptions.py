"""Assumptions that several theorems share, as checks on the run."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.bound import Assumption
from ratecheck.theory.facts import Facts


def _lipschitz_excess(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    return row_norm(g) / facts["lipschitz"] - 1


def _coordinate_excess(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    return (np.abs(g) / facts["coordinate_bounds"]).max(axis=1) - 1


def _step_below_inverse_smoothness(facts: Facts, method: Any, horizon: int) -> float:
    return float(np.max(method.step_size * facts["smoothness"]) - 1)


SUBGRADIENTS_BOUNDED = Assumption("every subgradient has norm at most M", on_query=_lipschitz_excess)
COORDINATES_BOUNDED = Assumption(
    "every coordinate of every subgradient is at most G_i in absolute value", on_query=_coordinate_excess
)
