r"""StoSignSGD on online convex problems: upper bounds on its regret.

Notation: G_i bounds the i-th coordinate of every (sub)gradient, D_i is the width of the box in coordinate i, T the
number of rounds. The paper (Yu et al., 2026) claims convergence at the sharp rate; its constants were not at hand, so
every constant here is derived in this package.

All upper bounds follow from one inequality, true for every realisation of the noise and every u in the box, if the
steps eta_t do not grow and the envelope G_t does not shrink:

.. math::

    \sum_t \langle G_t s_t, x_t-u\rangle \le \sum_i \frac{D_i^2 G_{T,i}}{2\eta_{T,i}} + \frac12\sum_t \eta_{t,i} G_{t,i}

*Proof.* In coordinate i, (x_{t+1}-u)^2 <= (x_t-u)^2 - 2 eta_t s_t (x_t-u) + eta_t^2, since the clip is non-expansive
and s_t^2 <= 1. Multiply by G_t/(2 eta_t) and sum: the weights G_t/eta_t grow, so the first differences telescope to
D^2 G_T/(2 eta_T). Since E[G_t s_t | past] = g_t, expectations of the left side bound the regret.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, innermost
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.bounds.stosign_setup import (
    ANYTIME,
    CONSTANT,
    CONSTANT_STEPS,
    FIXED,
    IN_DOMAIN,
    PAPER,
    envelope_of,
    step_scale,
)
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import REGRET

LIKELY_FAILURE = 0.1


def anytime_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the bound of steps ``c_i D_i / sqrt(t)``; one step size for all coordinates is a choice of the c_i."""
    G, D = facts["coordinate_bounds"], facts["widths"]
    c = step_scale(method) / D
    return np.sqrt(steps) * float(np.sum((1 / (2 * c) + c) * D * G))


def _scalar_anytime_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    G, D = facts["coordinate_bounds"], facts["widths"]
    c = float(step_scale(method)) / float(D.max())
    return (1 / (2 * c) + c) * float(D.max()) * np.sqrt(steps) * float(np.sum(G))


def constant_step_regret(distance: FloatArray, G: FloatArray, method: Any, steps: IntArray) -> FloatArray:
    """Return ``sum_i distance_i^2 G_i/(2 eta_i) + eta_i G_i T/2`` for each T in `steps`."""
    eta = step_scale(method)
    return np.array([np.sum(distance**2 * G / (2 * eta) + eta * G * T / 2) for T in steps])


def horizon_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the bound of a constant step, ``sqrt(T) sum_i D_i G_i`` at eta_i = D_i/sqrt(T)."""
    return constant_step_regret(facts["widths"], facts["coordinate_bounds"], method, steps)


def _stated_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.sqrt(steps) * float(facts["widths"] @ facts["coordinate_bounds"])


def known_envelope_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the bound from the centre of the box, half of the former at eta_i = D_i/(2 sqrt(T))."""
    return constant_step_regret(facts["widths"] / 2, envelope_of(facts, method), method, steps)


def _adaptive_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    extra = np.sqrt(steps) * float(facts["widths"] @ facts["coordinate_bounds"]) / 2
    return anytime_regret(facts, method, steps) + extra


def _likely_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    deviation = float(np.sum((facts["widths"] * facts["coordinate_bounds"]) ** 2))
    return horizon_regret(facts, method, steps) + np.sqrt(2 * steps * math.log(1 / LIKELY_FAILURE) * deviation)


def _damped_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    G, D, eta = facts["coordinate_bounds"], facts["widths"], step_scale(method)
    variation = 1 + (1 - innermost(method).damping) * steps
    return np.array([np.sum(D**2 * G * v / (2 * eta) + eta * G * T / 2) for v, T in zip(variation, steps, strict=True)])


STO_1A = Bound(
    id="STO-1a",
    title="expected regret with steps c_i D_i/sqrt(t), no constant known",
    formula=r"E\,R_T \le \sqrt{T}\,\sum_i \left(\frac{1}{2c_i}+c_i\right) D_i G_i",
    measure=REGRET,
    output=Last(),
    value=anytime_regret,
    kind="expectation",
    exponent=0.5,
    assumptions=ANYTIME,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="Best with c_i = 1/sqrt(2): sqrt(2T) sum D_i G_i. Uses sum t^(-1/2) <= 2 sqrt(T).",
)

STO_1B = Bound(
    id="STO-1b",
    title="expected regret with the constant steps D_i/sqrt(T)",
    formula=r"E\,R_T \le \sum_i \frac{D_i^2 G_i}{2\eta_i} + \frac{\eta_i G_i T}{2} = \sqrt{T}\,\sum_i D_i G_i",
    measure=REGRET,
    output=Last(),
    value=horizon_regret,
    kind="expectation",
    anytime=False,
    exponent=0.5,
    assumptions=CONSTANT,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    tight_on="tight signs from the corner",
)

STO_1S = Bound(
    id="STO-1s",
    title="the regret of StoSignSGD with the best constant step, as a yardstick for other methods",
    formula=r"E\,R_T \le \sqrt{T}\,\sum_i D_i G_i",
    measure=REGRET,
    output=Last(),
    value=_stated_regret,
    kind="expectation",
    anytime=False,
    exponent=0.5,
    assumptions=(COORDINATES_BOUNDED, IN_DOMAIN),
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="Unlike STO-1b it does not ask for the method's step size.",
)

STO_1C = Bound(
    id="STO-1c",
    title="expected regret from the centre of the box with a known envelope",
    formula=r"E\,R_T \le \tfrac12 \sqrt{T}\,\sum_i D_i R_i, \qquad \eta_i = \frac{D_i}{2\sqrt T}",
    measure=REGRET,
    output=Last(),
    value=known_envelope_regret,
    kind="expectation",
    anytime=False,
    exponent=0.5,
    assumptions=FIXED,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    tight_on="tight signs",
    remark="With a constant weight R_i/eta_i only the first distance is left, which is D_i/2 from the centre.",
)

STO_1E = Bound(
    id="STO-1e",
    title="expected regret with one step c D/sqrt(t) for all coordinates, D the largest width",
    formula=r"E\,R_T \le \left(\frac{1}{2c}+c\right) D_\infty \sqrt{T}\,\|G\|_1",
    measure=REGRET,
    output=Last(),
    value=_scalar_anytime_regret,
    kind="expectation",
    exponent=0.5,
    assumptions=ANYTIME,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
)

STO_1X = Bound(
    id="STO-1x",
    title="expected regret against an adversary that answers the player",
    formula=r"E\,R_T \le \sqrt{T}\,\sum_i \left(\frac{1}{2c_i}+c_i+\frac12\right) D_i G_i",
    measure=REGRET,
    output=Last(),
    value=_adaptive_regret,
    kind="expectation",
    exponent=0.5,
    assumptions=ANYTIME,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="The comparator may depend on the noise: E sup_u of the noise terms is at most sqrt(T)/2 sum D_i G_i.",
)

STO_2 = Bound(
    id="STO-2",
    title="regret that at most one run in ten exceeds",
    formula=r"R_T \le \sqrt{T}\,\sum_i D_iG_i + \sqrt{2T\ln(1/\delta)\textstyle\sum_i D_i^2G_i^2}, \qquad \delta=0.1",
    measure=REGRET,
    output=Last(),
    value=_likely_regret,
    kind="probability",
    failure_probability=LIKELY_FAILURE,
    anytime=False,
    assumptions=CONSTANT,
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="For losses fixed in advance. Azuma: a round's noise lies in independent intervals of length 2 D_i G_i.",
)

STO_5 = Bound(
    id="STO-5",
    title="expected regret with an envelope that forgets by the factor beta_2 in each round",
    formula=r"E\,R_T \le \sqrt{T}\,\sum_i D_i G_i \left(1+\tfrac12(1-\beta_2)T\right)",
    measure=REGRET,
    output=Last(),
    value=_damped_regret,
    kind="expectation",
    anytime=False,
    assumptions=(COORDINATES_BOUNDED, IN_DOMAIN, CONSTANT_STEPS),
    source=PAPER,
    provenance="derived",
    evidence=("derived here",),
    remark="The total rise of G_t/eta is at most (1 + (1 - beta_2) T) G/eta.",
)

BOUNDS = (STO_1A, STO_1B, STO_1S, STO_1C, STO_1E, STO_1X, STO_2, STO_5)
