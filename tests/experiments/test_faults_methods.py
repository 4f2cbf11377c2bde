"""Planted faults in the update rules: each must be noticed by a claim of the ledger."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.theory.methods.accelerated import ITEM, OGM, OGMG, Silver
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.averaging import DualAveraging
from ratecheck.theory.methods.clipping import ChangedOracle
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import HeavyBall, Momentum, Ramp
from ratecheck.theory.methods.nesterov import LookAhead, Nesterov
from ratecheck.theory.schedules import InverseTime


@dataclass(frozen=True)
class ChangedGradients:
    """`inner` on gradients that are multiplied by a factor."""

    inner: Any
    factor: float

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        return self.inner.step(x, state, ChangedOracle(oracle, lambda _, g: self.factor * g))


@dataclass(frozen=True)
class Forgetful:
    """`inner` with its memory lost after each step, but for the count."""

    inner: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        x, following = self.inner.step(x, state, oracle)
        lost = self.inner.init(x)
        return x, lost._replace(k=following.k) if hasattr(following, "k") else lost


@dataclass(frozen=True)
class Stale:
    """`inner` on the gradient of the step before."""

    inner: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x), None

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        inner_state, last = state
        seen = []

        def previous(_: Any, g: Any) -> Any:
            seen.append(g)
            return g if last is None else last

        x, inner_state = self.inner.step(x, inner_state, ChangedOracle(oracle, previous))
        return x, (inner_state, seen[0])


@dataclass(frozen=True)
class CountsFromOne:
    """`inner` whose first step is number 1."""

    inner: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x)._replace(k=1)

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        return self.inner.step(x, state, oracle)


Method = Callable[[Any, int], Any]


def _spoiled(claim: str, fault: Callable[[Any], Any]) -> tuple[str, Method]:
    return claim, lambda facts, horizon: fault(claims()[claim].method(facts, horizon))


def _wrong_sign(method: Any) -> ChangedGradients:
    return ChangedGradients(method, -1.0)


def _tenth_longer(method: Any) -> ChangedGradients:
    return ChangedGradients(method, 1.1)


FAULTS: dict[str, tuple[str, Method]] = {
    "wrong sign: gradient descent": _spoiled("sm-01-unit-step", _wrong_sign),
    "wrong sign: average of subgradient steps": _spoiled("ns-03-equiangular-best", _wrong_sign),
    "wrong sign: last subgradient step": _spoiled("ns-05-random-maxima", _wrong_sign),
    "wrong sign: linear decay": _spoiled("ns-06-random-maxima", _wrong_sign),
    "wrong sign: quasi-monotone": _spoiled("ns-07-random-maxima", _wrong_sign),
    "wrong sign: Polyak": _spoiled("ns-09-sharp-corner", _wrong_sign),
    "wrong sign: sign descent": _spoiled("sg-01-oscillation", _wrong_sign),
    "wrong sign: AdaGrad-norm": _spoiled("ad-01-drift", _wrong_sign),
    "wrong sign: AdaGrad": _spoiled("ad-02-drift", _wrong_sign),
    "wrong sign: leader": _spoiled("oco-06-random-losses", _wrong_sign),
    "wrong sign: minimax player": _spoiled("oco-05-random-losses", _wrong_sign),
    "step 10 % too long: gradient descent": _spoiled("sm-01-unit-step", _tenth_longer),
    "step 10 % too long: nonconvex": _spoiled("sm-06-dip-unit-step", _tenth_longer),
    "step 10 % too long: Polyak": _spoiled("ns-09-sharp-corner", _tenth_longer),
    "step 10 % too long: average": _spoiled("ns-03-equiangular-triple", _tenth_longer),
    "step 10 % too long: Nesterov": _spoiled("sm-10-huber", _tenth_longer),
    "step 10 % too long: OGM": _spoiled("sm-13-huber", _tenth_longer),
    "step 10 % too long: OGM-G": _spoiled("sm-14-huber", _tenth_longer),
    "memory lost: Nesterov": _spoiled("sm-10-huber", Forgetful),
    "memory lost: OGM": _spoiled("sm-13-huber", Forgetful),
    "memory lost: triple momentum": _spoiled("sm-15-half-square", Forgetful),
    "memory lost: heavy ball": _spoiled("hb-02-huber", Forgetful),
    "memory lost: tuned heavy ball": _spoiled("hb-04-condition-25", Forgetful),
    "stale gradient: triple momentum": _spoiled("sm-15-half-square", Stale),
    "stale gradient: heavy ball": _spoiled("hb-04-condition-25", Stale),
    "stale gradient: sign descent": _spoiled("sg-01-oscillation", Stale),
    "first step is number 1: heavy ball": _spoiled("hb-02-huber", CountsFromOne),
    "first step is number 1: Nesterov": _spoiled("sm-10-huber", CountsFromOne),
    "horizon off by one: OGM": ("sm-13-huber", lambda facts, N: OGM(1.0, N + 1)),
    "horizon off by one: OGM-G": ("sm-14-huber", lambda facts, N: OGMG(1.0, N + 1)),
    "mu ten times too large: ITEM": ("sm-16-mu", lambda facts, N: ITEM(1.0, 0.99)),
    "square of q missing: heavy ball": (
        "hb-04-condition-25",
        lambda facts, N: HeavyBall(100 / 36, 4 / 6),
    ),
    "root of L missing: heavy ball": ("hb-04-condition-25", lambda facts, N: HeavyBall(4 / (1.0 + 0.04), 4 / 9)),
    "velocity taken for a sum: heavy ball": (
        "hb-02-huber",
        lambda facts, N: Momentum(InverseTime(1.0, 2.0), Ramp(2.0)),
    ),
    "k/(k+2) for k/(k+3)": ("sm-10-huber", lambda facts, N: Nesterov(1.0, Ramp(2.0))),
    "gradient at x, not at y": ("sm-10-huber", lambda facts, N: HeavyBall(1.0, Ramp(3.0))),
    "momentum one step late": ("sm-10-huber", lambda facts, N: LookAhead(1.0, Ramp(3.0))),
    "sum not averaged: quasi-monotone": (
        "ns-07-random-maxima",
        lambda facts, N: DualAveraging(claims()["ns-07-random-maxima"].method(facts, N).step_size),
    ),
    "silver exponent off by one": ("sm-17-random", lambda facts, N: Subgradient(_Gold(1.0))),
    "buffer without max: AMSGrad": (
        "ad-06-reddi",
        lambda facts, N: Projected(
            Adam(claims()["ad-06-reddi"].method(facts, N).inner.step_size, 0.0, 0.1, 0.0, bias_correction=False)
        ),
    ),
}


@dataclass(frozen=True)
class _Gold:
    scale: float

    def __call__(self, k: int) -> float:
        return 1 + (1 + math.sqrt(2)) * (Silver(self.scale)(k) - 1)


@pytest.mark.parametrize("name", list(FAULTS))
def test_fault_is_noticed(name: str, check: Callable[..., Any]) -> None:
    claim, method = FAULTS[name]
    judged = check(claim, method=method)
    assert not judged.as_expected, f"{claim}: {judged.verdict} with tightness {judged.tightness}"


def test_the_harness_itself_changes_nothing(check: Callable[..., Any]) -> None:
    claim = "sm-10-huber"
    unchanged = _spoiled(claim, lambda method: ChangedGradients(method, 1.0))
    assert check(claim, method=unchanged[1]).as_expected
    assert check(claim, method=lambda facts, N: replace(claims()[claim].method(facts, N))).as_expected
