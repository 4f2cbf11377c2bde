r"""The exact law of StoSignSGD's steps, and what no method can beat.

With c_i = clip(g_i/R_i, -1, 1) a stochastic sign has mean c_i and variance 1 - c_i^2, independently over coordinates
and steps. On a linear function the decrease after T constant steps is a sum of them, with known moments.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS, PAPER, envelope_of, step_scale
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Last, Worst
from ratecheck.theory.stationarity import GAP, REGRET
from ratecheck.theory.stationarity.relative import DECREASE, LARGEST_ENTRY, SQUARED_DECREASE


def _mean_decrease(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    g = facts["slopes"]
    c = np.clip(g / envelope_of(facts, method), -1, 1)
    return steps * float(np.sum(step_scale(method) * g * c))


def _second_moment(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    g, eta = facts["slopes"], step_scale(method)
    c = np.clip(g / envelope_of(facts, method), -1, 1)
    return _mean_decrease(facts, method, steps) ** 2 + steps * float(np.sum((eta * g) ** 2 * (1 - c**2)))


def _decay_box(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.shape, 1 / innermost(method).weight_decay)


def _overshoot(facts: Facts, method: Any, horizon: int) -> float:
    return float(np.max(step_scale(method))) * innermost(method).weight_decay - 1


def mean_walk_length(T: int) -> float:
    """Return E|S_T| of a fair random walk after T steps of 1: 2m C(2m, m)/4^m with m = ceil(T/2)."""
    m = (T + 1) // 2
    return 2 * m * math.exp(math.lgamma(2 * m + 1) - 2 * math.lgamma(m + 1) - 2 * m * math.log(2))


def _online_lower(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    scale = float(facts["widths"] @ facts["coordinate_bounds"]) / 2
    return scale * np.array([mean_walk_length(int(T)) for T in steps])


def _stochastic_lower(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - 1 / math.sqrt(3)) / 4 * float(facts["widths"] @ facts["coordinate_bounds"]) / np.sqrt(steps)


def sampling_distance(T: int) -> float:
    """Return the total variation distance of T fair-looking coins of means +1/(2 sqrt(T)) and -1/(2 sqrt(T))."""
    from scipy.stats import binom

    delta = 1 / (2 * math.sqrt(T))
    heads = np.arange(T + 1)
    return float(np.abs(binom.pmf(heads, T, (1 + delta) / 2) - binom.pmf(heads, T, (1 - delta) / 2)).sum() / 2)


def _exact_stochastic_lower(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    scale = float(facts["widths"] @ facts["coordinate_bounds"]) / 4
    return np.array([scale / math.sqrt(T) * (1 - sampling_distance(int(T))) for T in steps])


STO_P1 = Bound(
    id="STO-P1",
    title="the mean of a stochastic sign is the gradient over the envelope",
    formula=r"E[f(x_0)-f(x_T)] = T\sum_i \eta_i g_i\,\mathrm{clip}(g_i/R_i,-1,1) \quad (f \text{ linear})",
    measure=DECREASE,
    output=Last(),
    value=_mean_decrease,
    kind="expectation",
    side="equal",
    assumptions=(CONSTANT_STEPS,),
    source=PAPER,
    provenance="secondary",
    evidence=("derived here",),
    remark="Proposition 1 of the paper, as others quote it, on a function where it is an equality at every step.",
)

STO_P2 = Bound(
    id="STO-P2",
    title="the second moment of stochastic signs: variance 1 - (g/R)^2, independent over coordinates and steps",
    formula=r"E(f(x_0)-f(x_T))^2 = (E[f(x_0)-f(x_T)])^2 + T\sum_i \eta_i^2 g_i^2 (1-c_i^2)",
    measure=SQUARED_DECREASE,
    output=Last(),
    value=_second_moment,
    kind="expectation",
    side="equal",
    assumptions=(CONSTANT_STEPS,),
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
)

STO_L1 = Bound(
    id="STO-L1",
    title="no method has less expected regret than this on random signs",
    formula=r"E\,R_T \ge \tfrac12\sum_i D_iG_i\,E|S_T| \ge \sqrt{T/8}\,\sum_i D_iG_i",
    measure=REGRET,
    output=Last(),
    value=_online_lower,
    kind="expectation",
    side="lower",
    exponent=0.5,
    source=Source("Orabona", 2019, "theorem 5.1, coordinate by coordinate"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="random coordinate signs",
    remark="The losses are fair, so that every player's loss has mean 0, and the best corner gains D_i G_i |S_T|/2.",
)

STO_L2 = Bound(
    id="STO-L2",
    title="no method has a smaller expected gap than this on hidden directions",
    formula=r"E f(\hat x)-f^\star \ge \frac{1-1/\sqrt3}{4}\,\frac{\sum_i D_iG_i}{\sqrt T}",
    measure=GAP,
    output=Average(),
    value=_stochastic_lower,
    kind="expectation",
    side="lower",
    anytime=False,
    exponent=-0.5,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="Le Cam's two points in each coordinate, delta = 1/(2 sqrt(T)), Pinsker's inequality.",
)

STO_L2X = Bound(
    id="STO-L2x",
    title="no method has a smaller expected gap than this on hidden directions, exact distance of the two laws",
    formula=r"E f(\hat x)-f^\star \ge \frac{1-\mathrm{TV}_T}{4}\,\frac{\sum_i D_iG_i}{\sqrt T}",
    measure=GAP,
    output=Last(),
    value=_exact_stochastic_lower,
    kind="expectation",
    side="lower",
    anytime=False,
    exponent=-0.5,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    tight_on="hidden direction",
    remark="Attained by following the majority of the signs seen.",
)

STO_P3 = Bound(
    id="STO-P3",
    title="weight decay keeps the points of algorithm P in a box",
    formula=r"\max_{t\le T}\|x_t\|_\infty \le \max\{\|x_0\|_\infty, 1/\lambda\}",
    measure=LARGEST_ENTRY,
    output=Worst(),
    value=_decay_box,
    assumptions=(Assumption("the step size times lambda is at most 1", on_setup=_overshoot),),
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="Each step is a convex combination of the old point and of a corner of the box. From the origin here.",
)

STO_L2E = replace(
    STO_L2X,
    id="STO-L2e",
    title="following the majority of the signs seen has exactly the least expected gap on hidden directions",
    formula=STO_L2X.formula.replace(r"\ge", "="),
    side="equal",
    remark="The majority is the likelier sign, whatever the points at which the gradient was sampled.",
)

BOUNDS = (STO_P1, STO_P2, STO_P3, STO_L1, STO_L2, STO_L2X, STO_L2E)
