"""Quasi-Newton methods for saddle points with one update in each iteration: the Broyden family, and released code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_nonnegative, require_positive
from ratecheck.theory.methods.quasi_newton.directions import gaussian, greedy_difference, greedy_ratio, scaled
from ratecheck.theory.methods.quasi_newton.mgsr1 import Estimate
from ratecheck.theory.methods.quasi_newton.solving import solve_estimate
from ratecheck.theory.methods.quasi_newton.updates import bfgs, broyden, dfp, inverse_bfgs, inverse_sr1, sr1

Update = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
RULES: dict[str, Update] = {"sr1": sr1, "dfp": dfp, "bfgs": bfgs}


@dataclass(frozen=True, slots=True)
class BroydenSP:
    """Greedy and random Broyden-family methods on the squared Hessian (Liu and Luo 2021), keeping G.

    The loop is that of `MGSR1SP` with one update.

    Parameters
    ----------
    scale : float
        G_0 = scale * I.
    rule : {"sr1", "dfp", "bfgs"} or float
        A member of the Broyden family; a number phi in [0, 1] is phi * DFP + (1 - phi) * SR1.
    directions : {"greedy", "random", "scaled"}
        Coordinate that maximises G_ii / H_ii (for SR1: (G - H)_ii), a Gaussian vector, or the Gaussian vector in the
        metric of G under which BFGS forgets the condition number.
    correction : float
        M.
    """

    scale: float
    rule: Literal["sr1", "dfp", "bfgs"] | float = "sr1"
    directions: Literal["greedy", "random", "scaled"] = "greedy"
    correction: float = 0.0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)
        require_nonnegative("correction", self.correction)
        known = self.rule in RULES if isinstance(self.rule, str) else 0 <= self.rule <= 1
        if not known:
            raise InputError(f"rule is {self.rule!r}, allowed are 'sr1', 'dfp', 'bfgs' and a number in [0, 1].")
        if self.directions not in ("greedy", "random", "scaled"):
            raise InputError(f"directions is {self.directions!r}, allowed are 'greedy', 'random' and 'scaled'.")

    def init(self, x: FloatArray) -> Estimate:
        """Return the first estimate."""
        runs, n = x.shape
        return Estimate(0, np.tile(self.scale * np.eye(n), (runs, 1, 1)))

    def step(self, x: FloatArray, state: Estimate, oracle: Any) -> tuple[FloatArray, Estimate]:
        """Take one step, then update at the new point."""
        b = oracle.hessian_product(x, oracle.gradient(x))
        moved = x - np.stack([solve_estimate(G, row) for G, row in zip(state.estimate, b)])
        growth = 1.0 + self.correction * np.linalg.norm(moved - x, axis=1)
        grown = state.estimate * growth[:, None, None]
        u = self._direction(moved, grown, oracle)
        Hu = oracle.hessian_product(moved, oracle.hessian_product(moved, u))
        return moved, Estimate(state.k + 1, np.stack([self._update(G, y, v) for G, y, v in zip(grown, Hu, u)]))

    def _update(self, G: FloatArray, Hu: FloatArray, u: FloatArray) -> FloatArray:
        if isinstance(self.rule, str):
            return RULES[self.rule](G, Hu, u)
        return broyden(G, Hu, u, self.rule)

    def _direction(self, z: FloatArray, estimate: FloatArray, oracle: Any) -> FloatArray:
        if self.directions == "greedy":
            rule = greedy_difference if self.rule == "sr1" else greedy_ratio
            return np.stack([rule(G, h) for G, h in zip(estimate, oracle.squared_diagonal(z))])
        normal = gaussian(oracle.uniform(z.shape[1]))
        if self.directions == "random":
            return normal
        return np.stack([scaled(G, v) for G, v in zip(estimate, normal)])


@dataclass(frozen=True, slots=True)
class ReleasedQuasiNewton:
    """Random SR1 and BFGS on the squared Hessian in the inverse form, as in the code that Liu and Luo (2021) released.

    The denominator of SR1 has 1e-30 added and no other guard; their routine named "Broyden" is the BFGS one. It
    overflows on ill-conditioned problems, which is shown and not repaired.

    Parameters
    ----------
    scale : float
        P_0 = I / scale; the released code tunes it, theorems want at least the largest squared eigenvalue.
    rule : {"sr1", "bfgs"}
    correction : float
        M.
    """

    scale: float
    rule: Literal["sr1", "bfgs"] = "sr1"
    correction: float = 0.0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)
        require_nonnegative("correction", self.correction)
        if self.rule not in ("sr1", "bfgs"):
            raise InputError(f"rule is {self.rule!r}, allowed are 'sr1' and 'bfgs'.")

    def init(self, x: FloatArray) -> Estimate:
        """Return the first inverse estimate."""
        runs, n = x.shape
        return Estimate(0, np.tile(np.eye(n) / self.scale, (runs, 1, 1)))

    def step(self, x: FloatArray, state: Estimate, oracle: Any) -> tuple[FloatArray, Estimate]:
        """Take one step, then update at the new point."""
        # Overflow is this method's known way to fail; it is judged by its values, not by a warning.
        with np.errstate(all="ignore"):
            b = oracle.hessian_product(x, oracle.gradient(x))
            moved = x - np.stack([P @ row for P, row in zip(state.estimate, b)])
            growth = 1.0 + self.correction * np.linalg.norm(moved - x, axis=1)
            u = gaussian(oracle.uniform(x.shape[1]))
            Hu = oracle.hessian_product(moved, oracle.hessian_product(moved, u))
            shrunk = state.estimate / growth[:, None, None]
            return moved, Estimate(state.k + 1, np.stack([self._update(P, y, v) for P, y, v in zip(shrunk, Hu, u)]))

    def _update(self, P: FloatArray, Hu: FloatArray, u: FloatArray) -> FloatArray:
        return inverse_sr1(P, Hu, u, guard=False) if self.rule == "sr1" else inverse_bfgs(P, Hu, u)
