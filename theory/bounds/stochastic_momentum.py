r"""Stochastic gradients on nonconvex functions, and with momentum.

Key steps: MOM-01 follows :math:`z = x+\frac{\beta}{1-\beta}(x-x_{\text{previous}})`, which moves by
:math:`-\alpha g/(1-\beta)`, and uses convexity twice. MOM-02: :math:`\langle g, z-x^\star\rangle \ge
(1+\lambda)(f_t-f^\star)-\lambda(f_{t-1}-f^\star)` and :math:`E\|g\|^2\le 4L(f_t-f^\star)+2s^2`.
MOM-03: :math:`z_t-x_t = -\alpha\beta m_{t-1}/(1-\beta)`, with m split into noise and gradients.
"""

from __future__ import annotations

from typing import Any

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.stochastic import constant_step, second_moment
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Last, MeanMeasure
from ratecheck.theory.stationarity import GAP, SQUARED_GRADIENT_NORM


def _nonconvex(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, L = constant_step(method), facts["smoothness"]
    progress = 2 * facts["initial_gap"] / (gamma * steps)
    return (progress + gamma * L * facts["noise_variance"]) / (2 - gamma * L)


def _growing_batch(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (2 * facts["smoothness"] * facts["initial_gap"] + facts["sample_variance"]) / steps


def _heavy_ball(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    alpha, beta, T = constant_step(method), innermost(method).momentum, steps
    start = beta * facts["initial_gap"] / (1 - beta) + (1 - beta) * facts["radius"] ** 2 / (2 * alpha)
    return start / (T + 1) + alpha * second_moment(facts) / (2 * (1 - beta))


def _iterate_averaging(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta = constant_step(method)
    return facts["radius"] ** 2 / (eta * (steps + 1)) + 2 * eta * facts["noise_at_optimum"]


def _averaged_momentum(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    alpha, beta = constant_step(method), innermost(method).momentum
    L, s2 = facts["smoothness"], facts["noise_variance"]
    noise = L * alpha * s2 / 2 + alpha**2 * L**2 * beta**2 * s2 / (1 - beta**2)
    return 16 / 5 * (facts["initial_gap"] / (alpha * steps) + noise)


def _unstable(facts: Facts, method: Any, horizon: int) -> float:
    return constant_step(method) * facts["smoothness"] / 2 - 1


def _not_inverse_smoothness(facts: Facts, method: Any, horizon: int) -> float:
    return abs(constant_step(method) * facts["smoothness"] - 1)


def _batch_differs(facts: Facts, method: Any, horizon: int) -> float:
    return float(abs(facts["noise_variance"] * horizon / facts["sample_variance"] - 1))


def _quarter_sample_step(facts: Facts, method: Any, horizon: int) -> float:
    return 4 * constant_step(method) * facts["sample_smoothness"] - 1


def _long_average(facts: Facts, method: Any, horizon: int) -> float:
    return 4 * constant_step(method) * facts["smoothness"] / (1 - innermost(method).momentum) - 1


NC_01 = Bound(
    id="NC-01",
    title="mean squared gradient of SGD on a smooth nonconvex function",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\|^2 \le \frac{2\Delta/(\gamma T)+\gamma L\sigma^2}{2-\gamma L}",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_nonconvex,
    kind="expectation",
    assumptions=(Assumption("gamma is at most 2/L", on_setup=_unstable),),
    source=Source("Ghadimi and Lan", 2013),
    provenance="paper",
    evidence=("recalled", "derived here"),
    tight_on="half square with additive noise",
    remark="It is a statement about stationary points: no bound of this kind promises a local minimum.",
)

NC_02 = Bound(
    id="NC-02",
    title="mean squared gradient of SGD with batches as large as the number of steps",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\|^2 \le \frac{2L\Delta+\sigma^2}{\sqrt N},\qquad N=T^2",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_growing_batch,
    kind="expectation",
    anytime=False,
    assumptions=(
        Assumption("gamma is 1/L", on_setup=_not_inverse_smoothness),
        Assumption("each answer is the mean of T samples", on_setup=_batch_differs),
    ),
    source=Source("Bernstein, Wang, Azizzadenesheli and Anandkumar", 2018, "section 3"),
    provenance="paper",
    evidence=("statement read", "derived here"),
)

MOM_01 = Bound(
    id="MOM-01",
    title="average of the stochastic heavy ball",
    formula=r"E f(\bar x)-f^\star \le \frac{\beta\Delta}{(1-\beta)(T+1)}+\frac{(1-\beta)R^2}{2\alpha(T+1)}"
    r"+\frac{\alpha G^2}{2(1-\beta)}",
    measure=GAP,
    output=Average(include_last=True),
    value=_heavy_ball,
    kind="expectation",
    assumptions=(SUBGRADIENTS_BOUNDED, CONSTANT_STEPS),
    source=Source("Yang, Lin and Li", 2016, "theorem 1"),
    provenance="paper",
    evidence=("recalled", "derived here"),
)

MOM_02 = Bound(
    id="MOM-02",
    title="last iterate of the stochastic heavy ball in its averaging form",
    formula=r"E f(x_T)-f^\star \le \frac{R^2}{\eta(T+1)}+2\eta s^2",
    measure=GAP,
    output=Last(),
    value=_iterate_averaging,
    kind="expectation",
    assumptions=(Assumption("eta is at most 1/(4 L_max)", on_setup=_quarter_sample_step),),
    source=Source("Sebbouh, Gower and Defazio", 2021),
    provenance="paper",
    evidence=("recalled", "derived here"),
)

MOM_03 = Bound(
    id="MOM-03",
    title="mean squared gradient of averaged momentum on a smooth nonconvex function",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\|^2 \le \frac{16}{5}\Bigl[\frac{\Delta}{\alpha T}"
    r"+\frac{L\alpha\sigma^2}{2}+\frac{\alpha^2L^2\beta^2\sigma^2}{1-\beta^2}\Bigr]",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_averaged_momentum,
    kind="expectation",
    assumptions=(Assumption("alpha is at most (1-beta)/(4L)", on_setup=_long_average),),
    source=Source("Yang, Lin and Li", 2016, "compare; constants derived here"),
    provenance="derived",
    evidence=("derived here",),
)

BOUNDS = (NC_01, NC_02, MOM_01, MOM_02, MOM_03)
