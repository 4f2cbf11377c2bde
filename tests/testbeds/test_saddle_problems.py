"""Saddle-point problems: derivatives, exactly known constants, closed forms, the oracle's accounts, bad input."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.testbeds import auc, games, saddle_debiasing, saddle_instances, saddle_logistic, saddle_shift
from ratecheck.testbeds.auc import (
    auc_from_file,
    auc_saddle,
    breast_cancer,
    digits,
    imbalanced_gaussians,
    population_auc,
    training_auc,
)
from ratecheck.testbeds.games import AbsoluteGame, MatrixGame, SimplexPair, project_simplex, random_matrix_game
from ratecheck.testbeds.saddle import QuadraticSaddle
from ratecheck.testbeds.saddle_debiasing import Debiasing, debiasing_from_file, synthetic_debiasing
from ratecheck.testbeds.saddle_instances import (
    bilinear_game,
    hard_bilinear,
    quadratic_saddle,
    robust_least_squares,
    slow_game,
    unequal_quadratic,
)
from ratecheck.testbeds.saddle_logistic import LogisticBilinearGame, logistic_bilinear_game
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.saddle_shift import ShiftSaddle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts

PROBLEMS: dict[str, Any] = {
    **saddle_instances.EXAMPLES,
    **games.EXAMPLES,
    **auc.EXAMPLES,
    **saddle_logistic.EXAMPLES,
    **saddle_debiasing.EXAMPLES,
    **saddle_shift.EXAMPLES,
}
SMOOTH = [name for name, problem in PROBLEMS.items() if hasattr(problem, "hessian_product")]
H = 1e-6  # central differences of numbers of order 1 are accurate to about 1e-9


def signs(problem: Any) -> np.ndarray:
    return np.where(np.arange(problem.start.size) < problem.split, 1.0, -1.0)


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_the_operator_is_the_signed_gradient_of_the_value(name: str) -> None:
    problem = PROBLEMS[name]
    z = np.random.default_rng(0).standard_normal((3, problem.start.size))
    numeric = [(problem.value(z + H * e) - problem.value(z - H * e)) / (2 * H) for e in np.eye(problem.start.size)]
    np.testing.assert_allclose(problem.operator(z), np.array(numeric).T * signs(problem), rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", SMOOTH)
def test_hessian_products_and_hessians_are_derivatives_of_the_gradient(name: str) -> None:
    problem = PROBLEMS[name]
    rng = np.random.default_rng(1)
    z, v = rng.standard_normal((2, 3, problem.start.size))
    numeric = (problem.operator(z + H * v) - problem.operator(z - H * v)) / (2 * H) * signs(problem)
    np.testing.assert_allclose(problem.hessian_product(z, v), numeric, rtol=0, atol=1e-7)
    if hasattr(problem, "hessian"):
        hessian = problem.hessian(z)
        np.testing.assert_allclose(np.einsum("rij,rj->ri", hessian, v), numeric, rtol=0, atol=1e-7)
        np.testing.assert_array_equal(hessian, np.swapaxes(hessian, 1, 2))
        squares = np.diagonal(hessian @ hessian, axis1=1, axis2=2)
        np.testing.assert_allclose(problem.squared_diagonal(z), squares, rtol=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_saddle_point_is_one(name: str) -> None:
    problem = PROBLEMS[name]
    facts = problem.facts
    residual = float(np.linalg.norm(problem.operator(facts["x_star"][None])))
    assert residual <= facts.accuracy("residual") + 1e-15
    assert facts["start_residual"] == pytest.approx(float(np.linalg.norm(problem.operator(problem.start[None]))))
    assert facts["radius"] == pytest.approx(float(np.linalg.norm(problem.start - facts["x_star"])), rel=1e-9)


@pytest.mark.parametrize("condition", [1.0, 3.0, 1e4])
def test_the_spectrum_is_the_one_that_was_asked_for(condition: float) -> None:
    problem = quadratic_saddle(6, smoothness=2.0, condition=condition)
    size = np.sort(np.abs(np.linalg.eigvalsh(problem.hessian_matrix)))
    np.testing.assert_allclose(size[::2], np.geomspace(2 / condition, 2.0, 6), rtol=1e-12 * condition)
    assert problem.facts["strong_convexity"] == pytest.approx(2 / condition, rel=1e-12)
    assert problem.facts["condition"] == pytest.approx(condition, rel=1e-12 * condition)


def test_unequal_blocks_have_the_eigenvalues_of_their_pairs() -> None:
    problem = unequal_quadratic(5, seed=2)
    a, d, c = np.random.default_rng(2).uniform(0.1, 1.0, (3, 5))
    root = np.sqrt(((a + d) / 2) ** 2 + c**2)
    expected = np.sort(np.concatenate([(a - d) / 2 - root, (a - d) / 2 + root]))
    np.testing.assert_allclose(np.linalg.eigvalsh(problem.hessian_matrix), expected, rtol=0, atol=1e-13)
    assert problem.facts["strong_convexity"] == pytest.approx(min(a.min(), d.min()), rel=1e-12)


def test_the_bilinear_game_has_its_closed_form() -> None:
    problem = bilinear_game(7, smoothness=2.0, singular_min=0.5, seed=3)
    assert problem.facts["smoothness"] == pytest.approx(2.0, rel=1e-13)
    assert problem.facts["singular_min"] == pytest.approx(0.5, rel=1e-13)
    assert problem.facts["strong_convexity"] == 0.0
    At = problem.hessian_matrix[:7, 7:]
    b, Atc = problem.linear[7:], problem.linear[:7]
    expected = np.concatenate([np.linalg.solve(At.T, b), np.linalg.solve(At, Atc)])
    np.testing.assert_allclose(problem.facts["x_star"], expected, rtol=0, atol=1e-12)


def test_robust_least_squares_has_its_closed_form() -> None:
    gamma, lam = 2.0, 0.1
    problem = robust_least_squares(20, 10, gamma, lam)
    A, b = -problem.hessian_matrix[:10, 10:].T, -problem.linear[10:] / gamma
    x = np.linalg.solve(gamma / (gamma - 1) * A.T @ A + lam * np.eye(10), gamma / (gamma - 1) * A.T @ b)
    y = (gamma * b - A @ x) / (gamma - 1)
    np.testing.assert_allclose(problem.facts["x_star"], np.concatenate([x, y]), rtol=0, atol=1e-9)
    least = min(lam + np.linalg.svd(A)[1].min() ** 2, gamma - 1)
    assert problem.facts["strong_convexity"] == pytest.approx(least, rel=1e-9)


def test_hard_instances() -> None:
    bilinear = hard_bilinear(9, smoothness=3.0)
    assert bilinear.facts["smoothness"] == pytest.approx(3.0)
    assert bilinear.facts["radius"] == pytest.approx(1.0)
    shift = ShiftSaddle(60, 0.3, 1.0)
    dense = np.stack([shift.hessian_product(shift.start[None], e[None])[0] for e in np.eye(120)])
    size = np.abs(np.linalg.eigvalsh(dense))
    assert shift.facts["smoothness"] == pytest.approx(size.max(), rel=1e-12)
    assert shift.facts["singular_min"] == pytest.approx(size.min(), rel=1e-12)
    assert shift.facts["start_residual"] == pytest.approx(np.linalg.norm(shift.operator(shift.start[None])))
    slow = slow_game(50)
    assert slow.facts["singular_min"] == pytest.approx(0.2)


def test_constants_of_the_logistic_game_bound_what_happens() -> None:
    game = logistic_bilinear_game(5, 4, 40)
    rng = np.random.default_rng(0)
    facts = game.facts
    for _ in range(50):
        z, w = 5 * rng.standard_normal((2, 1, 9))
        first, second = game.hessian(z)[0], game.hessian(w)[0]
        assert np.linalg.norm(first, 2) <= facts["smoothness"]
        assert np.abs(np.linalg.eigvalsh(first)).min() >= facts["strong_convexity"]
        assert np.linalg.norm(first - second, 2) <= facts["hessian_lipschitz"] * np.linalg.norm(z - w)
    moved = game.at_gradient_norm(0.01)
    assert moved.facts["start_residual"] == pytest.approx(0.01, rel=1e-9)


# AUC maximisation.


def test_the_reduced_auc_objective_is_the_pairwise_squared_loss() -> None:
    features, labels = imbalanced_gaussians(50, 4)
    problem = auc_saddle(features, labels, 1e-8)
    up, down, p = features[labels > 0], features[labels < 0], float((labels > 0).mean())
    w = np.random.default_rng(0).standard_normal(4)
    inner = np.concatenate([w, [(up @ w).mean(), (down @ w).mean(), (down @ w).mean() - (up @ w).mean()]])
    pairs = np.mean((1 - (up @ w)[:, None] + (down @ w)[None, :]) ** 2)
    assert problem.value(inner[None])[0] == pytest.approx(p * (1 - p) * (pairs - 1), abs=1e-6)


def test_auc_of_gaussians_is_that_of_the_population() -> None:
    assert population_auc() == pytest.approx(0.7558, abs=5e-5)
    features, labels = imbalanced_gaussians(20_000)
    problem = auc_saddle(features, labels, 1 / 20_000)
    # The training score of 30 weights on 20000 samples is a little above the population's.
    assert training_auc(features @ problem.facts["x_star"][:30], labels) == pytest.approx(0.7558, abs=0.012)


def test_training_auc_counts_pairs() -> None:
    scores, labels = np.array([3.0, 1.0, 2.0, 1.0]), np.array([1, 0, 0, 1])
    assert training_auc(scores, labels) == pytest.approx((1 + 1 + 0.5 + 0) / 4)


def test_bundled_data() -> None:
    features, labels = breast_cancer()
    assert features.shape == (569, 30)
    np.testing.assert_allclose(features.std(axis=0), 1.0)
    assert set(labels) == {-1.0, 1.0}
    for digit in range(10):
        pixels, labels = digits(digit)
        assert pixels.shape == (1797, 64)
        assert 0.09 < (labels > 0).mean() < 0.11
    with pytest.raises(InputError, match="positive digit is 11, but"):
        digits(11)


def write_svmlight(path: Path, features: np.ndarray, labels: np.ndarray) -> Path:
    lines = [
        f"{label:+g} " + " ".join(f"{j + 1}:{value:.17g}" for j, value in enumerate(row) if value)
        for row, label in zip(features, labels)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_file_gives_the_same_problem(tmp_path: Path) -> None:
    features, labels = imbalanced_gaussians(40, 6)
    read = auc_from_file(write_svmlight(tmp_path / "data", features, labels))
    np.testing.assert_array_equal(read.hessian_matrix, auc_saddle(features, labels, 1 / 40).hessian_matrix)


# Debiasing.


def test_debiasing_loses_convexity_away_from_the_saddle_point() -> None:
    problem = synthetic_debiasing(500, 10, regularisation=1e-3)
    z = problem.facts["x_star"].copy()
    assert np.linalg.eigvalsh(problem.hessian(z[None])[0][:10, :10])[0] > 0
    z[-1] = 20.0
    assert np.linalg.eigvalsh(problem.hessian(z[None])[0][:10, :10])[0] < 0
    warm = problem.started_warm()
    assert warm.facts["start_residual"] < 0.1 * problem.facts["start_residual"]


def test_debiasing_from_a_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = (rng.random((80, 6)) < 0.4).astype(float)
    labels = np.where(rng.random(80) < 0.5, 1.0, -1.0)
    path = write_svmlight(tmp_path / "data", features, labels)
    problem = debiasing_from_file(path, 2, regularisation=0.05)
    assert problem.features.shape == (80, 5)
    assert np.array_equal(problem.protected > 0, features[:, 2] > 0)
    with pytest.raises(InputError, match="column is 9, but"):
        debiasing_from_file(path, 9)


# Games.


def test_the_value_of_matching_pennies_and_its_certificate() -> None:
    game = MatrixGame(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert game.facts["value"] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(game.facts["x_star"], 0.5, atol=1e-12)
    big = random_matrix_game()
    assert big.facts.accuracy("value") <= 1e-9
    assert big.duality_gap(big.facts["x_star"][None])[0] <= 1e-9
    assert big.duality_gap(big.start[None])[0] > 0.1


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10.0))
def test_simplex_projection_satisfies_its_variational_inequality(seed: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    x = spread * rng.standard_normal((3, 5))
    p = project_simplex(x)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
    assert (p >= 0).all()
    for vertex in np.eye(5):
        assert (((x - p) * (vertex - p)).sum(axis=1) <= 1e-10 * spread).all()


def test_simplex_pairs() -> None:
    pair = SimplexPair(2)
    z = np.array([[3.0, 1.0, 0.2, 0.3, 0.9]])
    inside = pair.project(z)
    assert pair.excess(inside)[0] <= 1e-12
    assert pair.excess(z)[0] == pytest.approx(3.0)
    assert pair.support(z)[0] == pytest.approx(3.9)


# The oracle.


def oracle_of(problem: Any) -> SaddleOracle:
    return problem.oracle(Streams(0, "test", range(1)))


def test_a_constant_hessian_is_paid_once_and_a_moving_one_at_every_point() -> None:
    for problem, expected in ((quadratic_saddle(3), 6), (logistic_bilinear_game(3, 2, 10), 10)):
        oracle = oracle_of(problem)
        z, other = problem.start[None], problem.start[None] + 1
        for point in (z, other):
            oracle.hessian(point)
            oracle.squared_diagonal(point)
        assert oracle.products == expected


def test_a_gradient_is_the_operator_without_its_signs() -> None:
    problem = quadratic_saddle(3)
    oracle, z = oracle_of(problem), np.ones((1, 6))
    np.testing.assert_array_equal(oracle.gradient(z), oracle.operator(z) * np.array([1, 1, 1, -1, -1, -1]))
    assert oracle.calls == 2
    oracle.hessian_product(z, z)
    assert oracle.calls == 4
    oracle.resolvent(z, 1.0)
    assert oracle.calls == 5


@dataclasses.dataclass(frozen=True)
class Broken:
    """A problem whose formula returns NaN."""

    split = 1
    start = np.zeros(2)
    facts = Facts({})

    def operator(self, z: np.ndarray) -> np.ndarray:
        return z * math.nan


def test_nan_from_the_problem_is_told_and_nan_from_a_diverged_run_is_not() -> None:
    oracle = SaddleOracle(Broken(), Streams(0, "test", range(1)))
    with pytest.raises(InputError, match=r"the operator returned NaN at a finite point, but it must be a number"):
        oracle.operator(np.zeros((1, 2)))
    assert np.isnan(oracle.operator(np.full((1, 2), 1e300))).all()
    assert np.isnan(oracle.operator(np.full((1, 2), math.nan))).all()


# Bad input.

EYE = np.eye(2)
BAD: dict[str, tuple[Any, tuple[Any, ...], str]] = {
    "not convex in x": (QuadraticSaddle, (np.diag([-1.0, -1.0]), np.zeros(2), 1, np.zeros(2)), "not convex in x"),
    "not concave in y": (QuadraticSaddle, (np.diag([1.0, 1.0]), np.zeros(2), 1, np.zeros(2)), "not concave in y"),
    "singular": (QuadraticSaddle, (np.diag([1.0, 0.0]), np.zeros(2), 1, np.zeros(2)), "singular"),
    "not symmetric": (QuadraticSaddle, (np.array([[1.0, 1.0], [0.0, -1.0]]), np.zeros(2), 1, np.zeros(2)), "symmetric"),
    "wrong shape": (QuadraticSaddle, (np.eye(3), np.zeros(2), 1, np.zeros(2)), "shape"),
    "no y": (QuadraticSaddle, (EYE, np.zeros(2), 2, np.zeros(2)), "at least one coordinate"),
    "NaN in the data": (QuadraticSaddle, (EYE * math.nan, np.zeros(2), 1, np.zeros(2)), "NaN"),
    "mu above L": (quadratic_saddle, (3, 1.0, 0.5), "mu is 2 and L is 1"),
    "singular value above L": (bilinear_game, (3, 1.0, 2.0), "mu is 2 and L is 1"),
    "adversary too weak": (robust_least_squares, (5, 3, 1.0), "adversary is 1.0, but"),
    "shift too short": (ShiftSaddle, (10, 0.1, 1.0), "take n of at least"),
    "single class": (auc_saddle, (np.ones((3, 2)), np.ones(3), 1.0), "1 class"),
    "three classes": (auc_saddle, (np.ones((3, 2)), np.arange(3.0), 1.0), "3 classes"),
    "NaN feature": (auc_saddle, (np.full((2, 2), math.nan), np.array([1.0, -1.0]), 1.0), "NaN"),
    "labels missing": (auc_saddle, (np.ones((3, 2)), np.ones(2), 1.0), "2 labels"),
    "no regularisation": (auc_saddle, (np.ones((2, 2)), np.array([1.0, -1.0]), 0.0), "regularisation is 0.0"),
    "share of positives": (imbalanced_gaussians, (10, 3, 1.0), "share is 1.0"),
    "one strategy": (MatrixGame, (np.ones((1, 3)),), "two strategies"),
    "NaN payoff": (MatrixGame, (np.full((2, 2), math.nan),), "NaN"),
    "flat game": (AbsoluteGame, (0.0,), "slope is 0.0"),
    "coupling of another shape": (LogisticBilinearGame, (EYE, EYE, np.ones((3, 2)), 1.0, 1.0), "C has shape"),
    "negative lambda": (LogisticBilinearGame, (EYE, EYE, EYE, -1.0, 1.0), "lambda is -1.0"),
    "protected attribute of one class": (Debiasing, (EYE, np.array([1.0, -1.0]), np.ones(2)), "1 class"),
    "missing file": (auc_from_file, ("nowhere.svm",), "there is no file nowhere.svm"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_is_told_in_one_sentence(name: str) -> None:
    make, arguments, words = BAD[name]
    with pytest.raises(InputError) as caught:
        make(*arguments)
    message = str(caught.value)
    assert words in message
    assert message.endswith(".")
    assert "\n" not in message


def test_files_that_are_not_svmlight(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello world\n")
    (tmp_path / "one").write_text("+1 1:0.5\n+1 2:0.5\n")
    with pytest.raises(InputError, match="is not in svmlight form"):
        auc_from_file(tmp_path / "text")
    with pytest.raises(InputError, match="hold 1 class"):
        auc_from_file(tmp_path / "one")
    with pytest.raises(InputError, match="is a folder"):
        auc_from_file(tmp_path)
