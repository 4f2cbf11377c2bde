"""Mirror-prox: extragradient with the geometry of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.methods.saddle.extragradient import Middle
from ratecheck.theory.methods.saddle.gradient import forward_update


def entropy_update(z: Array, operator: Array, step_size: float, split: int) -> Array:
    """Return the multiplicative-weights step on two simplices, of the first `split` coordinates and of the rest."""
    xp = namespace(z)
    blocks = []
    for part in (slice(None, split), slice(split, None)):
        exponent = -step_size * operator[:, part]
        # The largest exponent is taken out, so that the exponential cannot overflow.
        weight = z[:, part] * xp.exp(exponent - xp.max(exponent, axis=1, keepdims=True))
        blocks.append(weight / xp.sum(weight, axis=1, keepdims=True))
    return xp.concatenate(blocks, axis=1)


@dataclass(frozen=True, slots=True)
class MirrorProx:
    """Mirror-prox (Nemirovski 2004): with Euclidean geometry projected extragradient, with entropy for two simplices.

    Parameters
    ----------
    step_size : float
    geometry : {"euclidean", "entropy"}
        ``"entropy"`` needs a start inside both simplices.
    """

    step_size: float
    geometry: Literal["euclidean", "entropy"] = "euclidean"

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)
        if self.geometry not in ("euclidean", "entropy"):
            raise InputError(f"geometry is {self.geometry!r}, allowed are 'euclidean' and 'entropy'.")

    def init(self, x: Array) -> Middle:
        """Return the state before the first step."""
        return Middle(0, x)

    def step(self, x: Array, state: Middle, oracle: Any) -> tuple[Array, Middle]:
        """Take one step of two operator evaluations."""
        middle = self._prox(x, oracle.operator(x), oracle)
        return self._prox(x, oracle.operator(middle), oracle), Middle(state.k + 1, middle)

    def _prox(self, z: Array, operator: Array, oracle: Any) -> Array:
        if self.geometry == "entropy":
            return entropy_update(z, operator, self.step_size, oracle.split)
        return oracle.project(forward_update(z, operator, self.step_size))
