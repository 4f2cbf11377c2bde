r"""Nonconvex nonsmooth optimization: StoSignSGD's algorithms N1 and N2, plain StoSignSGD, and l2 baselines.

The theorems on sign methods are derived here, after the ingredients that Yu et al. (2026) name. Key steps.

N1. For r ~ Exp(1), E[F(x + r D) - F(x)] = E<grad F(x + r D), D>, so that the sum of <G_t s_t, Delta_t> has mean
F(x_T) - F(x_0). Split the sum into discounted sums of weight beta^(t-s); in each, clipped gradient descent has regret
2 D G / sqrt(a) against any |u| <= D, the comparator is -D times the sign of the discounted gradient, and the noise
costs D G / sqrt(a). The weights are those of tau. In l2 the same with G_2 = |g|_2 and the ball.

N2. The same identity with r ~ U[0, 1], and windows of K steps from Delta = 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.errors import InputError, require_choice, require_positive
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity.carried import CERTIFICATE
from ratecheck.theory.stationarity.generalized import GRADIENT, DiscountedLaw, WindowLaw

YU = Source("Yu, Pan, Liu, Zou and Zhang", 2026, "StoSignSGD, arXiv 2604.15416; constants derived here")
ZHANG = Source("Zhang and Cutkosky", 2024, "arXiv 2405.09742; constants derived here")


def envelope_sum(facts: Facts, method: Any, weights: FloatArray | float = 1.0) -> float:
    """Return the sum of weights times the method's envelope G_i over the coordinates."""
    shape = facts["coordinate_bounds"].shape
    return float(np.sum(np.broadcast_to(weights, shape) * np.broadcast_to(innermost(method).envelope, shape)))


def _undominated(facts: Facts, method: Any, horizon: int) -> float:
    return float(np.max(facts["coordinate_bounds"] / innermost(method).envelope)) - 1


def _too_long(facts: Facts, method: Any, horizon: int) -> float:
    return facts["gradient_bound"] / innermost(method).gradient_bound - 1


def _norm_excess(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    return np.sqrt((g * g).sum(axis=1)) / facts["gradient_bound"] - 1


DOMINATING = Assumption("the envelope of the method is at least G_i", on_setup=_undominated)
NORM_KNOWN = Assumption("the method's bound on gradients is at least G_2", on_setup=_too_long)
NORM_BOUNDED = Assumption("every stochastic gradient has norm at most G_2", on_query=_norm_excess)


def _n1(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    a = 1 - inner.beta
    DG = envelope_sum(facts, method, inner.radius)
    return facts["initial_gap"] / steps + 3 * DG * (math.sqrt(a) + inner.beta / (steps * math.sqrt(a)))


def _n1_spread(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    D = np.broadcast_to(inner.radius, facts["coordinate_bounds"].shape)
    return np.full(steps.shape, float(D @ D) / (1 - inner.beta) ** 2)


def _l2(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    a, D, G = 1 - inner.beta, inner.radius, inner.gradient_bound
    return facts["initial_gap"] / (D * steps) + 3 * G * (math.sqrt(a) + inner.beta / (steps * math.sqrt(a)))


def _n2(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    return facts["initial_gap"] / (inner.radius * steps) + 2 * envelope_sum(facts, method) / math.sqrt(inner.window)


def _n2_distance(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    return np.full(steps.shape, inner.radius * inner.window)


def n1_parameters(
    gap: float, G1: float, weight: float, epsilon: float, dim: int, ball: str
) -> tuple[float, float, int]:
    r"""Return (D, beta, T) of N1 for :math:`E\|\nabla F\|_{\lambda;1,b} \le \epsilon`, b = inf or 2.

    .. math::

        a = \Big(\frac{\epsilon}{12\|G\|_1}\Big)^2, \quad D = a\sqrt{\frac{\epsilon}{8\lambda}}, \quad
        T = \Big\lceil\max\Big(1152\sqrt2\,\Delta\lambda^{1/2}\|G\|_1^2\epsilon^{-7/2},\;
        144\|G\|_1^2\epsilon^{-2}\Big)\Big\rceil

    for b = inf; for b = 2, 4 lambda d instead of 8 lambda and sqrt(d) instead of sqrt(2).

    Parameters
    ----------
    gap, G1, weight, epsilon : float
        Delta_F, the l1 norm of G, lambda, and epsilon <= 12 G1.
    dim : int
    ball : {"linf", "l2"}
    """
    for name, value in (("gap", gap), ("G1", G1), ("lambda", weight), ("epsilon", epsilon)):
        require_positive(name, value)
    require_choice("ball", ball, ("linf", "l2"))
    if epsilon > 12 * G1:
        raise InputError(f"epsilon is {epsilon!r}, but it must be at most 12 |G|_1 = {12 * G1!r}.")
    a = (epsilon / (12 * G1)) ** 2
    factor, constant = (8.0, math.sqrt(2)) if ball == "linf" else (4.0 * dim, math.sqrt(dim))
    D = a * math.sqrt(epsilon / (factor * weight))
    T = max(1152 * constant * gap * math.sqrt(weight) * G1**2 * epsilon**-3.5, 144 * (G1 / epsilon) ** 2)
    return D, 1 - a, math.ceil(T)


def n2_parameters(gap: float, G1: float, delta: float, epsilon: float) -> tuple[float, int, int]:
    r"""Return (D, K, T) of N2 for an expected (delta, epsilon)-Goldstein point in the pair (1, inf).

    .. math:: K = \lceil 16\|G\|_1^2/\epsilon^2\rceil, \quad D = \delta/K, \quad
        T = 32\,\Delta\|G\|_1^2/(\delta\epsilon^3) \text{ rounded up to a multiple of } K
    """
    for name, value in (("gap", gap), ("G1", G1), ("delta", delta), ("epsilon", epsilon)):
        require_positive(name, value)
    K = math.ceil(16 * (G1 / epsilon) ** 2)
    # The gap's share needs Delta / (D T) <= epsilon / 2, and K is rounded up, so that D = delta / K is smaller.
    T = max(32 * gap * G1**2 / (delta * epsilon**3), 2 * gap * K / (delta * epsilon))
    return delta / K, K, K * math.ceil(T / K)


def _goal(epsilon: float) -> Any:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return np.full(steps.shape, epsilon)

    return value


N1 = Bound(
    id="STO-N1",
    title="N1: the averaged gradient of a random discounted law is small",
    formula=r"E\sum_i D_i|E_{p_\tau}\partial_iF| \le \frac{\Delta_F}{T}+3\Big(\sum_iD_iG_i\Big)"
    r"\Big(\sqrt a+\frac{\beta}{T\sqrt a}\Big)",
    measure=GRADIENT,
    output=DiscountedLaw(0.99),
    value=_n1,
    kind="expectation",
    assumptions=(COORDINATES_BOUNDED, DOMINATING),
    source=YU,
    provenance="derived",
    evidence=("derived here",),
)

N1_SPREAD = Bound(
    id="STO-N1-spread",
    title="N1: the law stays near its mean",
    formula=r"E\,E_{p_\tau}\|y-\bar x\|_2^2 \le \|D\|_2^2/a^2",
    measure=GRADIENT,
    output=DiscountedLaw(0.99, quantity="spread"),
    value=_n1_spread,
    kind="expectation",
    source=YU,
    provenance="derived",
    evidence=("derived here",),
    tight_on="distant valley",
    remark="Near-tight: a displacement pinned at D walks D r_t per step, r_t exponential.",
)

L2 = Bound(
    id="ZC-L2",
    title="the clipped l2 method: the averaged gradient of a random discounted law is short",
    formula=r"E\|E_{p_\tau}\nabla F\|_2 \le \frac{\Delta_F}{DT}+3G_2\Big(\sqrt a+\frac{\beta}{T\sqrt a}\Big)",
    measure=GRADIENT,
    output=DiscountedLaw(0.99, norm="l2"),
    value=_l2,
    kind="expectation",
    assumptions=(NORM_BOUNDED, NORM_KNOWN),
    source=ZHANG,
    provenance="derived",
    evidence=("derived here",),
)

N2 = Bound(
    id="STO-N2",
    title="N2: the mean gradient of a window is small",
    formula=r"E\sum_i\Big|\tfrac1K\sum_k\partial_iF(w_k)\Big| \le \frac{\Delta_F}{DT}+\frac{2\|G\|_1}{\sqrt K}",
    measure=GRADIENT,
    output=WindowLaw(10),
    value=_n2,
    kind="expectation",
    assumptions=(COORDINATES_BOUNDED, DOMINATING),
    source=YU,
    provenance="derived",
    evidence=("derived here",),
    anytime=False,
)

N2_DISTANCE = Bound(
    id="STO-N2-distance",
    title="N2: every point of a window is within delta = DK of the window's mean",
    formula=r"\|w_k-\bar w\|_\infty \le DK",
    measure=GRADIENT,
    output=WindowLaw(10, "distance"),
    value=_n2_distance,
    source=YU,
    provenance="derived",
    evidence=("derived here",),
    anytime=False,
)


def n1_goal(epsilon: float, weight: float, beta: float, ball: str) -> Bound:
    """Return the statement that N1 with the parameters of `n1_parameters` reaches epsilon in expectation."""
    return Bound(
        id=f"STO-N1-{ball}",
        title=f"N1 reaches an epsilon-stationary point in the pair (1, {ball}) after T(epsilon) steps",
        formula=r"E\|\nabla F(\bar x_\tau)\|_{\lambda;1,b} \le \epsilon",
        measure=GRADIENT,
        # The summed variance is the l2 spread, and more than the l-infinity one.
        output=DiscountedLaw(beta, quantity="both", spread_weight=weight),
        value=_goal(epsilon),
        kind="expectation",
        assumptions=(COORDINATES_BOUNDED, DOMINATING),
        source=YU,
        provenance="derived",
        evidence=("derived here",),
        anytime=False,
    )


def n2_goal(epsilon: float, window: int) -> Bound:
    """Return the statement that N2 with the parameters of `n2_parameters` reaches epsilon in expectation."""
    return Bound(
        id="STO-N2-goal",
        title="N2 reaches a (delta, epsilon)-Goldstein point in the pair (1, inf) after T steps",
        formula=r"E\|\tfrac1K\sum_k\nabla F(w_k)\|_1 \le \epsilon",
        measure=GRADIENT,
        output=WindowLaw(window),
        value=_goal(epsilon),
        kind="expectation",
        assumptions=(COORDINATES_BOUNDED, DOMINATING),
        source=YU,
        provenance="derived",
        evidence=("derived here",),
        anytime=False,
    )


def ingd_calls(gap: float, lipschitz: float, delta: float, epsilon: float, failure: float) -> int:
    r"""Return the number of calls of INGD.

    .. math:: \lceil 4\Delta/(\delta\epsilon)\rceil\,\lceil 64L^2/\epsilon^2\rceil\,
        \lceil 2\ln(4\Delta/(\gamma\delta\epsilon))\rceil
    """
    for name, value in (("gap", gap), ("lipschitz", lipschitz), ("delta", delta), ("epsilon", epsilon)):
        require_positive(name, value)
    if not 0 < failure < 1:
        raise InputError(f"failure is {failure!r}, but a chance of failure must be above 0 and below 1.")
    outer = math.ceil(4 * gap / (delta * epsilon))
    inner = math.ceil(64 * (lipschitz / epsilon) ** 2)
    return outer * inner * max(1, math.ceil(2 * math.log(4 * gap / (failure * delta * epsilon))))


def ingd_goal(epsilon: float, failure: float) -> Bound:
    """Return the statement that INGD finds a (delta, epsilon)-stationary point within `ingd_calls`."""
    return Bound(
        id="GS-02",
        title="INGD finds a (delta, epsilon)-Goldstein point within its number of calls",
        formula=r"P(\min_k\|g_k\| > \epsilon) \le \gamma",
        measure=CERTIFICATE,
        output=Last(),
        value=_goal(epsilon),
        kind="probability",
        failure_probability=failure,
        source=Source("Davis, Drusvyatskiy, Lee, Padmanabhan and Ye", 2022, "2112.06969, theorem 6"),
        provenance="paper",
        evidence=("statement read",),
        anytime=False,
    )


BOUNDS = (
    N1,
    N1_SPREAD,
    L2,
    N2,
    N2_DISTANCE,
    n1_goal(1.0, 1.0, 0.99, "linf"),
    n1_goal(1.0, 1.0, 0.99, "l2"),
    n2_goal(1.0, 10),
    ingd_goal(1.0, 0.5),
)
