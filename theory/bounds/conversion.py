"""What a sign conversion promises: signs of mean m / R and variance 1 - (m / R)^2, independent over coordinates.

The sums of both residuals over steps are martingales, whatever the base optimizer does; 1 plus their mean over steps
must be 1 in expectation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity.basic import GAP
from ratecheck.theory.stationarity.carried import ALIGNMENT, DISPERSION

YU = Source("Yu, Pan, Liu, Zou and Zhang", 2026, "arXiv 2604.15416, proposition 1, as others quote it")


def _one(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.ones(steps.shape)


UNBIASED = Bound(
    id="CV-1",
    title="the mean of a converted step is direction over envelope",
    formula=r"E[s_t \mid m_t,\sigma_t] = m_t/\sigma_t",
    measure=ALIGNMENT,
    output=Last(),
    value=_one,
    kind="expectation",
    side="equal",
    source=YU,
    provenance="secondary",
    evidence=("derived here",),
    remark="Equivalent to P(s = 1) = (1 + m/sigma)/2, by uniform noise on [-1, 1] and |m| <= sigma.",
)

INDEPENDENT = Bound(
    id="CV-2",
    title="converted signs have variance 1 - (m/sigma)^2 and are independent over coordinates",
    formula=r"E(\sum_i s_{t,i}-c_{t,i})^2 = \sum_i(1-c_{t,i}^2)",
    measure=DISPERSION,
    output=Last(),
    value=_one,
    kind="expectation",
    side="equal",
    source=YU,
    provenance="derived",
    evidence=("derived here",),
)


def _square_root(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["initial_gap"] / np.sqrt(steps)


RATE = Bound(
    id="CV-3",
    title="the gap of a converted method falls at least like T^(-1/2)",
    formula=r"f(x_T)-f^\star = O(T^{-1/2})",
    measure=GAP,
    output=Last(),
    value=_square_root,
    kind="rate",
    exponent=-0.5,
    source=YU,
    provenance="derived",
    evidence=("derived here",),
    remark="True with decreasing steps on strongly convex bowls; a constant step leaves a floor of its own size.",
)

BOUNDS = (UNBIASED, INDEPENDENT, RATE)
