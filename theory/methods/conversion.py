"""Sign conversion: any optimizer turned into its unbiased sign counterpart.

Yu et al. (2026), arXiv 2604.15416, definition 1: a direction m with an envelope sigma that dominates it is replaced by
``sign(m + sigma n)`` with uniform noise n, whose mean is ``m / sigma``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_choice, require_nonnegative
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.adam import Adam, AdamW, AMSGrad, UnifiedAdam
from ratecheck.theory.methods.adaptive import AdaGrad, AdaGradNorm, RMSProp
from ratecheck.theory.methods.envelopes import (
    Constant,
    Envelope,
    GradientMax,
    LayerMax,
    Norm,
    RowColumnMax,
    RunningMax,
    Zero,
    adam_excess,
)
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.layers import Layers, layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum
from ratecheck.theory.methods.normalized import NormalizedMomentum
from ratecheck.theory.methods.recorded import RecordedOracle
from ratecheck.theory.methods.sign import Lion, SignSGD, Signum
from ratecheck.theory.methods.stosign import stochastic_sign
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at

Noise = Literal["uniform", "gaussian", "laplace", "logistic"]
DEVIATION = 3**-0.5  # of the uniform law on [-1, 1]; the other laws are scaled to it


def noise_quantile(law: Noise, u: Array) -> Array:
    """Return the quantile of a symmetric noise law with the standard deviation of the uniform one on [-1, 1].

    Parameters
    ----------
    law : {"uniform", "gaussian", "laplace", "logistic"}
    u : array
        Uniform numbers on [0, 1); 0 counts as the smallest positive one where the law is unbounded.
    """
    require_choice("noise", law, get_args(Noise))
    if law == "uniform":
        return 2 * u - 1
    xp = namespace(u)
    u = xp.maximum(u, 2.0**-53 * xp.ones_like(u))
    if law == "laplace":
        side = xp.where(u < 0.5, -xp.ones_like(u), xp.ones_like(u))
        return -side * xp.log(2 * xp.minimum(u, 1 - u)) * (DEVIATION / 2**0.5)
    if law == "logistic":
        return xp.log(u / (1 - u)) * (DEVIATION * 3**0.5 / 3.141592653589793)
    return _normal_quantile(u) * DEVIATION


def _normal_quantile(u: Array) -> Array:
    if type(u).__module__.startswith("torch"):
        import torch

        return torch.special.ndtri(u)
    from scipy.special import ndtri

    return ndtri(u)


def random_sign(m: Array, R: Array, u: Array, law: Noise = "uniform") -> Array:
    """Return ``sign(m + R n)`` with n of a chosen law; only the uniform one has mean ``m / R`` exactly."""
    if law == "uniform":
        return stochastic_sign(m, R, u)
    return namespace(m).sign(m + R * noise_quantile(law, u))


class ConvertedState(NamedTuple):
    """The number k of the next step, the inner method's state, and the envelope's."""

    k: int
    inner: Any
    envelope: Any


@dataclass(frozen=True, slots=True)
class Converted:
    r"""Takes signs of the directions of `inner`, at random with mean direction over envelope.

    .. math:: m_t = x_t - \mathrm{inner}(x_t), \qquad
        x_{t+1} = (1 - \eta_t\lambda) x_t - \eta_t\,\mathrm{sign}(m_t + k R_t n_t)

    The direction is the displacement of one inner step, so `inner` must have step size 1 (`sign_counterpart` sees to
    that) and no decoupled weight decay. The converted step never shrinks with the direction: give it steps that
    decrease.

    Parameters
    ----------
    inner : Method
    step_size : float, (dim,) array or Schedule
    envelope : Envelope
    weight_decay : float
        Decoupled, at least 0.
    noise : {"uniform", "gaussian", "laplace", "logistic"}
        Others than uniform are biased; they are here to be refuted.
    noise_scale : float
        k; below 1 the mean is clipped, 0 is the plain sign, above 1 the mean shrinks to m / (k R).
    shared : bool
        One random number for all coordinates: still unbiased in each, but no longer independent.
    """

    inner: Method
    step_size: StepSize | Schedule
    envelope: Envelope
    weight_decay: float = 0.0
    noise: Noise = "uniform"
    noise_scale: float = 1.0
    shared: bool = False

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        if not hasattr(self.envelope, "envelope"):
            raise InputError(
                f"envelope is {self.envelope!r}, but it must be an object of a class in theory.methods.envelopes; "
                "for the same number everywhere give Constant(number)."
            )
        require_choice("noise", self.noise, get_args(Noise))
        require_nonnegative("noise_scale", self.noise_scale)
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> ConvertedState:
        """Return the state before the first step."""
        return ConvertedState(0, self.inner.init(x), self.envelope.init(x))

    def direction(self, x: Array, state: ConvertedState, oracle: Oracle) -> tuple[Array, Array, ConvertedState]:
        """Return the direction m, its envelope R and the next state."""
        recorded = RecordedOracle(oracle)
        following, inner = self.inner.step(x, state.inner, recorded)
        m = x - following
        R, envelope = self.envelope.envelope(state.envelope, m, recorded.gradient)
        return m, R, ConvertedState(state.k + 1, inner, envelope)

    def step(self, x: Array, state: ConvertedState, oracle: Oracle) -> tuple[Array, ConvertedState]:
        """Take one step."""
        xp = namespace(x)
        eta = step_size_at(self.step_size, state.k, x)
        m, R, state = self.direction(x, state, oracle)
        u = xp.astype(oracle.uniform(1 if self.shared else x.shape[-1]), x.dtype)
        s = random_sign(m, self.noise_scale * R, xp.broadcast_to(u, x.shape), self.noise)
        if self.weight_decay:
            x = x * (1 - eta * self.weight_decay)
        return x - eta * s, state


def mean_direction(m: Array, R: Array) -> Array:
    """Return ``clip(m / R, -1, 1)``, and sign(m) where R = 0: the mean of a stochastic sign."""
    xp = namespace(m)
    safe = xp.where(R > 0, R, xp.ones_like(R))
    one = xp.ones_like(m)
    return xp.where(R > 0, xp.minimum(xp.maximum(m / safe, -one), one), xp.sign(m))


def require_domination(m: Array, R: Array) -> None:
    """Raise `InputError` if an envelope is below the absolute value of its direction, which biases the signs."""
    excess = float(namespace(m).max(namespace(m).abs(m) - R))
    if excess > 0:
        raise InputError(
            f"the envelope is exceeded by {excess:.3g}, but it must dominate the direction; "
            "choose a running maximum, or scale it up."
        )


NORMALIZED = (
    Adam,
    AdamW,
    AMSGrad,
    UnifiedAdam,
    AdaGrad,
    AdaGradNorm,
    RMSProp,
    NormalizedMomentum,
    SignSGD,
    Signum,
    Lion,
)


def sign_counterpart(
    base: Method, envelope: Envelope | None = None, step_size: StepSize | Schedule | None = None, **options: Any
) -> Converted:
    """Return the unbiased sign counterpart of any optimizer, the package's or a user's own.

    Parameters
    ----------
    base : Method
        Its ``step_size`` and ``weight_decay``, where it has such fields, become those of the counterpart.
    envelope : Envelope, optional
        By default the running maximum; for methods that divide by a root themselves, the constant 1.
    step_size : float, (dim,) array or Schedule, optional
        Needed if `base` has no such field.
    **options
        Further fields of `Converted`.

    Raises
    ------
    InputError
        If there is no step size.

    Examples
    --------
    >>> counterpart = sign_counterpart(AveragedMomentum(0.01))
    >>> counterpart.envelope
    RunningMax(damping=1.0)
    """
    step_size = getattr(base, "step_size", None) if step_size is None else step_size
    if step_size is None:
        raise InputError(f"{type(base).__name__} has no step size, but sign steps need one; give step_size.")
    if envelope is None:
        envelope = Constant(1.0) if isinstance(base, NORMALIZED) else RunningMax()
    fields: tuple[str, ...] = tuple(getattr(base, "__dataclass_fields__", ()))
    changes: dict[str, Any] = {"step_size": 1.0} if "step_size" in fields else {}
    if "weight_decay" in fields:
        options.setdefault("weight_decay", base.weight_decay)  # type: ignore[attr-defined]
        changes["weight_decay"] = 0.0
    inner = dataclasses.replace(base, **changes) if changes else base  # type: ignore[type-var]
    known = {field.name for field in dataclasses.fields(Converted)}
    for name in options.keys() - known:
        raise InputError(f"{name!r} is no option of a conversion, only {', '.join(sorted(known))} are.")
    return Converted(inner, step_size, envelope, **options)


Step = StepSize | Schedule


def _adam(eta: Step, layers: Layers) -> Converted:
    return sign_counterpart(Adam(eta, 0.9, 0.99), Constant(adam_excess(0.9, 0.99)))


def _amsgrad(eta: Step, layers: Layers) -> Converted:
    return sign_counterpart(AMSGrad(eta, 0.9, 0.9))


CONVERSIONS: dict[str, Callable[[Step, Layers], Converted]] = {
    "sgd": lambda eta, layers: sign_counterpart(Subgradient(eta)),
    "sgdm": lambda eta, layers: sign_counterpart(AveragedMomentum(eta)),
    "sgdm-gradient-max": lambda eta, layers: sign_counterpart(AveragedMomentum(eta), GradientMax()),
    "adamax": lambda eta, layers: sign_counterpart(AveragedMomentum(eta), GradientMax(0.999)),
    "adam": _adam,
    "amsgrad": _amsgrad,
    "adagrad": lambda eta, layers: sign_counterpart(AdaGrad(eta)),
    "layer-max": lambda eta, layers: sign_counterpart(AveragedMomentum(eta), LayerMax(layers)),
    "row-column-max": lambda eta, layers: sign_counterpart(AveragedMomentum(eta), RowColumnMax(layers)),
    "norm": lambda eta, layers: sign_counterpart(AveragedMomentum(eta), Norm()),
    "constant": lambda eta, layers: sign_counterpart(Subgradient(eta), Constant(8.0)),
    "none": lambda eta, layers: sign_counterpart(AveragedMomentum(eta), Zero()),
}


def convert(name: str, step_size: Step, layers: Layers = ()) -> Converted:
    """Return one of the twelve named conversions.

    Parameters
    ----------
    name : str
        Key of `CONVERSIONS`; all but ``"none"`` are unbiased while their envelope dominates.
    step_size : float, (dim,) array or Schedule
    layers : tuple of Layer
        Needed by ``"row-column-max"``; used by ``"layer-max"``.
    """
    require_choice("conversion", name, tuple(CONVERSIONS))
    return CONVERSIONS[name](step_size, layers)


EXAMPLES: dict[str, Method] = {f"converted-{name}": make(0.1, layers_of((1, 3))) for name, make in CONVERSIONS.items()}
