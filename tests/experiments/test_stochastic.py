"""Numbers of the exact laws, by hand; and the claims of the stochastic wing as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import exact_laws, high_probability, real_data, stochastic, stochastic_misquoted
from ratecheck.theory.bounds.exact_adam import adam_steps, correction_factors
from ratecheck.theory.bounds.high_probability import hardest_bias, vote_error
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.momentum import optimal_heavy_ball


def test_uncorrected_steps_are_too_long_for_the_usual_betas() -> None:
    usual = correction_factors(0.9, 0.999, 1000)
    assert usual[0] == pytest.approx(3.16, abs=0.005)
    assert usual.argmax() + 1 == 12
    assert usual.max() == pytest.approx(6.57, abs=0.005)
    assert usual[-1] == pytest.approx(1.26, abs=0.005)
    other = correction_factors(0.9, 0.95, 1000)
    assert other[0] == pytest.approx(0.447, abs=0.0005)
    assert other.max() == pytest.approx(1.10, abs=0.005)


def test_a_spike_leaves_059_of_the_way() -> None:
    g = np.where(np.arange(200) == 50, 1000.0, 1.0)
    way = 0.01 * adam_steps(g, Adam(0.01)).sum()
    # Half a unit before the spike, and next to nothing after it.
    assert way == pytest.approx(0.59, abs=0.005)
    assert 0.01 * adam_steps(np.ones(200), Adam(0.01)).sum() == pytest.approx(2.0, abs=1e-6)


def test_optimal_momentum_at_condition_100() -> None:
    method = optimal_heavy_ball(100.0, 1.0)
    assert method.momentum == pytest.approx(0.6694, abs=5e-5)
    assert math.sqrt(float(method.momentum)) == pytest.approx(0.818, abs=5e-4)


@pytest.mark.parametrize(
    ("T", "value"), [(1, 0.250), (4, 0.348), (16, 0.342), (64, 0.3405), (256, 0.3401), (1024, 0.3400)]
)
def test_hardest_pair_of_slopes(T: int, value: float) -> None:
    assert hardest_bias(T)[1] * math.sqrt(T) == pytest.approx(value, abs=6e-5 if T > 20 else 6e-4)


def test_vote_error_by_enumeration() -> None:
    # Three votes, each wrong with chance 0.4; two votes with a coin for ties.
    assert vote_error(3, 0.2) == pytest.approx(3 * 0.4**2 * 0.6 + 0.4**3)
    assert vote_error(2, 0.2) == pytest.approx(0.4**2 + 0.4 * 0.6)


WING = [claim for family in (stochastic, stochastic_misquoted, high_probability, exact_laws) for claim in family.CLAIMS]


@pytest.mark.parametrize("claim", WING, ids=lambda claim: claim.id)
def test_claims_come_out_as_expected(check: Any, claim: Any) -> None:
    judged = check(claim)
    assert judged.as_expected, judged.reason


@pytest.mark.parametrize("claim", [claim for claim in real_data.CLAIMS if claim.quick], ids=lambda claim: claim.id)
def test_claims_on_real_data_come_out_as_expected(check: Any, claim: Any) -> None:
    judged = check(claim)
    assert judged.as_expected, judged.reason


def test_no_claim_is_decided_by_rounding_alone(check: Any) -> None:
    for claim in exact_laws.CLAIMS:
        run = check(claim).run
        largest = max(np.abs(run.values).max(), np.abs(run.bound).max())
        assert largest > 1e3 * run.floor, claim.id
