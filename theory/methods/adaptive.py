"""Methods with a step size for each coordinate: AdaGrad, RMSProp, Adam, AdamW, AMSGrad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_choice, require_decay, require_nonnegative
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import quotient
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at

EpsPlace = Literal["outside", "inside"]
Correction = Literal["none", "first", "both", "before max"]


def scaled(m: Array, v: Array, *, eps: float, eps_place: EpsPlace = "outside") -> Array:
    r"""Return :math:`m / (\sqrt v + \varepsilon)`, or with eps inside :math:`m / \sqrt{v + \varepsilon}`.

    Where the denominator is 0, which takes ``eps = 0`` and gradients that were all 0, the result is 0.
    """
    xp = namespace(v)
    root = xp.sqrt(v + eps) if eps_place == "inside" else xp.sqrt(v) + eps
    return m / root if eps > 0 else quotient(m, root)


def adagrad_update(
    x: Array, g: Array, v: Array, *, step_size: StepSize, eps: float = 1e-10, eps_place: EpsPlace = "outside"
) -> tuple[Array, Array]:
    r"""Return the next point and :math:`v = v + g^2` of diagonal AdaGrad."""
    v = v + g * g
    return x - step_size * scaled(g, v, eps=eps, eps_place=eps_place), v


def adagrad_norm_update(x: Array, g: Array, v: Array, *, step_size: StepSize, eps: float = 0.0) -> tuple[Array, Array]:
    r"""Return the next point and :math:`v = v + \|g\|^2`, of shape (..., 1), of AdaGrad-norm."""
    v = v + namespace(g).sum(g * g, axis=-1, keepdims=True)
    return x - step_size * scaled(g, v, eps=eps), v


def rmsprop_update(
    x: Array,
    g: Array,
    v: Array,
    *,
    step_size: StepSize,
    decay: float = 0.99,
    eps: float = 1e-8,
    eps_place: EpsPlace = "outside",
) -> tuple[Array, Array]:
    r"""Return the next point and :math:`v = \alpha v + (1 - \alpha) g^2` of RMSProp."""
    v = decay * v + (1 - decay) * (g * g)
    return x - step_size * scaled(g, v, eps=eps, eps_place=eps_place), v


def adam_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    t: int,
    step_size: StepSize,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    bias_correction: bool = True,
    eps_place: EpsPlace = "outside",
) -> tuple[Array, Array, Array]:
    r"""Return the next point and both moments of Adam, and with `weight_decay` of AdamW.

    .. math::

        m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t, \quad v_t = \beta_2 v_{t-1} + (1-\beta_2) g_t^2, \quad
        \hat m_t = \frac{m_t}{1-\beta_1^t}, \quad \hat v_t = \frac{v_t}{1-\beta_2^t}, \quad
        x_{t+1} = (1 - \eta_t\lambda) x_t - \eta_t \frac{\hat m_t}{\sqrt{\hat v_t} + \varepsilon}

    Parameters
    ----------
    x, g, m, v : arrays of one shape
        Point, gradient, and the moments, which are zero before the first step.
    t : int
        Number of this step, from 1.
    step_size : float or array
    beta1, beta2 : float
        Averaging factors, in [0, 1).
    eps : float
        In the denominator; `eps_place` says whether it is added to the root or under it.
    weight_decay : float
        Decoupled (Loshchilov and Hutter, 2019): it multiplies the step size and the old point.
    bias_correction : bool
        False leaves out both divisions, as in the regret analyses of Reddi, Kale and Kumar (2018).
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    m_hat = m / (1 - beta1**t) if bias_correction else m
    v_hat = v / (1 - beta2**t) if bias_correction else v
    if weight_decay:
        x = x * (1 - step_size * weight_decay)
    return x - step_size * scaled(m_hat, v_hat, eps=eps, eps_place=eps_place), m, v


def amsgrad_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    v_max: Array,
    *,
    t: int,
    step_size: StepSize,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 0.0,
    correction: Correction = "none",
) -> tuple[Array, Array, Array, Array]:
    r"""Return the next point, both moments and the running maximum of the second, of AMSGrad.

    .. math:: \hat v_t = \max(\hat v_{t-1}, v_t), \quad x_{t+1} = x_t - \eta_t \frac{m_t}{\sqrt{\hat v_t} + \varepsilon}

    Parameters
    ----------
    x, g, m, v, v_max : arrays of one shape
        Point, gradient, and the states, which are zero before the first step.
    correction : {"none", "first", "both", "before max"}
        Bias correction: none as in Reddi, Kale and Kumar (2018); of the first moment only, as textbooks have it; of
        the first moment and of the maximum, as PyTorch does; of both moments before the maximum, as optax does.
    """
    xp = namespace(x)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    v_max = xp.maximum(v_max, v / (1 - beta2**t) if correction == "before max" else v)
    m_hat = m if correction == "none" else m / (1 - beta1**t)
    v_hat = v_max / (1 - beta2**t) if correction == "both" else v_max
    return x - step_size * scaled(m_hat, v_hat, eps=eps), m, v, v_max


class SecondMomentState(NamedTuple):
    """The number k of the next step, and the second moment."""

    k: int
    v: Array


@dataclass(frozen=True, slots=True)
class AdaGrad:
    r"""Diagonal AdaGrad (Duchi, Hazan and Singer, 2011), see `adagrad_update`.

    .. math:: v_k = v_{k-1} + g_k^2, \qquad x_{k+1} = x_k - \eta \, g_k / (\sqrt{v_k} + \varepsilon)

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    eps : float
        At least 0; the theory has 0.
    eps_place : {"outside", "inside"}
    """

    step_size: StepSize | Schedule
    eps: float = 1e-10
    eps_place: EpsPlace = "outside"

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_nonnegative("eps", self.eps)
        require_choice("eps_place", self.eps_place, get_args(EpsPlace))

    def init(self, x: Array) -> SecondMomentState:
        """Return the state before the first step."""
        return SecondMomentState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: SecondMomentState, oracle: Oracle) -> tuple[Array, SecondMomentState]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        x, v = adagrad_update(x, g, state.v, step_size=eta, eps=self.eps, eps_place=self.eps_place)
        return x, SecondMomentState(state.k + 1, v)


@dataclass(frozen=True, slots=True)
class AdaGradNorm:
    r"""AdaGrad with one step size for all coordinates (Streeter and McMahan, 2010), see `adagrad_norm_update`.

    .. math:: x_{k+1} = x_k - \eta \, g_k / \Big(\sqrt{\textstyle\sum_{j \le k} \|g_j\|^2} + \varepsilon\Big)

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    eps : float
        At least 0.
    """

    step_size: StepSize | Schedule
    eps: float = 0.0

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_nonnegative("eps", self.eps)

    def init(self, x: Array) -> SecondMomentState:
        """Return the state before the first step."""
        return SecondMomentState(0, namespace(x).zeros_like(x[..., :1]))

    def step(self, x: Array, state: SecondMomentState, oracle: Oracle) -> tuple[Array, SecondMomentState]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        x, v = adagrad_norm_update(x, oracle.subgradient(x), state.v, step_size=eta, eps=self.eps)
        return x, SecondMomentState(state.k + 1, v)


@dataclass(frozen=True, slots=True)
class RMSProp:
    r"""RMSProp (Tieleman and Hinton, 2012), see `rmsprop_update`.

    .. math:: v_k = \alpha v_{k-1} + (1-\alpha) g_k^2, \qquad x_{k+1} = x_k - \eta_k \, g_k / (\sqrt{v_k} + \varepsilon)

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    decay : float
        In [0, 1).
    eps : float
        At least 0.
    eps_place : {"outside", "inside"}
    """

    step_size: StepSize | Schedule
    decay: float = 0.99
    eps: float = 1e-8
    eps_place: EpsPlace = "outside"

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("decay", self.decay)
        require_nonnegative("eps", self.eps)
        require_choice("eps_place", self.eps_place, get_args(EpsPlace))

    def init(self, x: Array) -> SecondMomentState:
        """Return the state before the first step."""
        return SecondMomentState(0, namespace(x).zeros_like(x))

    def step(self, x: Array, state: SecondMomentState, oracle: Oracle) -> tuple[Array, SecondMomentState]:
        """Take one step."""
        eta = step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        x, v = rmsprop_update(x, g, state.v, step_size=eta, decay=self.decay, eps=self.eps, eps_place=self.eps_place)
        return x, SecondMomentState(state.k + 1, v)


EXAMPLES: dict[str, Method] = {
    "adagrad": AdaGrad(0.1),
    "adagrad-theory": AdaGrad(0.1, eps=0.0),
    "adagrad-norm": AdaGradNorm(0.1),
    "rmsprop": RMSProp(0.1),
}
