"""Online problems: the regret that the oracle keeps, against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.testbeds.online import random_losses, random_signs
from ratecheck.testbeds.online_targets import MovingTargets
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import row_norm
from ratecheck.theory.bounds.online import absolute_walk


def test_regret_against_targets_is_its_definition() -> None:
    problem = MovingTargets(dim=2, strong_convexity=2.0, radius=1.5)
    streams = Streams(0, "test", range(3))
    oracle, same = problem.oracle(streams), streams.open("sample")
    x = np.broadcast_to(problem.start, (3, 2)).astype(float)
    played, targets = [], []
    for t in range(1, 6):
        targets.append(problem.target(t, same.uniform(2)).copy())
        played.append(x)
        g = oracle.subgradient(x)
        assert (row_norm(g) <= problem.facts["gradient_bound"] * (1 + 1e-12)).all()
        x = oracle.project(x - 0.1 * g)
    z, p = np.array(targets), np.array(played)
    best = z.mean(axis=0)
    expected = (((p - z) ** 2).sum(axis=2) - ((best - z) ** 2).sum(axis=2)).sum(axis=0)  # lambda/2 = 1
    assert oracle.regret() == pytest.approx(expected, rel=1e-12)


def test_random_losses_have_norm_one_and_drift() -> None:
    problem = random_losses()
    stream = Streams(0, "test", range(64)).open("sample")
    losses = np.array([problem.reveal(t, np.zeros((64, 4)), None, stream.uniform(4)) for t in range(200)])
    assert np.linalg.norm(losses, axis=2) == pytest.approx(1, rel=1e-12)
    assert losses.mean(axis=(0, 1))[0] > 0.1
    assert np.abs(losses.mean(axis=(0, 1))[1:]).max() < 0.02


def test_random_signs_are_fair() -> None:
    problem = random_signs(gradient_bound=3.0)
    stream = Streams(1, "test", range(64)).open("sample")
    losses = np.array([problem.reveal(t, np.zeros((64, 1)), None, stream.uniform(1)) for t in range(500)])
    assert set(np.unique(losses)) == {-3.0, 3.0}
    assert abs(losses.mean()) < 3 * 5 / np.sqrt(losses.size)


def test_absolute_walk_is_the_mean_of_the_walk() -> None:
    # E|S_T| = 1, 1, 1.5, 1.5, 1.875 for T = 1, ..., 5, by counting.
    assert absolute_walk(np.arange(1, 6)) == pytest.approx([1, 1, 1.5, 1.5, 1.875], rel=1e-12)
    ratio = absolute_walk(np.array([1, 2, 3, 4, 10, 100])) / (2 * np.sqrt([1, 2, 3, 4, 10, 100]))
    assert ratio == pytest.approx([0.5, 0.3536, 0.433, 0.375, 0.389, 0.398], abs=5e-4)
