"""Nonsmooth convex optimization from below: what no method of a class, or what a given step rule, can do."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.nonsmooth import minimax
from ratecheck.theory.bounds.step_rules import steps_are
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import CONVEX_LIPSCHITZ
from ratecheck.theory.outputs import Best, Last
from ratecheck.theory.stationarity import GAP
from ratecheck.theory.stationarity.relative import RISE

_HARVEY = Source("Harvey, Liaw, Plan and Randhawa", 2019)


def _minimax(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return minimax(facts, steps)


def _nesterov(reach: int) -> Any:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return facts["lipschitz"] * facts["radius"] / (2 * (reach + np.sqrt(steps + 1)))

    return value


NSL_01 = Bound(
    id="NSL-01",
    title="no method whose points stay in the span of subgradients does better than MR/sqrt(N+1)",
    formula=r"\min_{k\le N} f(x_k)-f^\star \ge \frac{MR}{\sqrt{N+1}}",
    measure=GAP,
    output=Best(),
    value=_minimax,
    side="lower",
    source=Source("Drori and Teboulle", 2016, "appendix A"),
    provenance="paper",
    evidence=("statement read", "derived here"),
    anytime=False,
    tight_on="max-coordinate",
    remark="N steps are N + 1 evaluations. The instance has dimension N + 1.",
    function_class=CONVEX_LIPSCHITZ,
)

NSL_02A = Bound(
    id="NSL-02a",
    title="Nesterov's lower bound, M-Lipschitz on the ball of radius R around x_0",
    formula=r"\min_{k\le N} f(x_k)-f^\star \ge \frac{MR}{2(1+\sqrt{N+1})}",
    measure=GAP,
    output=Best(),
    value=_nesterov(1),
    side="lower",
    source=Source("Nesterov", 2004, "theorem 3.2.1"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    anytime=False,
    tight_on="Nesterov's maximum",
)

NSL_02B = Bound(
    id="NSL-02b",
    title="Nesterov's lower bound, M-Lipschitz on the ball of radius R around x*",
    formula=r"\min_{k\le N} f(x_k)-f^\star \ge \frac{MR}{2(2+\sqrt{N+1})}",
    measure=GAP,
    output=Best(),
    value=_nesterov(2),
    side="lower",
    source=Source("Nesterov", 2018, "theorem 3.2.1"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    anytime=False,
    tight_on="Nesterov's maximum",
)

NSL_03 = Bound(
    id="NSL-03",
    title="lower bound for strongly convex functions that are M-Lipschitz on a ball of radius M/(2 mu)",
    formula=r"\min_{k\le N} f(x_k)-f^\star \ge \frac{M^2}{8\mu (N+1)}",
    measure=GAP,
    output=Best(),
    value=lambda facts, method, steps: facts["lipschitz"] ** 2 / (8 * facts["strong_convexity"] * (steps + 1)),
    side="lower",
    source=Source("Bubeck", 2015, "theorem 3.13"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    anytime=False,
    tight_on="strongly convex maximum",
)

NSL_04 = Bound(
    id="NSL-04",
    title="with steps 1/sqrt(t) the last iterate pays a logarithm",
    formula=r"f(x_{T+1})-f(x_1) \ge \frac{\ln T}{32\sqrt T}",
    measure=RISE,
    output=Last(),
    value=lambda facts, method, steps: np.log(steps) / (32 * np.sqrt(steps)),
    side="lower",
    assumptions=(steps_are("the step is 1/sqrt(t)", lambda facts, N: 1 / np.sqrt(np.arange(1, N + 1))),),
    source=_HARVEY,
    provenance="paper",
    evidence=("recalled", "derived here"),
    anytime=False,
    remark="The gap is at least the rise above the start. Unit ball, subgradients at most 1.",
)

NSL_05 = Bound(
    id="NSL-05",
    title="with steps 1/t on a 1-strongly convex function the last iterate pays a logarithm",
    formula=r"f(x_{T+1})-f(x_1) \ge \frac{\ln T}{4T}",
    measure=RISE,
    output=Last(),
    value=lambda facts, method, steps: np.log(steps) / (4 * steps),
    side="lower",
    assumptions=(steps_are("the step is 1/t", lambda facts, N: 1 / np.arange(1, N + 1)),),
    source=_HARVEY,
    provenance="paper",
    evidence=("recalled",),
    anytime=False,
)

BOUNDS = (NSL_01, NSL_02A, NSL_02B, NSL_03, NSL_04, NSL_05)
