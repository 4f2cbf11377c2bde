"""Sign conversions: the exact law of a step by enumeration, and wrong conversions that it must tell apart."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.accelerated import OGM
from ratecheck.theory.methods.adam import Adam, AdamW
from ratecheck.theory.methods.conversion import (
    CONVERSIONS,
    Converted,
    convert,
    mean_direction,
    noise_quantile,
    random_sign,
    require_domination,
    sign_counterpart,
)
from ratecheck.theory.methods.envelopes import (
    Constant,
    GradientMax,
    LayerMax,
    Norm,
    Rounded,
    RowColumnMax,
    RunningMax,
    Zero,
    adam_excess,
    rounded,
)
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.layers import layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum
from ratecheck.theory.methods.stosign import StoSignP, StoSignT

LEVELS = 1 << 12  # points of the grid that replaces the uniform number
DIM = 4
LAYERS = layers_of((2, 2))
GRADIENTS = np.random.default_rng(3).standard_normal((9, DIM)) * np.array([1.0, 0.1, 3.0, 0.5])
GRADIENTS[:, 1] = -np.abs(GRADIENTS[:, 1])  # a coordinate whose direction keeps its sign
GRADIENTS[-1, 3] = 6.0  # the last step raises one envelope, so that one that lags is noticed
UNBIASED = sorted(set(CONVERSIONS) - {"none"})


class Scripted:
    """Answers the same gradients to every run; the last step's uniform numbers are the whole grid, one level a run."""

    def __init__(self, uniforms: np.ndarray) -> None:
        self.calls = 0
        self.uniforms = uniforms
        self._random = np.random.default_rng(5)

    def subgradient(self, x: np.ndarray) -> np.ndarray:
        self.calls += 1
        return np.broadcast_to(GRADIENTS[self.calls - 1], x.shape)

    def uniform(self, width: int, low: int = 0) -> np.ndarray:
        if self.calls == len(GRADIENTS):
            return self.uniforms[:, :width]
        return np.broadcast_to(self._random.random(width), (len(self.uniforms), width))

    def project(self, x: np.ndarray) -> np.ndarray:
        return x


def last_signs(method: Converted, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the direction and the signs of the last step, for each row of uniform numbers."""
    oracle = Scripted(uniforms)
    x = np.zeros((len(uniforms), DIM))
    state = method.init(x)
    for _ in range(len(GRADIENTS) - 1):
        x, state = method.step(x, state, oracle)
    probe = Scripted(uniforms)
    probe.calls = oracle.calls
    m, _, _ = method.direction(x, state, probe)
    following, _ = method.step(x, state, oracle)
    return m[0], np.round((x - following) / 0.125)


def marginal_grid() -> np.ndarray:
    return np.repeat(((np.arange(LEVELS) + 0.5) / LEVELS)[:, None], DIM, axis=1)


def promised(method: Converted) -> np.ndarray:
    """Return m / R of the last step with the right envelope."""
    oracle = Scripted(np.full((1, DIM), 0.5))
    x = np.zeros((1, DIM))
    state = method.init(x)
    for _ in range(len(GRADIENTS) - 1):
        x, state = method.step(x, state, oracle)
    m, R, _ = method.direction(x, state, oracle)
    return (m / R)[0]


@pytest.mark.parametrize("name", UNBIASED)
def test_the_mean_of_a_converted_step_is_direction_over_envelope(name: str) -> None:
    method = convert(name, 0.125, LAYERS)
    _, signs = last_signs(method, marginal_grid())
    # A sign changes once over the grid, so that its mean is that of the uniform law up to one cell: 2 / LEVELS.
    np.testing.assert_allclose(signs.mean(axis=0), promised(method), rtol=0, atol=2 / LEVELS)


@pytest.mark.parametrize("name", sorted(CONVERSIONS))
def test_signs_of_different_coordinates_are_independent(name: str) -> None:
    side = 64
    first, second = np.divmod(np.arange(side**2), side)
    grid = (np.stack([first, second, first, second], axis=1) + 0.5) / side
    _, signs = last_signs(convert(name, 0.125, LAYERS), grid)
    product = (signs[:, 0] * signs[:, 1]).mean()
    assert product == pytest.approx(signs[:, 0].mean() * signs[:, 1].mean(), abs=1e-12)


@dataclass(frozen=True)
class Wrong:
    """An envelope with a fault, in place of the running maximum."""

    rule: Callable[[Any, np.ndarray, np.ndarray], tuple[np.ndarray, Any]]
    dominates = False

    def init(self, x: np.ndarray) -> np.ndarray:
        return np.zeros_like(x)

    def envelope(self, state: Any, m: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, Any]:
        return self.rule(state, m, g)


def _wrong(rule: Callable[..., tuple[np.ndarray, Any]]) -> dict[str, Any]:
    return {"envelope": Wrong(rule)}


@dataclass(frozen=True)
class Misread:
    """Gives the converted method's uniform numbers a fault."""

    inner: Converted
    change: Callable[[np.ndarray], np.ndarray]

    def init(self, x: np.ndarray) -> Any:
        return self.inner.init(x)

    def direction(self, x: np.ndarray, state: Any, oracle: Any) -> Any:
        return self.inner.direction(x, state, oracle)

    def step(self, x: np.ndarray, state: Any, oracle: Any) -> Any:
        faulty = Scripted(oracle.uniforms)
        faulty.calls = oracle.calls
        faulty.uniform = lambda width, low=0: self.change(oracle.uniform(width))  # type: ignore[method-assign]
        following = self.inner.step(x, state, faulty)
        oracle.calls = faulty.calls
        return following


def _max(state: np.ndarray, m: np.ndarray) -> np.ndarray:
    return np.maximum(state, np.abs(m))


WRONG: dict[str, dict[str, Any]] = {
    "noise scale 0.9": {"noise_scale": 0.9},
    "noise scale 1.1": {"noise_scale": 1.1},
    "no noise": {"noise_scale": 0.0},
    "Gaussian noise": {"noise": "gaussian"},
    "Laplace noise": {"noise": "laplace"},
    "logistic noise": {"noise": "logistic"},
    "envelope lags one step": _wrong(lambda state, m, g: (state, np.maximum(state, np.abs(g)))),
    "average instead of maximum": _wrong(lambda s, m, g: (0.9 * s + 0.1 * np.abs(m),) * 2),
    "maximum of signed directions": _wrong(lambda s, m, g: (np.maximum(s, m),) * 2),
    "square without root": _wrong(lambda s, m, g: (np.maximum(s, m**2),) * 2),
    "layer mean instead of maximum": _wrong(
        lambda s, m, g: (np.full_like(m, 1.0) * np.abs(m).mean(axis=1, keepdims=True), s)
    ),
    "maximum forgets at once": _wrong(lambda s, m, g: (np.maximum(0.5 * s, np.abs(m)), _max(s, m))),
    "rounded to nearest": {"envelope": Rounded(RunningMax(), bits=1, up=False)},
}
OF_GRADIENT = {"envelope lags one step"}
MISREAD: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "noise on [0, 1]": lambda u: (1 + u) / 2,
    "noise of an upside-down law": lambda u: u**2,
    "noise of half the width": lambda u: 0.25 + u / 2,
}


@pytest.mark.parametrize("fault", sorted([*WRONG, *MISREAD]))
def test_a_wrong_conversion_is_biased(fault: str) -> None:
    right = sign_counterpart(AveragedMomentum(0.125, 0.5), GradientMax() if fault in OF_GRADIENT else None)
    wrong = dataclasses.replace(right, **WRONG[fault]) if fault in WRONG else Misread(right, MISREAD[fault])
    _, signs = last_signs(wrong, marginal_grid())  # type: ignore[arg-type]
    assert np.abs(signs.mean(axis=0) - promised(right)).max() > 20 / LEVELS


def test_a_running_maximum_of_the_direction_may_lag() -> None:
    # Where it would have risen, the clipped mean and the right one are both the sign: a lag is no fault there.
    right = sign_counterpart(AveragedMomentum(0.125, 0.5))
    lagging = dataclasses.replace(right, **_wrong(lambda state, m, g: (state, _max(state, m))))
    _, signs = last_signs(lagging, marginal_grid())
    np.testing.assert_allclose(signs.mean(axis=0), promised(right), rtol=0, atol=2 / LEVELS)


def test_shared_noise_is_unbiased_but_not_independent() -> None:
    shared = dataclasses.replace(sign_counterpart(AveragedMomentum(0.125, 0.5)), shared=True)
    _, signs = last_signs(shared, marginal_grid())
    np.testing.assert_allclose(signs.mean(axis=0), promised(shared), rtol=0, atol=2 / LEVELS)
    covariance = (signs[:, 0] * signs[:, 1]).mean() - signs[:, 0].mean() * signs[:, 1].mean()
    assert abs(covariance) > 0.05


def test_named_conversions_are_the_papers_algorithms() -> None:
    uniforms = np.random.default_rng(0).random((7, DIM))
    for converted, own in (
        (convert("sgd", 0.125), StoSignT(0.125)),
        (convert("sgdm", 0.125), StoSignP(0.125)),
        (sign_counterpart(AdamW(0.125, 0.9, 0.9, weight_decay=0.1)), None),
    ):
        x = y = np.ones((7, DIM))
        state, other = converted.init(x), own.init(y) if own else None
        first, second = Scripted(uniforms), Scripted(uniforms)
        for _ in GRADIENTS:
            x, state = converted.step(x, state, first)
            if own is not None:
                y, other = own.step(y, other, second)
                # The direction is a difference of points: m is known up to one rounding of x.
                np.testing.assert_allclose(x, y, rtol=0, atol=1e-15)
        assert np.isfinite(x).all()


def test_a_users_own_optimizer_is_converted_by_one_call() -> None:
    @dataclass(frozen=True)
    class Mine:
        def init(self, x: np.ndarray) -> int:
            return 0

        def step(self, x: np.ndarray, state: int, oracle: Any) -> tuple[np.ndarray, int]:
            return x - 0.5 * oracle.subgradient(x) ** 3, state + 1

    method = sign_counterpart(Mine(), step_size=0.125)
    _, signs = last_signs(method, marginal_grid())
    np.testing.assert_allclose(signs.mean(axis=0), promised(method), rtol=0, atol=2 / LEVELS)
    with pytest.raises(InputError, match="no step size"):
        sign_counterpart(Mine())
    with pytest.raises(InputError, match="OGM has no step size"):
        sign_counterpart(OGM(1.0, 3))


def test_converted_decay_is_decoupled() -> None:
    converted = sign_counterpart(Adam(0.125))
    decaying = sign_counterpart(AdamW(0.125, weight_decay=0.5))
    assert decaying.weight_decay == 0.5
    assert converted.weight_decay == 0.0
    x = np.full((1, DIM), 8.0)
    one, _ = converted.step(x, converted.init(x), Scripted(np.full((1, DIM), 0.5)))
    two, _ = decaying.step(x, decaying.init(x), Scripted(np.full((1, DIM), 0.5)))
    np.testing.assert_allclose(one - two, 0.125 * 0.5 * x, rtol=1e-13)


@pytest.mark.parametrize(("betas", "excess"), [((0.9, 0.95), 1.165), ((0.9, 0.99), 2.345), ((0.9, 0.999), 7.270)])
def test_adam_excess(betas: tuple[float, float], excess: float) -> None:
    assert adam_excess(*betas) == pytest.approx(excess, abs=5e-4)
    assert adam_excess(0.9, 0.9) == pytest.approx(1.0)


@given(
    st.lists(st.floats(-100, 100, allow_nan=False), min_size=1, max_size=60),
    st.sampled_from([(0.9, 0.9), (0.5, 0.9), (0.9, 0.99), (0.9, 0.999)]),
)
def test_adam_ratio_never_exceeds_its_constant(gradients: list[float], betas: tuple[float, float]) -> None:
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        if v > 1e-290:
            ratio = abs(m) / (1 - betas[0] ** t) / math.sqrt(v / (1 - betas[1] ** t))
            assert ratio <= adam_excess(*betas) * (1 + 1e-12)


@given(st.floats(-3, 3), st.floats(0.01, 2.0))
def test_moments_of_the_operator(v: float, R: float) -> None:
    u = (np.arange(LEVELS) + 0.5) / LEVELS
    s = random_sign(np.full(LEVELS, v), np.full(LEVELS, R), u)
    mean = min(max(v / R, -1.0), 1.0)
    assert s.mean() == pytest.approx(mean, abs=2 / LEVELS)
    assert ((R * s) ** 2).mean() == pytest.approx(R**2, rel=1e-12)
    if abs(v) <= R:
        assert ((R * s - v) ** 2).mean() == pytest.approx(R**2 - v**2, abs=4 * R * abs(v) / LEVELS + 1e-12)


def test_operator_at_its_edges() -> None:
    u = np.linspace(0, 1, 9)[:-1]
    one = np.ones(8)
    np.testing.assert_array_equal(random_sign(one, one, u), one)
    np.testing.assert_array_equal(random_sign(-one, one, np.maximum(u, 1e-9)), -one)
    np.testing.assert_array_equal(random_sign(0 * one, 0 * one, u), 0 * one)
    np.testing.assert_array_equal(random_sign(3 * one, one, u), one)
    np.testing.assert_array_equal(mean_direction(np.array([-2.0, 0.5, 3.0]), np.array([1.0, 1.0, 0.0])), [-1, 0.5, 1])


@pytest.mark.parametrize("law", ["uniform", "gaussian", "laplace", "logistic"])
def test_noise_laws_have_one_scale(law: Any) -> None:
    u = (np.arange(1 << 16) + 0.5) / (1 << 16)
    n = noise_quantile(law, u)
    assert n.mean() == pytest.approx(0, abs=1e-9)
    assert n.std() == pytest.approx(3**-0.5, rel=2e-3)
    assert (np.diff(n) > 0).all()


def test_envelopes() -> None:
    m = np.array([[1.0, -4.0, 2.0, 0.5]])
    x = np.zeros((1, 4))
    np.testing.assert_array_equal(LayerMax().envelope(None, m, m)[0], [[4, 4, 4, 4]])
    np.testing.assert_array_equal(LayerMax(layers_of(2, 2)).envelope(None, m, m)[0], [[4, 4, 2, 2]])
    np.testing.assert_array_equal(RowColumnMax(LAYERS).envelope(None, m, m)[0], [[2, 4, 2, 2]])
    np.testing.assert_allclose(Norm().envelope(None, m, m)[0], math.sqrt(21.25))
    np.testing.assert_array_equal(Zero().envelope(None, m, m)[0], x)
    damped = RunningMax(0.5)
    _, state = damped.envelope(damped.init(x), m, m)
    np.testing.assert_array_equal(damped.envelope(state, 0 * m, m)[0], [[0.5, 2, 1, 0.25]])
    np.testing.assert_array_equal(
        rounded(np.array([0.0, 1.0, 1.01, 300.0, 1e-9]), 3, 2.0**-9, up=True)[:3], [0, 1, 1.125]
    )
    assert rounded(np.array([1e-9]), 3, 2.0**-9, up=True)[0] == 2.0**-9
    assert rounded(np.array([1e-9]), 3, 2.0**-9, up=False)[0] == 0
    for envelope in (RunningMax(), RunningMax(0.9), LayerMax(), RowColumnMax(LAYERS), Norm(), Rounded(RunningMax())):
        assert envelope.dominates
        require_domination(m, envelope.envelope(envelope.init(x), m, m)[0])
    assert not Rounded(RunningMax(), up=False).dominates
    assert GradientMax().dominates
    assert not GradientMax(0.9).dominates


@pytest.mark.parametrize(
    "make",
    [
        lambda: RunningMax(0.0),
        lambda: GradientMax(1.5),
        lambda: Constant(-1.0),
        lambda: Constant(math.nan),
        lambda: RowColumnMax(layers_of(3)),
        lambda: RowColumnMax(LAYERS).init(np.zeros((1, 5))),
        lambda: Rounded(RunningMax(), bits=0),
        lambda: adam_excess(0.99, 0.9),
        lambda: convert("adamw", 0.1),
        lambda: Converted(Subgradient(1.0), -0.1, RunningMax()),
        lambda: Converted(Subgradient(1.0), 0.1, RunningMax(), noise="cauchy"),  # type: ignore[arg-type]
        lambda: Converted(Subgradient(1.0), 0.1, RunningMax(), noise_scale=-1.0),
        lambda: require_domination(np.array([2.0]), np.array([1.0])),
        lambda: convert("row-column-max", 0.1).init(np.zeros((1, 4))),
        lambda: sign_counterpart(Subgradient(0.1), 1.0),  # type: ignore[arg-type]
        lambda: sign_counterpart(Subgradient(0.1), nois="gaussian"),
    ],
)
def test_bad_input_is_told_in_one_sentence(make: Callable[[], Any]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
