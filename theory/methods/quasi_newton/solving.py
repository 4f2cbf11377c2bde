"""The linear system of a quasi-Newton step."""

from __future__ import annotations

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError


def solve_estimate(G: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``G^{-1} b`` by Cholesky, by elimination where G has lost its sign, NaN where G has NaN.

    Parameters
    ----------
    G : (n, n) array
        Symmetric.
    b : (n,) or (n, m) array

    Raises
    ------
    InputError
        If G is singular.
    """
    from scipy.linalg import cho_factor, cho_solve

    if not np.isfinite(G[0, 0]) or not np.isfinite(np.diagonal(G).sum()):
        return np.full_like(b, np.nan)
    try:
        return cho_solve(cho_factor(G.T, lower=True, check_finite=False), b, check_finite=False)
    except np.linalg.LinAlgError:
        pass
    try:
        return np.linalg.solve(G, b)
    except np.linalg.LinAlgError as error:
        raise InputError(
            "the curvature estimate is singular; the Hessian is singular here or the correction too small: "
            "raise correction or add regularisation to the problem."
        ) from error
