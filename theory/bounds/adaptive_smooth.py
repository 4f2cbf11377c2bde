"""Adam and AdaGrad on smooth nonconvex functions, the size of Adam's updates, sign descent with decay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.adaptive_outputs import LastMove, LateMean
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.bounds.stosign_law import LARGEST_ENTRY
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS, step_scale
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last, MeanMeasure
from ratecheck.theory.stationarity import GAP, SQUARED_GRADIENT_NORM

DEFOSSEZ = "Defossez, Bottou, Bach and Usunier"


def _gradient_range(facts: Facts, method: Any) -> float:
    """Return R with every entry of a gradient at most R - sqrt(eps)."""
    return float(np.max(facts["coordinate_bounds"])) + math.sqrt(innermost(method).eps)


def _adagrad_nonconvex(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    m, alpha, R = innermost(method), float(step_scale(method)), _gradient_range(facts, method)
    d, L = len(facts["x_star"]), facts["smoothness"]
    N = steps
    first = 2 * R * facts["initial_gap"] / (alpha * np.sqrt(N))
    return first + (4 * d * R**2 + alpha * d * R * L) * np.log(1 + N * R**2 / m.eps) / np.sqrt(N)


def _adam_nonconvex(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    m, alpha, R = innermost(method), float(step_scale(method)), _gradient_range(facts, method)
    d, L, b2 = len(facts["x_star"]), facts["smoothness"], m.beta2
    E = 4 * d * R**2 / math.sqrt(1 - b2) + alpha * d * R * L / (1 - b2)
    N = steps
    growth = np.log(1 + R**2 / ((1 - b2) * m.eps)) / N - math.log(b2)
    return 2 * R * facts["initial_gap"] / (alpha * N) + E * growth


def _adam_momentum_nonconvex(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    m, alpha, R = innermost(method), float(step_scale(method)), _gradient_range(facts, method)
    d, L, b1, b2 = len(facts["x_star"]), facts["smoothness"], m.beta1, m.beta2
    ratio = 1 - b1 / b2
    E = (
        alpha * d * R * L * (1 - b1) / (ratio * (1 - b2))
        + 12 * d * R**2 * math.sqrt(1 - b1) / (ratio**1.5 * math.sqrt(1 - b2))
        + 2 * alpha**2 * d * L**2 * b1 / (ratio * (1 - b2) ** 1.5)
    )
    effective = steps - b1 / (1 - b1)
    # The theorem starts where the effective number of steps is positive.
    late = np.where(effective > 0, effective, np.nan)
    growth = np.log(1 + R**2 / ((1 - b2) * m.eps)) / late - steps / late * math.log(b2)
    return np.nan_to_num(2 * R * facts["initial_gap"] / (alpha * late) + E * growth, nan=np.inf)


def update_limit(beta1: float, beta2: float) -> float:
    """Return the largest |m|/sqrt(v) of two moving averages of any gradients, for beta1^2 < beta2."""
    return (1 - beta1) / math.sqrt((1 - beta2) * (1 - beta1**2 / beta2))


def _update_size(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    m = innermost(method)
    return np.full(steps.shape, float(step_scale(method)) * update_limit(m.beta1, m.beta2))


def _kingma_update_size(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    m = innermost(method)
    limit = max(1.0, (1 - m.beta1) / math.sqrt(1 - m.beta2))
    return np.full(steps.shape, float(step_scale(method)) * limit)


def _frank_wolfe(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    H, decay = float(facts["coordinate_smoothness"].sum()), innermost(method).weight_decay
    return 8 * H / (decay**2 * (steps + 2))


def _not_frank_wolfe(facts: Facts, method: Any, horizon: int) -> float:
    decay = innermost(method).weight_decay
    return max(abs(decay * float(step_scale(method, k)) * (k + 2) / 2 - 1) for k in (0, 1, horizon - 1))


def _constant_frank_wolfe(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    H, decay, eta = float(facts["coordinate_smoothness"].sum()), innermost(method).weight_decay, step_scale(method)
    return (1 - decay * float(eta)) ** steps * facts["initial_gap"] + 2 * H * float(eta) / decay


def _minimiser_outside(facts: Facts, method: Any, horizon: int) -> float:
    return innermost(method).weight_decay * float(np.max(np.abs(facts["x_star"]))) - 1


MINIMISER_INSIDE = Assumption("the minimiser is in the box of half-width 1/lambda", on_setup=_minimiser_outside)

AD_07 = Bound(
    id="AD-07",
    title="AdaGrad on smooth nonconvex functions with bounded gradients",
    formula=r"E\|\nabla F(x_\tau)\|^2 \le \frac{2R\Delta}{\alpha\sqrt N}"
    r"+\frac{4dR^2+\alpha dRL}{\sqrt N}\ln\!\left(1+\frac{NR^2}{\varepsilon}\right)",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_adagrad_nonconvex,
    kind="expectation",
    assumptions=(CONSTANT_STEPS, COORDINATES_BOUNDED),
    source=Source(DEFOSSEZ, 2022, "theorem 1"),
    provenance="secondary",
    evidence=("statement read",),
    remark="Every entry of a gradient is at most R - sqrt(eps); tau is uniform.",
)

AD_08 = Bound(
    id="AD-08",
    title="Adam without momentum on smooth nonconvex functions with bounded gradients",
    formula=r"E\|\nabla F(x_\tau)\|^2 \le \frac{2R\Delta}{\alpha N}"
    r"+E\left(\frac1N\ln\!\left(1+\frac{R^2}{(1-\beta_2)\varepsilon}\right)-\ln\beta_2\right)",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_adam_nonconvex,
    kind="expectation",
    assumptions=(CONSTANT_STEPS, COORDINATES_BOUNDED),
    source=Source(DEFOSSEZ, 2022, "theorem 2"),
    provenance="paper",
    evidence=("statement read",),
    remark="E = 4 d R^2/sqrt(1 - beta_2) + alpha d R L/(1 - beta_2); the term with -ln beta_2 does not vanish.",
)

AD_09 = Bound(
    id="AD-09",
    title="Adam with momentum 0.9 on smooth nonconvex functions with bounded gradients",
    formula=r"E\|\nabla F(x_\tau)\|^2 \le \frac{2R\Delta}{\alpha\tilde N}+E\left(\frac{1}{\tilde N}"
    r"\ln\!\left(1+\frac{R^2}{(1-\beta_2)\varepsilon}\right)-\frac{N}{\tilde N}\ln\beta_2\right),"
    r"\quad \tilde N=N-\frac{\beta_1}{1-\beta_1}",
    measure=SQUARED_GRADIENT_NORM,
    output=LateMean(0.9),
    value=_adam_momentum_nonconvex,
    kind="expectation",
    assumptions=(CONSTANT_STEPS, COORDINATES_BOUNDED),
    source=Source(DEFOSSEZ, 2022, "theorem 4"),
    provenance="paper",
    evidence=("statement read",),
    remark="P(tau = j) is proportional to 1 - beta_1^(N-j).",
)

AD_10 = Bound(
    id="AD-10",
    title="the largest update of Adam",
    formula=r"\frac{|x_{t+1}-x_t|}{\alpha} \le \frac{1-\beta_1}{\sqrt{(1-\beta_2)(1-\beta_1^2/\beta_2)}}",
    measure=LARGEST_ENTRY,
    output=LastMove(),
    value=_update_size,
    assumptions=(CONSTANT_STEPS,),
    source=Source("ratecheck", 2026, "Cauchy-Schwarz with the weights beta_1^j"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="growing losses",
    remark="Without bias correction at every t; with it in the limit.",
)

AD_10K = Bound(
    id="AD-10k",
    title="the largest update of Adam as its authors state it",
    formula=r"\frac{|x_{t+1}-x_t|}{\alpha} \le \max\left\{1,\frac{1-\beta_1}{\sqrt{1-\beta_2}}\right\}",
    measure=LARGEST_ENTRY,
    output=LastMove(),
    value=_kingma_update_size,
    assumptions=(CONSTANT_STEPS,),
    source=Source("Kingma and Ba", 2015, "section 2.1"),
    provenance="paper",
    evidence=("recalled",),
    remark="False: gradients proportional to (beta_1/beta_2)^j exceed it.",
)

AD_12 = Bound(
    id="AD-12",
    title="sign descent with decoupled decay is Frank-Wolfe: weights 2/(t+2)",
    formula=r"f(x_T)-f^\star \le \frac{8H}{\lambda^2(T+2)}",
    measure=GAP,
    output=Last(),
    value=_frank_wolfe,
    assumptions=(
        Assumption("lambda times the step size is 2/(t+2)", on_setup=_not_frank_wolfe),
        MINIMISER_INSIDE,
    ),
    exponent=-1.0,
    source=Source("Xie and Li", 2024, "cf. theorem 3.5"),
    provenance="derived",
    evidence=("derived here",),
    remark="H is the smoothness in the norm of the largest entry, sum L_i; f* is over the box of half-width 1/lambda.",
)

AD_12C = Bound(
    id="AD-12c",
    title="sign descent with decoupled decay and a constant step",
    formula=r"f(x_T)-f^\star \le (1-\lambda\eta)^T(f(x_0)-f^\star)+\frac{2H\eta}{\lambda}",
    measure=GAP,
    output=Last(),
    value=_constant_frank_wolfe,
    assumptions=(CONSTANT_STEPS, MINIMISER_INSIDE),
    source=Source("Xie and Li", 2024, "cf. theorem 3.5"),
    provenance="derived",
    evidence=("derived here",),
)

BOUNDS = (AD_07, AD_08, AD_09, AD_10, AD_10K, AD_12, AD_12C)
