"""Sampled problems: optimum against independent solvers, samples against expectations, the oracle, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import check_grad, linprog, minimize

from ratecheck.testbeds import sampling_means as means
from ratecheck.testbeds.kernel_svm import KernelSVM, gaussian_kernel, two_rings
from ratecheck.testbeds.max_affine_prescribed import MaxAffine, NoisyMaxAffine
from ratecheck.testbeds.newsvendor import Newsvendor
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_noise import GaussianSlope, NoisySlopeOnBall, RareCoordinate, RenewalProcess
from ratecheck.testbeds.sampling_oracle import Exact, SampleOracle
from ratecheck.testbeds.sampling_real import real_svm
from ratecheck.testbeds.sampling_worst_case import AbsoluteValue, RegularizedMax
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.two_stage import TwoStageLP, substitution
from ratecheck.theory.errors import InputError

SAMPLED: dict[str, Any] = {
    "max-affine": NoisyMaxAffine(),
    "absolute deviations": LeastAbsoluteDeviations(),
    "absolute deviations in the plane": LeastAbsoluteDeviations(dim=2, spread=0.1),
    "label-flip hinge": LabelFlipHinge(),
    "label-flip hinge, strong regularisation": LabelFlipHinge(regularization=2.0),
    "newsvendor": Newsvendor(),
    "newsvendor, condition 10": Newsvendor(condition=10.0),
    "two-stage": substitution(),
    "kernel machine": two_rings(),
    "svm on wine": real_svm("wine"),
}
SOLVER_ACCURACY = 1e-8  # promised agreement of f* with an independent solver


def _points(problem: Any, count: int = 3) -> np.ndarray:
    return problem.start + 0.7 * np.random.default_rng(5).normal(size=(count, problem.start.size))


def _conic(problem: Any) -> float:
    """Return f* of a problem with finitely many pieces from CLARABEL."""
    import cvxpy as cp

    x = cp.Variable(problem.start.size)
    if isinstance(problem, LabelFlipHinge):
        features, chance = problem.atoms
        loss = chance @ cp.pos(1 - features @ x) + problem.regularization / 2 * cp.sum_squares(x)
    elif isinstance(problem, KernelSVM):
        losses = cp.sum(cp.pos(1 - problem.features @ x)) / len(problem.labels)
        loss = losses + problem.regularization / 2 * cp.sum_squares(x)
    else:
        exact = problem._exact
        loss = cp.max(exact.slopes[0] @ x + exact.offsets[0])
    program = cp.Problem(cp.Minimize(loss))
    program.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    return float(program.value)


@pytest.mark.parametrize("name", [n for n in SAMPLED if not n.startswith(("absolute", "newsvendor", "two-stage"))])
def test_optimum_agrees_with_a_conic_solver(name: str) -> None:
    problem = SAMPLED[name]
    assert problem.facts["f_star"] == pytest.approx(_conic(problem), abs=SOLVER_ACCURACY)


@pytest.mark.parametrize("name", [n for n in SAMPLED if n.startswith(("absolute", "newsvendor"))])
def test_optimum_agrees_with_a_smooth_solver(name: str) -> None:
    problem = SAMPLED[name]
    found = minimize(
        lambda z: problem.value(z[None])[0],
        problem.start + 0.1,
        jac=lambda z: problem.subgradient(z[None])[0],
        method="BFGS",
        options={"gtol": 1e-10},
    )
    assert problem.facts["f_star"] == pytest.approx(found.fun, abs=SOLVER_ACCURACY)


def test_optimum_of_max_affine_batch_agrees_with_linear_programs() -> None:
    problem = MaxAffine(5, 8, 20, 6)
    for run in range(5):
        matrix = np.hstack([problem.slopes[run], -np.ones((20, 1))])
        cost = np.append(np.zeros(8), 1.0)
        found = linprog(cost, A_ub=matrix, b_ub=-problem.offsets[run], bounds=[(None, None)] * 9, method="highs")
        assert problem.facts["f_star"][run] == pytest.approx(found.fun, abs=SOLVER_ACCURACY)


def test_two_stage_values_are_those_of_its_scenarios_by_highs() -> None:
    problem = substitution()
    for x in _points(problem):
        recourse = [
            linprog(problem.q, A_eq=problem.W, b_eq=xi - problem.T @ x, method="highs").fun for xi in problem.scenarios
        ]
        assert problem.value(x[None])[0] == pytest.approx(problem.c @ x + np.mean(recourse), abs=1e-9)


def test_two_stage_optimum_is_certified_and_agrees_with_a_conic_solver() -> None:
    import cvxpy as cp

    problem = substitution()
    x = cp.Variable(3)
    cost = problem.c @ x
    for xi in problem.scenarios:
        cost = cost + cp.max(problem.vertices @ (xi - problem.T @ x)) / len(problem.scenarios)
    program = cp.Problem(cp.Minimize(cost))
    program.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    assert problem.facts["f_star"] == pytest.approx(program.value, abs=SOLVER_ACCURACY)
    assert problem.facts.accuracy("f_star") < SOLVER_ACCURACY


@pytest.mark.parametrize("dim", [2, 3, 8])
def test_value_of_absolute_deviations_by_quadrature(dim: int) -> None:
    problem = LeastAbsoluteDeviations(dim=dim, spread=0.4)
    for r in (0.1, 0.4, 2.0):
        x = problem.facts["x_star"] + r * np.eye(dim)[0]

        def loss(theta: float, r: float = r) -> float:
            t = abs(r * np.cos(theta))
            return (t**2 + 0.16) / 0.8 if t <= 0.4 else t

        weight = quad(lambda a: np.sin(a) ** (dim - 2), 0, np.pi)[0]
        kinks = [np.arccos(0.4 / r), np.pi - np.arccos(0.4 / r)] if r > 0.4 else None
        mean = quad(lambda a: loss(a) * np.sin(a) ** (dim - 2), 0, np.pi, points=kinks)[0] / weight
        assert problem.value(x[None])[0] == pytest.approx(mean, rel=1e-8)


@pytest.mark.parametrize("problem", [RegularizedMax(8, 0.5), RegularizedMax(3, 2.0), AbsoluteValue(2.0)])
def test_optimum_of_deterministic_instances(problem: Any) -> None:
    x_star = np.atleast_2d(problem.facts["x_star"])
    assert problem.value(x_star)[0] == pytest.approx(problem.facts["f_star"], abs=1e-14)
    around = x_star + 0.05 * np.random.default_rng(0).normal(size=(200, x_star.shape[1]))
    assert (problem.value(around) >= problem.facts["f_star"]).all()


@pytest.mark.parametrize("name", SAMPLED)
def test_subgradients_are_slopes(name: str) -> None:
    problem = SAMPLED[name]
    for x in _points(problem):
        error = check_grad(lambda z: problem.value(z[None])[0], lambda z: problem.subgradient(z[None])[0], x)
        assert error < 1e-5


@pytest.mark.parametrize("name", SAMPLED)
def test_subgradients_support_the_sampled_function(name: str) -> None:
    problem = SAMPLED[name]
    oracle = problem.oracle(Streams(0, name, range(4)))
    sample = oracle.draw(30)
    x, y = _points(problem, 4), _points(problem, 4)[::-1]
    values, slopes = oracle.value(x, sample), oracle.subgradient(x, sample)
    assert (oracle.value(y, sample) >= values + np.einsum("ij,ij->i", slopes, y - x) - 1e-10).all()


@pytest.mark.parametrize("name", SAMPLED)
def test_large_samples_agree_with_the_expectation(name: str) -> None:
    problem = SAMPLED[name]
    oracle = problem.oracle(Streams(0, name, range(2)))
    sample = oracle.draw(20_000)
    x = _points(problem, 2)
    scale = problem.facts["lipschitz"] / np.sqrt(20_000)
    # Six standard deviations of a mean whose terms are Lipschitz over a distance of a few units.
    np.testing.assert_allclose(oracle.value(x, sample), problem.value(x), atol=30 * scale)
    np.testing.assert_allclose(oracle.subgradient(x, sample), problem.subgradient(x), atol=6 * scale)


@pytest.mark.parametrize("name", SAMPLED)
def test_fresh_batches_are_unbiased_and_bounded(name: str) -> None:
    problem = SAMPLED[name]
    oracle = problem.oracle(Streams(0, name, range(64)))
    x = np.repeat(_points(problem, 1), 64, axis=0)
    answers = np.concatenate([oracle.subgradient(x) for _ in range(60)])
    error = answers.std(axis=0) / np.sqrt(len(answers))
    # A coordinate of 64 * 60 answers is within six standard errors with probability 1 - 2e-9.
    assert (np.abs(answers.mean(axis=0) - problem.subgradient(x[:1])[0]) <= 6 * error + 1e-12).all()
    if "strong_convexity" not in problem.facts:
        assert np.linalg.norm(answers, axis=1).max() <= problem.facts["lipschitz"] * (1 + 1e-12)


def test_oracle_counts_samples_and_not_values() -> None:
    problem = LeastAbsoluteDeviations(batch=3)
    oracle = problem.oracle(Streams(0, "count", range(2)))
    x = np.zeros((2, 8))
    oracle.subgradient(x)
    sample = oracle.draw(np.array([5, 7]))
    oracle.value(x, sample)
    oracle.subgradient(x, sample)
    np.testing.assert_array_equal(oracle.evaluations, [8, 10])
    assert oracle.calls == 10
    oracle.subgradient(x, sample, np.array([True, False]))
    np.testing.assert_array_equal(oracle.evaluations, [13, 10])


def test_grown_samples_keep_what_they_hold_and_fresh_ones_do_not() -> None:
    problem = LeastAbsoluteDeviations()
    oracle = problem.oracle(Streams(0, "grow", range(2)))
    held = oracle.draw(4)
    grown = oracle.grow(3, held, np.array([True, False]))
    assert problem.size(grown[0]) == 7
    assert grown[1] is held[1]
    np.testing.assert_array_equal(grown[0].features[:, :4], held[0].features)
    fresh = oracle.draw(4, held, np.array([False, True]))
    assert fresh[0] is held[0]
    assert not np.array_equal(fresh[1].features, held[1].features)


def test_a_mean_of_tilts_grows_like_the_whole_sample() -> None:
    problem = NoisyMaxAffine()
    u = np.random.default_rng(0).random((1, 10, problem.draws))
    whole = problem.data(u)
    grown = problem.joined(problem.data(u[:, :4]), problem.data(u[:, 4:]))
    np.testing.assert_allclose(grown.mean, whole.mean, rtol=1e-12)
    assert grown.points == 10


def test_samples_of_a_run_do_not_depend_on_the_others() -> None:
    problem = LeastAbsoluteDeviations()
    together = problem.oracle(Streams(0, "alone", range(3)))
    alone = problem.oracle(Streams(0, "alone", range(2, 3)))
    together.draw(5, None, np.array([True, False, False]))
    np.testing.assert_array_equal(together.draw(5)[2].features, alone.draw(5)[0].features)


def test_sampler_that_runs_dry_is_told() -> None:
    oracle = LeastAbsoluteDeviations(supply=10).oracle(Streams(0, "dry", range(2)))
    oracle.draw(8)
    with pytest.raises(InputError, match="2 of its 10 sample points left, but 3 were asked for"):
        oracle.draw(3)


def test_empty_sample_is_told() -> None:
    with pytest.raises(InputError, match="at least 1 point"):
        LeastAbsoluteDeviations().oracle(Streams(0, "empty", range(1))).draw(0)


def test_exact_answers_with_the_expectation() -> None:
    problem = Exact(LabelFlipHinge())
    oracle = problem.oracle(Streams(0, "exact", range(1)))
    x = _points(problem, 1)
    np.testing.assert_array_equal(oracle.subgradient(x), problem.inner.subgradient(x))
    assert not isinstance(oracle, SampleOracle)


@pytest.mark.parametrize("name", means.EXAMPLES)
def test_means_are_those_of_the_samples(name: str) -> None:
    problem = means.EXAMPLES[name]
    draws = problem.sample(np.random.default_rng(0).random((40_000, problem.draws)))
    error = draws.std(axis=0) / 200
    assert (np.abs(draws.mean(axis=0) - problem.mean) <= 6 * error + 1e-12).all()


def test_rare_coordinate_reveals_one_at_a_time() -> None:
    oracle = RareCoordinate(3).oracle(Streams(0, "rare", range(2)))
    seen = [oracle.subgradient(np.zeros((2, 3)))[1].argmax() for _ in range(4)]
    assert seen == [0, 1, 2, 2]


KERNEL = gaussian_kernel(np.random.default_rng(0).normal(size=(5, 2)), 1.0)
SIGNS = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
EYE = np.eye(2)
BAD: dict[str, tuple[Any, str]] = {
    "kernel with a negative eigenvalue": (lambda: KernelSVM(KERNEL - 2 * np.eye(5), SIGNS), "positive semidefinite"),
    "kernel that is not symmetric": (lambda: KernelSVM(KERNEL + np.triu(np.ones((5, 5)), 1), SIGNS), "not symmetric"),
    "kernel with NaN": (lambda: KernelSVM(np.full((5, 5), np.nan), SIGNS), "NaN"),
    "labels 0 and 1": (lambda: KernelSVM(KERNEL, np.abs(SIGNS) - 1), r"\+1 or -1"),
    "kernel of another size": (lambda: KernelSVM(KERNEL, SIGNS[:3]), "shape"),
    "width 0": (lambda: gaussian_kernel(np.zeros((2, 2)), 0.0), "width"),
    "no recourse": (lambda: TwoStageLP(np.ones(2), EYE, EYE, np.ones(2), np.ones((3, 2))), "infeasible"),
    "recourse of lower rank": (
        lambda: TwoStageLP(np.ones(2), EYE, np.ones((2, 2)), np.ones(2), np.ones((3, 2))),
        "infeasible",
    ),
    "recourse without costs": (
        lambda: TwoStageLP(np.ones(2), EYE, np.hstack([EYE, -EYE]), np.array([1, 1, -2, -2.0]), np.ones((3, 2))),
        "second stage is unbounded",
    ),
    "first stage without costs": (
        lambda: TwoStageLP(np.full(2, 5.0), EYE, np.hstack([EYE, -EYE]), np.ones(4), np.ones((3, 2))).facts,
        "unbounded in its first stage",
    ),
    "two-stage shapes": (lambda: TwoStageLP(np.ones(3), EYE, EYE, np.ones(2), np.ones((3, 2))), "shapes"),
    "scenario shapes": (
        lambda: TwoStageLP(np.ones(2), EYE, np.hstack([EYE, -EYE]), np.ones(4), np.ones((3, 1))),
        "each row must have 2",
    ),
    "shortage cheaper than the order": (lambda: Newsvendor(cost=(1.0, 4.0)), "unbounded or orders nothing"),
    "condition below 1": (lambda: Newsvendor(condition=0.5), "condition"),
    "flips": (lambda: LabelFlipHinge(flips=0.5), "flipped label"),
    "too many atoms": (lambda: LabelFlipHinge(dim=20), "between 2 and 14"),
    "dimension 1": (lambda: LeastAbsoluteDeviations(dim=1), "dim - 1"),
    "spread 0": (lambda: LeastAbsoluteDeviations(spread=0.0), "spread"),
    "one active piece": (lambda: MaxAffine(2, 3, 5, 1), "between 2 and"),
    "points of another batch": (lambda: MaxAffine(3).value(np.zeros((2, 20))), "3 instances"),
    "negative noise": (lambda: NoisyMaxAffine(noise=-1.0), "noise"),
    "negative slope": (lambda: GaussianSlope(slope=-1.0), "slope"),
    "ball of radius 0": (lambda: NoisySlopeOnBall(radius=0.0), "radius"),
    "walk without drift": (lambda: RenewalProcess(chance=0.5), "1/2"),
    "maximum of nothing": (lambda: RegularizedMax(0), "dim"),
    "coin": (lambda: means.coin(1.0), "chance"),
    "one choice": (lambda: means.finite_family(1), "choices - 1"),
    "unknown data set": (lambda: real_svm("iris"), "data set"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told_in_one_sentence(case: str) -> None:
    make, text = BAD[case]
    with pytest.raises(InputError, match=text) as caught:
        make()
    assert "\n" not in str(caught.value)
