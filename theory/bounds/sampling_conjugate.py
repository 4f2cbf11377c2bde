r"""SCS-R, stochastic conjugate subgradients with fresh samples and reset.

F convex and C-Lipschitz, N as in `theory.sampling.FreshSampleSize`. A fresh sample is independent of its centre, so the
increments on the ball of radius delta are accurate to m delta epsilon / 2 with probability 1 - gamma/K in each of K
rounds; null steps are deterministic on f_S; at the stop increments on the ball of radius R give the gap.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray, row_norm
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.conjugate import null_limit
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last, Worst
from ratecheck.theory.sampling import FreshSampleSize, round_limit
from ratecheck.theory.sampling.uniform import complexity
from ratecheck.theory.stationarity.certificate import (
    NULL_COUNT,
    SAMPLE_BIAS,
    SAMPLE_SIZE,
    SERIOUS_COUNT,
    SPENT,
    STOPPED_GAP,
    STOPPING_TIME,
    TRUE_SHORTFALL,
)

HERE = Source("ratecheck", 2026, "SCS-R")
CONFIDENCE = 0.75  # of the theorem's claims: at 0.95 runs enough to see a failure at 1.5 gamma would cost too much


def sampling_constants(facts: Facts) -> tuple[float, int | None]:
    """Return C and n for the sample size: rho A and None for a linear predictor; a deterministic part cancels."""
    if "predictor" in facts:
        return float(facts["predictor"]), None
    return float(facts["noise_bound"] if "noise_bound" in facts else facts["lipschitz"]), int(facts["dim"])


def rounds(facts: Facts, method: Any) -> int:
    """Return K."""
    return round_limit(float(facts["initial_gap"]), method.slope, method.radius, method.tolerance)


def theorem_samples(facts: Facts, method: Any, confidence: float = CONFIDENCE) -> int:
    """Return the N of the theorem for a method's parameters."""
    C, dim = sampling_constants(facts)
    return FreshSampleSize(C, method.slope, rounds(facts, method), confidence, dim).fixed(method.tolerance)


def _too_few(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    return theorem_samples(facts, inner) / inner.samples - 1


def _too_far(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    # The oracle answers zeros for runs that have stopped.
    away = row_norm(x - facts["x_star"]) / (1.5 * facts["radius"]) - 1
    return np.where((g == 0).all(axis=1), -1.0, away)


ENOUGH_SAMPLES = Assumption("every sample has the size that the theorem asks for", on_setup=_too_few)
WITHIN_RADIUS = Assumption("every query is within R = 1.5 ||x_0 - x*|| of the minimiser", on_query=_too_far)


def _zero(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.zeros(steps.size)


def _most_serious(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.size, rounds(facts, innermost(method)) - 1.0)


def _most_nulls(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    return np.full(steps.size, null_limit(facts["lipschitz"], inner.slope, inner.tolerance))


def _most_spent(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    nulls = null_limit(facts["lipschitz"], inner.slope, inner.tolerance)
    # A round evaluates its centre, at most J - 1 null steps and its serious step, or J null steps before the stop.
    return np.full(steps.size, inner.samples * rounds(facts, inner) * (nulls + 1))


def _stop_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    C, dim = sampling_constants(facts)
    R = 1.5 * float(facts["radius"])
    tail = complexity(dim) + math.sqrt(2 * math.log(2 / (1 - CONFIDENCE)))
    exact = inner.tolerance * R + 2 * float(facts["lipschitz"]) * inner.radius
    return np.full(steps.size, exact + C * R / math.sqrt(inner.samples) * tail)


def _theorem_size(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.size, float(theorem_samples(facts, innermost(method))))


def _fixed_point_level(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.size, math.sqrt(math.log(2 / (1 - CONFIDENCE))))


def _stopping_time(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    p = facts["chance"]
    limit = p / (2 * p - 1) * facts["potential"] / (facts["rate"] * facts["gain_at_floor"]) + 1
    return np.full(steps.size, limit)


def _bound(id: str, title: str, formula: str, measure: Any, value: Any, **more: Any) -> Bound:
    defaults: dict[str, Any] = {
        "output": Last(),
        "kind": "probability",
        "failure_probability": 1 - CONFIDENCE,
        "assumptions": (ENOUGH_SAMPLES,),
        "source": HERE,
        "provenance": "derived",
        "evidence": ("derived here",),
        "anytime": False,
    }
    return Bound(id=id, title=title, formula=formula, measure=measure, value=value, **{**defaults, **more})


TRUE_DECREASE = _bound(
    "SCSR-01",
    "every serious step lowers the true function",
    r"f(x_{k+1})\le f(x_k)-\tfrac12m\delta\epsilon",
    TRUE_SHORTFALL,
    _zero,
    output=Worst(),
)
SERIOUS_STEPS = _bound(
    "SCSR-02",
    "number of serious steps",
    r"K-1=\lfloor2\Delta/(m\delta\epsilon)\rfloor",
    SERIOUS_COUNT,
    _most_serious,
)
NULL_STEPS = _bound(
    "SCSR-03",
    "null steps in each round, whatever the sample",
    r"J=\Big\lceil\frac{C^2/\epsilon^2-1}{(1-m)^2}\Big\rceil",
    NULL_COUNT,
    _most_nulls,
    kind="deterministic",
    failure_probability=None,
    assumptions=(),
)
STOP_GAP = _bound(
    "SCSR-04",
    "gap at the stop",
    r"f(x)-f^\star\le\epsilon R+2C\delta+\frac{CR}{\sqrt N}(c_n+\sqrt{2\ln(2/\gamma)})",
    STOPPED_GAP,
    _stop_gap,
    failure_probability=2 * (1 - CONFIDENCE),
    assumptions=(ENOUGH_SAMPLES, WITHIN_RADIUS),
)
ALL_SAMPLES = _bound("SCSR-05", "sample gradients until the stop", r"NK(J+1)", SPENT, _most_spent)
ADAPTIVE_SIZE = _bound(
    "SCSR-06",
    "the adaptive sample size is at most the fixed one",
    r"N_k\le N",
    SAMPLE_SIZE,
    _theorem_size,
    output=Worst(),
    kind="deterministic",
    failure_probability=None,
    assumptions=(),
    anytime=True,
)
FIXED_POINT = _bound(
    "SCSR-07",
    "the sample is as accurate at the method's centre as at a fixed point",
    r"|(f_S-f)(x)-(f_S-f)(x_0)|\le\sigma\|x-x_0\|\sqrt{2\ln(2/\gamma)/(nN)}",
    SAMPLE_BIAS,
    _fixed_point_level,
    assumptions=(),
    remark="The tilt is sub-Gaussian with variance sigma^2/n. True for fresh samples, false for nested ones.",
)
RENEWAL = Bound(
    id="SCSR-08",
    title="expected stopping time of a stochastic trust region",
    formula=r"\mathbb{E}T\le\frac{p}{2p-1}\,\frac{\Phi_0}{\Theta h(\Delta_\epsilon)}+1",
    measure=STOPPING_TIME,
    output=Last(),
    value=_stopping_time,
    kind="expectation",
    anytime=False,
    source=Source("Blanchet, Cartis, Menickelly and Scheinberg", 2019, "theorem 2.2"),
    provenance="paper",
    evidence=("recalled",),
)

BOUNDS = (
    TRUE_DECREASE,
    SERIOUS_STEPS,
    NULL_STEPS,
    STOP_GAP,
    ALL_SAMPLES,
    ADAPTIVE_SIZE,
    FIXED_POINT,
    RENEWAL,
)
