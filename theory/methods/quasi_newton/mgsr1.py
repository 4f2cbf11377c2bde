"""MGSR1-SP: several greedy SR1 updates of the squared Hessian in each iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.methods.quasi_newton.directions import gaussian, orthonormal
from ratecheck.theory.methods.quasi_newton.pivoting import apply_pivots, pivoted_block
from ratecheck.theory.methods.quasi_newton.solving import solve_estimate
from ratecheck.theory.methods.quasi_newton.updates import block_sr1, inverse_block_sr1


class Estimate(NamedTuple):
    """The number of the next step and the estimate: G, or P = G^{-1} in the inverse form, shape (runs, n, n).

    `exact` says for each run whether nothing but rounding is left between the estimate and its target.
    """

    k: int
    estimate: FloatArray
    exact: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class MGSR1SP:
    r"""Multiple greedy symmetric rank-one updates for saddle points (Xiao, Bo and Wu 2024).

    .. math::
        z_{k+1} &= z_k - G_k^{-1} \hat H(z_k) g(z_k), \qquad r_k = \|z_{k+1} - z_k\| \\
        G_{k+1} &= \mathrm{SR1}^{\tau}\big((1 + M r_k) G_k \to \hat H(z_{k+1})^2\big)

    with g the gradient and :math:`\hat H` the indefinite Hessian of f. The update comes after the step and aims at the
    Hessian of the new point; the factor 1 + M r keeps G above its target. Where nothing but rounding is left between
    G and its target, the step is solved with the Hessian itself, whose condition number is not squared.

    Parameters
    ----------
    scale : float
        G_0 = scale * I; theorems need at least the largest eigenvalue of the squared Hessian, such as L^2.
    updates : int
        tau, at most the dimension.
    correction : float
        M; 0 for quadratic f, 2 L L_2 / mu^2 for the theorems.
    directions : {"greedy", "random"}
        Coordinates by pivoted Cholesky (asks for the Hessian), or a Gaussian block (2 tau Hessian-vector products).
    form : {"direct", "inverse"}
        Keep G and solve, or keep its inverse. The inverse form is cheaper and breaks down in round-off once the
        condition number of the Hessian passes about eps^{-1/4}; it is here to be compared, with random directions.
    signed : bool
        Pivot on absolute values, for a correction that is not certified.
    reset : bool
        Start again at ``scale * I`` when the trace of G passes that of ``scale * I``.
    precision : {"float64", "float32"}
        Type of the estimate.
    """

    scale: float
    updates: int = 1
    correction: float = 0.0
    directions: Literal["greedy", "random"] = "greedy"
    form: Literal["direct", "inverse"] = "direct"
    signed: bool = False
    reset: bool = True
    precision: Literal["float64", "float32"] = "float64"

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)
        require_count("updates", self.updates)
        require_nonnegative("correction", self.correction)
        if self.directions not in ("greedy", "random"):
            raise InputError(f"directions is {self.directions!r}, allowed are 'greedy' and 'random'.")
        if self.form not in ("direct", "inverse"):
            raise InputError(f"form is {self.form!r}, allowed are 'direct' and 'inverse'.")
        if self.form == "inverse" and self.directions == "greedy":
            raise InputError("the inverse form cannot see the diagonal of G; take directions='random' with it.")
        if self.precision not in ("float64", "float32"):
            raise InputError(f"precision is {self.precision!r}, allowed are 'float64' and 'float32'.")

    def init(self, x: FloatArray) -> Estimate:
        """Return the first estimate; raise `InputError` if there are more updates than coordinates."""
        runs, n = x.shape
        if self.updates > n:
            raise InputError(
                f"updates is {self.updates}, but the problem has {n} coordinates; take a number from 1 to {n}."
            )
        level = self.scale if self.form == "direct" else 1.0 / self.scale
        estimate = np.zeros((runs, n, n), dtype=self.precision)
        estimate[:, np.arange(n), np.arange(n)] = level
        return Estimate(0, estimate)

    def step(self, x: FloatArray, state: Estimate, oracle: Any) -> tuple[FloatArray, Estimate]:
        """Take one step: a gradient and a Hessian-vector product, then the update at the new point."""
        # A diverging run may overflow; it is judged by its values, not by a warning.
        with np.errstate(over="ignore", invalid="ignore"):
            moved = x + self._direction(x, state, oracle)
            length = np.linalg.norm(moved - x, axis=1)
            growth = 1.0 + self.correction * length
            if self.directions == "greedy":
                updated, exact = self._greedy(moved, state.estimate, growth, oracle)
            else:
                updated, exact = self._random(moved, state.estimate, growth, oracle), ()
            return moved, Estimate(state.k + 1, self._capped(updated), exact)

    def _direction(self, z: FloatArray, state: Estimate, oracle: Any) -> FloatArray:
        gradient = oracle.gradient(z)
        b = oracle.hessian_product(z, gradient).astype(self.precision, copy=False)
        if self.form == "inverse":
            return -np.stack([P @ row for P, row in zip(state.estimate, b)])
        if not any(state.exact):
            return -np.stack([solve_estimate(G, row) for G, row in zip(state.estimate, b)])
        steps = zip(state.exact, oracle.hessian(z), gradient, state.estimate, b)
        return -np.stack([np.linalg.solve(A, g) if exact else solve_estimate(G, row) for exact, A, g, G, row in steps])

    def _greedy(
        self, z: FloatArray, estimate: FloatArray, growth: FloatArray, oracle: Any
    ) -> tuple[FloatArray, tuple[bool, ...]]:
        exact = []
        hessian, diagonal = oracle.hessian(z), oracle.squared_diagonal(z)
        result = np.empty_like(estimate)
        for run, (G, A) in enumerate(zip(estimate, hessian)):
            grown = G if growth[run] == 1.0 else G * growth[run].astype(G.dtype)
            pivots = pivoted_block(
                grown,
                diagonal[run].astype(G.dtype, copy=False),
                lambda picks, A=A: (A @ A[picks].T).astype(self.precision, copy=False),  # type: ignore[misc]
                self.updates,
                signed=self.signed,
            )
            result[run] = apply_pivots(grown, pivots)
            exact.append(pivots.exhausted)
        return result, tuple(exact)

    def _random(self, z: FloatArray, estimate: FloatArray, growth: FloatArray, oracle: Any) -> FloatArray:
        runs, n = z.shape
        normal = gaussian(oracle.uniform(n * self.updates)).reshape(runs, n, self.updates)
        blocks = np.stack([orthonormal(block) for block in normal])
        targets = oracle.hessian_block(z, oracle.hessian_block(z, blocks))
        U, HU = blocks.astype(self.precision, copy=False), targets.astype(self.precision, copy=False)
        factor = growth.astype(self.precision)
        if self.form == "inverse":
            return np.stack([inverse_block_sr1(P / f, Y, V) for P, f, Y, V in zip(estimate, factor, HU, U)])
        return np.stack([block_sr1(G * f, Y, V) for G, f, Y, V in zip(estimate, factor, HU, U)])

    def _capped(self, estimate: FloatArray) -> FloatArray:
        """Return the estimate, begun anew in the runs whose trace says that the correction has compounded."""
        if self.form == "inverse" or not self.reset or self.correction == 0.0:
            return estimate
        n = estimate.shape[1]
        for G in estimate:
            if np.trace(G) > n * self.scale:
                G[...] = self.scale * np.eye(n, dtype=G.dtype)
        return estimate
