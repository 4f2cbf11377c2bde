"""Optimism with Adam's scaling, for games that are trained on samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_decay, require_nonnegative
from ratecheck.theory.methods.adaptive import scaled
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


def optimistic_adam_update(
    z: Array,
    operator: Array,
    m: Array,
    v: Array,
    past: Array,
    *,
    t: int,
    step_size: StepSize,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> tuple[Array, Array, Array, Array]:
    r"""Return the next point, both moments and Adam's direction of this step (Daskalakis et al., 2018, algorithm 1).

    .. math::

        A_t = \frac{m_t/(1-\beta_1^t)}{\sqrt{v_t/(1-\beta_2^t)} + \varepsilon}, \qquad
        z_{t+1} = (1 - \eta_t\lambda) z_t - 2 \eta_t A_t + \eta_t A_{t-1}

    Parameters
    ----------
    z, operator, m, v, past : arrays of one shape
        Point, operator there, the moments and the direction A_{t-1} of the step before, all zero before the first step,
        which is therefore twice Adam's.
    t : int
        Number of this step, from 1.
    step_size : float or array
    beta1, beta2, eps, weight_decay : float
        As in `adam_update`.
    """
    m = beta1 * m + (1 - beta1) * operator
    v = beta2 * v + (1 - beta2) * (operator * operator)
    direction = scaled(m / (1 - beta1**t), v / (1 - beta2**t), eps=eps)
    if weight_decay:
        z = z * (1 - step_size * weight_decay)
    return z - step_size * (2.0 * direction - past), m, v, direction


class OptimisticMoments(NamedTuple):
    """The number of the next step, both moments, and Adam's direction of the step before."""

    k: int
    m: Array
    v: Array
    direction: Array


@dataclass(frozen=True, slots=True)
class OptimisticAdam:
    """Optimistic Adam (Daskalakis, Ilyas, Syrgkanis and Zeng 2018), see `optimistic_adam_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factors of the two moments, in [0, 1).
    eps, weight_decay : float
        At least 0.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_decay("beta2", self.beta2)
        require_nonnegative("eps", self.eps)
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> OptimisticMoments:
        """Return the state before the first step."""
        zero = namespace(x).zeros_like(x)
        return OptimisticMoments(0, zero, zero, zero)

    def step(self, x: Array, state: OptimisticMoments, oracle: Any) -> tuple[Array, OptimisticMoments]:
        """Take one step of one operator evaluation."""
        x, m, v, direction = optimistic_adam_update(
            x,
            oracle.operator(x),
            state.m,
            state.v,
            state.direction,
            t=state.k + 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            weight_decay=self.weight_decay,
        )
        return x, OptimisticMoments(state.k + 1, m, v, direction)
