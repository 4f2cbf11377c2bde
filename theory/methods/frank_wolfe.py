"""Online Frank-Wolfe: one linear minimisation per round instead of a projection."""

from __future__ import annotations

from dataclasses import dataclass

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.averaging import SumState

FAR = 1e8  # times the direction: far enough outside that projection lands on the minimiser of a linear function


@dataclass(frozen=True, slots=True)
class OnlineFrankWolfe:
    r"""Online Frank-Wolfe (Hazan, 2016, algorithm 27) in the form of Weibel, Gaillard, Koolen and Taylor (2025).

    .. math::

        d_t = x_t - x_1 + \eta\sum_{s\le t} g_s, \quad v_t = \arg\min_{v \in Q} \langle d_t, v\rangle, \quad
        x_{t+1} = (1-\sigma) x_t + \sigma v_t

    The linear minimiser is found as the projection of a far point, which is exact in boxes and in balls around x_1 = 0.

    Parameters
    ----------
    step_size : float
        eta.
    weight : float
        sigma in (0, 1].
    """

    step_size: float
    weight: float

    def __post_init__(self) -> None:
        require_positive("step_size", self.step_size)
        if not 0 < self.weight <= 1:
            raise InputError(f"weight is {self.weight!r}, but it must be in (0, 1].")

    def init(self, x: Array) -> SumState:
        """Return the state before the first round."""
        return SumState(0, x, namespace(x).zeros_like(x))

    def step(self, x: Array, state: SumState, oracle: Oracle) -> tuple[Array, SumState]:
        """Play one round."""
        total = state.gradient_sum + oracle.subgradient(x)
        direction = x - state.start + float(self.step_size) * total
        vertex = oracle.project(-FAR * direction)
        sigma = float(self.weight)
        return (1 - sigma) * x + sigma * vertex, SumState(state.k + 1, state.start, total)


EXAMPLES: dict[str, Method] = {
    "online-frank-wolfe": OnlineFrankWolfe(0.1, 0.3),
}
