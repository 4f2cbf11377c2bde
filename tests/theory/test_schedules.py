"""Step-size schedules: formulas at their ends and corners, wrappers, bad input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.accelerated import Silver
from ratecheck.theory.schedules import (
    Constant,
    Cosine,
    Exponential,
    Halving,
    InverseSqrt,
    InverseTime,
    LinearDecay,
    PolynomialDecay,
    StableThenDecay,
    StepDecay,
    Triangular,
    WarmUp,
    as_schedule,
    step_size_at,
    step_sizes,
)

# Formula values by hand: (schedule, {step: step size}).
VALUES: dict[str, tuple[Any, dict[int, float]]] = {
    "constant": (Constant(0.3), {0: 0.3, 1000: 0.3}),
    "inverse sqrt": (InverseSqrt(0.3), {0: 0.3, 3: 0.15, 99: 0.03}),
    "inverse time": (InverseTime(2.0, 4.0), {0: 0.5, 4: 0.25, 16: 0.1}),
    "linear decay": (LinearDecay(0.4, 10), {0: 0.4, 5: 0.2, 9: 0.04}),
    "linear decay to a floor": (LinearDecay(0.5, 10, 0.1), {0: 0.5, 5: 0.3, 9: 0.14}),
    "polynomial": (PolynomialDecay(1.0, 10, 2.0), {0: 1.0, 5: 0.25, 9: 0.01}),
    "cosine": (Cosine(1.0, 6, 0.0), {0: 1.0, 2: 0.75, 3: 0.5, 4: 0.25}),
    "cosine with restarts": (Cosine(1.0, 6, 0.5, restart=True), {3: 0.75, 6: 1.0, 9: 0.75}),
    "step": (StepDecay(1.0, 0.1, 30), {0: 1.0, 29: 1.0, 30: 0.1, 60: 0.01}),
    "exponential": (Exponential(1.0, math.log(2)), {0: 1.0, 1: 0.5, 10: 2.0**-10}),
    "triangular": (Triangular(0.1, 0.5, 4), {0: 0.1, 2: 0.3, 4: 0.5, 6: 0.3, 8: 0.1, 12: 0.5}),
    # T = 16: T_1 = 8, T_2 = 12, T_3 = 14, T_4 = 15: the step is halved after that many steps.
    "halving": (Halving(1.0, 16), {0: 0.25, 7: 0.25, 8: 0.125, 11: 0.125, 12: 0.0625, 14: 0.03125, 15: 0.015625}),
    "silver": (Silver(1.0), {0: math.sqrt(2), 1: 2.0, 2: math.sqrt(2), 3: 2 + math.sqrt(2), 4: math.sqrt(2)}),
    "warm-up from zero": (WarmUp(Constant(1.0), 4), {0: 0.0, 1: 0.25, 3: 0.75, 4: 1.0, 9: 1.0}),
    "warm-up without the wasted step": (WarmUp(Constant(1.0), 4, 0.25), {0: 0.25, 2: 0.625, 4: 1.0}),
    "warm-up, then cosine": (WarmUp(Cosine(1.0, 6), 2), {1: 0.5, 2: 1.0, 5: 0.5}),
    "warm-up, stable, decay": (
        WarmUp(StableThenDecay(1.0, 3, 4), 2),
        {0: 0.0, 2: 1.0, 4: 1.0, 5: 1.0, 6: 0.75, 8: 0.25},
    ),
    # The worked example of the course: 100 000 steps, 10 000 of warm-up, peak 3e-4, floor 3e-5.
    "course": (WarmUp(Cosine(3e-4, 90_000, 3e-5), 10_000), {0: 0.0, 5000: 1.5e-4, 10_000: 3e-4, 55_000: 1.65e-4}),
}


@pytest.mark.parametrize("name", list(VALUES))
def test_values(name: str) -> None:
    schedule, values = VALUES[name]
    for k, expected in values.items():
        assert schedule(k) == pytest.approx(expected, rel=1e-14, abs=1e-16), f"step {k}"


def test_silver_steps_are_the_recursive_construction() -> None:
    pattern: list[float] = []
    for level in range(8):
        pattern = [*pattern, 1 + (1 + math.sqrt(2)) ** (level - 1), *pattern]
    np.testing.assert_allclose(step_sizes(Silver(1.0), len(pattern)), pattern, rtol=1e-15)


def test_inverse_time_covers_the_textbook_form() -> None:
    # initial / (1 + rate * k) is scale / (k + shift) with scale = initial / rate and shift = 1 / rate.
    np.testing.assert_allclose(
        step_sizes(InverseTime(0.3 / 0.02, 1 / 0.02), 50), [0.3 / (1 + 0.02 * k) for k in range(50)], rtol=1e-15
    )


DECAYING: list[Callable[[float, int], Any]] = [
    lambda peak, horizon: LinearDecay(peak, horizon, peak / 10),
    lambda peak, horizon: PolynomialDecay(peak, horizon, 1.7, peak / 10),
    lambda peak, horizon: Cosine(peak, horizon, peak / 10),
    lambda peak, horizon: StepDecay(peak, 0.5, max(1, horizon // 3)),
    lambda peak, horizon: Exponential(peak, 1 / horizon),
    lambda peak, horizon: InverseSqrt(peak),
    lambda peak, horizon: InverseTime(peak),
    lambda peak, horizon: Halving(peak * math.sqrt(horizon), horizon),
]


@pytest.mark.parametrize("make", DECAYING)
@given(peak=st.floats(1e-6, 1e3), horizon=st.integers(1, 200))
def test_decay_starts_at_the_peak_stays_positive_and_never_rises(
    make: Callable[[float, int], Any], peak: float, horizon: int
) -> None:
    sizes = step_sizes(make(peak, horizon), horizon)
    assert sizes[0] == pytest.approx(peak, rel=1e-12)
    assert (sizes > 0).all()
    assert (np.diff(sizes) <= 1e-12 * peak).all()


@given(horizon=st.integers(1, 300))
def test_halving_follows_its_thresholds(horizon: int) -> None:
    sizes = step_sizes(Halving(math.sqrt(horizon), horizon), horizon)
    for t in range(1, horizon + 1):
        # The last phase, i with 2**i >= T, has T_{i+1} = T.
        ends = [horizon - math.ceil(horizon * 2.0**-i) for i in range(math.ceil(math.log2(horizon)) + 1)] + [horizon]
        i = next(i for i in range(len(ends) - 1) if ends[i] < t <= ends[i + 1])
        assert sizes[t - 1] == pytest.approx(2.0**-i, rel=1e-15)


@pytest.mark.parametrize(
    "schedule", [LinearDecay(0.1, 5), PolynomialDecay(0.1, 5, 2.0), Cosine(0.1, 5), Halving(0.1, 5)]
)
def test_beyond_the_horizon_is_an_error(schedule: Any) -> None:
    with pytest.raises(InputError, match=r"step 5 was asked for, but this schedule ends at step 4\."):
        schedule(5)


BAD: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    *[
        (make, {name: value, **others})
        for value in (0.0, -0.1, math.nan, math.inf, "0.1", None)
        for make, name, others in (
            (Constant, "value", {}),
            (InverseSqrt, "scale", {}),
            (InverseTime, "scale", {}),
            (InverseTime, "shift", {"scale": 0.1}),
            (LinearDecay, "peak", {"horizon": 5}),
            (PolynomialDecay, "peak", {"horizon": 5, "power": 1.0}),
            (PolynomialDecay, "power", {"horizon": 5, "peak": 1.0}),
            (Cosine, "peak", {"horizon": 5}),
            (StepDecay, "initial", {"factor": 0.5, "every": 5}),
            (Exponential, "initial", {"rate": 0.5}),
            (Triangular, "high", {"low": 0.0, "half_period": 5}),
            (Halving, "scale", {"horizon": 5}),
            (Silver, "scale", {}),
            (StableThenDecay, "peak", {"stable": 5, "decay": 5}),
        )
    ],
    *[
        (make, {name: value, **others})
        for value in (0, -3, 2.5, True)
        for make, name, others in (
            (LinearDecay, "horizon", {"peak": 0.1}),
            (PolynomialDecay, "horizon", {"peak": 0.1, "power": 1.0}),
            (Cosine, "horizon", {"peak": 0.1}),
            (StepDecay, "every", {"initial": 0.1, "factor": 0.5}),
            (Triangular, "half_period", {"low": 0.1, "high": 0.2}),
            (Halving, "horizon", {"scale": 0.1}),
            (WarmUp, "steps", {"inner": Constant(0.1)}),
            (StableThenDecay, "stable", {"peak": 0.1, "decay": 5}),
            (StableThenDecay, "decay", {"peak": 0.1, "stable": 5}),
        )
    ],
    (LinearDecay, {"peak": 0.1, "horizon": 5, "floor": 0.2}),
    (Cosine, {"peak": 0.1, "horizon": 5, "floor": -0.2}),
    (Triangular, {"low": 0.3, "high": 0.2, "half_period": 2}),
    (StepDecay, {"initial": 0.1, "factor": 1.5, "every": 2}),
    (Exponential, {"initial": 0.1, "rate": -1.0}),
    (WarmUp, {"inner": Constant(0.1), "steps": 3, "start": 1.5}),
]


@pytest.mark.parametrize(("make", "arguments"), BAD)
def test_bad_input_is_told_in_one_sentence(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        make(**arguments)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert " but " in message


def test_numbers_become_constant_schedules() -> None:
    assert as_schedule(0.1) == Constant(0.1)
    assert as_schedule(InverseSqrt(0.1)) == InverseSqrt(0.1)


def test_step_sizes_take_the_kind_and_dtype_of_the_point() -> None:
    x = np.zeros((2, 3), dtype=np.float32)
    assert type(step_size_at(np.float64(0.1), 0, x)) is float
    assert type(step_size_at(InverseSqrt(np.float64(0.1)), 0, x)) is float
    assert step_size_at(np.array([0.1, 0.2, 0.3]), 0, x).dtype == np.float32


def test_per_coordinate_schedules() -> None:
    peak = np.array([0.1, 0.2])
    for schedule in (InverseSqrt(peak), LinearDecay(peak, 10), Cosine(peak, 10), StepDecay(peak, 0.5, 3)):
        assert step_sizes(schedule, 5).shape == (5, 2)
