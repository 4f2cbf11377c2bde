r"""Gradient grouping on smooth functions: scales that lag one step, and fixed scales as a preconditioner.

Descent lemma with the scale S_i of each coordinate and eta L s_max <= 1; on a quadratic, gradient descent with fixed
scales is gradient descent on the preconditioned Hessian S^(1/2) H S^(1/2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound
from ratecheck.theory.bounds.grouping import LI, ONE_IN_CLAMP, first_step, grouping_of
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last, MeanMeasure
from ratecheck.theory.stationarity.basic import GAP, SQUARED_GRADIENT_NORM


def _too_long_step(facts: Facts, method: Any, horizon: int) -> float:
    wrapper = grouping_of(method)
    high = 1.0 if wrapper is None else wrapper.rule.clamp[1]
    return float(np.max(first_step(method))) * high * facts["smoothness"] - 1


def _depends_on_gradient(facts: Facts, method: Any, horizon: int) -> float:
    wrapper = grouping_of(method)
    return 0.0 if wrapper is None or wrapper.delay else 1.0


def _smooth(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    wrapper = grouping_of(method)
    assert wrapper is not None
    low, high = wrapper.rule.clamp
    eta, L = float(np.max(first_step(method))), facts["smoothness"]
    return 2 * facts["initial_gap"] / (eta * low * steps) + L * eta * high**2 * facts["noise_variance"] / low


def effective_condition(facts: Facts, ratio: float = math.inf) -> float:
    r"""Return the best condition number with one scale for each block, :math:`\max(\max_c\kappa_c, \kappa/\rho)`.

    Parameters
    ----------
    facts : Facts
        With ``block_condition``.
    ratio : float
        rho = s_max / s_min of the clamp.
    """
    return max(facts["block_condition"], facts["smoothness"] / facts["strong_convexity"] / ratio)


def _preconditioned(condition: float) -> Any:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        shrink = ((condition - 1) / (condition + 1)) ** 2
        return np.asarray(facts["initial_gap"])[:, None] * shrink ** steps[None, :]

    return value


def preconditioned(condition: float) -> Bound:
    """Return the rate of gradient descent with fixed scales whose preconditioned condition number is `condition`."""
    return Bound(
        id="SGG-5",
        title="gradient descent with fixed block scales contracts at the preconditioned condition number",
        formula=r"f(x_k)-f^\star \le \Big(\frac{\kappa'-1}{\kappa'+1}\Big)^{2k}(f(x_0)-f^\star),\quad"
        r"\kappa'=\kappa(S^{1/2}HS^{1/2})",
        measure=GAP,
        output=Last(),
        value=_preconditioned(condition),
        source=LI,
        provenance="derived",
        evidence=("derived here",),
    )


SMOOTH = Bound(
    id="SGG-4",
    title="SGD with scales that do not depend on the gradient they multiply, smooth nonconvex",
    formula=r"\frac1T\sum_tE\|\nabla f(x_t)\|^2 \le "
    r"\frac{2\Delta}{\eta s_{\min}T}+\frac{L\eta s_{\max}^2\sigma^2}{s_{\min}}",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_smooth,
    kind="expectation",
    assumptions=(
        Assumption("the step size is at most 1/(L s_max)", on_setup=_too_long_step),
        Assumption("scales are used from the next step on", on_setup=_depends_on_gradient),
        ONE_IN_CLAMP,
    ),
    source=LI,
    provenance="derived",
    evidence=("derived here",),
)


BOUNDS = (SMOOTH, preconditioned(3.0))
