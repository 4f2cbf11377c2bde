"""Every member of a family is in its class, whatever numbers name it; its starts are the classical hard instances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ratecheck.testbeds import families, families_noisy, families_online, families_operators, families_smooth
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import row_dot, row_norm

FUNCTIONS = {**families.EXAMPLES, **families_smooth.EXAMPLES}
ALL = {**FUNCTIONS, **families_online.EXAMPLES, **families_noisy.EXAMPLES}
COUNT = 64
ROUNDING = 1e-12  # relative; a handful of operations on numbers near 1


def members(name: str, scale: float) -> Any:
    family = ALL[name]
    random = np.random.default_rng(len(name))
    rows = scale * random.normal(size=(COUNT, family.size))
    return family.problem(rows), random


@pytest.mark.parametrize("name", ALL)
def test_starts_name_members(name: str) -> None:
    family = ALL[name]
    starts = family.starts()
    assert starts.shape[1] == family.size
    problem = family.problem(starts)
    assert problem.instances == len(starts) * getattr(problem, "paths", 1)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_subgradients_support_a_convex_function_or_bend_at_most_by_its_smoothness(name: str, scale: float) -> None:
    problem, random = members(name, scale)
    facts = problem.facts
    x, y = (problem.start + scale * random.normal(size=problem.start.shape) for _ in range(2))
    f, g = problem.value(x), problem.subgradient(x)
    rise = problem.value(y) - f - row_dot(g, y - x)
    size = np.abs(f) + np.abs(problem.value(y)) + row_norm(g) * row_norm(y - x)
    square = row_dot(y - x, y - x) / 2
    if "lipschitz" in facts:
        assert (row_norm(g) <= facts["lipschitz"] * (1 + ROUNDING)).all()
        assert (rise >= -ROUNDING * size).all()
        return
    L = facts["smoothness"]
    low = -L if name == "dips" else facts["strong_convexity"]
    assert (rise <= L * square + ROUNDING * size).all()
    assert (rise >= low * square - ROUNDING * size).all()


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_optimum_and_the_distance_to_it_are_exact(name: str, scale: float) -> None:
    problem, random = members(name, scale)
    facts = problem.facts
    at_optimum = problem.value(np.broadcast_to(facts["x_star"], problem.start.shape))
    size = 1 + np.abs(facts["f_star"])
    assert (np.abs(at_optimum - facts["f_star"]) <= 1e-11 * size).all()
    for spread in (0.01, 1.0, 10.0):
        x = problem.start + spread * random.normal(size=problem.start.shape)
        assert (problem.value(x) >= facts["f_star"] - 1e-11 * size).all()
    if "radius" in facts:
        distance = row_norm(problem.start - facts["x_star"])
        np.testing.assert_allclose(distance, facts["radius"], rtol=ROUNDING)
    assert (problem.domain.excess(problem.start) <= ROUNDING).all()


def test_sharpness_is_a_lower_bound_of_the_slope() -> None:
    problem, random = members("sharp-maxima", 1.0)
    x = random.normal(size=problem.start.shape)
    distance = row_norm(x - problem.facts["x_star"])
    assert (problem.value(x) >= problem.facts["sharpness"] * distance * (1 - ROUNDING)).all()


@pytest.mark.parametrize("name", families_online.EXAMPLES)
def test_losses_are_bounded_and_the_ball_holds_the_start(name: str) -> None:
    problem, _ = members(name, 3.0)
    family = ALL[name]
    oracle = problem.oracle(Streams(0, "test", range(COUNT)))
    x = problem.start
    assert (problem.domain.excess(x) <= ROUNDING).all()
    for _ in range(family.rounds):
        g = oracle.subgradient(x)
        assert (row_norm(g) <= family.gradient_bound * (1 + ROUNDING)).all()
        x = oracle.project(x - g)
        assert (problem.domain.excess(x) <= 1e-9).all()
    # The best point of the ball against the sum of the losses, by brute force over directions through its centre.
    total = problem.losses.sum(axis=1)
    best = problem.domain.centers - problem.domain.radius * families.unit(total)
    np.testing.assert_allclose(problem.domain.support(-total), -row_dot(total, best), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", families_noisy.EXAMPLES)
def test_noise_has_mean_zero_and_no_more_variance_than_allowed(name: str) -> None:
    problem, random = members(name, 2.0)
    family = ALL[name]
    noise = problem.noise.reshape(COUNT, problem.paths, family.coins, family.inner.dim)
    if family.surely:
        return  # one value of two, whose mean and variance depend on the other
    np.testing.assert_allclose(noise.mean(axis=1), 0.0, atol=1e-15)
    variance = (noise**2).sum(axis=3)
    if family.variance is not None:
        assert (variance <= family.variance * (1 + ROUNDING)).all()
    if family.second_moment is not None:
        x = problem.start + random.normal(size=problem.start.shape)
        g = problem.subgradient(x)
        total = row_dot(g, g)[:, None] + variance.reshape(len(g), family.coins)
        assert (total <= family.second_moment * (1 + ROUNDING)).all()


@pytest.mark.parametrize("name", families_noisy.EXAMPLES)
def test_answers_are_noisy_as_long_as_there_are_coins(name: str) -> None:
    problem, _ = members(name, 2.0)
    oracle = problem.oracle(Streams(0, "test", range(problem.instances)))
    exact = problem.subgradient(problem.start)
    for t in range(ALL[name].coins):
        np.testing.assert_array_equal(oracle.subgradient(problem.start), exact + problem.noise[:, t])
    np.testing.assert_array_equal(oracle.subgradient(problem.start), exact)
    assert oracle.calls == ALL[name].coins + 1


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("name", families_operators.EXAMPLES)
def test_operators_are_monotone_and_lipschitz(name: str, scale: float) -> None:
    family = families_operators.EXAMPLES[name]
    random = np.random.default_rng(3)
    problem = family.problem(scale * random.normal(size=(COUNT, family.size)))
    z = random.normal(size=problem.start.shape)
    F = problem.operator(z)
    mu, L = problem.facts["strong_convexity"], problem.facts["smoothness"]
    assert (row_dot(F, z) >= mu * row_dot(z, z) * (1 - 1e-9) - 1e-12).all()
    assert (row_norm(F) <= L * row_norm(z) * (1 + 1e-9)).all()
    w = problem.resolvent(z, 0.7)
    np.testing.assert_allclose(w + 0.7 * problem.operator(w), z, atol=1e-12)
    np.testing.assert_allclose(row_norm(problem.start), problem.facts["radius"], rtol=ROUNDING)


def test_the_first_start_of_the_operators_is_the_rotation() -> None:
    family = families_operators.LinearOperators(2.0, 0.0, 1.0, 2)
    (matrix,) = family.problem(family.starts()[:1]).matrices
    np.testing.assert_allclose(matrix, [[0.0, 2.0], [-2.0, 0.0]], atol=1e-12)


def test_a_row_names_the_same_member_in_any_batch() -> None:
    for family in FUNCTIONS.values():
        rows = np.random.default_rng(0).normal(size=(5, family.size))
        together, alone = family.problem(rows), family.problem(rows[2:3])
        x = np.random.default_rng(1).normal(size=together.start.shape)
        assert together.value(x)[2] == alone.value(x[2:3])[0]
        np.testing.assert_array_equal(together.subgradient(x)[2], alone.subgradient(x[2:3])[0])


def test_the_first_start_of_the_maxima_is_the_resisting_oracle() -> None:
    problem = families.Maxima(1.0, 1.0, 5, 5).problem(families.Maxima(1.0, 1.0, 5, 5).starts()[:1])
    x = problem.start
    for k in range(4):
        g = problem.subgradient(x)
        np.testing.assert_array_equal(g[0], np.eye(5)[k])
        x = x - 0.1 * g
    assert problem.value(x)[0] == pytest.approx(1 / np.sqrt(5))
