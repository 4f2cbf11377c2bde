"""The data sets that ship inside scikit-learn, and a user's own, as problems with computed constants.

Features are standardised and divided by the square root of their number, so that a row has a squared norm of about 1,
and a column of ones is added for the intercept; targets of regressions are standardised too. f* comes from a solver and
is certified here, but only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.lazy_facts import LazyEntries
from ratecheck.testbeds.linear_model import LinearModel
from ratecheck.testbeds.losses import Absolute, Hinge, Huber, Logistic, Loss, Squared
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive

LOSSES: dict[str, Loss] = {
    "lad": Absolute(),
    "svm": Hinge(),
    "logistic": Logistic(),
    "huber": Huber(),
    "ridge": Squared(),
}
DATA_SETS = ("breast-cancer", "diabetes", "digits", "wine")
DIGIT = 8  # "digits" asks whether an image shows this digit, the hardest to tell from the rest
MAX_SAMPLES = 500  # digits are thinned to every fourth image, so that a solver needs a second and not a minute


def standardized(features: FloatArray) -> FloatArray:
    """Return features of mean 0 and a mean squared row norm of 1, without constant columns, and a column of ones."""
    features = features[:, np.ptp(features, axis=0) > 0]
    centred = features - features.mean(axis=0)
    scaled = centred / centred.std(axis=0) / np.sqrt(features.shape[1])
    return np.column_stack([scaled, np.ones(len(scaled))])


def linear_problem(
    name: str,
    features: FloatArray,
    targets: FloatArray,
    loss: str,
    *,
    samples: int = 1,
    ridge: float = 0.0,
    reach: float = 2.0,
) -> LinearModel:
    """Return the mean loss of standardised data on the box [-reach, reach]^n.

    Parameters
    ----------
    name : str
    features, targets : (m, n), (m,) arrays
        Targets are -1 or +1 for ``"svm"`` and ``"logistic"``, and are standardised for the others.
    loss : {"lad", "svm", "logistic", "huber", "ridge"}
    samples : int
        Rows in one answer, 0 for exact subgradients.
    ridge, reach : float
    """
    if loss not in LOSSES:
        raise InputError(f"loss is {loss!r}, but it must be one of {', '.join(sorted(LOSSES))}.")
    require_positive("reach", reach)
    A = standardized(features)
    if not LOSSES[loss].two_classes:
        targets = (targets - targets.mean()) / targets.std()
    box = Box(np.full(A.shape[1], -reach), np.full(A.shape[1], reach))
    return LinearModel(f"{loss} on {name}", A, targets, LOSSES[loss], ridge=ridge, domain=box, samples=samples)


@cache
def _exact(name: str, loss: str, ridge: float) -> LinearModel:
    features, targets = _load(name)
    classes = np.unique(targets)
    if LOSSES[loss].two_classes and len(classes) != 2:
        raise InputError(f"{name} has targets that are not two classes; choose lad, huber or ridge for it.")
    if len(classes) == 2:
        targets = np.where(targets == classes[1], 1.0, -1.0)
    return linear_problem(name, features, targets, loss, samples=0, ridge=ridge)


@cache
def real_problem(name: str, loss: str, samples: int = 1, ridge: float = 0.0) -> LinearModel:
    """Return a data set that ships inside scikit-learn as a problem on the box [-2, 2]^n.

    Parameters
    ----------
    name : {"breast-cancer", "diabetes", "digits", "wine"}
        Digits are the question whether an image shows an 8, on every fourth image; wine whether it is of the first
        cultivar.
    loss : {"lad", "svm", "logistic", "huber", "ridge"}
    samples : int
        Rows in one answer, 0 for exact subgradients.
    ridge : float
    """
    exact = _exact(name, loss, ridge)
    if samples == 0:
        return exact
    require_count("samples", samples)
    return _sharing_optimum(replace(exact, samples=samples), exact)


def with_exact_oracle(problem: LinearModel) -> LinearModel:
    """Return the same problem with exact subgradients; the two share the solver's work."""
    return _sharing_optimum(replace(problem, samples=0), problem)


def _sharing_optimum(problem: LinearModel, solved: LinearModel) -> LinearModel:
    # The optimum does not depend on how the oracle samples.
    entries = problem.facts.entries
    assert isinstance(entries, LazyEntries)
    entries.share(solved.facts.entries, ("f_star",))
    return problem


def _load(name: str) -> tuple[FloatArray, FloatArray]:
    from sklearn import datasets

    loaders: dict[str, Callable[..., Any]] = {
        "breast-cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
        "digits": datasets.load_digits,
        "wine": datasets.load_wine,
    }
    if name not in loaders:
        raise InputError(f"data set is {name!r}, but it must be one of {', '.join(DATA_SETS)}.")
    features, targets = loaders[name](return_X_y=True)
    if name == "digits":
        targets = (targets == DIGIT).astype(np.float64)
    if name == "wine":
        targets = (targets == 0).astype(np.float64)
    thin = max(1, -(-len(targets) // MAX_SAMPLES)) if name == "digits" else 1
    return np.asarray(features[::thin], dtype=np.float64), np.asarray(targets[::thin], dtype=np.float64)
