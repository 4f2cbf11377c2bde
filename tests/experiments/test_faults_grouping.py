"""Planted faults in gradient grouping and in its bounds: each must be noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.grouping_table import BLOCKS, contender
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.ledger.grouping import live, oracle_scales
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.grouping import SGG
from ratecheck.theory.methods.grouping_scales import Grouping
from ratecheck.theory.schedules import Cosine, InverseSqrt


def _scaled(claim: str, factor: float) -> dict[str, Any]:
    bound = claims()[claim].bound
    return {"bound": dataclasses.replace(bound, value=lambda *given: factor * bound.value(*given))}


def _sgg(change: Callable[[SGG], Any], claim: str) -> dict[str, Any]:
    """Replace the SGG wrapper of a claim's method by a faulty one."""
    original = claims()[claim].method

    def method(facts: Any, horizon: int) -> Any:
        right = original(facts, horizon)
        return dataclasses.replace(right, inner=change(right.inner)) if isinstance(right, Projected) else change(right)

    return {"method": method}


@dataclasses.dataclass(frozen=True)
class Ascent:
    """Goes up instead of down."""

    step_size: Any

    def init(self, x: np.ndarray) -> int:
        return 0

    def step(self, x: np.ndarray, state: int, oracle: Any) -> tuple[np.ndarray, int]:
        return x + self.step_size(state) * oracle.subgradient(x), state + 1


def _frozen_base(**fields: Any) -> dict[str, Any]:
    rule = Grouping(clusters=1, first_value=True, eps=0.0, **fields)

    def method(facts: Any, horizon: int) -> SGG:
        return SGG(Subgradient(Cosine(3.2e-4, horizon)), rule, BLOCKS, when="once", at_once=True)

    return {"method": method}


def _rule(claim: str, **fields: Any) -> dict[str, Any]:
    return _sgg(lambda wrapper: dataclasses.replace(wrapper, rule=dataclasses.replace(wrapper.rule, **fields)), claim)


def _wrapper(claim: str, **fields: Any) -> dict[str, Any]:
    return _sgg(lambda wrapper: dataclasses.replace(wrapper, **fields), claim)


def _method(make: Callable[[Any, int], Any]) -> dict[str, Any]:
    return {"method": make}


def _rootless(claim: str) -> dict[str, Any]:
    bound = claims()[claim].bound
    return {"bound": dataclasses.replace(bound, value=lambda f, m, steps: bound.value(f, m, steps) / np.sqrt(steps))}


ASCENT = _method(lambda facts, horizon: Projected(Ascent(InverseSqrt(0.3))))
ROOTS = _method(lambda facts, horizon: Subgradient(2e-4 / np.sqrt(facts["block_smoothness"] / 5e3)))
SQUARES = _method(lambda facts, horizon: Subgradient(1 / facts["block_smoothness"] ** 2))
UPSIDE_DOWN = _method(lambda facts, horizon: Subgradient(facts["block_smoothness"] * 1e-7))
TOO_LONG = _method(lambda facts, horizon: Subgradient(2.01 / facts["smoothness"]))
CONSTANT = _method(lambda facts, horizon: Projected(live(100)(Subgradient(0.3))))
UNSCALED = _method(lambda facts, horizon: contender("GD", "base")(Cosine(3.2e-4, horizon)))
LIVE = _wrapper(
    "sgg-still-frozen",
    when="every",
    period=1,
    rule=Grouping(clusters=1, smoothing=0.0, first_value=True, clamp=(0.33, 1.0)),
)
NO_START = _method(lambda facts, horizon: contender("heavy ball", "paper")(Cosine(3.2e-2, horizon)))
FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("path: bound without 1/s_min", "sgg-path", _scaled("sgg-path", 0.01)),
    ("path: clamp without 1", "sgg-path", _rule("sgg-path", clamp=(2.0, 10.0))),
    ("quadratic: scales squared", "sgg-oracle-blocks", SQUARES),
    ("quadratic: scales upside down", "sgg-oracle-blocks", UPSIDE_DOWN),
    ("quadratic: square root of the scales", "sgg-oracle-blocks", ROOTS),
    ("quadratic: clamp too tight", "sgg-oracle-clamped", _method(oracle_scales(50.0, 50.0))),
    ("quadratic: step beyond 2/L", "sgg-descent-plain", TOO_LONG),
    ("quadratic: bound divided by 1.05", "sgg-oracle-blocks", _scaled("sgg-oracle-blocks", 1 / 1.05)),
    ("regret: ascends", "sgg-fixed-drift", ASCENT),
    ("regret: constant steps", "sgg-moving-adversary", CONSTANT),
    ("regret: bound without sqrt(T)", "sgg-fixed-adversary", _rootless("sgg-fixed-adversary")),
    (
        "regret: live scales instead of frozen ones",
        "sgg-still-frozen",
        LIVE,
    ),
    ("groups: bound in the mean instead of the root mean square", "sgg-groups-1", _scaled("sgg-groups-1", 0.2)),
    ("smooth: scales of the same step", "sgg-smooth-lagging", _wrapper("sgg-smooth-lagging", delay=False)),
    ("smooth: step above 1/(L s_max)", "sgg-smooth-lagging", _wrapper("sgg-smooth-lagging", inner=Subgradient(0.2))),
    ("contrast: no scales", "sgg-freeze-het", UNSCALED),
    ("contrast: clamp at 1", "sgg-freeze-het", _frozen_base(clamp=(1.0, 1.0))),
    ("contrast: layer reference", "sgg-freeze-het", _frozen_base(reference="layer")),
    (
        "contrast: S = 1 until step T",
        "sgg-first-het",
        NO_START,
    ),
    ("clusters: K = 1 for K = 3", "sgg-three-clusters", _rule("sgg-three-clusters", clusters=1)),
    ("clusters: scales start from 1", "sgg-three-clusters", _rule("sgg-three-clusters", first_value=False)),
]


@pytest.mark.parametrize(("name", "claim", "planted"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_fault_is_noticed(check: Any, name: str, claim: str, planted: dict[str, Any]) -> None:
    assert not check(claim, **planted).as_expected


def test_there_is_something_to_notice(check: Any) -> None:
    for claim in sorted({claim for _, claim, _ in FAULTS}):
        assert check(claim).as_expected
