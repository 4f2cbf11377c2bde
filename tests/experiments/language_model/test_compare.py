"""Comparisons: the search for a step size, intervals, findings, stored runs, sweeps that the figures read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ratecheck.experiments.claim import SOURCE_TAGS  # noqa: E402
from ratecheck.experiments.language_model import compare as module  # noqa: E402
from ratecheck.experiments.language_model.compare import CONTESTANTS, compare  # noqa: E402
from ratecheck.experiments.language_model.contest import table  # noqa: E402
from ratecheck.experiments.language_model.history import Record  # noqa: E402
from ratecheck.experiments.language_model.optimizers import OPTIMIZERS  # noqa: E402
from ratecheck.experiments.language_model.outcome import interval, read_findings, verdict_of  # noqa: E402
from ratecheck.experiments.language_model.presets import PRESETS  # noqa: E402
from ratecheck.experiments.language_model.runs import FOLDER, Run, Workers, run_key  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe, Setup  # noqa: E402
from ratecheck.experiments.language_model.tuning import next_points  # noqa: E402
from ratecheck.figures.sweeps import load_sweep  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

PROMISED = set(
    [
        "id",
        "title",
        "source",
        "provenance",
        "kind",
        "method",
        "problem",
        "measure",
        "expected",
        "verdict",
        "as_expected",
        "tightness",
        "horizon",
        "runs",
        "oracle_calls",
        "slope",
        "slope_ci",
        "slope_claimed",
        "detectable",
        "tags",
        "seconds",
        "key",
    ]
)
TINY = PRESETS["tiny"]


def setup(steps: int = 8) -> Setup:
    recipe = Recipe(optimizer="adamw", step_size=1e-3, steps=steps, batch=4, device="cpu")
    return Setup(shape=TINY.shape, source=TINY.source, recipe=recipe)


def made_up(excess: float, seed: int = 0, diverged: int | None = None, **changes: Any) -> Run:
    records = (Record(0, 0, math.nan, 4.0, 1.9, 0.01, math.nan, 0.0), Record(8, 1024, 2.0, 3.0, excess, 0.01, 1.0, 0.0))
    return Run(setup().with_recipe(seed=seed, **changes), records, diverged)


@pytest.mark.parametrize("optimum", [-18, -12, -8, -3, 2])
def test_the_search_ends_with_an_interior_best_point(optimum: int) -> None:
    searched: dict[int, float] = {}
    start = -8
    while points := next_points(searched, start):
        searched |= {point: abs(point - optimum) + 0.1 for point in points}
    assert min(searched, key=searched.__getitem__) == optimum
    assert min(searched) < optimum < max(searched)


def test_the_search_leaves_points_that_diverged_and_gives_up_in_the_end() -> None:
    searched: dict[int, float] = {}
    while points := next_points(searched, 0):
        searched |= {point: math.inf if point > -4 else abs(point + 6) + 1.0 for point in points}
    assert min(searched, key=searched.__getitem__) == -6
    searched = {}
    while points := next_points(searched, 0):
        searched |= dict.fromkeys(points, math.inf)
    assert -16 < min(searched) < -10


def test_intervals_and_verdicts() -> None:
    values = [0.1, 0.2, 0.3, 0.2]
    found = interval(values)
    assert found.mean == pytest.approx(0.2)
    assert found.high - found.mean == pytest.approx(3.182446 * np.std(values, ddof=1) / 2, rel=1e-6)
    assert verdict_of(found, 0.4) == "holds"
    assert verdict_of(found, 0.05) == "refuted"
    assert verdict_of(found, 0.2) == "undecided"
    assert verdict_of(interval([math.inf, 0.1]), 1.0) == "undecided"
    assert verdict_of(interval([math.inf, math.inf]), 1.0) == "refuted"


def test_every_contestant_is_an_optimizer() -> None:
    assert {one.optimizer for one in CONTESTANTS.values()} <= OPTIMIZERS.keys()
    assert len(module.DEFAULT) >= 6


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    out = tmp_path_factory.mktemp("compare")
    with Workers(out, 1) as workers:
        result = compare(setup(), ("adamw", "sgd", "momentum", "stosignsgd"), 2, out, workers)
    return out, result


def test_a_comparison_is_stored_with_findings_and_sweeps(compared: tuple[Path, Any]) -> None:
    out, result = compared
    assert all(tuned.interior for tuned in result.tuned.values())
    rows = table(result, "adamw")
    assert [row["optimizer"] for row in rows] == result.ranking()
    stored = read_findings(out)
    assert {one["id"] for one in stored["claims"]} == {
        "lm-adam-sgd-gap",
        "lm-adam-plain-sgd-gap",
        "lm-stosignsgd-adamw",
    }
    for one in stored["claims"]:
        assert one.keys() >= PROMISED | {"paper", "scope"}
        assert "language-model" in one["tags"]
        assert len([tag for tag in one["tags"] if tag in SOURCE_TAGS]) == 1
        assert one["paper"]
    steps = load_sweep(out, "lm-compare-step-size")
    assert np.nanmin(steps.values[0]) == min(result.tuned[steps.labels[0]].searched.values())
    tokens = load_sweep(out, "lm-compare-tokens")
    assert tokens.values.shape == (4, len(tokens.grid), 2)
    assert tokens.grid[-1] == 8 * 4 * TINY.shape.context


def test_stored_runs_are_used_again_and_a_truncated_one_is_not(compared: tuple[Path, Any]) -> None:
    out, result = compared
    one = result.runs["adamw"][0]
    path = out / FOLDER / f"{run_key(one.setup)}.json"
    before = path.read_bytes()
    with Workers(out, 1) as workers:
        assert workers.run([one.setup])[run_key(one.setup)].seconds == one.seconds
    path.write_bytes(before[:100])
    with Workers(out, 1) as workers:
        again = workers.run([one.setup])[run_key(one.setup)]
    assert again.excess == one.excess
    assert json.loads(path.read_text())["device"] == "cpu"


def test_processes_do_not_matter(compared: tuple[Path, Any], tmp_path: Path) -> None:
    runs = compared[1].runs["stosignsgd"]
    with Workers(tmp_path, 2) as workers:
        again = workers.run([run.setup for run in runs])
    for run in runs:
        assert again[run_key(run.setup)].records[1:] == run.records[1:]


def test_a_difference_is_paired_by_seed() -> None:
    ours, theirs = [made_up(0.2), made_up(0.3)], [made_up(0.1), made_up(0.25)]
    assert module.paired(ours, theirs) == pytest.approx((0.1, 0.05))
    assert module.paired([made_up(0.2, diverged=5)], [made_up(0.1)]) == (math.inf,)


BAD = {
    "optimizer": (lambda out: compare(setup(), ("adam",), 2, out, Workers(out, 1)), "no optimizer is called 'adam'"),
    "seeds": (lambda out: compare(setup(), ("adamw",), 1, out, Workers(out, 1)), "seeds is 1"),
    "jobs": (lambda out: Workers(out, 0), "jobs is 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        make(tmp_path)


def test_a_foreign_file_of_findings_is_told(tmp_path: Path) -> None:
    (tmp_path / "language_model.json").write_text("{}")
    with pytest.raises(InputError, match="delete it"):
        read_findings(tmp_path)
