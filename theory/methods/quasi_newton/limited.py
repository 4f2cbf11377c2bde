r"""A limited-memory estimate of the squared Hessian from Hessian-vector products: block SR1 from a multiple of I.

With U orthonormal, Y = \hat H U and W = \hat H Y, and sigma at least the largest eigenvalue of H = \hat H^2,

.. math:: G = \sigma I - (\sigma U - W)(\sigma I - Y^\top Y)^{-1}(\sigma U - W)^\top, \qquad G U = W, \quad
    H \le G \le \sigma I .

Vectors are rows here: U, Y, W have shape (m, n). Works on arrays of any library of the array API standard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace

Product = Callable[[Array], Array]  # v of shape (n,) -> Hessian times v
RANK_TOLERANCE = 1e-10  # relative size below which a new basis vector is rounding
CLIP = 1e-6  # smallest eigenvalue that the estimate may claim, in units of sigma
RESIDUAL_TOLERANCE = 1e-12  # share of sigma below which sigma I - H vanishes along a direction


class Krylov(NamedTuple):
    """Basis U, image Y = Hessian U and image of the image W, each of shape (m, n)."""

    basis: Array
    image: Array
    square: Array


class LowRank(NamedTuple):
    """``scale * I`` changed on the span of orthonormal `vectors` (m, n) to the eigenvalues `values` (m,)."""

    scale: float
    vectors: Array
    values: Array


def lanczos(product: Product, start: Array, memory: int) -> Krylov:
    """Return the Krylov space of the Hessian from `start`, for `memory` + 1 products, with full reorthogonalisation.

    The products of the products need one more product only, because the Hessian maps the space into itself but for
    the last vector.

    Parameters
    ----------
    product : callable
    start : (n,) array
        The gradient; row 0 of ``image`` times its norm is then Hessian times gradient.
    memory : int
        m; fewer vectors come back where the space is invariant.
    """
    xp = namespace(start)
    unit = start / xp.linalg.vector_norm(start)
    basis, images = [unit], [product(unit)]
    while True:
        rest = _orthogonal(images[-1], basis)
        size = xp.linalg.vector_norm(rest)
        last = bool(size <= RANK_TOLERANCE * xp.linalg.vector_norm(images[-1]))
        if last or len(basis) == memory:
            break
        basis.append(rest / size)
        images.append(product(basis[-1]))
    U, Y = xp.stack(basis), xp.stack(images)
    T = Y @ U.T
    W = T @ Y
    if not last:
        W[-1, :] = W[-1, :] + size * product(rest / size)
    return Krylov(U, Y, W)


def history(product: Product, vectors: list[Array]) -> Krylov:
    """Return basis and images of the span of `vectors` for two products each; dependent vectors are dropped."""
    xp = namespace(vectors[0])
    basis: list[Array] = []
    for vector in vectors:
        size = xp.linalg.vector_norm(vector)
        if not size > 0:
            continue
        rest = _orthogonal(vector / size, basis)
        left = xp.linalg.vector_norm(rest)
        if left > RANK_TOLERANCE:
            basis.append(rest / left)
    images = [product(unit) for unit in basis]
    return Krylov(xp.stack(basis), xp.stack(images), xp.stack([product(image) for image in images]))


def block_lanczos(product: Product, start: Array, memory: int, kept: Array) -> Krylov:
    """Return the Krylov space, from `start`, of a diagonal block of the squared Hessian, for two products a vector.

    Parameters
    ----------
    product : callable
    start : (n,) array
    memory : int
        m; fewer vectors come back where the space is invariant, and none where `start` is 0 on the block.
    kept : (n,) array
        1 on the coordinates of the block and 0 elsewhere; basis and squares are 0 elsewhere, images are not.
    """
    xp = namespace(start)
    basis: list[Array] = []
    images: list[Array] = []
    squares: list[Array] = []
    rest = kept * start
    size, level = xp.linalg.vector_norm(rest), 0.0
    while size > RANK_TOLERANCE * level and len(basis) < memory:
        basis.append(rest / size)
        images.append(product(basis[-1]))
        squares.append(kept * product(images[-1]))
        level = xp.linalg.vector_norm(squares[-1])
        rest = _orthogonal(squares[-1], basis)
        size = xp.linalg.vector_norm(rest)
    empty = xp.zeros_like(start)[None][:0]
    return Krylov(*(xp.stack(rows) if rows else empty for rows in (basis, images, squares)))


def block_estimate(blocks: list[Krylov], scale: float) -> LowRank:
    r"""Return twice the block-diagonal estimate, which is at least H because H <= 2 diag(H_xx, H_yy).

    With S = diag(I, -I) it commutes, so that :math:`G^{-1/2} S \hat H` has norm at most 1 in the metric of G, which is
    what extragradient needs (derived in this package).

    Parameters
    ----------
    blocks : list of Krylov
        Of `block_lanczos`, on coordinates that do not meet.
    scale : float
        sigma of `estimate`.
    """
    parts = [estimate(block, scale) for block in blocks if len(block.basis)]
    xp = namespace(parts[0].vectors)
    vectors = xp.concat([part.vectors for part in parts], axis=0)
    return LowRank(2 * scale, vectors, 2 * xp.concat([part.values for part in parts], axis=0))


def _orthogonal(vector: Array, basis: list[Array]) -> Array:
    for _ in range(2):  # twice is enough
        for unit in basis:
            vector = vector - (unit @ vector) * unit
    return vector


def estimate(krylov: Krylov, scale: float) -> LowRank:
    """Return the block SR1 estimate in spectral form, so that its inverse and its root are products too.

    Parameters
    ----------
    krylov : Krylov
    scale : float
        sigma, at least the largest eigenvalue of the squared Hessian on the space.
    """
    U, Y, W = krylov
    xp = namespace(U)
    values, turns = xp.linalg.eigh(_symmetric(scale * (U @ U.T) - Y @ Y.T))
    keep = values > RESIDUAL_TOLERANCE * scale
    inverse = xp.where(keep, 1.0 / xp.where(keep, values, xp.ones_like(values)), xp.zeros_like(values))
    Q, R = xp.linalg.qr((scale * U - W).T)
    core = R @ turns
    removed, rotation = xp.linalg.eigh(_symmetric((core * inverse) @ core.T))
    return LowRank(scale, (Q @ rotation).T, xp.clip(scale - removed, CLIP * scale, scale))


def _symmetric(matrix: Array) -> Array:
    return (matrix + matrix.T) / 2


def apply_power(low_rank: LowRank, v: Array, power: float, growth: float = 1.0) -> Array:
    """Return ``G^power v`` for the estimate with its captured eigenvalues grown by a factor, at most to the scale.

    Parameters
    ----------
    low_rank : LowRank
    v : (n,) array
    power : float
        1, -1 or -1/2.
    growth : float
        The correction factor 1 + M r, which is capped so that the estimate never passes ``scale * I``.
    """
    xp = namespace(v)
    values = xp.clip(low_rank.values * growth, None, low_rank.scale)
    level = low_rank.scale**power
    return level * v + ((values**power - level) * (low_rank.vectors @ v)) @ low_rank.vectors


def largest_square(product: Product, start: Array, iterations: int) -> Any:
    """Return the largest squared eigenvalue of the Hessian by power iteration, from below."""
    xp = namespace(start)
    unit = start / xp.linalg.vector_norm(start)
    size = xp.linalg.vector_norm(start)
    for _ in range(iterations):
        image = product(unit)
        size = xp.linalg.vector_norm(image)
        unit = image / size
    return size**2
