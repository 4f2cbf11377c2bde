r"""First-order saddle methods at linear rate, exact laws on bilinear games, and lower bounds.

mu-strongly monotone, L-Lipschitz operators; s = gamma sigma on the game f = sigma x y; D = ||z_0 - z*||.

*Exact laws:* on f = sigma x y the operator is sigma times a rotation by 90 degrees, so one step multiplies x + iy by a
polynomial in i s (extragradient: 1 - is - s^2) or maps it by a 2 x 2 matrix whose invariant form is written out in the
measure. *Gradient descent-ascent:* ||z - gamma F(z)||^2 <= (1 - 2 gamma mu + gamma^2 L^2) ||z||^2, with equality when F
is a multiple of a rotation. *Extragradient:* 2 gamma <b, w - z*> >= 2 gamma mu ||w - z*||^2 >= gamma mu (||z - z*||^2 -
2 ||z - w||^2) and 1 - gamma^2 L^2 - 2 gamma mu >= 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Source, innermost
from ratecheck.theory.bounds.saddle_rows import STRONG, row
from ratecheck.theory.facts import Facts
from ratecheck.theory.stationarity import DISTANCE, SQUARED_DISTANCE
from ratecheck.theory.stationarity.saddle import (
    SQUARED_OPERATOR_NORM,
    STEP_CONTRACTION,
    WEIGHTED_DISTANCE,
    alternating_energy,
    primal_dual_energy,
)
from ratecheck.theory.stationarity.saddle_steps import PAST_DISTANCE

BILINEAR = Source("Mokhtari, Ozdaglar and Pattathil", 2020, "bilinear case")
ENERGY_STEP = 0.5  # the step size for which the conserved forms of the catalogue are written out


def _rate(facts: Facts, steps: IntArray, factor: float) -> FloatArray:
    return factor**steps * facts["radius"] ** 2


def _s(facts: Facts, method: Any) -> float:
    return float(innermost(method).step_size * facts["smoothness"])


def _gda_growth(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _rate(facts, steps, 1 + _s(facts, method) ** 2)


def _ppm_bilinear(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _rate(facts, steps, 1 / (1 + _s(facts, method) ** 2))


def _eg_bilinear(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    s = _s(facts, method)
    return _rate(facts, steps, 1 - s**2 + s**4)


def ogda_modulus(s: float) -> float:
    """Return the squared modulus of the slowest root of optimistic descent-ascent on a game with gamma sigma = s."""
    if s <= 0.5:
        return (1 + math.sqrt(1 - 4 * s * s)) / 2
    return (1 + (2 * s + math.sqrt(4 * s * s - 1)) ** 2) / 4


def _ogda_bilinear(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(len(steps), ogda_modulus(_s(facts, method)))


def _no_growth(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(len(steps), facts["radius"])


def _fast_last(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 4 * (facts["smoothness"] * facts["radius"] / steps) ** 2


def _alternating(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(len(steps), facts["radius"] ** 2)  # the start (1, 0) has no cross term


def _pdhg_bilinear(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    s = innermost(method).primal_step * facts["smoothness"]
    return (1 - s * s) ** steps * facts["radius"] ** 2 / innermost(method).primal_step


def _gda_strong(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    g = innermost(method).step_size
    return _rate(facts, steps, 1 - 2 * g * facts["strong_convexity"] + (g * facts["smoothness"]) ** 2)


def _ppm_strong(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _rate(facts, steps, (1 + innermost(method).step_size * facts["strong_convexity"]) ** -2)


def _strong(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _rate(facts, steps, 1 - innermost(method).step_size * facts["strong_convexity"])


def _eg_excess(facts: Facts, method: Any, horizon: int) -> float:
    g = innermost(method).step_size
    return float((g * facts["smoothness"]) ** 2 + 2 * g * facts["strong_convexity"] - 1)


def _peg_excess(facts: Facts, method: Any, horizon: int) -> float:
    g = innermost(method).step_size
    return max(
        float(4 * (g * facts["smoothness"]) ** 2 + 2 * g * facts["strong_convexity"] - 1),
        abs(4 * g * facts["smoothness"] - 1),
    )


def _energy_step_excess(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    step = inner.step_size if hasattr(inner, "step_size") else inner.primal_step
    return abs(step / ENERGY_STEP - 1)


def _pdhg_strong(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    theta = innermost(method).extrapolation
    return theta**steps * facts["strong_convexity"] * facts["radius"] ** 2


def _pdhg_strong_excess(facts: Facts, method: Any, horizon: int) -> float:
    mu, inner = facts["strong_convexity"], innermost(method)
    m = 2 * mu / facts["coupling"]
    steps = max(abs(inner.primal_step * 2 * mu / m - 1), abs(inner.dual_step * 2 * mu / m - 1))
    return max(steps, abs(inner.extrapolation * (1 + m) - 1), 0.0 if inner.dual_first else 1.0)


ENERGY = Assumption("the step sizes are those of the conserved form", on_setup=_energy_step_excess)
EXACT = {"side": "equal", "tight_on": "scalar game"}

BOUNDS = (
    row(
        "SP-20",
        "the distance never exceeds that of the start",
        r"\|z_k\|\le\|z_0\|",
        DISTANCE,
        _no_growth,
        BILINEAR,
        remark="Known to be false; in the ledger to be refuted.",
    ),
    row(
        "SP-21",
        "descent-ascent, growth on a bilinear game",
        r"\|z_k\|^2=(1+s^2)^k\|z_0\|^2",
        SQUARED_DISTANCE,
        _gda_growth,
        BILINEAR,
        **EXACT,
    ),
    row(
        "SP-22",
        "alternating descent-ascent, conserved form",
        r"\|z_k\|^2-\gamma\langle Kx_k,y_k\rangle=\|z_0\|^2",
        alternating_energy(ENERGY_STEP),
        _alternating,
        Source("Bailey, Gidel and Piliouras", 2020),
        assumptions=(ENERGY,),
        **EXACT,
    ),
    row(
        "SP-23",
        "proximal point on a bilinear game",
        r"\|z_k\|^2=(1+s^2)^{-k}\|z_0\|^2",
        SQUARED_DISTANCE,
        _ppm_bilinear,
        BILINEAR,
        **EXACT,
    ),
    row(
        "SP-24",
        "extragradient on a bilinear game",
        r"\|z_k\|^2=(1-s^2+s^4)^k\|z_0\|^2",
        SQUARED_DISTANCE,
        _eg_bilinear,
        BILINEAR,
        **EXACT,
    ),
    row(
        "SP-25",
        "optimistic descent-ascent on a bilinear game, factor of a late step",
        r"\|z_{k+1}\|^2/\|z_k\|^2\to\tfrac12(1+\sqrt{1-4s^2})\ (s\le\tfrac12)",
        STEP_CONTRACTION,
        _ogda_bilinear,
        BILINEAR,
        anytime=False,
        **EXACT,
    ),
    row(
        "SP-26",
        "PDHG on a bilinear game",
        r"\|z_k\|_P^2=(1-s^2)^k\|z_0\|_P^2",
        primal_dual_energy(ENERGY_STEP, ENERGY_STEP),
        _pdhg_bilinear,
        Source("Chambolle and Pock", 2011),
        assumptions=(ENERGY,),
        **EXACT,
    ),
    row(
        "SP-27",
        "extragradient's last iterate is as fast as anchored methods",
        r"\|F(z_K)\|^2\le\frac{4L^2D^2}{K^2}",
        SQUARED_OPERATOR_NORM,
        _fast_last,
        Source("Golowich, Pattathil, Daskalakis and Ozdaglar", 2020, "lower bound"),
        anytime=False,
        exponent=-2.0,
        remark="Known to be false; in the ledger to be refuted.",
    ),
    row(
        "SP-30",
        "descent-ascent, strongly monotone",
        r"\|z_k-z^\star\|^2\le(1-2\gamma\mu+\gamma^2L^2)^kD^2",
        SQUARED_DISTANCE,
        _gda_strong,
        Source("Facchinei and Pang", 2003, "projection methods"),
        tight_on="scalar game",
        assumptions=(STRONG,),
    ),
    row(
        "SP-31",
        "proximal point, strongly monotone",
        r"\|z_k-z^\star\|^2\le(1+\gamma\mu)^{-2k}D^2",
        SQUARED_DISTANCE,
        _ppm_strong,
        Source("Rockafellar", 1976),
        tight_on="decoupled quadratic",
        assumptions=(STRONG,),
    ),
    row(
        "SP-32",
        "extragradient, strongly monotone",
        r"\|z_k-z^\star\|^2\le(1-\gamma\mu)^kD^2",
        SQUARED_DISTANCE,
        _strong,
        Source("Mokhtari, Ozdaglar and Pattathil", 2020, "strongly convex-concave case"),
        assumptions=(
            STRONG,
            Assumption("gamma^2 L^2 + 2 gamma mu is at most 1", on_setup=_eg_excess),
        ),
    ),
    row(
        "SP-33",
        "past extragradient, strongly monotone",
        r"\|x_k-x^\star\|^2+\gamma^2\|F(w_{k-1})-F(w_{k-2})\|^2\le(1-\gamma\mu)^kD^2",
        PAST_DISTANCE,
        _strong,
        Source("Mokhtari, Ozdaglar and Pattathil", 2020, "strongly convex-concave case"),
        assumptions=(
            STRONG,
            Assumption("the step is 1/(4 L) and 4 gamma^2 L^2 + 2 gamma mu is at most 1", on_setup=_peg_excess),
        ),
    ),
    row(
        "SP-34",
        "PDHG, both functions strongly convex",
        r"\mu\|y_N-y^\star\|^2+(1-\theta)\mu\|x_N-x^\star\|^2\le\theta^N\mu D^2",
        WEIGHTED_DISTANCE,
        _pdhg_strong,
        Source("Chambolle and Pock", 2011, "theorem 3"),
        provenance="secondary",
        evidence=("recalled",),
        assumptions=(
            STRONG,
            Assumption("the steps, theta and the order are those of the theorem", on_setup=_pdhg_strong_excess),
        ),
    ),
)
