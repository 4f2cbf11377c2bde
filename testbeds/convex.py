r"""Synthetic convex problems whose optimum is planted.

A minimiser x* is drawn first; then the data are corrected so that 0 is a subgradient there. With slopes s_i of the
losses at x*, optimality of a regression reads :math:`A^\top s = t` for a known t, and the rank-one change
:math:`A - s (A^\top s - t)^\top / \|s\|^2` fulfils it exactly, while the targets b absorb the change of the
predictions. For classification the change is made orthogonal to x*, which keeps every margin, and the ridge weight
follows from the component along x*.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.linear_model import LinearModel
from ratecheck.testbeds.losses import Absolute, Hinge, Huber, Logistic, Loss, Squared
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive

Random: TypeAlias = np.random.Generator
SEED = 1_847
REACH = 2.0  # boxes are [-2, 2] in each coordinate, planted optima within [-1, 1]


def _start(kind: int, m: int, n: int, seed: int) -> tuple[Random, FloatArray, FloatArray]:
    """Return a generator, features of unit mean square row norm, and the planted point."""
    require_count("m", m)
    require_count("n", n)
    if m <= n:
        raise InputError(f"m is {m} and n is {n}, but a planted problem needs more samples than features.")
    rng = np.random.default_rng([SEED, kind, m, n, seed])
    return rng, rng.standard_normal((m, n)) / np.sqrt(n), rng.uniform(-1, 1, n)


def _box(n: int) -> Box:
    return Box(np.full(n, -REACH), np.full(n, REACH))


def with_column_sums(A: FloatArray, s: FloatArray, target: FloatArray) -> FloatArray:
    """Return A changed by a matrix of rank one so that ``A.T @ s`` is `target`."""
    return A - np.outer(s, (A.T @ s - target) / (s @ s))


def _regression(
    name: str, loss: Loss, A: FloatArray, x: FloatArray, residuals: FloatArray, slopes: FloatArray, samples: int,
    ridge: float = 0.0, lasso: float = 0.0, penalty: FloatArray | None = None,
) -> LinearModel:  # fmt: skip
    """Return a regression with given residuals and slopes at x*; `penalty` is a subgradient of the penalties there."""
    target = np.zeros_like(x) if penalty is None else -len(slopes) * penalty
    A = with_column_sums(A, slopes, target)
    return LinearModel(name, A, A @ x - residuals, loss, ridge, lasso, _box(len(x)), samples, optimum=x)


@cache
def least_absolute_deviations(m: int = 200, n: int = 50, samples: int = 1, seed: int = 0) -> LinearModel:
    """Return least absolute deviations on the box [-2, 2]^n, with n + n//2 residuals that vanish at the optimum.

    Parameters
    ----------
    m, n : int
        Samples and features, m > n.
    samples : int
        Rows in one stochastic answer, 0 for exact subgradients.
    seed : int
    """
    rng, A, x = _start(0, m, n, seed)
    residuals = rng.standard_normal(m)
    slopes = np.sign(residuals)
    fitted = min(n + n // 2, m // 2)
    residuals[:fitted] = 0.0
    slopes[:fitted] = rng.uniform(-0.9, 0.9, fitted)
    return _regression("least absolute deviations", Absolute(), A, x, residuals, slopes, samples)


@cache
def huber_regression(m: int = 100, n: int = 10, samples: int = 1, threshold: float = 0.5, seed: int = 0) -> LinearModel:
    """Return Huber regression on the box [-2, 2]^n."""
    require_positive("threshold", threshold)
    rng, A, x = _start(1, m, n, seed)
    residuals = rng.standard_normal(m)
    slopes = np.clip(residuals, -threshold, threshold)
    return _regression("Huber regression", Huber(threshold), A, x, residuals, slopes, samples)


@cache
def ridge_regression(m: int = 100, n: int = 10, samples: int = 1, ridge: float = 0.1, seed: int = 0) -> LinearModel:
    """Return least squares with a ridge on the box [-2, 2]^n."""
    rng, A, x = _start(2, m, n, seed)
    residuals = rng.standard_normal(m)
    return _regression(
        "ridge regression", Squared(), A, x, residuals, residuals, samples, ridge=ridge, penalty=ridge * x
    )


@cache
def interpolated_regression(m: int = 100, n: int = 10, samples: int = 1, seed: int = 0) -> LinearModel:
    """Return least squares that a linear model fits without error, rows of norm 1: every sample agrees on x*."""
    _, A, x = _start(3, m, n, seed)
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return LinearModel("interpolated least squares", A, A @ x, Squared(), domain=_box(n), samples=samples, optimum=x)


@cache
def lasso(m: int = 100, n: int = 10, samples: int = 1, penalty: float = 0.05, seed: int = 0) -> LinearModel:
    """Return the lasso on the box [-2, 2]^n with half of the optimum's entries zero."""
    require_positive("penalty", penalty)
    rng, A, x = _start(4, m, n, seed)
    x[: n // 2] = 0.0
    v = np.where(x == 0, rng.uniform(-0.9, 0.9, n), np.sign(x))
    residuals = rng.standard_normal(m)
    return _regression("lasso", Squared(), A, x, residuals, residuals, samples, lasso=penalty, penalty=penalty * v)


def _classification(
    name: str, loss: Loss, A: FloatArray, x: FloatArray, margins: FloatArray, weights: FloatArray, labels: FloatArray,
    samples: int,
) -> LinearModel:  # fmt: skip
    """Return a classification with a ridge, from margins ``z_i`` and weights ``-phi'(z_i)`` at x*."""
    square = float(x @ x)
    signed = A + np.outer(margins - A @ x, x / square)
    pull = signed.T @ weights
    signed = with_column_sums(signed, weights, (pull @ x / square) * x)
    ridge = float(weights @ margins) / (len(margins) * square)
    return LinearModel(
        name, labels[:, None] * signed, labels, loss, ridge=ridge, domain=_box(len(x)), samples=samples, optimum=x
    )


@cache
def support_vector_machine(m: int = 200, n: int = 20, samples: int = 1, seed: int = 0) -> LinearModel:
    """Return a hinge-loss SVM on the box [-2, 2]^n with n samples on the margin and a tenth beyond it."""
    rng, A, x = _start(5, m, n, seed)
    margins = 1 + rng.exponential(1.0, m)
    weights = np.zeros(m)
    inside = max(m // 10, 1)
    margins[:inside], weights[:inside] = rng.uniform(0.2, 0.9, inside), 1.0
    on = slice(inside, inside + n)
    margins[on], weights[on] = 1.0, rng.uniform(0.1, 0.9, n)
    labels = np.where(rng.random(m) < 0.5, 1.0, -1.0)
    return _classification("support vector machine", Hinge(), A, x, margins, weights, labels, samples)


@cache
def logistic_regression(m: int = 200, n: int = 10, samples: int = 1, seed: int = 0) -> LinearModel:
    """Return logistic regression with a ridge on the box [-2, 2]^n."""
    rng, A, x = _start(6, m, n, seed)
    margins = 1.5 + rng.standard_normal(m)
    weights = 1 / (1 + np.exp(margins))
    labels = np.where(rng.random(m) < 0.5, 1.0, -1.0)
    return _classification("logistic regression", Logistic(), A, x, margins, weights, labels, samples)


EXAMPLES = {
    "least-absolute-deviations": least_absolute_deviations(20, 4, samples=2),
    "least-absolute-deviations-exact": least_absolute_deviations(20, 4, samples=0),
    "huber-regression": huber_regression(20, 4),
    "ridge-regression": ridge_regression(20, 4),
    "interpolated-regression": interpolated_regression(20, 4),
    "lasso": lasso(20, 4),
    "support-vector-machine": support_vector_machine(30, 4, samples=3),
    "logistic-regression": logistic_regression(20, 4),
}
