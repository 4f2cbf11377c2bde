"""Optimal methods: OGM, OGM-G, triple momentum, ITEM, silver steps, and accelerated stochastic approximation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from ratecheck.theory.arrays import Array
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import Subgradient

LARGEST_WEIGHT = 1e150  # ITEM's weights grow geometrically; beyond this only their ratio matters, and it has converged


def _require_within(k: int, horizon: int) -> None:
    if k >= horizon:
        raise InputError(f"step {k} was asked for, but this method was made for {horizon} steps.")


def _require_condition(smoothness: float, strong_convexity: float) -> None:
    require_positive("smoothness", smoothness)
    require_positive("strong_convexity", strong_convexity)
    if strong_convexity >= smoothness:
        raise InputError(f"strong_convexity is {strong_convexity!r}, but it must be below smoothness = {smoothness!r}.")


class PrimaryState(NamedTuple):
    """The number k of the next step, the point that a gradient step led to, and the factor theta_k."""

    k: int
    primary: Array
    theta: float


@dataclass(frozen=True, slots=True)
class OGM:
    r"""The optimized gradient method for a known number of steps (Kim and Fessler, 2016).

    .. math::

        x_{k+1} = y_k - \tfrac1L \nabla f(y_k), \qquad
        y_{k+1} = x_{k+1} + \frac{\theta_k - 1}{\theta_{k+1}} (x_{k+1} - x_k)
                + \frac{\theta_k}{\theta_{k+1}} (x_{k+1} - y_k)

    with :math:`\theta_0 = 1`, :math:`\theta_{k+1} = (1 + \sqrt{1 + 4\theta_k^2})/2` and, at the last step, 8 instead
    of 4. The point of the run is y, which the theorem speaks about.

    Parameters
    ----------
    smoothness : float
        L.
    horizon : int
        Number of steps N.
    """

    smoothness: float
    horizon: int

    def __post_init__(self) -> None:
        require_positive("smoothness", self.smoothness)
        require_count("horizon", self.horizon)

    def init(self, x: Array) -> PrimaryState:
        """Return the state before the first step."""
        return PrimaryState(0, x, 1.0)

    def step(self, x: Array, state: PrimaryState, oracle: Oracle) -> tuple[Array, PrimaryState]:
        """Take one step; raise `InputError` beyond the horizon."""
        k, theta = state.k, state.theta
        _require_within(k, self.horizon)
        following = x - (1 / float(self.smoothness)) * oracle.subgradient(x)
        theta_next = (1 + math.sqrt((4 if k + 1 < self.horizon else 8) * theta**2 + 1)) / 2
        y = (
            following
            + ((theta - 1) / theta_next) * (following - state.primary)
            + (theta / theta_next) * (following - x)
        )
        return y, PrimaryState(k + 1, following, theta_next)


@cache
def reversed_thetas(horizon: int) -> tuple[float, ...]:
    """Return OGM-G's factors theta_0, ..., theta_N, which are OGM's in reverse order."""
    thetas = [1.0]
    for k in range(horizon):
        thetas.append((1 + math.sqrt((4 if k + 1 < horizon else 8) * thetas[-1] ** 2 + 1)) / 2)
    return tuple(reversed(thetas))


@dataclass(frozen=True, slots=True)
class OGMG:
    r"""OGM-G, the optimized gradient method for the norm of the gradient (Kim and Fessler, 2021).

    .. math::

        y_{k+1} = x_k - \tfrac1L \nabla f(x_k), \qquad
        x_{k+1} = y_{k+1} + \frac{(\theta_k-1)(2\theta_{k+1}-1)}{\theta_k(2\theta_k-1)} (y_{k+1} - y_k)
                + \frac{2\theta_{k+1}-1}{2\theta_k-1} (y_{k+1} - x_k)

    with :math:`\theta_N = 1`, :math:`\theta_k = (1 + \sqrt{1 + 4\theta_{k+1}^2})/2` and, for k = 0, 8 instead of 4.

    Parameters
    ----------
    smoothness : float
        L.
    horizon : int
        Number of steps N.
    """

    smoothness: float
    horizon: int

    def __post_init__(self) -> None:
        require_positive("smoothness", self.smoothness)
        require_count("horizon", self.horizon)

    def init(self, x: Array) -> PrimaryState:
        """Return the state before the first step."""
        return PrimaryState(0, x, reversed_thetas(self.horizon)[0])

    def step(self, x: Array, state: PrimaryState, oracle: Oracle) -> tuple[Array, PrimaryState]:
        """Take one step; raise `InputError` beyond the horizon."""
        k, theta = state.k, state.theta
        _require_within(k, self.horizon)
        theta_next = reversed_thetas(self.horizon)[k + 1]
        y = x - (1 / float(self.smoothness)) * oracle.subgradient(x)
        ratio = (2 * theta_next - 1) / (2 * theta - 1)
        following = y + ((theta - 1) / theta * ratio) * (y - state.primary) + ratio * (y - x)
        return following, PrimaryState(k + 1, y, theta_next)


class TripleState(NamedTuple):
    """The last two points of the recursion, and the point where the gradient is taken."""

    xi: Array
    previous: Array
    y: Array


@dataclass(frozen=True, slots=True)
class TripleMomentum:
    r"""The triple momentum method (Van Scoy, Freeman and Lynch, 2018), with :math:`\rho = 1 - 1/\sqrt\kappa`.

    .. math::

        \xi_{k+1} = (1+\beta)\xi_k - \beta\xi_{k-1} - \alpha \nabla f(y_k), \quad
        y_k = (1+\gamma)\xi_k - \gamma\xi_{k-1}, \quad x_k = (1+\delta)\xi_k - \delta\xi_{k-1}

    Parameters
    ----------
    smoothness, strong_convexity : float
        L and mu, with mu < L.
    """

    smoothness: float
    strong_convexity: float

    def __post_init__(self) -> None:
        _require_condition(self.smoothness, self.strong_convexity)

    def init(self, x: Array) -> TripleState:
        """Return the state before the first step."""
        return TripleState(x, x, x)

    def step(self, x: Array, state: TripleState, oracle: Oracle) -> tuple[Array, TripleState]:
        """Take one step."""
        rho = 1 - math.sqrt(self.strong_convexity / self.smoothness)
        alpha, beta = (1 + rho) / float(self.smoothness), rho**2 / (2 - rho)
        gamma, delta = rho**2 / ((1 + rho) * (2 - rho)), rho**2 / (1 - rho**2)
        xi = (1 + beta) * state.xi - beta * state.previous - alpha * oracle.subgradient(state.y)
        y = (1 + gamma) * xi - gamma * state.xi
        return (1 + delta) * xi - delta * state.xi, TripleState(xi, state.xi, y)


class WeightState(NamedTuple):
    """The point that a gradient step led to, and the weight A_k."""

    primary: Array
    weight: float


@dataclass(frozen=True, slots=True)
class ITEM:
    r"""The information-theoretic exact method (Taylor and Drori, 2022), minimax for the distance to the minimiser.

    .. math::

        y_k = (1-\beta_k) z_k + \beta_k x_k, \quad x_{k+1} = y_k - \tfrac1L\nabla f(y_k), \quad
        z_{k+1} = (1 - q\delta_k) z_k + q\delta_k y_k - \tfrac{\delta_k}{L} \nabla f(y_k), \quad q = \mu/L

    The point of the run is z.

    Parameters
    ----------
    smoothness, strong_convexity : float
        L and mu, with mu < L.
    """

    smoothness: float
    strong_convexity: float

    def __post_init__(self) -> None:
        _require_condition(self.smoothness, self.strong_convexity)

    def init(self, x: Array) -> WeightState:
        """Return the state before the first step."""
        return WeightState(x, 0.0)

    def step(self, x: Array, state: WeightState, oracle: Oracle) -> tuple[Array, WeightState]:
        """Take one step."""
        A, L = state.weight, float(self.smoothness)
        q = self.strong_convexity / L
        A_next = item_weight(A, q)
        beta = A / ((1 - q) * A_next)
        delta = ((1 - q) ** 2 * A_next - (1 + q) * A) / (2 * (1 + q + q * A))
        y = (1 - beta) * x + beta * state.primary
        g = oracle.subgradient(y)
        z = (1 - q * delta) * x + (q * delta) * y - (delta / L) * g
        return z, WeightState(y - (1 / L) * g, min(A_next, LARGEST_WEIGHT))


def item_weight(A: float, q: float) -> float:
    """Return ITEM's weight after `A`, with q = mu / L."""
    return ((1 + q) * A + 2 * (1 + math.sqrt((1 + A) * (1 + q * A)))) / (1 - q) ** 2


class AcceleratedState(NamedTuple):
    """The number t of steps so far, and the point z that moves by long steps."""

    t: int
    z: Array


@dataclass(frozen=True, slots=True)
class AcceleratedSA:
    r"""Accelerated stochastic approximation (the scheme of Lan, 2012).

    .. math::

        y = (1-\alpha_t) x_{t-1} + \alpha_t z_{t-1}, \quad z_t = z_{t-1} - \eta t\, g(y), \quad
        x_t = (1-\alpha_t) x_{t-1} + \alpha_t z_t, \qquad \alpha_t = 2/(t+1)

    Parameters
    ----------
    step_size : float
        :math:`\eta`.
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step_size", self.step_size)

    def init(self, x: Array) -> AcceleratedState:
        """Return the state before the first step."""
        return AcceleratedState(0, x)

    def step(self, x: Array, state: AcceleratedState, oracle: Oracle) -> tuple[Array, AcceleratedState]:
        """Take one step."""
        t = state.t + 1
        alpha = 2 / (t + 1)
        y = (1 - alpha) * x + alpha * state.z
        z = state.z - (float(self.step_size) * t) * oracle.subgradient(y)
        return (1 - alpha) * x + alpha * z, AcceleratedState(t, z)


@dataclass(frozen=True, slots=True)
class Silver:
    r"""``scale * (1 + (1 + sqrt(2))**(nu - 1))``, with 2**nu the largest power of 2 that divides k + 1.

    With ``scale = 1 / L`` these are the silver steps of Altschuler and Parrilo (2023), of use for 2**j - 1 steps.
    """

    scale: float

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)

    def __call__(self, k: int) -> float:
        """Return the step size of step `k`."""
        nu = ((k + 1) & -(k + 1)).bit_length() - 1
        return self.scale * (1 + (1 + math.sqrt(2)) ** (nu - 1))


EXAMPLES: dict[str, Method] = {
    "ogm": OGM(10.0, 100),
    "ogm-g": OGMG(10.0, 100),
    "triple-momentum": TripleMomentum(10.0, 1.0),
    "item": ITEM(10.0, 1.0),
    "accelerated-sa": AcceleratedSA(0.025),
    "silver": Subgradient(Silver(0.1)),
}
