"""Anchored extragradient methods, whose last iterate reaches the optimal rate 1/k on the operator norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ratecheck.theory.arrays import Array
from ratecheck.theory.errors import InputError, require_positive


class Anchor(NamedTuple):
    """The number of the next step, the anchor z_0 and the present step size."""

    k: int
    anchor: Array
    step_size: float


def anchored_update(z: Array, anchor: Array, operator: Array, pull: float, step_size: float) -> Array:
    """Return ``z + pull * (anchor - z) - step_size * operator``."""
    return z + pull * (anchor - z) - step_size * operator


def next_step_size(step_size: float, k: int, smoothness: float) -> float:
    """Return a_{k+1} of EAG-V from a_k (Yoon and Ryu 2021)."""
    square = (step_size * smoothness) ** 2
    return step_size * (1 - square / ((k + 1) * (k + 3) * (1 - square)))


def eagv_limit(step_size: float, smoothness: float, steps: int = 100_000) -> float:
    """Return the limit of the step sizes of EAG-V, from above: the sequence decreases."""
    for k in range(steps):
        step_size = next_step_size(step_size, k, smoothness)
    return step_size


@dataclass(frozen=True, slots=True)
class EAGC:
    r"""Extra anchored gradient with a constant step (Yoon and Ryu 2021).

    .. math:: h = z_k + \tfrac{1}{k+2}(z_0 - z_k) - a F(z_k), \quad z_{k+1} = z_k + \tfrac{1}{k+2}(z_0-z_k) - a F(h)

    Parameters
    ----------
    step_size : float
        At most 1/(8 L) for the theorem.
    """

    step_size: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)

    def init(self, x: Array) -> Anchor:
        """Return the state before the first step."""
        return Anchor(0, x, self.step_size)

    def step(self, x: Array, state: Anchor, oracle: Any) -> tuple[Array, Anchor]:
        """Take one step of two operator evaluations."""
        return _eag_step(x, state, oracle), Anchor(state.k + 1, state.anchor, self.step_size)


@dataclass(frozen=True, slots=True)
class EAGV:
    r"""Extra anchored gradient with the varying step :func:`next_step_size` (Yoon and Ryu 2021).

    Parameters
    ----------
    step_size : float
        First step a_0, below 3/(4 L).
    smoothness : float
        L.
    """

    step_size: float
    smoothness: float

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)
        require_positive("smoothness", self.smoothness)
        if not self.step_size * self.smoothness < 0.75:
            raise InputError(
                f"step size is {self.step_size!r}, but the first step of EAG-V must be below 3/(4 L) = "
                f"{0.75 / self.smoothness:.6g}."
            )

    def init(self, x: Array) -> Anchor:
        """Return the state before the first step."""
        return Anchor(0, x, self.step_size)

    def step(self, x: Array, state: Anchor, oracle: Any) -> tuple[Array, Anchor]:
        """Take one step of two operator evaluations."""
        following = next_step_size(state.step_size, state.k, self.smoothness)
        return _eag_step(x, state, oracle), Anchor(state.k + 1, state.anchor, following)


def _eag_step(z: Array, state: Anchor, oracle: Any) -> Array:
    pull = 1.0 / (state.k + 2)
    half = anchored_update(z, state.anchor, oracle.operator(z), pull, state.step_size)
    return anchored_update(z, state.anchor, oracle.operator(half), pull, state.step_size)


@dataclass(frozen=True, slots=True)
class FEG:
    r"""Fast extragradient (Lee and Kim 2021), for rho-comonotone operators with rho > -1/(2L); rho = 0 is monotone.

    .. math::
        h &= z_k + b_k (z_0 - z_k) - (1 - b_k)(1/L + 2\rho) F(z_k), \qquad b_k = 1/(k+1) \\
        z_{k+1} &= z_k + b_k (z_0 - z_k) - F(h)/L - (1 - b_k)\, 2\rho F(z_k)

    Parameters
    ----------
    smoothness : float
        L.
    comonotonicity : float
        rho.
    """

    smoothness: float
    comonotonicity: float = 0.0

    def __post_init__(self) -> None:
        require_positive("smoothness", self.smoothness)
        if not self.comonotonicity > -0.5 / self.smoothness:
            raise InputError(
                f"comonotonicity is {self.comonotonicity!r}, but FEG needs more than -1/(2 L) = "
                f"{-0.5 / self.smoothness:.6g}."
            )

    def init(self, x: Array) -> Anchor:
        """Return the state before the first step."""
        return Anchor(0, x, 1.0 / self.smoothness)

    def step(self, x: Array, state: Anchor, oracle: Any) -> tuple[Array, Anchor]:
        """Take one step of two operator evaluations."""
        pull, inverse = 1.0 / (state.k + 1), 1.0 / self.smoothness
        operator, rho = oracle.operator(x), self.comonotonicity
        half = anchored_update(x, state.anchor, operator, pull, (1 - pull) * (inverse + 2 * rho))
        moved = anchored_update(x, state.anchor, oracle.operator(half), pull, inverse)
        return moved - (1 - pull) * 2 * rho * operator, Anchor(state.k + 1, state.anchor, inverse)
