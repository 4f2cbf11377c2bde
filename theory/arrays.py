"""The array library of an argument: update rules are written once, for NumPy and torch alike."""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = Any  # an array of any library of the array API standard
FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]

ROW_TILE = 8  # rows per matrix product: one fixed shape, so that a run's bits do not depend on its neighbours


def namespace(x: Array) -> Any:
    """Return the array API namespace of `x` (NumPy is asked for most and answered at once)."""
    if isinstance(x, np.ndarray):
        return np
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        # Directly, because the general look-up has caches that torch.compile warns about.
        from ratecheck.theory import torch_namespace

        return torch_namespace
    from array_api_compat import array_namespace

    return array_namespace(x)


def rows_times(x: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return ``x @ matrix`` with the same bits for a row, whatever the number of rows.

    BLAS picks its kernel by shape, so a plain product gives a row other last bits in a batch of other size. Here
    every product has `ROW_TILE` rows.

    Parameters
    ----------
    x : (runs, n) array
    matrix : (n, m) array

    Returns
    -------
    (runs, m) array
    """
    runs, n = x.shape
    tiles = -(-runs // ROW_TILE)
    if tiles * ROW_TILE == runs:
        padded = np.ascontiguousarray(x)
    else:
        padded = np.zeros((tiles * ROW_TILE, n), dtype=x.dtype)
        padded[:runs] = x
    product = padded.reshape(tiles, ROW_TILE, n) @ matrix
    return product.reshape(tiles * ROW_TILE, matrix.shape[1])[:runs]


def row_dot(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the inner product of each row of `x` with the same row of `y`, shape (runs,)."""
    return np.einsum("ij,ij->i", x, y)


def row_norm(x: FloatArray) -> FloatArray:
    """Return the Euclidean norm of each row, shape (runs,)."""
    return np.sqrt(row_dot(x, x))
