"""Instances of quadratic saddle-point problems with a planted spectrum or a closed-form solution."""

from __future__ import annotations

import math

import numpy as np

from ratecheck.testbeds.saddle import QuadraticSaddle
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive


def _orthogonal(n: int, rng: np.random.Generator) -> FloatArray:
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return q * np.sign(np.diagonal(r))


def _blocks(A: FloatArray, B: FloatArray, C: FloatArray) -> FloatArray:
    """Return ``[[A, B], [B', -C]]``, symmetric to the last bit."""
    full = np.block([[A, B], [B.T, -C]])
    return (full + full.T) / 2


def scalar_game(coupling: float = 1.0, curvature: float = 0.0) -> QuadraticSaddle:
    """Return ``f = curvature (x^2 - y^2)/2 + coupling x y`` started at (1, 0).

    F is then a multiple of a rotation, so that per-step factors are exact: its modulus is
    ``L = sqrt(curvature^2 + coupling^2)`` in every direction.
    """
    matrix = np.array([[curvature, coupling], [coupling, -curvature]])
    return QuadraticSaddle(matrix, np.zeros(2), 1, np.array([1.0, 0.0]), "scalar game")


def bilinear_game(n: int = 10, smoothness: float = 1.0, singular_min: float = 0.1, seed: int = 0) -> QuadraticSaddle:
    """Return ``f = (A x - b)' (y - c)`` with the singular values of A spaced geometrically; saddle (A^{-1} b, c).

    Parameters
    ----------
    n : int
        Coordinates of x and of y each.
    smoothness, singular_min : float
        Largest and smallest singular value.
    seed : int
    """
    require_count("n", n)
    require_positive("singular_min", singular_min)
    _require_order(singular_min, smoothness)
    rng = np.random.default_rng(seed)
    A = (_orthogonal(n, rng) * np.geomspace(singular_min, smoothness, n)) @ _orthogonal(n, rng).T
    b, c = rng.standard_normal(n), rng.standard_normal(n)
    linear = np.concatenate([A.T @ c, b])
    zero = np.zeros((n, n))
    return QuadraticSaddle(_blocks(zero, A.T, zero), linear, n, np.zeros(2 * n), "bilinear game")


def quadratic_saddle(
    n: int = 25, smoothness: float = 1.0, condition: float = 10.0, seed: int = 0, coupled: bool = True
) -> QuadraticSaddle:
    """Return ``f = (mu/2) ||x||^2 + x'By - (mu/2) ||y||^2 - q'z`` whose Hessian has the eigenvalues +-s_i exactly.

    The s_i are spaced geometrically from mu = smoothness / condition to the smoothness.

    Parameters
    ----------
    n : int
        Coordinates of x and of y each.
    smoothness, condition : float
        L and L / mu.
    seed : int
    coupled : bool
        False leaves B out, which makes mu the whole spectrum.
    """
    require_count("n", n)
    require_positive("smoothness", smoothness)
    require_positive("condition", condition)
    mu = smoothness / condition
    _require_order(mu, smoothness)
    rng = np.random.default_rng(seed)
    s = np.geomspace(mu, smoothness, n) if coupled else np.full(n, mu)
    B = (_orthogonal(n, rng) * np.sqrt(np.maximum(s**2 - mu**2, 0.0))) @ _orthogonal(n, rng).T
    eye = mu * np.eye(n)
    hessian = _blocks(eye, B, eye)
    # The saddle point is planted: a planted right-hand side would put it kappa times as far away as rounding allows.
    linear = hessian @ rng.standard_normal(2 * n)
    return QuadraticSaddle(hessian, linear, n, np.zeros(2 * n), f"quadratic saddle, condition {condition:g}")


def unequal_quadratic(n: int = 10, seed: int = 0) -> QuadraticSaddle:
    """Return a quadratic saddle whose blocks have different spectra.

    In turned coordinates it falls apart into pairs ``[[a, c], [c, -d]]`` with the eigenvalues
    ``(a - d)/2 +- sqrt(((a + d)/2)^2 + c^2)``; a, d and c are uniform on [0.1, 1].

    Parameters
    ----------
    n : int
        Coordinates of x and of y each.
    seed : int
    """
    require_count("n", n)
    rng = np.random.default_rng(seed)
    a, d, c = rng.uniform(0.1, 1.0, (3, n))
    left, right = _orthogonal(n, rng), _orthogonal(n, rng)
    hessian = _blocks((left * a) @ left.T, (left * c) @ right.T, (right * d) @ right.T)
    linear = hessian @ rng.standard_normal(2 * n)
    return QuadraticSaddle(hessian, linear, n, np.zeros(2 * n), "quadratic saddle, unequal blocks")


def robust_least_squares(
    rows: int = 20, columns: int = 10, adversary: float = 2.0, regularisation: float = 0.1, seed: int = 0
) -> QuadraticSaddle:
    r"""Return robust least squares, whose adversary moves the right-hand side.

    .. math:: f(x, y) = \tfrac12 \|Ax - y\|^2 - \tfrac{\gamma}{2}\|y - b\|^2 + \tfrac{\lambda}{2}\|x\|^2

    Closed form: :math:`(A^\top A \gamma/(\gamma - 1) + \lambda I)\, x^\star = \gamma/(\gamma-1) A^\top b` and
    :math:`y^\star = (\gamma b - A x^\star)/(\gamma - 1)`.

    Parameters
    ----------
    rows, columns : int
    adversary : float
        gamma, above 1.
    regularisation : float
        lambda.
    seed : int
    """
    require_positive("regularisation", regularisation)
    if not adversary > 1:
        raise InputError(f"adversary is {adversary!r}, but f is concave in y only for a number above 1.")
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((rows, columns)) / math.sqrt(rows)
    b = rng.standard_normal(rows)
    hessian = _blocks(A.T @ A + regularisation * np.eye(columns), -A.T, (adversary - 1) * np.eye(rows))
    linear = np.concatenate([np.zeros(columns), -adversary * b])
    return QuadraticSaddle(hessian, linear, columns, np.zeros(columns + rows), "robust least squares")


def slow_game(steps: int) -> QuadraticSaddle:
    """Return a bilinear game whose last extragradient iterate is slow: started along a singular value of sqrt(2/steps).

    The other singular value is L = 1. With the step 1/sqrt(2), ||F(z_K)||^2 is about 2/(e K), not of order 1/K^2.

    Parameters
    ----------
    steps : int
        K, at least 2.
    """
    require_count("steps - 1", steps - 1)
    A, zero = np.diag([1.0, math.sqrt(2 / steps)]), np.zeros((2, 2))
    start = np.array([0.0, 1.0, 0.0, 0.0])
    return QuadraticSaddle(_blocks(zero, A, zero), np.zeros(4), 2, start, "slow bilinear game")


def hard_bilinear(evaluations: int, smoothness: float = 1.0) -> QuadraticSaddle:
    r"""Return the game ``y'(A x - b)`` on which no first-order method beats L R / (2 floor(c/2) + 1) in ||A x_c - b||.

    With q = floor(c/2): :math:`A = \mathrm{diag}(L \cos(j\pi/(2q+1)))`, j = 0..q, and :math:`x^{\star 2}_j`
    proportional to :math:`w_j/\lambda_j^2`, w_0 = 1/2, others 1; R = ||x*|| = 1, y* = 0. The residual polynomial
    lambda p(lambda^2) is smallest for the Chebyshev polynomial of degree 2q + 1, by discrete orthogonality.

    Parameters
    ----------
    evaluations : int
        c, gradient evaluations.
    smoothness : float
    """
    require_count("evaluations", evaluations)
    require_positive("smoothness", smoothness)
    q = evaluations // 2
    nodes = smoothness * np.cos(np.arange(q + 1) * np.pi / (2 * q + 1))
    weights = np.ones(q + 1)
    weights[0] = 0.5
    x_star = np.sqrt(weights) / nodes
    x_star /= np.linalg.norm(x_star)
    A, zero = np.diag(nodes), np.zeros((q + 1, q + 1))
    linear = np.concatenate([np.zeros(q + 1), nodes * x_star])
    return QuadraticSaddle(_blocks(zero, A, zero), linear, q + 1, np.zeros(2 * q + 2), "hard bilinear game")


def _require_order(mu: float, smoothness: float) -> None:
    if mu > smoothness:
        raise InputError(
            f"mu is {mu:.6g} and L is {smoothness:.6g}, but mu can be at most L; lower mu or raise the smoothness."
        )


EXAMPLES = {
    "scalar game": scalar_game(),
    "bilinear game": bilinear_game(4),
    "quadratic saddle": quadratic_saddle(4),
    "quadratic saddle, unequal blocks": unequal_quadratic(4),
    "robust least squares": robust_least_squares(6, 3),
    "hard bilinear game": hard_bilinear(8),
}
