r"""AdaGrad, Adam, AMSGrad and sign descent with decay.

Regret bounds are stated with the realised gradients; here they are evaluated on losses whose coordinates have the
absolute values G_i in every round, so that ||g_{1:T,i}||_2 = G_i sqrt(T) exactly, and an average of squared gradients
is at most G_i^2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS, INVERSE_SQRT_STEPS, step_scale
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import REGRET

REDDI = "Reddi, Kale and Kumar"


def _adagrad_norm(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, D = float(step_scale(method)), facts["diameter"]
    return (D**2 / (2 * eta) + eta) * facts["gradient_bound"] * np.sqrt(steps)


def _adagrad(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, D = float(step_scale(method)), float(facts["widths"].max())
    return (D**2 / (2 * eta) + eta) * float(facts["coordinate_bounds"].sum()) * np.sqrt(steps)


def _adam_linear_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 2 * (facts["large"] - 2) / 3 * steps


def _not_reddi(facts: Facts, method: Any, horizon: int) -> float:
    adam, C = innermost(method), facts["large"]
    beta2 = 1 / (1 + C**2)
    return max(
        abs(adam.beta1),
        abs(adam.beta2 - beta2),
        float(step_scale(method)) / math.sqrt(1 - beta2) - 1,
    )


def amsgrad_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the bound for constant beta1 (Alacaoglu et al., 2020)."""
    m, D, G1 = innermost(method), float(facts["widths"].max()), float(facts["coordinate_bounds"].sum())
    alpha, T = float(step_scale(method)), steps
    descent = D**2 * np.sqrt(T) / (2 * alpha * (1 - m.beta1)) * G1
    noise = alpha * np.sqrt(1 + np.log(T)) / (math.sqrt(1 - m.beta2) * (1 - m.beta1**2 / m.beta2)) * G1 * np.sqrt(T)
    return descent + noise


def _amsgrad_decreasing(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    m, D, G1 = innermost(method), float(facts["widths"].max()), float(facts["coordinate_bounds"].sum())
    alpha, T = float(step_scale(method)), steps
    gamma = m.beta1 / math.sqrt(m.beta2)
    roots = np.array([np.sqrt(np.arange(1, t + 1)).sum() for t in T])
    descent = D**2 * np.sqrt(T) / (alpha * (1 - m.beta1)) * G1
    momentum = D**2 / (2 * (1 - m.beta1)) * m.beta1 * G1 * roots / alpha
    noise = alpha * np.sqrt(1 + np.log(T)) / ((1 - m.beta1) ** 2 * (1 - gamma) * math.sqrt(1 - m.beta2))
    return descent + momentum + noise * G1 * np.sqrt(T)


AD_01 = Bound(
    id="AD-01",
    title="regret of AdaGrad with one step size for all coordinates",
    formula=r"R_T \le \left(\frac{D^2}{2\eta}+\eta\right)\sqrt{\textstyle\sum_t\|g_t\|^2} = \sqrt2\,D\,G\sqrt T",
    measure=REGRET,
    output=Last(),
    value=_adagrad_norm,
    exponent=0.5,
    assumptions=(CONSTANT_STEPS,),
    source=Source("Streeter and McMahan", 2010),
    provenance="paper",
    evidence=("recalled", "derived here"),
)

AD_02 = Bound(
    id="AD-02",
    title="regret of diagonal AdaGrad",
    formula=r"R_T \le \left(\frac{D_\infty^2}{2\eta}+\eta\right)\sum_i\|g_{1:T,i}\|_2",
    measure=REGRET,
    output=Last(),
    value=_adagrad,
    exponent=0.5,
    assumptions=(CONSTANT_STEPS, COORDINATES_BOUNDED),
    source=Source("Duchi, Hazan and Singer", 2011, "theorem 5"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    remark="D is the largest width of the box, not the distance at the start.",
)

AD_03 = Bound(
    id="AD-03",
    title="Adam has linear regret on the losses C, -1, -1, ...",
    formula=r"R_T \ge \frac{2(C-2)}{3}\,T",
    measure=REGRET,
    output=Last(),
    value=_adam_linear_regret,
    side="lower",
    exponent=1.0,
    assumptions=(
        INVERSE_SQRT_STEPS,
        Assumption("beta_1 = 0, beta_2 = 1/(1 + C^2), step size below sqrt(1 - beta_2)", on_setup=_not_reddi),
    ),
    source=Source(REDDI, 2018, "theorem 1"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    tight_on="Reddi-Kale-Kumar losses",
)

AD_05 = Bound(
    id="AD-05",
    title="regret of AMSGrad as first stated",
    formula=r"R_T \le \frac{D_\infty^2\sqrt T}{\alpha(1-\beta_1)}\sum_i\hat v_{T,i}^{1/2}"
    r"+\frac{D_\infty^2}{2(1-\beta_1)}\sum_{t,i}\frac{\beta_{1t}\hat v_{t,i}^{1/2}}{\alpha_t}"
    r"+\frac{\alpha\sqrt{1+\ln T}}{(1-\beta_1)^2(1-\gamma)\sqrt{1-\beta_2}}\sum_i\|g_{1:T,i}\|_2",
    measure=REGRET,
    output=Last(),
    value=_amsgrad_decreasing,
    assumptions=(INVERSE_SQRT_STEPS, COORDINATES_BOUNDED),
    source=Source(REDDI, 2018, "theorem 4, as quoted by Tran and Phong (2019)"),
    provenance="secondary",
    evidence=("statement read",),
    remark="Its proof has a gap (Tran and Phong 2019), and for constant beta_1 the second term grows like T^(3/2).",
)

AD_06 = Bound(
    id="AD-06",
    title="regret of AMSGrad with constant beta_1",
    formula=r"R_T \le \frac{D_\infty^2\sqrt T}{2\alpha(1-\beta_1)}\sum_i\hat v_{T,i}^{1/2}"
    r"+\frac{\alpha\sqrt{1+\ln T}}{\sqrt{1-\beta_2}(1-\beta_1^2/\beta_2)}\sum_i\|g_{1:T,i}\|_2",
    measure=REGRET,
    output=Last(),
    value=amsgrad_regret,
    assumptions=(INVERSE_SQRT_STEPS, COORDINATES_BOUNDED),
    source=Source("Alacaoglu, Malitsky, Mertikopoulos and Cevher", 2020),
    provenance="paper",
    evidence=("recalled",),
)

BOUNDS = (AD_01, AD_02, AD_03, AD_05, AD_06)
