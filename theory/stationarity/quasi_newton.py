r"""Measures of an estimate G of the squared Hessian H, and of one quasi-Newton step for a saddle point.

lam = ||g||, t = tr(G - H), eta the largest eigenvalue of H^{-1} G, r the length of the step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.stationarity.measure import Measure
from ratecheck.theory.stationarity.saddle import one_step

Sides = tuple[FloatArray, FloatArray]


def _targets(problem: Any, z: FloatArray) -> FloatArray:
    hessian = problem.hessian(z)
    return hessian @ hessian


def _trace(problem: Any, z: FloatArray, estimate: FloatArray) -> FloatArray:
    return np.trace(estimate, axis1=1, axis2=2) - problem.squared_diagonal(z).sum(axis=1)


def _spectra(estimate: FloatArray, target: FloatArray) -> FloatArray:
    """Return the eigenvalues of H^{-1} G in increasing order, shape (runs, n); NaN for a run that diverged."""
    return np.stack([_spectrum(G, H) for G, H in zip(estimate, target)])


def _spectrum(G: FloatArray, H: FloatArray) -> FloatArray:
    if not (np.isfinite(G).all() and np.isfinite(H).all()):
        return np.full(len(G), np.nan)
    from scipy.linalg import eigh

    return eigh(G, H, eigvals_only=True)


def _eta(problem: Any, z: FloatArray, estimate: FloatArray) -> FloatArray:
    # Below 1 it is rounding: G >= H is a theorem with a claim of its own.
    return np.maximum(_spectra(estimate, _targets(problem, z))[:, -1], 1.0)


def _length(t: Any) -> FloatArray:
    return row_norm(t.end - t.start)


def _lam(problem: Any, z: FloatArray) -> FloatArray:
    return row_norm(problem.operator(z))


def _trace_error(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    return _trace(problem, t.end, t.after.estimate)


def _sigma_error(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    spectra = _spectra(t.after.estimate, _targets(problem, t.end))
    return spectra.sum(axis=1) - spectra.shape[1]


def _contraction(problem: Any, t: Any) -> Sides:
    eta = _eta(problem, t.start, t.before.estimate) + _relative_rounding(problem)
    return _lam(problem, t.end), (1 - 1 / eta) * _lam(problem, t.start)


def _eta_by_trace(problem: Any, t: Any) -> Sides:
    excess = _trace(problem, t.start, t.before.estimate) / problem.facts["singular_min"] ** 2
    return _eta(problem, t.start, t.before.estimate), 1 + excess + _relative_rounding(problem)


def _trace_contraction(problem: Any, t: Any) -> Sides:
    excess = np.maximum(_trace(problem, t.start, t.before.estimate), 0.0) / problem.facts["singular_min"] ** 2
    return _lam(problem, t.end), (1 - 1 / (1 + excess + _relative_rounding(problem))) * _lam(problem, t.start)


def _block_contraction(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    if t.before is None:
        return np.zeros(z.shape[0])
    correction = problem.facts["correction"] if problem.constant_hessian is False else 0.0
    grown = t.before.estimate * (1 + correction * _length(t))[:, None, None]
    left, right = _trace(problem, t.end, t.after.estimate), _trace(problem, t.end, grown)
    return left / (right + problem.facts.accuracy("squared_trace"))


def _short_step(problem: Any, t: Any) -> Sides:
    return _length(t), _lam(problem, t.start) / problem.facts["strong_convexity"]


def _linear_quadratic(problem: Any, t: Any) -> Sides:
    lam = _lam(problem, t.start)
    beta = problem.facts["hessian_lipschitz"] / (2 * problem.facts["strong_convexity"] ** 2)
    eta = _eta(problem, t.start, t.before.estimate) + _relative_rounding(problem)
    return _lam(problem, t.end), (1 - 1 / eta) * lam + beta * lam**2


def _eta_growth(problem: Any, t: Any) -> Sides:
    growth = (1 + problem.facts["correction"] * _length(t)) ** 2
    before = growth * _eta(problem, t.start, t.before.estimate)
    return _eta(problem, t.end, t.after.estimate), before * (1 + _relative_rounding(problem))


def _trace_growth(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    if t.before is None:
        return np.zeros(z.shape[0])
    M, L, n = problem.facts["correction"], problem.facts["smoothness"], z.shape[1]
    r = _length(t)
    right = (1 + M * r) * _trace(problem, t.start, t.before.estimate) + 2 * n * M * L**2 * r
    return _trace(problem, t.end, t.after.estimate) / (right + problem.facts.accuracy("squared_trace"))


def _sandwich(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    lowest = _spectra(t.after.estimate, _targets(problem, t.end))[:, 0]
    lowest = lowest + _relative_rounding(problem)
    # An estimate that lost its sign is infinitely far below, not negative.
    return np.where(lowest > 0, 1 / np.where(lowest > 0, lowest, 1.0), np.inf)


def _relative_rounding(problem: Any) -> float:
    return float(problem.facts.accuracy("squared_trace") / problem.facts["singular_min"] ** 2)


def _theta(problem: Any, z: FloatArray, estimate: FloatArray) -> FloatArray:
    facts, n = problem.facts, z.shape[1]
    mu, kappa = facts["strong_convexity"], facts["condition"]
    c = 2 * n * facts["correction"] * kappa**2 / mu
    return _trace(problem, z, estimate) / mu**2 + c * _lam(problem, z)


def _theta_after(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    return _theta(problem, t.end, t.after.estimate)


def _superlinear(problem: Any, t: Any) -> Sides:
    return _lam(problem, t.end), _theta(problem, t.start, t.before.estimate) * _lam(problem, t.start)


def paper_type_factor(updates: int) -> Measure:
    r"""Return :math:`n\kappa^2 (1 - \tau/n)^k`, the factor that the geometric form of the theorem certifies for step k.

    Parameters
    ----------
    updates : int
        tau.
    """

    def compute(problem: Any, z: FloatArray, t: Any) -> FloatArray:
        n = z.shape[1]
        return np.full(z.shape[0], n * problem.facts["condition"] ** 2 * (1 - updates / n) ** t.after.k)

    return Measure("certified factor", r"n\kappa^2(1-\tau/n)^k", compute, of="state")


TRACE_ERROR = Measure("trace error", r"\mathrm{tr}(G-H)", _trace_error, floor="squared_trace", of="state")
SIGMA_ERROR = Measure("sigma error", r"\mathrm{tr}(H^{-1}G)-n", _sigma_error, of="state")
CONTRACTION = one_step("step / (1 - 1/eta)", r"\lambda_{k+1}/((1-1/\eta_k)\lambda_k)", _contraction)
ETA_BY_TRACE = one_step("eta / (1 + t/mu^2)", r"\eta_k/(1+t_k/\mu^2)", _eta_by_trace)
TRACE_CONTRACTION = one_step("step / trace factor", r"\lambda_{k+1}/((1-1/(1+t_k/\mu^2))\lambda_k)", _trace_contraction)
BLOCK_CONTRACTION = Measure(
    "trace after / before a block", r"t_{k+1}/\mathrm{tr}((1+Mr_k)G_k-H_{k+1})", _block_contraction, of="state"
)
SHORT_STEP = one_step("step length / allowed", r"r_k\mu/\lambda_k", _short_step)
LINEAR_QUADRATIC = one_step(
    "step / linear-quadratic", r"\lambda_{k+1}/((1-1/\eta_k)\lambda_k+\beta\lambda_k^2)", _linear_quadratic
)
ETA_GROWTH = one_step("eta growth / allowed", r"\eta_{k+1}/((1+Mr_k)^2\eta_k)", _eta_growth)
TRACE_GROWTH = Measure("trace / allowed", r"t_{k+1}/((1+Mr_k)t_k+2nML^2r_k)", _trace_growth, of="state")
SANDWICH = Measure("1 / smallest eigenvalue", r"1/\lambda_{\min}(H_k^{-1}G_k)", _sandwich, of="state")
THETA = Measure("theta", r"\theta_k", _theta_after, of="state")
SUPERLINEAR = one_step("step / theta", r"\lambda_{k+1}/(\theta_k\lambda_k)", _superlinear)

MEASURES = (
    TRACE_ERROR,
    SIGMA_ERROR,
    CONTRACTION,
    ETA_BY_TRACE,
    TRACE_CONTRACTION,
    BLOCK_CONTRACTION,
    SHORT_STEP,
    LINEAR_QUADRATIC,
    ETA_GROWTH,
    TRACE_GROWTH,
    SANDWICH,
    THETA,
    SUPERLINEAR,
)
