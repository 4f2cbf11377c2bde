r"""Quasi-Newton methods near a saddle point that is not quadratic: one step, linear phase, superlinear phase.

Notation and lemmas as in the rows for quadratic f. *G1:* ||G^{-1}\hat H|| <= 1/mu. *G2:* Taylor with remainder
L_2 r^2/2. *G3:* Lemma 2 twice. *G4:* tr(G~ - H_{k+1}) = (1 + M r) t + M r tr H_k + tr(H_k - H_{k+1}).
*D1:* induction; sum r_i <= 4 kappa^2 lam_0/mu, so that the product of (1 + M r_i)^2 is at most 2.
*D2:* theta_{k+1} <= (1 - tau/n) exp((M/mu + c n/(n - tau)) lam_k) theta_k with c = 2nM kappa^2/mu.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, innermost
from ratecheck.theory.bounds.quasi_newton import EVERY_STEP, MGSR1, arrived, block_share
from ratecheck.theory.bounds.saddle_rows import one, row
from ratecheck.theory.facts import Facts
from ratecheck.theory.stationarity.quasi_newton import (
    ETA_GROWTH,
    LINEAR_QUADRATIC,
    SHORT_STEP,
    SUPERLINEAR,
    THETA,
    TRACE_GROWTH,
)
from ratecheck.theory.stationarity.saddle import OPERATOR_NORM, RELATIVE_OPERATOR_NORM


def _linear_phase(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - 1 / (4 * facts["condition"] ** 2)) ** steps * facts["start_residual"]


def _linear_radius(facts: Facts, method: Any, horizon: int) -> float:
    M, mu, kappa = facts["correction"], facts["strong_convexity"], facts["condition"]
    return float(facts["start_residual"] / (math.log(2) * mu / (8 * M * kappa**2)) - 1)


def superlinear_radius(facts: Facts, updates: int) -> float:
    """Return the largest ||g_0|| for which theorem D2 speaks, with tau = `updates` below the dimension."""
    M, mu, kappa, n = facts["correction"], facts["strong_convexity"], facts["condition"], facts["dimension"]
    c = 2 * n * M * kappa**2 / mu
    return float(math.log(2) / (4 * kappa**2 * (M / mu + c * n / (n - updates))))


def _superlinear_excess(facts: Facts, method: Any, horizon: int) -> float:
    return facts["start_residual"] / superlinear_radius(facts, innermost(method).updates) - 1


def _theta_left(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    share = 1 - innermost(method).updates / facts["dimension"]
    return 2 * share**steps * facts["dimension"] * facts["condition"] ** 2


def _superlinear_norm(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    share, n = 1 - innermost(method).updates / facts["dimension"], facts["dimension"]
    logarithm = steps * math.log(2 * n * facts["condition"] ** 2) + steps * (steps - 1) / 2 * math.log(share)
    return np.exp(np.minimum(logarithm, 700.0)) * facts["start_residual"]


def _correction_excess(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    return max(1 - inner.correction / facts["correction"], facts["smoothness"] ** 2 / inner.scale - 1)


CERTIFIED = Assumption("the correction is at least M and G_0 at least L^2 I", on_setup=_correction_excess)
IN_LINEAR_REGION = Assumption("||g_0|| is at most ln 2 mu / (8 M kappa^2)", on_setup=_linear_radius)
IN_SUPERLINEAR_REGION = Assumption("||g_0|| is within the radius of theorem D2", on_setup=_superlinear_excess)

BOUNDS = (
    row(
        "QN-17",
        "local convergence from a warm start without convexity",
        r"\|g_K\|\le10^{-10}\|g_0\|\ \text{for a stated}\ K",
        RELATIVE_OPERATOR_NORM,
        arrived,
        MGSR1,
        anytime=False,
        provenance="paper",
        evidence=("statement read",),
        remark="The paper states local linear-quadratic convergence without constants; K is what was measured here.",
    ),
    row(
        "QN-20",
        "G1: steps are short",
        r"r_k\le\lambda_k/\mu",
        SHORT_STEP,
        one,
        MGSR1,
        assumptions=(CERTIFIED,),
        **EVERY_STEP,
    ),
    row(
        "QN-21",
        "G2: linear-quadratic",
        r"\lambda_{k+1}\le(1-1/\eta_k)\lambda_k+\beta\lambda_k^2",
        LINEAR_QUADRATIC,
        one,
        MGSR1,
        assumptions=(CERTIFIED,),
        **EVERY_STEP,
    ),
    row(
        "QN-22",
        "G3: growth of eta",
        r"\eta_{k+1}\le(1+Mr_k)^2\eta_k",
        ETA_GROWTH,
        one,
        MGSR1,
        assumptions=(CERTIFIED,),
        **EVERY_STEP,
    ),
    row(
        "QN-23",
        "G4: growth of the trace",
        r"t_{k+1}\le(1-\tau/n)[(1+Mr_k)t_k+2nML^2r_k]",
        TRACE_GROWTH,
        block_share,
        MGSR1,
        assumptions=(CERTIFIED,),
        **EVERY_STEP,
    ),
    row(
        "QN-24",
        "D1: linear phase",
        r"\lambda_k\le(1-\tfrac1{4\kappa^2})^k\lambda_0",
        OPERATOR_NORM,
        _linear_phase,
        MGSR1,
        assumptions=(CERTIFIED, IN_LINEAR_REGION),
    ),
    row(
        "QN-25",
        "D2: theta",
        r"\theta_k\le2(1-\tau/n)^kn\kappa^2",
        THETA,
        _theta_left,
        MGSR1,
        assumptions=(CERTIFIED, IN_SUPERLINEAR_REGION),
    ),
    row(
        "QN-26",
        "D2: superlinear step",
        r"\lambda_{k+1}\le\theta_k\lambda_k",
        SUPERLINEAR,
        one,
        MGSR1,
        assumptions=(CERTIFIED, IN_SUPERLINEAR_REGION),
        **EVERY_STEP,
    ),
    row(
        "QN-27",
        "D2: superlinear phase",
        r"\lambda_k\le(2n\kappa^2)^k(1-\tau/n)^{k(k-1)/2}\lambda_0",
        OPERATOR_NORM,
        _superlinear_norm,
        MGSR1,
        assumptions=(CERTIFIED, IN_SUPERLINEAR_REGION),
    ),
)
