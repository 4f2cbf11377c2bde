"""Sign methods: SignSGD, Signum, Lion, error feedback, and random signs of fixed or norm envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray, namespace
from ratecheck.theory.errors import InputError, require_decay, require_nonnegative
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import StepCount, last_axis_norm
from ratecheck.theory.methods.stosign import stochastic_sign
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


def sign_update(x: Array, v: Array, *, step_size: StepSize, weight_decay: float = 0.0) -> Array:
    r"""Return :math:`(1 - \delta\lambda) x - \delta\, \mathrm{sign}(v)`, with sign(0) = 0."""
    if weight_decay:
        x = x * (1 - step_size * weight_decay)
    return x - step_size * namespace(v).sign(v)


def signum_update(
    x: Array, g: Array, m: Array, *, step_size: StepSize, momentum: float = 0.9, weight_decay: float = 0.0
) -> tuple[Array, Array]:
    r"""Return the next point and :math:`m = \beta m + (1 - \beta) g`; the step is along sign(m)."""
    m = momentum * m + (1 - momentum) * g
    return sign_update(x, m, step_size=step_size, weight_decay=weight_decay), m


def lion_update(
    x: Array,
    g: Array,
    m: Array,
    *,
    step_size: StepSize,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
) -> tuple[Array, Array]:
    r"""Return the next point and momentum of Lion (Chen et al., 2023).

    .. math:: x = (1-\eta\lambda) x - \eta\,\mathrm{sign}(\beta_1 m + (1-\beta_1) g), \; m = \beta_2 m + (1-\beta_2) g
    """
    direction = beta1 * m + (1 - beta1) * g
    x = sign_update(x, direction, step_size=step_size, weight_decay=weight_decay)
    return x, beta2 * m + (1 - beta2) * g


def error_feedback_update(x: Array, g: Array, error: Array, *, step_size: StepSize) -> tuple[Array, Array]:
    r"""Return the next point and error of EF-signSGD (Karimireddy et al., 2019).

    .. math:: p = \gamma g + e, \; \Delta = \frac{\|p\|_1}{d}\, \mathrm{sign}(p), \; x = x - \Delta, \; e = p - \Delta

    The l1 norm is that of the last axis, of length d.
    """
    xp = namespace(x)
    p = step_size * g + error
    sent = xp.mean(xp.abs(p), axis=-1, keepdims=True) * xp.sign(p)
    return x - sent, p - sent


class MomentumState(NamedTuple):
    """The number k of the next step, and the averaged gradient."""

    k: int
    m: Array


def _momentum(x: Array) -> MomentumState:
    return MomentumState(0, namespace(x).zeros_like(x))


@dataclass(frozen=True, slots=True)
class SignSGD:
    r"""Sign descent; with a sampling oracle, signSGD (Bernstein et al., 2018).

    .. math:: x_{k+1} = (1 - \delta_k\lambda) x_k - \delta_k\, \mathrm{sign}(g_k)

    With decay this is Frank-Wolfe on the box of half-width 1/lambda, with weight ``delta_k * lambda``.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    weight_decay : float
        Decoupled, at least 0.
    """

    step_size: StepSize | Schedule
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Oracle) -> tuple[Array, StepCount]:
        """Take one step."""
        delta = step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        return sign_update(x, g, step_size=delta, weight_decay=self.weight_decay), StepCount(state.k + 1)


@dataclass(frozen=True, slots=True)
class Signum:
    r"""Sign descent along an average of the gradients (Bernstein et al., 2018), see `signum_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    momentum : float
        In [0, 1).
    weight_decay : float
        Decoupled, at least 0.
    """

    step_size: StepSize | Schedule
    momentum: float = 0.9
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("momentum", self.momentum)
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> MomentumState:
        """Return the state before the first step."""
        return _momentum(x)

    def step(self, x: Array, state: MomentumState, oracle: Oracle) -> tuple[Array, MomentumState]:
        """Take one step."""
        x, m = signum_update(
            x,
            oracle.subgradient(x),
            state.m,
            step_size=step_size_at(self.step_size, state.k, x),
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )
        return x, MomentumState(state.k + 1, m)


@dataclass(frozen=True, slots=True)
class Lion:
    """Lion (Chen et al., 2023), see `lion_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Weight of the memory in the step and in its update, in [0, 1).
    weight_decay : float
        Decoupled, at least 0.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_decay("beta2", self.beta2)
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> MomentumState:
        """Return the state before the first step."""
        return _momentum(x)

    def step(self, x: Array, state: MomentumState, oracle: Oracle) -> tuple[Array, MomentumState]:
        """Take one step."""
        x, m = lion_update(
            x,
            oracle.subgradient(x),
            state.m,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=self.weight_decay,
        )
        return x, MomentumState(state.k + 1, m)


class ErrorState(NamedTuple):
    """The number k of the next step, and what compression has left out so far."""

    k: int
    error: Array


@dataclass(frozen=True, slots=True)
class ErrorFeedbackSign:
    """EF-signSGD (Karimireddy et al., 2019), see `error_feedback_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    """

    step_size: StepSize | Schedule

    def __post_init__(self) -> None:
        as_schedule(self.step_size)

    def init(self, x: Array) -> ErrorState:
        """Return the state before the first step."""
        return ErrorState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: ErrorState, oracle: Oracle) -> tuple[Array, ErrorState]:
        """Take one step."""
        gamma = step_size_at(self.step_size, state.k, x)
        x, error = error_feedback_update(x, oracle.subgradient(x), state.error, step_size=gamma)
        return x, ErrorState(state.k + 1, error)


@dataclass(frozen=True, slots=True)
class StoSignFixed:
    r"""sto-sign(b) (Jin et al., 2020): random signs of mean :math:`g / b` with a constant b.

    .. math:: x_{k+1} = x_k - \eta_k\, \mathrm{sign}(g_k + b\, n_k), \qquad n_k \sim U[-1, 1]

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    b : float or (dim,) array
        Unbiased, after scaling, where it is at least :math:`|g|`.
    """

    step_size: StepSize | Schedule
    b: float | FloatArray

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        if not (np.isfinite(self.b).all() and np.greater(self.b, 0).all()):
            raise InputError(f"b is {self.b!r}, but it must be positive and finite.")

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Oracle) -> tuple[Array, StepCount]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        xp = namespace(x)
        b = xp.asarray(self.b, dtype=x.dtype)
        s = stochastic_sign(g, b, xp.astype(oracle.uniform(x.shape[1]), x.dtype))
        return x - eta * s, StepCount(state.k + 1)


@dataclass(frozen=True, slots=True)
class SSDM:
    r"""Stochastic sign descent with momentum (Safaryan and Richtarik, 2021): the envelope is the norm of the momentum.

    .. math::

        m_k = \beta m_{k-1} + g_k, \qquad P(s_i = +1) = \tfrac12 + \frac{m_i}{2\|m\|}, \qquad x_{k+1} = x_k - \eta_k s_k

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    momentum : float
        In [0, 1).
    """

    step_size: StepSize | Schedule
    momentum: float = 0.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("momentum", self.momentum)

    def init(self, x: Array) -> MomentumState:
        """Return the state before the first step."""
        return _momentum(x)

    def step(self, x: Array, state: MomentumState, oracle: Oracle) -> tuple[Array, MomentumState]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        m = self.momentum * state.m + oracle.subgradient(x)
        u = namespace(x).astype(oracle.uniform(x.shape[1]), x.dtype)
        return x - eta * stochastic_sign(m, last_axis_norm(m), u), MomentumState(state.k + 1, m)


EXAMPLES: dict[str, Method] = {
    "signsgd": SignSGD(0.1),
    "signsgd-decay": SignSGD(0.1, weight_decay=0.1),
    "signum": Signum(0.1),
    "lion": Lion(0.1, weight_decay=0.1),
    "ef-signsgd": ErrorFeedbackSign(0.1),
    "sto-sign": StoSignFixed(0.1, b=2.0),
    "ssdm": SSDM(0.1, momentum=0.9),
}
