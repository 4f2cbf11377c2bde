"""Two variants of Adam: the infinity norm in place of the second moment, and Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_decay, require_nonnegative
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.adam import MomentsState
from ratecheck.theory.methods.adaptive import scaled
from ratecheck.theory.methods.gradient import quotient
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


def adamax_update(
    x: Array,
    g: Array,
    m: Array,
    u: Array,
    *,
    t: int,
    step_size: StepSize,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Array, Array, Array]:
    r"""Return the next point, the first moment and the damped maximum of AdaMax (Kingma and Ba, 2015, section 7.1).

    .. math::

        u_t = \max(\beta_2 u_{t-1}, |g_t| + \varepsilon), \; x_{t+1} = x_t - \frac{\eta_t}{1-\beta_1^t} \frac{m_t}{u_t}

    The paper has no epsilon; it sits where PyTorch and optax have it. `t` is the number of this step, from 1.
    """
    xp = namespace(x)
    m = beta1 * m + (1 - beta1) * g
    u = xp.maximum(beta2 * u, xp.abs(g) + eps)
    return x - step_size * quotient(m / (1 - beta1**t), u), m, u


def nadam_update(
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
) -> tuple[Array, Array, Array]:
    r"""Return the next point and both moments of NAdam (Dozat, 2016) with a constant momentum.

    .. math::

        \bar m_t = \beta_1 \frac{m_t}{1-\beta_1^{t+1}} + (1-\beta_1) \frac{g_t}{1-\beta_1^t}, \qquad
        x_{t+1} = x_t - \eta_t \frac{\bar m_t}{\sqrt{\hat v_t} + \varepsilon}

    `t` is the number of this step, from 1.
    """
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    ahead = beta1 * (m / (1 - beta1 ** (t + 1))) + (1 - beta1) * (g / (1 - beta1**t))
    return x - step_size * scaled(ahead, v / (1 - beta2**t), eps=eps), m, v


@dataclass(frozen=True, slots=True)
class AdaMax:
    """AdaMax (Kingma and Ba, 2015), see `adamax_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factor of the gradients, and damping of their maximum, in [0, 1).
    eps : float
        At least 0.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_decay("beta2", self.beta2)
        require_nonnegative("eps", self.eps)

    def init(self, x: Array) -> MomentsState:
        """Return the state before the first step; the maximum stands in the place of the second moment."""
        zero = namespace(x).zeros_like(x)
        return MomentsState(0, zero, zero)

    def step(self, x: Array, state: MomentsState, oracle: Oracle) -> tuple[Array, MomentsState]:
        """Take one step."""
        x, m, u = adamax_update(
            x,
            oracle.subgradient(x),
            state.m,
            state.v,
            t=state.k + 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
        )
        return x, MomentsState(state.k + 1, m, u)


@dataclass(frozen=True, slots=True)
class NAdam:
    """NAdam (Dozat, 2016), see `nadam_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factors of the two moments, in [0, 1).
    eps : float
        At least 0.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_decay("beta2", self.beta2)
        require_nonnegative("eps", self.eps)

    def init(self, x: Array) -> MomentsState:
        """Return the state before the first step."""
        zero = namespace(x).zeros_like(x)
        return MomentsState(0, zero, zero)

    def step(self, x: Array, state: MomentsState, oracle: Oracle) -> tuple[Array, MomentsState]:
        """Take one step."""
        x, m, v = nadam_update(
            x,
            oracle.subgradient(x),
            state.m,
            state.v,
            t=state.k + 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
        )
        return x, MomentsState(state.k + 1, m, v)


EXAMPLES: dict[str, Method] = {
    "adamax": AdaMax(0.1),
    "nadam": NAdam(0.1),
}
