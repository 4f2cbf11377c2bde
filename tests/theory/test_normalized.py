"""Normalised SGD with momentum against its recursion written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ratecheck.testbeds.coordinate_smooth import NoisySquares
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.normalized import NormalizedMomentum

PROBLEM = NoisySquares((1.0, 4.0), (0.0, 0.0), (1.0, -1.0), UniformNoise((1.0, 0.5)))


@pytest.mark.parametrize("weight", [0.1, 1.0])
def test_recursion(weight: float) -> None:
    method = NormalizedMomentum(0.05, weight)
    seen: list[np.ndarray] = []
    oracle = PROBLEM.oracle(Streams(0, "normalized", range(3)), lambda x, g: seen.append(g.copy()))
    x = np.tile(PROBLEM.start, (3, 1))
    state = method.init(x)
    m = np.zeros_like(x)
    for k in range(20):
        before = x.copy()
        x, state = method.step(x, state, oracle)
        m = seen[0] if k == 0 else (1 - weight) * m + weight * seen[-1]
        # The norm sums two squares and takes a root: a few units in the last place.
        np.testing.assert_allclose(x, before - 0.05 * m / np.linalg.norm(m, axis=1, keepdims=True), rtol=0, atol=1e-15)
        np.testing.assert_allclose(np.linalg.norm(x - before, axis=1), 0.05, rtol=1e-12)


@pytest.mark.parametrize("weight", [0.0, 1.5, math.nan])
def test_bad_weight(weight: float) -> None:
    with pytest.raises(InputError, match="weight"):
        NormalizedMomentum(0.1, weight)
