"""The limited-memory squared-Hessian method: Newton-type steps, or extragradient preconditioned by G^{-1/2}."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.methods.quasi_newton.limited import (
    Krylov,
    LowRank,
    Product,
    apply_power,
    block_estimate,
    block_lanczos,
    estimate,
    history,
    lanczos,
    largest_square,
)

POWER_ITERATIONS, POWER_SAFETY = 20, 1.3  # the power iteration ends below the largest eigenvalue by less than this
SCALE_EVERY = 10  # refreshes of the estimate for one new power iteration
LIPSCHITZ_SHARE = 0.9  # of the largest step at which an extragradient step contracts
MOST_HALVINGS = 3
LEAST_GAIN, GOOD_GAIN = 0.1, 0.75  # shares of the predicted fall of ||g||^2 to accept a step, and to lengthen the next
DRIFT_AVERAGE = 0.5  # weight of the newest Hessian difference in the correction


class Memory(NamedTuple):
    """What the method remembers.

    Step number; estimate; last steps (rows); step size; drift M of the Hessian and growth of the estimate since the
    last refresh; a probe vector of the last refresh, its image, and the point of that refresh.
    """

    k: int
    estimate: LowRank | None
    steps: FloatArray
    step_size: float
    drift: float
    growth: float
    probe: FloatArray | None


@dataclass(frozen=True, slots=True)
class LimitedMemorySP:
    r"""Limited-memory squared-Hessian steps from Hessian-vector products alone; one run at a time.

    Newton: :math:`z_+ = z - \alpha G^{-1} \hat H g`, accepted when \|g\| falls as the model says.
    Extragradient: :math:`w = z - \alpha G^{-1/2} F(z)`, :math:`z_+ = z - \alpha G^{-1/2} F(w)`.
    Forward: :math:`z_+ = z - \alpha G^{-1/2} F(z)`, which leaves the rotation in and diverges; here to show it.

    Parameters
    ----------
    mode : {"newton", "extragradient", "forward"}
    directions : {"lanczos", "history"}
        Krylov space from the gradient (memory + 1 products), or the last steps and the gradient (2 memory products).
    memory, refresh : int
        Number of vectors, and of steps between two refreshes of the estimate.
    step_size : float
        First alpha, and its ceiling.
    scale : float, optional
        sigma, at least L^2; by power iteration, repeated every tenth refresh, if None.
    adaptive : bool
        Whether the step size is adapted (and Newton steps may be rejected).
    corrected : bool
        Whether the estimate grows by 1 + M r between refreshes, M measured from the change of the Hessian.
    clip : float
        Largest length of a step.
    blocks : {"joint", "players"}
        One estimate for all variables, or one of each player's block of the squared Hessian (with "lanczos" alone; 4
        memory products), doubled so that it stays an upper bound: block by block, the preconditioner commutes with the
        turned sign of the climbing player.
    """

    mode: Literal["newton", "extragradient", "forward"] = "extragradient"
    directions: Literal["lanczos", "history"] = "lanczos"
    memory: int = 8
    refresh: int = 20
    step_size: float = 0.7
    scale: float | None = None
    adaptive: bool = True
    corrected: bool = False
    clip: float = math.inf
    blocks: Literal["joint", "players"] = "joint"

    def __post_init__(self) -> None:
        require_count("memory", self.memory)
        require_count("refresh", self.refresh)
        require_positive("step size", self.step_size)
        if self.scale is not None:
            require_positive("scale", self.scale)
        if self.mode not in ("newton", "extragradient", "forward"):
            raise InputError(f"mode is {self.mode!r}, allowed are 'newton', 'extragradient' and 'forward'.")
        if self.directions not in ("lanczos", "history"):
            raise InputError(f"directions is {self.directions!r}, allowed are 'lanczos' and 'history'.")
        if self.blocks not in ("joint", "players"):
            raise InputError(f"blocks is {self.blocks!r}, allowed are 'joint' and 'players'.")
        if self.blocks == "players" and self.directions != "lanczos":
            raise InputError("blocks is 'players', but that is for directions='lanczos' alone; give one of the two.")
        if not self.clip > 0:
            raise InputError(f"clip is {self.clip!r}, but the largest step must be positive.")

    def init(self, x: FloatArray) -> Memory:
        """Return the empty memory; raise `InputError` for more than one run or more vectors than coordinates."""
        runs, n = x.shape
        if runs != 1:
            raise InputError(f"the limited-memory method got {runs} runs, but it takes one at a time.")
        if self.memory > n:
            raise InputError(f"memory is {self.memory}, but the problem has {n} coordinates; take 1 to {n}.")
        return Memory(0, None, np.empty((0, n)), self.step_size, 0.0, 1.0, None)

    def step(self, x: FloatArray, state: Memory, oracle: Any) -> tuple[FloatArray, Memory]:
        """Take one step, refreshing the estimate first where it is due."""
        operator = oracle.operator(x)[0]
        if not np.linalg.norm(operator) > 0:
            return x, state._replace(k=state.k + 1)

        def product(v: FloatArray) -> FloatArray:
            return oracle.hessian_product(x, v[None])[0]

        krylov = None
        if state.k % self.refresh == 0:
            krylov, state = self._refreshed(x[0], operator * oracle.signs, product, state, oracle.signs)
        if self.mode == "newton":
            moved, step_size = self._newton(x, operator * oracle.signs, krylov, product, state, oracle)
        else:
            moved, step_size = self._preconditioned(x, operator, state, oracle)
        change = moved - x
        steps = state.steps
        if self.directions == "history" and self.memory > 1 and np.any(change):
            steps = np.concatenate([steps, change])[-(self.memory - 1) :]
        growth = state.growth * (1.0 + state.drift * float(np.linalg.norm(change)))
        return moved, state._replace(k=state.k + 1, steps=steps, step_size=step_size, growth=growth)

    def _refreshed(
        self, point: FloatArray, gradient: FloatArray, product: Product, state: Memory, signs: FloatArray
    ) -> tuple[Krylov | None, Memory]:
        drift = state.drift
        if self.corrected and state.probe is not None:
            unit, image, before = state.probe
            travelled = float(np.linalg.norm(point - before))
            if travelled > 0:
                seen = 2.0 * float(np.linalg.norm(product(unit) - image) / np.linalg.norm(image)) / travelled
                drift = (1 - DRIFT_AVERAGE) * drift + DRIFT_AVERAGE * seen
        scale = self._scale(gradient, product, state)
        krylov: Krylov | None = None
        if self.blocks == "players":
            parts = [block_lanczos(product, gradient, self.memory, (signs == sign) * 1.0) for sign in (1.0, -1.0)]
            first = next(part for part in parts if len(part.basis))
            fresh = block_estimate(parts, scale)
        else:
            if self.directions == "lanczos":
                first = krylov = lanczos(product, gradient, self.memory)
            else:
                first = krylov = history(product, [gradient, *state.steps[::-1]])
            fresh = estimate(krylov, scale)
        probe = np.stack([first.basis[0], first.image[0], point]) if self.corrected else None
        return krylov, state._replace(estimate=fresh, drift=drift, growth=1.0, probe=probe)

    def _scale(self, gradient: FloatArray, product: Product, state: Memory) -> float:
        if self.scale is not None:
            return self.scale
        doubled = 2.0 if self.blocks == "players" else 1.0
        before = 0.0 if state.estimate is None else state.estimate.scale / doubled
        if before and state.k % (SCALE_EVERY * self.refresh):
            return before
        # Late gradients have little of the top eigenvector left, so that a new estimate may be too small.
        return max(POWER_SAFETY * float(largest_square(product, gradient, POWER_ITERATIONS)), before)

    def _newton(
        self,
        x: FloatArray,
        gradient: FloatArray,
        krylov: Krylov | None,
        product: Product,
        state: Memory,
        oracle: Any,
    ) -> tuple[FloatArray, float]:
        assert state.estimate is not None
        size = float(np.linalg.norm(gradient))
        # The first basis vector is the gradient's direction, so that a refresh step has its product for free.
        b = size * krylov.image[0] if krylov is not None else product(gradient)
        d = self._clipped(-state.step_size * apply_power(state.estimate, b, -1.0, state.growth))
        moved = x + d
        if not self.adaptive:
            return moved, state.step_size
        predicted = size**2 - float(np.sum((gradient + product(d)) ** 2))
        gained = size**2 - float(np.sum(oracle.operator(moved) ** 2))
        # A step that the model itself expects to fail comes from a scale below the largest eigenvalue.
        if not (predicted > 0 and gained >= LEAST_GAIN * predicted):
            return x, state.step_size / 2
        return moved, min(1.5 * state.step_size, self.step_size) if gained > GOOD_GAIN * predicted else state.step_size

    def _preconditioned(
        self, x: FloatArray, operator: FloatArray, state: Memory, oracle: Any
    ) -> tuple[FloatArray, float]:
        assert state.estimate is not None
        low_rank, growth, alpha = state.estimate, state.growth, state.step_size
        d = apply_power(low_rank, operator, -0.5, growth)
        if self.mode == "forward":
            return x + self._clipped(-alpha * d), alpha
        halvings = 0
        while True:
            middle = oracle.operator(x + self._clipped(-alpha * d))[0]
            change = middle - operator
            moved = alpha * math.sqrt(max(change @ apply_power(low_rank, change, -0.5, growth), 0.0))
            too_long = moved > LIPSCHITZ_SHARE * alpha * math.sqrt(max(operator @ d, 0.0))
            if not (self.adaptive and too_long) or halvings == MOST_HALVINGS:
                break
            alpha, halvings = alpha / 2, halvings + 1
        following = min(1.1 * alpha, self.step_size) if self.adaptive and not halvings else alpha
        return x + self._clipped(-alpha * apply_power(low_rank, middle, -0.5, growth)), following

    def _clipped(self, d: FloatArray) -> FloatArray:
        size = float(np.linalg.norm(d))
        return d * (self.clip / size) if size > self.clip else d
