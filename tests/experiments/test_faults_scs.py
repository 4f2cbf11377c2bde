"""Planted faults in conjugate subgradients, sampling rules and their problems: each must be noticed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import conjugate_parts
from ratecheck.experiments.ledger import sampling as sampling_ledger
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_means import hinge_net, normal, tilt
from ratecheck.testbeds.sampling_oracle import Exact
from ratecheck.theory.arrays import row_dot
from ratecheck.theory.bounds import conjugate as rows
from ratecheck.theory.bounds import sampling as rules
from ratecheck.theory.bounds import sampling_conjugate as scsr
from ratecheck.theory.bounds import sampling_saa as saa
from ratecheck.theory.bounds.sampling import promised
from ratecheck.theory.facts import Fact, Facts
from ratecheck.theory.methods.conjugate import Aggregation, AggregationState, aggregate, conjugate_weight
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate
from ratecheck.theory.methods.conjugate_trust_region import TrustRegionConjugate
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.scs_adamw import PreconditionedSCSAdamW, SCSAdamW
from ratecheck.theory.sampling import FiniteBounded, FreshSampleSize, GaussianMean, VectorMean


@dataclass(frozen=True, slots=True)
class Corrupted:
    """A method whose state is spoilt after each step; `inner` is the right one, which the bound sees."""

    inner: Any
    spoil: Callable[[Any, Any, Any], Any]  # (point, state before, state after) -> state

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        y, after = self.inner.step(x, state, oracle)
        return y, self.spoil(y, state, after)


@dataclass(frozen=True, slots=True)
class WrongWeight:
    """Aggregation with another weight."""

    weight: Callable[[Any, Any], Any]

    def init(self, x: Any) -> AggregationState:
        return Aggregation().init(x)

    def step(self, x: Any, state: AggregationState, oracle: Any) -> tuple[Any, AggregationState]:
        g = oracle.subgradient(x)
        if state.k == 0:
            return x, AggregationState(1, g, g, 0 * g[..., 0], g)
        w = self.weight(state.direction, g)
        return x, AggregationState(state.k + 1, state.direction, g, w, aggregate(state.direction, g, w))


@dataclass(frozen=True, slots=True)
class Stepping:
    """A method of which only the step differs from `inner`."""

    inner: Any
    other: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        return self.other.step(x, state, oracle)


def _unclipped(d: Any, g: Any) -> Any:
    return row_dot(g, g - d) / row_dot(g - d, g - d)


def _wrong_sign(d: Any, g: Any) -> Any:
    return np.clip(row_dot(g, g + d) / row_dot(g - d, g - d), 0, 1)


def _twice_the_cross_term_missing(d: Any, g: Any) -> Any:
    return np.clip((row_dot(g, g) - row_dot(d, g)) / (row_dot(d, d) + row_dot(g, g)), 0, 1)


def _old_minorant(y: Any, before: Any, after: Any) -> Any:
    return after._replace(offset=np.where(after.null, before.offset, after.offset))


def _old_anchor(y: Any, before: Any, after: Any) -> Any:
    return after._replace(anchor=np.where(after.null[:, None], before.anchor + 0.0 * after.anchor, after.anchor) * 0)


def _lost_minus(y: Any, before: Any, after: Any) -> Any:
    return after._replace(offset=-after.offset)


def _always(method: Any) -> Callable[[Facts, int], Any]:
    return lambda facts, horizon: method


def _times(bound: Any, factor: float) -> Any:
    return dataclasses.replace(bound, value=lambda facts, method, steps: factor * bound.value(facts, method, steps))


def _plus(bound: Any, change: float) -> Any:
    return dataclasses.replace(bound, value=lambda facts, method, steps: bound.value(facts, method, steps) + change)


def _rule(bound: Any, make: Callable[[Facts], Any], confidence: float) -> Any:
    return dataclasses.replace(bound, value=promised(make, confidence))


def _one_round(facts: Facts, horizon: int) -> Any:
    """Return SCS-R whose confidence is not split over its rounds."""
    right = sampling_ledger.BEDS[1][2](facts, horizon)
    C, dim = scsr.sampling_constants(facts)
    rule = FreshSampleSize(C, right.slope, 1, scsr.CONFIDENCE, dim)
    return dataclasses.replace(right, samples=rule.fixed(right.tolerance))


def _no_floor(facts: Facts, horizon: int) -> Any:
    """Return adaptive SCS-R whose rule may ask for more than the theorem: the floor of the tolerance is forgotten."""
    right = sampling_ledger.adaptive_scs_r(facts, horizon)
    return Stepping(right, dataclasses.replace(right, adaptive=_Unfloored(right.adaptive)))


@dataclass(frozen=True, slots=True)
class _Unfloored:
    rule: FreshSampleSize

    def adaptive(self, norm: Any, tolerance: float, most: int) -> Any:
        return self.rule.adaptive(0.5 * norm, 0.01 * tolerance, most)


def _lower_optimum(horizon: int) -> Any:
    right = LeastAbsoluteDeviations()

    @dataclass(frozen=True)
    class Shifted(Exact):
        @property
        def facts(self) -> Facts:
            return Facts({**right.facts.entries, "f_star": Fact(right.facts["f_star"] - 0.01, "planted")})

    return Shifted(right)


def _longer_tilt(horizon: int) -> Any:
    right = tilt(10)
    return dataclasses.replace(tilt(10, 1.1), constants=right.constants)


def _biased_normal(horizon: int) -> Any:
    right = normal()
    return dataclasses.replace(right, sample=lambda u: right.sample(u) + 0.05)


def _reversed_reset(facts: Facts, horizon: int) -> LineSearchConjugate:
    return dataclasses.replace(conjugate_parts.wolfe_without_reset(facts, horizon), reset=0.01)


SHORT = {"horizons": (300,)}
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "weights swapped": ("csg-i1-norm", {"method": _always(Aggregation(swapped=True))}),
    "weight not clipped": ("csg-i3-ends", {"method": _always(WrongWeight(_unclipped))}),
    "sign in the weight": ("csg-i1-norm", {"method": _always(WrongWeight(_wrong_sign))}),
    "cross term forgotten": ("csg-i2-inner-products", {"method": _always(WrongWeight(_twice_the_cross_term_missing))}),
    "running mean for minimum norm": (
        "csg-i2-inner-products",
        {"method": _always(WrongWeight(lambda d, g: 0.5 + 0 * d[:, 0]))},
    ),
    "reset missing": ("csg-12-wolfe", {"method": conjugate_parts.wolfe_without_reset, "horizons": (1000,)}),
    "reset where none was": ("csg-14-freeze-bundle", {"method": _reversed_reset}),
    "minorant not aggregated": (
        "csg-09-max-affine",
        {"method": _always(Corrupted(OnePointConjugate(0.02, 0.05), _old_minorant)), **SHORT},
    ),
    "sign of the minorant": (
        "csg-09-max-affine",
        {"method": _always(Corrupted(OnePointConjugate(0.02, 0.05), _lost_minus)), **SHORT},
    ),
    "anchor not aggregated": (
        "csg-10-kernel-svm",
        {"method": _always(Corrupted(OnePointConjugate(0.02, 1e-3), _old_anchor)), **SHORT},
    ),
    "null-step bound too small by 5 %": ("csg-01-tight", {"bound": _times(rows.NULL_SHARP, 1 / 1.05)}),
    "one null step too few": ("csg-04-tight", {"bound": _plus(rows.NULLS, -1.0)}),
    "one null step too many": ("csg-04-tight", {"bound": _plus(rows.NULLS, 1.0)}),
    "serious steps too few by 5 %": ("csg-06-absolute-value", {"bound": _times(rows.SERIOUS, 1 / 1.05)}),
    "optimum too low": ("csg-09-absolute-deviations", {"problem": _lower_optimum}),
    "two-sided line search": (
        "csg-15-absolute-value",
        {"method": _always(LineSearchConjugate(tolerance=1e-6, reset=0.01, two_sided=True))},
    ),
    "acceptance test the wrong way round": (
        "csg-17-validated",
        {"method": _always(TrustRegionConjugate(batch=10, radius=0.5, acceptance="printed"))},
    ),
    "Euclidean metric in V2": ("csg-v2-descent", {"method": _always(SCSAdamW(0.1))}),
    "cap of the weight and metric forgotten": (
        "csg-f6-capped",
        {
            "method": _always(
                Stepping(
                    PreconditionedSCSAdamW(0.01, beta2=0.9, weight_cap=0.9, reset_every=None, clip=False),
                    SCSAdamW(0.01, beta2=0.9),
                )
            )
        },
    ),
    "correction left out": ("csg-f2-every-run", {"method": _always(SCSAdamW(0.01, swapped=True))}),
    "sample reused after a serious step": ("scsr-07-fresh", {"method": sampling_ledger._reusing("nested")}),
    "confidence split over rounds forgotten": ("scsr-01-absolute-deviations", {"method": _one_round, "runs": 8}),
    "floor of the adaptive size forgotten": ("scsr-06-absolute-deviations", {"method": _no_floor}),
    "confidence split over points forgotten": (
        "sample-exact-family-90",
        {"bound": _rule(rules.EXACT_FAMILY, lambda facts: GaussianMean(1.0), 0.9)},
    ),
    "square root of N forgotten": (
        "sample-a6-90",
        {
            "bound": dataclasses.replace(
                rules.VECTOR[0], value=lambda facts, method, steps: (1 + math.sqrt(2 * math.log(10))) / steps
            )
        },
    ),
    "constant of the rule doubled": (
        "sample-a6-within-7",
        {"bound": _times(rules.TIGHTNESS[1], 2.0)},
    ),
    "number of choices forgotten": (
        "saa-01-90",
        {"bound": _rule(saa.SAA_01, lambda facts: FiniteBounded(2, 1.0), 0.9)},
    ),
    "longer samples than stated": ("saa-05-exact", {"problem": _longer_tilt}),
    "biased samples": ("sample-exact-90", {"problem": _biased_normal}),
    "running mean with a constant step": ("sample-rate", {"method": _always(Subgradient(0.1))}),
    **{
        f"failure probability 1.5 times the stated at {level}": (
            f"sample-exact-{round(100 * level)}",
            {"bound": _rule(bound, lambda facts: GaussianMean(1.0), 1 - 1.5 * (1 - level))},
        )
        for bound, level in zip(rules.EXACT_NORMAL, rules.LEVELS)
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_noticed(check: Any, fault: str) -> None:
    claim, parts = FAULTS[fault]
    assert not check(claim, **parts).as_expected


SHORTENED = ["csg-09-max-affine", "csg-10-kernel-svm"]


@pytest.mark.parametrize("claim", SHORTENED)
def test_shortened_claims_hold_without_a_fault(check: Any, claim: str) -> None:
    assert check(claim, **SHORT).as_expected


def test_examples_of_the_faults_are_the_right_thing_without_them() -> None:
    d, g = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert conjugate_weight(d, g)[0] == 0.5
    assert VectorMean(1.0).accuracy(100, 0.9) == pytest.approx((1 + math.sqrt(2 * math.log(10))) / 10)
    assert hinge_net().facts["lipschitz"] == 1.0
