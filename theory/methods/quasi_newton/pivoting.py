r"""Several greedy SR1 updates at once: partial Cholesky factorisation of G - H with diagonal pivoting.

tau greedy SR1 updates in turn, each along the coordinate where the diagonal of G - H is largest, equal tau steps of
pivoted Cholesky on R = G - H, and the result is :math:`G - \sum_l s_l c_l c_l^\top`. One such block contracts the
trace of R by 1 - tau/n: each pivot is at least the mean of the diagonal that is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.methods.quasi_newton.updates import SKIP

Columns = Callable[[IntArray], FloatArray]  # indices (m,) -> columns of the target, shape (n, m)
LOOK_AHEAD = 8  # columns asked for at once when a pivot was not foreseen: fewer waste products, more waste work


class Pivots(NamedTuple):
    """The columns c_l, shape (n, m), their signs s_l and coordinates, and whether only rounding is left after them."""

    factor: FloatArray
    signs: FloatArray
    picks: IntArray
    exhausted: bool


def pivoted_block(
    estimate: FloatArray,
    target_diagonal: FloatArray,
    columns: Columns,
    count: int,
    *,
    signed: bool = False,
) -> Pivots:
    """Return `count` greedy pivots of ``estimate - target``, fewer where nothing but rounding is left.

    Columns of the target are asked for in blocks (a matrix product) and not one by one (a slow matrix-vector
    product); the picks are those of the sequential rule all the same.

    Parameters
    ----------
    estimate : (n, n) array
        Symmetric.
    target_diagonal : (n,) array
    columns : callable
        Columns of the target.
    count : int
        Number of updates tau.
    signed : bool
        Pivot on the largest absolute value and keep its sign, for an estimate that may have fallen below the target.
    """
    n = len(target_diagonal)
    diagonal = np.diagonal(estimate)
    rest = diagonal - target_diagonal
    negligible = SKIP * float(np.abs(diagonal).max())
    factor = np.zeros((n, count), dtype=estimate.dtype, order="F")
    signs = np.ones(count, dtype=estimate.dtype)
    ready: dict[int, FloatArray] = {}
    picks: list[int] = []
    for i in range(count):
        size = np.abs(rest) if signed else rest
        j = int(size.argmax())
        if not size[j] > negligible:
            break
        if j not in ready:
            _look_ahead(ready, estimate, columns, size, j, count if i == 0 else min(LOOK_AHEAD, count - i))
        column = ready.pop(j) - factor[:, :i] @ (signs[:i] * factor[j, :i])
        signs[i] = 1.0 if rest[j] > 0 else -1.0
        column /= np.sqrt(size[j])
        rest = rest - signs[i] * column * column
        rest[j] = 0.0
        factor[:, i] = column
        picks.append(j)
    used, left = len(picks), np.abs(rest) if signed else rest
    exhausted = bool(left.max() <= negligible)
    return Pivots(factor[:, :used], signs[:used], np.array(picks, dtype=np.int64), exhausted)


def _look_ahead(
    ready: dict[int, FloatArray], estimate: FloatArray, columns: Columns, size: FloatArray, first: int, count: int
) -> None:
    """Fetch the residual columns of the next pivot `first` and of the most likely ones that are not there yet."""
    likely = size.copy()
    likely[list(ready)] = -np.inf
    likely[first] = np.inf
    wanted = np.sort(np.argpartition(-likely, count - 1)[:count])
    residual = estimate[wanted].T - columns(wanted)
    ready.update({int(j): residual[:, i] for i, j in enumerate(wanted)})


def apply_pivots(estimate: FloatArray, pivots: Pivots, scale: float = 1.0) -> FloatArray:
    r"""Return :math:`G - \sum_l s_l c_l c_l^\top` for the pivots of ``G = scale * estimate``, as a new array."""
    from scipy.linalg import blas

    result = estimate * scale
    if pivots.factor.shape[1] == 0:
        return result
    signed = pivots.factor * -pivots.signs
    gemm = blas.sgemm if result.dtype == np.float32 else blas.dgemm
    # A symmetric array in row order is its own transpose in column order: the product is added in place.
    gemm(1.0, signed, pivots.factor, beta=1.0, c=result.T, trans_b=True, overwrite_c=True)
    return result
