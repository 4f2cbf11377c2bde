"""The ratios of the theorems on StoSignSGD: exact regrets, what they must not exceed, what must be noticed."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from ratecheck.experiments.grid import as_markdown
from ratecheck.experiments.ledger.stosignsgd import horizon_known
from ratecheck.experiments.sign_sequences import FAMILIES, climb, exact_regret
from ratecheck.experiments.sign_verification import ITEMS, LOWER, ratio, sign_verification
from ratecheck.theory.bounds import stosign
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.schedules import InverseSqrt

BY_NAME = {item.name: item for item in ITEMS}


class Sampled:
    """One sequence, and fresh random numbers for each of many rows."""

    calls = 0

    def __init__(self, sequence: np.ndarray) -> None:
        self._sequence = iter(sequence)
        self._random = np.random.default_rng(0)

    def subgradient(self, x: np.ndarray) -> np.ndarray:
        return np.full_like(x, next(self._sequence))

    def uniform(self, width: int, low: int = 0) -> np.ndarray:
        return self._random.random((20000, 1))

    def project(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, -0.5, 0.5)


@pytest.mark.parametrize("method", [StoSignT(0.3), StoSignT(InverseSqrt(0.7)), StoSignT(0.4, damping=0.8)])
def test_the_exact_regret_is_the_mean_over_samples(method: StoSignT) -> None:
    sequence = np.array([0.3, -1.0, 0.5, 0.2, -0.4, 1.0, 0.1, -0.6])
    oracle, x = Sampled(sequence), np.full((20000, 1), 0.5)
    state, loss = method.init(x), np.zeros((20000, 1))
    for g in sequence:
        loss += g * x
        x, state = method.step(x, state, oracle)
    mean = loss.mean() + abs(sequence.sum()) / 2
    assert exact_regret(sequence, method) == pytest.approx(mean, abs=5 * loss.std() / math.sqrt(20000))


def test_constant_steps_attain_their_bound_from_a_corner() -> None:
    for T in (4, 9, 16):
        root = math.isqrt(T)
        rounds = np.arange(T)
        sequence = np.where((rounds % 2 == (T - root) % 2) | (rounds >= T - root), 1.0, -1.0)
        reached = exact_regret(sequence, StoSignT(1 / root))
        assert reached <= root * (1 + 1e-12)
        if (T - root) % 2 == 0:
            assert reached == pytest.approx(root, rel=1e-12)


def test_climbing_never_passes_the_bound() -> None:
    for method, constant in (
        (StoSignT(1 / math.sqrt(8)), 1.0),
        (StoSignT(InverseSqrt(1 / math.sqrt(2))), math.sqrt(2)),
    ):
        _, value = climb(lambda T, method=method: method, 8, 60)  # type: ignore[misc]
        assert 0.4 < value / (constant * math.sqrt(8)) <= 1 + 1e-12


@pytest.mark.parametrize(
    "name",
    [
        "(1c), known envelope",
        "adaptive adversaries",
        "theorem 5, damped",
        "theorem 7, distance",
        "theorem 8, weakly convex",
        "heavy tails",
        "theorem 6, spread, pinned",
    ],
)
def test_no_ratio_passes_one(name: str) -> None:
    assert not BY_NAME[name].unbounded
    # Means of a few runs; the ledger has the tests with a level.
    assert max(BY_NAME[name].ratios(0)) <= 1.02


@pytest.mark.parametrize("item", [one for one in ITEMS if one.group == LOWER and "1000" not in one.name])
def test_constants_of_the_lower_bounds(item: object) -> None:
    ratios = item.ratios(0)  # type: ignore[attr-defined]
    low, high = item.recorded  # type: ignore[attr-defined]
    # Five standard errors of a mean of 1024 runs in eight coordinates, and the third digit that was recorded.
    error = 5 * 0.6 / math.sqrt(8 * 1024) / 1.0 + 1e-3
    assert min(ratios) >= low - error
    assert max(ratios) <= high + error


def test_a_wrong_method_is_seen() -> None:
    losses = FAMILIES["spikes"]
    right = ratio(stosign.STO_1B, losses, horizon_known, 1000, 16, 0)
    # An envelope far below the gradients leaves the plain sign, which follows the majority.
    wrong = ratio(
        stosign.STO_1B,
        losses,
        lambda facts, T: dataclasses.replace(horizon_known(facts, T), envelope=1e-6),
        1000,
        16,
        0,
    )
    assert right < 1 < wrong


def test_the_grid_holds_every_item() -> None:
    chosen = [BY_NAME["fair signs, T = 1"], BY_NAME["hidden directions"]]
    grid = sign_verification(0, chosen)
    assert grid.rows == ("fair signs, T = 1", "hidden directions")
    assert np.isnan(grid.values[0, 0, 1:]).all()
    assert np.isnan(grid.agrees()).all()
    assert "recorded 0.125 to 0.162" in as_markdown(grid)
    assert len({item.name for item in ITEMS}) == len(ITEMS)
