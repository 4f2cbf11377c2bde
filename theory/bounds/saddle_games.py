r"""First-order methods on two simplices, and anchored methods for monotone, L-Lipschitz operators.

D = ||z_0 - z*||, K steps. The averages on simplices follow from 2 gamma <F(w), w - u> <= ||z - u||^2 - ||z+ - u||^2,
with the largest squared distance 2 - 1/n_x - 1/n_y of uniform strategies from a vertex, or with the
entropy ln n_x + ln n_y.
"""

from __future__ import annotations

from typing import Any

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Source, innermost
from ratecheck.theory.bounds.saddle import AT_MOST_INVERSE, GORBUNOV_PEG, PEP, squared
from ratecheck.theory.bounds.saddle_rows import SECONDARY, one, row, step_is
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.saddle.anchored import eagv_limit
from ratecheck.theory.outputs import Worst
from ratecheck.theory.stationarity.saddle import DUALITY_GAP, SQUARED_OPERATOR_NORM
from ratecheck.theory.stationarity.saddle_steps import PROJECTED_STEP_FALLS


def _projected_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["squared_width"] / (2 * innermost(method).step_size * steps)


def _entropy_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["log_sizes"] / (innermost(method).step_size * steps)


def _pdhg_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["squared_width"] / (innermost(method).primal_step * steps)


def _eagc(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    s = innermost(method).step_size * facts["smoothness"]
    return 4 * (1 + s + s * s) / (s * s * (1 + s)) * squared(facts) / (steps + 1) ** 2


def _eagv(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    L, first = facts["smoothness"], innermost(method).step_size
    last = eagv_limit(first, L)
    return 4 * (1 + first * last * L**2) / last**2 * facts["radius"] ** 2 / ((steps + 1) * (steps + 2))


def _feg(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    rate = 1 / facts["smoothness"] + 2 * innermost(method).comonotonicity
    return 4 * facts["radius"] ** 2 / (rate * steps) ** 2


def _eagc_excess(facts: Facts, method: Any, horizon: int) -> float:
    s = innermost(method).step_size * facts["smoothness"]
    return -min(1 - 3 * s - s**2 - s**3, 1 - 8 * s + s**2 - 2 * s**3)


def _pdhg_excess(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    unequal = abs(inner.primal_step / inner.dual_step - 1)
    return max(inner.primal_step * inner.dual_step * facts["smoothness"] ** 2 - 1, unequal)


def _entropy_excess(facts: Facts, method: Any, horizon: int) -> float:
    return float(innermost(method).step_size * facts["largest_entry"] - 1)


BOUNDS = (
    row(
        "SP-09",
        "projected extragradient, average on two simplices",
        r"\mathrm{gap}(\bar w_K)\le\frac{(2-1/n_x-1/n_y)\|M\|_2}{2K}",
        DUALITY_GAP,
        _projected_gap,
        Source("Nemirovski", 2004),
        exponent=-1.0,
        assumptions=(AT_MOST_INVERSE,),
    ),
    row(
        "SP-13",
        "projected past extragradient, steps shorten",
        r"p_{k+1}\le p_k-(1-5L^2\gamma^2)\|x_{k+1}-w_k\|^2-\gamma^2\|F(x_{k+1})-F(w_k)\|^2",
        PROJECTED_STEP_FALLS,
        one,
        GORBUNOV_PEG,
        output=Worst(),
        assumptions=(step_is(0.25, "the step size is 1/(4 L)"),),
        **PEP,
    ),
    row(
        "SP-15",
        "EAG-C, last iterate",
        r"\|F(z_k)\|^2\le\frac{4(1+aL+a^2L^2)}{a^2(1+aL)}\frac{D^2}{(k+1)^2}",
        SQUARED_OPERATOR_NORM,
        _eagc,
        Source("Yoon and Ryu", 2021, "EAG-C"),
        exponent=-2.0,
        assumptions=(Assumption("1-3s-s^2-s^3 and 1-8s+s^2-2s^3 are not negative, s = aL", on_setup=_eagc_excess),),
        **SECONDARY,
    ),
    row(
        "SP-16",
        "EAG-V, last iterate",
        r"\|F(z_k)\|^2\le\frac{4(1+a_0a_\infty L^2)}{a_\infty^2}\frac{D^2}{(k+1)(k+2)}",
        SQUARED_OPERATOR_NORM,
        _eagv,
        Source("Yoon and Ryu", 2021, "EAG-V"),
        exponent=-2.0,
        **SECONDARY,
    ),
    row(
        "SP-17",
        "FEG, last iterate",
        r"\|F(z_k)\|^2\le\frac{4D^2}{(1/L+2\rho)^2k^2}",
        SQUARED_OPERATOR_NORM,
        _feg,
        Source("Lee and Kim", 2021),
        exponent=-2.0,
        **SECONDARY,
    ),
    row(
        "SP-18",
        "mirror-prox with entropy, average on two simplices",
        r"\mathrm{gap}(\bar w_K)\le\frac{\ln n_x+\ln n_y}{\gamma K},\quad\gamma\le1/\max|M_{ij}|",
        DUALITY_GAP,
        _entropy_gap,
        Source("Nemirovski", 2004),
        exponent=-1.0,
        assumptions=(Assumption("the step size is at most 1/max|M_ij|", on_setup=_entropy_excess),),
    ),
    row(
        "SP-19",
        "PDHG, average on two simplices",
        r"\mathrm{gap}(\bar z_K)\le\frac{(2-1/n_x-1/n_y)}{tK},\quad t=s,\ ts\|K\|^2\le1",
        DUALITY_GAP,
        _pdhg_gap,
        Source("Chambolle and Pock", 2011, "theorem 1"),
        exponent=-1.0,
        assumptions=(Assumption("both steps are equal and t s ||K||^2 is at most 1", on_setup=_pdhg_excess),),
        provenance="secondary",
        evidence=("recalled",),
    ),
)
