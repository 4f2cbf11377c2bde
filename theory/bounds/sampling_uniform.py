"""Sample-size rules for functions on a ball, as bounds: full deviations and increments."""

from __future__ import annotations

from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.sampling import SYMMETRISATION, coverage, oversampling, promised
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last
from ratecheck.theory.sampling import (
    CoveringFull,
    CoveringIncrements,
    RademacherFull,
    RademacherIncrements,
    SampleRule,
)
from ratecheck.theory.stationarity import DISTANCE
from ratecheck.theory.stationarity.estimation import LARGEST_DEVIATION

NET = Source("ratecheck", 2026, "Hoeffding's inequality on a net")


def _linear_increments(facts: Facts) -> SampleRule:
    return RademacherIncrements(facts["lipschitz"], facts["radius"])


def _increments(facts: Facts) -> SampleRule:
    return RademacherIncrements(facts["lipschitz"], facts["radius"], facts["dim"])


def _net_increments(facts: Facts) -> SampleRule:
    return RademacherIncrements(facts["lipschitz"], facts["radius"], facts["net_dim"])


def _covering_increments(facts: Facts) -> SampleRule:
    return CoveringIncrements(facts["lipschitz"], facts["radius"], facts["net_dim"])


def _covering_full(facts: Facts) -> SampleRule:
    return CoveringFull(facts["loss_range"], facts["lipschitz"], facts["radius"], facts["net_dim"])


def _linear_full(facts: Facts) -> SampleRule:
    return RademacherFull(facts["loss_range"], facts["lipschitz"], facts["radius"])


LINEAR_INCREMENTS = coverage(
    "SAMPLE-A3",
    "increments of a linear predictor's loss on a ball",
    r"\sup\le\frac{\rho A\delta}{\sqrt N}(2+\sqrt{2\ln(2/\gamma)})",
    DISTANCE,
    _linear_increments,
    0.9,
    remark="Dimension-free.",
)
NET_LINEAR_INCREMENTS = coverage(
    "SAMPLE-A3N",
    "increments of the hinge loss on a ball",
    r"\sup\le\frac{\rho A\delta}{\sqrt N}(2+\sqrt{2\ln(2/\gamma)})",
    LARGEST_DEVIATION,
    _linear_increments,
    0.9,
)
INCREMENTS = coverage(
    "SAMPLE-A5",
    "increments of a Lipschitz loss on a ball",
    r"\sup\le\frac{C\delta}{\sqrt N}(2\sqrt{2n}+\sqrt{2\ln(2/\gamma)})",
    DISTANCE,
    _increments,
    0.9,
)
NET_INCREMENTS = coverage(
    "SAMPLE-A5N",
    "increments of a Lipschitz loss on a ball, hinge",
    r"\sup\le\frac{C\delta}{\sqrt N}(2\sqrt{2n}+\sqrt{2\ln(2/\gamma)})",
    LARGEST_DEVIATION,
    _net_increments,
    0.9,
)
COVERING_FULL = coverage(
    "SAMPLE-A1",
    "losses on a ball, by a net",
    r"N\ge\frac{2M^2}{t^2}[n\ln(1+8C\delta/t)+\ln(2/\gamma)]",
    LARGEST_DEVIATION,
    _covering_full,
    0.9,
    source=NET,
)
COVERING_INCREMENTS = coverage(
    "SAMPLE-A2",
    "increments on a ball, by a net",
    r"N\ge\frac{8C^2\delta^2}{t^2}[n\ln(1+8C\delta/t)+\ln(2/\gamma)]",
    LARGEST_DEVIATION,
    _covering_increments,
    0.9,
    source=NET,
)
LINEAR_FULL = coverage(
    "SAMPLE-A4",
    "losses of a linear predictor on a ball",
    r"\sup\le\max\{M\sqrt{2\ln(4/\gamma)},\,2\rho A\delta(2+\sqrt{2\ln(4/\gamma)})\}/\sqrt N",
    LARGEST_DEVIATION,
    _linear_full,
    0.9,
)
ROOT_RATE = Bound(
    id="SAMPLE-RATE",
    title="the deviation on a ball falls like the square root of the number of samples",
    formula=r"\sup_x|(f_N-f)(x)-(f_N-f)(x_0)|=O(N^{-1/2})",
    measure=LARGEST_DEVIATION,
    output=Last(),
    value=promised(_linear_increments, 0.9),
    kind="rate",
    exponent=-0.5,
    source=SYMMETRISATION,
    provenance="derived",
    evidence=("derived here",),
)
FASTER_RATE = Bound(
    id="SAMPLE-RATE-0.7",
    title="the deviation on a ball falls faster than the square root of the number of samples",
    formula=r"\sup_x|(f_N-f)(x)-(f_N-f)(x_0)|=O(N^{-0.7})",
    measure=LARGEST_DEVIATION,
    output=Last(),
    value=promised(_linear_increments, 0.9),
    kind="rate",
    exponent=-0.7,
    source=Source("ratecheck", 2026, "central limit theorem"),
    provenance="derived",
    evidence=("derived here",),
    remark="False by the central limit theorem: no rule can ask for fewer than order t^-2 samples.",
)
TIGHTNESS = (
    oversampling("SAMPLE-A3", "the rule for linear predictors", DISTANCE, _linear_increments, 0.9, 14.0),
    oversampling("SAMPLE-A5", "the rule for Lipschitz losses", DISTANCE, _increments, 0.9, 90.0),
)

BOUNDS = (
    LINEAR_INCREMENTS,
    NET_LINEAR_INCREMENTS,
    INCREMENTS,
    NET_INCREMENTS,
    COVERING_FULL,
    COVERING_INCREMENTS,
    LINEAR_FULL,
    ROOT_RATE,
    FASTER_RATE,
    *TIGHTNESS,
)
