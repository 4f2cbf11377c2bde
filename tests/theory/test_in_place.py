"""Variants that work in place give the bits of the plain rule."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.testbeds.sign_counterexamples import EXAMPLES
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.methods.in_place import in_place
from ratecheck.theory.methods.stosign import StoSignP
from ratecheck.theory.schedules import InverseSqrt

RULES = {
    "plain": StoSignP(InverseSqrt(0.1)),
    "decay": StoSignP(0.01, beta=0.8, weight_decay=0.3),
    "no momentum": StoSignP(0.05, beta=0.0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("problem", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_same_bits_as_the_plain_rule(rule: StoSignP, problem: object, dtype: type) -> None:
    fast = in_place(rule)
    assert fast is not rule
    points = []
    for method in (rule, fast):
        oracle = problem.oracle(Streams(0, "in place", range(9), dtype))
        x = np.tile(problem.start, (9, 1)).astype(dtype)
        state = method.init(x)
        for _ in range(60):
            x, state = method.step(x, state, oracle)
        points.append(x)
    assert points[0].dtype == dtype
    np.testing.assert_array_equal(points[0], points[1])


def test_only_what_was_measured_to_pay_is_replaced() -> None:
    for rule in (StoSignP(0.1, damping=0.9), StoSignP(np.array([0.1, 0.2]))):
        assert in_place(rule) is rule
