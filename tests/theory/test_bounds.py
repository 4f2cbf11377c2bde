"""One suite over the registry of bounds: what a theorem says of itself, and its formula on the claims that use it."""

from __future__ import annotations

import re
from typing import Any, get_args

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.theory.bound import Evidence, Provenance, innermost
from ratecheck.theory.bounds import BOUNDS, FAMILIES, heavy_ball, nonsmooth, online, smooth
from ratecheck.theory.bounds.step_rules import per_step, relative_step_within, steps_are
from ratecheck.theory.facts import Facts, closed_form
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import HeavyBall, optimal_heavy_ball
from ratecheck.theory.schedules import InverseSqrt, LinearDecay

OF_BOUND: dict[str, list[Any]] = {}
for claim in claims().values():
    OF_BOUND.setdefault(claim.bound.id, []).append(claim)
CHEAP = re.compile(r"^(MQ-)?(NS|NSL|SM|SML|HB|OCO)-")  # formulas whose instances are built in a moment
OWN = sorted(name for name in BOUNDS if CHEAP.match(name))
UNIT = Facts(closed_form(lipschitz=1.0, radius=1.0, smoothness=1.0, strong_convexity=0.1, initial_gap=1.0))


def test_an_id_belongs_to_one_bound() -> None:
    assert sum(len(family.BOUNDS) for family in FAMILIES) == len(BOUNDS)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_bound_says_what_it_is(name: str) -> None:
    bound = BOUNDS[name]
    assert bound.title
    assert bound.title.endswith("...") or not bound.title.endswith(".")
    assert bound.formula
    assert "$" not in bound.formula
    assert bound.formula.count("{") == bound.formula.count("}")
    assert bound.provenance in get_args(Provenance)
    assert bound.evidence
    assert set(bound.evidence) <= set(get_args(Evidence))
    assert bound.source.authors
    assert 1900 < bound.source.year < 2100


@pytest.mark.parametrize("name", OWN)
def test_a_bound_is_claimed_somewhere(name: str) -> None:
    assert name in OF_BOUND


@pytest.mark.parametrize("name", [name for name in OWN if BOUNDS[name].provenance == "derived"])
def test_a_derived_bound_is_not_the_papers(name: str) -> None:
    assert "derived here" in BOUNDS[name].evidence


@pytest.mark.parametrize("name", [name for name in OWN if name.startswith("MQ-")])
def test_a_misquotation_names_its_corrected_form_and_is_refuted(name: str) -> None:
    bound = BOUNDS[name]
    corrected = bound.remark.split("The corrected form is ")[1].rstrip(".")
    assert bound.remark.startswith("False: ")
    assert any(claim.expected == "holds" for claim in OF_BOUND[corrected])
    assert all(claim.expected == "refuted" for claim in OF_BOUND[name])


def values(claim: Any, horizons: np.ndarray) -> np.ndarray:
    """Return the bound at each horizon, with the method and the instance of that horizon, for the first run."""
    found = []
    for horizon in horizons:
        problem = claim.problem(int(horizon))
        method = claim.method(problem.facts, int(horizon))
        found.append(np.atleast_2d(claim.bound.value(problem.facts, method, np.array([horizon])))[0, 0])
    return np.array(found)


@pytest.mark.parametrize("name", OWN)
def test_a_formula_gives_a_positive_number_for_each_step(name: str) -> None:
    for claim in OF_BOUND[name]:
        found = values(claim, np.array(claim.horizons))
        assert np.isfinite(found).all()
        assert (found > 0).all()


@pytest.mark.parametrize("name", OWN)
def test_a_formula_is_the_same_whatever_else_is_asked(name: str) -> None:
    claim = OF_BOUND[name][0]
    horizon = claim.horizons[-1]
    problem = claim.problem(horizon)
    method = claim.method(problem.facts, horizon)
    alone = claim.bound.value(problem.facts, method, np.array([horizon]))
    among = claim.bound.value(problem.facts, method, np.unique([max(1, horizon // 2), horizon]))
    assert np.atleast_2d(among)[:, -1] == pytest.approx(np.atleast_2d(alone)[:, -1], rel=1e-13)


@pytest.mark.parametrize(
    "name", [name for name in OWN if BOUNDS[name].exponent is not None and BOUNDS[name].kind != "rate"]
)
def test_an_exponent_is_that_of_the_formula(name: str) -> None:
    claim = min(OF_BOUND[name], key=lambda claim: claim.runs)
    few, many = np.array([127, 511])  # silver steps are for 2^k - 1 of them
    facts = claim.problem(int(few)).facts  # of one instance, since another horizon may mean other constants
    first, second = (
        np.atleast_2d(claim.bound.value(facts, claim.method(facts, int(N)), np.array([N])))[0, 0] for N in (few, many)
    )
    # Logarithms and lower-order terms move the slope by less than 0.1 at these numbers of steps.
    assert np.log(second / first) / np.log(many / few) == pytest.approx(BOUNDS[name].exponent, abs=0.1)


# --- the checks of assumptions -----------------------------------------------------------------------------------


def test_step_rules_notice_another_step() -> None:
    rule = steps_are("halving", lambda facts, N: 1 / np.arange(1, N + 1))
    assert rule.on_setup is not None
    assert rule.on_setup(UNIT, Projected(Subgradient(LinearDecay(1.0, 5))), 5) > 0.1
    decay = steps_are("1/sqrt", lambda facts, N: 1 / np.sqrt(np.arange(1, N + 1)))
    assert decay.on_setup is not None
    assert decay.on_setup(UNIT, Projected(Subgradient(InverseSqrt(1.0))), 50) <= 1e-14
    assert decay.on_setup(UNIT, Subgradient(InverseSqrt(1.0 + 1e-6)), 50) > decay.tolerance


@pytest.mark.parametrize(("h", "allowed"), [(0.5, True), (2.0, True), (2.001, False), (3.0, False)])
def test_relative_steps(h: float, allowed: bool) -> None:
    assumption = relative_step_within(0.0, 2.0)
    assert assumption.on_setup is not None
    assert (assumption.on_setup(UNIT, Subgradient(h), 10) <= assumption.tolerance) is allowed


def test_heavy_ball_tunings_are_checked() -> None:
    tuned = optimal_heavy_ball(1.0, 0.1)
    check = heavy_ball.POLYAK_TUNING.on_setup
    assert check is not None
    assert check(UNIT, tuned, 10) <= 1e-12
    assert check(UNIT, HeavyBall(tuned.step_size, 0.9 * float(tuned.momentum)), 10) > 0.05
    (average,) = heavy_ball.HB_01.assumptions
    assert average.on_setup is not None
    assert average.on_setup(UNIT, HeavyBall(0.5, 0.5), 10) <= 0
    assert average.on_setup(UNIT, HeavyBall(0.6, 0.5), 10) > 0.1
    (matched,) = heavy_ball.HB_03.assumptions
    assert matched.on_setup is not None
    assert matched.on_setup(UNIT, HeavyBall(1.5, 0.0), 10) > 0.1


def test_a_too_long_gradient_makes_regret_bounds_not_applicable() -> None:
    facts = Facts(closed_form(gradient_bound=1.0))
    check = online.GRADIENTS_BOUNDED.on_query
    assert check is not None
    assert check(facts, np.zeros((2, 2)), np.array([[0.6, 0.8], [0.7, 0.8]])) == pytest.approx([0.0, 0.063], abs=1e-3)


# --- a few facts about the formulas ------------------------------------------------------------------------------


def test_branches_meet() -> None:
    for N in (1, 4, 30):
        for bound, switch in (
            (nonsmooth.NS_03, 1 / (N + 1)),
            (nonsmooth.NS_05, 1 / nonsmooth.last_iterate_square(N)),
        ):
            below, above = (
                float(bound.value(UNIT, Subgradient(switch * (1 + e)), np.array([N]))[0]) for e in (-1e-9, 1e-9)
            )
            assert below == pytest.approx(above, rel=1e-7)


def test_best_constant_step_for_the_last_iterate_is_best() -> None:
    for N in (1, 5, 40):
        best = nonsmooth.best_last_iterate_step(UNIT, N)
        found = [float(nonsmooth.NS_05.value(UNIT, Subgradient(c * best), np.array([N]))[0]) for c in (0.99, 1.0, 1.01)]
        assert found[1] < min(found[0], found[2])


def test_contraction_is_smallest_at_the_best_step() -> None:
    best = Subgradient(2 / 1.1)
    assert smooth.contraction(UNIT, best) == pytest.approx((10 - 1) / (10 + 1))
    assert smooth.contraction(UNIT, Subgradient(1.0)) == pytest.approx(0.9)


def test_per_step_spreads_constants_over_steps() -> None:
    assert per_step(2.0).shape == (1,)
    assert (per_step(np.ones(3)) * np.arange(4)).shape == (3, 4)
    assert innermost(Projected(Subgradient(0.1))) == Subgradient(0.1)
