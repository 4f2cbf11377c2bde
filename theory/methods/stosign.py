"""StoSignSGD: a sign step that is unbiased after scaling, and needs no constant of the problem.

Yu, Pan, Liu, Zou and Zhang (2026), arXiv 2604.15416. Algorithm T is the projected form that the convex theory is
about; algorithm P is the practical form with momentum and decoupled weight decay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray, namespace
from ratecheck.theory.errors import InputError, require_decay, require_nonnegative
from ratecheck.theory.method import Oracle
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


def stochastic_sign(v: Array, R: Array, u: Array) -> Array:
    r"""Return a random sign of each entry of `v` whose mean is ``v / R``.

    .. math:: S_R(v) = \mathrm{sign}(v + R n), \quad n = 2u - 1 \sim U[-1, 1], \quad E\,S_R(v) = \mathrm{clip}(v/R,-1,1)

    Uniform noise is the only symmetric noise for which the mean is exactly ``v / R`` wherever ``|v| <= R``. What is
    unbiased is the direction ``v / R``, not `v`.

    Parameters
    ----------
    v : array
        Signal.
    R : array
        Envelope, at least 0, in a shape that broadcasts with `v`. Where it is 0, the result is ``sign(v)``.
    u : array
        Independent uniform numbers on [0, 1), in the shape of `v`.

    Returns
    -------
    array of the type of `v` with entries -1 and +1, 0 where ``v = R = 0``, and NaN where `v` is NaN or infinite.

    Notes
    -----
    Yu et al. (2026), definition 1 and proposition 1.
    """
    return sign_with_noise(v, R, 2 * u - 1)


def sign_with_noise(v: Array, R: Array, n: Array) -> Array:
    """Return `stochastic_sign` from numbers n on [-1, 1)."""
    return _random_sign(v, R, n, namespace(v).sign(v))


def _random_sign(v: Array, R: Array, n: Array, without_envelope: Array) -> Array:
    xp = namespace(v)
    one = xp.ones_like(v)
    # A sum of exactly 0 counts as +1: then |v| = R gives sign(v) always, since n < 1.
    signs = xp.where(v + R * n >= 0, one, -one)
    # Comparisons lose NaN and infinity, which no step may hide: v - v is NaN for both.
    return xp.where(R > 0, signs, without_envelope) + (v - v)


def running_envelope(envelope: Array, v: Array, damping: float = 1.0) -> Array:
    """Return ``max(damping * envelope, |v|)``: the running maximum, forgetting slowly where `damping` is below 1."""
    xp = namespace(v)
    return xp.maximum(envelope if damping == 1 else damping * envelope, xp.abs(v))


def stosign_momentum_update(
    x: Array,
    g: Array,
    momentum: Array,
    envelope: Array,
    n: Array,
    *,
    step_size: StepSize,
    beta: float = 0.9,
    weight_decay: float = 0.0,
    damping: float = 1.0,
) -> tuple[Array, Array, Array]:
    r"""Return the next point, momentum and envelope of algorithm P.

    .. math::

        m_t = \beta m_{t-1} + (1-\beta) g_t, \quad G_t = \max(\beta_2 G_{t-1}, |m_t|), \quad
        x_{t+1} = x_t - \eta_t S_{G_t}(m_t) - \eta_t \lambda x_t

    Parameters
    ----------
    x, g, momentum, envelope, n : arrays of one shape
        Point, gradient, the two states (zero before the first step), independent uniform numbers on [-1, 1).
    step_size : float or array
    beta : float
        Averaging factor of the momentum, in [0, 1).
    weight_decay : float
        Decoupled: it multiplies the step size and the old point.
    damping : float
        1 is the running maximum.

    Notes
    -----
    Yu et al. (2026), algorithm 3. The envelope follows the momentum, not the gradient, and there is no bias correction.
    """
    momentum = beta * momentum + (1 - beta) * g
    envelope = running_envelope(envelope, momentum, damping)
    # Where the envelope is 0, so is the momentum.
    s = _random_sign(momentum, envelope, n, momentum)
    if weight_decay:
        x = x * (1 - step_size * weight_decay)
    return x - step_size * s, momentum, envelope


def _require_damping(damping: float) -> None:
    if not 0 < damping <= 1:
        raise InputError(f"damping is {damping!r}, but it must be in (0, 1]; 1 is the plain running maximum.")


class EnvelopeState(NamedTuple):
    """The number k of the next step, and the envelope of every gradient so far."""

    k: int
    envelope: Array


@dataclass(frozen=True, slots=True)
class StoSignT:
    r"""StoSignSGD, algorithm T: projected, without momentum.

    .. math:: G_t = \max(\beta_2 G_{t-1}, |g_t|), \qquad x_{t+1} = \mathrm{Proj}_X(x_t - \eta_t S_{G_t}(g_t))

    The domain must be a box or the whole space: there the Euclidean projection is the one of the theory, which is in
    the metric ``diag(G_t / eta_t)``.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    envelope : float or (dim,) array, optional
        A fixed envelope that replaces the running maximum; it must dominate every gradient to be unbiased.
    damping : float
        Factor by which the running maximum forgets at each step, 1 for not at all.
    """

    step_size: StepSize | Schedule
    envelope: float | FloatArray | None = None
    damping: float = 1.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        _require_damping(self.damping)
        if self.envelope is not None and not (np.isfinite(self.envelope).all() and np.greater(self.envelope, 0).all()):
            raise InputError(f"envelope is {self.envelope!r}, but a fixed envelope must be positive and finite.")

    def init(self, x: Array) -> EnvelopeState:
        """Return the state before the first step."""
        xp = namespace(x)
        if self.envelope is None:
            return EnvelopeState(0, xp.zeros_like(x))
        return EnvelopeState(0, xp.zeros_like(x) + xp.asarray(self.envelope, dtype=x.dtype))

    def step(self, x: Array, state: EnvelopeState, oracle: Oracle) -> tuple[Array, EnvelopeState]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        G = running_envelope(state.envelope, g, self.damping) if self.envelope is None else state.envelope
        s = stochastic_sign(g, G, oracle.uniform(x.shape[1]))
        return oracle.project(x - eta * s), EnvelopeState(state.k + 1, G)


class MomentumState(NamedTuple):
    """The number k of the next step, the averaged gradient and its envelope."""

    k: int
    momentum: Array
    envelope: Array


@dataclass(frozen=True, slots=True)
class StoSignP:
    """StoSignSGD, algorithm P: the practical form, see `stosign_momentum_update`.

    No theorem is claimed for it anywhere: the unbiased step is that of the momentum, and the next gradient is taken
    at the point that the random sign led to.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta : float
        Averaging factor of the momentum, in [0, 1).
    weight_decay : float
        Decoupled weight decay.
    damping : float
        Factor by which the running maximum forgets at each step, 1 for not at all.
    """

    step_size: StepSize | Schedule
    beta: float = 0.9
    weight_decay: float = 0.0
    damping: float = 1.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta", self.beta)
        require_nonnegative("weight_decay", self.weight_decay)
        _require_damping(self.damping)

    def init(self, x: Array) -> MomentumState:
        """Return the state before the first step."""
        zero = namespace(x).zeros_like(x)
        return MomentumState(0, zero, zero)

    def step(self, x: Array, state: MomentumState, oracle: Oracle) -> tuple[Array, MomentumState]:
        """Take one step."""
        x, momentum, envelope = stosign_momentum_update(
            x,
            oracle.subgradient(x),
            state.momentum,
            state.envelope,
            2 * oracle.uniform(x.shape[1]) - 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta=self.beta,
            weight_decay=self.weight_decay,
            damping=self.damping,
        )
        return x, MomentumState(state.k + 1, momentum, envelope)


EXAMPLES = {
    "stosign-t": StoSignT(0.1),
    "stosign-t-fixed-envelope": StoSignT(0.1, envelope=2.0),
    "stosign-t-damped": StoSignT(0.1, damping=0.99),
    "stosign-p": StoSignP(0.1, weight_decay=0.1),
}
