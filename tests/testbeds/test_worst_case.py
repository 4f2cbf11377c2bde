"""Worst-case instances: attained at *every* number of steps, resisting every method, and refusing bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratecheck.experiments.engine import simulate
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.run import run_claim
from ratecheck.testbeds import online, random_instances, relative_error, worst_case_chain, worst_case_max
from ratecheck.testbeds import worst_case_univariate as univariate
from ratecheck.testbeds.online_targets import MovingTargets
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods import METHODS
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import optimal_heavy_ball
from ratecheck.theory.outputs import Average, Best, Last
from ratecheck.theory.stationarity import DISTANCE, GAP

LADDERS = [
    claim
    for claim in claims().values()
    if "exact" in claim.tags and claim.attained == 1.0 and claim.attained_everywhere
    if not claim.bound.anytime and claim.bound.kind == "deterministic" and claim.runs == 1
]
ATTAINED_IN_THE_LIMIT = {"hb-05-start-left", "hb-05-start-middle", "hb-05-start-right"}  # on one point of three


def run(problem: Any, method: Any, output: Any, horizon: int, measure: Any = GAP) -> float:
    trace = simulate(problem, method, output, measure, steps=np.array([horizon]), streams=Streams(0, "test", range(1)))
    return float(trace.values[0, 0])


@pytest.mark.parametrize("claim", [c for c in LADDERS if c.id not in ATTAINED_IN_THE_LIMIT], ids=lambda c: c.id)
def test_an_exact_row_is_attained_at_every_horizon(claim: Any) -> None:
    # The verdict compares the largest ratio; an instance that is right at one horizon only would pass it.
    result = run_claim(claim, seed=0)
    known = np.abs(result.bound) > 1e4 * result.floor
    ratio = (result.values / result.bound)[:, known if known.ndim == 1 else known[0]]
    assert ratio.size
    assert ratio == pytest.approx(np.ones_like(ratio), abs=1e-9)


def test_there_are_many_exact_rows() -> None:
    rows = {claim.bound.id for claim in claims().values() if claim.attained == 1.0 and "exact" in claim.tags}
    wanted = {f"NS-0{k}" for k in (1, 2, 3, 5, 6, 7, 8, 9)} | {f"SM-0{k}" for k in range(1, 9)}
    wanted |= {"SM-10", "SM-13", "SM-14", "SM-15", "SM-16", "HB-02", "HB-04", "OCO-01", "OCO-05", "OCO-06", "OCO-L2"}
    assert wanted <= rows


def test_every_exact_upper_row_has_a_thousand_random_instances() -> None:
    batches = {c.bound.id for c in claims().values() if "random" in c.tags and c.runs == 1000}
    rows = {f"NS-0{k}" for k in (1, 2, 3, 5, 6, 7, 8, 9)} | {f"SM-0{k}" for k in range(1, 9)}
    rows |= {"SM-10", "SM-13", "SM-14", "SM-15", "SM-16", "HB-02", "HB-04", "OCO-01", "OCO-05", "OCO-06"}
    assert rows | {"NS-08-average", "SM-04-distance", "SM-04-gradient"} <= batches


@settings(max_examples=40, deadline=None)
@given(horizon=st.integers(1, 30), factor=st.floats(0.2, 20.0))
def test_equiangular_attains_the_average_bound_at_any_step(horizon: int, factor: float) -> None:
    h = max(factor / np.sqrt(horizon + 1), 1.0001 / (horizon + 1))
    problem = worst_case_max.equiangular(horizon, h)
    bound = 1 / (2 * (horizon + 1) * h) + h / 2
    assert run(problem, Subgradient(h), Average(include_last=True), horizon) == pytest.approx(bound, rel=1e-10)
    assert np.linalg.norm(problem.facts["x_star"]) == pytest.approx(1, rel=1e-10)


@settings(max_examples=40, deadline=None)
@given(horizon=st.integers(1, 30), factor=st.floats(1.0001, 50.0))
def test_chain_attains_the_last_iterate_bound_at_any_step(horizon: int, factor: float) -> None:
    s2 = worst_case_max.last_iterate_sums(horizon)[-1] ** 2
    h = factor / s2
    problem = worst_case_max.chain(horizon, h)
    bound = 1 / (2 * h * s2) + h / 2 * (s2 - 2 * horizon)
    assert run(problem, Subgradient(h), Last(), horizon) == pytest.approx(bound, rel=1e-10)
    assert np.linalg.norm(problem.facts["x_star"]) == pytest.approx(1, rel=1e-10)


# Methods that move every coordinate at random, or that need another oracle, leave the span of subgradients.
DETERMINISTIC = sorted(
    name
    for name in METHODS
    if not any(
        word in name
        for word in (
            "sto",
            "ssdm",
            "walk",
            "svrg",
            "player",
            "extragradient",
            "storm",
            "sarah",
            "spider",
            "clipped-groups",
            "converted",
            "ingd",
        )
    )
)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_no_method_of_the_package_beats_the_resisting_function(name: str) -> None:
    problem = MaxCoordinate(12)
    try:
        best = run(problem, METHODS[name], Best(), 12)
    except AttributeError:
        pytest.skip("asks for more than a subgradient oracle gives")
    assert best >= 1 / np.sqrt(13) * (1 - 1e-12)


def test_lessard_cycle_is_reached_and_kept() -> None:
    problem = univariate.lessard(3.3)
    method = optimal_heavy_ball(25.0, 1.0)
    trace = simulate(
        problem,
        method,
        Last(),
        DISTANCE,
        steps=np.arange(300, 303),
        streams=Streams(0, "test", range(1)),
    )
    assert sorted(trace.values[0]) == pytest.approx(np.array([792, 2208, 2592]) / 1225, abs=1e-12)


@pytest.mark.parametrize("start", np.linspace(3.062, 3.462, 9))
def test_the_whole_interval_leads_to_the_cycle(start: float) -> None:
    assert run(univariate.lessard(float(start)), optimal_heavy_ball(25.0, 1.0), Last(), 600, DISTANCE) > 0.6


def test_sign_steps_oscillate_for_ever() -> None:
    from ratecheck.theory.methods.sign import SignSGD

    problem = univariate.sign_oscillation(0.5)
    for horizon in (1, 2, 7, 100):
        assert run(problem, SignSGD(0.5), Last(), horizon, DISTANCE) == 0.25


def test_tridiagonal_minimiser_in_closed_form() -> None:
    k = 5
    problem = worst_case_chain.TridiagonalQuadratic(2 * k + 1, smoothness=4.0)
    assert problem.facts["x_star"] == pytest.approx(1 - np.arange(1, 2 * k + 2) / (2 * k + 2))
    strong = worst_case_chain.TridiagonalQuadratic(400, 1.0, 0.1)
    q = (np.sqrt(10) - 1) / (np.sqrt(10) + 1)
    assert strong.facts["x_star"][:30] == pytest.approx(q ** np.arange(1, 31), rel=1e-9)


def test_adversary_makes_every_round_orthogonal() -> None:
    problem = online.perpendicular_adversary(dim=4)
    random = np.random.default_rng(0)
    total = np.zeros((6, 4))
    for t in range(1, 50):
        x = problem.domain.project(random.normal(size=(6, 4)) * (0.0 if t == 1 else 1.0))
        g = problem.reveal(t, x, total, None)
        assert np.abs((g * x).sum(axis=1)).max() <= 1e-15 * t
        assert np.abs((g * total).sum(axis=1)).max() <= 1e-14 * t
        assert np.linalg.norm(g, axis=1) == pytest.approx(np.ones(6), rel=1e-14)
        total = total + g
    assert np.linalg.norm(total, axis=1) == pytest.approx(np.sqrt(49) * np.ones(6), rel=1e-13)


BAD_INPUT = {
    "horizon zero": lambda: worst_case_max.equiangular(0, 0.5),
    "step below the switch": lambda: worst_case_max.equiangular(5, 0.1),
    "step below the last-iterate switch": lambda: worst_case_max.chain(5, 0.01),
    "negative lipschitz": lambda: worst_case_max.nesterov_maximum(5, lipschitz=-1.0),
    "reach three": lambda: worst_case_max.nesterov_maximum(5, reach=3),
    "strong trap of another curvature": lambda: worst_case_max.last_iterate_trap(5, 0.5),
    "curvature above L": lambda: univariate.half_square(2.0, 1.0),
    "mu above L": lambda: univariate.huber(0.1, strong_convexity=2.0),
    "dip with a long step": lambda: univariate.dip(5, 1.5),
    "dip without steps": lambda: univariate.dip(0, 0.5),
    "NaN start": lambda: univariate.lessard(float("nan")),
    "negative path": lambda: univariate.huber_threshold(-1.0),
    "chain of one variable": lambda: worst_case_chain.TridiagonalQuadratic(1),
    "chain with mu = L": lambda: worst_case_chain.TridiagonalQuadratic(9, 1.0, 1.0),
    "no instances": lambda: random_instances.random_maxima(0),
    "quadratics without curvature": lambda: random_instances.random_quadratics(strong_convexity=0.0),
    "smooth batch with mu = L": lambda: random_instances.random_smooth(strong_convexity=1.0),
    "a single point for a batch": lambda: random_instances.random_maxima(4).value(np.zeros((1, 6))),
    "sharp corner of weight two": lambda: random_instances.sharp_corner(2.0),
    "relative error of one": lambda: relative_error.RelativeError(univariate.half_square(1.0), 1.0),
    "negative steps for losses": lambda: online.orthogonal_losses(np.array([0.1, -0.1])),
    "ragged steps for losses": lambda: online.orthogonal_losses(np.ones((2, 2))),
    "adversary in the plane": lambda: online.perpendicular_adversary(dim=2),
    "harmless large loss": lambda: online.reddi(2.0),
    "growth out of range": lambda: online.growing_losses(2.0, 2000),
    "a point off the hull": lambda: online.orthogonal_losses(np.ones(3)).domain.project(np.full((1, 3), 0.3)),
    "targets in no dimension": lambda: MovingTargets(0),
}


def test_a_batch_needs_one_run_for_each_instance(check: Any) -> None:
    with pytest.raises(InputError, match="set the claim's runs to 1000"):
        check("ns-06-random-maxima", runs=64)


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_told_in_one_sentence(case: str) -> None:
    with pytest.raises(InputError) as told:
        BAD_INPUT[case]()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_no_method_of_the_package_beats_the_chain(name: str) -> None:
    k = 10
    problem = worst_case_chain.TridiagonalQuadratic(2 * k + 1, smoothness=10.0)
    try:
        trace = simulate(problem, METHODS[name], Best(), GAP, steps=np.array([k]), streams=Streams(0, "test", range(1)))
    except AttributeError:
        pytest.skip("asks for more than a subgradient oracle gives")
    if trace.calls[0] > k:
        pytest.skip("sees more than one gradient per step, so that information travels faster")
    R = problem.facts["radius"]
    assert trace.values[0, 0] >= 3 * 10.0 * R**2 / (32 * (k + 1) ** 2)
