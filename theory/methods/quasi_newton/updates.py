r"""Updates of an estimate G of a positive definite target H along a direction u (or a block U), as formulas.

For min-max problems the target is the *squared* Hessian :math:`H = \hat H^2`; nothing here knows that. Sources: Broyden
family and its order in Rodomanov and Nesterov (2021); block SR1 in Liu, Bi, Luo and Lui (2023).
"""

from __future__ import annotations

import numpy as np

from ratecheck.theory.arrays import FloatArray

SKIP = 1e-13  # relative size of G - H along a direction below which it is rounding, not curvature
INVERSE_SKIP = 1e-8  # the same for the inverse form, whose denominators cancel


def sr1(G: FloatArray, Hu: FloatArray, u: FloatArray) -> FloatArray:
    """Return the symmetric rank-one update; G itself where G already agrees with H on `u`.

    Parameters
    ----------
    G : (n, n) array
    Hu, u : (n,) arrays
    """
    residual = G @ u - Hu
    curvature = u @ residual
    if abs(curvature) <= SKIP * (u @ (G @ u)):
        return G
    return G - np.outer(residual, residual / curvature)


def dfp(G: FloatArray, Hu: FloatArray, u: FloatArray) -> FloatArray:
    """Return the update of Davidon, Fletcher and Powell."""
    uHu = u @ Hu
    mixed = np.outer(Hu, G @ u) / uHu
    return G - mixed - mixed.T + (u @ (G @ u) / uHu + 1) * np.outer(Hu, Hu) / uHu


def bfgs(G: FloatArray, Hu: FloatArray, u: FloatArray) -> FloatArray:
    """Return the update of Broyden, Fletcher, Goldfarb and Shanno."""
    Gu = G @ u
    return G - np.outer(Gu, Gu) / (u @ Gu) + np.outer(Hu, Hu) / (u @ Hu)


def broyden(G: FloatArray, Hu: FloatArray, u: FloatArray, phi: float) -> FloatArray:
    """Return the member ``phi * DFP + (1 - phi) * SR1`` of the Broyden family."""
    return phi * dfp(G, Hu, u) + (1 - phi) * sr1(G, Hu, u)


def block_sr1(G: FloatArray, HU: FloatArray, U: FloatArray) -> FloatArray:
    r"""Return :math:`G - RU (U^\top R U)^{+} U^\top R` with R = G - H; directions without residual are left out.

    Parameters
    ----------
    G : (n, n) array
    HU, U : (n, m) arrays
        `U` has orthonormal columns.
    """
    residual = G @ U - HU
    small = U.T @ residual
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    keep = np.abs(values) > SKIP * np.abs(U.T @ (G @ U)).max()
    kept = residual @ vectors[:, keep]
    return G - (kept / values[keep]) @ kept.T


def inverse_sr1(P: FloatArray, Hu: FloatArray, u: FloatArray, *, guard: bool = True) -> FloatArray:
    """Return the symmetric rank-one update of ``P = G^{-1}``.

    With `guard` an update whose denominator has cancelled is skipped; without it 1e-30 is added to the denominator,
    as in the code that Liu and Luo (2021) released.
    """
    w = u - P @ Hu
    denominator = w @ Hu
    if guard:
        if abs(denominator) <= INVERSE_SKIP * np.linalg.norm(w) * np.linalg.norm(Hu):
            return P
    else:
        denominator = denominator + 1e-30
    return P + np.outer(w, w / denominator)


def inverse_block_sr1(P: FloatArray, HU: FloatArray, U: FloatArray) -> FloatArray:
    r"""Return the block update of the inverse, :math:`P + W (U^\top H W)^{+} W^\top` with W = U - PHU.

    Directions whose denominator has cancelled are left out.
    """
    W = U - P @ HU
    small = HU.T @ W
    if not np.isfinite(small).all():
        return np.full_like(P, np.nan)
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    keep = np.abs(values) > INVERSE_SKIP * np.linalg.norm(W) * np.linalg.norm(HU)
    kept = W @ vectors[:, keep]
    return P + (kept / values[keep]) @ kept.T


def inverse_bfgs(P: FloatArray, Hu: FloatArray, u: FloatArray) -> FloatArray:
    r"""Return :math:`(I - u (Hu)^\top/v) P (I - Hu\, u^\top/v) + u u^\top/v` with v = u'Hu."""
    v, w = u @ Hu, P @ Hu
    mixed = np.outer(u, w / v)
    return P - mixed - mixed.T + np.outer(u, u * ((1 + Hu @ w / v) / v))
