"""Directions of the updates: greedy coordinates, and Gaussian vectors from uniform numbers."""

from __future__ import annotations

import numpy as np

from ratecheck.theory.arrays import FloatArray

SMALLEST_UNIFORM = 2.0**-54  # half the grid of the uniform numbers: keeps the normal quantile finite at 0


def gaussian(uniform: FloatArray) -> FloatArray:
    """Return independent standard normal numbers from independent uniform ones on [0, 1), of the same shape."""
    from scipy.special import ndtri

    return ndtri(np.maximum(uniform, SMALLEST_UNIFORM))


def orthonormal(block: FloatArray) -> FloatArray:
    """Return an orthonormal basis of the columns of `block`, shape (n, m)."""
    return np.linalg.qr(block)[0]


def coordinate(n: int, index: int) -> FloatArray:
    """Return the unit vector of a coordinate, shape (n,)."""
    unit = np.zeros(n)
    unit[index] = 1.0
    return unit


def greedy_ratio(estimate: FloatArray, target_diagonal: FloatArray) -> FloatArray:
    """Return the unit vector that maximises G_ii / H_ii, the greedy rule of the Broyden family."""
    return coordinate(len(target_diagonal), int(np.argmax(np.diagonal(estimate) / target_diagonal)))


def greedy_difference(estimate: FloatArray, target_diagonal: FloatArray) -> FloatArray:
    """Return the unit vector that maximises (G - H)_ii, the greedy rule of SR1."""
    return coordinate(len(target_diagonal), int(np.argmax(np.diagonal(estimate) - target_diagonal)))


def scaled(estimate: FloatArray, normal: FloatArray) -> FloatArray:
    """Return R'v for ``G^{-1} = R'R`` and a Gaussian v, the direction under which BFGS contracts by 1 - 1/n."""
    from scipy.linalg import solve_triangular

    return solve_triangular(np.linalg.cholesky(estimate), normal, lower=True, trans="T")
