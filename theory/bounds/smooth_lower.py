"""Smooth convex optimization from below."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.accelerated import ogm_factor
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import SMOOTH_CONVEX
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import GAP, SQUARED_DISTANCE

_NESTEROV = Source("Nesterov", 2004, "theorem 2.1.7")
_NESTEROV_STRONG = Source("Nesterov", 2004, "theorem 2.1.13")


def _rate(facts: Facts, steps: IntArray) -> FloatArray:
    root = math.sqrt(facts["smoothness"] / facts["strong_convexity"])
    return ((root - 1) / (root + 1)) ** (2 * steps)


def _lower(id: str, title: str, formula: str, measure: Any, value: Any, source: Source, **other: Any) -> Bound:
    fields: dict[str, Any] = {
        "output": Last(),
        "side": "lower",
        "provenance": "paper",
        "evidence": ("recalled", "derived here"),
        "anytime": False,
        **other,
    }
    return Bound(id=id, title=title, formula=formula, measure=measure, value=value, source=source, **fields)


SML_01 = _lower(
    "SML-01",
    "no span method is better than 3LR^2/(32(k+1)^2) on the chain of 2k+1 variables",
    r"f(x_k)-f^\star \ge \frac{3LR^2}{32(k+1)^2}",
    GAP,
    lambda facts, method, steps: 3 * facts["smoothness"] * facts["radius"] ** 2 / (32 * (steps + 1) ** 2),
    _NESTEROV,
    exponent=-2.0,
)

SML_01_DISTANCE = _lower(
    "SML-01-distance",
    "no span method comes closer than R/sqrt(8) on the chain of 2k+1 variables",
    r"\|x_k-x^\star\|^2 \ge R^2/8",
    SQUARED_DISTANCE,
    lambda facts, method, steps: np.full(steps.shape, facts["radius"] ** 2 / 8),
    _NESTEROV,
)

SML_02 = _lower(
    "SML-02",
    "no method guarantees less than LR^2/(2 theta_N^2)",
    r"f(x_N)-f^\star \ge \frac{LR^2}{2\theta_N^2}",
    GAP,
    lambda facts, method, steps: (
        facts["smoothness"] * facts["radius"] ** 2 / (2 * np.array([ogm_factor(int(N)) for N in steps]) ** 2)
    ),
    Source("Drori", 2017),
    evidence=("statement read",),
    exponent=-2.0,
    remark="Checked on the worst Huber function of each method; Drori's own function resists all of them at once.",
    function_class=SMOOTH_CONVEX,
)

SML_03 = _lower(
    "SML-03",
    "no span method is better than (mu/2) q^(2k) R^2 on the strongly convex chain",
    r"f(x_k)-f^\star \ge \frac{\mu}{2}q^{2k}R^2,\quad q=\frac{\sqrt\kappa-1}{\sqrt\kappa+1}",
    GAP,
    lambda facts, method, steps: facts["strong_convexity"] / 2 * _rate(facts, steps) * facts["radius"] ** 2,
    _NESTEROV_STRONG,
    anytime=True,
    remark="For the infinite chain; cut at 400 variables, which changes x* by less than rounding.",
)

SML_03_DISTANCE = _lower(
    "SML-03-distance",
    "no span method comes closer than q^k R on the strongly convex chain",
    r"\|x_k-x^\star\|^2 \ge q^{2k}R^2",
    SQUARED_DISTANCE,
    lambda facts, method, steps: _rate(facts, steps) * facts["radius"] ** 2,
    _NESTEROV_STRONG,
    anytime=True,
    remark="For the infinite chain; cut at 400 variables, which changes x* by less than rounding.",
)

BOUNDS = (SML_01, SML_01_DISTANCE, SML_02, SML_03, SML_03_DISTANCE)
