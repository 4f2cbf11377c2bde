r"""Gradient grouping: what fixed scales may cost and can buy, and what moving scales cost beside.

Li et al. (2025) state no theorem; all of this is derived here. Key step: with weights w_t = b_t / S_t and
b_t = sqrt(t) / eta, the distance terms of online gradient descent sum to at most (1/2) D_i^2 times w_1 plus the
positive variation of w. That splits into the variation of b, at most b_T / s_min, and b_T times the path length
P_i = sum (1/S_new - 1/S_old)_+.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.grouping import SGG
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import as_schedule
from ratecheck.theory.stationarity.basic import REGRET
from ratecheck.theory.stationarity.carried import PATH

LI = Source("Li, Tian, Wang, Jin, Liu, Zhang and Xu", 2025, "arXiv 2506.01049; the theorem is derived here")


def grouping_of(method: Any) -> SGG | None:
    """Return the SGG wrapper of a method, None if there is none."""
    while not isinstance(method, SGG):
        if not hasattr(method, "inner"):
            return None
        method = method.inner
    return method


def first_step(method: Any) -> FloatArray:
    """Return the step size of step 0 of the innermost method, shape () or (dim,)."""
    return np.asarray(as_schedule(innermost(method).step_size)(0), dtype=np.float64)


def reclusterings(method: SGG, steps: IntArray) -> IntArray:
    """Return M, the number of re-clusterings within each number of steps."""
    due = np.cumsum([method.is_due(t) for t in range(1, int(steps[-1]) + 1)])
    return due[steps - 1]


def path_limit(method: SGG, steps: IntArray) -> FloatArray:
    r"""Return an upper bound on the path length P_i of every coordinate.

    .. math:: P_i \le M\Big(\frac{1}{s_{\min}}-\frac{1}{s_{\max}}\Big); \qquad
        P_i \le \frac{M(1-\beta_3)}{s_{\min}} \text{ where labels persist}

    Labels persist with one cluster for each layer; the second bound also needs a clamped ratio and a start at 1.
    """
    low, high = method.rule.clamp
    M = reclusterings(method, steps).astype(np.float64)
    limit = M * (1 / low - 1 / high)
    if method.rule.clusters == 1 and not method.rule.first_value and not method.rule.clamp_after:
        limit = np.minimum(limit, M * (1 - method.rule.smoothing) / low)
    return limit


def _not_inverse_sqrt(facts: Facts, method: Any, horizon: int) -> float:
    rule = as_schedule(innermost(method).step_size)
    return max(float(np.max(np.abs(np.asarray(rule(k)) * math.sqrt(k + 1) / rule(0) - 1))) for k in (1, horizon - 1))


def _start_outside(facts: Facts, method: Any, horizon: int) -> float:
    wrapper = grouping_of(method)
    return 0.0 if wrapper is None else max(wrapper.rule.clamp[0] - 1, 1 - wrapper.rule.clamp[1])


INVERSE_SQRT = Assumption("the step size is proportional to 1/sqrt(t)", on_setup=_not_inverse_sqrt)
ONE_IN_CLAMP = Assumption("the clamp contains the first scale, 1", on_setup=_start_outside)


def _box_terms(facts: Facts) -> tuple[FloatArray, FloatArray]:
    return facts["widths"] ** 2, facts["coordinate_bounds"] ** 2


def _fixed(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    D2, G2 = _box_terms(facts)
    eta = first_step(method)
    return np.sqrt(steps) * float(np.sum(D2 / (2 * eta) + eta * G2))


def _moving(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    D2, G2 = _box_terms(facts)
    wrapper = grouping_of(method)
    assert wrapper is not None
    low, high = wrapper.rule.clamp
    eta = first_step(method)
    distance = float(np.sum(D2 / (2 * eta) + 0.0 * G2)) * (1 / low + path_limit(wrapper, steps))
    return np.sqrt(steps) * (distance + high * float(np.sum(eta * G2)))


def _still(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    D2, G2 = _box_terms(facts)
    wrapper = grouping_of(method)
    assert wrapper is not None
    low, high = wrapper.rule.clamp
    eta = first_step(method)
    return np.sqrt(steps) * float(np.sum(D2 / (2 * eta) / low + high * eta * G2))


def balanced_regret(facts: Facts) -> float:
    r"""Return :math:`\sqrt2\sum_i D_iG_i`, the regret bound over sqrt(T) with the best step for each coordinate."""
    return math.sqrt(2) * float(np.sum(facts["widths"] * facts["coordinate_bounds"]))


def grouped_regret(bounds: FloatArray, sizes: tuple[int, ...], width: float = 1.0) -> float:
    r"""Return R*_K over sqrt(T): what K groups of consecutive coordinates with the best common scales can buy.

    .. math:: R^\star_K = \sqrt{2T}\,D\sum_c n_c\,\mathrm{rms}_c(G)

    Parameters
    ----------
    bounds : (dim,) array
        G_i.
    sizes : tuple of int
        n_c; one group is SGD with its best step, `dim` groups are diagonal AdaGrad.
    width : float
        D.
    """
    groups = np.split(bounds, np.cumsum(sizes)[:-1])
    return math.sqrt(2) * width * sum(len(G) * math.sqrt(float(np.mean(G**2))) for G in groups if len(G))


def _price(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    # The best scales are 1; the method's own are its steps over the balanced ones D / (sqrt(2) G).
    scales = first_step(method) * math.sqrt(2) * facts["coordinate_bounds"] / facts["widths"]
    factor = (1 / scales.min() + scales.max()) / 2
    return np.sqrt(steps) * float(factor) * balanced_regret(facts)


def amsgrad_value(
    facts: Facts, method: Any, steps: IntArray, distance_factor: FloatArray | float, largest: float, smallest: float
) -> FloatArray:
    """Return the regret bound of AMSGrad with scales, with v <= G_i^2 and |g_{1:T,i}| <= G_i sqrt(T)."""
    inner = innermost(method)
    b1, b2, lam, eta = inner.beta1, inner.beta2, inner.decay, float(np.max(first_step(method)))
    G, D = facts["coordinate_bounds"], float(facts["widths"].max())
    gamma = b1 / math.sqrt(b2)
    first = D**2 * np.sqrt(steps) / (2 * eta * (1 - b1)) * float(G.sum()) * distance_factor
    second = largest * eta * np.sqrt(1 + np.log(steps)) / ((1 - b1) ** 2 * (1 - gamma) * math.sqrt(1 - b2))
    third = len(G) * b1 * lam * float(G.max()) * D**2 / (2 * eta * (1 - b1) * (1 - lam) ** 2 * smallest)
    return first + second * float(G.sum()) * np.sqrt(steps) + third


def _amsgrad(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    wrapper = grouping_of(method)
    if wrapper is None:
        return amsgrad_value(facts, method, steps, 1.0, 1.0, 1.0)
    low, high = wrapper.rule.clamp
    return amsgrad_value(facts, method, steps, 1 / low + path_limit(wrapper, steps), high, low)


def _path_bound(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    wrapper = grouping_of(method)
    assert wrapper is not None
    return path_limit(wrapper, steps)


def _regret_bound(id: str, title: str, formula: str, value: Any, assumptions: tuple[Assumption, ...]) -> Bound:
    return Bound(
        id=id,
        title=title,
        formula=formula,
        measure=REGRET,
        output=Last(),
        value=value,
        exponent=0.5,
        assumptions=(COORDINATES_BOUNDED, *assumptions),
        source=LI,
        provenance="derived",
        evidence=("derived here",),
    )


PATH_LENGTH = Bound(
    id="SGG-L1",
    title="smoothing bounds how far scales travel",
    formula=r"P_i \le M(1-\beta_3)/s_{\min}",
    measure=PATH,
    output=Last(),
    value=_path_bound,
    assumptions=(ONE_IN_CLAMP,),
    source=LI,
    provenance="derived",
    evidence=("derived here",),
)
FIXED = _regret_bound(
    "SGG-1-fixed",
    "online gradient descent with fixed scales",
    r"R_T \le \sqrt T\sum_i\Big(\frac{D_i^2}{2\eta s_i}+\eta s_iG_i^2\Big)",
    _fixed,
    (INVERSE_SQRT,),
)
MOVING = _regret_bound(
    "SGG-1",
    "online gradient descent with scales that move",
    r"R_T \le \sqrt T\sum_i\Big(\frac{D_i^2}{2\eta}\Big(\frac{1}{s_{\min}}+P_i\Big)+\eta s_{\max}G_i^2\Big)",
    _moving,
    (INVERSE_SQRT, ONE_IN_CLAMP),
)
STILL = _regret_bound(
    "SGG-1-still",
    "the bound for scales that never move, P = 0",
    r"R_T \le \sqrt T\sum_i\Big(\frac{D_i^2}{2\eta s_{\min}}+\eta s_{\max}G_i^2\Big)",
    _still,
    (INVERSE_SQRT, ONE_IN_CLAMP),
)
PRICE = _regret_bound(
    "SGG-2",
    "wrong fixed scales cost at most half of 1/s_min + s_max",
    r"R_T \le \tfrac12\Big(\frac1{s_{\min}}+s_{\max}\Big)\sqrt{2T}\sum_iD_iG_i",
    _price,
    (INVERSE_SQRT,),
)
AMSGRAD = _regret_bound(
    "SGG-3",
    "AMSGrad with vanishing momentum and scales",
    r"R_T \le \frac{D^2\sqrt T}{2\eta(1-\beta_1)}\sum_i\sqrt{\hat v_{T,i}}\Big(\frac1{s_{\min}}+P_i\Big)+\dots",
    _amsgrad,
    (INVERSE_SQRT, ONE_IN_CLAMP),
)


def grouped(sizes: tuple[int, ...]) -> Bound:
    """Return the corollary on K groups of coordinates with the best fixed scales."""

    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return np.sqrt(steps) * grouped_regret(facts["coordinate_bounds"], sizes, float(facts["widths"].max()))

    return _regret_bound(
        "SGG-C1",
        "what grouping can buy: from SGD to diagonal AdaGrad",
        r"R_T \le \sqrt{2T}\,D\sum_cn_c\,\mathrm{rms}_c(G)",
        value,
        (INVERSE_SQRT,),
    )


BOUNDS = (
    PATH_LENGTH,
    FIXED,
    MOVING,
    STILL,
    PRICE,
    AMSGRAD,
    grouped((1,)),
)
