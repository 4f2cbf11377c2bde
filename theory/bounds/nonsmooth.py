r"""Nonsmooth convex optimization: subgradients bounded by M, R the distance from x_0 to a minimiser.

N counts *steps*, so that there are N + 1 points x_0, ..., x_N. "T evaluations" in other texts is N = T - 1 where the
last evaluated point is the output: most off-by-one misquotations come from here.
"""

from __future__ import annotations

from typing import Any

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Best
from ratecheck.theory.stationarity import GAP


def _constant_step_best(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    M, R, gamma = facts["lipschitz"], facts["radius"], innermost(method).step_size
    return R**2 / (2 * (steps + 1) * gamma) + gamma * M**2 / 2


NS_01 = Bound(
    id="NS-01",
    title="best iterate of the subgradient method with a constant step",
    formula=r"\min_{k\le N} f(x_k)-f^\star \le \frac{R^2}{2(N+1)\gamma}+\frac{\gamma M^2}{2}",
    measure=GAP,
    output=Best(),
    value=_constant_step_best,
    exponent=-0.5,
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Nesterov", 2004, "section 3.2.3"),
    provenance="paper",
    evidence=("derived here", "performance estimation"),
    anytime=False,
    tight_on="max-coordinate",
    remark="With the best step R/(M sqrt(N+1)) the value is MR/sqrt(N+1), attained on max-coordinate.",
)

BOUNDS = (NS_01,)
