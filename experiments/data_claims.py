"""The claims that every data set gives: the same theorems, with constants computed from the data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.adaptive_gap import AD_02_GAP, AD_06_GAP
from ratecheck.theory.bounds.nonsmooth import NS_01
from ratecheck.theory.bounds.stochastic import SGD_01, SGD_02, second_moment
from ratecheck.theory.bounds.stosign_gap import STO_3A, STO_3B
from ratecheck.theory.facts import Facts
from ratecheck.theory.method import Method
from ratecheck.theory.methods.adam import AMSGrad
from ratecheck.theory.methods.adaptive import AdaGrad
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.schedules import InverseSqrt, LinearDecay

LADDER = (10, 30, 100, 300, 1000)
HORIZON = 1000
RUNS = 64


def subgradient(facts: Facts, horizon: int) -> Projected:
    """Return the projected subgradient method with the best constant step for the box."""
    return Projected(Subgradient(float(facts["radius"]) / (float(facts["lipschitz"]) * math.sqrt(horizon + 1))))


def sgd(facts: Facts, horizon: int) -> Projected:
    """Return projected SGD with the step R/(G sqrt(T))."""
    return Projected(Subgradient(float(facts["radius"]) / math.sqrt(second_moment(facts) * horizon)))


def decaying_sgd(facts: Facts, horizon: int) -> Projected:
    """Return projected SGD with linear decay."""
    peak = float(facts["radius"]) * horizon / (math.sqrt(second_moment(facts)) * (horizon + 1) ** 1.5)
    return Projected(Subgradient(LinearDecay(peak, horizon)))


def adagrad(facts: Facts, horizon: int) -> Projected:
    """Return projected AdaGrad with the best step for the box."""
    return Projected(AdaGrad(float(np.max(facts["widths"])) / math.sqrt(2), eps=0.0))


def amsgrad(facts: Facts, horizon: int) -> Projected:
    """Return projected AMSGrad with steps proportional to 1/sqrt(t)."""
    return Projected(AMSGrad(InverseSqrt(0.1 * float(np.max(facts["widths"]))), eps=0.0))


def stosign(facts: Facts, horizon: int) -> StoSignT:
    """Return StoSignSGD with its horizon-free steps; no constant of the gradients enters."""
    return StoSignT(InverseSqrt(facts["widths"] / math.sqrt(2)))


def stosign_constant(facts: Facts, horizon: int) -> StoSignT:
    """Return StoSignSGD with the constant steps D_i/sqrt(T)."""
    return StoSignT(facts["widths"] / math.sqrt(horizon))


_SAMPLED: tuple[tuple[str, str, str, Bound, Callable[[Facts, int], Method], tuple[int, ...]], ...] = (
    ("sgd", "foundations", "the average of SGD is within RG/sqrt(T)", SGD_01, sgd, LADDER),
    ("decay", "foundations", "the last iterate of SGD with linear decay", SGD_02, decaying_sgd, LADDER),
    ("adagrad", "foundations", "the average of AdaGrad", AD_02_GAP, adagrad, (HORIZON,)),
    ("amsgrad", "foundations", "the average of AMSGrad", AD_06_GAP, amsgrad, (HORIZON,)),
    ("stosign", "stosignsgd", "the average of StoSignSGD, horizon-free steps", STO_3A, stosign, (HORIZON,)),
    ("stosign-constant", "stosignsgd", "the average of StoSignSGD, constant steps", STO_3B, stosign_constant, LADDER),
)


def claims_on(
    name: str,
    what: str,
    exact: Callable[[int], Any],
    sampled: Callable[[int], Any],
    *,
    tags: tuple[str, ...],
    quick: tuple[str, ...] = (),
) -> tuple[Claim, ...]:
    """Return the claims of one data set with one loss.

    Parameters
    ----------
    name, what : str
        Start of the ids, and of the titles.
    exact, sampled : callable
        ``(horizon) -> LinearModel``, with exact subgradients and with sampled rows.
    tags : tuple of str
        Beside the source and ``"real-data"``.
    quick : tuple of str
        Which methods the quick suite includes.
    """
    first = Claim(
        id=f"{name}-subgradient",
        title=f"{what}: the best iterate of the subgradient method is within MR/sqrt(N+1)",
        bound=NS_01,
        problem=exact,
        method=subgradient,
        horizons=LADDER,
        tags=("foundations", "real-data", "nonsmooth", *tags),
        quick="subgradient" in quick,
    )
    others = (
        Claim(
            id=f"{name}-{method}",
            title=f"{what}: {title}",
            bound=bound,
            problem=sampled,
            method=rule,
            horizons=horizons,
            runs=RUNS,
            tags=(source, "real-data", "stochastic", *tags),
            quick=method in quick,
        )
        for method, source, title, bound, rule, horizons in _SAMPLED
    )
    return (first, *others)
