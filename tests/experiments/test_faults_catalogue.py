"""Planted faults in the methods of the deterministic catalogue: each is a bug that was made somewhere, or nearly."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import accelerated, claims, nonsmooth, online, smooth
from ratecheck.testbeds.random_instances import random_maxima
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.theory.facts import Facts, closed_form
from ratecheck.theory.methods.accelerated import OGM, OGMG, Silver, TripleMomentum
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import HeavyBall, Ramp
from ratecheck.theory.methods.nesterov import Fista, Nesterov
from ratecheck.theory.schedules import Halving, InverseSqrt, InverseTime, LinearDecay

Make = Callable[[Facts, int], Any]


@dataclass(frozen=True, slots=True)
class Tampered:
    """Runs `step` where `inner`, which the bound sees, should run."""

    inner: Any
    move: Callable[[Any, Any, Any, Any], Any]

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        return self.move(self.inner, x, state, oracle)


def tampered(claim: str, move: Callable[[Any, Any, Any, Any], Any]) -> dict[str, Any]:
    make = claims()[claim].method
    return {"method": lambda facts, horizon: Tampered(make(facts, horizon), move)}


def wrong_sign(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, state = inner.step(x, state, oracle)
    return 2 * x - following, state


def half_step(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, state = inner.step(x, state, oracle)
    return (x + following) / 2, state


def double_step(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, state = inner.step(x, state, oracle)
    return 2 * following - x, state


def two_steps(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    return inner.step(*inner.step(x, state, oracle), oracle)


def lost_state(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, _ = inner.step(x, state, oracle)
    return following, inner.init(following)


def cheating(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, state = inner.step(x, state, oracle)
    return following - 0.1, state


def not_a_number(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, state = inner.step(x, state, oracle)
    return following * np.nan, state


def momentum_subtracted(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    following, after = inner.step(x, state, oracle)
    return following - 2 * inner.momentum * (x - state.previous), after


def gap_over_norm(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    g = oracle.subgradient(x)
    gap = oracle.value(x) - oracle.f_star
    return x - (gap / np.linalg.norm(g, axis=1))[:, None] * g, state


def minimal_gradient_step(inner: Any, x: Any, state: Any, oracle: Any) -> Any:
    g = oracle.subgradient(x)
    Hg = (g - oracle.subgradient(x - g)) / 1.0
    return x - ((g * Hg).sum(axis=1) / (Hg**2).sum(axis=1))[:, None] * g, state


def method(make: Make) -> dict[str, Any]:
    return {"method": make}


def problem(make: Callable[[int], Any]) -> dict[str, Any]:
    return {"problem": make}


def _missing_root(facts: Facts, N: int) -> Any:
    return Subgradient(facts["radius"] / (facts["lipschitz"] * (N + 1)))


def _horizon_off_by_one(facts: Facts, N: int) -> Any:
    return Subgradient(facts["radius"] / (facts["lipschitz"] * math.sqrt(N)))


def _peak_without_share(facts: Facts, N: int) -> Any:
    return Subgradient(LinearDecay(facts["radius"] / (facts["lipschitz"] * math.sqrt(N + 1)), N))


def _steep_maxima(horizon: int) -> Any:
    batch = random_maxima()
    facts = Facts({**batch.facts.entries, **closed_form(lipschitz=3.0)})
    return dataclasses.replace(batch, directions=3 * batch.directions, facts=facts)


FAULTS: list[tuple[str, str, Callable[[], dict[str, Any]]]] = [
    # methods
    ("ascent instead of descent", "ns-01-random-maxima", lambda: tampered("ns-01-random-maxima", wrong_sign)),
    ("missing square root in the step", "ns-01-max-coordinate", lambda: method(_missing_root)),
    ("step for N evaluations", "ns-01-max-coordinate", lambda: method(_horizon_off_by_one)),
    (
        "step without normalising",
        "ns-02-max-coordinate",
        lambda: method(nonsmooth.constant()) | problem(lambda N: MaxCoordinate(N, lipschitz=2.0)),
    ),
    ("half of each step", "ns-03-equiangular-triple", lambda: tampered("ns-03-equiangular-triple", half_step)),
    ("twice each step", "ns-05-chain-double", lambda: tampered("ns-05-chain-double", double_step)),
    ("linear decay from the wrong peak", "ns-06-max-coordinate", lambda: method(_peak_without_share)),
    (
        "linear decay for one step more",
        "ns-06-max-coordinate",
        lambda: method(lambda f, N: Subgradient(LinearDecay(f["radius"] / (f["lipschitz"] * math.sqrt(N + 1)), N + 1))),
    ),
    ("averaging forgotten", "ns-07-random-maxima", lambda: tampered("ns-07-random-maxima", wrong_sign)),
    (
        "Polyak's step without the square",
        "ns-08-random-maxima",
        lambda: tampered("ns-08-random-maxima", gap_over_norm) | problem(_steep_maxima),
    ),
    ("twice Polyak's step", "ns-08-random-maxima", lambda: tampered("ns-08-random-maxima", double_step)),
    ("half of Polyak's step", "ns-09-sharp-corner", lambda: tampered("ns-09-sharp-corner", half_step)),
    (
        "halving with the wrong horizon",
        "ns-10-max-coordinate",
        lambda: method(lambda f, N: Projected(Subgradient(Halving(f["diameter"] / f["lipschitz"], N)))),
    ),
    (
        "steps 1/(mu t) for 2/(mu(t+1))",
        "ns-12-strongly-convex-maximum",
        lambda: method(lambda f, N: Projected(Subgradient(InverseTime(1 / f["strong_convexity"])))),
    ),
    ("a method that knows the minimiser", "nsl-01-constant-step", lambda: tampered("nsl-01-constant-step", cheating)),
    (
        "steps 1/t where 1/sqrt(t) was meant",
        "nsl-04-trap",
        lambda: method(lambda f, N: Projected(Subgradient(InverseTime(1.0)))),
    ),
    ("five per cent longer steps", "sm-01-unit-step", lambda: method(smooth.descent(1.05))),
    ("a step that is not a number", "sm-01-unit-step", lambda: tampered("sm-01-unit-step", not_a_number)),
    ("two steps counted as one", "sm-02-half-step", lambda: tampered("sm-02-half-step", two_steps)),
    ("unstable step", "sm-03-unit-step", lambda: method(smooth.descent(2.1))),
    ("step 1/L where 2/(L+mu) was meant", "sm-04-l", lambda: method(smooth.descent(1.0))),
    ("too long for nonconvex functions", "sm-06-dip-unit-step", lambda: method(smooth.descent(1.8))),
    (
        "minimal-gradient instead of Cauchy step",
        "sm-07-zigzag",
        lambda: tampered("sm-07-zigzag", minimal_gradient_step),
    ),
    ("error ignored in the step", "sm-08-too-long", lambda: method(smooth.best_descent)),
    ("momentum t/(t+2)", "sm-10-huber", lambda: method(lambda f, N: Nesterov(1 / f["smoothness"], Ramp(2.0)))),
    ("momentum lost", "sm-11-huber", lambda: tampered("sm-11-huber", lost_state)),
    ("no momentum on the chain", "sm-12-chain", lambda: method(smooth.descent(0.2))),
    ("OGM for one step more", "sm-13-huber", lambda: method(lambda f, N: OGM(f["smoothness"], N + 1))),
    ("FISTA where OGM was meant", "sm-13-half-square", lambda: method(lambda f, N: Fista(1 / f["smoothness"]))),
    ("OGM-G for one step more", "sm-14-huber", lambda: method(lambda f, N: OGMG(f["smoothness"], N + 1))),
    (
        "triple momentum for another condition number",
        "sm-15-half-square",
        lambda: method(lambda f, N: TripleMomentum(f["smoothness"], f["strong_convexity"] / 2)),
    ),
    ("triple momentum where ITEM was meant", "sm-16-mu", lambda: method(accelerated.triple_momentum)),
    (
        "silver steps that are too long",
        "sm-17-random",
        lambda: method(lambda f, N: Subgradient(Silver(2.5 / f["smoothness"]))),
    ),
    ("momentum with the wrong sign", "hb-04-condition-25", lambda: tampered("hb-04-condition-25", momentum_subtracted)),
    (
        "momentum q for q^2",
        "hb-04-condition-25",
        lambda: method(lambda f, N: HeavyBall(4 / (1 + math.sqrt(f["strong_convexity"])) ** 2, (5 - 1) / (5 + 1))),
    ),
    (
        "ramp t/(t+3)",
        "hb-02-huber",
        lambda: method(lambda f, N: HeavyBall(InverseTime(1 / f["smoothness"], 2.0), Ramp(3.0))),
    ),
    (
        "step 1/(L(t+1))",
        "hb-02-huber",
        lambda: method(lambda f, N: HeavyBall(InverseTime(1 / f["smoothness"], 1.0), Ramp(2.0))),
    ),
    ("too long a step for its momentum", "hb-01-momentum-small", lambda: method(lambda f, N: HeavyBall(1.0, 0.5))),
    ("regret ascends", "oco-02-random-losses", lambda: tampered("oco-02-random-losses", wrong_sign)),
    (
        "steps D/(G t)",
        "oco-02-random-losses",
        lambda: method(lambda f, N: Projected(Subgradient(InverseTime(f["diameter"] / f["gradient_bound"])))),
    ),
    (
        "radius for diameter",
        "oco-03-random-losses",
        lambda: method(lambda f, N: Projected(Subgradient(InverseSqrt(f["radius"] / f["gradient_bound"])))),
    ),
    (
        "steps 2/(lambda t)",
        "oco-07-targets",
        lambda: method(lambda f, N: Projected(Subgradient(InverseTime(2 / f["strong_convexity"])))),
    ),
    (
        "Frank-Wolfe with the weight of another horizon",
        "oco-08-random-losses",
        lambda: method(lambda f, N: online.frank_wolfe(f, 2 * N)),
    ),
]


@pytest.mark.parametrize(("name", "claim", "plant"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_fault_is_caught(check: Any, name: str, claim: str, plant: Callable[[], dict[str, Any]]) -> None:
    judged = check(claim, **plant())
    assert not judged.as_expected, f"{claim}: {judged.verdict}, tightness {judged.tightness}"


@pytest.mark.parametrize("claim", sorted({fault[1] for fault in FAULTS}))
def test_without_the_fault_it_is_as_expected(check: Any, claim: str) -> None:
    assert check(claim).as_expected


def test_other_constants_do_not_matter(check: Any) -> None:
    # So that a fault seen with M = 2 or 3 is the method's, not the instance's.
    assert check("ns-08-random-maxima", problem=_steep_maxima).as_expected
    for name in ("ns-02-max-coordinate", "ns-08-max-coordinate", "ns-06-max-coordinate"):
        assert check(name, problem=lambda N: MaxCoordinate(N, lipschitz=2.0, radius=3.0)).as_expected


def test_no_fault_is_listed_twice() -> None:
    assert len({fault[0] for fault in FAULTS}) == len(FAULTS) >= 40
