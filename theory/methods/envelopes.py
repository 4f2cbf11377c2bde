"""Envelopes: what divides a direction when it is turned into unbiased random signs.

An envelope R of a direction m is a non-negative array with ``|m| <= R``; then a stochastic sign has mean m / R. Each
class here is a rule ``(state, m, g) -> (R, state)`` of arrays; `dominates` says whether ``|m| <= R`` always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray, namespace
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.methods.gradient import last_axis_norm
from ratecheck.theory.methods.layers import Layers, covering
from ratecheck.theory.methods.stosign import running_envelope


class Envelope(Protocol):
    """A rule that gives the envelope of a direction."""

    @property
    def dominates(self) -> bool:
        """Whether the envelope is never below the absolute value of the direction."""
        ...

    def init(self, x: Array) -> Any:
        """Return the state before the first direction."""
        ...

    def envelope(self, state: Any, m: Array, g: Array) -> tuple[Array, Any]:
        """Return the envelope of the direction `m` and the next state; `g` is the last gradient seen."""
        ...


def _require_damping(damping: float) -> None:
    if not 0 < damping <= 1:
        raise InputError(f"damping is {damping!r}, but it must be in (0, 1]; 1 is the plain running maximum.")


@dataclass(frozen=True, slots=True)
class RunningMax:
    """``R = max(damping * R, |m|)``, the smallest envelope that never shrinks (damping 1): StoSignSGD's own."""

    damping: float = 1.0
    dominates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _require_damping(self.damping)

    def init(self, x: Array) -> Array:
        """Return zeros."""
        return namespace(x).zeros_like(x)

    def envelope(self, state: Array, m: Array, g: Array) -> tuple[Array, Array]:
        """Return the running maximum."""
        R = running_envelope(state, m, self.damping)
        return R, R


@dataclass(frozen=True, slots=True)
class GradientMax:
    """``R = max(damping * R, |g|)``: with an averaged gradient as direction, AdaMax (damping < 1).

    It dominates an exponential average of gradients if damping is 1; else up to the factor
    ``(1 - beta1) / (1 - beta1 / damping)``, to which mean directions beyond 1 are clipped.
    """

    damping: float = 1.0

    def __post_init__(self) -> None:
        _require_damping(self.damping)

    @property
    def dominates(self) -> bool:
        """Whether it never forgets."""
        return self.damping == 1.0

    def init(self, x: Array) -> Array:
        """Return zeros."""
        return namespace(x).zeros_like(x)

    def envelope(self, state: Array, m: Array, g: Array) -> tuple[Array, Array]:
        """Return the running maximum of the gradient."""
        R = running_envelope(state, g, self.damping)
        return R, R


@dataclass(frozen=True, slots=True)
class Constant:
    """The same number, or one for each coordinate: for directions that are divided already, or for sto-sign.

    For Adam the direction is ``m / sqrt(v)``, and the value 1 makes the mean exactly that up to
    `adam_excess(beta1, beta2)`, the factor by which it may exceed 1; that value makes it unbiased always.
    """

    value: float | FloatArray = 1.0
    dominates: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value).all() and np.greater(self.value, 0).all()):
            raise InputError(f"the envelope is {self.value!r}, but it must be positive and finite.")

    def init(self, x: Array) -> None:
        """Return the empty state."""

    def envelope(self, state: None, m: Array, g: Array) -> tuple[Array, None]:
        """Return the constant in the shape of `m`."""
        xp = namespace(m)
        return xp.zeros_like(m) + xp.asarray(self.value, dtype=m.dtype), None


@dataclass(frozen=True, slots=True)
class LayerMax:
    """The largest ``|m|`` of the layer, for all its entries; no history."""

    layers: Layers = ()
    dominates: ClassVar[bool] = True

    def init(self, x: Array) -> None:
        """Return the empty state; raise `InputError` unless the layers cover the parameter."""
        covering(self.layers, x.shape[-1])

    def envelope(self, state: None, m: Array, g: Array) -> tuple[Array, None]:
        """Return the layer's maximum."""
        xp = namespace(m)
        parts = []
        for layer in covering(self.layers, m.shape[-1]):
            part = xp.abs(m[..., layer.slice])
            parts.append(xp.zeros_like(part) + xp.max(part, axis=-1, keepdims=True))
        return xp.concat(parts, axis=-1), None


@dataclass(frozen=True, slots=True)
class RowColumnMax:
    """The smaller of the largest ``|m|`` of an entry's row and of its column, in layers that are matrices."""

    layers: Layers
    dominates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for layer in self.layers:
            if len(layer.shape) != 2:
                raise InputError(f"a layer has the shape {layer.shape}, but rows and columns need two axes.")

    def init(self, x: Array) -> None:
        """Return the empty state; raise `InputError` unless the layers are there and cover the parameter."""
        if not self.layers:
            raise InputError("no layers are given, but maxima over rows and columns need layers with two axes.")
        covering(self.layers, x.shape[-1])

    def envelope(self, state: None, m: Array, g: Array) -> tuple[Array, None]:
        """Return the smaller of both maxima."""
        xp = namespace(m)
        parts = []
        for layer in covering(self.layers, m.shape[-1]):
            part = xp.abs(xp.reshape(m[..., layer.slice], (*m.shape[:-1], *layer.shape)))
            smaller = xp.minimum(xp.max(part, axis=-1, keepdims=True), xp.max(part, axis=-2, keepdims=True))
            parts.append(xp.reshape(smaller, (*m.shape[:-1], layer.size)))
        return xp.concat(parts, axis=-1), None


@dataclass(frozen=True, slots=True)
class Norm:
    """The Euclidean norm of the direction (SSDM): nearly pure noise in high dimension."""

    dominates: ClassVar[bool] = True

    def init(self, x: Array) -> None:
        """Return the empty state."""

    def envelope(self, state: None, m: Array, g: Array) -> tuple[Array, None]:
        """Return the norm, for all entries."""
        return namespace(m).zeros_like(m) + last_axis_norm(m), None


@dataclass(frozen=True, slots=True)
class Zero:
    """No noise: the plain sign, which is biased (SignSGD, Signum)."""

    dominates: ClassVar[bool] = False

    def init(self, x: Array) -> None:
        """Return the empty state."""

    def envelope(self, state: None, m: Array, g: Array) -> tuple[Array, None]:
        """Return zeros."""
        return namespace(m).zeros_like(m), None


@dataclass(frozen=True, slots=True)
class Rounded:
    """Another envelope kept in a narrow floating-point format, rounded up (still dominating) or to nearest.

    Parameters
    ----------
    inner : Envelope
    bits : int
        Stored bits of the fraction: 7 for BF16, 3 for E4M3, 2 for E5M2.
    smallest : float
        Spacing of the subnormal numbers, such as 2**-9 for E4M3 without scaling; values below half of it round to 0.
    up : bool
        Round towards infinity.
    """

    inner: Envelope
    bits: int = 3
    smallest: float = 2.0**-9
    up: bool = True

    def __post_init__(self) -> None:
        require_count("bits", self.bits)
        require_positive("smallest", self.smallest)

    @property
    def dominates(self) -> bool:
        """Whether rounding keeps the domination."""
        return self.up and self.inner.dominates

    def init(self, x: Array) -> Any:
        """Return the inner state."""
        return self.inner.init(x)

    def envelope(self, state: Any, m: Array, g: Array) -> tuple[Array, Any]:
        """Return the rounded envelope, and keep it where the state is the envelope itself."""
        R, following = self.inner.envelope(state, m, g)
        kept = rounded(R, self.bits, self.smallest, up=self.up)
        return kept, (kept if following is R else following)


def rounded(x: Array, bits: int, smallest: float, *, up: bool) -> Array:
    """Return non-negative `x` rounded to `bits` bits of fraction, with spacing at least `smallest`."""
    xp = namespace(x)
    positive = x > 0
    exponent = xp.floor(xp.log2(xp.where(positive, x, xp.ones_like(x))))
    spacing = xp.maximum(xp.exp2(exponent - bits), smallest * xp.ones_like(x))
    multiple = x / spacing
    return spacing * (xp.ceil(multiple) if up else xp.round(multiple))


def adam_excess(beta1: float, beta2: float) -> float:
    r"""Return the largest possible :math:`|m|/\sqrt v` of Adam's moments.

    .. math:: c(\beta_1,\beta_2) = \frac{1-\beta_1}{\sqrt{(1-\beta_2)(1-\beta_1^2/\beta_2)}}, \qquad \beta_1^2 < \beta_2

    By Cauchy and Schwarz; 1 for beta1 = beta2, 7.270 for (0.9, 0.999). It covers bias-corrected moments too: after t
    steps their ratio is at most c times ``sqrt((1 - beta2**t)(1 - q**t)) / (1 - beta1**t)`` with q = beta1**2 / beta2,
    which is at most 1, since ``beta2**t + q**t >= 2 * beta1**t``.
    """
    if not beta1**2 < beta2 < 1:
        raise InputError(
            f"beta1 is {beta1!r} and beta2 {beta2!r}, but beta1**2 < beta2 < 1 is needed for a finite ratio."
        )
    return (1 - beta1) / float(np.sqrt((1 - beta2) * (1 - beta1**2 / beta2)))
