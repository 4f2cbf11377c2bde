"""Studies leave what the figures read, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.bench import single_run, stosign_on_least_absolute_deviations
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.course_studies import (
    condition_number,
    phase_diagram,
    staircase,
    transient_factor,
    update_size,
)
from ratecheck.experiments.step_size import METHODS, step_size_study
from ratecheck.experiments.studies import run_study
from ratecheck.figures.sweeps import load_map, load_sweep
from ratecheck.testbeds.convex import least_absolute_deviations


def test_the_step_size_study_finds_a_best_step_inside_the_grid(tmp_path: Path) -> None:
    paths = [step_size_study(tmp_path / name, 0, horizon=300, runs=8, points=7) for name in ("a", "b")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    sweep = load_sweep(tmp_path / "a", "step-size")
    assert sweep.labels == tuple(METHODS)
    assert sweep.values.shape == (4, 7, 8)
    best = np.median(sweep.values, axis=2).argmin(axis=1)
    assert ((best > 0) & (best < 6)).all()


def test_a_stored_study_is_used_again_and_a_changed_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def stand_in(folder: Path, seed: int) -> None:
        calls.append(seed)
        (folder / "sweep-a.npz").write_bytes(b"a")
        (folder / "sweep-b.npz").write_bytes(b"b")

    monkeypatch.setattr("ratecheck.experiments.step_size.step_size_study", stand_in)
    files = run_study("step-size", tmp_path, 0)
    assert [file.name for file in files] == ["sweep-a.npz", "sweep-b.npz"]
    assert run_study("step-size", tmp_path, 0) == files
    assert calls == [0]
    run_study("step-size", tmp_path, 1)
    files[0].unlink()
    run_study("step-size", tmp_path, 1)
    (tmp_path / "study-step-size.json").write_text("half of a recor")
    run_study("step-size", tmp_path, 1)
    assert calls == [0, 1, 1, 1]
    assert not list(tmp_path.glob("*.partial"))


def test_an_unknown_study_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "step-sise", "--out", str(tmp_path)]) == 2
    assert "'step-size'" in capsys.readouterr().err


def test_the_engine_is_far_ahead_of_a_loop_over_single_runs() -> None:
    # About 37 on an idle machine; half of it still tells a slow engine, on a machine that is busy with other things.
    assert stosign_on_least_absolute_deviations(horizon=500, rounds=2, loop_steps=2000).ratio > 15


def test_the_loop_of_the_benchmark_does_the_same_work() -> None:
    problem = least_absolute_deviations(200, 50)
    gaps = [problem.value(single_run(problem.A, problem.b, 2000, seed)[None, :])[0] for seed in range(3)]
    start = problem.value(problem.start[None, :])[0]
    assert max(gaps) < start


def test_the_pictures_of_the_course_obey_their_laws(tmp_path: Path) -> None:
    for study in (transient_factor, update_size, staircase):
        study(tmp_path)
    transient = load_sweep(tmp_path, "transient-factor")
    known = transient.values[..., 0] > 1e-12
    # Rounding of a few hundred steps, relative to the largest distance.
    np.testing.assert_allclose(transient.values[..., 0][known], transient.reference[known], rtol=1e-6)
    update = load_sweep(tmp_path, "adam-update")
    assert (update.values[..., 0] <= update.reference * (1 + 1e-12)).all()
    assert update.reference[0, 0] == pytest.approx(7.270, abs=5e-4)
    stairs = load_sweep(tmp_path, "staircase")
    bounded = np.isfinite(stairs.reference)
    np.testing.assert_allclose(stairs.values[..., 0][bounded], stairs.reference[bounded], rtol=1e-12)
    assert (stairs.values[..., -1, 0] < stairs.reference[:, 0]).all()


def test_accelerated_methods_have_the_rate_of_theory(tmp_path: Path) -> None:
    condition_number(tmp_path, points=4)
    sweep = load_sweep(tmp_path, "condition-number")
    # The heavy ball's double root adds a factor 1 + N(1+q), which a finite run still sees.
    np.testing.assert_allclose(sweep.values[:3, :, 0], sweep.reference[:3], rtol=0.3)
    assert (sweep.values[1:, -1, 0] > 5 * sweep.values[0, -1, 0]).all()


def test_the_phase_diagram_converges_inside_the_edge_and_only_there(tmp_path: Path) -> None:
    phase_diagram(tmp_path, points=9, steps=200)
    diagram = load_map(tmp_path, "heavy-ball")
    inside = diagram.x[None, :] < 2 * (1 + diagram.y[:, None])
    converges = diagram.values < 1
    assert (converges == inside).mean() > 0.9
