r"""Nonsmooth convex optimization: subgradients bounded by M, R the distance from x_0 to a minimiser.

N counts *steps*, so that there are N + 1 points x_0, ..., x_N. "T evaluations" in other texts is N = T - 1 where the
last evaluated point is the output: most off-by-one misquotations come from here.

All but the last-iterate theorems follow from summing the basic inequality
:math:`\|x_{k+1}-z\|^2 \le \|x_k-z\|^2 - 2\gamma_k (f(x_k)-f(z)) + \gamma_k^2 \|g_k\|^2`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.step_rules import steps_are, used_steps
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Best, Last
from ratecheck.theory.stationarity import GAP

ZAMANI_GLINEUR = Source("Zamani and Glineur", 2023, "arXiv 2307.11134")


def minimax(facts: Facts, steps: IntArray) -> FloatArray:
    """Return MR/sqrt(N+1), the best that any method can guarantee after N steps."""
    return facts["lipschitz"] * facts["radius"] / np.sqrt(steps + 1)


def last_iterate_square(steps: int) -> float:
    """Return s_{N+1}^2 of the recursion s_1 = 1, s_{j+1} = s_j + 1/s_j."""
    s = 1.0
    for _ in range(steps):
        s += 1 / s
    return s * s


def best_last_iterate_step(facts: Facts, horizon: int) -> float:
    """Return R/(M s sqrt(s^2 - 2N)), the constant step that is best for the last iterate."""
    s2 = last_iterate_square(horizon)
    return facts["radius"] / (facts["lipschitz"] * math.sqrt(s2 * (s2 - 2 * horizon)))


def _constant_step_best(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    M, R, gamma = facts["lipschitz"], facts["radius"], innermost(method).step_size
    return R**2 / (2 * (steps + 1) * gamma) + gamma * M**2 / 2


def _constant_step_average(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    M, R, gamma = facts["lipschitz"], facts["radius"], innermost(method).step_size
    short = gamma <= R / (M * (steps + 1))
    return np.where(short, M * R - gamma * M**2 * steps / 2, _constant_step_best(facts, method, steps))


def _constant_step_last(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    M, R, gamma = facts["lipschitz"], facts["radius"], innermost(method).step_size
    s2 = np.array([last_iterate_square(int(N)) for N in steps])
    short = gamma <= R / (M * s2)
    long_steps = R**2 / (2 * gamma * s2) + gamma * M**2 / 2 * (s2 - 2 * steps)
    return np.where(short, M * R - steps * gamma * M**2, long_steps)


def _sums_of_lengths(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    M, R = facts["lipschitz"], facts["radius"]
    r = used_steps(method, int(steps[-1]) + 1)
    return M * (R**2 + np.cumsum(r**2)[steps]) / (2 * np.cumsum(r)[steps])


def _minimax(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return minimax(facts, steps)


_BEST_FOR_LAST = steps_are(
    "the step is the best constant one for the last iterate",
    lambda facts, N: np.array([best_last_iterate_step(facts, N)]),
)
_LINEAR_DECAY = steps_are(
    "the step is R(N-k)/(M (N+1)^(3/2)), k = 0, ..., N-1",
    lambda facts, N: facts["radius"] * np.arange(N, 0, -1) / (facts["lipschitz"] * (N + 1) ** 1.5),
)
_HORIZON_STEP = steps_are(
    "the step is R/(M sqrt(N+1))",
    lambda facts, N: np.array([facts["radius"] / (facts["lipschitz"] * math.sqrt(N + 1))]),
)


def _bounded(*others: Assumption) -> tuple[Assumption, ...]:
    return (SUBGRADIENTS_BOUNDED, *others)


NS_01 = Bound(
    id="NS-01",
    title="best iterate of the subgradient method with a constant step",
    formula=r"\min_{k\le N} f(x_k)-f^\star \le \frac{R^2}{2(N+1)\gamma}+\frac{\gamma M^2}{2}",
    measure=GAP,
    output=Best(),
    value=_constant_step_best,
    exponent=-0.5,
    assumptions=_bounded(),
    source=Source("Nesterov", 2004, "section 3.2.3"),
    provenance="paper",
    evidence=("derived here", "performance estimation"),
    anytime=False,
    tight_on="max-coordinate",
    remark="With the best step R/(M sqrt(N+1)) the value is MR/sqrt(N+1), attained on max-coordinate.",
)

NS_02 = Bound(
    id="NS-02",
    title="best iterate of the subgradient method with steps of given lengths",
    formula=r"\min_{k\le N} f(x_k)-f^\star \le M\frac{R^2+\sum_{k\le N} r_k^2}{2\sum_{k\le N} r_k}",
    measure=GAP,
    output=Best(),
    value=_sums_of_lengths,
    exponent=-0.5,
    assumptions=_bounded(),
    source=Source("Nesterov", 2004, "theorem 3.2.2"),
    provenance="paper",
    evidence=("derived here",),
    anytime=False,
    tight_on="max-coordinate",
)

NS_03 = Bound(
    id="NS-03",
    title="average iterate of the subgradient method with a constant step",
    formula=r"f(\bar x)-f^\star \le \begin{cases} MR-\gamma M^2N/2 & \gamma\le R/(M(N+1)) \\ "
    r"\frac{R^2}{2(N+1)\gamma}+\frac{\gamma M^2}{2} & \text{else} \end{cases}",
    measure=GAP,
    output=Average(include_last=True),
    value=_constant_step_average,
    assumptions=_bounded(),
    source=Source("ratecheck; the second branch is classical", 2026),
    provenance="derived",
    evidence=("derived here", "performance estimation"),
    anytime=False,
    tight_on="equiangular",
    remark="Exact for every step. First branch: compare with the point of [x_0, x*] where the branches meet; a linear "
    "function attains it.",
)

NS_05 = Bound(
    id="NS-05",
    title="last iterate of the subgradient method with a constant step",
    formula=r"f(x_N)-f^\star \le \begin{cases} MR-N\gamma M^2 & \gamma\le R/(Ms^2) \\ "
    r"\frac{R^2}{2\gamma s^2}+\frac{\gamma M^2}{2}(s^2-2N) & \text{else} \end{cases},"
    r"\quad s=s_{N+1},\; s_1=1,\; s_{j+1}=s_j+1/s_j",
    measure=GAP,
    output=Last(),
    value=_constant_step_last,
    assumptions=_bounded(),
    source=ZAMANI_GLINEUR,
    provenance="paper",
    evidence=("derived here", "performance estimation"),
    anytime=False,
    tight_on="chain of correlations",
    remark="The first branch is derived here, as in NS-03. Exact for every step; the best one gives MR sqrt(1-2N/s^2).",
)

NS_05_ENVELOPE = Bound(
    id="NS-05-envelope",
    title="last iterate with the best constant step, in closed form",
    formula=r"f(x_N)-f^\star \le MR\,\frac{\sqrt{1+\ln(N)/4}}{\sqrt{N+1}}",
    measure=GAP,
    output=Last(),
    value=lambda facts, method, steps: minimax(facts, steps) * np.sqrt(1 + np.log(steps) / 4),
    exponent=-0.5,
    assumptions=_bounded(_BEST_FOR_LAST),
    source=ZAMANI_GLINEUR,
    provenance="paper",
    evidence=("statement read", "performance estimation"),
    anytime=False,
    remark="Equality at N = 1 only; 0.94 to 0.96 of it is attained later.",
)

NS_06 = Bound(
    id="NS-06",
    title="last iterate of the subgradient method with linearly decaying steps",
    formula=r"f(x_N)-f^\star \le \frac{MR}{\sqrt{N+1}}",
    measure=GAP,
    output=Last(),
    value=_minimax,
    exponent=-0.5,
    assumptions=_bounded(_LINEAR_DECAY),
    source=ZAMANI_GLINEUR,
    provenance="paper",
    evidence=("statement read", "performance estimation"),
    anytime=False,
    tight_on="max-coordinate",
    remark="Also Defazio et al. (2023). No method does better: NSL-01.",
)

NS_07 = Bound(
    id="NS-07",
    title="last iterate of the quasi-monotone subgradient method",
    formula=r"f(x_N)-f^\star \le \frac{MR}{\sqrt{N+1}}",
    measure=GAP,
    output=Last(),
    value=_minimax,
    exponent=-0.5,
    assumptions=_bounded(_HORIZON_STEP),
    source=Source("Drori and Taylor", 2020, "arXiv 1803.05676"),
    provenance="paper",
    evidence=("recalled", "performance estimation"),
    anytime=False,
    tight_on="max-coordinate",
)

BOUNDS = (NS_01, NS_02, NS_03, NS_05, NS_05_ENVELOPE, NS_06, NS_07)
