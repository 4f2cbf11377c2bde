r"""The optimum of a linear model by CVXPY, with an interval that is certified here and not by the solver.

For any u in the domain of the conjugate loss, and whatever solver proposed it,

.. math:: \min_x f(x) \;\ge\; -\frac1m\sum_i \varphi^*(u_i, b_i)
    + \sum_j \min_{l_j\le x_j\le h_j}\Bigl[q_jx_j + \frac{\rho}{2}x_j^2 + \tau|x_j|\Bigr], \qquad q = \frac{A^\top u}{m}

and the minimum over the domain is in closed form for each coordinate. With the value at any feasible point it encloses
the optimum.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.losses import Absolute, Hinge
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Fact

if TYPE_CHECKING:
    from ratecheck.testbeds.linear_model import LinearModel

TOLERANCE = 1e-12
POLYHEDRAL = (Absolute, Hinge)


def certified_minimum(problem: LinearModel) -> Fact:
    """Return f* as the middle of its certified interval, with the half-width as its accuracy.

    Raises
    ------
    InputError
        If no finite interval could be certified.
    """
    x, u, solver = solve(problem)
    upper = float(problem.value(problem.domain.project(x[None, :]))[0])
    lower = dual_value(problem, u)
    if not np.isfinite(lower):
        raise InputError(
            f"the optimum of {problem.name} could not be certified: without a ridge it needs a box domain; give one."
        )
    # Sums of m terms are rounded by at most this much.
    rounding = 1e-15 * len(problem.b) * max(1.0, abs(upper))
    note = f"CVXPY with {solver}; duality interval computed here"
    return Fact((upper + lower) / 2, "solver", max(upper - lower, 0.0) / 2 + rounding, note)


def dual_value(problem: LinearModel, u: FloatArray) -> float:
    """Return a lower bound on the minimum of the problem from slopes `u`, shape (m,), moved into their domain."""
    u = problem.loss.into_domain(u, problem.b)
    q = problem.A.T @ u / len(u)
    return float(_coordinate_minima(problem, q).sum() - problem.loss.conjugate(u, problem.b).mean())


def _coordinate_minima(problem: LinearModel, q: FloatArray) -> FloatArray:
    """Return min over the domain of ``q x + ridge/2 x^2 + lasso |x|`` for each coordinate."""
    rho, tau = problem.ridge, problem.lasso
    if isinstance(problem.domain, Box):
        low, high = problem.domain.low, problem.domain.high
    else:
        low, high = np.full_like(q, -np.inf), np.full_like(q, np.inf)
    excess = np.sign(q) * np.maximum(np.abs(q) - tau, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        free = np.where(excess == 0, 0.0, -excess / rho if rho else -np.sign(excess) * np.inf)
        x = np.clip(free, low, high)
        values = q * x + rho / 2 * x**2 + tau * np.abs(x)
    # Where the subgradient at 0 already contains 0, the minimiser is the point of the box next to 0.
    return np.where(np.isnan(values), -np.inf, values)


def solve(problem: LinearModel) -> tuple[FloatArray, FloatArray, str]:
    """Return a minimiser, the slopes of the losses there (dual variables for losses with kinks), and the solver."""
    import cvxpy

    m, n = problem.A.shape
    x, z = cvxpy.Variable(n), cvxpy.Variable(m)
    predict = z == problem.A @ x
    constraints: list[Any] = [predict]
    if isinstance(problem.domain, Box):
        constraints += [x >= problem.domain.low, x <= problem.domain.high]
    objective = problem.loss.expression(z, problem.b) / m
    if problem.ridge:
        objective += problem.ridge / 2 * cvxpy.sum_squares(x)
    if problem.lasso:
        objective += problem.lasso * cvxpy.norm1(x)
    program = cvxpy.Problem(cvxpy.Minimize(objective), constraints)
    linear = isinstance(problem.loss, POLYHEDRAL) and not problem.ridge
    try:
        with warnings.catch_warnings():
            # "Solution may be inaccurate": how accurate it is, is computed here.
            warnings.simplefilter("ignore", UserWarning)
            if linear:
                # SciPy's HiGHS, since CVXPY's own prints a banner that cannot be switched off.
                program.solve(solver=cvxpy.SCIPY, scipy_options={"method": "highs"})
            else:
                program.solve(solver=cvxpy.CLARABEL, tol_gap_abs=TOLERANCE, tol_gap_rel=TOLERANCE, tol_feas=TOLERANCE)
    except cvxpy.SolverError:
        pass
    if x.value is None:
        raise InputError(
            f"the optimum of {problem.name} was not found (solver status {program.status}); "
            "scale the data, or add a ridge or a box."
        )
    solver = "HIGHS through SciPy" if linear else "CLARABEL"
    if isinstance(problem.loss, POLYHEDRAL):
        return x.value, _better(problem, m * predict.dual_value), solver
    return x.value, problem.loss.slope(problem.A @ x.value, problem.b), solver


def _better(problem: LinearModel, u: FloatArray) -> FloatArray:
    """Return u or -u: solvers differ in the sign of an equality's dual variable, and the better bound tells."""
    return max((u, -u), key=lambda candidate: dual_value(problem, candidate))
