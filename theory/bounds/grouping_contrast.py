"""Statements about gradient grouping on testbeds: observations stated in advance, not theorems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.grouping import LI
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity.basic import GAP
from ratecheck.theory.stationarity.carried import SCALE_OFFSET
from ratecheck.theory.stationarity.relative import LOG_RATIO, SHIFT


def _factor(limit: float) -> Any:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return limit * np.asarray(facts["initial_gap"])[:, None] * np.ones(len(steps))[None, :]

    return value


def reduces(limit: float) -> Bound:
    """Return the statement that every run ends below `limit` times its initial gap: for contrasts, not a theorem."""
    return Bound(
        id="SGG-X1",
        title="the gap falls by a stated factor",
        formula=r"f(x_T)-f^\star \le \epsilon\,(f(x_0)-f^\star)",
        measure=GAP,
        output=Last(),
        value=_factor(limit),
        source=LI,
        provenance="derived",
        evidence=("derived here",),
        anytime=False,
        remark="An observation on a testbed, stated in advance.",
    )


def reduces_on_average(limit: float) -> Bound:
    """Return the statement that the gap falls below `limit` times its initial value in the geometric mean."""
    return Bound(
        id="SGG-X3",
        title="the gap falls by a stated factor in the geometric mean over instances",
        formula=r"E\log_{10}\frac{f(x_T)-f^\star}{f(x_0)-f^\star} \le \log_{10}\epsilon",
        measure=LOG_RATIO,
        output=Last(),
        value=_level(SHIFT + math.log10(limit)),
        kind="expectation",
        source=LI,
        provenance="derived",
        evidence=("derived here",),
        anytime=False,
        remark="An observation on a testbed, stated in advance.",
    )


def _level(level: float) -> Any:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return np.full(steps.shape, level)

    return value


def moves_scales(level: float) -> Bound:
    """Return the statement that some scale ends at least `level` away from 1."""
    return Bound(
        id="SGG-X2",
        title="grouping changes some scale",
        formula=r"\max_i|S_i-1| \ge \epsilon",
        measure=SCALE_OFFSET,
        output=Last(),
        value=_level(level),
        side="lower",
        source=LI,
        provenance="derived",
        evidence=("derived here",),
        anytime=False,
    )


BOUNDS = (reduces(1e-6), reduces_on_average(1e-6), moves_scales(0.05))
