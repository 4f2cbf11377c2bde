r"""The heavy ball :math:`x_{t+1} = x_t - \alpha\nabla f(x_t) + \beta(x_t - x_{t-1})`, with x_{-1} = x_0.

That no (alpha, beta) gives an accelerated rate on all smooth strongly convex functions (Goujaud, Taylor and Dieuleveut
2023) is shown here by one instance only: Lessard's cycle, for Polyak's tuning.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.step_rules import per_step
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import QUADRATIC
from ratecheck.theory.outputs import Average, Last
from ratecheck.theory.stationarity import DISTANCE, GAP

CYCLE_MINIMUM = 792 / 1225  # smallest |x| on Lessard's cycle


def spectral_rate(facts: Facts) -> float:
    """Return q = (sqrt(kappa)-1)/(sqrt(kappa)+1)."""
    root = math.sqrt(facts["smoothness"] / facts["strong_convexity"])
    return (root - 1) / (root + 1)


def _average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    alpha, beta = innermost(method).step_size, innermost(method).momentum
    potential = beta / (1 - beta) * per_step(facts["initial_gap"]) + (1 - beta) / (2 * alpha) * facts["radius"] ** 2
    return potential / (steps + 1)


def _average_step(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    return float(inner.step_size * facts["smoothness"] / (1 - inner.momentum) - 1)


def _linear(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    alpha = innermost(method).step_size
    return (1 - alpha * facts["strong_convexity"]) ** steps * per_step(facts["initial_gap"])


def _linear_momentum(facts: Facts, method: Any, horizon: int) -> float:
    alpha, beta = innermost(method).step_size, innermost(method).momentum
    wanted = math.sqrt((1 - alpha * facts["strong_convexity"]) * max(1 - alpha * facts["smoothness"], 0.0))
    return max(abs(beta - wanted), alpha * facts["smoothness"] - 1)


def _polyak_tuning(facts: Facts, method: Any, horizon: int) -> float:
    alpha, beta = innermost(method).step_size, innermost(method).momentum
    wanted = 4 / (math.sqrt(facts["smoothness"]) + math.sqrt(facts["strong_convexity"])) ** 2
    return max(abs(alpha / wanted - 1), abs(beta / spectral_rate(facts) ** 2 - 1))


def _transient(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    q = spectral_rate(facts)
    return (1 + steps * (1 + q)) * q**steps * facts["radius"]


POLYAK_TUNING = Assumption("alpha = 4/(sqrt L + sqrt mu)^2 and beta = q^2", on_setup=_polyak_tuning)

HB_01 = Bound(
    id="HB-01",
    title="heavy ball on smooth convex functions: average of all points",
    formula=r"f(\bar x)-f^\star \le \frac{1}{N+1}\Bigl[\frac{\beta}{1-\beta}\Delta+\frac{1-\beta}{2\alpha}R^2\Bigr]",
    measure=GAP,
    output=Average(include_last=True),
    value=_average,
    exponent=-1.0,
    assumptions=(Assumption("alpha is at most (1-beta)/L", on_setup=_average_step),),
    source=Source("Ghadimi, Feyzmahdavian and Johansson", 2015, "theorem 1"),
    provenance="paper",
    evidence=("recalled", "performance estimation"),
)

HB_02 = Bound(
    id="HB-02",
    title="heavy ball with alpha_t = 1/(L(t+2)), beta_t = t/(t+2)",
    formula=r"f(x_N)-f^\star \le \frac{LR^2}{2(N+1)}",
    measure=GAP,
    output=Last(),
    value=lambda facts, method, steps: facts["smoothness"] * facts["radius"] ** 2 / (2 * (steps + 1)),
    exponent=-1.0,
    anytime=False,
    source=Source("Goujaud, Taylor and Dieuleveut", 2022, "theorems 2.3 and 2.4"),
    provenance="paper",
    evidence=("statement read", "performance estimation"),
    tight_on="Huber",
    remark="Holds for all convex functions with f - f* <= (L/2) dist^2.",
)

HB_03 = Bound(
    id="HB-03",
    title="heavy ball with beta = sqrt((1-alpha mu)(1-alpha L)) on smooth strongly convex functions",
    formula=r"f(x_N)-f^\star \le (1-\alpha\mu)^N\Delta",
    measure=GAP,
    output=Last(),
    value=_linear,
    assumptions=(Assumption("alpha <= 1/L and beta = sqrt((1-alpha mu)(1-alpha L))", on_setup=_linear_momentum),),
    source=Source("Ghadimi, Feyzmahdavian and Johansson", 2015, "theorem 4"),
    provenance="paper",
    evidence=("statement read", "performance estimation"),
)

HB_04 = Bound(
    id="HB-04",
    title="heavy ball with Polyak's tuning on quadratics: the transient factor",
    formula=r"\|x_N-x^\star\| \le (1+N(1+q))\,q^N R,\quad q=\frac{\sqrt\kappa-1}{\sqrt\kappa+1}",
    measure=DISTANCE,
    output=Last(),
    value=_transient,
    assumptions=(POLYAK_TUNING,),
    source=Source("Polyak", 1964, "spectral rate; the factor is derived here"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="half square with curvature L",
    remark="At curvature L the recursion has the double root -q, and x_N = (1+N(1+q))(-q)^N x_0.",
    function_class=QUADRATIC,
)

HB_05 = Bound(
    id="HB-05",
    title="heavy ball with Polyak's tuning can cycle on a smooth strongly convex function",
    formula=r"\liminf_{N} |x_N-x^\star| \ge 792/1225",
    measure=DISTANCE,
    output=Last(),
    value=lambda facts, method, steps: np.full(steps.shape, CYCLE_MINIMUM),
    side="lower",
    assumptions=(POLYAK_TUNING,),
    source=Source("Lessard, Recht and Packard", 2016),
    provenance="paper",
    evidence=("recalled", "derived here"),
    anytime=False,
    tight_on="Lessard's function",
    remark="The cycle 792/1225, -2208/1225, 2592/1225 attracts: rounding is reached after 100 steps.",
)

BOUNDS = (HB_01, HB_02, HB_03, HB_04, HB_05)
