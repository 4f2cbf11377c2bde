"""Partial quasi-Newton: an estimate of the Hessian of the large block only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.methods.quasi_newton.directions import gaussian, orthonormal
from ratecheck.theory.methods.quasi_newton.mgsr1 import Estimate
from ratecheck.theory.methods.quasi_newton.pivoting import apply_pivots, pivoted_block
from ratecheck.theory.methods.quasi_newton.solving import solve_estimate
from ratecheck.theory.methods.quasi_newton.updates import block_sr1


def partial_newton_direction(G: FloatArray, hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return the Newton step with the estimate `G` in place of the upper left block, by the Schur complement.

    Parameters
    ----------
    G : (n_x, n_x) array
    hessian : (n, n) array
        Exact; its upper left block is not read.
    gradient : (n,) array
        Without a change of sign.
    """
    m = G.shape[0]
    cross, corner = hessian[:m, m:], hessian[m:, m:]
    solved = solve_estimate(G, np.column_stack([cross, gradient[:m]]))
    schur = corner - cross.T @ solved[:, :-1]
    y = np.linalg.solve(schur, gradient[m:] - cross.T @ solved[:, -1])
    return -np.concatenate([solved[:, -1] - solved[:, :-1] @ y, y])


@dataclass(frozen=True, slots=True)
class PartialQuasiNewton:
    """PQN (Liu, Bi, Luo and Lui 2022): SR1 on the x block, whose condition number is not squared; exact other blocks.

    Parameters
    ----------
    scale : float
        G_0 = scale * I; at least the largest eigenvalue of the x block.
    updates : int
        SR1 updates in each iteration.
    correction : float
        M of the factor 1 + M r.
    directions : {"greedy", "random"}
    """

    scale: float
    updates: int = 1
    correction: float = 0.0
    directions: Literal["greedy", "random"] = "greedy"

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)
        require_count("updates", self.updates)
        require_nonnegative("correction", self.correction)
        if self.directions not in ("greedy", "random"):
            raise InputError(f"directions is {self.directions!r}, allowed are 'greedy' and 'random'.")

    def init(self, x: FloatArray) -> Estimate:
        """Return an empty estimate; its size, that of the x block, is known to the oracle alone."""
        return Estimate(0, np.zeros((x.shape[0], 0, 0)))

    def step(self, x: FloatArray, state: Estimate, oracle: Any) -> tuple[FloatArray, Estimate]:
        """Take one step, then update at the new point."""
        runs, m = x.shape[0], oracle.split
        estimate = state.estimate if state.k else np.tile(self.scale * np.eye(m), (runs, 1, 1))
        if self.updates > m:
            raise InputError(f"updates is {self.updates}, but the x block has {m} coordinates; take 1 to {m}.")
        gradient, hessian = oracle.gradient(x), oracle.hessian(x)
        moved = x + np.stack([partial_newton_direction(*parts) for parts in zip(estimate, hessian, gradient)])
        growth = 1.0 + self.correction * np.linalg.norm(moved - x, axis=1)
        targets = oracle.hessian(moved)[:, :m, :m]
        uniform = oracle.uniform(m * self.updates) if self.directions == "random" else np.empty((runs, 0))
        updated = [self._update(G * f, A, u) for G, f, A, u in zip(estimate, growth, targets, uniform)]
        return moved, Estimate(state.k + 1, np.stack(updated))

    def _update(self, G: FloatArray, target: FloatArray, uniform: FloatArray) -> FloatArray:
        if self.directions == "greedy":
            pivots = pivoted_block(
                G, np.diagonal(target), lambda picks: target[:, picks], self.updates, signed=self.correction > 0
            )
            return apply_pivots(G, pivots)
        block = orthonormal(gaussian(uniform).reshape(len(G), self.updates))
        return block_sr1(G, target @ block, block)
