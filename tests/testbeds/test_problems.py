"""One suite over the registry of problems: what a problem says of itself is true at random points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ratecheck.testbeds import PROBLEMS
from ratecheck.testbeds.impulse import ImpulseResponses
from ratecheck.testbeds.sampling_means import MeanEstimation
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import row_norm

RUNS = 16  # examples that are batches of instances have this many, or 1, or 8
MINIMISED = {  # a function with an optimum; saddle problems and losses that come in rounds are tested elsewhere
    name: problem
    for name, problem in PROBLEMS.items()
    if hasattr(problem, "value") and "f_star" in problem.facts and "coupling" not in problem.facts
}
SADDLE = {"residual", "dimension"}
MINIMISED = {name: p for name, p in MINIMISED.items() if not SADDLE & set(p.facts.entries) and "game" not in name}
# Their constants are those of the finite set over which a sample-size rule speaks, not of the whole space.
MINIMISED = {name: p for name, p in MINIMISED.items() if not isinstance(p, MeanEstimation)}
# Their rows are responses, whose sums of squares are the constants; tests/testbeds/test_impulse.py.
MINIMISED = {name: p for name, p in MINIMISED.items() if not isinstance(p, ImpulseResponses)}
ONLINE = {name: problem for name, problem in PROBLEMS.items() if hasattr(problem, "reveal")}
INEXACT = {"relative-error", "relative-error-random"}  # their gradients are wrong on purpose
UNBOUNDED = {"fixed-slope", "fixed-slope-noisy"}  # linear; their f* is a reference value only
ROUNDING = 1e-9


def points(problem: Any, seed: int, spread: float = 0.7) -> np.ndarray:
    """Return feasible points around the start, one per run."""
    random = np.random.default_rng(seed)
    count = problem.instances or RUNS
    start = np.broadcast_to(problem.start, (count, problem.start.shape[-1]))
    x = start + spread * random.normal(size=start.shape) / np.sqrt(start.shape[1])
    return problem.domain.project(x)


def known(names: set[str], *facts: str) -> list[str]:
    return sorted(name for name in names if all(fact in PROBLEMS[name].facts for fact in facts))


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_start_is_feasible_and_named(name: str) -> None:
    problem = PROBLEMS[name]
    assert isinstance(problem.name, str)
    assert problem.name
    start = np.atleast_2d(problem.start)
    assert np.isfinite(start).all()
    assert problem.domain.excess(start).max() <= ROUNDING
    assert problem.instances is None or start.shape[0] == problem.instances


@pytest.mark.parametrize("name", sorted(MINIMISED))
def test_shapes_types_and_untouched_arguments(name: str) -> None:
    problem = MINIMISED[name]
    x = points(problem, 1)
    before = x.copy()
    value, g = problem.value(x), problem.subgradient(x)
    assert value.shape == (x.shape[0],)
    assert g.shape == x.shape
    assert value.dtype == g.dtype == np.float64
    assert (x == before).all()
    assert (problem.value(x) == value).all()
    assert (problem.subgradient(x) == g).all()


@pytest.mark.parametrize("name", sorted(name for name, p in MINIMISED.items() if p.instances is None))
def test_a_row_has_the_same_bits_alone(name: str) -> None:
    problem = MINIMISED[name]
    x = points(problem, 2)
    alone = [problem.value(x[i : i + 1])[0] for i in range(len(x))]
    assert (problem.value(x) == alone).all()
    assert (problem.subgradient(x) == np.concatenate([problem.subgradient(row[None]) for row in x])).all()


@pytest.mark.parametrize("name", sorted(set(MINIMISED) - UNBOUNDED))
def test_nothing_is_below_the_optimum(name: str) -> None:
    problem = MINIMISED[name]
    slack = problem.facts.accuracy("f_star") + 1e-12 * max(1.0, float(np.max(np.abs(problem.facts["f_star"]))))
    for spread in (0.01, 0.7, 5.0):
        assert (problem.value(points(problem, 3, spread)) >= problem.facts["f_star"] - slack).all()


@pytest.mark.parametrize("name", known(set(MINIMISED), "x_star"))
def test_the_minimiser_has_the_optimal_value(name: str) -> None:
    problem = MINIMISED[name]
    x_star = np.atleast_2d(problem.facts["x_star"])
    accuracy = problem.facts.accuracy("f_star") + ROUNDING * max(1.0, float(np.max(np.abs(problem.facts["f_star"]))))
    assert problem.value(x_star) == pytest.approx(
        np.broadcast_to(problem.facts["f_star"], x_star.shape[:1]), abs=accuracy
    )


@pytest.mark.parametrize("name", known(set(MINIMISED), "x_star", "radius"))
def test_radius_is_the_distance_to_the_minimiser(name: str) -> None:
    problem = MINIMISED[name]
    distance = row_norm(np.atleast_2d(problem.start - problem.facts["x_star"]))
    slack = problem.facts.accuracy("x_star") + problem.facts.accuracy("radius")
    assert distance == pytest.approx(np.broadcast_to(problem.facts["radius"], distance.shape), rel=1e-9, abs=slack)


@pytest.mark.parametrize("name", known(set(MINIMISED), "initial_gap"))
def test_initial_gap(name: str) -> None:
    problem = MINIMISED[name]
    gap = problem.value(np.atleast_2d(problem.start)) - problem.facts["f_star"]
    slack = problem.facts.accuracy("f_star") + problem.facts.accuracy("initial_gap")
    assert gap == pytest.approx(np.broadcast_to(problem.facts["initial_gap"], gap.shape), rel=1e-9, abs=slack + 1e-15)


@pytest.mark.parametrize("name", known(set(MINIMISED) - INEXACT, "f_star"))
def test_subgradient_is_the_slope(name: str) -> None:
    problem = MINIMISED[name]
    x = points(problem, 4)
    direction = np.random.default_rng(5).normal(size=x.shape)
    h = 1e-7
    slope = (problem.value(x + h * direction) - problem.value(x - h * direction)) / (2 * h)
    expected = (problem.subgradient(x) * direction).sum(axis=1)
    # A random point is on a kink with chance about h: the median must agree, and nearly all.
    error = np.abs(slope - expected) / np.maximum(1.0, np.abs(expected))
    assert np.median(error) <= 1e-5


@pytest.mark.parametrize("name", known(set(MINIMISED), "lipschitz"))
def test_lipschitz_constant(name: str) -> None:
    problem = MINIMISED[name]
    radius = float(np.max(problem.facts["radius"])) if "radius" in problem.facts else 1.0
    for seed in range(5):
        x = points(problem, seed)
        offset = x - problem.start
        # Nesterov's functions are M-Lipschitz on the ball of radius R around the start only.
        x = problem.domain.project(problem.start + offset * np.minimum(1, radius / row_norm(offset))[:, None])
        assert (row_norm(problem.subgradient(x)) <= problem.facts["lipschitz"] * (1 + ROUNDING)).all()


@pytest.mark.parametrize("name", known(set(MINIMISED) - INEXACT, "smoothness"))
def test_smoothness_and_strong_convexity(name: str) -> None:
    problem = MINIMISED[name]
    convex = "strong_convexity" in problem.facts and "waves" not in name
    mu = problem.facts["strong_convexity"] if convex else -problem.facts["smoothness"]
    for spread in (0.01, 0.5, 3.0):
        x, y = points(problem, 6, spread), points(problem, 7, spread)
        dx, dg = x - y, problem.subgradient(x) - problem.subgradient(y)
        assert (row_norm(dg) <= problem.facts["smoothness"] * row_norm(dx) * (1 + 1e-9) + 1e-12).all()
        assert ((dg * dx).sum(axis=1) >= mu * (dx**2).sum(axis=1) * (1 - 1e-9 * np.sign(mu)) - 1e-12).all()


@pytest.mark.parametrize("name", sorted(ONLINE))
def test_losses_are_bounded_and_the_regret_is_what_it_says(name: str) -> None:
    problem = ONLINE[name]
    oracle = problem.oracle(Streams(0, "test", range(3)))
    x = np.broadcast_to(problem.start, (3, problem.start.shape[-1])).astype(np.float64)
    suffered, total = np.zeros(3), np.zeros_like(x)
    for t in range(5):
        g = oracle.subgradient(x)
        assert g.shape == x.shape
        assert (row_norm(g) <= problem.facts["gradient_bound"] * (1 + ROUNDING)).all()
        suffered, total = suffered + (g * x).sum(axis=1), total + g
        assert oracle.calls == t + 1
    # No feasible point may have been better than the comparator that the regret uses.
    others = problem.domain.project if name != "orthogonal-losses" else lambda y: y[:, :] * 0
    for seed in range(20):
        y = others(np.random.default_rng(seed).normal(size=x.shape) * 3)
        assert (suffered - (total * y).sum(axis=1) <= oracle.regret() + 1e-9 * (1 + np.abs(suffered))).all()
