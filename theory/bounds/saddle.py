r"""First-order methods for monotone, L-Lipschitz operators; D = ||z_0 - z*||, gamma the step size, K steps.

Proofs of the derived rows. *Norms of extragradient fall:* with a = F(z), b = F(w), c = F(z+), monotonicity of
(z, z+) gives <a - c, b> >= 0, so ||c||^2 - ||a||^2 <= ||c||^2 - ||a||^2 + 2<a - c, b> = ||c - b||^2 - ||a - b||^2 <=
(gamma^2 L^2 - 1) ||a - b||^2, as z+ - w = gamma (a - b). *Distances fall:* ||z+ - z*||^2 = ||z - z*||^2 -
2 gamma <b, w - z*> - 2 gamma <b, z - w> + gamma^2 ||b||^2 <= ||z - z*||^2 - gamma^2 ||a||^2 + gamma^2 ||a - b||^2, and
||a - b|| <= L gamma ||a||. *Last iterate:* add the distances, use that norms fall; gamma = 1/(sqrt 2 L) is best.
*Averages:* the same identity with u for z* gives 2 gamma <b, w - u> <= ||z - u||^2 - ||z+ - u||^2 when gamma L <= 1.
*Past extragradient:* the lemmas on p_k and V_k are those of Gorbunov, Taylor and Gidel (2022), from their code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Source, innermost
from ratecheck.theory.bounds.saddle_rows import SECONDARY, one, row, step_at_most, step_is
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Worst
from ratecheck.theory.stationarity.saddle import (
    REFLECTED_RESIDUAL,
    RESOLVENT_RESIDUAL,
    RESTRICTED_GAP,
    SQUARED_OPERATOR_NORM,
    SQUARED_STEP,
)
from ratecheck.theory.stationarity.saddle_steps import (
    DISTANCE_FALLS,
    NORM_FALLS,
    PAST_NORM_FALLS,
    PAST_POTENTIAL_FALLS,
)

KORPELEVICH = Source("Korpelevich", 1976)
GORBUNOV_EG = Source("Gorbunov, Loizou and Gidel", 2022, "extragradient, last iterate")
GORBUNOV_PEG = Source("Gorbunov, Taylor and Gidel", 2022, "past extragradient, last iterate")


HALF_ROOT = step_is(math.sqrt(0.5), "the step size is 1/(sqrt(2) L)")
AT_MOST_INVERSE = step_at_most(1.0, "the step size is at most 1/L")
THIRD = step_is(1 / 3, "the step size is 1/(3 L)")


def _ppm(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return (1 - 1 / steps) ** (steps - 1) * facts["radius"] ** 2 / steps


def _appm(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["radius"] ** 2 / steps**2


def _halpern(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 4 * facts["radius"] ** 2 / (steps + 1) ** 2


def squared(facts: Facts) -> float:
    """Return L^2 D^2."""
    return float((facts["smoothness"] * facts["radius"]) ** 2)


def _eg_last(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 4 * squared(facts) / (steps + 1)


def _eg_last_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 4 * facts["smoothness"] * facts["radius"] ** 2 / np.sqrt(steps + 1)


def _average_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    # The farthest point of the ball B(z*, D) is 2 D away from the start.
    return (2 * facts["radius"]) ** 2 / (2 * innermost(method).step_size * steps)


def _peg_last(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    s = (innermost(method).step_size * facts["smoothness"]) ** 2
    return (3 + 32 * s) * squared(facts) / (s * (steps + 32))


PEP = {"provenance": "paper", "evidence": ("statement read", "performance estimation")}

BOUNDS = (
    row(
        "SP-01",
        "proximal point, last residual",
        r"\gamma^2\|F(z_N)\|^2=\|z_N-z_{N-1}\|^2\le(1-\tfrac1N)^{N-1}\tfrac{D^2}{N}",
        SQUARED_STEP,
        _ppm,
        Source("Gu and Yang", 2020),
        tight_on="scalar game",
        anytime=False,
        exponent=-1.0,
        **SECONDARY,
    ),
    row(
        "SP-02",
        "accelerated proximal point, last residual",
        r"\|x_N-y_{N-1}\|^2\le D^2/N^2",
        RESOLVENT_RESIDUAL,
        _appm,
        Source("Kim", 2021),
        tight_on="absolute-value game",
        anytime=False,
        exponent=-2.0,
        **SECONDARY,
    ),
    row(
        "SP-03",
        "Halpern iteration of the reflected resolvent, last residual",
        r"\|z_N-Tz_N\|^2\le\frac{4D^2}{(N+1)^2}",
        REFLECTED_RESIDUAL,
        _halpern,
        Source("Lieder", 2021),
        tight_on="absolute-value game",
        anytime=False,
        exponent=-2.0,
        **SECONDARY,
    ),
    row(
        "SP-04",
        "extragradient, norms never rise",
        r"\|F(z_{k+1})\|\le\|F(z_k)\|,\quad\gamma\le1/L",
        NORM_FALLS,
        one,
        GORBUNOV_EG,
        output=Worst(),
        assumptions=(AT_MOST_INVERSE,),
    ),
    row(
        "SP-05",
        "extragradient, distances fall",
        r"\|z_{k+1}-z^\star\|^2\le\|z_k-z^\star\|^2-\gamma^2(1-\gamma^2L^2)\|F(z_k)\|^2",
        DISTANCE_FALLS,
        one,
        KORPELEVICH,
        output=Worst(),
        assumptions=(HALF_ROOT,),
        tight_on="scalar game",
    ),
    row(
        "SP-06",
        "extragradient, last iterate",
        r"\|F(z_K)\|^2\le\frac{4L^2D^2}{K+1},\quad\gamma=\frac1{\sqrt2L}",
        SQUARED_OPERATOR_NORM,
        _eg_last,
        GORBUNOV_EG,
        exponent=-1.0,
        assumptions=(HALF_ROOT,),
    ),
    row(
        "SP-07",
        "extragradient, average of the middle points",
        r"\mathrm{gap}_{B(z^\star,D)}(\bar w_K)\le\frac{(2D)^2}{2\gamma K},\quad\gamma\le1/L",
        RESTRICTED_GAP,
        _average_gap,
        Source("Nemirovski", 2004),
        exponent=-1.0,
        assumptions=(AT_MOST_INVERSE,),
    ),
    row(
        "SP-08",
        "extragradient, gap of the last iterate",
        r"\mathrm{gap}_{B(z^\star,D)}(z_K)\le2D\|F(z_K)\|\le\frac{4LD^2}{\sqrt{K+1}}",
        RESTRICTED_GAP,
        _eg_last_gap,
        Source("Golowich, Pattathil, Daskalakis and Ozdaglar", 2020),
        exponent=-0.5,
        assumptions=(HALF_ROOT,),
    ),
    row(
        "SP-10",
        "past extragradient, p never rises",
        r"p_{k+1}\le p_k+3(L^2\gamma^2-\tfrac29)\|F(w_k)-F(w_{k-1})\|^2",
        PAST_NORM_FALLS,
        one,
        GORBUNOV_PEG,
        output=Worst(),
        assumptions=(THIRD,),
        **PEP,
    ),
    row(
        "SP-11",
        "past extragradient, the potential never rises",
        r"\|x_k-x^\star\|^2+A_k\gamma^2p_k\text{ nonincreasing},\quad A_k=\tfrac{32+k}3",
        PAST_POTENTIAL_FALLS,
        one,
        GORBUNOV_PEG,
        output=Worst(),
        assumptions=(THIRD,),
        **PEP,
    ),
    row(
        "SP-12",
        "past extragradient, last iterate",
        r"\|F(x_N)\|^2\le\frac{(3+32\gamma^2L^2)D^2}{\gamma^2(N+32)}",
        SQUARED_OPERATOR_NORM,
        _peg_last,
        GORBUNOV_PEG,
        exponent=-1.0,
        assumptions=(step_at_most(1 / 3, "the step size is at most 1/(3 L)"),),
    ),
    row(
        "SP-14",
        "past extragradient, average of the middle points",
        r"\mathrm{gap}_{B(z^\star,D)}(\bar w_K)\le\frac{(2D)^2}{2\gamma K},\quad\gamma\le\frac1{2L}",
        RESTRICTED_GAP,
        _average_gap,
        Source("Mokhtari, Ozdaglar and Pattathil", 2020),
        exponent=-1.0,
        assumptions=(step_at_most(0.5, "the step size is at most 1/(2 L)"),),
    ),
)
