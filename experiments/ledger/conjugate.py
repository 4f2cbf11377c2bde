"""Claims about null steps, serious steps and line searches of conjugate subgradients."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.conjugate_parts import (
    INSTANCES,
    REFUTED,
    STEPS,
    always,
    max_affine,
    null_steps_only,
    one_point,
    orthogonal,
    rings_samples,
    to_target,
    wolfe,
)
from ratecheck.testbeds.sampling_worst_case import AbsoluteValue
from ratecheck.theory.bounds import conjugate as rows
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate
from ratecheck.theory.methods.conjugate_trust_region import TrustRegionConjugate


def _two_sided() -> LineSearchConjugate:
    return LineSearchConjugate(tolerance=1e-6, reset=None, two_sided=True)


def _one_sided() -> LineSearchConjugate:
    return LineSearchConjugate(tolerance=1e-6, reset=0.01)


def _trust_region(acceptance: Any) -> TrustRegionConjugate:
    return TrustRegionConjugate(batch=10, radius=0.5, acceptance=acceptance)


def _validated() -> TrustRegionConjugate:
    return _trust_region("validated")


def _printed_test() -> TrustRegionConjugate:
    return _trust_region("printed")


NULL_STEPS = (
    Claim(
        id="csg-01-max-affine",
        title="sharp null-step bound on 200 max-affine functions",
        bound=rows.NULL_SHARP,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
        quick=True,
    ),
    Claim(
        id="csg-01-tight",
        title="sharp null-step bound attained on max x_i",
        bound=rows.NULL_SHARP,
        problem=orthogonal,
        method=null_steps_only,
        horizons=(200,),
        tags=STEPS,
        attained=1.0,
        attained_tolerance=1e-12,
    ),
    Claim(
        id="csg-02-max-affine",
        title="Wolfe's null-step bound on 200 max-affine functions",
        bound=rows.NULL_WOLFE,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-03-max-affine",
        title="a failed test bounds the slope along the direction",
        bound=rows.NULL_TEST,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-03-line-search",
        title="outside L the slope along the direction is at most m_L",
        bound=rows.NULL_TEST,
        problem=max_affine,
        method=wolfe,
        horizons=(400,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-04-max-affine",
        title="null steps in a row on 200 max-affine functions",
        bound=rows.NULLS,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-04-tight",
        title="the number of null steps is attained on max x_i: 99 for a tolerance of 1/10",
        bound=rows.NULLS,
        problem=orthogonal,
        method=always(lambda: OnePointConjugate(radius=1e-6, tolerance=0.1, slope=1e-15)),
        horizons=(150,),
        tags=STEPS,
        attained=1.0,
        attained_tolerance=1e-12,
    ),
    Claim(
        id="csg-05-max-affine",
        title="null steps in a row with Wolfe's constant",
        bound=rows.NULLS_WOLFE,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-06-max-affine",
        title="serious steps on 200 max-affine functions",
        bound=rows.SERIOUS,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-06-absolute-value",
        title="serious steps on |x|, nearly all that the bound allows",
        bound=rows.SERIOUS,
        problem=lambda horizon: AbsoluteValue(),
        method=always(lambda: OnePointConjugate(radius=0.01, tolerance=0.99, slope=0.99)),
        horizons=(300,),
        tags=STEPS,
        attained=0.970299,
        attained_tolerance=0.01,
    ),
    Claim(
        id="csg-07-max-affine",
        title="evaluations until the stop on 200 max-affine functions",
        bound=rows.ALL_EVALUATIONS,
        problem=max_affine,
        method=one_point,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
    Claim(
        id="csg-08-max-affine",
        title="serious steps to a target gap, logarithmic bound",
        bound=rows.SERIOUS_TO_TARGET,
        problem=max_affine,
        method=to_target,
        horizons=(1000,),
        runs=INSTANCES,
        tags=STEPS,
    ),
)


SEARCHES = (
    Claim(
        id="csg-15-max-affine",
        title="line searches end on 200 max-affine functions",
        bound=rows.SEARCH_ENDS,
        problem=max_affine,
        method=wolfe,
        horizons=(400,),
        runs=INSTANCES,
        tags=(*STEPS, "line-search"),
    ),
    Claim(
        id="csg-15-absolute-value",
        title="the one-sided line search ends on |x|",
        bound=rows.SEARCH_ENDS,
        problem=lambda horizon: AbsoluteValue(),
        method=always(_one_sided),
        horizons=(400,),
        tags=(*STEPS, "line-search"),
    ),
    Claim(
        id="csg-16-two-sided",
        title="the two-sided line search ends on |x|",
        bound=rows.SEARCH_ENDS_TWO_SIDED,
        problem=lambda horizon: AbsoluteValue(),
        method=always(_two_sided),
        horizons=(400,),
        tags=REFUTED,
        expected="refuted",
    ),
    Claim(
        id="csg-17-validated",
        title="the validated test accepts no step that raises the validation value",
        bound=rows.VALIDATED,
        problem=rings_samples,
        method=always(_validated),
        horizons=(30,),
        runs=8,
        tags=(*STEPS, "sampling"),
    ),
    Claim(
        id="csg-17-printed",
        title="the printed test accepts no step that raises the validation value",
        bound=rows.VALIDATED,
        problem=rings_samples,
        method=always(_printed_test),
        horizons=(30,),
        runs=8,
        tags=REFUTED,
        expected="refuted",
    ),
)

CLAIMS = (*NULL_STEPS, *SEARCHES)
