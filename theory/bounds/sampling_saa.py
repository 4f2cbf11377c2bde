"""Sample average approximation as bounds: the gap of the sample's minimiser, and what reuse of a sample costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.sampling import HOEFFDING, coverage
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.sampling import (
    FiniteBounded,
    FiniteSubGaussian,
    FiniteVariance,
    Hoeffding,
    LipschitzFamily,
    SampleRule,
    StronglyConvexMean,
)
from ratecheck.theory.stationarity import GAP
from ratecheck.theory.stationarity.estimation import OWN_DEVIATION, SELECTION_GAP

NET = Source("ratecheck", 2026, "Hoeffding's inequality on a net")


def _finite_bounded(facts: Facts) -> SampleRule:
    return FiniteBounded(facts["choices"], facts["width"])


def _finite_subgaussian(facts: Facts) -> SampleRule:
    return FiniteSubGaussian(facts["choices"], facts["deviation"])


def _finite_variance(facts: Facts) -> SampleRule:
    return FiniteVariance(facts["choices"], facts["deviation"])


def _lipschitz_family(facts: Facts) -> SampleRule:
    return LipschitzFamily(facts["lipschitz"], facts["diameter"], facts["net_dim"])


def _two_sided(facts: Facts) -> SampleRule:
    return Hoeffding(facts["width"], two_sided=True)


SAA_FORMULA = r"f(\hat x_N)-f^\star\le w\sqrt{\ln((|S|-1)/\gamma)/(2N)}"
SAA_01 = coverage(
    "SAA-01", "finite family, bounded differences", SAA_FORMULA, SELECTION_GAP, _finite_bounded, 0.9, source=HOEFFDING
)
SAA_02 = coverage(
    "SAA-02",
    "finite family, sub-Gaussian differences",
    r"f(\hat x_N)-f^\star\le\sigma\sqrt{2\ln((|S|-1)/\gamma)/N}",
    SELECTION_GAP,
    _finite_subgaussian,
    0.9,
    source=Source("Shapiro and Nemirovski", 2005),
)
SAA_03 = coverage(
    "SAA-03",
    "finite family by the largest variance, at any accuracy",
    r"f(\hat x_N)-f^\star\le\sigma_{\max}\sqrt{3\ln(|S|/\gamma)/N}",
    SELECTION_GAP,
    _finite_variance,
    0.99,
    source=Source("Kleywegt, Shapiro and Homem-de-Mello", 2002),
    provenance="paper",
    evidence=("recalled",),
    remark="The source asks for an accuracy that is small enough; quoted without that it is false.",
)
SAA_04 = coverage(
    "SAA-04",
    "Lipschitz family on a bounded set",
    r"N\ge\frac{8G^2D^2}{\epsilon^2}[n\ln(1+8GD/\epsilon)+\ln(1/\gamma)]",
    SELECTION_GAP,
    _lipschitz_family,
    0.9,
    source=NET,
)
WINNERS_CURSE = coverage(
    "SAMPLE-REUSED",
    "Hoeffding's inequality at the point that the same sample chose",
    r"|(f_N-f)(\hat x_N)|\le w\sqrt{\ln(2/\gamma)/(2N)}",
    OWN_DEVIATION,
    _two_sided,
    0.9,
    provenance="secondary",
    source=Source("Zhang and Sen", 2024, "nested samples with a bound for a fixed point"),
    remark="False: the point depends on the sample.",
)


def _mean_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    # F = ||x||^2/2 - <X, x> on the ball of radius C, which holds every sample's minimiser, is 2C-Lipschitz.
    rule = StronglyConvexMean(2 * facts["lipschitz"], 1.0)
    return np.array([rule.mean_gap(int(count)) for count in steps])


def _exact_mean_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["lipschitz"] ** 2 / (2 * steps)


SAA_05 = Bound(
    id="SAA-05",
    title="expected gap of the sample's minimiser, strongly convex",
    formula=r"\mathbb{E}f(\hat x_N)-f^\star\le\frac{4G^2}{\lambda N}",
    measure=GAP,
    output=Last(),
    value=_mean_gap,
    kind="expectation",
    exponent=-1.0,
    source=Source("Shalev-Shwartz, Shamir, Srebro and Sridharan", 2009),
    provenance="paper",
    evidence=("recalled",),
)
SAA_05_EXACT = Bound(
    id="SAA-05-EXACT",
    title="expected gap of the sample's minimiser, quadratic with a random tilt",
    formula=r"\mathbb{E}f(\hat x_N)-f^\star=\frac{\sigma^2}{2\lambda N}",
    measure=GAP,
    output=Last(),
    value=_exact_mean_gap,
    kind="expectation",
    side="equal",
    exponent=-1.0,
    source=Source("ratecheck", 2026, "variance of a mean"),
    provenance="derived",
    evidence=("derived here",),
)

BOUNDS = (SAA_01, SAA_02, SAA_03, SAA_04, WINNERS_CURSE, SAA_05, SAA_05_EXACT)
