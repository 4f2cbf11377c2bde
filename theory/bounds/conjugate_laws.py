r"""Laws of one update of a conjugate subgradient, and of the AdamW-like steps along it.

With p the old direction, g the new subgradient, d the shortest point of the segment between them, and lambda the weight
of p. All are elementary geometry of a segment; the converse statements are in the ledger as refuted claims.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source, innermost
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Last, Worst
from ratecheck.theory.stationarity.aggregation import (
    ASCENT,
    DESCENT_EXCESS,
    INNER_RATIO,
    INTERIOR_LAW,
    LARGEST_COORDINATE,
    NORM_RATIO,
    RECIPROCAL_SUM,
    REGROWN_NORM,
    SINGULAR_STEPS,
    WEIGHT_MISMATCH,
)
from ratecheck.theory.stationarity.certificate import DIRECTION_NORM, LARGEST_ENTRY, SQUARED_DIRECTION_NORM

WOLFE = Source("Wolfe", 1975, "A method of conjugate subgradients, minimum-norm direction")
TRANSCRIPTION = Source("Zhang and Zhang", 2025, "arXiv 2507.01241, as transcribed by a catalogue of optimizers")
HERE = Source("ratecheck", 2026, "geometry of a segment")


def _one(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.ones(steps.size)


def _zero(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.zeros(steps.size)


def _inverse(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 1 / steps


def _half_slope(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.size, 0.5 * facts["slope"])


def _coordinate_bound(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    inner = innermost(method)
    cap, beta2 = min(inner.weight_cap, 1.0), inner.beta2
    return np.full(steps.size, 1 / np.sqrt((1 - beta2) * (1 - cap**2 / beta2)))


def _adam_coordinate_bound(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    beta1, beta2 = 0.9, innermost(method).beta2
    return np.full(steps.size, (1 - beta1) / np.sqrt((1 - beta2) * (1 - beta1**2 / beta2)))


NORM_FALLS = Bound(
    id="CSG-I1",
    title="the direction is no longer than the old one and than the subgradient",
    formula=r"\|d_t\|\le\min(\|d_{t-1}\|,\|g_t\|)",
    measure=NORM_RATIO,
    output=Worst(),
    value=_one,
    source=WOLFE,
    provenance="derived",
    evidence=("derived here",),
    tight_on="an update that keeps one of the two",
    remark="Whatever the noise: so a small norm comes by itself, and says nothing alone.",
)
INNER_PRODUCTS = Bound(
    id="CSG-I2",
    title="inner products of the direction with both ends are at least its square",
    formula=r"\langle d_t,d_{t-1}\rangle\ge\|d_t\|^2,\quad\langle d_t,g_t\rangle\ge\|d_t\|^2",
    measure=INNER_RATIO,
    output=Worst(),
    value=_one,
    source=WOLFE,
    provenance="derived",
    evidence=("derived here",),
    tight_on="every interior weight",
)
ENDS = Bound(
    id="CSG-I3",
    title="the weight is at an end exactly where one of the two is the shortest point",
    formula=r"\lambda_t=1\iff\langle d_{t-1},g_t\rangle\ge\|d_{t-1}\|^2,\quad"
    r"\lambda_t=0\iff\langle d_{t-1},g_t\rangle\ge\|g_t\|^2",
    measure=WEIGHT_MISMATCH,
    output=Worst(),
    value=_zero,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
)
INTERIOR = Bound(
    id="CSG-I4",
    title="the squared norm of an interior update",
    formula=r"\|d_t\|^2=\frac{\|d_{t-1}\|^2\|g_t\|^2-\langle d_{t-1},g_t\rangle^2}{\|d_{t-1}-g_t\|^2}",
    measure=INTERIOR_LAW,
    output=Last(),
    side="equal",
    value=_one,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
)
RECIPROCALS = Bound(
    id="CSG-I5",
    title="reciprocal squared norms add up where the subgradient turns away",
    formula=r"\langle d_{t-1},g_t\rangle\le0\Rightarrow\|d_t\|^{-2}\ge\|d_{t-1}\|^{-2}+\|g_t\|^{-2}",
    measure=RECIPROCAL_SUM,
    output=Worst(),
    value=_one,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
    tight_on="orthogonal subgradients",
)
ABSORBING = Bound(
    id="CSG-I6",
    title="a zero direction stays zero",
    formula=r"d_{t-1}=0\Rightarrow d_t=0",
    measure=REGROWN_NORM,
    output=Worst(),
    value=_zero,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
)
RUNNING_MEAN_NORM = Bound(
    id="CSG-I7",
    title="orthogonal unit subgradients: the squared norm is 1/k",
    formula=r"\|d_k\|^2=1/k",
    measure=SQUARED_DIRECTION_NORM,
    output=Last(),
    side="equal",
    value=_inverse,
    exponent=-1.0,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
    tight_on="max-coordinate without truncation",
    remark="The null-step bound with m = 0 is attained at every step.",
)
RUNNING_MEAN_ENTRY = Bound(
    id="CSG-I7b",
    title="orthogonal unit subgradients: the direction is their running mean",
    formula=r"d_k=\frac1k\sum_{s\le k}g_s\Rightarrow\|d_k\|_\infty=1/k",
    measure=LARGEST_ENTRY,
    output=Last(),
    side="equal",
    value=_inverse,
    exponent=-1.0,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
    tight_on="max-coordinate without truncation",
)
NORM_MEASURES_SLOPE = Bound(
    id="CSG-F3",
    title="at a fixed point with noise the direction keeps half the length of the gradient",
    formula=r"\|d_t\|\ge\tfrac12\|\nabla f\|",
    measure=DIRECTION_NORM,
    output=Last(),
    side="lower",
    value=_half_slope,
    source=TRANSCRIPTION,
    provenance="secondary",
    evidence=("derived here",),
    remark="False: d tends to the shortest point of the hull of the support of g, which is 0 for Gaussian noise.",
)
CORRECTION_DEFINED = Bound(
    id="CSG-F2",
    title="the printed bias correction never divides by zero",
    formula=r"1-\lambda_t^t\ne0",
    measure=SINGULAR_STEPS,
    output=Last(),
    value=_zero,
    source=TRANSCRIPTION,
    provenance="secondary",
    evidence=("derived here",),
    remark="False: lambda = 1 has positive probability, and the weights sum to one without a correction.",
)
CORRECTION_BREAKS = Bound(
    id="CSG-F2b",
    title="the printed bias correction divides by zero in every run",
    formula=r"\#\{s\le t:\lambda_s=1\}\ge1",
    measure=SINGULAR_STEPS,
    output=Last(),
    side="lower",
    value=_one,
    anytime=False,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
)
PRECONDITIONED_DESCENT = Bound(
    id="CSG-V2",
    title="with the minimum norm in the preconditioner's metric every step descends",
    formula=r"\langle g_t,D_td_t\rangle\ge\|d_t\|_{D_t}^2",
    measure=DESCENT_EXCESS,
    output=Worst(),
    value=_zero,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
)
EUCLIDEAN_DESCENT = Bound(
    id="CSG-V1",
    title="with the Euclidean minimum norm no preconditioned step goes up",
    formula=r"\langle g_t,D_td_t\rangle\ge0",
    measure=ASCENT,
    output=Worst(),
    value=_zero,
    source=TRANSCRIPTION,
    provenance="secondary",
    evidence=("derived here",),
    remark="False: the guarantee of the segment holds in the metric in which the norm was minimised.",
)
CAPPED_COORDINATES = Bound(
    id="CSG-F6",
    title="a cap of the weight below sqrt(beta2) bounds every coordinate of the step",
    formula=r"\frac{|d_{t,i}|}{\sqrt{\hat v_{t,i}}}\le\frac{1}{\sqrt{(1-\beta_2)(1-\lambda_{\max}^2/\beta_2)}}",
    measure=LARGEST_COORDINATE,
    output=Worst(),
    value=_coordinate_bound,
    source=HERE,
    provenance="derived",
    evidence=("derived here",),
    remark="Cauchy-Schwarz over the weights of old subgradients in d and in v, the latter 1 - beta2^t at most 1.",
)
ADAM_COORDINATES = Bound(
    id="CSG-F6b",
    title="the coordinates of the step stay below Adam's bound",
    formula=r"\frac{|d_{t,i}|}{\sqrt{\hat v_{t,i}}}\le\frac{1-\beta_1}{\sqrt{(1-\beta_2)(1-\beta_1^2/\beta_2)}}",
    measure=LARGEST_COORDINATE,
    output=Worst(),
    value=_adam_coordinate_bound,
    source=TRANSCRIPTION,
    provenance="secondary",
    evidence=("derived here",),
    remark="False: a weight near 1 is a memory longer than that of v, so a rare coordinate is divided by almost zero.",
)

BOUNDS = (
    NORM_FALLS,
    INNER_PRODUCTS,
    ENDS,
    INTERIOR,
    RECIPROCALS,
    ABSORBING,
    RUNNING_MEAN_NORM,
    RUNNING_MEAN_ENTRY,
    NORM_MEASURES_SLOPE,
    CORRECTION_DEFINED,
    CORRECTION_BREAKS,
    PRECONDITIONED_DESCENT,
    EUCLIDEAN_DESCENT,
    CAPPED_COORDINATES,
    ADAM_COORDINATES,
)
