r"""What no first-order method for saddle points can beat, on instances that are written out.

*Bilinear:* after c evaluations from 0 the residual is lam p(lam^2) times x*, p of degree floor(c/2) with p(0) = 1; the
Chebyshev polynomial L T_{2q+1}(lam/L)/(2q+1) has modulus L/(2q+1) on all nodes and is optimal there. *Quadratic:* x_c
is supported on the first ceil(c/2) coordinates, and the rest of x* has the squared norm q^{2 ceil(c/2)} ||x*||^2.
"""

from __future__ import annotations

import math
from typing import Any

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Source, innermost
from ratecheck.theory.bounds.saddle_rows import row
from ratecheck.theory.facts import Facts
from ratecheck.theory.stationarity.saddle import DUAL_RESIDUAL, PRIMAL_SQUARED_DISTANCE


def _optimal_lower(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["smoothness"] * facts["radius"] / (2 * (evaluations(method, steps) // 2) + 1)


def _strong_lower(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    mu, coupling = facts["strong_convexity"], facts["shift_coupling"]
    a = 4 * mu**2 / coupling**2
    q = 1 + a / 2 - math.sqrt(a + a * a / 4)
    return q ** (2 * ((evaluations(method, steps) + 1) // 2)) * facts["primal_radius"] ** 2


def evaluations(method: Any, steps: IntArray) -> IntArray:
    """Return the operator evaluations that a first-order method has made after a number of steps.

    Two in each step of the methods that look ahead; one for the others, and one more at the first step of past
    extragradient. Both half steps of the alternating methods count, since the second sees what the first found.
    """
    name = type(innermost(method)).__name__
    if name == "PastExtragradient":
        return steps + 1
    if name in ("GDA", "OGDA"):
        return steps
    return 2 * steps


BOUNDS = (
    row(
        "SP-40",
        "no first-order method is faster on the hard bilinear game",
        r"\|Ax_c-b\|\ge\frac{LR}{2\lfloor c/2\rfloor+1}",
        DUAL_RESIDUAL,
        _optimal_lower,
        Source("Yoon and Ryu", 2021, "lower bound"),
        side="lower",
        anytime=False,
        exponent=-1.0,
    ),
    row(
        "SP-41",
        "no first-order method is faster on the hard quadratic saddle",
        r"\|x_c-x^\star\|^2\ge q^{2\lceil c/2\rceil}\|x^\star\|^2",
        PRIMAL_SQUARED_DISTANCE,
        _strong_lower,
        Source("Zhang, Hong and Zhang", 2022),
        side="lower",
    ),
)
