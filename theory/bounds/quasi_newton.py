r"""Quasi-Newton methods on the squared Hessian H = \hat H^2 of a saddle-point problem.

lam = ||g||, t = tr(G - H), eta = lambda_max(H^{-1} G), mu the smallest absolute eigenvalue of the Hessian, L the
largest, kappa = L / mu, L_2 the Lipschitz constant of the Hessian, M = 2 L L_2 / mu^2, r the length of a step,
beta = L_2 / (2 mu^2). The constants of MGSR1-SP are derived here; the paper states a linear-quadratic rate.

Lemmas. *1:* ||\hat H v|| >= mu ||v||, since v'S\hat H v >= mu ||v||^2 with S = diag(I, -I).
*2:* H(z) <= (1 + M ||z - z'||) H(z'), from \hat H^2 - \hat H'^2 = \hat H(\hat H - \hat H') + (\hat H - \hat H')\hat H'
and I <= H(z')/mu^2.

Quadratic f. *Q0:* g_{k+1} = (I - \hat H G^{-1} \hat H) g_k and 0 <= I - \hat H G^{-1} \hat H <= (1 - 1/eta) I.
*Q1:* eta - 1 is at most the trace of H^{-1/2}(G - H)H^{-1/2}, which is at most t/mu^2. *Q2:* k tau coordinates are zero
rows of G - H after k blocks, so each further pivot takes at least the mean of the n - k tau entries that are left.
*Q4:* after n pivots G = H.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.saddle_rows import one, row
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Worst
from ratecheck.theory.stationarity.quasi_newton import (
    BLOCK_CONTRACTION,
    CONTRACTION,
    ETA_BY_TRACE,
    SANDWICH,
    SIGMA_ERROR,
    TRACE_CONTRACTION,
    TRACE_ERROR,
    paper_type_factor,
)
from ratecheck.theory.stationarity.saddle import OPERATOR_NORM, PRODUCTS, RELATIVE_OPERATOR_NORM

MGSR1 = Source("Xiao, Bo and Wu", 2024, "MGSR1-SP; constants derived here")
LIU_LUO = Source("Liu and Luo", 2021)
CERTIFICATES = (1, 5)  # numbers of updates tau for which the geometric certificate is in the catalogue
ARRIVED = 1e-10  # relative gradient norm that counts as solved


def _linear(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - facts["singular_min"] ** 2 / innermost(method).scale) ** steps * facts["start_residual"]


def _trace_start(facts: Facts, method: Any) -> float:
    return float(facts["dimension"] * innermost(method).scale - facts["squared_trace"])


def _trace_left(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    share = 1 - steps * innermost(method).updates / facts["dimension"]
    return np.maximum(share, 0.0) * _trace_start(facts, method)


def _trace_expected(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - innermost(method).updates / facts["dimension"]) ** steps * _trace_start(facts, method)


def _sigma_start(facts: Facts, method: Any) -> float:
    return float(innermost(method).scale * facts["inverse_trace"] - facts["dimension"])


def _sigma_expected(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - 1 / facts["dimension"]) ** steps * _sigma_start(facts, method)


def _sigma_conditioned(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - 1 / (facts["dimension"] * facts["condition"] ** 2)) ** steps * _sigma_start(facts, method)


def block_share(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return 1 - tau / n."""
    return np.full(len(steps), 1 - innermost(method).updates / facts["dimension"])


def arrived(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    """Return the relative gradient norm that counts as solved."""
    return np.full(len(steps), ARRIVED)


def _progress(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(len(steps), 0.1)


def _proportional_work(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 3.0 * steps  # the price of an iteration with tau = 1


def _counted_work(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1.0 + 2 * innermost(method).updates) * steps


def _scale_excess(facts: Facts, method: Any, horizon: int) -> float:
    return float(facts["smoothness"] ** 2 / innermost(method).scale - 1)


SCALE = Assumption("G_0 = c I with c at least L^2", on_setup=_scale_excess)
EVERY_STEP: dict[str, Any] = {"output": Worst()}
DERIVED_EXPECTATION: dict[str, Any] = {"kind": "expectation"}
STATED: dict[str, Any] = {"kind": "expectation", "provenance": "paper", "evidence": ("statement read", "derived here")}


def certificate_id(updates: int, informative: bool) -> str:
    """Return the id of the row `vacuous`."""
    return f"QN-{13 if informative else 14}-{updates}"


def vacuous(updates: int, informative: bool) -> Bound:
    """Return "the geometric certificate n kappa^2 (1 - tau/n)^k is below 1 (informative) or not (vacuous)".

    Parameters
    ----------
    updates : int
        tau.
    informative : bool
    """
    return row(
        certificate_id(updates, informative),
        "the geometric certificate " + ("contracts before termination" if informative else "is vacuous"),
        r"n\kappa^2(1-\tau/n)^k" + (r"\le1" if informative else r"\ge1") + r"\ \text{for}\ k\le\lceil n/\tau\rceil",
        paper_type_factor(updates),
        one,
        LIU_LUO,
        side="upper" if informative else "lower",
        anytime=not informative,
    )


BOUNDS = (
    row(
        "QN-00",
        "Q0: contraction by eta",
        r"\lambda_{k+1}\le(1-1/\eta_k)\lambda_k",
        CONTRACTION,
        one,
        MGSR1,
        **EVERY_STEP,
    ),
    row(
        "QN-01",
        "Q1: linear phase",
        r"\lambda_k\le(1-\mu^2/c)^k\lambda_0",
        OPERATOR_NORM,
        _linear,
        MGSR1,
        assumptions=(SCALE,),
    ),
    row(
        "QN-02",
        "Q2: trace after k blocks",
        r"\mathrm{tr}(G_k-H)\le\max(0,1-k\tau/n)\,\mathrm{tr}(G_0-H)",
        TRACE_ERROR,
        _trace_left,
        MGSR1,
        assumptions=(SCALE,),
    ),
    row("QN-03", "Q1: eta by the trace", r"\eta_k\le1+t_k/\mu^2", ETA_BY_TRACE, one, MGSR1, **EVERY_STEP),
    row(
        "QN-04",
        "Q3: contraction by the trace",
        r"\lambda_{k+1}\le[1-1/(1+t_k/\mu^2)]\lambda_k",
        TRACE_CONTRACTION,
        one,
        MGSR1,
        **EVERY_STEP,
    ),
    row(
        "QN-05",
        "Q4: finite termination",
        r"\|g_K\|\le10^{-10}\|g_0\|,\quad K=\lceil n/\tau\rceil+1",
        RELATIVE_OPERATOR_NORM,
        arrived,
        MGSR1,
        anytime=False,
        remark="Zero in exact arithmetic; the tolerance is what the acceptance of the method asks for.",
    ),
    row(
        "QN-06",
        "a block of tau greedy updates",
        r"t_{k+1}\le(1-\tau/n)\,\mathrm{tr}((1+Mr_k)G_k-H_{k+1})",
        BLOCK_CONTRACTION,
        block_share,
        MGSR1,
        **EVERY_STEP,
    ),
    row(
        "QN-07",
        "random blocks, trace in expectation",
        r"\mathbb E\,t_k\le(1-\tau/n)^kt_0",
        TRACE_ERROR,
        _trace_expected,
        LIU_LUO,
        assumptions=(SCALE,),
        **DERIVED_EXPECTATION,
    ),
    row(
        "QN-08",
        "scaled random BFGS, sigma in expectation",
        r"\mathbb E\,\sigma_k\le(1-1/n)^k\sigma_0",
        SIGMA_ERROR,
        _sigma_expected,
        LIU_LUO,
        assumptions=(SCALE,),
        **{**STATED, "provenance": "secondary"},
    ),
    row(
        "QN-09",
        "greedy Broyden family, sigma",
        r"\sigma_k\le(1-\tfrac1{n\kappa^2})^k\sigma_0",
        SIGMA_ERROR,
        _sigma_conditioned,
        LIU_LUO,
        assumptions=(SCALE,),
        **{**STATED, "kind": "deterministic"},
    ),
    row("QN-10", "the estimate stays above its target", r"H_k\preceq G_k", SANDWICH, one, MGSR1, **EVERY_STEP),
    row(
        "QN-11",
        "larger tau saves Hessian-vector products",
        r"\mathrm{HVP}\le3K,\quad K=\lceil n/\tau\rceil+1",
        PRODUCTS,
        _proportional_work,
        MGSR1,
        anytime=False,
        remark="Known to be false: n columns are needed whatever tau.",
    ),
    row(
        "QN-12",
        "Hessian-vector products of random blocks",
        r"\mathrm{HVP}=(1+2\tau)K",
        PRODUCTS,
        _counted_work,
        MGSR1,
        side="equal",
        anytime=False,
    ),
    *(vacuous(updates, informative) for updates in CERTIFICATES for informative in (True, False)),
    row(
        "QN-15",
        "most of the progress is made well before termination",
        r"\|g_k\|\le10^{-1}\|g_0\|,\quad k=\lceil\tfrac12n/\tau\rceil",
        RELATIVE_OPERATOR_NORM,
        _progress,
        MGSR1,
        anytime=False,
        remark="Known to be false on quadratics: nothing is gained before the last block.",
    ),
    row(
        "QN-16",
        "preconditioning by the inverse root of the squared Hessian removes the rotation",
        r"\|F(z_k)\|\le\|F(z_0)\|",
        RELATIVE_OPERATOR_NORM,
        one,
        Source("ratecheck", 2026, "limited-memory preconditioning"),
        anytime=False,
        remark="Known to be false without a look-ahead step: the positive definite factor cannot turn a rotation.",
    ),
)
