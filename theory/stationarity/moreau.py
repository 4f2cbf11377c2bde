r"""The Moreau envelope of a weakly convex function, by a closed-form or by a computed proximal point.

.. math:: \phi(x) = \min_y F(y) + \tfrac{\bar\rho}{2}\|y-x\|^2, \qquad \nabla\phi(x) = \bar\rho\,(x-\hat x)

with x-hat the proximal point (Davis and Drusvyatskiy, 2018). A small gradient means that x is near a nearly
stationary point: ``|x-hat - x| = |grad phi|/rho-bar`` and ``dist(0, subdifferential F(x-hat)) <= |grad phi|``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.stationarity.measure import Measure


def _squared_gradient(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    curvature = 2 * problem.facts["weak_convexity"]
    return ((curvature * (x - problem.prox(x, curvature))) ** 2).sum(axis=1)


def _weighted_squared_gradient(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    G, rho = problem.facts["coordinate_bounds"], problem.facts["weighted_weak_convexity"]
    gradient = 2 * rho * G * (x - problem.prox(x, 2 * rho * G))
    return (gradient**2 / G).sum(axis=1)


MOREAU = Measure(
    "squared Moreau gradient", r"\|\nabla\phi_{1/2\rho}(x)\|^2", _squared_gradient
)  # rho-bar = 2 rho, in the Euclidean norm
WEIGHTED_MOREAU = Measure(
    "weighted squared Moreau gradient", r"\|\nabla\phi(x)\|_{W^{-1}}^2", _weighted_squared_gradient
)  # W = diag(G), rho-bar = 2 rho in the norm of W

MEASURES = (MOREAU, WEIGHTED_MOREAU)


class ProximalPoint(NamedTuple):
    """A computed proximal point: the point, the envelope's value there (an upper bound), and two certificates.

    `gap` is how far the value may be above the envelope; `distance` how far the point may be from the exact one.
    """

    point: FloatArray
    value: float
    gap: float
    distance: float


def proximal_point(
    problem: Any, x: FloatArray, curvature: float, weak_convexity: float, *, tolerance: float = 1e-10, cuts: int = 200
) -> ProximalPoint:
    r"""Return the proximal point of one point by a cutting-plane method with a certificate.

    The function :math:`q(y) = F(y) + \frac{\rho}{2}\|y-x\|^2` is convex; the maximum of its cuts plus
    :math:`\frac{\bar\rho-\rho}{2}\|y-x\|^2` is a lower bound whose minimiser is the next trial point.

    Parameters
    ----------
    problem : Problem
        Asked for ``value`` and ``subgradient`` at rows.
    x : (dim,) array
    curvature, weak_convexity : float
        rho-bar > rho > 0.
    tolerance : float
        The method ends when the certified gap is below it,
    cuts : int
        or after this many trial points.

    Returns
    -------
    ProximalPoint
        With ``distance = sqrt(2 gap / (rho-bar - rho))``.

    Raises
    ------
    InputError
        If `curvature` is not above `weak_convexity`.
    """
    require_positive("weak_convexity", weak_convexity)
    if not curvature > weak_convexity:
        raise InputError(
            f"curvature is {curvature!r}, but it must exceed the weak convexity {weak_convexity!r} for a unique "
            "proximal point."
        )
    rest = curvature - weak_convexity
    offsets: list[float] = []
    slopes: list[FloatArray] = []
    y, best, best_value, lower = x, x, np.inf, -np.inf
    for _ in range(cuts):
        move = y - x
        value = float(problem.value(y[None, :])[0]) + weak_convexity / 2 * float(move @ move)
        if value + rest / 2 * float(move @ move) < best_value:
            best, best_value = y, value + rest / 2 * float(move @ move)
        g = problem.subgradient(y[None, :])[0] + weak_convexity * move
        slopes.append(g)
        offsets.append(value - float(g @ move))
        A, b = np.array(slopes), np.array(offsets)
        weights = _simplex_quadratic(A, rest * b)
        y = x - A.T @ weights / rest
        lower = max(lower, float(weights @ b) - float((A.T @ weights) @ (A.T @ weights)) / (2 * rest))
        if best_value - lower <= tolerance:
            break
    gap = max(best_value - lower, 0.0)
    return ProximalPoint(best, best_value, gap, float(np.sqrt(2 * gap / rest)))


def _simplex_quadratic(A: FloatArray, b: FloatArray) -> FloatArray:
    """Return weights of a simplex that minimise ``|A^T w|^2 / 2 - <b, w>``, by an active-set method."""
    m = len(b)
    Q = A @ A.T
    scale = float(np.trace(Q)) / m + 1e-300
    active = [int(np.argmin(np.diag(Q) / 2 - b))]
    w = np.zeros(m)
    w[active[0]] = 1.0
    for _ in range(20 * m + 20):
        gradient = Q @ w - b
        level = float(gradient @ w)
        entering = int(gradient.argmin())
        if gradient[entering] >= level - 1e-13 * scale:
            break
        if entering not in active:
            active.append(entering)
        while True:
            target = _equality_weights(Q, b, active, scale)
            if (target > 0).all():
                w = np.zeros(m)
                w[active] = target
                break
            now = w[active]
            falling = target < now
            ratios = np.where(falling & (target <= 0), now / np.where(falling, now - target, 1.0), np.inf)
            share = min(1.0, float(ratios.min()))
            moved = now + share * (target - now)
            moved[int(ratios.argmin())] = 0.0
            w = np.zeros(m)
            w[active] = np.maximum(moved, 0.0)
            active = [index for index, weight in zip(active, moved) if weight > 0]
        w /= w.sum()
    return w


def _equality_weights(Q: FloatArray, b: FloatArray, active: list[int], scale: float) -> FloatArray:
    n = len(active)
    system = np.zeros((n + 1, n + 1))
    system[:n, :n] = Q[np.ix_(active, active)] + 1e-14 * scale * np.eye(n)
    system[:n, n] = system[n, :n] = scale
    right = np.append(b[active], scale)
    return np.linalg.solve(system, right)[:n]
