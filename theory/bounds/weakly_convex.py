r"""Plain methods on weakly convex and on smooth nonconvex functions: the mean of a squared gradient over the run.

Weakly convex. With W = diag(G), F + (rho/2)|.|_W^2 convex, phi(x) = min_y F(y) + rho |y - x|_W^2 and x-hat the
proximal point: E phi(x_{t+1}) <= phi(x_t) + 2 rho eta <F'(x_t), x-hat - x_t> + rho eta^2 |G|_1, since |s|_W^2 = |G|_1,
and the inner product is at most -|grad phi|_{W^-1}^2 / (4 rho).

Smooth in the l-infinity norm: E f(x_{t+1}) <= f(x_t) - eta |grad f|_{W^-1}^2 + L eta^2 / 2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.bounds.nonconvex import DOMINATING, YU, envelope_sum
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import MeanMeasure
from ratecheck.theory.schedules import as_schedule
from ratecheck.theory.stationarity.basic import GRADIENT_NORM_L1
from ratecheck.theory.stationarity.moreau import MOREAU, WEIGHTED_MOREAU
from ratecheck.theory.stationarity.relative import WEIGHTED_GRADIENT


def _step(method: Any) -> float:
    return float(np.max(np.asarray(as_schedule(innermost(method).step_size)(0))))


def _not_constant(facts: Facts, method: Any, horizon: int) -> float:
    rule = as_schedule(innermost(method).step_size)
    return float(np.max(np.abs(np.asarray(rule(horizon - 1)) / np.asarray(rule(0)) - 1)))


CONSTANT_STEPS = Assumption("the step size does not change", on_setup=_not_constant)


def _weakly(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, G1 = _step(method), envelope_sum(facts, method)
    return 2 * facts["initial_gap"] / (eta * steps) + 2 * facts["weighted_weak_convexity"] * eta * G1


def _smooth(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta = _step(method)
    return facts["initial_gap"] / (eta * steps) + facts["max_norm_smoothness"] * eta / 2


def _smooth_l1(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.sqrt(envelope_sum(facts, method) * _smooth(facts, method, steps))


def _davis(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    alpha, rho = _step(method), facts["weak_convexity"]
    return 2 * (facts["initial_gap"] + rho * facts["second_moment"] * alpha**2 * steps) / (alpha * steps)


WEAKLY = Bound(
    id="STO-8",
    title="plain StoSignSGD on a weakly convex function: Moreau gradients are small on average",
    formula=r"\frac1T\sum_t E\|\nabla\phi(x_t)\|_{W^{-1}}^2 \le \frac{2\Delta}{\eta T}+2\rho\eta\|G\|_1",
    measure=WEIGHTED_MOREAU,
    output=MeanMeasure(),
    value=_weakly,
    kind="expectation",
    assumptions=(COORDINATES_BOUNDED, DOMINATING, CONSTANT_STEPS),
    source=YU,
    provenance="derived",
    evidence=("derived here",),
    remark="Delta is F(x_0) - inf F here, which is at least phi(x_0) - inf F.",
)

SMOOTH = Bound(
    id="STO-9",
    title="plain StoSignSGD on an l-infinity-smooth function, one sample per step",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\|_{W^{-1}}^2 \le \frac{\Delta}{\eta T}+\frac{L\eta}{2}",
    measure=WEIGHTED_GRADIENT,
    output=MeanMeasure(),
    value=_smooth,
    kind="expectation",
    assumptions=(COORDINATES_BOUNDED, DOMINATING, CONSTANT_STEPS),
    source=YU,
    provenance="derived",
    evidence=("derived here",),
)

SMOOTH_L1 = Bound(
    id="STO-9-l1",
    title="plain StoSignSGD on an l-infinity-smooth function: l1 norm of the gradient",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\|_1 \le "
    r"\Big(\|G\|_1\Big(\frac{\Delta}{\eta T}+\frac{L\eta}{2}\Big)\Big)^{1/2}",
    measure=GRADIENT_NORM_L1,
    output=MeanMeasure(),
    value=_smooth_l1,
    kind="expectation",
    assumptions=(COORDINATES_BOUNDED, DOMINATING, CONSTANT_STEPS),
    source=YU,
    provenance="derived",
    evidence=("derived here",),
)

DAVIS = Bound(
    id="WC-01",
    title="the stochastic subgradient method on a weakly convex function",
    formula=r"\frac1T\sum_tE\|\nabla\phi_{1/2\rho}(x_t)\|^2 \le \frac{2(\Delta+\rho L^2\alpha^2T)}{\alpha T}",
    measure=MOREAU,
    output=MeanMeasure(),
    value=_davis,
    kind="expectation",
    assumptions=(CONSTANT_STEPS,),
    source=Source("Davis and Drusvyatskiy", 2018, "1802.02988, theorem 3.1"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    remark="Here L^2 is the second moment of the stochastic subgradient, and Delta is F(x_0) - min F.",
)

BOUNDS = (WEAKLY, SMOOTH, SMOOTH_L1, DAVIS)
