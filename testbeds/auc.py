r"""AUC maximisation with a linear scorer as a quadratic saddle-point problem (Ying, Wen and Lyu 2016).

.. math::
    f = \tfrac{\lambda}{2}(\|w\|^2+u^2+v^2) - p(1-p)y^2 + \tfrac1m \sum_i \big\{ (1-p)(w^\top a_i-u)^2 [+]
        + p (w^\top a_i-v)^2 [-] + 2(1+y)(p\, w^\top a_i [-] - (1-p) w^\top a_i [+]) \big\}

x = (w, u, v), y scalar, dimension d + 3; p is the share of positives.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ratecheck.testbeds.saddle import QuadraticSaddle
from ratecheck.testbeds.svmlight import read_svmlight, two_classes
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_finite_array, require_positive


def auc_saddle(
    features: FloatArray, labels: FloatArray, regularisation: float, name: str = "AUC maximisation"
) -> QuadraticSaddle:
    """Return the AUC problem of labelled data, started at the origin.

    Parameters
    ----------
    features : (samples, d) array
    labels : (samples,) array
        Two classes, the larger label is positive.
    regularisation : float
        lambda.
    name : str

    Raises
    ------
    InputError
        If the labels hold a single class, or an entry is not finite.
    """
    require_positive("regularisation", regularisation)
    require_finite_array("the feature matrix", features)
    if features.ndim != 2 or len(features) != len(labels):
        raise InputError(
            f"the features have shape {features.shape} and there are {len(labels)} labels, but each sample needs a row "
            "of features and a label."
        )
    positive = two_classes(labels) > 0
    m, d = features.shape
    p = float(positive.mean())
    up, down = features[positive], features[~positive]
    sum_up, sum_down = (2 * (1 - p) / m) * up.sum(axis=0), (2 * p / m) * down.sum(axis=0)
    hessian = np.zeros((d + 3, d + 3))
    hessian[:d, :d] = (2 * (1 - p) / m) * (up.T @ up) + (2 * p / m) * (down.T @ down)
    hessian[:d, d], hessian[:d, d + 1], hessian[:d, d + 2] = -sum_up, -sum_down, sum_down - sum_up
    hessian[d:, :d] = hessian[:d, d:].T
    hessian[[d, d + 1], [d, d + 1]] = 2 * p * (1 - p)
    hessian[np.arange(d + 2), np.arange(d + 2)] += regularisation
    hessian[d + 2, d + 2] = -2 * p * (1 - p)
    linear = np.concatenate([sum_up - sum_down, np.zeros(3)])
    return QuadraticSaddle((hessian + hessian.T) / 2, linear, d + 2, np.zeros(d + 3), name)


def training_auc(scores: FloatArray, labels: FloatArray) -> float:
    """Return the share of pairs (positive, negative) that the scores order correctly, ties counted half."""
    from scipy.stats import rankdata

    positive = two_classes(labels) > 0
    ranks = rankdata(scores)
    n_up = int(positive.sum())
    n_down = len(labels) - n_up
    return float((ranks[positive].sum() - n_up * (n_up + 1) / 2) / (n_up * n_down))


def standardised(features: FloatArray) -> FloatArray:
    """Return the features with mean 0 and variance 1 in each column; constant columns become 0."""
    spread = features.std(axis=0)
    return (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def breast_cancer() -> tuple[FloatArray, FloatArray]:
    """Return the standardised features and labels of the breast cancer data of scikit-learn (569 x 30)."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return standardised(data.data), two_classes(data.target.astype(float))


def digits(positive: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return the digits data of scikit-learn (1797 x 64, pixels in [0, 1]) with one digit against the rest."""
    from sklearn.datasets import load_digits

    if positive not in range(10):
        raise InputError(f"the positive digit is {positive!r}, but it must be one of 0 to 9.")
    data = load_digits()
    return data.data / 16.0, np.where(data.target == positive, 1.0, -1.0)


def imbalanced_gaussians(
    samples: int = 2000, dimension: int = 30, share: float = 0.24, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return two Gaussian classes that differ by 0.6 in five coordinates, covariance 0.5^|i-j|, positives rare.

    Parameters
    ----------
    samples, dimension : int
    share : float
        Chance of a positive.
    seed : int
    """
    if not 0 < share < 1:
        raise InputError(f"share is {share!r}, but the chance of a positive must be in (0, 1).")
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(samples) < share, 1.0, -1.0)
    index = np.arange(dimension)
    root = np.linalg.cholesky(0.5 ** np.abs(index[:, None] - index))
    features = rng.standard_normal((samples, dimension)) @ root.T
    features[:, :5] += 0.6 * (labels > 0)[:, None]
    return features, labels


def population_auc(dimension: int = 30) -> float:
    """Return the best AUC of a linear scorer on `imbalanced_gaussians`, Phi of half the Mahalanobis distance root."""
    from scipy.special import ndtr

    index = np.arange(dimension)
    covariance = 0.5 ** np.abs(index[:, None] - index)
    delta = np.where(index < 5, 0.6, 0.0)
    return float(ndtr(math.sqrt(delta @ np.linalg.solve(2 * covariance, delta))))


def auc_from_file(path: Path | str, regularisation_per_sample: float = 1.0) -> QuadraticSaddle:
    """Return the AUC problem of a svmlight file with lambda = regularisation_per_sample / samples."""
    features, labels = read_svmlight(path)
    return auc_saddle(features, labels, regularisation_per_sample / len(labels), f"AUC maximisation, {Path(path).name}")


EXAMPLES = {
    "AUC maximisation": auc_saddle(*imbalanced_gaussians(60, 5), regularisation=0.05),
}
