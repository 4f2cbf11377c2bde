"""Rules that change the gradient before any method sees it: clipping, and the coupled form of weight decay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import Subgradient, last_axis_norm
from ratecheck.theory.methods.momentum import Momentum


def clip_norm(g: Array, max_norm: float) -> Array:
    r"""Return `g`, scaled down along the last axis to Euclidean norm `max_norm` where it is longer."""
    xp = namespace(g)
    norm = last_axis_norm(g)
    long = norm > max_norm
    return xp.where(long, g * (max_norm / xp.where(long, norm, xp.ones_like(norm))), g)


def clip_value(g: Array, max_value: float) -> Array:
    """Return `g` with each entry clipped to [-max_value, max_value]; this can turn the direction."""
    xp = namespace(g)
    limit = max_value * xp.ones_like(g)
    return xp.minimum(xp.maximum(g, -limit), limit)


class ChangedOracle:
    """An oracle whose subgradients are changed by a rule ``(x, g) -> g``; everything else is the inner oracle's."""

    __slots__ = ("_change", "_oracle")

    def __init__(self, oracle: Oracle, change: Callable[[Array, Array], Array]) -> None:
        self._oracle = oracle
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle, name)

    def subgradient(self, x: Array) -> Array:
        """Return the changed subgradient at each row of `x`."""
        return self._change(x, self._oracle.subgradient(x))


def _changed(oracle: Oracle, change: Callable[[Array, Array], Array]) -> Any:
    return ChangedOracle(oracle, change)


@dataclass(frozen=True, slots=True)
class ClipNorm:
    r"""Gives `inner` the gradient :math:`g \min(1, c / \|g\|)`: it keeps its direction, and a step has a bound.

    ``ClipNorm(Subgradient(...), c)`` is clipped SGD.

    Parameters
    ----------
    inner : Method
    max_norm : float
        c.
    """

    inner: Method
    max_norm: float

    def __post_init__(self) -> None:
        require_positive("max_norm", self.max_norm)

    def init(self, x: Array) -> Any:
        """Return the inner method's state."""
        return self.inner.init(x)

    def step(self, x: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Take one inner step with the clipped gradient."""
        return self.inner.step(x, state, _changed(oracle, lambda _, g: clip_norm(g, float(self.max_norm))))


@dataclass(frozen=True, slots=True)
class ClipValue:
    """Gives `inner` the gradient with each entry clipped to [-c, c].

    Parameters
    ----------
    inner : Method
    max_value : float
        c.
    """

    inner: Method
    max_value: float

    def __post_init__(self) -> None:
        require_positive("max_value", self.max_value)

    def init(self, x: Array) -> Any:
        """Return the inner method's state."""
        return self.inner.init(x)

    def step(self, x: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Take one inner step with the clipped gradient."""
        return self.inner.step(x, state, _changed(oracle, lambda _, g: clip_value(g, float(self.max_value))))


@dataclass(frozen=True, slots=True)
class ClipGroups:
    """Gives `inner` the gradient with the norm of each group of coordinates clipped on its own.

    Parameters
    ----------
    inner : Method
    max_norm : float
    sizes : tuple of int
        Numbers of consecutive coordinates in each group; they add up to the dimension.
    """

    inner: Method
    max_norm: float
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        require_positive("max_norm", self.max_norm)
        for size in self.sizes:
            require_count("size of a group", size)

    def init(self, x: Array) -> Any:
        """Return the inner method's state; raise `InputError` if the sizes do not add up to the dimension."""
        if sum(self.sizes) != x.shape[-1]:
            raise InputError(
                f"sizes is {self.sizes!r}, which adds up to {sum(self.sizes)}, but the dimension is {x.shape[-1]}."
            )
        return self.inner.init(x)

    def step(self, x: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Take one inner step with the clipped gradient."""
        return self.inner.step(x, state, _changed(oracle, self._clip))

    def _clip(self, x: Array, g: Array) -> Array:
        ends = [sum(self.sizes[: i + 1]) for i in range(len(self.sizes))]
        groups = [g[..., end - size : end] for end, size in zip(ends, self.sizes, strict=True)]
        return namespace(g).concat([clip_norm(group, float(self.max_norm)) for group in groups], axis=-1)


@dataclass(frozen=True, slots=True)
class L2Decay:
    r"""Gives `inner` the gradient :math:`g + \lambda x`: weight decay coupled to the method's own scaling.

    In SGD this equals decoupled decay; in Adam it is divided by the root of the second moment, so that weights with
    large gradients hardly decay (Loshchilov and Hutter, 2019).

    Parameters
    ----------
    inner : Method
    weight_decay : float
        lambda, at least 0.
    """

    inner: Method
    weight_decay: float

    def __post_init__(self) -> None:
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> Any:
        """Return the inner method's state."""
        return self.inner.init(x)

    def step(self, x: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Take one inner step with the decay in the gradient."""
        return self.inner.step(x, state, _changed(oracle, lambda y, g: g + float(self.weight_decay) * y))


EXAMPLES: dict[str, Method] = {
    "clipped-sgd": ClipNorm(Subgradient(0.1), 1.0),
    "clipped-value": ClipValue(Subgradient(0.1), 0.5),
    "clipped-groups": ClipGroups(Subgradient(0.1), 0.5, (2, 1)),
    "l2-momentum": L2Decay(Momentum(0.1), 0.1),
}
