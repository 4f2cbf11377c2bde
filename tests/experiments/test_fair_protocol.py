"""The fair protocol, the table of gradient grouping and the ablation of sign conversion, at small size."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.ablation import SETTINGS, ablation, ablation_grid, problems
from ratecheck.experiments.fair_protocol import Decayed, Protocol, Tuned, compare, robustness
from ratecheck.experiments.grouping_study import ONE, SMALL, chance, grouping_grid, small_grid, tuned_cell
from ratecheck.experiments.grouping_table import CONTROLS, contender, decayed, protocol
from ratecheck.experiments.ledger.grouping_contrast import (
    CELLS,
    CLAIMS,
    HORIZON,
    Cell,
    base_level,
    halves_the_gap_of_the_base,
)
from ratecheck.experiments.robustness import BATCHES, robustness_study, working_decades
from ratecheck.figures.grids import load_grid
from ratecheck.figures.sweeps import load_map, load_sweep
from ratecheck.testbeds.grouping import BlockQuadratic, block_quadratic
from ratecheck.theory.bounds.grouping_contrast import SHIFT
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.schedules import Constant


def test_recorded_values_are_within_what_chance_explains() -> None:
    grid = grouping_grid(rows=[(0.0, "het", "GD"), (0.1, "het", "heavy ball")], seeds=5)
    # One cell in a row of six may differ: there two grids of step sizes differ by an order of magnitude of nothing.
    assert (grid.agrees().sum(axis=1) >= 5).all()
    low, median, high = grid.quartiles()
    assert (low <= median).all()
    assert (median <= high).all()
    assert (median < 1).all()


def test_chance_covers_medians_of_five() -> None:
    random = np.random.default_rng(0)
    tuned = Tuned(np.array([1.0, 2.0]), np.stack([np.full(200, 9.0), np.exp(random.standard_normal(200))]))
    low, high = chance(tuned)
    others = np.median(np.exp(random.standard_normal((2000, 5))), axis=1)
    assert 0.97 < np.mean((low <= others) & (others <= high)) < 1


def test_the_small_testbed_is_regenerated() -> None:
    grid = small_grid(9, [one for one in SMALL if one.group == ONE])
    assert grid.agrees().all()
    # Frozen scales do what scales from the curvature do.
    _, median, _ = grid.quartiles()
    assert median[1] == pytest.approx(median[3], rel=10)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.row}-{cell.variant}")
def test_steps_of_the_contrast_claims_are_the_protocols_best(cell: Cell) -> None:
    tuned = tuned_cell(cell.row, cell.variant, seeds=5)
    assert tuned.interior
    at = int(np.abs(np.log10(tuned.step_sizes / cell.step_size)).argmin()) + cell.below
    assert 4 * np.log10(tuned.step_sizes[at] / cell.step_size) == pytest.approx(cell.below, abs=1e-9)
    # With noise the optimum is flat, and medians of five instances differ by up to a factor of two.
    assert np.median(tuned.finals[at]) <= (2.0 if cell.row[0] else 1.0) * tuned.median


def test_claims_run_at_these_steps() -> None:
    for claim in CLAIMS:
        problem = claim.problem(HORIZON)
        method = claim.method(problem.facts, HORIZON)
        assert method.inner.step_size(0) in [pytest.approx(cell.step_size) for cell in CELLS]


def test_the_level_of_adam_is_that_of_a_run() -> None:
    for arrangement in ("het", "hom"):
        row = (0.1, arrangement, "Adam")
        tuned = tuned_cell(row, "base", seeds=5)  # type: ignore[arg-type]
        level = base_level(row) - SHIFT  # type: ignore[arg-type]
        # A mean over 32 instances and a median of five of them differ by their spread, 0.2 decades.
        assert level == pytest.approx(np.log10(tuned.median), abs=0.25)
        bound = halves_the_gap_of_the_base(row)  # type: ignore[arg-type]
        assert bound.value(None, None, np.array([HORIZON]))[0] == pytest.approx(base_level(row) - np.log10(2))  # type: ignore[arg-type]


def test_grid_grows_until_the_best_is_interior() -> None:
    problem = partial(block_quadratic, "A", "het", 0.0, 2)
    tuned = Protocol(lambda copies: problem(copies), 60, 2, low=1e-8, high=1e-7).tune(Subgradient)
    assert tuned.interior
    assert tuned.step_sizes[0] == pytest.approx(1e-8)
    assert (np.diff(tuned.step_sizes) > 0).all()
    low, high = tuned.quartiles
    assert low <= tuned.median <= high


def test_a_step_size_runs_the_same_alone_and_on_the_grid() -> None:
    grid = protocol("het", 0.0, "GD", 50, 2)
    together = grid.finals(contender("GD", "first"), np.array([1e-4, 2e-4, 1.0]))
    np.testing.assert_array_equal(together[1], grid.finals(contender("GD", "first"), np.array([2e-4]))[0])
    assert np.isinf(together[2]).all()


def test_controls() -> None:
    results = compare(
        protocol("het", 0.1, "GD", 200, 2),
        {"decayed": decayed("GD"), **{name: contender("GD", name) for name in CONTROLS}},
    )
    assert all(np.isfinite(tuned.median) for tuned in results.values())
    assert Decayed(Constant(1.0), 0.5, 10)(25) == 0.25


def test_robustness_map() -> None:
    def noisy(noise: float, copies: int) -> BlockQuadratic:
        return block_quadratic("A", "het", noise, 2, copies)

    levels = {noise: partial(noisy, noise) for noise in (0.0, 1.0)}
    heat = robustness(levels, Subgradient, np.array([1e-5, 1e-4, 1e-2]), 100, 2)
    assert heat.shape == (2, 3)
    assert np.isinf(heat[:, 2]).all()


def test_the_robustness_study_is_stored(tmp_path: Path) -> None:
    names = ("heavy ball, base", "heavy ball, freeze K1")
    robustness_study(tmp_path, 0, names=names, horizon=60, per_decade=1)
    sweep = load_sweep(tmp_path, "robustness")
    assert sweep.labels == names
    base = load_map(tmp_path, "robustness-heavy-ball-base")
    assert base.values.shape == (len(BATCHES), 7)
    # Steps beyond stability diverge whatever the batch; larger batches are never worse at the best step size.
    assert np.isinf(base.values[:, -1]).all()
    best = base.values.min(axis=1)
    assert (best[1:] <= 1.5 * best[:-1]).all()
    np.testing.assert_array_equal(sweep.values[0, :, 0], working_decades(base.x, base.values))


def test_decades_that_work() -> None:
    steps = 10.0 ** np.array([-2.0, -1.5, -1.0, -0.5])
    values = np.array([[1.0, 0.1, 0.05, np.inf], [np.inf, 3.0, np.inf, np.inf]])
    np.testing.assert_allclose(working_decades(steps, values), [1.0, 0.5])


def test_protocol_refuses_another_number_of_instances() -> None:
    with pytest.raises(InputError, match="instances"):
        Protocol(lambda copies: block_quadratic("A", "het"), 10, 2).finals(Subgradient, np.array([0.1]))
    with pytest.raises(InputError, match="must increase"):
        Protocol(lambda copies: block_quadratic("A", "het"), 10, 2, low=1.0, high=0.1)


def test_ablation_has_every_ingredient_and_tells_signs_from_unbiased_signs() -> None:
    assert {axis for axis, _ in SETTINGS} >= {
        "noise law",
        "noise scale",
        "envelope",
        "damping",
        "momentum",
        "decay",
        "precision",
    }
    unbiased, signs = ("momentum", "0"), ("noise law", "none, no momentum (SignSGD)")
    results = ablation(["convex, signs fail"], horizon=300, seeds=4, settings=[unbiased, signs])
    grid = ablation_grid(results, 300)
    assert grid.rows == ("0", "none, no momentum (SignSGD)")
    _, median, _ = grid.quartiles()
    assert median[0, 0] == pytest.approx(1.0)
    assert median[1, 0] > 1 / 0.7
    assert len(problems()) == 5


def test_ablation_study_is_stored(tmp_path: Path) -> None:
    from ratecheck.experiments.ablation import ablation_study

    assert ablation_study(tmp_path, 0, horizon=10, seeds=1).name == "grid-ablation.npz"
    text = (tmp_path / "grid-ablation.md").read_text()
    assert all(setting in text for _, setting in SETTINGS)
    assert len(load_grid(tmp_path, "ablation").rows) == len(SETTINGS)
