"""What smooth, non-quadratic saddle-point problems share: Newton's method for the reference, facts from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Fact

ROUNDING = 2.0**-52
MOST_ITERATIONS = 50


def newton_saddle(problem: Any, start: FloatArray) -> FloatArray:
    """Return the zero of the gradient near `start` by damped Newton steps, to rounding.

    A step is halved until ||g|| falls.

    Raises
    ------
    InputError
        If ||g|| does not fall to rounding.
    """
    z = start.astype(float)
    size = _size(problem, z)
    first = max(size, 1e-300)
    for _ in range(MOST_ITERATIONS):
        step = np.linalg.solve(problem.hessian(z[None])[0], _gradient(problem, z))
        share = 1.0
        while share > 1e-4 and not _size(problem, z - share * step) < size:
            share /= 2
        if share <= 1e-4:
            break
        z = z - share * step
        size = _size(problem, z)
    if size > 1e-10 * max(first, 1.0):
        raise InputError(
            f"Newton's method from the given start ends at a gradient norm of {size:.3g}; "
            "start closer to the saddle point."
        )
    return z


def _gradient(problem: Any, z: FloatArray) -> FloatArray:
    g = problem.operator(z[None])[0]
    g[problem.split :] *= -1.0
    return g


def _size(problem: Any, z: FloatArray) -> float:
    return float(np.linalg.norm(_gradient(problem, z)))


def reference_facts(problem: Any, z_star: FloatArray, start: FloatArray) -> dict[str, Fact]:
    """Return the facts that follow from a reference saddle point: accuracy, radius, rounding of the gradient."""
    hessian = problem.hessian(z_star[None])[0]
    size = np.abs(np.linalg.eigvalsh(hessian))
    left = _size(problem, z_star)
    n = len(z_star)
    rounding = left + n * ROUNDING * (float(size.max()) * float(np.linalg.norm(z_star)) + 1.0)
    first = _size(problem, start)
    return {
        "x_star": Fact(z_star, "solver", 2 * rounding / float(size.min()), "Newton's method to rounding"),
        "f_star": Fact(float(problem.value(z_star[None])[0]), "solver", rounding),
        "radius": Fact(float(np.linalg.norm(start - z_star)), "solver", 2 * rounding / float(size.min())),
        "local_smoothness": Fact(float(size.max()), "computed", note="largest absolute eigenvalue at the saddle point"),
        "local_singular_min": Fact(float(size.min()), "computed", note="smallest absolute eigenvalue there"),
        "residual": Fact(0.0, "computed", rounding, "||g|| of the reference plus rounding of a gradient"),
        "start_residual": Fact(first, "computed", rounding),
        "relative_residual": Fact(0.0, "computed", rounding / first if first else 0.0),
        "dimension": Fact(n, "computed"),
    }


def logistic_loss(s: FloatArray) -> FloatArray:
    """Return log(1 + exp(-s)) without overflow."""
    return np.logaddexp(0.0, -s)


def logistic_weight(s: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(s)), minus the derivative of the logistic loss, without overflow."""
    return np.exp(-np.logaddexp(0.0, s))
