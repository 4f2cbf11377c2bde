"""Subgradient methods with decaying steps: no horizon needed, and what that costs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.step_rules import steps_are, used_steps
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Best, Last
from ratecheck.theory.schedules import Halving, step_sizes
from ratecheck.theory.stationarity import GAP


def _sums_of_steps(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    M, R = facts["lipschitz"], facts["radius"]
    gamma = used_steps(method, int(steps[-1]) + 1)
    return (R**2 + M**2 * np.cumsum(gamma**2)[steps]) / (2 * np.cumsum(gamma)[steps])


def inverse_square_root_weight(k: int) -> float:
    """Return the weight of x_k that is proportional to a step c/sqrt(k+1)."""
    return 1 / math.sqrt(k + 1)


_INVERSE_SQRT = steps_are(
    "the step is R/(M sqrt(k+1))",
    lambda facts, N: facts["radius"] / (facts["lipschitz"] * np.sqrt(np.arange(1, N + 1))),
)

_HALVING = steps_are(
    "the step is halved at each half of the remaining time, from D/(M sqrt(T))",
    lambda facts, N: step_sizes(Halving(facts["diameter"] / facts["lipschitz"], N + 1), N),
)

_STRONGLY_CONVEX_STEP = steps_are(
    "the step is 2/(mu(t+1)), t = 1, 2, ...",
    lambda facts, N: 2 / (facts["strong_convexity"] * (np.arange(N) + 2)),
)

NS_04 = Bound(
    id="NS-04",
    title="best iterate of the subgradient method with any step sizes",
    formula=r"\min_{k\le N} f(x_k)-f^\star \le \frac{R^2+M^2\sum_{k\le N}\gamma_k^2}{2\sum_{k\le N}\gamma_k}",
    measure=GAP,
    output=Best(),
    value=_sums_of_steps,
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Shor; Nesterov", 2004, "section 3.2.3"),
    provenance="derived",
    evidence=("derived here", "performance estimation"),
)

NS_04_AVERAGE = Bound(
    id="NS-04-average",
    title="step-weighted average of the subgradient method with steps c/sqrt(k+1)",
    formula=r"f(\bar x_\gamma)-f^\star \le \frac{R^2+M^2\sum_{k\le N}\gamma_k^2}{2\sum_{k\le N}\gamma_k}",
    measure=GAP,
    output=Average(include_last=True, weight=inverse_square_root_weight),
    value=_sums_of_steps,
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Nemirovski and Yudin; Nesterov", 2004, "section 3.2.3"),
    provenance="derived",
    evidence=("derived here", "performance estimation"),
    remark="Exact from N = 10 on by performance estimation.",
)

NS_04_CLOSED = Bound(
    id="NS-04-closed",
    title="best iterate with steps R/(M sqrt(k+1)), in closed form",
    formula=r"\min_{k\le N} f(x_k)-f^\star \le MR\frac{2+\ln(N+1)}{4(\sqrt{N+2}-1)}",
    measure=GAP,
    output=Best(),
    value=lambda facts, method, steps: (
        facts["lipschitz"] * facts["radius"] * (2 + np.log(steps + 1)) / (4 * (np.sqrt(steps + 2) - 1))
    ),
    assumptions=(SUBGRADIENTS_BOUNDED, _INVERSE_SQRT),
    source=Source("ratecheck, from the sums of steps", 2026),
    provenance="derived",
    evidence=("derived here",),
)

NS_10 = Bound(
    id="NS-10",
    title="last iterate with halved steps",
    formula=r"f(x_T)-f^\star \le \frac{15\,MD}{\sqrt{T}},\quad T=N+1",
    measure=GAP,
    output=Last(),
    value=lambda facts, method, steps: 15 * facts["lipschitz"] * facts["diameter"] / np.sqrt(steps + 1),
    exponent=-0.5,
    assumptions=(SUBGRADIENTS_BOUNDED, _HALVING),
    source=Source("Jain, Nagaraj and Netrapalli", 2019, "arXiv 1904.12443"),
    provenance="paper",
    evidence=("recalled",),
    anytime=False,
    remark="The constant is for existence only: by performance estimation the worst case is below 1.16 MR/sqrt(T).",
)

NS_11 = Bound(
    id="NS-11",
    title="last iterate with steps c/sqrt(t) on a bounded set",
    formula=r"f(x_T)-f^\star \le \Bigl(\frac{D^2}{c}+cM^2\Bigr)\frac{2+\ln T}{\sqrt T},\quad T=N+1",
    measure=GAP,
    output=Last(),
    value=lambda facts, method, steps: (
        (facts["diameter"] ** 2 / used_steps(method, 1)[0] + used_steps(method, 1)[0] * facts["lipschitz"] ** 2)
        * (2 + np.log(steps + 1))
        / np.sqrt(steps + 1)
    ),
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Shamir and Zhang", 2013, "theorem 2"),
    provenance="paper",
    evidence=("recalled",),
)

NS_12 = Bound(
    id="NS-12",
    title="strongly convex functions: average with weights t",
    formula=r"f(\bar x)-f^\star \le \frac{2M^2}{\mu(T+1)}",
    measure=GAP,
    output=Average(weight=lambda k: k + 1.0),
    value=lambda facts, method, steps: 2 * facts["lipschitz"] ** 2 / (facts["strong_convexity"] * (steps + 1)),
    exponent=-1.0,
    assumptions=(SUBGRADIENTS_BOUNDED, _STRONGLY_CONVEX_STEP),
    source=Source("Lacoste-Julien, Schmidt and Bach", 2012),
    provenance="paper",
    evidence=("recalled", "derived here"),
)

BOUNDS = (NS_04, NS_04_AVERAGE, NS_04_CLOSED, NS_10, NS_11, NS_12)
