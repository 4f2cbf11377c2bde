"""Convex families: planted optima against CVXPY, constants against enumeration, certificates against weak duality."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratecheck.testbeds import convex, sparse_features
from ratecheck.testbeds.certified_optimum import certified_minimum, dual_value
from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.linear_model import LinearModel
from ratecheck.testbeds.losses import Absolute, Hinge, Logistic
from ratecheck.testbeds.max_affine import max_affine
from ratecheck.testbeds.multinomial import multinomial_logistic
from ratecheck.testbeds.real_data import DATA_SETS, LOSSES, real_problem, standardized
from ratecheck.theory.errors import InputError

PLANTED: dict[str, LinearModel] = {**convex.EXAMPLES, **sparse_features.EXAMPLES}
LARGER = {
    "lad": convex.least_absolute_deviations(),
    "svm": convex.support_vector_machine(),
    "logistic": convex.logistic_regression(),
    "lasso": convex.lasso(),
}
AGREEMENT = 1e-8  # between a planted value and CVXPY's certified interval


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_planted_optimum_agrees_with_cvxpy(name: str) -> None:
    problem = PLANTED[name]
    found = certified_minimum(replace(problem, optimum=None))
    assert found.accuracy <= AGREEMENT
    assert problem.facts["f_star"] == pytest.approx(found.value, abs=found.accuracy + 1e-12)


@pytest.mark.parametrize("name", sorted(LARGER))
def test_larger_planted_optima_agree_with_cvxpy(name: str) -> None:
    found = certified_minimum(replace(LARGER[name], optimum=None))
    assert LARGER[name].facts["f_star"] == pytest.approx(found.value, abs=AGREEMENT)


@pytest.mark.parametrize("seed", range(5))
def test_every_seed_is_planted(seed: int) -> None:
    for make in (convex.support_vector_machine, convex.logistic_regression):
        problem = make(60, 5, seed=seed)
        assert problem.facts["f_star"] == pytest.approx(certified_minimum(problem).value, abs=AGREEMENT)


def _all_rows(problem: LinearModel, x: np.ndarray) -> np.ndarray:
    """Answers for every row that can be drawn, shape (m, runs, dim)."""
    single = replace(problem, samples=1)
    draws = (np.arange(len(problem.b)) + 0.5) / len(problem.b)
    return np.array([single.sampled_subgradient(x, np.full((len(x), 1), u)) for u in draws])


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_sampled_subgradients_are_unbiased_and_bounded(name: str) -> None:
    problem = replace(PLANTED[name], samples=1)
    random = np.random.default_rng(3)
    x = problem.domain.project(random.uniform(-2, 2, (6, problem.A.shape[1])))
    answers = _all_rows(problem, x)
    assert answers.mean(axis=0) == pytest.approx(problem.subgradient(x), abs=1e-13)
    facts = problem.facts
    assert np.linalg.norm(answers, axis=2).max() <= facts["lipschitz"] * (1 + 1e-12)
    assert (np.abs(answers).max(axis=(0, 1)) <= facts["coordinate_bounds"] * (1 + 1e-12)).all()
    assert ((answers**2).sum(axis=2).mean(axis=0) <= facts["second_moment"] * (1 + 1e-12)).all()
    assert (np.sqrt((answers**2).mean(axis=0)) <= facts["coordinate_moments"] * (1 + 1e-12)).all()
    spread = answers - answers.mean(axis=0)
    assert ((spread**2).sum(axis=2).mean(axis=0) <= facts["noise_variance"] * (1 + 1e-12)).all()


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_batches_average_their_rows(name: str) -> None:
    problem = replace(PLANTED[name], samples=3)
    x = problem.domain.project(np.random.default_rng(4).uniform(-2, 2, (5, problem.A.shape[1])))
    u = np.random.default_rng(5).random((5, 3))
    single = replace(problem, samples=1)
    mean = np.mean([single.sampled_subgradient(x, u[:, [j]]) for j in range(3)], axis=0)
    assert problem.sampled_subgradient(x, u) == pytest.approx(mean, abs=1e-14)
    assert (problem.sampled_subgradient(x, u)[2] == problem.sampled_subgradient(x[2:3], u[2:3])[0]).all()
    assert problem.batch == problem.draws == 3


@pytest.mark.parametrize("name", [n for n, p in PLANTED.items() if np.isfinite(p.loss.curvature) and not p.lasso])
def test_samples_are_as_smooth_as_stated(name: str) -> None:
    problem = PLANTED[name]
    x = np.random.default_rng(6).uniform(-2, 2, (2, problem.A.shape[1]))
    answers = _all_rows(problem, x)
    change = np.linalg.norm(answers[:, 0] - answers[:, 1], axis=1)
    assert change.max() <= problem.facts["sample_smoothness"] * np.linalg.norm(x[0] - x[1]) * (1 + 1e-12)


@settings(max_examples=50, deadline=None)
@given(
    name=st.sampled_from(sorted(PLANTED)),
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(1e-3, 10),
)
def test_no_dual_value_is_above_the_optimum(name: str, seed: int, scale: float) -> None:
    problem = PLANTED[name]
    u = scale * np.random.default_rng(seed).standard_normal(len(problem.b))
    assert dual_value(problem, u) <= problem.facts["f_star"] + 1e-12


@settings(max_examples=50, deadline=None)
@given(
    loss=st.sampled_from(list(LOSSES.values())),
    z=st.floats(-5, 5),
    b=st.sampled_from([-1.0, 1.0]),
    other=st.floats(-5, 5),
)
def test_conjugates_and_slopes(loss: Any, z: float, b: float, other: float) -> None:
    z, b, other = np.array([z]), np.array([b]), np.array([other])
    u = loss.slope(z, b)
    # A subgradient supports the loss, and Fenchel's inequality is an equality at it.
    assert loss.value(other, b) >= loss.value(z, b) + u * (other - z) - 1e-12
    assert loss.into_domain(u, b) == pytest.approx(u, abs=1e-15)
    assert loss.value(z, b) + loss.conjugate(u, b) == pytest.approx(u * z, abs=1e-9)
    assert np.abs(u) <= loss.largest_slope(z - 1, z + 1, b) + 1e-15


@pytest.mark.parametrize("data", DATA_SETS)
@pytest.mark.parametrize("loss", ["lad", "logistic", "svm"])
def test_real_data_have_certified_optima(data: str, loss: str) -> None:
    if data == "diabetes" and loss != "lad":
        with pytest.raises(InputError, match="two classes"):
            real_problem(data, loss)
        return
    problem = real_problem(data, loss)
    fact = problem.facts.fact("f_star")
    assert fact.known == "solver"
    assert 0 < fact.accuracy <= 1e-9
    assert "CLARABEL" in fact.note or "HIGHS" in fact.note
    x = problem.domain.project(np.random.default_rng(7).normal(size=(50, problem.A.shape[1])))
    assert problem.value(x).min() > fact.value
    assert real_problem(data, loss, samples=0).facts.fact("f_star") is fact


def test_the_optimum_is_not_solved_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from ratecheck.testbeds import certified_optimum

    def refuse(problem: LinearModel) -> None:
        raise AssertionError("solved too early")

    monkeypatch.setattr(certified_optimum, "solve", refuse)
    problem = replace(real_problem("wine", "lad"))
    assert "f_star" in problem.facts
    assert problem.facts["lipschitz"] > 0
    with pytest.raises(AssertionError, match="too early"):
        problem.facts["f_star"]


def test_an_unbounded_problem_has_no_certificate() -> None:
    problem = replace(PLANTED["huber-regression"], optimum=None, domain=WholeSpace())
    with pytest.raises(InputError, match="box"):
        certified_minimum(problem)


def test_standardized_features() -> None:
    A = standardized(np.random.default_rng(8).normal(3, 5, (40, 6)))
    assert A[:, :-1].mean(axis=0) == pytest.approx(np.zeros(6), abs=1e-14)
    assert (A[:, :-1] ** 2).sum(axis=1).mean() == pytest.approx(1)
    assert (A[:, -1] == 1).all()


def test_max_affine_optimum_is_a_linear_program() -> None:
    from scipy.optimize import linprog

    problem = max_affine()
    m, n = problem.A.shape
    bounds = [*zip(problem.domain.low, problem.domain.high, strict=True), (None, None)]
    found = linprog(np.r_[np.zeros(n), 1], np.c_[problem.A, -np.ones(m)], -problem.c, bounds=bounds)
    assert problem.facts["f_star"] == pytest.approx(found.fun, abs=AGREEMENT)


def test_multinomial_optimum_is_stationary_and_its_samples_unbiased() -> None:
    problem = multinomial_logistic(20, 3)
    x = problem.facts["x_star"][None]
    assert np.abs(problem.subgradient(x)).max() <= 1e-15
    grid = (np.arange(2000) + 0.5) / 2000
    rows = (np.arange(20) + 0.5) / 20
    u = np.array([[row, label] for row in rows for label in grid])
    answers = problem.sampled_subgradient(np.repeat(x, len(u), axis=0), u)
    # The label's law is met to one cell of the grid.
    assert answers.mean(axis=0) == pytest.approx(problem.subgradient(x)[0], abs=1e-3)
    assert (answers**2).sum(axis=1).mean() == pytest.approx(problem.facts["noise_at_optimum"], rel=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: convex.least_absolute_deviations(5, 5), "more samples"),
        (lambda: convex.lasso(penalty=0.0), "penalty"),
        (lambda: max_affine(5, 5), "more rows"),
        (lambda: multinomial_logistic(ridge=0.5), "too heavy"),
        (lambda: LinearModel("x", np.ones((3, 2)), np.ones(2), Absolute()), "shape"),
        (lambda: LinearModel("x", np.ones((2, 2)), np.array([0.0, 1.0]), Hinge()), "-1 or"),
        (lambda: LinearModel("x", np.full((2, 2), np.nan), np.ones(2), Logistic()), "NaN"),
        (lambda: LinearModel("x", np.ones((2, 2)), np.ones(2), Absolute(), ridge=-1.0), "ridge"),
        (lambda: real_problem("iris", "svm"), "iris"),
        (lambda: real_problem("wine", "svm", samples=-1), "samples"),
    ],
)
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
