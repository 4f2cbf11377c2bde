"""What is known about the methods: identities between them, golden traces, and numbers that courses teach."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.theory.methods.accelerated import ITEM
from ratecheck.theory.methods.adam import Adam, AdamW, AMSGrad
from ratecheck.theory.methods.adaptive import adam_update
from ratecheck.theory.methods.averaging import DualAveraging, MinimaxPlayer, QuasiMonotone
from ratecheck.theory.methods.clipping import ClipNorm, L2Decay, clip_norm, clip_value
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import (
    AveragedMomentum,
    HeavyBall,
    Momentum,
    Ramp,
    average_step_size,
    optimal_heavy_ball,
    sum_step_size,
)
from ratecheck.theory.methods.nesterov import Extrapolated, LookAhead, Nesterov
from ratecheck.theory.methods.sign import SSDM, ErrorFeedbackSign, SignSGD, StoSignFixed
from ratecheck.theory.methods.variance_reduced import SVRG
from ratecheck.theory.schedules import Constant, InverseSqrt, InverseTime, StepDecay, WarmUp

START = np.array([[1.3, -0.7, 1.9], [0.2, 0.4, -3.0]])
CURVATURE = np.array([1.0, 3.0, 0.5])


def quadratic(x: np.ndarray) -> np.ndarray:
    return CURVATURE * x


def run(
    method: Any,
    steps: int,
    gradient: Callable[[np.ndarray], np.ndarray] = quadratic,
    start: np.ndarray = START,
    **answers: Any,
) -> list[np.ndarray]:
    oracle = SimpleNamespace(subgradient=gradient, **answers)
    x, state = start, method.init(start)
    points = [x]
    for _ in range(steps):
        x, state = method.step(x, state, oracle)
        points.append(x)
    return points


def run_on(method: Any, gradients: list[float], start: float = 0.0) -> list[float]:
    """Return the points of a one-dimensional run on given gradients."""
    sequence = iter(gradients)
    points = run(method, len(gradients), lambda x: np.full_like(x, next(sequence)), np.full((1, 1), start))
    return [float(x[0, 0]) for x in points]


# Pairs of methods that are one and the same: at most 40 steps of 20 roundings of numbers below 5.
IDENTITIES: dict[str, tuple[Any, Any]] = {
    "sum and average momentum": (Momentum(0.1, 0.8), AveragedMomentum(average_step_size(0.1, 0.8), 0.8)),
    "sum momentum and heavy ball, constant step": (Momentum(0.1, 0.8), HeavyBall(0.1, 0.8)),
    "torch's Nesterov is the extrapolated point": (
        Momentum(0.1, 0.8, nesterov=True),
        Extrapolated(Nesterov(0.1, 0.8)),
    ),
    "look-ahead and extrapolation": (LookAhead(0.1, 0.8), Nesterov(0.1, 0.8)),
    "dual averaging without constraint": (DualAveraging(0.1), Subgradient(0.1)),
    "quasi-monotone is a heavy ball": (QuasiMonotone(0.1), HeavyBall(InverseTime(0.1, 2.0), Ramp(2.0))),
}


@pytest.mark.parametrize("name", list(IDENTITIES))
def test_identities(name: str) -> None:
    one, other = IDENTITIES[name]
    np.testing.assert_allclose(run(one, 40), run(other, 40), rtol=0, atol=40 * 20 * 5 * 2.3e-16)


def test_step_sizes_convert_there_and_back() -> None:
    assert sum_step_size(average_step_size(0.1, 0.9), 0.9) == pytest.approx(0.1, rel=1e-15)


def test_conventions_part_when_the_step_size_changes() -> None:
    # Heavy ball carries the old step size inside its velocity: after the drop it still moves by the old, long steps.
    drop = StepDecay(0.1, 0.1, 5)
    summed, heavy = run(Momentum(drop, 0.9), 8), run(HeavyBall(drop, 0.9), 8)
    np.testing.assert_allclose(summed[5], heavy[5], rtol=0, atol=1e-14)
    assert np.abs(heavy[6] - heavy[5]).max() > 5 * np.abs(summed[6] - summed[5]).max()


def test_momentum_is_a_sum_whose_effective_step_is_ten_times_the_step() -> None:
    points = run_on(Momentum(0.01, 0.9), [1.0] * 300)
    assert points[-2] - points[-1] == pytest.approx(0.1, rel=1e-9)


def test_coupled_decay_equals_decoupled_decay_in_sgd_but_not_in_adam() -> None:
    coupled = run(L2Decay(Subgradient(0.1), 0.3), 20)
    for x, following in pairwise(coupled):
        np.testing.assert_allclose(following, (1 - 0.1 * 0.3) * x - 0.1 * quadratic(x), rtol=0, atol=1e-15)
    adam, adamw = run(L2Decay(Adam(0.1), 0.3), 20)[-1], run(AdamW(0.1, weight_decay=0.3), 20)[-1]
    assert np.abs(adam - adamw).max() > 0.1


def test_decoupled_decay_is_the_product_of_its_factors() -> None:
    schedule = WarmUp(Constant(0.1), 5)
    points = run(AdamW(schedule, weight_decay=0.5), 12, np.zeros_like)
    expected = START * math.prod(1 - schedule(k) * 0.5 for k in range(12))
    np.testing.assert_allclose(points[-1], expected, rtol=12 * 4 * 2.3e-16)


# --- heavy ball --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kappa", [4.0, 25.0, 100.0])
@pytest.mark.parametrize("steps", [1, 7, 40])
def test_heavy_ball_attains_its_transient_factor(kappa: float, steps: int) -> None:
    # (1 + N (1 + q)) q^N at curvature L and (1 + N (1 - q)) q^N at mu; a double root amplifies roundings by N^2.
    q = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    method = optimal_heavy_ball(kappa, 1.0)
    for curvature, sign in ((kappa, 1), (1.0, -1)):
        last = run(method, steps, lambda x, c=curvature: c * x, np.ones((1, 1)))[-1]
        assert abs(last[0, 0]) == pytest.approx((1 + steps * (1 + sign * q)) * q**steps, rel=1e-9)


def test_heavy_ball_runs_into_the_cycle_of_lessard_recht_and_packard() -> None:
    def slope(x: np.ndarray) -> np.ndarray:
        return np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))

    points = run(HeavyBall(1 / 9, 4 / 9), 300, slope, np.array([[3.062], [3.3], [3.462]]))
    cycle = np.sort(np.array([792.0, -2208.0, 2592.0]) / 1225)
    np.testing.assert_allclose(np.sort(np.array(points[-3:])[:, :, 0], axis=0), np.tile(cycle[:, None], 3), atol=1e-12)


@pytest.mark.parametrize(("curvature", "stable"), [(2 * (1 + 0.6) - 0.01, True), (2 * (1 + 0.6) + 0.01, False)])
def test_stability_edge_of_heavy_ball(curvature: float, stable: bool) -> None:
    last = run(HeavyBall(1.0, 0.6), 4000, lambda x: curvature * x, np.ones((1, 1)))[-1]
    assert (abs(last[0, 0]) < 1e-3) == stable


# --- Adam --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("t", "beta2", "factor", "digits"),
    [(1, 0.999, 3.16, 5e-3), (12, 0.999, 6.57, 5e-3), (1000, 0.999, 1.26, 5e-3), (1, 0.95, 0.447, 5e-4)],
)
def test_early_steps_without_bias_correction(t: int, beta2: float, factor: float, digits: float) -> None:
    points = run_on(Adam(1.0, 0.9, beta2, 0.0, bias_correction=False), [1.0] * t)
    step = points[-2] - points[-1]
    assert step == pytest.approx((1 - 0.9**t) / math.sqrt(1 - beta2**t), rel=1e-12)
    assert step == pytest.approx(factor, abs=digits)


def test_first_corrected_step_is_a_sign_step() -> None:
    first = run(Adam(0.1, eps=0.0), 1)[1]
    np.testing.assert_allclose(first, START - 0.1 * np.sign(START), rtol=0, atol=1e-15)


def test_adam_does_not_see_the_scale_of_the_gradients() -> None:
    plain = run(Adam(0.1, eps=0.0), 30)[-1]
    scaled = run(Adam(0.1, eps=0.0), 30, lambda x: 2.0**20 * quadratic(x))[-1]
    np.testing.assert_array_equal(plain, scaled)


def test_eps_under_the_root_floors_the_denominator_at_its_own_root() -> None:
    tiny = [1e-8]
    outside, inside = (run_on(Adam(1.0, eps=1e-8, eps_place=place), tiny)[-1] for place in ("outside", "inside"))
    assert outside == pytest.approx(-0.5)
    assert inside == pytest.approx(-1e-4, rel=1e-4)


@pytest.mark.parametrize(
    ("gradients", "clip", "displacement"),
    [
        ([1.0] * 200, None, 2.0),
        ([1000.0] * 200, None, 2.0),
        ([1000.0] * 200, 1.0, 2.0),
        ([1.0] * 50 + [1000.0] + [1.0] * 149, None, 0.59),
        ([1.0] * 50 + [1000.0] + [1.0] * 149, 1.0, 2.0),
    ],
)
def test_one_spike_spoils_adam_and_clipping_cures_it(
    gradients: list[float], clip: float | None, displacement: float
) -> None:
    method = Adam(0.01) if clip is None else ClipNorm(Adam(0.01), clip)
    assert -run_on(method, gradients)[-1] == pytest.approx(displacement, abs=5e-3)


@pytest.mark.parametrize(("beta2", "largest"), [(0.999, 7.270), (0.99, 2.345), (0.95, 1.165)])
def test_size_of_an_update_of_adam(beta2: float, largest: float) -> None:
    # Cauchy-Schwarz: the largest ratio is attained by gradients that grow like (beta2 / beta1)^j.
    count = 400
    g = (0.9 / beta2) ** np.arange(count)[::-1]
    x = m = v = np.zeros(1)
    for t in range(1, count + 1):
        before = x
        x, m, v = adam_update(
            x, g[t - 1 : t], m, v, t=t, step_size=1.0, beta1=0.9, beta2=beta2, eps=0.0, bias_correction=False
        )
    sharp = (1 - 0.9) / math.sqrt((1 - beta2) * (1 - 0.9**2 / beta2))
    assert (before - x)[0] == pytest.approx(sharp, rel=1e-9)
    assert sharp == pytest.approx(largest, abs=5e-4)


def test_adam_walks_to_the_wrong_end_where_amsgrad_does_not() -> None:
    # Reddi, Kale and Kumar (2018), theorem 1, C = 3: slopes C, -1, -1; the best point of [-1, 1] is -1.
    slopes = [3.0 if t % 3 == 0 else -1.0 for t in range(6000)]

    def end(method: Any) -> float:
        sequence = iter(slopes)
        box = {"project": lambda x: np.clip(x, -1.0, 1.0)}
        points = run(Projected(method), 6000, lambda x: np.full_like(x, next(sequence)), np.ones((1, 1)), **box)
        return float(points[-1][0, 0])

    beta2 = 1 / (1 + 3.0**2)
    assert end(Adam(InverseSqrt(0.5), 0.0, beta2, 0.0, bias_correction=False)) == 1.0
    assert end(AMSGrad(InverseSqrt(0.5), 0.0, beta2)) < -0.98


# --- signs and errors --------------------------------------------------------------------------------------------


def test_error_feedback_loses_nothing() -> None:
    # x_t - e_t is the plain subgradient method's point on the same gradients.
    method, gradients = ErrorFeedbackSign(0.1), []

    def remembered(x: np.ndarray) -> np.ndarray:
        gradients.append(quadratic(x))
        return gradients[-1]

    x, state = START, method.init(START)
    for _ in range(30):
        x, state = method.step(x, state, SimpleNamespace(subgradient=remembered))
        np.testing.assert_allclose(x - state.error, START - 0.1 * sum(gradients), rtol=0, atol=1e-13)


@pytest.mark.parametrize("weight_decay", [0.1, 0.5, 2.0])
def test_decay_keeps_sign_steps_in_their_box(weight_decay: float) -> None:
    rng = np.random.default_rng(2)
    points = run(SignSGD(0.4, weight_decay), 200, lambda x: rng.normal(size=x.shape))
    assert np.abs(points).max() <= max(np.abs(START).max(), 1 / weight_decay) * (1 + 1e-12)


@pytest.mark.parametrize("norm_envelope", [False, True])
def test_random_signs_have_the_stated_mean(norm_envelope: bool) -> None:
    g = np.array([0.9, -0.3, 0.0, 1.2])
    runs = 200_000
    method = SSDM(1.0) if norm_envelope else StoSignFixed(1.0, b=1.5)
    rng = np.random.default_rng(5)
    x = run(
        method, 1, lambda x: np.tile(g, (runs, 1)), np.zeros((runs, 4)), uniform=lambda width: rng.random((runs, width))
    )[1]
    assert set(np.unique(x)) == {-1.0, 1.0}
    expected = g / np.linalg.norm(g) if norm_envelope else g / 1.5
    # Five standard errors of a mean of signs.
    np.testing.assert_allclose(-x.mean(axis=0), expected, rtol=0, atol=5 / math.sqrt(runs))


# --- the rest ----------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6), st.floats(1e-3, 1e3))
def test_clipping_bounds_the_gradient_and_keeps_its_direction(entries: list[float], limit: float) -> None:
    g = np.array([entries])
    clipped = clip_norm(g, limit)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-14)
    np.testing.assert_allclose(clipped * np.linalg.norm(g), g * np.linalg.norm(clipped), rtol=1e-12, atol=1e-150)
    assert np.abs(clip_value(g, limit)).max() <= limit
    np.testing.assert_array_equal(clip_norm(clipped * 0.5, limit), clipped * 0.5)


# The formula squares the sum of the losses: below 1e-140 the square is subnormal and has lost its digits.
LOSS = st.floats(-1, 1).map(lambda loss: 0.0 if abs(loss) < 1e-140 else loss)


@given(st.lists(st.tuples(LOSS, LOSS), min_size=1, max_size=30))
def test_the_minimax_player_stays_in_its_ball(losses: list[tuple[float, float]]) -> None:
    sequence = iter(losses)
    center = np.array([[0.5, -0.5]])
    points = run(
        MinimaxPlayer(2.0, math.sqrt(2), len(losses)), len(losses), lambda x: np.array([next(sequence)]), center
    )
    assert all(np.linalg.norm(point - center) <= 2.0 * (1 + 1e-15) for point in points)


def test_lazy_projection_parts_from_the_greedy_one_at_the_boundary() -> None:
    clip = {"project": lambda x: np.clip(x, -1.0, 1.0)}
    slopes = [-1.0] * 5 + [1.0] * 5

    def points(method: Any) -> list[float]:
        sequence = iter(slopes)
        return [
            float(x[0, 0]) for x in run(method, 10, lambda x: np.full_like(x, next(sequence)), np.zeros((1, 1)), **clip)
        ]

    greedy, lazy = points(Projected(Subgradient(0.5))), points(Projected(DualAveraging(0.5)))
    assert greedy == [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0, -0.5, -1.0, -1.0]
    assert lazy == [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0]


def test_item_runs_on_when_its_weights_would_overflow() -> None:
    points = run(ITEM(3.0, 0.5), 3000)
    assert np.isfinite(points[-1]).all()
    assert np.abs(points[-1]).max() < 1e-100


def test_svrg_converges_linearly_where_sgd_stalls(oracle_of: Any, start: np.ndarray) -> None:
    oracle = oracle_of(range(4))
    method, x = SVRG(0.1, 8), np.tile(start, (4, 1))
    state = method.init(x)
    for _ in range(2400):
        x, state = method.step(x, state, oracle)
    assert np.abs(oracle.full_subgradient(x)).max() < 1e-12
    assert oracle.calls == 2400 // 8 * 4 + 2400 * 2 + 4
    stalled = oracle_of(range(4))
    y = np.tile(start, (4, 1))
    for _ in range(2400):
        y = y - 0.1 * stalled.subgradient(y)
    assert np.abs(stalled.full_subgradient(y)).max() > 1e-2
