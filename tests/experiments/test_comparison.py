"""The tuned comparison: equal budgets, plain arrays, determinism, bad input; and the studies of sampling."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments import sampling_study
from ratecheck.experiments.comparison import Comparison, Contestant, Protocol, compare
from ratecheck.experiments.scs_comparison import (
    PRESETS,
    TARGETS,
    beds,
    comparison_study,
    contestants,
    profile,
    reached,
    scs_comparison,
)
from ratecheck.experiments.studies import STUDIES
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.gradient import Subgradient

LAD = {"absolute deviations": LeastAbsoluteDeviations(batch=8)}


@pytest.fixture(scope="module")
def small() -> Comparison:
    return scs_comparison("small", LAD)


def test_presets_have_twenty_seeds_and_the_full_one_short_and_long_budgets() -> None:
    assert all(preset.runs >= 20 for preset in PRESETS.values())
    assert max(PRESETS["full"].budgets) >= 8 * min(PRESETS["full"].budgets)
    assert len(beds()) >= 7


def test_every_contestant_spends_at_most_the_budget() -> None:
    problem = LAD["absolute deviations"]
    for one in contestants():
        method = one.make(0.1, 32, problem)
        oracle = problem.oracle(Streams(0, "budget", range(3)))
        x = np.zeros((3, 8))
        state = method.init(x)
        for _ in range(32):
            x, state = method.step(x, state, oracle)
        assert oracle.calls <= 32 * 8, one.name
        assert oracle.calls > 0.8 * 32 * 8, one.name


def test_shapes_and_start(small: Comparison) -> None:
    assert small.gaps.shape == (1, len(contestants()), 20, PRESETS["small"].records)
    assert small.counts.shape == (1, PRESETS["small"].records)
    assert small.counts[0, -1] == 256
    assert (np.diff(small.counts) > 0).all()
    assert (small.gaps > -1e-12).all()
    assert set(small.chosen.ravel()) <= set(PRESETS["small"].grid)
    assert small.final_gaps().shape == (1, len(contestants()))


def test_every_method_improves(small: Comparison) -> None:
    assert (small.final_gaps() < 1).all()


def test_costs_are_first_times_below_a_target() -> None:
    gaps = np.array([[[[1.0, 0.5, 0.2, 0.3]], [[1.0, 0.9, 0.8, 0.05]]]])
    outcome = Comparison(
        ("p",), ("a", "b"), np.array([[1, 2, 4, 8]]), gaps, np.array([1.0]), np.ones((1, 2)), np.zeros((1, 2), bool)
    )
    np.testing.assert_array_equal(outcome.costs((0.5, 0.1)), [[2, 8], [np.inf, 8]])


def test_profile_and_reached_are_shares(small: Comparison) -> None:
    costs = small.costs(TARGETS)
    assert costs.shape == (len(TARGETS) * 20, len(contestants()))
    wins = profile(costs, np.array([1.0, 4.0, 1e9]))
    solved = np.isfinite(costs).mean(axis=0)
    np.testing.assert_allclose(wins[:, -1], solved)
    assert (np.diff(wins, axis=1) >= 0).all()
    np.testing.assert_allclose(reached(costs, np.array([256.0]))[:, 0], solved)
    assert wins[:, 0].sum() >= np.isfinite(costs).any(axis=1).mean()


def test_same_seed_same_outcome(small: Comparison) -> None:
    again = compare(LAD, contestants()[-1:], PRESETS["small"])
    np.testing.assert_array_equal(again.gaps[:, 0], small.gaps[:, -1])


def test_divergence_is_a_gap_of_infinity() -> None:
    class Explodes:
        def init(self, x: Any) -> int:
            return 0

        def step(self, x: Any, state: int, oracle: Any) -> tuple[Any, int]:
            oracle.subgradient(x)
            return x + np.inf, state

    outcome = compare(LAD, [Contestant("explodes", lambda *_: Explodes())], Protocol((64,), (0.1,), 2, 2, 4))
    assert np.isinf(outcome.gaps).all()
    assert np.isinf(outcome.costs((0.5,))).all()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Protocol(budgets=()), "at least one budget"),
        (lambda: Protocol(grid=()), "one step size"),
        (lambda: Protocol(runs=0), "runs"),
        (lambda: compare(LAD, _sgd(), Protocol((4,), (0.1,), 2, 2, 1)), "smaller than the batch"),
        (lambda: compare(LAD, _sgd(), Protocol((16,), (0.1,), 2, 2, 5)), "only 2 steps"),
        (lambda: compare(LAD, _sgd(), Protocol((64,), (0.1,), 2, 2, 4)).costs((0.0,)), "share of the initial gap"),
    ],
)
def test_bad_input_is_told(make: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        make()


def _sgd() -> list[Contestant]:
    return [Contestant("SGD", lambda scale, steps, problem: Subgradient(scale))]


def test_comparison_study_stores_profile_ecdf_and_final_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = dataclasses.replace(PRESETS["small"], grid=(0.1,), runs=2, tuning_runs=2)
    monkeypatch.setitem(PRESETS, "small", tiny)
    path = comparison_study(tmp_path, 0, "small")
    assert path.name == "sweep-scs-profile.npz"
    names = sorted(file.name for file in tmp_path.iterdir())
    tables = [f"grid-scs-final-gaps.{kind}" for kind in ("md", "npz", "tex")]
    assert names == [*tables, "sweep-scs-ecdf.npz", "sweep-scs-profile.npz"]
    first = path.read_bytes()
    assert comparison_study(tmp_path, 0, "small").read_bytes() == first


def test_sampling_study_stores_its_sweeps(tmp_path: Path) -> None:
    sampling_study.sampling_study(tmp_path, 0, runs=64, samples=200)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == [
        "sweep-adaptive-sample-size.npz",
        "sweep-certificate.npz",
        "sweep-coverage.npz",
        "sweep-sample-size.npz",
    ]
    certificate = np.load(tmp_path / "sweep-certificate.npz")["values"]
    assert (certificate[1] >= certificate[0] - 1e-12).all()


def test_needed_samples_of_a_known_deviation() -> None:
    counts = np.array([1, 2, 4, 8, 16, 32, 64])
    values = np.tile(1 / np.sqrt(counts), (50, 1))
    assert sampling_study.needed(counts, values, 0.25, 0.9) == pytest.approx(16)
    assert sampling_study.needed(counts, values, 0.2, 0.9) == pytest.approx(25)
    assert sampling_study.needed(counts, values, 2.0, 0.9) == 1
    assert np.isnan(sampling_study.needed(counts, values, 0.1, 0.9))


def test_studies_are_registered() -> None:
    assert {"scs-comparison", "sampling"} <= STUDIES.keys()
