"""The bounds of the StoSignSGD, sign and adaptive families against formulas and numbers written out here."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr

from ratecheck.testbeds.sign_online import random_coordinate_signs
from ratecheck.theory.bounds import adaptive_smooth, sign, stosign, stosign_gap, stosign_law
from ratecheck.theory.facts import Facts, closed_form
from ratecheck.theory.methods.adam import Adam, UnifiedAdam
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.schedules import InverseSqrt, InverseTime

G, D, T = np.array([3.0, 0.5, 1.0]), np.array([1.0, 4.0, 2.0]), 400
DG = float(D @ G)
FACTS = Facts(
    {
        **random_coordinate_signs(tuple(G), tuple(D)).facts.entries,
        **closed_form(offsets=D / 3, coordinate_moments=G / 2, coordinate_convexity=G),
    }
)
AT = np.array([T])


def value(bound: Any, method: Any) -> float:
    return float(bound.value(FACTS, method, AT)[0])


@pytest.mark.parametrize("c", [1 / math.sqrt(2), 0.3, 2.0])
def test_anytime_regret(c: float) -> None:
    factor = 1 / (2 * c) + c
    method = StoSignT(InverseSqrt(c * D))
    assert value(stosign.STO_1A, method) == pytest.approx(factor * math.sqrt(T) * DG)
    assert value(stosign.STO_1X, method) == pytest.approx((factor + 0.5) * math.sqrt(T) * DG)
    assert value(stosign_gap.STO_3A, method) == pytest.approx(factor * DG / math.sqrt(T))
    scalar = StoSignT(InverseSqrt(c * 4.0))
    assert value(stosign.STO_1E, scalar) == pytest.approx(factor * 4.0 * math.sqrt(T) * G.sum())
    assert value(stosign.STO_1A, scalar) <= value(stosign.STO_1E, scalar)


def test_horizon_regret() -> None:
    method = StoSignT(D / math.sqrt(T))
    assert value(stosign.STO_1B, method) == pytest.approx(math.sqrt(T) * DG)
    assert value(stosign.STO_1S, method) == pytest.approx(math.sqrt(T) * DG)
    assert value(stosign_gap.STO_3B, method) == pytest.approx(DG / math.sqrt(T))
    extra = math.sqrt(2 * T * math.log(10) * float(((D * G) ** 2).sum()))
    assert value(stosign.STO_2, method) == pytest.approx(math.sqrt(T) * DG + extra)


def test_known_envelope() -> None:
    centred = StoSignT(D / (2 * math.sqrt(T)), envelope=2 * G)
    assert value(stosign.STO_1C, centred) == pytest.approx(math.sqrt(T) * DG)
    assert value(stosign_gap.STO_3C, centred) == pytest.approx(DG / math.sqrt(T))
    free = StoSignT(D / 3 / math.sqrt(T), envelope=G)
    assert value(stosign_gap.STO_1D, free) == pytest.approx(DG / 3 / math.sqrt(T))


@pytest.mark.parametrize(("damping", "factor"), [(1.0, 1.0), (1 - 1 / T, 1.5), (1 - 1 / (2 * T), 1.25)])
def test_damped_regret(damping: float, factor: float) -> None:
    method = StoSignT(D / math.sqrt(T), damping=damping)
    assert value(stosign.STO_5, method) == pytest.approx(factor * math.sqrt(T) * DG)


def test_strongly_convex_and_heavy_tailed() -> None:
    strong = StoSignT(InverseTime(2.0), envelope=G)
    assert value(stosign_gap.STO_4, strong) == pytest.approx(G.sum() * (1 + math.log(T)) / (2 * 0.5 * T))
    heavy = StoSignT(D / math.sqrt(T), envelope=G / 2 * T**0.25)
    assert value(stosign_gap.STO_6, heavy) == pytest.approx(2 * T**-0.25 * DG / 2)


@pytest.mark.parametrize("steps", range(1, 12))
def test_mean_length_of_a_walk_by_enumeration(steps: int) -> None:
    walks = [abs(sum(signs)) for signs in itertools.product((-1, 1), repeat=steps)]
    assert stosign_law.mean_walk_length(steps) == pytest.approx(np.mean(walks), rel=1e-13)
    assert stosign_law.mean_walk_length(steps) >= math.sqrt(steps / 2) * (1 - 1e-13)


def test_mean_length_of_a_long_walk() -> None:
    assert stosign_law.mean_walk_length(10**6) == pytest.approx(math.sqrt(2e6 / math.pi), rel=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 100, 1000])
def test_sampling_distance_is_within_pinskers_inequality(steps: int) -> None:
    constant = (1 - stosign_law.sampling_distance(steps)) / 4
    assert (1 - 1 / math.sqrt(3)) / 4 <= 0.125 <= constant <= 0.163


def test_upper_bounds_are_above_the_lower_ones() -> None:
    method = StoSignT(D / (2 * math.sqrt(T)), envelope=G)
    assert 1 < value(stosign.STO_1C, method) / value(stosign_law.STO_L1, method) < math.sqrt(math.pi / 2) * 1.001
    assert value(stosign_law.STO_L2, method) < value(stosign_law.STO_L2X, method) < value(stosign_gap.STO_3C, method)


def test_wrong_sign_bounds_contain_the_truth() -> None:
    S = np.linspace(0.05, 6, 200)
    uniform = np.maximum(0.5 - S / (2 * math.sqrt(3)), 0.0)
    for chance in (ndtr(-S), uniform):
        assert (chance <= sign.gauss(S) + 1e-15).all()
        assert (chance <= sign.cantelli(S)).all()
        assert (chance <= sign.markov(S)).all()
    exact = 2 / math.sqrt(3) > S
    np.testing.assert_allclose(sign.gauss(S)[exact], uniform[exact], rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("betas", "limit"), [((0.9, 0.95), 1.165), ((0.9, 0.99), 2.345), ((0.9, 0.999), 7.270), ((0.9, 0.9), 1.0)]
)
def test_largest_update_of_adam(betas: tuple[float, float], limit: float) -> None:
    assert adaptive_smooth.update_limit(*betas) == pytest.approx(limit, abs=5e-4)


def test_adam_momentum_bound_without_momentum_is_above_the_one_without() -> None:
    facts = Facts(
        closed_form(x_star=np.zeros(2), smoothness=2.0, initial_gap=1.5, coordinate_bounds=np.array([1.0, 2.0]))
    )
    steps = np.array([10, 1000])
    plain = adaptive_smooth.AD_08.value(facts, UnifiedAdam(0.1, 0.0, 0.99, eps=1e-4), steps)
    momentum = adaptive_smooth.AD_09.value(facts, UnifiedAdam(0.1, 0.0, 0.99, eps=1e-4), steps)
    assert (plain < momentum).all()
    late = adaptive_smooth.AD_09.value(facts, UnifiedAdam(0.1, 0.9, 0.99, eps=1e-4), np.array([5, 1000]))
    assert late[0] == np.inf
    assert np.isfinite(late[1])


def test_kingma_and_ba_allow_less_than_the_sharp_limit() -> None:
    method = Adam(1.0, 0.9, 0.999)
    claimed, sharp = (bound.value(FACTS, method, AT)[0] for bound in (adaptive_smooth.AD_10K, adaptive_smooth.AD_10))
    assert claimed == pytest.approx(math.sqrt(10), rel=1e-12)
    assert sharp == pytest.approx(7.270, abs=5e-4)


def test_late_mean_has_the_weights_of_the_theorem() -> None:
    from ratecheck.theory.bounds.adaptive_outputs import LateMean

    output, values = LateMean(0.7), [3.0, -1.0, 2.0, 5.0]
    memory = output.start(np.zeros((1, 1)))
    for k, v in enumerate(values):
        memory = output.visit(memory, k, np.array([[v]]), lambda x: x[:, 0])
    weights = np.array([1 - 0.7 ** (4 - j) for j in range(4)])
    assert output.read(memory, 4, np.zeros((1, 1)), lambda x: x[:, 0])[0] == pytest.approx(
        weights @ values / weights.sum(), rel=1e-14
    )
