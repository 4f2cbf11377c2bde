"""AMSGrad with vanishing momentum, the base of the one regret theorem that covers momentum and scales together."""

from __future__ import annotations

from dataclasses import dataclass

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_decay, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.adam import MaximumState
from ratecheck.theory.methods.adaptive import amsgrad_update
from ratecheck.theory.schedules import Schedule, StepSize, as_schedule, step_size_at


@dataclass(frozen=True, slots=True)
class VanishingAMSGrad:
    r"""AMSGrad (Reddi, Kale and Kumar, 2018) with :math:`\beta_{1,t} = \beta_1 \lambda^{t-1}`, without eps.

    Parameters
    ----------
    step_size : float, (dim,) array or Schedule
        The theory has :math:`\eta/\sqrt t`.
    beta1, beta2, decay : float
        Averaging factors and lambda; beta1 < sqrt(beta2) and 0 < lambda < 1.
    """

    step_size: StepSize | Schedule
    beta1: float = 0.5
    beta2: float = 0.9
    decay: float = 0.5

    def __post_init__(self) -> None:
        as_schedule(self.step_size)
        require_decay("beta1", self.beta1)
        require_decay("beta2", self.beta2)
        require_decay("decay", self.decay)
        require_positive("decay", self.decay)
        if not self.beta1 < self.beta2**0.5:
            raise InputError(f"beta1 is {self.beta1!r}, but it must be below the root of beta2 = {self.beta2!r}.")

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
            beta1=self.beta1 * self.decay**state.k,
            beta2=self.beta2,
        )
        return x, MaximumState(state.k + 1, m, v, v_max)


EXAMPLES: dict[str, Method] = {
    "amsgrad-vanishing": VanishingAMSGrad(0.1),
}
