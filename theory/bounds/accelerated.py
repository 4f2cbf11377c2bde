r"""Accelerated and optimal gradient methods on L-smooth convex functions; N counts steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.step_rules import per_step
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.accelerated import item_weight, reversed_thetas
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import GAP, SQUARED_DISTANCE, SQUARED_GRADIENT_NORM


def fista_factors(count: int) -> FloatArray:
    """Return lambda_1, ..., lambda_count of lambda_1 = 1, lambda_{t+1} = (1 + sqrt(1 + 4 lambda_t^2))/2."""
    factors = [1.0]
    while len(factors) < count:
        factors.append((1 + math.sqrt(1 + 4 * factors[-1] ** 2)) / 2)
    return np.array(factors)


def ogm_factor(horizon: int) -> float:
    """Return the last factor theta_N of OGM, which is the first of OGM-G."""
    return reversed_thetas(horizon)[0]


def item_weights(q: float, count: int) -> FloatArray:
    """Return ITEM's A_0 = 0, A_1, ..., A_count, with q = mu/L."""
    weights = [0.0]
    for _ in range(count):
        weights.append(item_weight(weights[-1], q))
    return np.array(weights)


def _square(facts: Facts) -> FloatArray:
    return facts["smoothness"] * per_step(facts["radius"]) ** 2


def _condition(facts: Facts) -> float:
    return float(facts["smoothness"] / facts["strong_convexity"])


def _ogm(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _square(facts) / (2 * np.array([ogm_factor(int(N)) for N in steps]) ** 2)


def _ogm_g(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    theta = np.array([ogm_factor(int(N)) for N in steps])
    return 2 * facts["smoothness"] * per_step(facts["initial_gap"]) / theta**2


def _constant_momentum(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    potential = per_step(facts["initial_gap"]) + facts["strong_convexity"] * per_step(facts["radius"]) ** 2 / 2
    return (1 - 1 / math.sqrt(_condition(facts))) ** steps * potential


def _triple_momentum(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    kappa = _condition(facts)
    return (1 - 1 / math.sqrt(kappa)) ** (2 * steps) * kappa / 2 * _square(facts)


def _item(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    q = 1 / _condition(facts)
    return per_step(facts["radius"]) ** 2 / (1 + q * item_weights(q, int(steps[-1]))[steps])


def _silver(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    # N = 2^k - 1 steps.
    return _square(facts) / (1 + np.sqrt(4 * (1 + math.sqrt(2)) ** (2 * np.log2(steps + 1)) - 3))


def _accelerated(id: str, title: str, formula: str, value: Any, source: Source, **other: Any) -> Bound:
    fields: dict[str, Any] = {
        "measure": GAP,
        "output": Last(),
        "provenance": "paper",
        "evidence": ("statement read", "performance estimation"),
        **other,
    }
    return Bound(id=id, title=title, formula=formula, value=value, source=source, **fields)


SM_10 = _accelerated(
    "SM-10",
    "Nesterov's method with momentum t/(t+3)",
    r"f(x_N)-f^\star \le \frac{2LR^2}{N^2+5N+6}",
    lambda facts, method, steps: 2 * _square(facts) / (steps**2 + 5 * steps + 6),
    Source("Taylor, Hendrickx and Glineur", 2017, "arXiv 1512.07516, table 1"),
    exponent=-2.0,
    anytime=False,
    tight_on="Huber",
)

SM_11 = _accelerated(
    "SM-11",
    "FISTA",
    r"f(x_N)-f^\star \le \frac{LR^2}{2\lambda_N^2},\quad \lambda_1=1,\;\lambda_{t+1}=\tfrac12(1+\sqrt{1+4\lambda_t^2})",
    lambda facts, method, steps: _square(facts) / (2 * fista_factors(int(steps[-1]))[steps - 1] ** 2),
    Source("Beck and Teboulle", 2009, "theorem 4.4"),
    exponent=-2.0,
    evidence=("statement read",),
    remark="An upper bound only: three times too large at N = 1.",
)

SM_11_EXTRAPOLATED = _accelerated(
    "SM-11-extrapolated",
    "FISTA, extrapolated point",
    r"f(y_{N+1})-f^\star \le \frac{LR^2}{2\lambda_{N+1}^2}",
    lambda facts, method, steps: _square(facts) / (2 * fista_factors(int(steps[-1]) + 1)[steps] ** 2),
    Source("Kim and Fessler", 2016),
    exponent=-2.0,
    evidence=("recalled",),
)

SM_12 = _accelerated(
    "SM-12",
    "Nesterov's method with constant momentum on strongly convex functions",
    r"f(x_N)-f^\star \le \Bigl(1-\frac{1}{\sqrt\kappa}\Bigr)^N\Bigl(\Delta+\frac{\mu R^2}{2}\Bigr)",
    _constant_momentum,
    Source("d'Aspremont, Scieur and Taylor", 2021, "corollary 4.15"),
    evidence=("statement read",),
)

SM_13 = _accelerated(
    "SM-13",
    "the optimized gradient method OGM",
    r"f(y_N)-f^\star \le \frac{LR^2}{2\theta_N^2}",
    _ogm,
    Source("Kim and Fessler", 2016, "theorem 2"),
    exponent=-2.0,
    anytime=False,
    tight_on="Huber and half square",
    remark="Minimax: no method does better after N steps (Drori 2017).",
)

SM_14 = _accelerated(
    "SM-14",
    "the optimized gradient method for the gradient norm, OGM-G",
    r"\|\nabla f(x_N)\|^2 \le \frac{2L\Delta}{\theta_0^2}",
    _ogm_g,
    Source("Kim and Fessler", 2021, "theorem 6.1"),
    measure=SQUARED_GRADIENT_NORM,
    exponent=-2.0,
    anytime=False,
    tight_on="Huber",
)

SM_15 = _accelerated(
    "SM-15",
    "triple momentum on strongly convex functions",
    r"f(x_N)-f^\star \le \rho^{2N}\frac{L\kappa}{2}R^2,\quad \rho=1-1/\sqrt\kappa",
    _triple_momentum,
    Source("Van Scoy, Freeman and Lynch", 2018),
    evidence=("performance estimation",),
    tight_on="half square with curvature L",
    remark="Some programs print the exponent 2(N+1) in their documentation; 2N is right.",
)

SM_16 = _accelerated(
    "SM-16",
    "the information-theoretic exact method ITEM",
    r"\|z_N-x^\star\|^2 \le \frac{R^2}{1+qA_N},\quad q=\mu/L",
    _item,
    Source("Taylor and Drori", 2022, "theorem 3"),
    measure=SQUARED_DISTANCE,
    tight_on="half square with curvature mu or L",
    remark="Exact and minimax.",
)

SM_17 = _accelerated(
    "SM-17",
    "silver steps, N = 2^k - 1",
    r"f(x_N)-f^\star \le \frac{LR^2}{1+\sqrt{4(1+\sqrt2)^{2k}-3}}",
    _silver,
    Source("Altschuler and Parrilo", 2023, "theorem 1.1"),
    exponent=-math.log2(1 + math.sqrt(2)),
    anytime=False,
    remark="About twice the exact worst case for many steps.",
)

BOUNDS = (SM_10, SM_11, SM_11_EXTRAPOLATED, SM_12, SM_13, SM_14, SM_15, SM_16, SM_17)
