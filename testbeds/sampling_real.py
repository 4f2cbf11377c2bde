"""Support vector machines on real data, asked by samples."""

from __future__ import annotations

from functools import cache

import numpy as np

from ratecheck.testbeds.kernel_svm import KernelSVM
from ratecheck.testbeds.real_data import real_problem
from ratecheck.theory.errors import require_count


@cache
def real_svm(name: str, regularization: float = 0.1, batch: int = 1, most: int = 150) -> KernelSVM:
    """Return a linear support vector machine on a data set that ships inside scikit-learn.

    Parameters
    ----------
    name : {"breast-cancer", "digits", "wine"}
        As in `real_problem`: standardised features and a column of ones.
    regularization : float
        mu.
    batch : int
    most : int
        At most this many rows, evenly spread over the file.
    """
    require_count("most", most)
    model = real_problem(name, "svm", samples=0)
    rows = np.unique(np.linspace(0, len(model.b) - 1, min(most, len(model.b))).astype(np.int64))
    A, b = model.A[rows], model.b[rows]
    return KernelSVM(A @ A.T, b, regularization, batch)
