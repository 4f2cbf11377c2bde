"""LAMB: Adam's direction, with each layer's step as long as a share of the layer's own norm."""

from __future__ import annotations

from dataclasses import dataclass

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_decay, require_nonnegative
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.adam import MomentsState
from ratecheck.theory.methods.adaptive import scaled
from ratecheck.theory.methods.gradient import last_axis_norm
from ratecheck.theory.methods.layers import Layers, covering
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


def trust_ratio(x: Array, r: Array, low: float, high: float) -> Array:
    r"""Return :math:`\mathrm{clip}(\|x\|/\|r\|)` along the last axis, and 1 where either norm is 0."""
    xp = namespace(x)
    size, length = last_axis_norm(x), last_axis_norm(r)
    defined = (size > 0) & (length > 0)
    ratio = xp.clip(size / xp.where(defined, length, xp.ones_like(length)), low, high)
    return xp.where(defined, ratio, xp.ones_like(ratio))


def lamb_update(
    x: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    t: int,
    step_size: StepSize,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    ratio_low: float = 0.01,
    ratio_high: float = 10.0,
) -> tuple[Array, Array, Array]:
    r"""Return the next point and both moments of LAMB (You et al., 2020, algorithm 2), for one layer.

    .. math::

        r_t = \frac{\hat m_t}{\sqrt{\hat v_t} + \varepsilon} + \lambda x_t, \qquad
        x_{t+1} = x_t - \eta_t\, \mathrm{clip}\Big(\frac{\|x_t\|}{\|r_t\|}\Big) r_t

    Parameters
    ----------
    x, g, m, v : (..., n) arrays
        The norms are those of the last axis; flatten a parameter tensor.
    t : int
        Number of this step, from 1.
    weight_decay : float
        Inside r, and so part of its norm.
    ratio_low, ratio_high : float
        The paper clips :math:`\|x\|`; clipping the ratio is the usual form.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    r = scaled(m / (1 - beta1**t), v / (1 - beta2**t), eps=eps) + weight_decay * x
    return x - step_size * (trust_ratio(x, r, ratio_low, ratio_high) * r), m, v


@dataclass(frozen=True, slots=True)
class LAMB:
    """LAMB (You et al., 2020), see `lamb_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factors of the two moments, in [0, 1).
    eps, weight_decay : float
        At least 0.
    ratio_low, ratio_high : float
        Limits of the trust ratio.
    layers : tuple of Layer
        Each has its own ratio; empty for one layer of all coordinates.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-6
    weight_decay: float = 0.0
    ratio_low: float = 0.01
    ratio_high: float = 10.0
    layers: Layers = ()

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_decay("beta2", self.beta2)
        require_nonnegative("eps", self.eps)
        require_nonnegative("weight_decay", self.weight_decay)
        if not 0 < self.ratio_low <= self.ratio_high:
            raise InputError(
                f"ratio_low is {self.ratio_low!r} and ratio_high {self.ratio_high!r}, but they must be positive, the "
                "smaller one first."
            )

    def init(self, x: Array) -> MomentsState:
        """Return the state before the first step; raise `InputError` unless the layers cover the parameter."""
        covering(self.layers, x.shape[-1])
        zero = namespace(x).zeros_like(x)
        return MomentsState(0, zero, zero)

    def step(self, x: Array, state: MomentsState, oracle: Oracle) -> tuple[Array, MomentsState]:
        """Take one step."""
        xp = namespace(x)
        eta = xp.zeros_like(x) + step_size_at(self.step_size, state.k, x)
        g = oracle.subgradient(x)
        parts = [
            lamb_update(
                x[..., layer.slice],
                g[..., layer.slice],
                state.m[..., layer.slice],
                state.v[..., layer.slice],
                t=state.k + 1,
                step_size=eta[..., layer.slice],
                beta1=self.beta1,
                beta2=self.beta2,
                eps=self.eps,
                weight_decay=self.weight_decay,
                ratio_low=self.ratio_low,
                ratio_high=self.ratio_high,
            )
            for layer in covering(self.layers, x.shape[-1])
        ]
        x, m, v = (xp.concat(column, axis=-1) for column in zip(*parts, strict=True))
        return x, MomentsState(state.k + 1, m, v)


EXAMPLES: dict[str, Method] = {"lamb": LAMB(0.1, weight_decay=0.1)}
