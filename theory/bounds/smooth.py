r"""Gradient descent on L-smooth functions, :math:`x_{k+1} = x_k - (h/L)\nabla f(x_k)`.

N counts steps, R is the distance from x_0 to x*, Delta = f(x_0) - f*, h = gamma L, q = mu/L.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source, innermost
from ratecheck.theory.bounds.step_rules import per_step, relative_step, relative_step_within, steps_are
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import QUADRATIC, SMOOTH
from ratecheck.theory.outputs import Best, Last
from ratecheck.theory.stationarity import DISTANCE, GAP, GRADIENT_NORM, SQUARED_GRADIENT_NORM

_STABLE = relative_step_within(0.0, 2.0)
_NONCONVEX = relative_step_within(0.0, 3.0**0.5)
_SHORT = relative_step_within(0.0, 1.0)
_TAYLOR = Source("Taylor, Hendrickx and Glineur", 2017)


def contraction(facts: Facts, method: Any) -> float:
    """Return rho = max{|1-h|, 1-hq}, by which a gradient step contracts towards the minimiser."""
    h = relative_step(facts, method)
    return max(abs(1 - h), abs(1 - h * facts["strong_convexity"] / facts["smoothness"]))


def _gap_from_radius(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    h = relative_step(facts, method)
    return facts["smoothness"] * facts["radius"] ** 2 / 2 * np.maximum(1 / (2 * steps * h + 1), (1 - h) ** (2 * steps))


def _gradient_from_radius(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    h = relative_step(facts, method)
    return facts["smoothness"] * facts["radius"] * np.maximum(1 / (steps * h + 1), abs(1 - h) ** steps)


def _gradient_from_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    h = relative_step(facts, method)
    factor = np.maximum(1 / (2 * steps * h + 1), (1 - h) ** (2 * steps))
    return 2 * facts["smoothness"] * per_step(facts["initial_gap"]) * factor


def _strongly_convex_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    L, q, h = facts["smoothness"], facts["strong_convexity"] / facts["smoothness"], relative_step(facts, method)
    straight = q / (q - 1 + (1 - q * h) ** (-2.0 * steps))
    return L * facts["radius"] ** 2 / 2 * np.maximum(straight, (1 - h) ** (2 * steps))


def _nonconvex(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    h = relative_step(facts, method)
    per = min(4 * h - h**2, 4 * h - h**3)
    return 4 * facts["smoothness"] * per_step(facts["initial_gap"]) / (steps * per + 2)


def _line_search(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    L, mu = facts["smoothness"], facts["strong_convexity"]
    return ((L - mu) / (L + mu)) ** (2 * steps) * per_step(facts["initial_gap"])


def _inexact(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    L, mu, error = facts["smoothness"], facts["strong_convexity"], facts["relative_error"]
    long, short = (1 + error) * L, (1 - error) * mu
    return ((long - short) / (long + short)) ** (2 * steps) * per_step(facts["initial_gap"])


def _lojasiewicz(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    L, mu, gamma = facts["smoothness"], facts["lojasiewicz"], innermost(method).step_size
    root = np.sqrt(2 * L * (L + mu) * (L * gamma - 2) * mu * gamma + 4 * L**2)
    return ((mu * (1 - L * gamma) + root) / (2 * L + mu)) ** (2 * steps) * per_step(facts["initial_gap"])


def _gradient(id: str, title: str, formula: str, measure: Any, value: Any, **other: Any) -> Bound:
    fields: dict[str, Any] = {
        "output": Last(),
        "assumptions": (_STABLE,),
        "provenance": "paper",
        "evidence": ("recalled", "performance estimation"),
        **other,
    }
    return Bound(id=id, title=title, formula=formula, measure=measure, value=value, **fields)


def _contracted(id: str, what: str, symbol: str, measure: Any, start: str, power: int) -> Bound:
    return _gradient(
        id,
        f"gradient descent on smooth strongly convex functions: {what}",
        rf"{symbol}_N \le \rho^{{{'2N' if power == 2 else 'N'}}}{symbol}_0,\quad \rho=\max\{{|1-h|, 1-h\mu/L\}}",
        measure,
        lambda facts, method, steps: contraction(facts, method) ** (power * steps) * per_step(facts[start]),
        source=Source("Taylor, Hendrickx and Glineur", 2018, "arXiv 1705.04398"),
        tight_on="half square",
    )


SM_01 = _gradient(
    "SM-01",
    "gradient descent on smooth convex functions: gap",
    r"f(x_N)-f^\star \le \frac{LR^2}{2}\max\Bigl\{\frac{1}{2Nh+1},(1-h)^{2N}\Bigr\}",
    GAP,
    _gap_from_radius,
    exponent=-1.0,
    anytime=False,
    source=Source("Drori and Teboulle", 2014, "theorem 3.1 for h <= 1; all h: Kim 2024, arXiv 2412.04427"),
    evidence=("statement read", "performance estimation"),
    tight_on="Huber; half square beyond the h where the terms meet",
)

SM_02 = _gradient(
    "SM-02",
    "gradient descent on smooth convex functions: gradient norm from the radius",
    r"\|\nabla f(x_N)\| \le LR\max\Bigl\{\frac{1}{Nh+1},|1-h|^N\Bigr\}",
    GRADIENT_NORM,
    _gradient_from_radius,
    exponent=-1.0,
    anytime=False,
    source=_TAYLOR,
    tight_on="Huber",
)

SM_03 = _gradient(
    "SM-03",
    "gradient descent on smooth convex functions: gradient norm from the gap",
    r"\|\nabla f(x_N)\|^2 \le 2L\Delta\max\Bigl\{\frac{1}{2Nh+1},(1-h)^{2N}\Bigr\}",
    SQUARED_GRADIENT_NORM,
    _gradient_from_gap,
    exponent=-1.0,
    anytime=False,
    source=_TAYLOR,
    tight_on="Huber",
)

SM_04 = _contracted("SM-04", "gap", r"(f-f^\star)", GAP, "initial_gap", 2)
SM_04_DISTANCE = _contracted("SM-04-distance", "distance", r"\|x-x^\star\|", DISTANCE, "radius", 1)
SM_04_GRADIENT = _contracted(
    "SM-04-gradient", "gradient norm", r"\|\nabla f\|", GRADIENT_NORM, "initial_gradient_norm", 1
)

SM_05 = _gradient(
    "SM-05",
    "gradient descent on smooth strongly convex functions: gap from the radius",
    r"f(x_N)-f^\star \le \frac{LR^2}{2}\max\Bigl\{\frac{q}{q-1+(1-qh)^{-2N}},(1-h)^{2N}\Bigr\},\quad q=\mu/L",
    GAP,
    _strongly_convex_gap,
    anytime=False,
    source=Source("Kim", 2024, "arXiv 2412.04427; conjectured by Taylor, Hendrickx and Glineur 2017"),
    evidence=("statement read", "performance estimation"),
    tight_on="Huber plus a quadratic",
)

SM_06 = _gradient(
    "SM-06",
    "gradient descent on smooth nonconvex functions: smallest gradient norm",
    r"\min_{k\le N}\|\nabla f(x_k)\|^2 \le \frac{4L\Delta}{N\min\{4h-h^2,4h-h^3\}+2}",
    SQUARED_GRADIENT_NORM,
    _nonconvex,
    output=Best(),
    exponent=-1.0,
    anytime=False,
    assumptions=(_NONCONVEX,),
    function_class=SMOOTH,
    source=Source("Abbaszadehpeivasti, de Klerk and Zamani", 2021, "arXiv 2104.05468"),
    tight_on="dip",
    remark="With f(x_N) in place of f* the 2 in the denominator is dropped.",
)

SM_07 = _gradient(
    "SM-07",
    "gradient descent with exact line search on smooth strongly convex functions",
    r"f(x_N)-f^\star \le \Bigl(\frac{L-\mu}{L+\mu}\Bigr)^{2N}\Delta",
    GAP,
    _line_search,
    assumptions=(),
    source=Source("de Klerk, Glineur and Taylor", 2017, "theorem 1.2"),
    evidence=("statement read", "performance estimation"),
    tight_on="two-dimensional quadratic",
    remark="Cauchy's step, which the methods here take, is the exact line search on quadratics.",
    function_class=QUADRATIC,
)


def _inexact_step(facts: Facts, horizon: int) -> FloatArray:
    error = facts["relative_error"]
    return np.array([2 / ((1 + error) * facts["smoothness"] + (1 - error) * facts["strong_convexity"])])


SM_08 = _gradient(
    "SM-08",
    "gradient descent with relative gradient error on smooth strongly convex functions",
    r"f(x_N)-f^\star \le \rho^{2N}\Delta,\quad"
    r"\rho=\frac{(1+\varepsilon)L-(1-\varepsilon)\mu}{(1+\varepsilon)L+(1-\varepsilon)\mu}",
    GAP,
    _inexact,
    assumptions=(steps_are("the step is 2/((1+eps)L+(1-eps)mu)", _inexact_step),),
    source=Source("de Klerk, Glineur and Taylor", 2020, "theorem 5.3"),
    evidence=("statement read", "performance estimation"),
    tight_on="half square, seen with error",
)

SM_09 = _gradient(
    "SM-09",
    "gradient descent under the Polyak-Lojasiewicz inequality f - f* <= |grad f|^2/(2 mu)",
    r"f(x_N)-f^\star \le \Bigl(\frac{\mu(1-L\gamma)+\sqrt A}{2L+\mu}\Bigr)^{2N}\Delta,\quad"
    r"A=4L^2-2L(L+\mu)(2-L\gamma)\mu\gamma",
    GAP,
    _lojasiewicz,
    assumptions=(_SHORT,),
    source=Source("Abbaszadehpeivasti, de Klerk and Zamani", 2023, "theorem 3"),
    evidence=("performance estimation",),
    remark="Not exact: a refined performance estimation gives .683 instead of .727 at mu/L = .2, gamma L = 1.",
)

BOUNDS = (SM_01, SM_02, SM_03, SM_04, SM_04_DISTANCE, SM_04_GRADIENT, SM_05, SM_06, SM_07, SM_08, SM_09)
