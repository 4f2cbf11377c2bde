"""Planted faults in the instances, outputs and formulas of the deterministic catalogue."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims, nonsmooth, smooth
from ratecheck.testbeds.domains import Ball
from ratecheck.testbeds.online import LinearLosses, perpendicular_adversary, random_signs
from ratecheck.testbeds.random_instances import random_maxima, random_quadratics, random_smooth, sharp_corner
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_chain import TridiagonalQuadratic
from ratecheck.testbeds.worst_case_univariate import dip, huber, lessard
from ratecheck.theory.bound import Bound
from ratecheck.theory.facts import Facts, closed_form
from ratecheck.theory.outputs import Average


def formula(claim: str, change: Callable[[Any, Facts, Any, Any], Any]) -> dict[str, Any]:
    bound: Bound = claims()[claim].bound
    return {
        "bound": dataclasses.replace(
            bound, value=lambda facts, method, steps: change(bound.value(facts, method, steps), facts, method, steps)
        )
    }


def divided(claim: str, factor: float = 1.05) -> dict[str, Any]:
    upper = claims()[claim].bound.side != "lower"
    return formula(claim, lambda value, *_: value / factor if upper else value * factor)


def output(claim: str, instead: Any) -> dict[str, Any]:
    return {"bound": dataclasses.replace(claims()[claim].bound, output=instead)}


def problem(make: Callable[[int], Any]) -> dict[str, Any]:
    return {"problem": make}


def lying(inner: Any, **facts: Any) -> Any:
    return dataclasses.replace(inner, facts=Facts({**inner.facts.entries, **closed_form(**facts)}))


def _biased_signs(horizon: int) -> LinearLosses:
    fair = random_signs()
    return dataclasses.replace(fair, reveal=lambda t, x, total, u: np.where(u < 0.45, -1.0, 1.0))


def _sticky_signs(horizon: int) -> LinearLosses:
    fair = random_signs()
    # The sign of a round is that of the sum so far with chance 0.55.
    return dataclasses.replace(
        fair, reveal=lambda t, x, total, u: np.where(u < 0.55, 1.0, -1.0) * np.where(total >= 0, 1.0, -1.0)
    )


class _PointLike(Ball):
    def support(self, s: Any) -> Any:
        return np.zeros(s.shape[0])


def _no_comparator(horizon: int) -> LinearLosses:
    return dataclasses.replace(perpendicular_adversary(), domain=_PointLike(np.zeros(3), 1.0))


def _repeating_adversary(horizon: int) -> LinearLosses:
    return dataclasses.replace(
        perpendicular_adversary(),
        reveal=lambda t, x, total, u: np.broadcast_to(np.array([(-1.0) ** t, 0.0, 0.0]), x.shape).copy(),
    )


def heavy_ball_rate(facts: Facts) -> float:
    root = math.sqrt(facts["smoothness"] / facts["strong_convexity"])
    return (root - 1) / (root + 1)


FAULTS: list[tuple[str, str, Callable[[], dict[str, Any]]]] = [
    # instances and oracles
    ("resisting function cut off too high", "ns-06-max-coordinate", lambda: problem(lambda N: MaxCoordinate(N + 1))),
    (
        "slopes longer than M",
        "ns-01-random-maxima",
        lambda: problem(lambda N: dataclasses.replace(random_maxima(), directions=1.1 * random_maxima().directions)),
    ),
    (
        "optimum off by a hundredth",
        "sm-04-random",
        lambda: problem(lambda N: lying(smooth.strong_batch(N), f_star=-0.01)),
    ),
    ("sharpness overstated", "ns-09-sharp-corner", lambda: problem(lambda N: lying(sharp_corner(0.3), sharpness=0.5))),
    (
        "smoothness overstated",
        "sm-05-unit-step",
        lambda: problem(lambda N: lying(smooth.worst_strongly_convex(1.0)(N), smoothness=1.1)),
    ),
    (
        "strong convexity overstated",
        "sm-04-distance-mu",
        lambda: problem(lambda N: lying(smooth.half_square_with(smooth.CURVATURE)(N), strong_convexity=0.2)),
    ),
    ("smoothness understated", "sm-01-random", lambda: problem(lambda N: lying(random_smooth(), smoothness=0.4))),
    (
        "quadratics that are steeper than L",
        "hb-04-random",
        lambda: problem(lambda N: lying(random_quadratics(), smoothness=0.5)),
    ),
    ("Huber with another threshold", "sm-10-huber", lambda: problem(lambda N: huber(1 / (N + 1)))),
    ("dips of another step", "sm-06-dip-half-step", lambda: problem(lambda N: dip(N, 0.25))),
    ("a start outside the basin of the cycle", "hb-05-start-middle", lambda: problem(lambda N: lessard(1.5))),
    ("a chain that is too short", "sml-01-ogm", lambda: problem(lambda k: TridiagonalQuadratic(max(2, k // 3)))),
    (
        "gradients too short where too long were meant",
        "sm-08-too-long",
        lambda: problem(smooth.seen_with_error(1.0, True)),
    ),
    ("biased signs", "oco-l1-exact-leader", lambda: problem(_biased_signs)),
    ("signs that remember", "oco-l1-exact-leader", lambda: problem(_sticky_signs)),
    ("regret without its comparator", "oco-l2-leader", lambda: problem(_no_comparator)),
    ("an adversary that repeats itself", "oco-l2-adagrad", lambda: problem(_repeating_adversary)),
    # outputs
    (
        "average without the last point",
        "ns-03-equiangular-triple",
        lambda: output("ns-03-equiangular-triple", Average()),
    ),
    (
        "average instead of the last point",
        "ns-05-chain-double",
        lambda: output("ns-05-chain-double", Average(include_last=True)),
    ),
    ("average where the last point pays a logarithm", "nsl-04-trap", lambda: output("nsl-04-trap", Average())),
    # formulas
    *(
        (f"formula of {name} divided by 1.05", name, lambda name=name: divided(name))
        for name in (
            "ns-01-max-coordinate",
            "ns-05-chain-fourfold",
            "ns-08-average-max-coordinate",
            "nsl-01-polyak",
            "nsl-02a-maximum",
            "sm-02-long-step",
            "sm-07-zigzag",
            "sm-13-huber",
            "sml-02-ogm",
            "hb-04-condition-100",
            "hb-05-start-right",
            "oco-01-orthogonal",
            "oco-05-adversary",
            "oco-l2-frank-wolfe",
        )
    ),
    (
        "s_N for s_{N+1}",
        "ns-05-chain-best",
        lambda: formula(
            "ns-05-chain-best",
            lambda value, f, m, steps: np.array(
                [
                    (1 / (2 * g * s2) + g / 2 * (s2 - 2 * N))
                    for N, g, s2 in ((int(N), m.step_size, nonsmooth.last_iterate_square(int(N) - 1)) for N in steps)
                ]
            ),
        ),
    ),
    ("rho^N for rho^2N", "sm-04-mu", lambda: formula("sm-04-mu", lambda value, *_: np.sqrt(value))),
    (
        "4N for 2N in the exponent",
        "sm-09-ripple",
        lambda: formula("sm-09-ripple", lambda value, f, *_: value**2 / f["initial_gap"]),
    ),
    (
        "transient without q",
        "hb-04-condition-4",
        lambda: formula("hb-04-condition-4", lambda value, f, m, steps: (1 + steps) * heavy_ball_rate(f) ** steps),
    ),
    (
        "logarithm to base ten",
        "oco-07-targets",
        lambda: formula(
            "oco-07-targets",
            lambda value, f, m, steps: f["gradient_bound"] ** 2 * np.log10(steps) / (2 * f["strong_convexity"]) + 1e-3,
        ),
    ),
]


@pytest.mark.parametrize(("name", "claim", "plant"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_fault_is_caught(check: Any, name: str, claim: str, plant: Callable[[], dict[str, Any]]) -> None:
    judged = check(claim, **plant())
    assert not judged.as_expected, f"{claim}: {judged.verdict}, tightness {judged.tightness}"


@pytest.mark.parametrize("claim", sorted({fault[1] for fault in FAULTS}))
def test_without_the_fault_it_is_as_expected(check: Any, claim: str) -> None:
    assert check(claim).as_expected
