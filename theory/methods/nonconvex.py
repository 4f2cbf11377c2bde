"""Methods for nonconvex nonsmooth objectives: online-to-nonconvex conversion with sign steps, and its l2 relatives.

The points of each method are those at which the oracle was asked, so that outputs over laws of points can be read
off the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray, namespace
from ratecheck.theory.errors import InputError, require_count, require_decay, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.clipping import clip_norm
from ratecheck.theory.methods.stosign import stochastic_sign


def clipped(v: Array, radius: Array) -> Array:
    """Return `v` with each entry clipped to [-radius, radius]."""
    return namespace(v).minimum(namespace(v).maximum(v, -radius), radius)


def _require_radii(name: str, value: float | FloatArray) -> None:
    numeric = np.asarray(value).dtype.kind in "iuf"
    if not (numeric and np.isfinite(value).all() and np.greater(value, 0).all()):
        raise InputError(f"{name} is {value!r}, but it must be positive and finite.")


def _like(x: Array, value: float | FloatArray) -> Array:
    xp = namespace(x)
    return xp.zeros_like(x) + xp.asarray(value, dtype=x.dtype)


class BufferState(NamedTuple):
    """The number k of the next step, and the displacement Delta of the next step."""

    k: int
    displacement: Array


def exponential(u: Array) -> Array:
    """Return a standard exponential number from a uniform one on [0, 1)."""
    return -namespace(u).log1p(-u)


@dataclass(frozen=True, slots=True)
class StoSignN1:
    r"""StoSignSGD for nonconvex nonsmooth objectives: random scaling, and a clipped buffer of stochastic signs.

    .. math::

        x_t = x_{t-1} + r_t \Delta_t,\ r_t \sim \mathrm{Exp}(1), \qquad
        \Delta_{t+1} = \mathrm{clip}(\Delta_t - 2\sqrt{a}\, D\, S_G(g_t), -D, D), \qquad a = 1 - \beta

    Derived here after the ingredients that Yu et al. (2026) name: random scaling and online-to-nonconvex conversion
    (Cutkosky, Mehta and Orabona, 2023; Zhang and Cutkosky, 2024).

    Parameters
    ----------
    radius : float or (dim,) array
        D, the largest displacement for r = 1.
    envelope : float or (dim,) array
        G, at least every ``|g|``.
    beta : float
        Discount in [0, 1).
    """

    radius: float | FloatArray
    envelope: float | FloatArray
    beta: float = 0.99

    def __post_init__(self) -> None:
        _require_radii("radius", self.radius)
        _require_radii("envelope", self.envelope)
        require_decay("beta", self.beta)

    def init(self, x: Array) -> BufferState:
        """Return the state before the first step."""
        return BufferState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: BufferState, oracle: Oracle) -> tuple[Array, BufferState]:
        """Move by the scaled displacement, ask there, and update the displacement."""
        xp = namespace(x)
        u = xp.astype(oracle.uniform(1 + x.shape[1]), x.dtype)
        x = x + exponential(u[:, :1]) * state.displacement
        s = stochastic_sign(oracle.subgradient(x), _like(x, self.envelope), u[:, 1:])
        D = _like(x, self.radius)
        kappa = 2 * math.sqrt(1 - self.beta)
        return x, BufferState(state.k + 1, clipped(state.displacement - kappa * D * s, D))


@dataclass(frozen=True, slots=True)
class SignOfMomentumN1:
    r"""N1 with the practical direction instead: one stochastic sign of the averaged gradient.

    .. math:: x_t = x_{t-1} + r_t \Delta_t, \qquad m_t = \beta m_{t-1} + (1-\beta) g_t, \qquad
        \Delta_{t+1} = -D\, S_G(m_t)

    It differs from N1 by the order of sign and average alone, and the theorem on N1 does not cover it.

    Parameters
    ----------
    radius, envelope, beta
        As in `StoSignN1`.
    """

    radius: float | FloatArray
    envelope: float | FloatArray
    beta: float = 0.99

    def __post_init__(self) -> None:
        _require_radii("radius", self.radius)
        _require_radii("envelope", self.envelope)
        require_decay("beta", self.beta)

    def init(self, x: Array) -> tuple[BufferState, Array]:
        """Return the state before the first step: the displacement and the momentum."""
        zero = namespace(x).zeros_like(x)
        return BufferState(0, zero), zero

    def step(
        self, x: Array, state: tuple[BufferState, Array], oracle: Oracle
    ) -> tuple[Array, tuple[BufferState, Array]]:
        """Move by the scaled displacement, ask there, average, and take the sign."""
        buffer, m = state
        u = namespace(x).astype(oracle.uniform(1 + x.shape[1]), x.dtype)
        x = x + exponential(u[:, :1]) * buffer.displacement
        m = self.beta * m + (1 - self.beta) * oracle.subgradient(x)
        s = stochastic_sign(m, _like(x, self.envelope), u[:, 1:])
        return x, (BufferState(buffer.k + 1, -_like(x, self.radius) * s), m)


@dataclass(frozen=True, slots=True)
class ClippedL2:
    r"""N1 in Euclidean geometry, after Zhang and Cutkosky (2024): a discounted buffer of gradients, clipped in norm.

    .. math:: x_t = x_{t-1} + r_t \Delta_t, \qquad
        \Delta_{t+1} = \mathrm{clip}_{\|\cdot\|\le D}\Big(\Delta_t - \frac{2D\sqrt{a}}{G_2} g_t\Big)

    Parameters
    ----------
    radius : float
        D, the largest norm of a displacement.
    gradient_bound : float
        G_2, at least the norm of every stochastic gradient.
    beta : float
        Discount in [0, 1).
    """

    radius: float
    gradient_bound: float
    beta: float = 0.99

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)
        require_positive("gradient_bound", self.gradient_bound)
        require_decay("beta", self.beta)

    def init(self, x: Array) -> BufferState:
        """Return the state before the first step."""
        return BufferState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: BufferState, oracle: Oracle) -> tuple[Array, BufferState]:
        """Move by the scaled displacement, ask there, and update the displacement."""
        u = namespace(x).astype(oracle.uniform(1), x.dtype)
        x = x + exponential(u) * state.displacement
        kappa = 2 * self.radius * math.sqrt(1 - self.beta) / self.gradient_bound
        displacement = clip_norm(state.displacement - kappa * oracle.subgradient(x), float(self.radius))
        return x, BufferState(state.k + 1, displacement)


class WindowState(NamedTuple):
    """The number k of the next step, the anchor that moves by whole displacements, and the displacement."""

    k: int
    anchor: Array
    displacement: Array


@dataclass(frozen=True, slots=True)
class StoSignN2:
    r"""StoSignSGD in windows, for Goldstein stationarity.

    In each window of K steps from :math:`\Delta = 0`:

    .. math::

        w_k = x + u_k\Delta,\ u_k \sim U[0,1], \qquad x \leftarrow x + \Delta, \qquad
        \Delta \leftarrow \mathrm{clip}\Big(\Delta - \frac{D}{\sqrt K} S_G(g(w_k)), -D, D\Big)

    Parameters
    ----------
    radius : float
        D; with D = delta / K every window stays within delta of its mean.
    envelope : float or (dim,) array
        G, at least every ``|g|``.
    window : int
        K.
    """

    radius: float
    envelope: float | FloatArray
    window: int

    def __post_init__(self) -> None:
        require_positive("radius", self.radius)
        _require_radii("envelope", self.envelope)
        require_count("window", self.window)

    def init(self, x: Array) -> WindowState:
        """Return the state before the first step."""
        return WindowState(0, x, namespace(x).zeros_like(x))

    def step(self, x: Array, state: WindowState, oracle: Oracle) -> tuple[Array, WindowState]:
        """Ask at a random point of the segment, walk the segment, and update the displacement."""
        xp = namespace(x)
        u = xp.astype(oracle.uniform(1 + x.shape[1]), x.dtype)
        displacement = xp.zeros_like(x) if state.k % self.window == 0 else state.displacement
        w = state.anchor + u[:, :1] * displacement
        s = stochastic_sign(oracle.subgradient(w), _like(x, self.envelope), u[:, 1:])
        D = _like(x, self.radius)
        following = clipped(displacement - D / math.sqrt(self.window) * s, D)
        return w, WindowState(state.k + 1, state.anchor + displacement, following)


EXAMPLES: dict[str, Method] = {
    "stosign-n1": StoSignN1(0.01, 8.0, beta=0.9),
    "stosign-n1-swapped": SignOfMomentumN1(0.01, 8.0, beta=0.9),
    "clipped-l2": ClippedL2(0.01, 8.0, beta=0.9),
    "stosign-n2": StoSignN2(0.01, 8.0, window=4),
}
