r"""Sample-size rules as bounds: with probability `confidence` a sample of N is as accurate as the rule promises.

The number of steps is the number of samples N (`testbeds.sampling_means`), gamma = 1 - confidence. Each rule appears at
several levels of confidence, since a forgotten split of gamma or a wrong tail shows at one level more than at another,
and as a converse: the rule asks for at most a stated multiple of the samples that are needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source, innermost
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Last
from ratecheck.theory.sampling import (
    GaussianMean,
    Hoeffding,
    ProjectedStochasticSubgradient,
    SampleRule,
    VectorMean,
)
from ratecheck.theory.stationarity import DISTANCE, GAP
from ratecheck.theory.stationarity.estimation import (
    BERNSTEIN_LEVEL,
    LARGEST_ABOVE,
    MEAN_ABOVE,
)

MakeRule = Callable[[Facts], SampleRule]
FIRST_TIGHT = 20  # samples from which a mean is close to normal
LEVELS = (0.9, 0.95, 0.99)  # confidences at which the rules of a mean are checked
SYMMETRISATION = Source("ratecheck", 2026, "symmetrisation, contraction, bounded differences")
HOEFFDING = Source("Hoeffding", 1963, "theorem 2")


def promised(rule: MakeRule, confidence: float, share: float = 1.0) -> Callable[[Facts, Any, IntArray], FloatArray]:
    """Return the value of a bound: `share` times the accuracy that the rule promises for each number of samples."""

    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        made = rule(facts)
        return np.array([share * made.accuracy(int(count), confidence) for count in steps])

    return value


def coverage(id: str, title: str, formula: str, measure: Any, rule: MakeRule, confidence: float, **more: Any) -> Bound:
    """Return the claim that a rule fails with probability at most 1 - confidence, at every number of samples."""
    defaults: dict[str, Any] = {"source": SYMMETRISATION, "provenance": "derived", "evidence": ("derived here",)}
    return Bound(
        id=f"{id}-{round(100 * confidence)}",
        title=f"{title}, confidence {confidence}",
        formula=formula,
        measure=measure,
        output=Last(),
        value=promised(rule, confidence),
        kind="probability",
        failure_probability=round(1 - confidence, 12),
        exponent=-0.5,
        **{**defaults, **more},
    )


def oversampling(id: str, title: str, measure: Any, rule: MakeRule, confidence: float, factor: float) -> Bound:
    """Return the converse: with 1/factor of the samples the rule would fail, so it is not looser than that.

    From `FIRST_TIGHT` samples on, the deviation is below bound / sqrt(factor) with probability at most `confidence`.
    """
    share = promised(rule, confidence, 1 / math.sqrt(factor))

    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return np.where(steps >= FIRST_TIGHT, share(facts, method, steps), 0.0)

    return Bound(
        id=f"{id}-within-{factor:g}",
        title=f"{title} asks for at most {factor:g} times the samples that are needed",
        formula=rf"P\big(\mathrm{{deviation}}<t_N/\sqrt{{{factor:g}}}\big)\le{confidence}",
        measure=measure,
        output=Last(),
        value=value,
        kind="probability",
        failure_probability=confidence,
        side="lower",
        source=Source("ratecheck", 2026, "tightness of a sample-size rule"),
        provenance="derived",
        evidence=("derived here",),
    )


def _hoeffding(facts: Facts) -> SampleRule:
    return Hoeffding(facts["width"])


def _gaussian(facts: Facts) -> SampleRule:
    return GaussianMean(facts["deviation"])


def _gaussian_family(facts: Facts) -> SampleRule:
    return GaussianMean(facts["deviation"], facts["dim"])


def _vector(facts: Facts) -> SampleRule:
    return VectorMean(facts["lipschitz"])


def _projected(facts: Facts) -> SampleRule:
    return ProjectedStochasticSubgradient(facts["lipschitz"], facts["diameter"])


HOEFFDING_FORMULA = r"\bar X_N-\mathbb{E}X\le w\sqrt{\ln(1/\gamma)/(2N)}"
HP_01 = tuple(
    coverage(
        "HP-01",
        "Hoeffding's inequality",
        HOEFFDING_FORMULA,
        MEAN_ABOVE,
        _hoeffding,
        c,
        source=HOEFFDING,
        provenance="paper",
    )
    for c in LEVELS
)
EXACT_NORMAL = tuple(
    coverage(
        "SAMPLE-EXACT",
        "the exact limit of a normal mean",
        r"\bar X_N-\mathbb{E}X\le z_{1-\gamma}\sigma/\sqrt N",
        MEAN_ABOVE,
        _gaussian,
        c,
        source=Source("ratecheck", 2026, "normal distribution"),
        remark="Fails with probability exactly gamma: the checker must tell it from 1.5 gamma.",
    )
    for c in LEVELS
)
EXACT_FAMILY = coverage(
    "SAMPLE-EXACT-FAMILY",
    "normal means of many points at once, the confidence split over the points",
    r"\max_j(\bar X_{N,j}-\mathbb{E}X_j)\le z_{1-\gamma/m}\sigma/\sqrt N",
    LARGEST_ABOVE,
    _gaussian_family,
    0.9,
    source=Source("ratecheck", 2026, "normal distribution, union bound"),
    remark="For independent points it fails with probability 1 - (1 - gamma/m)^m, nearly gamma.",
)
VECTOR = tuple(
    coverage(
        "SAMPLE-A6",
        "mean of bounded vectors",
        r"\|\bar g_N-\mathbb{E}g\|\le\frac{C}{\sqrt N}(1+\sqrt{2\ln(1/\gamma)})",
        DISTANCE,
        _vector,
        c,
    )
    for c in LEVELS
)


def _bernstein_value(confidence: float) -> Callable[[Facts, Any, IntArray], FloatArray]:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return np.full(steps.size, math.log(2 / (1 - confidence)))

    return value


BERNSTEIN = tuple(
    Bound(
        id=f"SAMPLE-BERNSTEIN-{round(100 * c)}",
        title=f"empirical Bernstein bound, confidence {c}",
        formula=r"\mathbb{E}X-\bar X_N\le\sqrt{2V_N\ln(2/\gamma)/N}+\frac{7w\ln(2/\gamma)}{3(N-1)}",
        measure=BERNSTEIN_LEVEL,
        output=Last(),
        value=_bernstein_value(c),
        kind="probability",
        failure_probability=round(1 - c, 12),
        source=Source("Maurer and Pontil", 2009, "theorem 4"),
        provenance="paper",
        evidence=("recalled", "derived here"),
        remark="Measured as the level ln(2/gamma) at which the bound equals the deviation.",
    )
    for c in (0.9, 0.95)
)


def _high_probability_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return promised(_projected, 0.9)(facts, innermost(method), steps)


SGD_GAP = Bound(
    id="SAMPLE-SGD",
    title="projected SGD with high probability, average point",
    formula=r"f(\bar x_T)-f^\star\le\frac{GD}{\sqrt T}(1+\sqrt{2\ln(1/\gamma)})",
    measure=GAP,
    output=Average(),
    value=_high_probability_gap,
    kind="probability",
    failure_probability=0.1,
    anytime=False,
    exponent=-0.5,
    source=Source("Cesa-Bianchi, Conconi and Gentile", 2004, "Azuma's inequality"),
    provenance="derived",
    evidence=("derived here",),
)
TIGHTNESS = (
    oversampling("HP-01", "Hoeffding's rule on a fair coin", MEAN_ABOVE, _hoeffding, 0.9, 4.0),
    oversampling("SAMPLE-A6", "the rule for bounded vectors", DISTANCE, _vector, 0.9, 7.0),
)

BOUNDS = (*HP_01, *EXACT_NORMAL, EXACT_FAMILY, *VECTOR, *BERNSTEIN, SGD_GAP, *TIGHTNESS)
