"""Measures of saddle points and of monotone operators F: residual, gaps, what one step did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_dot, row_norm
from ratecheck.theory.stationarity.measure import Measure

Sides = Callable[[Any, Any], tuple[FloatArray, FloatArray]]  # (problem, transition) -> left and right side of a <= b


def square(x: FloatArray) -> FloatArray:
    """Return the squared norm of each row."""
    return row_dot(x, x)


def one_step(name: str, symbol: str, sides: Sides) -> Measure:
    """Return the measure left / right of an inequality about one step; 0 before the first step.

    The rounding of the residual is added to the right side, so that steps which have arrived compare as equal.

    Parameters
    ----------
    name, symbol : str
    sides : callable
        ``(problem, transition)`` to both sides, each (runs,), in the units of a residual.
    """

    def ratio(problem: Any, x: FloatArray, state: Any) -> FloatArray:
        if state.before is None:
            return np.zeros(x.shape[0])
        left, right = sides(problem, state)
        # An overflowing run gives inf / inf, which the verdict counts as infinitely bad.
        with np.errstate(invalid="ignore", over="ignore"):
            return left / (right + 16 * problem.facts.accuracy("residual"))

    return Measure(name, symbol, ratio, of="state")


def _operator_norm(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return row_norm(problem.operator(z))


def _squared_operator_norm(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return square(problem.operator(z))


def _relative_operator_norm(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    # A run that overflowed is infinitely far, not an error.
    with np.errstate(invalid="ignore", over="ignore"):
        return row_norm(problem.operator(z)) / problem.facts["start_residual"]


def _restricted_gap(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return problem.restricted_gap(z)


def _duality_gap(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return problem.duality_gap(z)


def _dual_residual(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return row_norm(problem.operator(z)[:, problem.split :])


def _primal_squared_distance(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return square((z - problem.facts["x_star"])[:, : problem.split])


def _products(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return np.full(z.shape[0], float(oracle.products))


def _gradient_equivalents(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return np.full(z.shape[0], float(oracle.calls))


def _resolvent_residual(problem: Any, z: FloatArray, state: Any) -> FloatArray:
    return square(state.resolvent - state.before)


def _reflected_residual(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    return 4 * square(z - problem.resolvent(z, 1.0))


def _weighted_distance(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
    mu, offset = problem.facts["strong_convexity"], z - problem.facts["x_star"]
    theta = 1 / (1 + 2 * mu / problem.facts["coupling"])
    return mu * square(offset[:, problem.split :]) + (1 - theta) * mu * square(offset[:, : problem.split])


def _step_contraction(problem: Any, z: FloatArray, state: Any) -> FloatArray:
    return square(state.end - problem.facts["x_star"]) / square(state.start - problem.facts["x_star"])


def _squared_step(problem: Any, z: FloatArray, state: Any) -> FloatArray:
    return square(state.end - state.start)


OPERATOR_NORM = Measure("operator norm", r"\|F(z)\|", _operator_norm, floor="residual")
SQUARED_OPERATOR_NORM = Measure("squared operator norm", r"\|F(z)\|^2", _squared_operator_norm, floor="residual")
RELATIVE_OPERATOR_NORM = Measure(
    "relative gradient norm", r"\|F(z)\|/\|F(z_0)\|", _relative_operator_norm, floor="relative_residual"
)
RESTRICTED_GAP = Measure("restricted gap", r"\max_{u \in B(z^\star, D)} f(x,u_y)-f(u_x,y)", _restricted_gap)
DUALITY_GAP = Measure("duality gap", r"\max_u f(x,u)-\min_u f(u,y)", _duality_gap)
DUAL_RESIDUAL = Measure("primal residual", r"\|Ax-b\|", _dual_residual, floor="residual")
PRIMAL_SQUARED_DISTANCE = Measure("squared distance of x", r"\|x-x^\star\|^2", _primal_squared_distance, floor="x_star")
PRODUCTS = Measure("Hessian-vector products", r"\mathrm{HVP}", _products)
GRADIENT_EQUIVALENTS = Measure("gradient-equivalents", r"c", _gradient_equivalents)
RESOLVENT_RESIDUAL = Measure("squared resolvent residual", r"\|x_N-y_{N-1}\|^2", _resolvent_residual, of="state")
REFLECTED_RESIDUAL = Measure("squared residual of T, step 1", r"\|z-Tz\|^2", _reflected_residual)
WEIGHTED_DISTANCE = Measure(
    "weighted squared distance",
    r"\mu\|y-y^\star\|^2+(1-\theta)\mu\|x-x^\star\|^2",
    _weighted_distance,
    floor="x_star",
)
STEP_CONTRACTION = Measure(
    "squared contraction of a step", r"\|z_{k+1}-z^\star\|^2/\|z_k-z^\star\|^2", _step_contraction, of="state"
)
SQUARED_STEP = Measure("squared step", r"\|z_{k+1}-z_k\|^2", _squared_step, of="state")


def position(coordinate: int) -> Measure:
    """Return one coordinate of the distance from the saddle point, so that a path can be drawn."""

    def compute(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
        return z[:, coordinate] - problem.facts["x_star"][coordinate]

    return Measure(f"coordinate {coordinate}", f"z_{coordinate}", compute)


def alternating_energy(step_size: float) -> Measure:
    """Return the quadratic form that alternating descent-ascent conserves on bilinear games."""

    def compute(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
        offset = z - problem.facts["x_star"]
        x, y = offset[:, : problem.split], offset[:, problem.split :]
        return square(offset) - step_size * row_dot(problem.push(x), y)

    return Measure("alternating energy", r"\|z\|^2-\gamma\langle Kx,y\rangle", compute)


def primal_dual_energy(primal_step: float, dual_step: float) -> Measure:
    """Return the squared norm in which PDHG is a proximal point method, of the distance from the saddle point."""

    def compute(problem: Any, z: FloatArray, oracle: Any) -> FloatArray:
        offset = z - problem.facts["x_star"]
        x, y = offset[:, : problem.split], offset[:, problem.split :]
        return square(x) / primal_step + square(y) / dual_step - 2 * row_dot(problem.push(x), y)

    return Measure("primal-dual energy", r"\|z-z^\star\|_P^2", compute)


MEASURES = (
    OPERATOR_NORM,
    SQUARED_OPERATOR_NORM,
    RELATIVE_OPERATOR_NORM,
    RESTRICTED_GAP,
    DUALITY_GAP,
    DUAL_RESIDUAL,
    PRIMAL_SQUARED_DISTANCE,
    PRODUCTS,
    GRADIENT_EQUIVALENTS,
    RESOLVENT_RESIDUAL,
    REFLECTED_RESIDUAL,
    WEIGHTED_DISTANCE,
    STEP_CONTRACTION,
    SQUARED_STEP,
)
