r"""Goldstein stationarity: how short a convex combination of gradients near a point can be.

.. math:: \partial_\delta F(x) = \mathrm{conv}\bigcup_{\|y-x\|\le\delta}\partial F(y), \qquad
    (\delta,\epsilon)\text{-stationary: } \mathrm{dist}(0, \partial_\delta F(x)) \le \epsilon

Finitely many gradients span a part of the set only: what is computed from samples is an *upper* bound on the
distance, and it falls as samples are added.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_choice, require_count, require_finite_array, require_positive
from ratecheck.theory.stationarity.measure import Measure

Norm = Literal["l1", "l2", "linf"]
OUTSIDE_HULL = "no convex combination of the points has the wanted mean, but x must lie in their hull."


class ShortestVector(NamedTuple):
    """The shortest convex combination: its norm, its weights, and how far the norm may be above the minimum."""

    norm: float
    weights: FloatArray
    gap: float


def norm_of(v: FloatArray, norm: Norm) -> float:
    """Return the l1, l2 or l-infinity norm of a vector."""
    require_choice("norm", norm, ("l1", "l2", "linf"))
    return float(np.linalg.norm(v, {"l1": 1, "l2": 2, "linf": np.inf}[norm]))


def shortest_combination(gradients: FloatArray, norm: Norm = "l2") -> ShortestVector:
    """Return the convex combination of the rows that is shortest in a norm.

    Parameters
    ----------
    gradients : (m, dim) array
    norm : {"l1", "l2", "linf"}
        In l2 by non-negative least squares (Lawson and Hanson, 1974), with the duality gap as certificate; else by a
        linear program (HIGHS).

    Raises
    ------
    InputError
        If there is no gradient, or one holds NaN.
    """
    if gradients.ndim != 2 or not len(gradients):
        raise InputError(f"gradients has shape {gradients.shape}, but it must hold at least one row.")
    require_finite_array("gradients", gradients)
    weights = _least_squares(gradients) if norm == "l2" else linear_weights(gradients, norm)
    shortest = gradients.T @ weights
    length = norm_of(shortest, norm)
    if norm != "l2":
        return ShortestVector(length, weights, 0.0)
    gap = float(shortest @ shortest - (gradients @ shortest).min())
    # Every combination h has <h, v> >= |v|^2 - gap, so that its norm is at least |v| - gap / |v|.
    return ShortestVector(length, weights, min(max(gap, 0.0) / length, length) if length > 0 else 0.0)


def _least_squares(gradients: FloatArray) -> FloatArray:
    from scipy.optimize import nnls

    scale = float(np.abs(gradients).max()) or 1.0
    system = np.vstack([gradients.T / scale, np.ones(len(gradients))])
    solution, _ = nnls(system, np.append(np.zeros(gradients.shape[1]), 1.0))
    return solution / solution.sum()


def linear_weights(
    gradients: FloatArray, norm: Norm, cost: FloatArray | None = None, mean: tuple[FloatArray, FloatArray] | None = None
) -> FloatArray:
    """Return weights p of a simplex that minimise ``|sum_j p_j g_j| + <cost, p>`` in the l1 or l-infinity norm.

    Parameters
    ----------
    gradients : (m, dim) array
    norm : {"l1", "linf"}
    cost : (m,) array, optional
    mean : pair of arrays, optional
        (points (m, dim), x (dim,)): the weights must satisfy ``sum_j p_j points_j = x``.
    """
    from scipy.optimize import linprog

    m, dim = gradients.shape
    slack = dim if norm == "l1" else 1
    fill = np.eye(dim) if norm == "l1" else np.ones((dim, 1))
    above = np.block([[gradients.T, -fill], [-gradients.T, -fill]])
    equal, right = [np.append(np.ones(m), np.zeros(slack))], [1.0]
    if mean is not None:
        points, x = mean
        equal += [np.append(column, np.zeros(slack)) for column in (points - x).T]
        right += [0.0] * len(x)
    found = linprog(
        np.append(np.zeros(m) if cost is None else cost, np.ones(slack)),
        A_ub=above,
        b_ub=np.zeros(2 * dim),
        A_eq=np.array(equal),
        b_eq=np.array(right),
        method="highs",
    )
    if not found.success:
        raise InputError(OUTSIDE_HULL)
    weights = np.maximum(found.x[:m], 0.0)
    return weights / weights.sum()


def goldstein_bound(
    problem: Any, x: FloatArray, delta: float, u: FloatArray, norm: Norm = "l2", ball: Norm = "l2"
) -> ShortestVector:
    """Return an upper bound on the distance of 0 from the Goldstein subdifferential at one point.

    Parameters
    ----------
    problem : Problem
        Asked for ``subgradient``.
    x : (dim,) array
    delta : float
        Radius.
    u : (m, dim + 1) array
        Uniform numbers on [0, 1) that name the sampled points; the centre is always among them.
    norm, ball : {"l1", "l2", "linf"}
        Of the vector, and of the ball (l2 or linf).
    """
    require_positive("delta", delta)
    require_choice("ball", ball, ("l2", "linf"))
    if u.ndim != 2 or u.shape[1] != x.size + 1:
        raise InputError(f"u has shape {u.shape}, but it must hold {x.size + 1} numbers for each sampled point.")
    side = 2 * u[:, 1:] - 1
    if ball == "l2":
        from scipy.special import ndtri

        side = ndtri(np.clip(u[:, 1:], 1e-12, 1 - 1e-12))
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        side *= u[:, :1] ** (1 / x.size)
    points = np.vstack([x, x + delta * side])
    return shortest_combination(problem.subgradient(points), norm)


def goldstein(delta: float, norm: Norm = "l2", ball: Norm = "l2", samples: int = 32) -> Measure:
    r"""Return the measure that bounds the distance of 0 from the Goldstein subdifferential from above at each row.

    The sampled points are the same for every row and call (a Halton sequence), so that the measure is a function.

    Parameters
    ----------
    delta : float
        Radius.
    norm, ball : {"l1", "l2", "linf"}
        Of the vector, and of the ball (l2 or linf).
    samples : int
        Points beside the centre; more of them bring the bound down.
    """
    require_positive("delta", delta)
    require_choice("norm", norm, ("l1", "l2", "linf"))
    require_choice("ball", ball, ("l2", "linf"))
    require_count("samples", samples)

    def compute(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
        u = halton(samples, x.shape[1] + 1)
        return np.array([goldstein_bound(problem, row, delta, u, norm, ball).norm for row in x])

    return Measure(
        f"Goldstein bound, {norm} norm, {ball} ball of radius {delta:g}",
        r"\mathrm{dist}(0,\partial_\delta F(x))",
        compute,
    )


def halton(count: int, dim: int) -> FloatArray:
    """Return the first points of the Halton sequence after the origin, shape (count, dim), in [0, 1)."""
    from scipy.stats import qmc

    return np.asarray(qmc.Halton(dim, scramble=False).random(count + 1)[1:])


GOLDSTEIN = goldstein(0.1)
GOLDSTEIN_L1 = goldstein(0.1, "l1", "linf")

MEASURES = (GOLDSTEIN, GOLDSTEIN_L1)
