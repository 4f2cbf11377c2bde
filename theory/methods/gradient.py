"""The (sub)gradient method, its step rules, and the projection that any method can be wrapped in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


class StepCount(NamedTuple):
    """The number k of the next step."""

    k: int


def last_axis_norm(x: Array) -> Array:
    """Return the Euclidean norm along the last axis, which is kept with length 1."""
    xp = namespace(x)
    return xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True))


def quotient(numerator: Array, denominator: Array) -> Array:
    """Return ``numerator / denominator``, and 0 where the denominator is 0."""
    xp = namespace(denominator)
    zero = denominator == 0
    ratio = numerator / xp.where(zero, xp.ones_like(denominator), denominator)
    return xp.where(zero, xp.zeros_like(ratio), ratio)


def subgradient_update(x: Array, g: Array, *, step_size: StepSize) -> Array:
    r"""Return :math:`x - \gamma g`."""
    return x - step_size * g


def normalized_update(x: Array, g: Array, *, step_size: StepSize) -> Array:
    r"""Return :math:`x - \gamma g / \|g\|` with the Euclidean norm of the last axis, and `x` where g = 0."""
    return x - step_size * quotient(g, last_axis_norm(g))


def polyak_update(x: Array, g: Array, gap: Array) -> Array:
    r"""Return :math:`x - (f(x) - f^\star) g / \|g\|^2`, and `x` where g = 0; `gap` has shape (..., 1)."""
    xp = namespace(x)
    return x - quotient(gap, xp.sum(g * g, axis=-1, keepdims=True)) * g


@dataclass(frozen=True, slots=True)
class Subgradient:
    r"""The subgradient method; with smooth objectives, gradient descent; with a sampling oracle, SGD.

    .. math:: x_{k+1} = x_k - \gamma_k g_k, \qquad g_k \in \partial f(x_k)

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    """

    step_size: StepSize | Schedule

    def __post_init__(self) -> None:
        as_schedule(self.step_size)

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Oracle) -> tuple[Array, StepCount]:
        """Take one step."""
        gamma = step_size_at(self.step_size, state.k, x)
        return subgradient_update(x, oracle.subgradient(x), step_size=gamma), StepCount(state.k + 1)


@dataclass(frozen=True, slots=True)
class NormalizedSubgradient:
    r"""The subgradient method with steps of a chosen length (Shor).

    .. math:: x_{k+1} = x_k - r_k \, g_k / \|g_k\|

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
        The length r_k of a step. A point with g = 0 is kept.
    """

    step_size: StepSize | Schedule

    def __post_init__(self) -> None:
        as_schedule(self.step_size)

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Oracle) -> tuple[Array, StepCount]:
        """Take one step."""
        r = step_size_at(self.step_size, state.k, x)
        return normalized_update(x, oracle.subgradient(x), step_size=r), StepCount(state.k + 1)


@dataclass(frozen=True, slots=True)
class Polyak:
    r"""Polyak's step (1969), for an optimal value that is known.

    .. math:: x_{k+1} = x_k - \frac{f(x_k) - f^\star}{\|g_k\|^2} g_k

    It asks the oracle for ``value`` and for ``f_star``.
    """

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Any) -> tuple[Array, StepCount]:
        """Take one step."""
        gap = oracle.value(x) - oracle.f_star
        x = polyak_update(x, oracle.subgradient(x), namespace(x).astype(gap, x.dtype)[:, None])
        return x, StepCount(state.k + 1)


@dataclass(frozen=True, slots=True)
class Projected:
    """Projects onto the problem's domain after each step of `inner`, whose state is left as it is.

    In a box the coordinate clip is the projection in every diagonal metric, so this is also the projection that
    AdaGrad's and Adam's theory asks for.

    Parameters
    ----------
    inner : Method
    """

    inner: Method

    def init(self, x: Array) -> Any:
        """Return the inner method's state."""
        return self.inner.init(x)

    def step(self, x: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Take one inner step and project."""
        x, state = self.inner.step(x, state, oracle)
        return oracle.project(x), state


def online_gradient_descent(step_size: StepSize | Schedule) -> Projected:
    """Return online gradient descent (Zinkevich, 2003): the projected subgradient method, one loss per step."""
    return Projected(Subgradient(step_size))


EXAMPLES: dict[str, Method] = {
    "subgradient": Subgradient(0.1),
    "normalized-subgradient": NormalizedSubgradient(0.1),
    "polyak": Polyak(),
    "projected-subgradient": online_gradient_descent(0.1),
}
