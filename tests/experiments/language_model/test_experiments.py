"""Experiments at tiny sizes: what they store, what they refuse, and what they must never do."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ratecheck.experiments.cli.main import main  # noqa: E402
from ratecheck.experiments.language_model import (  # noqa: E402
    adaptive_batches,
    conversion_ablation,
    experiments,
    fine_tuning,
    grouping_robustness,
)
from ratecheck.experiments.language_model.batches import Growth, Spread  # noqa: E402
from ratecheck.experiments.language_model.claims import CLAIMS, TAG  # noqa: E402
from ratecheck.experiments.language_model.history import Record  # noqa: E402
from ratecheck.experiments.language_model.optimizers import OPTIMIZERS  # noqa: E402
from ratecheck.experiments.language_model.outcome import read_findings  # noqa: E402
from ratecheck.experiments.language_model.runs import FOLDER, Run, Workers, pretrained, run_key, run_one  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape  # noqa: E402
from ratecheck.experiments.language_model.train import begin, resume, train  # noqa: E402
from ratecheck.experiments.language_model.tuning import (  # noqa: E402
    TUNING_SEED,
    Arm,
    require_equal_sequences,
    search,
    tune_and_run,
)
from ratecheck.figures.grids import load_grid  # noqa: E402
from ratecheck.figures.sweeps import load_map, load_sweep  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

SHAPE = Shape(vocabulary=64, width=16, layers=1, heads=2, context=8, hidden=16)


def tiny(sequences: int = 160, batch: int = 8, **recipe: Any) -> Setup:
    filled = {"optimizer": "adamw", "step_size": 2.0**-7, "records": 2, "device": "cpu"} | recipe
    return Setup(shape=SHAPE, source="zsg", recipe=Recipe(steps=sequences // batch, batch=batch, **filled))


def second(**recipe: Any) -> Setup:
    start = dataclasses.replace(tiny(80, seed=500), source="zsg")
    return dataclasses.replace(tiny(80, **recipe), source="zsg:zipf=1.6", pretrained=start)


def growing(optimizer: str = "scs-adamw", **changes: Any) -> Setup:
    recipe: dict[str, Any] = {"accumulate": 2, "growth": {"share": 0.5, "most": 40}, "optimizer": optimizer}
    return tiny(**(recipe | changes))


# Growing batches


def test_a_batch_grows_and_every_sequence_is_counted() -> None:
    run = run_one(growing())
    assert sum(run.batches) == run.sequences == 160
    assert max(run.batches) > min(run.batches) == 8
    assert all(batch % 8 == 0 for batch in run.batches)
    assert run.records[-1].step == len(run.batches) < 20


def test_without_growth_batches_are_those_of_the_recipe() -> None:
    run = run_one(tiny())
    assert run.batches == []
    assert run.sequences == 160
    assert run.records[-1].step == 20


def test_the_step_size_follows_the_sequences_that_are_spent() -> None:
    sizes = []
    training = begin(growing(warm_up=0.0))
    train(training, on_step=lambda now: sizes.append((now.drawn, now.optimizer.param_groups[0]["lr"])))
    drawn = [0, *[count for count, _ in sizes[:-1]]]
    expected = [2.0**-7 * (1 + math.cos(math.pi * count / 20)) / 2 for count in drawn]
    assert [size for _, size in sizes] == pytest.approx(expected, rel=1e-12)


def test_a_growing_run_stops_and_resumes_bit_for_bit(tmp_path: Path) -> None:
    whole = begin(growing())
    train(whole)
    train(begin(growing()), tmp_path, checkpoint_every=3, until=5)
    again = resume(tmp_path)
    assert again.step == 3
    train(again)
    assert again.history.batches == whole.history.batches
    assert again.history.curve() == whole.history.curve()


def test_growing_batches_see_the_sequences_that_fixed_ones_see() -> None:
    corpus = begin(tiny()).corpus
    seen: list[Any] = []

    class Listening:
        name, vocabulary, floor = corpus.name, corpus.vocabulary, corpus.floor
        validation = staticmethod(corpus.validation)

        @staticmethod
        def batch(seed: int, step: int, size: int, length: int) -> Any:
            seen.append((seed, step, size))
            return corpus.batch(seed, step, size, length)

    train(begin(growing(), Listening()))
    assert list(dict.fromkeys(seen)) == [(0, draw, 8) for draw in range(20)]


def test_the_variance_is_that_of_one_sequence() -> None:
    """Parts of 4 sequences: their mean gradients vary by a fourth of the variance of one; 400 parts, so within 15 %."""
    generator = np.random.default_rng(0)
    deviation = np.array([0.5, 1.0, 2.0])
    model = torch.nn.Linear(3, 1, bias=False)
    model.weight.grad = torch.zeros(1, 3)
    spread = Spread(model)
    for _ in range(400):
        mean = generator.normal(0.3, deviation, (4, 3)).mean(axis=0)
        model.weight.grad += torch.from_numpy(mean / 400).float()
        spread.add(1 / 400)
    assert spread.variance(4) == pytest.approx((deviation**2).sum(), rel=0.15)


def test_the_rule_is_the_norm_test_in_whole_batches() -> None:
    rule = Growth(0.5, 64)
    assert rule.draws(variance=8.0, norm=1.0, least=8) == 2  # 8 / 0.5 = 16 sequences
    assert rule.draws(variance=8.1, norm=1.0, least=8) == 3
    assert rule.draws(variance=8.0, norm=2.0, least=8) == 1
    assert rule.draws(variance=8.0, norm=1e-9, least=8) == 8


# Plans


def stub(excess: Any) -> Any:
    class Stub(Workers):
        def __init__(self) -> None:
            self.asked: list[Setup] = []

        def follow(self, plans: Any) -> Any:
            return [self._through(plan) for plan in plans]

        def _through(self, plan: Any) -> Any:
            answer = None
            while True:
                try:
                    wanted = plan.send(answer)
                except StopIteration as end:
                    return end.value
                self.asked += wanted
                answer = {run_key(one): made_up(one, excess(one)) for one in wanted}

    return Stub()


def made_up(setup: Setup, excess: float, sequences: int = 160) -> Run:
    tokens = sequences * SHAPE.context
    records = (Record(0, 0, math.nan, 4.0, 1.9, 0.01, math.nan, 0.0), Record(20, tokens, 2.0, 3.0, excess, 0.0, 1.0, 0))
    return Run(setup, records, None)


def bowl(setup: Setup) -> float:
    return abs(math.log2(setup.recipe.step_size) + 9) + 0.01 * setup.recipe.seed


def test_step_sizes_are_tuned_on_a_seed_that_does_not_judge() -> None:
    workers = stub(bowl)
    tuned, runs = tune_and_run([Arm("one", tiny(), -6)], range(3), workers)
    assert tuned["one"].best == -9
    assert tuned["one"].interior
    judged = {run.setup.recipe.seed for run in runs["one"]}
    searching = [one for one in workers.asked if one.recipe.seed not in judged]
    assert {one.recipe.seed for one in searching} == {TUNING_SEED}
    assert {math.log2(one.recipe.step_size) for one in searching} == set(tuned["one"].searched)
    assert len(workers.asked) == len(searching) + 3


def test_the_seed_of_the_tuning_cannot_judge() -> None:
    with pytest.raises(InputError, match="cannot judge"):
        tune_and_run([Arm("one", tiny(), -9)], [0, TUNING_SEED], stub(bowl))


def test_unequal_numbers_of_sequences_are_refused() -> None:
    equal = {"one": [made_up(tiny(), 0.3)], "other": [made_up(tiny(), 0.2)]}
    require_equal_sequences(equal)
    with pytest.raises(InputError, match="equal numbers of sequences"):
        require_equal_sequences(equal | {"more": [made_up(tiny(), 0.1, 320)]})
    require_equal_sequences({**equal, "lost": [dataclasses.replace(made_up(tiny(), 0.1, 8), diverged=1)]})


def test_plans_go_on_as_soon_as_their_own_runs_are_there(tmp_path: Path) -> None:
    order: list[tuple[str, int]] = []

    def plan(name: str, rounds: int) -> Any:
        for seed in range(rounds):
            yield [tiny(8, seed=seed, optimizer=name)]
            order.append((name, seed))
        return name

    with Workers(tmp_path, 1, lambda run: None) as workers:
        results = workers.follow([plan("sgd", 3), plan("adamw", 1), plan("sgd", 2)])
    assert results == ["sgd", "adamw", "sgd"]
    assert len(list((tmp_path / FOLDER).glob("*.json"))) == 4  # what two plans want is done once
    assert order.index(("adamw", 0)) < order.index(("sgd", 2))


def test_a_run_that_fails_is_told_and_not_waited_for(tmp_path: Path) -> None:
    with Workers(tmp_path, 1) as workers, pytest.raises(InputError, match="cannot be made"):
        workers.run([tiny(options={"beta": 1})])


# The four experiments, in short


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("experiments")
    with Workers(out, 1, lambda run: None) as workers:
        conversion_ablation.ablation(
            tiny(32), ("reference", "no noise (Signum)", "tensor maximum", "Gaussian noise"), 2, out, workers
        )
        adaptive_batches.adaptive_batches(
            tiny(32), ("AdamW", "SCS-AdamW (metric)", "SCS-AdamW (metric), growing"), 2, out, workers
        )
        fine_tuning.fine_tuning(second(), ("adamw", "stosignsgd", "all weights", "from scratch"), 2, out, workers)
    return out


def test_findings_tables_and_sweeps_are_stored(stored: Path) -> None:
    content = read_findings(stored)
    assert {one["id"] for one in content["claims"]} == {
        "lm-conversion-noise",
        "lm-conversion-history",
        "lm-conversion-uniform",
        "lm-scs-adamw",
        "lm-scs-growing-adamw",
        "lm-scs-growing-fixed",
        "lm-fine-tuning-stosignsgd",
        "lm-fine-tuning-adapters",
        "lm-fine-tuning-transfer",
    }
    for one in content["claims"]:
        claim = CLAIMS[one["id"]]
        assert one["paper"] == claim.paper
        assert one["expected"] == claim.expected
        assert one["runs"] == 2
        assert "nothing is said about other sizes" in one["scope"]
    axes = {row["optimizer"]: row["axis"] for row in content["experiments"]["conversion"]}
    assert axes["tensor maximum"] == "envelope"
    updates = {row["optimizer"]: row["updates"] for row in content["experiments"]["adaptive-batches"]}
    assert updates["SCS-AdamW (metric), growing"] <= updates["SCS-AdamW (metric)"] == 4
    conversion = load_grid(stored, "lm-conversion")
    assert conversion.values.shape == (4, 1, 2)
    assert conversion.rows == ("reference", "no noise (Signum)", "Gaussian noise", "tensor maximum")
    assert load_sweep(stored, "lm-fine-tuning-tokens").labels == ("adamw", "stosignsgd", "all weights", "from scratch")
    batches = load_sweep(stored, "lm-adaptive-batches")
    assert batches.labels == ("SCS-AdamW (metric), growing",)
    assert (batches.values[:, 0] == 8).all()


def test_a_second_run_takes_everything_from_the_store(stored: Path) -> None:
    before = (stored / "language_model.json").read_bytes()
    done: list[Run] = []
    with Workers(stored, 1, done.append) as workers:
        workers._computed = None  # type: ignore[assignment,method-assign]
        with pytest.raises(TypeError):
            workers.run([tiny(8, seed=77)])
    with Workers(stored, 1, done.append) as workers:
        fine_tuning.fine_tuning(second(), ("adamw", "stosignsgd", "all weights", "from scratch"), 2, stored, workers)
    assert (stored / "language_model.json").read_bytes() == before
    assert done


def test_adapters_start_from_the_other_language_and_train(stored: Path, tmp_path: Path) -> None:
    adapted = fine_tuning.arm(second(), "adamw").at(-5, 0)
    assert adapted.recipe.adapter_rank == fine_tuning.RANK
    assert adapted.pretrained is not None
    scratch = fine_tuning.arm(second(), "from scratch").at(-5, 0)
    assert scratch.pretrained is None
    assert scratch.recipe.adapter_rank == 0
    folder = pretrained(stored, adapted.pretrained)
    run = run_one(adapted, folder)
    assert run.first_excess != run_one(scratch).first_excess
    assert run.first_excess == run_one(adapted.with_recipe(adapter_rank=0), folder).first_excess
    assert run.excess < run.first_excess


def test_a_broken_pretrained_checkpoint_is_trained_again(tmp_path: Path) -> None:
    setup = second()
    assert setup.pretrained is not None
    path = pretrained(tmp_path, setup.pretrained) / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:500])
    with Workers(tmp_path, 1, lambda run: None) as workers:
        (run,) = workers.run([setup]).values()
    assert math.isfinite(run.excess)
    assert Setup.from_json(setup.to_json()) == setup


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Workers(tmp_path_factory.mktemp("grid"), 1, lambda run: None) as workers:
        return grouping_robustness.robustness(
            tiny(80), ("AdamW", "SGG", "SGG, labels at random"), (8, 40), (-7, -3), (0, 1), workers
        )


def test_the_map_is_at_equal_sequences_and_capped(grid: Any, tmp_path: Path) -> None:
    assert grid.values["SGG"].shape == (2, 2, 2)
    for runs in grid.runs.values():
        assert {run.sequences for run in runs if run.diverged is None} == {80}
    lost = dataclasses.replace(made_up(tiny(), math.inf), diverged=3)
    assert grouping_robustness.shown(lost) == 1.9
    assert grouping_robustness.shown(made_up(tiny(), 0.4)) == 0.4
    from ratecheck.experiments.sweep import save_map

    save_map(tmp_path, grouping_robustness.heat_map(grid, "SGG", "lm-grouping-0", "zsg"))
    np.testing.assert_array_equal(load_map(tmp_path, "lm-grouping-0").values, grid.values["SGG"].mean(axis=2))
    row = grouping_robustness.rows(grid)[1]
    assert row["scheme"] == "SGG"
    assert row["smallest scale"] <= row["mean scale"] <= row["largest scale"]


def test_regret_is_the_cost_of_a_step_size_that_is_not_tuned() -> None:
    values = np.array([[[1.0, 1.0], [0.5, 0.7], [2.0, 2.0]]])
    flat = np.full((1, 3, 2), 5.0)
    made = grouping_robustness.Robustness({"a": values, "flat": flat}, {})
    np.testing.assert_allclose(made.regret("a"), [(0.5 + 0 + 1.5) / 3, (0.3 + 0 + 1.3) / 3])
    np.testing.assert_allclose(made.regret("flat"), 0.0)
    np.testing.assert_allclose(made.level("flat"), 5.0)


def test_the_control_with_a_constant_factor_has_the_mean_scale(tmp_path: Path) -> None:
    with Workers(tmp_path, 1, lambda run: None) as workers:
        result = grouping_robustness.tuned_contest(tiny(40), ("AdamW", "SGG"), 2, workers)
    (control, _) = result.runs[grouping_robustness.CONSTANT]
    scale = np.mean([run.scales["mean"] for run in result.runs["SGG"]])
    assert control.setup.recipe.optimizer == "adamw"
    assert control.setup.recipe.step_size == pytest.approx(result.tuned["SGG"].step_size * scale)
    assert grouping_robustness.CONSTANT in {row["optimizer"] for row in grouping_robustness.control_rows(result)}
    assert grouping_robustness.CONSTANT not in grouping_robustness.tuned_only(result).runs


# Registries, ledger, command line


def test_every_contestant_is_an_optimizer() -> None:
    named = {one.optimizer for one in conversion_ablation.SETTINGS.values()}
    named |= {one.optimizer for one in grouping_robustness.SCHEMES.values()}
    named |= {one.optimizer for one in adaptive_batches.ENTRANTS.values()}
    named |= {optimizer for optimizer, _, _ in fine_tuning.METHODS.values()}
    assert named <= OPTIMIZERS.keys()


@pytest.mark.parametrize("module", [conversion_ablation, adaptive_batches, fine_tuning, grouping_robustness])
def test_every_difference_is_a_claim_about_contestants(module: Any) -> None:
    contestants = {
        conversion_ablation: conversion_ablation.SETTINGS,
        adaptive_batches: adaptive_batches.ENTRANTS,
        fine_tuning: fine_tuning.METHODS,
        grouping_robustness: {**grouping_robustness.SCHEMES, grouping_robustness.CONSTANT: None},
    }[module]
    pairs = {**module._DIFFERENCES, **getattr(module, "_REGRETS", {})}
    assert pairs.keys() <= CLAIMS.keys()
    assert {name for pair in pairs.values() for name in pair} <= contestants.keys()
    (experiment,) = {CLAIMS[name].experiment for name in pairs}
    assert pairs.keys() == {claim.id for claim in experiments.claims_of(experiment)}


def test_every_claim_has_its_experiment_and_every_experiment_a_module() -> None:
    import importlib

    assert {claim.experiment for claim in CLAIMS.values()} <= experiments.EXPERIMENTS.keys()
    for one in experiments.EXPERIMENTS.values():
        assert callable(importlib.import_module(one.module).experiment)
        assert one.paper


def test_claims_are_read_without_torch() -> None:
    code = """
import sys
sys.modules["torch"] = None
from ratecheck.experiments.language_model.claims import CLAIMS
assert CLAIMS
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_ledger_lists_them_and_says_that_they_are_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "--tag", TAG]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {entry["id"] for entry in entries} == CLAIMS.keys()
    assert main(["list", "--json", "--tag", "sgg"]) == 0
    mixed = json.loads(capsys.readouterr().out)
    ordinary = next(entry for entry in mixed if TAG not in entry["tags"])
    assert all(entry.keys() >= ordinary.keys() for entry in mixed)
    assert main(["list", "--tag", TAG]) == 0
    assert "only" in capsys.readouterr().out
    assert main(["show", "lm-sgg-adamw"]) == 0
    assert "ratecheck lm experiments grouping" in capsys.readouterr().out


def measured(monkeypatch: pytest.MonkeyPatch, value: float) -> list[str]:
    """Let every experiment find `value` for each of its claims, and return the names of those that were run."""
    ran: list[str] = []

    def stand_in(name: str, folder: Path, *, seeds: int, jobs: int) -> list[dict[str, Any]]:
        ran.append(name)
        runs = [made_up(tiny(), 0.3)] * seeds
        return [one.finding((value,) * seeds, runs, "here", "zsg").to_json() for one in experiments.claims_of(name)]

    monkeypatch.setattr(experiments, "run_experiment", stand_in)
    return ran


def test_verify_runs_the_experiment_that_decides_a_claim(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = measured(monkeypatch, 0.02)
    words = ["verify", "lm-conversion-gradient-max", "ns-01-max-coordinate", "--out", str(tmp_path)]
    assert main([*words, "--json", str(tmp_path / "v.json")]) == 0
    assert ran == ["conversion"]
    records = {record["id"]: record for record in json.loads((tmp_path / "v.json").read_text())}
    assert records.keys() == {"lm-conversion-gradient-max", "ns-01-max-coordinate"}
    found = records["lm-conversion-gradient-max"]
    assert found.keys() >= records["ns-01-max-coordinate"].keys()
    assert (found["bound"], found["limit"]) == (found["id"], 0.05)
    assert "2 of 2 claims came out as expected" in capsys.readouterr().out


def test_verify_by_tag_runs_all_and_tells_what_is_not_as_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = measured(monkeypatch, 7.0)
    assert main(["verify", "--tag", TAG, "--tag", "scs", "--out", str(tmp_path)]) == 1
    assert ran == ["adaptive-batches"]
    assert "! lm-scs-adamw-euclidean: expected holds, came out refuted" in capsys.readouterr().out


def test_plain_verify_does_not_train(monkeypatch: pytest.MonkeyPatch) -> None:
    from ratecheck.experiments.language_claims import select_language

    assert select_language([], []) == []
    assert select_language([], ["sgg"]) == []
    assert select_language([], [TAG, "sgg"])
    assert [claim.id for claim in select_language(["lm-sgg-adamw", "ns-01-max-coordinate"], [])] == ["lm-sgg-adamw"]


def test_without_torch_verify_says_what_is_missing() -> None:
    code = """
import sys, importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else real(name, *rest)
sys.modules["torch"] = None
from ratecheck.experiments.cli.main import main
for words in (["verify", "lm-sgg-adamw"], ["lm", "experiments", "grouping"]):
    assert main(words) == 2
assert main(["show", "lm-sgg-adamw"]) == 0
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2
    assert all("pip install ratecheck[torch]" in line for line in lines)


BAD = {
    "growth fields": (lambda out: begin(growing(growth={"share": 1.0})), "needs most and share"),
    "growth share": (lambda out: begin(growing(growth={"share": 0.0, "most": 16})), "share is 0"),
    "growth most": (lambda out: begin(growing(growth={"share": 1.0, "most": 12})), "multiple of the batch"),
    "growth parts": (lambda out: begin(growing(accumulate=1)), "2 parts or more"),
    "records": (lambda out: tiny(records=0), "records is 0"),
    "experiment": (lambda out: experiments.named(["groping"]), "the nearest is 'grouping'"),
    "seeds": (lambda out: experiments.run_experiment("grouping", out, seeds=1), "seeds is 1"),
    "setting": (
        lambda out: conversion_ablation.ablation(tiny(), ("no",), 2, out, Workers(out, 1)),
        "no setting of the ablation",
    ),
    "scheme": (
        lambda out: grouping_robustness.robustness(tiny(), ("no",), (8,), (-7,), (0,), Workers(out, 1)),
        "no scheme of grouping",
    ),
    "batch": (
        lambda out: grouping_robustness.robustness(tiny(), ("SGG",), (7,), (-7,), (0,), Workers(out, 1)),
        "no multiple of the batch 7",
    ),
    "entrant": (
        lambda out: adaptive_batches.adaptive_batches(tiny(), ("no",), 2, out, Workers(out, 1)),
        "no entrant is called 'no'",
    ),
    "method": (
        lambda out: fine_tuning.fine_tuning(second(), ("no",), 2, out, Workers(out, 1)),
        "no method of fine-tuning",
    ),
    "not pretrained": (
        lambda out: fine_tuning.fine_tuning(tiny(), ("adamw",), 2, out, Workers(out, 1)),
        "needs a pretrained run",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        make(tmp_path)


def test_an_unknown_experiment_on_the_command_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lm", "experiments", "fp9"]) == 2
    assert "the nearest is 'fp8'" in capsys.readouterr().err
    assert main(["lm", "experiments", "--list"]) == 0
    assert "fine-tuning: adapters" in capsys.readouterr().out


def test_the_search_extends_the_grid_until_the_best_is_interior() -> None:
    workers = stub(bowl)
    (tuned,) = workers.follow([search(Arm("one", tiny(), -4))])
    assert (tuned.best, tuned.interior) == (-9, True)
