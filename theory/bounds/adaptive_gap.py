r"""AdaGrad and AMSGrad on stochastic convex problems: the regret over T bounds the gap of the average, by convexity.

For AdaGrad, :math:`E\|g_{1:T,i}\|_2 \le \sqrt T M_i` by Jensen's inequality, where M_i^2 bounds the second moment of
coordinate i: sparse features pay only for how often they occur.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.adaptive import amsgrad_regret
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS, INVERSE_SQRT_STEPS, step_scale
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average
from ratecheck.theory.stationarity import GAP


def _adagrad(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, D = float(step_scale(method)), float(facts["widths"].max())
    return (D**2 / (2 * eta) + eta) * float(facts["coordinate_moments"].sum()) / np.sqrt(steps)


def _amsgrad(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return amsgrad_regret(facts, method, steps) / steps


AD_02_GAP = Bound(
    id="AD-02-gap",
    title="average of diagonal AdaGrad on a stochastic problem",
    formula=r"E f(\bar x_T)-f^\star \le \left(\frac{D_\infty^2}{2\eta}+\eta\right)\frac{\sum_i M_i}{\sqrt T}",
    measure=GAP,
    output=Average(),
    value=_adagrad,
    kind="expectation",
    exponent=-0.5,
    assumptions=(CONSTANT_STEPS, COORDINATES_BOUNDED),
    source=Source("Duchi, Hazan and Singer", 2011, "theorem 5, from regret to gap here"),
    provenance="derived",
    evidence=("recalled", "derived here"),
)

AD_06_GAP = Bound(
    id="AD-06-gap",
    title="average of AMSGrad with constant beta_1 on a stochastic problem",
    formula=r"E f(\bar x_T)-f^\star \le \frac{D_\infty^2\sum_iG_i}{2\alpha(1-\beta_1)\sqrt T}"
    r"+\frac{\alpha\sqrt{1+\ln T}\sum_iG_i}{\sqrt{1-\beta_2}(1-\beta_1^2/\beta_2)\sqrt T}",
    measure=GAP,
    output=Average(),
    value=_amsgrad,
    kind="expectation",
    assumptions=(INVERSE_SQRT_STEPS, COORDINATES_BOUNDED),
    source=Source("Alacaoglu, Malitsky, Mertikopoulos and Cevher", 2020, "from regret to gap here"),
    provenance="derived",
    evidence=("recalled",),
)

BOUNDS = (AD_02_GAP, AD_06_GAP)
