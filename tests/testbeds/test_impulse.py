"""Impulse responses against the recursion of second moments, and against sampling."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.experiments.engine import simulate
from ratecheck.testbeds.impulse import ImpulseResponses
from ratecheck.testbeds.noise import Gaussian, Noisy, Rademacher, RandomScale, RandomSigns
from ratecheck.testbeds.quadratic import Quadratic, ravine
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import HeavyBall
from ratecheck.theory.outputs import Average, Last
from ratecheck.theory.schedules import InverseSqrt
from ratecheck.theory.stationarity import GAP
from ratecheck.theory.stationarity.moments import EXPECTED_GAP, EXPECTED_SQUARED_DISTANCE

CURVATURES, SIGMAS, START = (1.0, 0.1), (0.5, 0.2), (1.0, -2.0)
STEPS = np.array([1, 2, 5, 20])


def moments(method, output, measure):
    problem = ImpulseResponses(CURVATURES, SIGMAS, START, 20)
    return simulate(problem, method, output, measure, steps=STEPS, streams=Streams(0, "exact", range(21))).values[0]


def test_second_moment_of_sgd_with_decaying_steps() -> None:
    lam, s2, m = np.array(CURVATURES), np.array(SIGMAS) ** 2, np.array(START) ** 2
    expected = []
    for k in range(20):
        eta = 0.8 / np.sqrt(k + 1)
        m = (1 - eta * lam) ** 2 * m + eta**2 * s2
        expected.append(m.sum())
    found = moments(Subgradient(InverseSqrt(0.8)), Last(), EXPECTED_SQUARED_DISTANCE)
    assert found == pytest.approx([expected[k - 1] for k in STEPS], rel=1e-13)


def test_covariance_of_the_heavy_ball() -> None:
    eta, beta = 0.4, 0.6
    total = np.zeros(20)
    for lam, sigma, c in zip(CURVATURES, SIGMAS, START, strict=True):
        A = np.array([[1 + beta - eta * lam, -beta], [1, 0]])
        S = np.full((2, 2), c * c)
        for k in range(20):
            S = A @ S @ A.T + np.diag([(eta * sigma) ** 2, 0])
            total[k] += S[0, 0]
    found = moments(HeavyBall(eta, beta), Last(), EXPECTED_SQUARED_DISTANCE)
    assert found == pytest.approx(total[STEPS - 1], rel=1e-12)


def test_expected_gap_of_an_average_agrees_with_sampling() -> None:
    exact = moments(Subgradient(0.5), Average(), EXPECTED_GAP)
    noisy = Noisy(Quadratic(CURVATURES, START), Gaussian(SIGMAS))
    runs = simulate(
        noisy, Subgradient(0.5), Average(), GAP, steps=STEPS, streams=Streams(1, "sampled", range(20_000))
    ).values
    error = runs.std(axis=0) / np.sqrt(len(runs))
    assert (np.abs(runs.mean(axis=0) - exact) <= 4.5 * error + 1e-12).all()


@pytest.mark.parametrize(
    "noise", [Rademacher((0.3, 0.7)), Gaussian((0.3, 0.7)), RandomSigns((2.0, 1.0)), RandomScale(0.25)]
)
def test_noise_has_the_stated_mean_and_variance(noise) -> None:
    g = np.array([[0.5, -0.9]])
    grid = (np.arange(400) + 0.5) / 400
    u = np.array([[a, b] for a in grid for b in grid]) if noise.draws == 2 else grid[:, None]
    answers = noise.answer(np.repeat(g, len(u), axis=0), u)
    # Midpoints integrate steps exactly, and the normal quantile to 1e-3.
    assert answers.mean(axis=0) == pytest.approx(g[0], abs=1e-10 if not isinstance(noise, Gaussian) else 1e-3)
    if isinstance(noise, (Rademacher, Gaussian)):
        assert answers.var(axis=0) == pytest.approx([0.09, 0.49], rel=5e-3)


def test_random_signs_refuse_too_large_gradients() -> None:
    assert np.isnan(RandomSigns((1.0,)).answer(np.array([[1.5]]), np.array([[0.5]]))).all()


def test_a_batch_divides_the_variance_and_multiplies_the_cost() -> None:
    one, many = (ImpulseResponses((1.0,), (2.0,), (0.0,), 3, batch=b) for b in (1, 4))
    assert many.facts["noise_variance"] == one.facts["noise_variance"] / 4
    oracle = many.oracle(Streams(0, "cost", range(4)))
    answer = oracle.subgradient(many.start)
    assert oracle.calls == 4
    assert answer[:, 0].tolist() == [0, 1, 0, 0]


def test_rotation_changes_no_value() -> None:
    plain, turned = ravine(100.0), ravine(100.0, 0.7)
    assert turned.value(turned.start[None]) == pytest.approx(plain.value(plain.start[None]), rel=1e-14)
    assert np.linalg.eigvalsh(turned.hessian) == pytest.approx([0.01, 1.0])
    assert abs(turned.hessian[0, 1]) > 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImpulseResponses((1.0,), (1.0, 2.0), (0.0,), 3), "same length"),
        (lambda: ImpulseResponses((-1.0,), (1.0,), (0.0,), 3), "curvature"),
        (lambda: ImpulseResponses((1.0,), (1.0,), (0.0,), 0), "horizon"),
        (lambda: Quadratic((1.0, -1.0), (0.0, 0.0)), "eigenvalue"),
        (lambda: Quadratic((1.0, 1.0), (0.0,)), "coordinates"),
        (lambda: Rademacher((-1.0,)), "deviation"),
        (lambda: RandomScale(2.0), "low"),
        (lambda: Noisy(Noisy(ravine(), Rademacher((1.0, 1.0))), Rademacher((1.0, 1.0))), "noisy already"),
    ],
)
def test_bad_input(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
