r"""AdamW-like steps along an aggregated subgradient (SCS-AdamW, arXiv 2507.01241), in three readings.

* literal: as one transcription prints it, with swapped weights and a "bias correction"
  :math:`1/(1-\lambda_t^t)` that divides by zero; kept as a negative example.
* author pairing: the weight belongs to the old direction, as in the authors' public code, and no correction, since the
  weights sum to one from the first step on.
* preconditioned (derived here): the minimum norm is taken in the metric of the preconditioner, so that -D d is a
  descent direction of the current sample's loss, with resets and an optional cap of the weight.

The update functions are pure and run on every array library. Inner products are over the last axis: flatten a
parameter tensor for one weight per tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_count, require_decay, require_nonnegative, require_positive
from ratecheck.theory.method import Oracle
from ratecheck.theory.methods.conjugate import aggregate, conjugate_weight, last_axis_dot
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule


def preconditioner(v: Array, g: Array, k: int, beta2: float, epsilon: float) -> tuple[Array, Array]:
    r"""Return the new second moment and the diagonal :math:`D = 1/(\sqrt{\hat v}+\epsilon)` of step k = 0, 1, ..."""
    xp = namespace(g)
    v = beta2 * v + (1 - beta2) * g * g
    return v, 1 / (xp.sqrt(v / (1 - beta2 ** (k + 1))) + epsilon)


def _decayed_step(x: Array, u: Array, step_size: StepSize, weight_decay: float) -> Array:
    return x - step_size * (u + weight_decay * x) if weight_decay else x - step_size * u


def author_pairing_update(
    x: Array,
    g: Array,
    d: Array,
    v: Array,
    k: int,
    *,
    step_size: StepSize,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, Array, Array, Array, Array]:
    r"""Return the next point, direction, second moment, weight of the old direction, and diagonal D of the step.

    .. math:: d_t = \lambda_t d_{t-1} + (1-\lambda_t) g_t, \qquad
       x_{t+1} = x_t - \gamma\,\frac{d_t}{\sqrt{\hat v_t}+\epsilon} - \gamma w x_t

    Parameters
    ----------
    x, g, d, v : (..., n) arrays
    k : int
        Number of the step, from 0; at 0 the direction is the subgradient.
    step_size, beta2, epsilon, weight_decay : float
        AdamW's, of which beta1 is replaced by the weight.
    """
    v, D = preconditioner(v, g, k, beta2, epsilon)
    weight = 0 * g[..., 0] if k == 0 else conjugate_weight(d, g)
    d = aggregate(d, g, weight)
    return _decayed_step(x, D * d, step_size, weight_decay), d, v, weight, D


def preconditioned_update(
    x: Array,
    g: Array,
    d: Array,
    v: Array,
    k: int,
    fresh: Array,
    *,
    step_size: StepSize,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.0,
    weight_cap: float = 1.0,
    clip: bool = True,
) -> tuple[Array, Array, Array, Array, Array]:
    r"""Return the next point, direction, second moment, weight of the old direction, and diagonal D of the step.

    .. math:: \lambda_t = \mathrm{clip}\Big(\frac{\langle g_t, g_t-d_{t-1}\rangle_{D_t}}{\|g_t-d_{t-1}\|_{D_t}^2}\Big)
       \quad\Rightarrow\quad \langle g_t, D_t d_t\rangle \ge \|d_t\|_{D_t}^2

    Parameters
    ----------
    x, g, d, v : (..., n) arrays
    k : int
        Number of the step, from 0.
    fresh : (...) boolean array
        Where the direction begins anew with the subgradient; all True at the first step.
    step_size, beta2, epsilon, weight_decay : float
        As in AdamW.
    weight_cap : float
        The weight is cut here; below sqrt(beta2) it bounds every coordinate of the step, but a cut step is not the
        minimum-norm point.
    clip : bool
        Whether each coordinate of D d is cut to [-1, 1].
    """
    xp = namespace(g)
    v, D = preconditioner(v, g, k, beta2, epsilon)
    weight = xp.clip(conjugate_weight(d, g, D), 0.0, weight_cap)
    weight = xp.where(fresh, xp.zeros_like(weight), weight)
    d = aggregate(d, g, weight)
    u = D * d
    if clip:
        u = xp.clip(u, -1.0, 1.0)
    return _decayed_step(x, u, step_size, weight_decay), d, v, weight, D


class SCSAdamWState(NamedTuple):
    """Direction, second moment, and what the last step used; `age` and `path` count since the last reset.

    `singular` is the number of steps whose printed correction divides by zero (literal reading only).
    """

    k: int
    direction: Array
    second_moment: Array
    gradient: Array
    metric: Array
    weight: Array
    age: Array
    path: Array
    singular: Array


def _empty(x: Array) -> SCSAdamWState:
    zero = 0 * x[..., 0]
    return SCSAdamWState(0, 0 * x, 0 * x, 0 * x, 0 * x + 1, zero, zero, zero, zero)


def _require_adam(beta2: float, epsilon: float, weight_decay: float) -> None:
    require_decay("beta2", beta2)
    require_positive("epsilon", epsilon)
    require_nonnegative("weight_decay", weight_decay)


@dataclass(frozen=True, slots=True)
class SCSAdamW:
    """SCS-AdamW with the authors' pairing, and by choice the printed pairing and correction.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta2, epsilon, weight_decay : float
    swapped : bool
        Puts the weight on the new subgradient, as one transcription prints.
    corrected : bool
        Divides the direction by 1 - weight^t, as printed. Where that is zero the step is undefined: it is counted
        and left out.
    """

    step_size: StepSize | Schedule
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    swapped: bool = False
    corrected: bool = False

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        _require_adam(self.beta2, self.epsilon, self.weight_decay)

    def init(self, x: Array) -> SCSAdamWState:
        """Return the state before the first step."""
        return _empty(x)

    def step(self, x: Array, state: SCSAdamWState, oracle: Oracle) -> tuple[Array, SCSAdamWState]:
        """Take one step."""
        g, k = oracle.subgradient(x), state.k
        step_size = as_schedule(self.step_size)(k)
        d, v = state.direction, state.second_moment
        if not (self.swapped or self.corrected):
            x, d, v, weight, D = author_pairing_update(
                x,
                g,
                d,
                v,
                k,
                step_size=step_size,
                beta2=self.beta2,
                epsilon=self.epsilon,
                weight_decay=self.weight_decay,
            )
            return x, state._replace(k=k + 1, direction=d, second_moment=v, gradient=g, metric=D, weight=weight)
        v, D = preconditioner(v, g, k, self.beta2, self.epsilon)
        weight = 0 * g[..., 0] if k == 0 else conjugate_weight(d, g)
        d = aggregate(d, g, 1 - weight) if self.swapped and k > 0 else aggregate(d, g, weight)
        divisor = 1 - weight ** (k + 1) if self.corrected else 1 + 0 * weight
        defined = divisor != 0
        step = D * (d / np.where(defined, divisor, 1.0)[..., None]) + self.weight_decay * x
        x = np.where(defined[..., None], x - step_size * step, x)
        return x, state._replace(
            k=k + 1,
            direction=d,
            second_moment=v,
            gradient=g,
            metric=D,
            weight=weight,
            singular=state.singular + ~defined,
        )


@dataclass(frozen=True, slots=True)
class PreconditionedSCSAdamW:
    """SCS-AdamW with the minimum norm in the preconditioner's metric, and resets.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta2, epsilon, weight_decay : float
    reset_every : int, optional
        The direction begins anew after this many steps; 1 is RMSProp.
    reset_path : float, optional
        It begins anew when the way moved since the last reset exceeds this (Wolfe's b).
    weight_cap : float
        At most 1; below sqrt(beta2) every coordinate of the step is bounded.
    clip : bool
        Whether each coordinate of the preconditioned direction is cut to [-1, 1].
    """

    step_size: StepSize | Schedule
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    reset_every: int | None = 100
    reset_path: float | None = None
    weight_cap: float = 1.0
    clip: bool = True

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        _require_adam(self.beta2, self.epsilon, self.weight_decay)
        if self.reset_every is not None:
            require_count("reset_every", self.reset_every)
        if self.reset_path is not None:
            require_positive("reset_path", self.reset_path)
        if not 0 < self.weight_cap <= 1:
            raise InputError(f"weight_cap is {self.weight_cap!r}, but a cap of the weight must be in (0, 1].")

    def init(self, x: Array) -> SCSAdamWState:
        """Return the state before the first step."""
        return _empty(x)

    def step(self, x: Array, state: SCSAdamWState, oracle: Oracle) -> tuple[Array, SCSAdamWState]:
        """Take one step."""
        g, k, xp = oracle.subgradient(x), state.k, namespace(x)
        fresh = state.age == 0
        after, d, v, weight, D = preconditioned_update(
            x,
            g,
            state.direction,
            state.second_moment,
            k,
            fresh,
            step_size=as_schedule(self.step_size)(k),
            beta2=self.beta2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            weight_cap=self.weight_cap,
            clip=self.clip,
        )
        moved = after - x
        age, path = state.age + 1, state.path + xp.sqrt(last_axis_dot(moved, moved))
        due = xp.zeros_like(fresh)
        if self.reset_every is not None:
            due = due | (age >= self.reset_every)
        if self.reset_path is not None:
            due = due | (path > self.reset_path)
        age, path = xp.where(due, xp.zeros_like(age), age), xp.where(due, xp.zeros_like(path), path)
        return after, SCSAdamWState(k + 1, d, v, g, D, weight, age, path, state.singular)


EXAMPLES = {
    "scs-adamw": SCSAdamW(0.01),
    "scs-adamw-preconditioned": PreconditionedSCSAdamW(0.01),
}
