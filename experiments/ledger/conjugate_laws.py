"""Claims about one update of an aggregated direction, and about AdamW-like steps along it."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.conjugate_parts import (
    LAWS,
    REFUTED,
    STEPS,
    always,
    hinge,
    noise_on_a_line,
    noisy_slope,
    null_steps_only,
    orthogonal,
    rare,
)
from ratecheck.theory.bounds import conjugate_laws as laws
from ratecheck.theory.methods.conjugate import Aggregation
from ratecheck.theory.methods.scs_adamw import PreconditionedSCSAdamW, SCSAdamW


def _law(id: str, title: str, bound: Any, problem: Any, method: Any, horizon: int, **more: Any) -> Claim:
    defaults: dict[str, Any] = {"tags": LAWS, "runs": 8}
    return Claim(
        id=id,
        title=title,
        bound=bound,
        problem=problem,
        method=always(method),
        horizons=(horizon,),
        **{**defaults, **more},
    )


def _swapped() -> Aggregation:
    return Aggregation(swapped=True)


def _printed() -> SCSAdamW:
    return SCSAdamW(0.01, swapped=True, corrected=True)


def _corrected() -> SCSAdamW:
    return SCSAdamW(0.01, corrected=True)


def _euclidean() -> SCSAdamW:
    return SCSAdamW(0.1)


def _preconditioned() -> PreconditionedSCSAdamW:
    return PreconditionedSCSAdamW(0.1)


def _capped() -> PreconditionedSCSAdamW:
    return PreconditionedSCSAdamW(0.01, beta2=0.9, weight_cap=0.9, reset_every=None, clip=False)


def _uncapped() -> SCSAdamW:
    return SCSAdamW(0.01, beta2=0.9)


UPDATES = (
    _law(
        "csg-i1-norm",
        "noise or not, the direction never grows",
        laws.NORM_FALLS,
        noisy_slope,
        Aggregation,
        1000,
        quick=True,
    ),
    _law("csg-i2-inner-products", "both inner products", laws.INNER_PRODUCTS, noisy_slope, Aggregation, 1000),
    _law("csg-i3-ends", "the weight is 0 or 1 exactly where it should be", laws.ENDS, noisy_slope, Aggregation, 1000),
    _law("csg-i4-interior", "the squared norm by its formula", laws.INTERIOR, noisy_slope, Aggregation, 1000),
    _law("csg-i5-reciprocals", "reciprocals add up", laws.RECIPROCALS, noisy_slope, Aggregation, 1000),
    _law("csg-i6-zero", "zero is absorbing", laws.ABSORBING, noise_on_a_line, Aggregation, 200),
    Claim(
        id="csg-i7-running-mean",
        title="orthogonal subgradients: squared norm 1/k at every step",
        bound=laws.RUNNING_MEAN_NORM,
        problem=orthogonal,
        method=null_steps_only,
        horizons=(200,),
        tags=LAWS,
        attained=1.0,
        attained_tolerance=1e-12,
        quick=True,
    ),
    Claim(
        id="csg-i7-running-mean-entry",
        title="orthogonal subgradients: the direction is their running mean",
        bound=laws.RUNNING_MEAN_ENTRY,
        problem=orthogonal,
        method=null_steps_only,
        horizons=(200,),
        tags=LAWS,
        attained=1.0,
        attained_tolerance=1e-12,
    ),
    _law(
        "csg-swapped-weights",
        "with the printed pairing the direction is the minimum-norm point",
        laws.NORM_FALLS,
        noisy_slope,
        _swapped,
        1000,
        tags=REFUTED,
        expected="refuted",
        quick=True,
    ),
    _law(
        "csg-noise-collapse",
        "the direction measures the gradient at a fixed point under noise",
        laws.NORM_MEASURES_SLOPE,
        noisy_slope,
        Aggregation,
        1000,
        tags=REFUTED,
        expected="refuted",
    ),
)

ADAMW = (
    _law(
        "csg-v2-descent",
        "V2 descends on its own sample at every step",
        laws.PRECONDITIONED_DESCENT,
        hinge,
        _preconditioned,
        400,
        tags=(*STEPS, "adamw"),
        quick=True,
    ),
    _law(
        "csg-v1-descent",
        "V1 never steps up the loss of its own sample",
        laws.EUCLIDEAN_DESCENT,
        hinge,
        _euclidean,
        400,
        runs=64,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
    ),
    _law(
        "csg-f2-correction-v0",
        "the printed bias correction is defined, literal reading",
        laws.CORRECTION_DEFINED,
        hinge,
        _printed,
        200,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
        quick=True,
    ),
    _law(
        "csg-f2-correction-v1",
        "the printed bias correction is defined, author pairing",
        laws.CORRECTION_DEFINED,
        hinge,
        _corrected,
        200,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
    ),
    _law(
        "csg-f2-every-run",
        "the printed bias correction divides by zero in 64 of 64 runs",
        laws.CORRECTION_BREAKS,
        hinge,
        _printed,
        200,
        runs=64,
        tags=(*STEPS, "adamw"),
    ),
    _law(
        "csg-f6-capped",
        "a cap of the weight bounds the step on a rare coordinate",
        laws.CAPPED_COORDINATES,
        rare,
        _capped,
        200,
        runs=1,
        tags=(*STEPS, "adamw"),
    ),
    _law(
        "csg-f6-rare-coordinate",
        "Adam's bound of a coordinate holds for an aggregated direction",
        laws.ADAM_COORDINATES,
        rare,
        _uncapped,
        200,
        runs=1,
        tags=(*REFUTED, "adamw"),
        expected="refuted",
    ),
)

CLAIMS = (*UPDATES, *ADAMW)
