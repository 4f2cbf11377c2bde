"""Steepest descent with Cauchy's step, which is the exact line search on quadratics."""

from __future__ import annotations

from dataclasses import dataclass

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.errors import require_positive
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.gradient import StepCount, quotient, subgradient_update


def cauchy_step(g: Array, probed: Array, *, probe: float) -> Array:
    r"""Return :math:`\|g\|^2 / \langle g, H g\rangle` from the gradient at x and that at x - probe g, shape (..., 1).

    On a quadratic the difference of the two gradients is ``probe * H g``. 0 where g = 0.
    """
    xp = namespace(g)
    curvature = xp.sum(g * (g - probed), axis=-1, keepdims=True) / probe
    return quotient(xp.sum(g * g, axis=-1, keepdims=True), curvature)


@dataclass(frozen=True, slots=True)
class SteepestDescent:
    r"""Steepest descent (Cauchy, 1847): the step that minimises a quadratic along the gradient.

    .. math:: x_{k+1} = x_k - \frac{\|g_k\|^2}{\langle g_k, H g_k\rangle} g_k

    Two gradients per step: at x_k, and at x_k - probe g_k to see the curvature.

    Parameters
    ----------
    probe : float
        Length of the probing step; 1/L is a good choice, and any length gives the same on a quadratic.
    """

    probe: float

    def __post_init__(self) -> None:
        require_positive("probe", self.probe)

    def init(self, x: Array) -> StepCount:
        """Return the state before the first step."""
        return StepCount(0)

    def step(self, x: Array, state: StepCount, oracle: Oracle) -> tuple[Array, StepCount]:
        """Take one step."""
        probe = float(self.probe)
        g = oracle.subgradient(x)
        probed = oracle.subgradient(subgradient_update(x, g, step_size=probe))
        return subgradient_update(x, g, step_size=cauchy_step(g, probed, probe=probe)), StepCount(state.k + 1)


EXAMPLES: dict[str, Method] = {
    "steepest-descent": SteepestDescent(0.1),
}
