"""Misquotations by one: N steps give N + 1 points, and T evaluations are T - 1 steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import accelerated, heavy_ball, nonsmooth, nonsmooth_lower, online, polyak_step, smooth
from ratecheck.theory.bounds.misquoted import misquoted
from ratecheck.theory.bounds.nonsmooth import minimax
from ratecheck.theory.bounds.step_rules import per_step
from ratecheck.theory.facts import Facts

_ONE_STEP_OFF = "N steps give N + 1 points; the count is off by one"


def _next(true: Bound) -> Any:
    """Return the value of a bound after one step more than was taken."""

    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return true.value(facts, method, steps + 1)

    return value


def _minimax_off_by_one(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return minimax(facts, steps + 1)


def _off(true: Bound, formula: str, value: Any, why: str = _ONE_STEP_OFF) -> Bound:
    return misquoted(true, "count", f"{true.title}, one step off", formula, value, why)


BOUNDS = (
    *(
        _off(true, r"f-f^\star \le \frac{MR}{\sqrt{N+2}}", _minimax_off_by_one)
        for true in (nonsmooth.NS_01, nonsmooth.NS_03, nonsmooth.NS_06, nonsmooth.NS_07, polyak_step.NS_08)
    ),
    _off(
        nonsmooth_lower.NSL_01,
        r"\min_{k\le N} f(x_k)-f^\star \ge \frac{MR}{\sqrt N}",
        lambda facts, method, steps: minimax(facts, steps - 1),
        "MR/sqrt(N) counts N evaluations, which are N - 1 steps",
    ),
    _off(
        smooth.SM_01,
        r"f(x_N)-f^\star \le \frac{LR^2}{4N+4}",
        lambda facts, method, steps: facts["smoothness"] * facts["radius"] ** 2 / (4 * steps + 4),
        "the constant is 2, not 4, at step 1/L",
    ),
    _off(
        smooth.SM_02,
        r"\|\nabla f(x_N)\| \le \frac{LR}{N+2}",
        lambda facts, method, steps: facts["smoothness"] * facts["radius"] / (steps + 2),
    ),
    _off(
        smooth.SM_06,
        r"\min_{k\le N}\|\nabla f(x_k)\|^2 \le \frac{4L\Delta}{3(N+1)}",
        lambda facts, method, steps: 4 * facts["smoothness"] * per_step(facts["initial_gap"]) / (3 * (steps + 1)),
        "the last point adds 2, not 3, at step 1/L",
    ),
    _off(
        accelerated.SM_10,
        r"f(x_N)-f^\star \le \frac{2LR^2}{(N+3)^2}",
        lambda facts, method, steps: 2 * facts["smoothness"] * facts["radius"] ** 2 / (steps + 3) ** 2,
        "(N+2)(N+3) is not (N+3)^2",
    ),
    _off(accelerated.SM_13, r"f(y_N)-f^\star \le \frac{LR^2}{2\theta_{N+1}^2}", _next(accelerated.SM_13)),
    _off(accelerated.SM_15, r"f(x_N)-f^\star \le \rho^{2(N+1)}\frac{L\kappa}{2}R^2", _next(accelerated.SM_15)),
    _off(accelerated.SM_16, r"\|z_N-x^\star\|^2 \le \frac{R^2}{1+qA_{N+1}}", _next(accelerated.SM_16)),
    _off(heavy_ball.HB_02, r"f(x_N)-f^\star \le \frac{LR^2}{2(N+2)}", _next(heavy_ball.HB_02)),
    _off(
        online.OCO_01,
        r"\mathrm{Reg}_T \le DG\sqrt{T-1}",
        lambda facts, method, steps: facts["diameter"] * facts["gradient_bound"] * np.sqrt(steps - 1),
        "every round costs, the first one too",
    ),
)
