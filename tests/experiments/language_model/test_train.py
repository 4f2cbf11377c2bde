"""Training: the gradient that is stepped on, checkpoints, curves that a kill cannot change, failures that say where."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ratecheck.experiments.language_model import checkpoint  # noqa: E402
from ratecheck.experiments.language_model.history import read_curve, record_steps  # noqa: E402
from ratecheck.experiments.language_model.memory import estimated_bytes, require_fits  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape  # noqa: E402
from ratecheck.experiments.language_model.train import (  # noqa: E402
    DivergenceError,
    begin,
    resume,
    step_size_schedule,
    train,
)
from ratecheck.experiments.language_model.validation import validate  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

SHAPE = Shape(vocabulary=64, width=32, layers=1, heads=2, context=32, hidden=64)


def setup(**changes: Any) -> Setup:
    recipe: dict[str, Any] = {"optimizer": "adamw", "step_size": 4e-3, "steps": 12, "batch": 8, "device": "cpu"}
    return Setup(shape=SHAPE, source="zsg", recipe=Recipe(**(recipe | changes)))


def weights(training: Any) -> Any:
    return torch.cat([value.detach().flatten() for value in training.model.parameters()])


def test_the_loss_falls_towards_the_exact_predictor() -> None:
    history = train(begin(setup(steps=60)))
    first, last = history.records[0], history.last
    assert first.excess == pytest.approx(math.log(64) - 2.2402, abs=0.06)
    assert 0 < last.excess < 0.7 * first.excess
    assert len(history.losses) == 60
    assert all(record.excess > -4 * record.error for record in history.records)  # none is better than exact


def test_training_leaves_denormals_to_the_rest_of_the_process() -> None:
    train(begin(setup(steps=1)))
    assert np.float32(1e-30) * np.float32(1e-10) > 0


def test_a_run_is_a_function_of_its_setup() -> None:
    assert train(begin(setup())).curve() == train(begin(setup())).curve()
    assert train(begin(setup())).curve() != train(begin(setup(seed=1))).curve()


def test_seeds_of_weights_data_and_noise_do_not_depend_on_the_optimizer() -> None:
    adam, sign = begin(setup()), begin(setup(optimizer="stosignsgd"))
    assert torch.equal(weights(adam), weights(sign))
    assert train(adam).losses[0] == train(sign).losses[0]


@pytest.mark.parametrize("parts", [2, 4])
def test_accumulation_changes_rounding_only(parts: int) -> None:
    """Float32 sums of 8 gradients in another order: relative 1e-6 a step, and Adam's first steps are signs, so SGD."""
    whole, split = (
        begin(setup(optimizer="sgd", step_size=0.5)),
        begin(setup(optimizer="sgd", step_size=0.5, accumulate=parts)),
    )
    train(whole), train(split)
    assert float((weights(whole) - weights(split)).norm() / weights(whole).norm()) < 1e-5


def test_one_step_is_the_optimizer_on_the_clipped_mean_gradient() -> None:
    one = begin(setup(optimizer="sgd", step_size=0.5, steps=1, clip=0.1, warm_up=0.0))
    before = weights(one)
    train(one)
    assert float((weights(one) - before).norm()) == pytest.approx(0.5 * 0.1, rel=1e-4)


def test_weight_decay_is_for_matrices_alone() -> None:
    groups = begin(setup(weight_decay=0.1)).optimizer.param_groups
    assert [(group["weight_decay"], {value.dim() for value in group["params"]}) for group in groups] == [
        (0.1, {2}),
        (0.0, {1}),
    ]


def test_the_schedule_warms_up_and_ends_at_its_floor() -> None:
    schedule = step_size_schedule(setup(steps=100, warm_up=0.1, final=0.1))
    sizes = [schedule(k) / 4e-3 for k in range(100)]
    assert sizes[0] == pytest.approx(0.1)
    assert max(sizes) == pytest.approx(1.0)
    assert sizes[10] == pytest.approx(1.0)
    assert 0.1 < sizes[-1] < 0.102


@pytest.mark.parametrize("optimizer", ["adamw", "stosignsgd", "momentum", "scs-adamw"])
def test_stop_and_resume_is_the_same_run_bit_for_bit(optimizer: str, tmp_path: Path) -> None:
    whole = begin(setup(optimizer=optimizer))
    train(whole, tmp_path / "whole", checkpoint_every=4)
    train(begin(setup(optimizer=optimizer)), tmp_path / "parts", checkpoint_every=4, until=6)
    again = resume(tmp_path / "parts")
    assert again.step == 4
    train(again, tmp_path / "parts", checkpoint_every=4)
    assert read_curve(tmp_path / "parts") == read_curve(tmp_path / "whole")
    assert torch.equal(weights(again), weights(whole))


def test_a_loss_that_is_not_finite_names_step_parameter_and_checkpoint(tmp_path: Path) -> None:
    training = begin(setup(optimizer="sgd", step_size=0.1))

    def poison(now: Any) -> None:
        if now.step == 7:
            with torch.no_grad():
                now.model.blocks[0].attention.qkv.weight[0, 0] = float("nan")

    with pytest.raises(DivergenceError) as caught:
        train(training, tmp_path, checkpoint_every=3, on_step=poison)
    text = str(caught.value)
    assert "step 8" in text
    assert "blocks.0.attention.qkv.weight" in text
    assert "of step 6" in text
    assert checkpoint.load(tmp_path)["step"] == 6


def test_a_gradient_that_is_not_finite_is_named_and_not_stepped_on(tmp_path: Path) -> None:
    """Clipping must not spread it over the gradients of all parameters, of which the first would then be named."""
    training = begin(setup())
    culprit = training.model.blocks[0].feed_forward.out.weight
    culprit.register_hook(lambda gradient: gradient / (training.step < 5))
    with pytest.raises(DivergenceError, match=r"step 6, .* is blocks\.0\.feed_forward\.out\.weight \(its gradient\)"):
        train(training, tmp_path, checkpoint_every=2)
    assert checkpoint.load(tmp_path)["step"] == 4
    assert all(bool(value.isfinite().all()) for value in training.model.parameters())


def test_weights_that_are_not_finite_are_never_the_last_good_checkpoint(tmp_path: Path) -> None:
    training = begin(setup(optimizer="sgd", step_size=0.1, clip=math.inf))
    original = training.optimizer.step

    def broken(*arguments: Any) -> Any:
        result = original(*arguments)
        if training.step == 5:
            with torch.no_grad():
                training.model.norm.weight[0] = float("inf")
        return result

    training.optimizer.step = broken
    with pytest.raises(DivergenceError, match=r"norm\.weight"):
        train(training, tmp_path, checkpoint_every=1)
    assert checkpoint.load(tmp_path)["step"] == 5


def test_validation_does_not_depend_on_the_parts_it_is_worked_off_in() -> None:
    assert validate(begin(setup())) == pytest.approx(validate(begin(setup(batch=32))), rel=1e-6)


def test_low_precision_reports_what_it_flushes() -> None:
    low = {"state": "e4m3", "state_scale": "none", "gradient": "e5m2", "master": "bf16", "gemm": "fp8"}
    history = train(begin(setup(low=low)))
    assert history.flushed.keys() == {"exp_avg", "exp_avg_sq", "gradient"}
    assert all(len(shares) == 12 for shares in history.flushed.values())
    assert np.mean(history.flushed["exp_avg_sq"]) > 0.05
    assert not train(begin(setup())).flushed


def test_adapters_train_from_a_checkpoint(tmp_path: Path) -> None:
    train(begin(setup(steps=40)), tmp_path)
    other = dataclasses.replace(setup(steps=20, adapter_rank=4, step_size=1e-2), source="zsg:seed=5")
    tuned = begin(other, weights=tmp_path)
    frozen = tuned.model.blocks[0].attention.qkv.inner.weight.clone()
    history = train(tuned)
    assert history.last.excess < history.records[0].excess
    assert torch.equal(tuned.model.blocks[0].attention.qkv.inner.weight, frozen)


@pytest.mark.parametrize("variant", [{"precision": "bf16"}, {"weight_decay": 0.1}, {"clip": math.inf}])
def test_variants_train(variant: dict[str, Any]) -> None:
    history = train(begin(setup(steps=20, **variant)))
    assert history.last.excess < history.records[0].excess


@pytest.mark.parametrize("source", ["pydoc", "markov:order=1"])
def test_other_texts_train(source: str) -> None:
    from ratecheck.experiments.language_model.data import open_corpus

    shape = dataclasses.replace(SHAPE, vocabulary=open_corpus(source).vocabulary)
    history = train(begin(dataclasses.replace(setup(steps=20), shape=shape, source=source)))
    assert history.last.validation < history.records[0].validation


def test_records_cover_start_and_end() -> None:
    for steps in (1, 2, 10, 700):
        assert {0, steps} <= record_steps(steps)
        assert max(record_steps(steps)) == max(record_steps(steps, 1)) == steps
        assert record_steps(steps, 1) == {0, steps}


def test_setup_survives_json() -> None:
    one = setup(options={"betas": [0.9, 0.95]}, clip=math.inf, low={"state": "e4m3"})
    assert Setup.from_json(one.to_json()) == one


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    train(begin(setup(steps=2)), tmp_path)
    wider = dataclasses.replace(setup(), shape=dataclasses.replace(SHAPE, width=64))
    with pytest.raises(InputError, match="of another model"):
        begin(wider, weights=tmp_path)


def test_a_truncated_or_missing_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no checkpoint"):
        resume(tmp_path)
    train(begin(setup(steps=2)), tmp_path)
    path = tmp_path / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="truncated"):
        resume(tmp_path)


def test_a_batch_that_does_not_fit_is_refused_before_it_starts() -> None:
    huge = dataclasses.replace(setup(batch=2**22), shape=dataclasses.replace(SHAPE, context=4096))
    with pytest.raises(InputError, match="GiB are free"):
        require_fits(huge, torch.device("cpu"))
    assert estimated_bytes(setup(accumulate=8)) < estimated_bytes(setup())


BAD = {
    "step size": ({"step_size": 0.0}, "step size is 0.0"),
    "steps": ({"steps": 0}, "steps is 0"),
    "parts": ({"accumulate": 3}, "3 equal parts"),
    "clip": ({"clip": 0.0}, "clip is 0.0"),
    "precision": ({"precision": "fp8"}, "precision is 'fp8'"),
    "optimizer": ({"optimizer": "adam"}, "optimizer is 'adam'"),
    "option": ({"options": {"beta": 0.9}}, "adamw cannot be made"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_recipes_are_told_in_one_sentence(name: str) -> None:
    changes, words = BAD[name]
    with pytest.raises(InputError, match=words):
        begin(setup(**changes))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match="a GPU was asked for"):
        begin(setup(device="cuda"))
