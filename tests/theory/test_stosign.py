"""The stochastic sign, its envelope, algorithms T and P: exact laws, the golden trace, invariants, bad input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.stosign import (
    StoSignP,
    StoSignT,
    running_envelope,
    stochastic_sign,
    stosign_momentum_update,
)
from ratecheck.theory.schedules import InverseSqrt

GRID = (np.arange(256) + 0.5) / 256  # midpoints: the mean of a step function with dyadic steps is exact on them


@given(st.integers(-192, 192), st.integers(-20, 20))
def test_moments_are_exact_on_a_grid(numerator: int, exponent: int) -> None:
    R = 2.0**exponent
    ratio = numerator / 128
    s = stochastic_sign(np.full(256, ratio * R), np.full(256, R), GRID)
    assert s.mean() == np.clip(ratio, -1, 1)
    assert (s**2).mean() == 1.0
    if abs(ratio) <= 1:
        assert ((R * s - ratio * R) ** 2).mean() == pytest.approx(R**2 - (ratio * R) ** 2, rel=1e-14, abs=0)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_sign_changes_where_the_law_says(v: float, R: float) -> None:
    threshold = np.clip((1 - v / R) / 2, 0, 1)
    # Rounding of v + R(2u - 1) moves the threshold by a few units in the last place of 1.
    slack = 4 * np.finfo(float).eps
    below, above = threshold - slack, threshold + slack
    if below >= 0:
        assert stochastic_sign(np.array([v]), np.array([R]), np.array([below]))[0] == -1
    if above < 1:
        assert stochastic_sign(np.array([v]), np.array([R]), np.array([above]))[0] == 1


@given(st.floats(1e-300, 1e300), st.sampled_from([0.0, 0.25, 0.5, 1 - 2.0**-53]))
def test_no_noise_where_the_signal_attains_its_envelope(R: float, u: float) -> None:
    v = np.array([R, -R])
    np.testing.assert_array_equal(stochastic_sign(v, np.array([R, R]), np.array([u, u])), [1.0, -1.0])


@given(st.floats(0, 1, exclude_max=True))
def test_zero_envelope_gives_the_plain_sign(u: float) -> None:
    v = np.array([2.0, -3.0, 0.0])
    np.testing.assert_array_equal(stochastic_sign(v, np.zeros(3), np.full(3, u)), [1.0, -1.0, 0.0])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("u", [0.0, 0.3, 0.8])
def test_a_signal_that_is_no_number_gives_no_sign(bad: float, u: float) -> None:
    v = np.array([1.0, bad, 0.0])
    for R in (np.abs(v), np.full(3, 2.0), np.array([[2.0]])):
        assert np.isnan(stochastic_sign(v, R, np.full(3, u))).ravel().tolist() == [False, True, False]
    x, m, _ = stosign_momentum_update(np.ones(3), v, np.zeros(3), np.zeros(3), np.full(3, 2 * u - 1), step_size=0.1)
    assert np.isfinite(x).tolist() == [True, False, True]
    assert np.isfinite(m).tolist() == [True, False, True]


def test_dtype_follows_the_signal() -> None:
    v = np.array([0.5, -0.5], dtype=np.float32)
    assert stochastic_sign(v, np.ones(2, np.float32), np.array([0.1, 0.9])).dtype == np.float32


def test_zero_signal_under_an_envelope_is_a_fair_coin() -> None:
    assert stochastic_sign(np.zeros(256), np.ones(256), GRID).mean() == 0.0


@given(arrays(float, (7, 3), elements=st.floats(-100, 100)), st.sampled_from([1.0, 0.99, 0.5]))
def test_envelope_dominates(signals: np.ndarray, damping: float) -> None:
    G = np.zeros(3)
    for v in signals:
        before, G = G, running_envelope(G, v, damping)
        assert (np.abs(v) <= G).all()
        assert (damping * before <= G).all()
    if damping == 1.0:
        np.testing.assert_array_equal(G, np.abs(signals).max(axis=0))


G_TRACE = np.array([[1, -0.5], [-2, 0.1], [0.3, 0.2]])
N_TRACE = np.array([[-0.9, 0.2], [0.5, 0.3], [-0.2, 0.9]])


@pytest.mark.parametrize(
    ("damping", "envelopes"),
    [
        (1.0, [[0.1, 0.05], [0.11, 0.05], [0.11, 0.05]]),
        (0.5, [[0.1, 0.05], [0.11, 0.035], [0.069, 0.0175]]),
    ],
)
def test_golden_trace_of_algorithm_p(damping: float, envelopes: list[list[float]]) -> None:
    momenta = [[0.1, -0.05], [-0.11, -0.035], [-0.069, -0.0115]]
    points = [[0.989, -1.988], [0.998011, -1.976012], [1.007012989, -1.984035988]]
    x, m, G = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for g, n, momentum, envelope, point in zip(G_TRACE, N_TRACE, momenta, envelopes, points, strict=True):
        x, m, G = stosign_momentum_update(x, g, m, G, n, step_size=0.01, beta=0.9, weight_decay=0.1, damping=damping)
        # Three operations on numbers of size 2 round by less than 1e-15.
        np.testing.assert_allclose(m, momentum, rtol=0, atol=1e-15)
        np.testing.assert_allclose(G, envelope, rtol=0, atol=1e-15)
        np.testing.assert_allclose(x, point, rtol=0, atol=2e-15)


@dataclass
class Scripted:
    """Answers with gradients and uniform numbers that are given in advance."""

    gradients: Any
    uniforms: Any
    half_width: float = math.inf
    calls: int = 0

    def subgradient(self, x: np.ndarray) -> np.ndarray:
        self.calls += 1
        return self.gradients[self.calls - 1][None, :]

    def uniform(self, width: int) -> np.ndarray:
        return self.uniforms[self.calls - 1][None, :]

    def value(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def project(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, -self.half_width, self.half_width)


def test_method_p_calls_the_update() -> None:
    method = StoSignP(0.01, beta=0.9, weight_decay=0.1)
    oracle = Scripted(G_TRACE, (N_TRACE + 1) / 2)
    x = np.array([[1.0, -2.0]])
    state = method.init(x)
    for _ in range(3):
        x, state = method.step(x, state, oracle)
    np.testing.assert_allclose(x, [[1.007012989, -1.984035988]], rtol=0, atol=2e-15)


def test_resuming_in_the_middle_gives_the_same_bits() -> None:
    method = StoSignP(InverseSqrt(0.01), weight_decay=0.1, damping=0.9)
    rng = np.random.default_rng(0)
    gradients, uniforms = rng.normal(size=(20, 2)), rng.random((20, 2))
    x = np.zeros((1, 2))
    state = method.init(x)
    oracle = Scripted(gradients, uniforms)
    for k in range(20):
        if k == 10:
            saved, kept = x.copy(), type(state)(state.k, state.momentum.copy(), state.envelope.copy())
        x, state = method.step(x, state, oracle)
    y, resumed, oracle = saved, kept, Scripted(gradients[10:], uniforms[10:])
    for _ in range(10):
        y, resumed = method.step(y, resumed, oracle)
    np.testing.assert_array_equal(x, y)


@given(
    arrays(float, (12, 2), elements=st.floats(-5, 5)),
    arrays(float, (12, 2), elements=st.floats(0, 1, exclude_max=True)),
    st.floats(-10, 10),
    st.floats(0.1, 5),
)
def test_weight_decay_keeps_the_point_in_a_box(
    gradients: np.ndarray, uniforms: np.ndarray, start: float, decay: float
) -> None:
    method = StoSignP(0.9 / decay, weight_decay=decay)
    x = np.full((1, 2), start)
    state = method.init(x)
    oracle = Scripted(gradients, uniforms)
    for _ in range(12):
        x, state = method.step(x, state, oracle)
        assert np.abs(x).max() <= max(abs(start), 1 / decay) * (1 + 1e-14)


def test_untouched_coordinates_stay_put() -> None:
    method = StoSignP(0.1)
    oracle = Scripted(np.array([[1.0, 0.0]] * 3), np.full((3, 2), 0.3))
    x = np.array([[0.5, 0.5]])
    state = method.init(x)
    for _ in range(3):
        x, state = method.step(x, state, oracle)
    assert x[0, 1] == 0.5


@given(
    arrays(float, (10, 2), elements=st.floats(-4, 4)),
    arrays(float, (10, 2), elements=st.floats(0, 1, exclude_max=True)),
    st.sampled_from([-1.0, 0.0, 1.0]),
    st.booleans(),
)
def test_pathwise_inequality_of_the_regret_bounds(
    gradients: np.ndarray, uniforms: np.ndarray, u: float, decaying: bool
) -> None:
    """The inequality that every upper bound follows from holds on each path, for every comparator."""
    T, D = len(gradients), 2.0
    method = StoSignT(InverseSqrt(0.7 * D) if decaying else 0.7 * D / math.sqrt(T))
    steps = [0.7 * D / math.sqrt(k + 1 if decaying else T) for k in range(T)]
    oracle = Scripted(gradients, uniforms, half_width=D / 2)
    x = np.zeros((1, 2))
    state = method.init(x)
    left = right = np.zeros(2)
    for k in range(T):
        y, state = method.step(x, state, oracle)
        s = stochastic_sign(gradients[k], state.envelope[0], uniforms[k])
        left = left + state.envelope[0] * s * (x[0] - u)
        right = right + 0.5 * steps[k] * state.envelope[0]
        x = y
    right = right + D**2 * state.envelope[0] / (2 * steps[-1])
    assert (left <= right + 1e-12 * (1 + right)).all()


@pytest.mark.parametrize("step_size", [0.0, -1.0, math.nan, np.array([0.1, -0.1])])
@pytest.mark.parametrize("method", [StoSignT, StoSignP])
def test_bad_step_size(method: Any, step_size: Any) -> None:
    with pytest.raises(InputError, match="step size"):
        method(step_size)


@pytest.mark.parametrize("damping", [0.0, 1.01, -1.0, math.nan])
@pytest.mark.parametrize("method", [StoSignT, StoSignP])
def test_bad_damping(method: Any, damping: float) -> None:
    with pytest.raises(InputError, match="damping"):
        method(0.1, damping=damping)


@pytest.mark.parametrize("envelope", [0.0, -1.0, math.inf, np.array([1.0, 0.0])])
def test_bad_envelope(envelope: Any) -> None:
    with pytest.raises(InputError, match="envelope"):
        StoSignT(0.1, envelope=envelope)


@pytest.mark.parametrize("parts", [{"beta": 1.0}, {"beta": -0.1}, {"weight_decay": -0.1}, {"weight_decay": math.nan}])
def test_bad_momentum_and_decay(parts: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(parts))):
        StoSignP(0.1, **parts)
