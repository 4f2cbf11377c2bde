"""StoSignSGD on stochastic convex problems: upper bounds on the gap of its average.

They are the regret bounds over T, by convexity, with the same provenance: see `ratecheck.theory.bounds.stosign`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.bounds.stosign import anytime_regret, constant_step_regret, horizon_regret, known_envelope_regret
from ratecheck.theory.bounds.stosign_setup import (
    ANYTIME,
    CONSTANT,
    CONSTANT_STEPS,
    DOMINATING,
    FIXED,
    IN_DOMAIN,
    PAPER,
    UNCONSTRAINED,
    envelope_of,
    relative_change,
    step_scale,
)
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, MeanMeasure
from ratecheck.theory.stationarity import GAP

Value = Callable[[Facts, Any, IntArray], FloatArray]


def _per_round(regret: Value) -> Value:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return regret(facts, method, steps) / steps

    return value


def _unconstrained_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return constant_step_regret(facts["offsets"], envelope_of(facts, method), method, steps) / steps


def _strongly_convex_mean_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    mu = 1 / float(step_scale(method))
    return float(np.sum(envelope_of(facts, method))) * (1 + np.log(steps)) / (2 * mu * steps)


def _too_curved(facts: Facts, method: Any, horizon: int) -> float:
    mu = 1 / float(step_scale(method))
    changes = [relative_change(step_scale(method, k) * (k + 1), step_scale(method)) for k in (1, horizon - 1)]
    return max(*changes, float(np.max(mu * envelope_of(facts, method) / facts["coordinate_convexity"])) - 1)


def _heavy_tailed_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    D, M, b = facts["widths"], facts["coordinate_moments"], envelope_of(facts, method)
    return constant_step_regret(D, b, method, steps) / steps + float(np.sum(D * M**2 / b))


STO_1D = Bound(
    id="STO-1d",
    title="gap of the average without constraints, with a known envelope",
    formula=r"E f(\bar x_T)-f^\star \le \frac{1}{T}\sum_i \frac{\rho_i^2 R_i}{2\eta_i}+\frac{\eta_i R_i T}{2}",
    measure=GAP,
    output=Average(),
    value=_unconstrained_gap,
    kind="expectation",
    anytime=False,
    exponent=-0.5,
    assumptions=UNCONSTRAINED,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="rho_i is the distance from the start to a minimiser; eta_i = rho_i/sqrt(T) gives sum rho_i R_i/sqrt(T).",
)

STO_3A, STO_3B, STO_3C = (
    Bound(
        id=f"STO-3{letter}",
        title=f"gap of the average of the queried points, {words}",
        formula=rf"E f(\bar x_T)-f^\star \le {factor}\,\frac{{1}}{{\sqrt T}}\sum_i D_i G_i",
        measure=GAP,
        output=Average(),
        value=_per_round(regret),
        kind="expectation",
        anytime=letter == "a",
        exponent=-0.5,
        assumptions=assumptions,
        source=PAPER,
        provenance="derived",
        evidence=("derived here",),
        remark="The regret over T, by convexity; the factor is that of the best step size.",
    )
    for letter, words, factor, regret, assumptions in (
        ("a", "steps c_i D_i/sqrt(t)", r"\sqrt2", anytime_regret, ANYTIME),
        ("b", "constant steps", "1", horizon_regret, CONSTANT),
        ("c", "known envelope and centred start", r"\tfrac12", known_envelope_regret, FIXED),
    )
)

STO_3R = Bound(
    id="STO-3r",
    title="the mean gap of the queried points falls like 1/sqrt(T)",
    formula=r"\frac1T\sum_t f(x_t)-f^\star = O(T^{-1/2})",
    measure=GAP,
    output=MeanMeasure(),
    value=_per_round(anytime_regret),
    kind="rate",
    exponent=-0.5,
    assumptions=ANYTIME,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
)

STO_4 = Bound(
    id="STO-4",
    title="mean gap under strong convexity in the envelope's norm, steps 1/(mu t)",
    formula=r"\frac1T\sum_t E f(x_t)-f^\star \le \frac{\|R\|_1 (1+\ln T)}{2\mu T}",
    measure=GAP,
    output=MeanMeasure(),
    value=_strongly_convex_mean_gap,
    kind="expectation",
    exponent=None,
    assumptions=(
        COORDINATES_BOUNDED,
        IN_DOMAIN,
        DOMINATING,
        Assumption("the step size is 1/(mu t) and f is mu-strongly convex in the norm of R", on_setup=_too_curved),
    ),
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
)

STO_6 = Bound(
    id="STO-6",
    title="gap of the average when only second moments M_i^2 are bounded, envelope M_i T^(1/4)",
    formula=r"E f(\bar x_T)-f^\star \le \sum_i\frac{D_i^2b_i}{2\eta_iT}+\frac{\eta_ib_i}{2}+\frac{D_iM_i^2}{b_i}",
    measure=GAP,
    output=Average(),
    value=_heavy_tailed_gap,
    kind="expectation",
    anytime=False,
    exponent=-0.25,
    assumptions=(CONSTANT_STEPS, IN_DOMAIN),
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="The envelope b_i clips: a bias of at most M_i^2/b_i. With eta_i = D_i/sqrt(T) it is 2 sum D_i M_i/T^(1/4).",
)

BOUNDS = (STO_1D, STO_3A, STO_3B, STO_3C, STO_3R, STO_4, STO_6)
