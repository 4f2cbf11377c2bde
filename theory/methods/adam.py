"""Adam and its kin as methods; the update rules are in `ratecheck.theory.methods.adaptive`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, get_args

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_choice, require_decay, require_nonnegative, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.adaptive import Correction, EpsPlace, adam_update, amsgrad_update, scaled
from ratecheck.theory.schedules import InverseSqrt, Schedule, StepSize, as_schedule, step_size_at


class MomentsState(NamedTuple):
    """The number k of the next step, and both moments."""

    k: int
    m: Array
    v: Array


def _moments(x: Array) -> MomentsState:
    zero = namespace(x).zeros_like(x)
    return MomentsState(0, zero, zero)


def _require_adam(beta1: float, beta2: float, eps: float) -> None:
    require_decay("beta1", beta1)
    require_decay("beta2", beta2)
    require_nonnegative("eps", eps)


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam (Kingma and Ba, 2015), see `adam_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factors of the two moments, in [0, 1).
    eps : float
        At least 0.
    bias_correction : bool
        False for the form whose regret Reddi, Kale and Kumar (2018) disprove.
    eps_place : {"outside", "inside"}
        Whether eps is added to the root or under it.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    bias_correction: bool = True
    eps_place: EpsPlace = "outside"

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        _require_adam(self.beta1, self.beta2, self.eps)
        require_choice("eps_place", self.eps_place, get_args(EpsPlace))

    def init(self, x: Array) -> MomentsState:
        """Return the state before the first step."""
        return _moments(x)

    def step(self, x: Array, state: MomentsState, oracle: Oracle) -> tuple[Array, MomentsState]:
        """Take one step."""
        x, m, v = adam_update(
            x,
            oracle.subgradient(x),
            state.m,
            state.v,
            t=state.k + 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            bias_correction=self.bias_correction,
            eps_place=self.eps_place,
        )
        return x, MomentsState(state.k + 1, m, v)


@dataclass(frozen=True, slots=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), see `adam_update`.

    Adam inside `L2Decay` is the coupled form: there the decay enters the gradient and is divided by the root.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factors of the two moments, in [0, 1).
    eps : float
        At least 0.
    weight_decay : float
        At least 0.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        _require_adam(self.beta1, self.beta2, self.eps)
        require_nonnegative("weight_decay", self.weight_decay)

    def init(self, x: Array) -> MomentsState:
        """Return the state before the first step."""
        return _moments(x)

    def step(self, x: Array, state: MomentsState, oracle: Oracle) -> tuple[Array, MomentsState]:
        """Take one step."""
        x, m, v = adam_update(
            x,
            oracle.subgradient(x),
            state.m,
            state.v,
            t=state.k + 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            weight_decay=self.weight_decay,
        )
        return x, MomentsState(state.k + 1, m, v)


class MaximumState(NamedTuple):
    """The number k of the next step, both moments, and the running maximum of the second."""

    k: int
    m: Array
    v: Array
    v_max: Array


@dataclass(frozen=True, slots=True)
class AMSGrad:
    """AMSGrad (Reddi, Kale and Kumar, 2018), see `amsgrad_update`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
    beta1, beta2 : float
        Averaging factors of the two moments, in [0, 1).
    eps : float
        At least 0; the theory has 0.
    correction : {"none", "first", "both", "before max"}
        Bias correction: the paper's, the textbooks', PyTorch's, optax's.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 0.0
    correction: Correction = "none"

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        _require_adam(self.beta1, self.beta2, self.eps)
        require_choice("correction", self.correction, get_args(Correction))

    def init(self, x: Array) -> MaximumState:
        """Return the state before the first step."""
        zero = namespace(x).zeros_like(x)
        return MaximumState(0, zero, zero, zero)

    def step(self, x: Array, state: MaximumState, oracle: Oracle) -> tuple[Array, MaximumState]:
        """Take one step."""
        x, m, v, v_max = amsgrad_update(
            x,
            oracle.subgradient(x),
            state.m,
            state.v,
            state.v_max,
            t=state.k + 1,
            step_size=step_size_at(self.step_size, state.k, x),
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            correction=self.correction,
        )
        return x, MaximumState(state.k + 1, m, v, v_max)


@dataclass(frozen=True, slots=True)
class UnifiedAdam:
    r"""The family of Défossez, Bottou, Bach and Usunier (2022): sums instead of averages, one correction.

    .. math::

        m_n = \beta_1 m_{n-1} + g_n, \quad v_n = \beta_2 v_{n-1} + g_n^2, \quad
        x_{n+1} = x_n - \alpha_n \frac{m_n}{\sqrt{\varepsilon + v_n}}, \quad
        \alpha_n = \alpha (1-\beta_1) \sqrt{\textstyle\sum_{j<n} \beta_2^j}

    With beta2 < 1 this is Adam without the correction of the first moment. AdaGrad is beta2 = 1 with the root left
    out: :math:`\alpha_n = \alpha (1-\beta_1)`.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
        :math:`\alpha`.
    beta1 : float
        In [0, 1), below beta2.
    beta2 : float
        In (0, 1].
    eps : float
        Positive, under the root.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.0
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_positive("eps", self.eps)
        if not self.beta1 < self.beta2 <= 1:
            raise InputError(f"beta2 is {self.beta2!r}, but it must be above beta1 = {self.beta1!r} and at most 1.")

    def init(self, x: Array) -> MomentsState:
        """Return the state before the first step."""
        return _moments(x)

    def step(self, x: Array, state: MomentsState, oracle: Oracle) -> tuple[Array, MomentsState]:
        """Take one step."""
        n = state.k + 1
        g = oracle.subgradient(x)
        m = self.beta1 * state.m + g
        v = self.beta2 * state.v + g * g
        mass = 1.0 if self.beta2 == 1 else (1 - self.beta2**n) / (1 - self.beta2)
        alpha = step_size_at(self.step_size, state.k, x) * ((1 - self.beta1) * mass**0.5)
        return x - alpha * scaled(m, v, eps=self.eps, eps_place="inside"), MomentsState(n, m, v)


EXAMPLES: dict[str, Method] = {
    "adam": Adam(0.1),
    "adam-without-correction": Adam(InverseSqrt(0.1), beta1=0.0, beta2=0.9, eps=0.0, bias_correction=False),
    "adam-eps-inside": Adam(0.1, eps_place="inside"),
    "adamw": AdamW(0.1, weight_decay=0.1),
    "amsgrad": AMSGrad(InverseSqrt(0.1)),
    "amsgrad-textbook": AMSGrad(0.1, eps=1e-8, correction="first"),
    "amsgrad-torch": AMSGrad(0.1, eps=1e-8, correction="both"),
    "amsgrad-optax": AMSGrad(0.1, eps=1e-8, correction="before max"),
    "unified-adam": UnifiedAdam(0.1, beta1=0.9),
    "unified-adagrad": UnifiedAdam(0.1, beta2=1.0),
}
