"""Planted faults of the experiments on language models: each check passes on the right code and fails on the fault."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ratecheck.experiments.language_model import (  # noqa: E402
    batches,
    contest,
    grouping_robustness,
    runs,
    train,
    tuning,
)
from ratecheck.experiments.language_model.batches import Growth, Spread  # noqa: E402
from ratecheck.experiments.language_model.history import Record  # noqa: E402
from ratecheck.experiments.language_model.lora import Adapted, add_adapters  # noqa: E402
from ratecheck.experiments.language_model.optimizers import grouped, make_optimizer  # noqa: E402
from ratecheck.experiments.language_model.runs import Run, run_key, run_one  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape  # noqa: E402
from ratecheck.experiments.language_model.tuning import Arm  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402

Plant = Callable[[pytest.MonkeyPatch], None]
Check = Callable[[], bool]
SHAPE = Shape(vocabulary=64, width=16, layers=1, heads=2, context=8, hidden=16)


def tiny(**recipe: Any) -> Setup:
    filled = {"optimizer": "adamw", "step_size": 2.0**-6, "steps": 20, "batch": 8, "records": 2, "device": "cpu"}
    return Setup(shape=SHAPE, source="zsg", recipe=Recipe(**(filled | recipe)))


def growing() -> Setup:
    return tiny(optimizer="scs-adamw", accumulate=2, growth={"share": 0.5, "most": 40})


def replaced(owner: Any, name: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(owner, name, value)


# What must be true


def every_sequence_is_counted() -> bool:
    run = run_one(growing())
    return sum(run.batches) == run.sequences == 160


def batches_are_new() -> bool:
    seen: list[int] = []
    training = train.begin(growing())
    draw = training.corpus.batch

    def listening(seed: int, step: int, size: int, length: int) -> Any:
        seen.append(step)
        return draw(seed, step, size, length)

    training.corpus = dataclasses.replace(training.corpus)  # type: ignore[type-var]
    object.__setattr__(training.corpus, "batch", listening)
    train.train(training)
    return list(dict.fromkeys(seen)) == list(range(20))


def step_size_falls_to_nothing() -> bool:
    training = train.begin(growing())
    sizes: list[float] = []
    train.train(training, on_step=lambda now: sizes.append(now.optimizer.param_groups[0]["lr"]))
    left = training.history.batches[-1] / 160  # share of the sequences that the last step took
    return sizes[-1] <= 2.0**-6 * (1 - math.cos(math.pi * left / 0.95)) / 2 * (1 + 1e-9)  # after 5 % of warm-up


def variance_is_that_of_one_sequence() -> bool:
    generator = np.random.default_rng(0)
    model = torch.nn.Linear(3, 1, bias=False)
    model.weight.grad = torch.zeros(1, 3)
    spread = Spread(model)
    for _ in range(400):
        model.weight.grad += torch.from_numpy(generator.normal(0.5, 1.0, (4, 3)).mean(axis=0) / 400).float()
        spread.add(1 / 400)
    return abs(spread.variance(4) / 3 - 1) < 0.15  # 400 parts: a standard error of 4 %


def the_direction_sets_the_batch() -> bool:
    training = train.begin(tiny(optimizer="scs-adamw-euclidean", steps=6))
    train.train(training)
    direction = math.sqrt(sum(float(state["direction"].square().sum()) for state in training.optimizer.state.values()))
    return math.isclose(batches.direction_norm(training), direction, rel_tol=1e-6)


def short_directions_want_large_batches() -> bool:
    rule = Growth(0.5, 64)
    return rule.draws(8.0, 1.0, 8) == 2 and rule.draws(8.0, 0.5, 8) == 8


def made_up(setup: Setup, excess: float, sequences: int = 160) -> Run:
    records = (
        Record(0, 0, math.nan, 4.0, 1.9, 0.01, math.nan, 0.0),
        Record(20, sequences * SHAPE.context, 2.0, 3.0, excess, 0.0, 1.0, 0.0),
    )
    return Run(setup, records, None)


class Instant:
    """Workers whose runs cost nothing: a bowl with its bottom at 2^-9, and seeds that differ."""

    def __init__(self, sequences: Callable[[Setup], int] = lambda setup: 160) -> None:
        self.asked: list[Setup] = []
        self._sequences = sequences

    def follow(self, plans: Any) -> list[Any]:
        return [self._through(plan) for plan in plans]

    def _through(self, plan: Any) -> Any:
        answer = None
        while True:
            try:
                wanted = plan.send(answer)
            except StopIteration as end:
                return end.value
            self.asked += wanted
            answer = {run_key(one): made_up(one, self._excess(one), self._sequences(one)) for one in wanted}

    @staticmethod
    def _excess(setup: Setup) -> float:
        return abs(math.log2(setup.recipe.step_size) + 9) + 0.01 * setup.recipe.seed


def tuning_sees_no_judged_seed() -> bool:
    workers = Instant()
    try:
        tuned, _ = tuning.tune_and_run([Arm("one", tiny(), -6)], range(3), workers)  # type: ignore[arg-type]
    except InputError:
        return False
    searched = [one for one in workers.asked if math.log2(one.recipe.step_size) != tuned["one"].best]
    return {one.recipe.seed for one in searched}.isdisjoint(range(3))


def best_is_interior() -> bool:
    tuned, _ = tuning.tune_and_run([Arm("one", tiny(), -4)], range(2), Instant())  # type: ignore[arg-type]
    return tuned["one"].interior and tuned["one"].best == -9


def unequal_tokens_are_refused() -> bool:
    workers = Instant(lambda setup: 160 if setup.recipe.optimizer == "sgd" else 320)
    arms = [Arm(name, tiny(optimizer=name), -9) for name in ("sgd", "adamw")]
    try:
        tuning.tune_and_run(arms, range(2), workers)  # type: ignore[arg-type]
    except InputError:
        return True
    return False


def differences_are_paired() -> bool:
    ours = [made_up(tiny(seed=seed), 0.1 * seed) for seed in range(4)]
    theirs = [made_up(tiny(seed=seed), 0.1 * seed + 0.05) for seed in range(4)]
    return np.allclose(contest.paired(ours, theirs), -0.05)


def a_lost_run_counts_as_untrained() -> bool:
    lost = dataclasses.replace(made_up(tiny(), math.inf), diverged=3)
    return grouping_robustness.shown(lost) == 1.9


def momentum_of_groups() -> Any:
    generator = np.random.default_rng(0)
    scale = np.repeat([0.01, 1.0, 30.0], 200)
    return torch.from_numpy(generator.normal(0, scale)).view(20, 30)


def factors_of(name: str) -> Any:
    """Return what a scheme multiplies the second step of AdamW by, for a gradient of three sizes."""
    options = grouping_robustness.SCHEMES[name].at(tiny()).recipe.options
    options = {**options, "grouping": {**options.get("grouping", {}), "period": 1}}
    moved = []
    for made in (("sgg-adamw", options), ("adamw", {"betas": options["betas"]})):
        parameter = torch.nn.Parameter(torch.zeros(20, 30, dtype=torch.float64))
        optimizer = make_optimizer(made[0], [parameter], 1e-3, weight_decay=0.0, **made[1])
        for _ in range(2):
            before = parameter.detach().clone()
            parameter.grad = momentum_of_groups()
            optimizer.step()
        moved.append(parameter.detach() - before)
    return (moved[0] / moved[1]).round(decimals=9)


def controls_are_what_they_are_called() -> bool:
    straight, dealt = factors_of("SGG"), factors_of("SGG, labels at random")
    single = factors_of("SGG, one cluster")
    same_scales = torch.equal(straight.unique(), dealt.unique())
    follows = float(torch.corrcoef(torch.stack([straight.flatten(), dealt.flatten()]))[0, 1])
    return same_scales and abs(follows) < 0.3 and len(single.unique()) == 1 and len(straight.unique()) == 3


def adapters_train_and_weights_stay() -> bool:
    training = train.begin(tiny(adapter_rank=2))
    frozen = [one.inner.weight.clone() for one in training.model.modules() if isinstance(one, Adapted)]
    train.train(training)
    adapted = [one for one in training.model.modules() if isinstance(one, Adapted)]
    stayed = all(torch.equal(one.inner.weight, weight) for one, weight in zip(adapted, frozen, strict=True))
    return stayed and all(bool(one.up.abs().max() > 0) for one in adapted)


def a_run_of_other_weights_has_another_key() -> bool:
    start = tiny(seed=500)
    one, other = (dataclasses.replace(tiny(), pretrained=before) for before in (start, start.with_recipe(seed=501)))
    return len({run_key(one), run_key(other), run_key(tiny())}) == 3


# Faults


class CountsSteps(train.Training):
    """Counts a step for a batch, however many sequences it took."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, self.drawn + 1 if name == "drawn" and value else value)


real_gradient = batches.gradient


def stale_batches(training: Any, forward: Any, draws: int) -> Any:
    drawn = training.drawn
    training.drawn = training.step
    result = real_gradient(training, forward, draws)
    training.drawn = drawn
    return result


def variance_of_a_part(self: Spread, sequences: int) -> float:
    return real_variance(self, 1)


def without_correction(self: Spread, sequences: int) -> float:
    return sequences * self._squares / self._count


real_variance = Spread.variance


def gradient_norm(training: Any) -> float:
    return math.sqrt(sum(float(value.grad.square().sum()) for value in training.model.parameters()))


def unsquared(self: Growth, variance: float, norm: float, least: int) -> int:
    return max(1, math.ceil(variance / (self.share * norm) / least))


def tunes_on_the_judged(arm: Arm) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "TUNING_SEED", 0)
        return (yield from real_search(arm))


real_search = tuning.search


def never_extended(searched: Any, start: int) -> list[int]:
    return [] if searched else [start - 1, start, start + 1]


def unpaired(ours: Any, theirs: Any) -> tuple[float, ...]:
    mean = float(np.mean([run.excess for run in theirs]))
    return tuple(run.excess - mean for run in ours)


def mixed_up(one: str, other: str) -> Plant:
    def plant(patch: pytest.MonkeyPatch) -> None:
        schemes = grouping_robustness.SCHEMES
        patch.setattr(grouping_robustness, "SCHEMES", {**schemes, one: schemes[other], other: schemes[one]})

    return plant


def not_dealt(optimizer: Any, preset: Any = "paper", **changes: Any) -> Any:
    return real_sgg(optimizer, preset, **{name: value for name, value in changes.items() if name != "shuffled"})


real_sgg = grouped.sgg


def frozen_adapters(model: Any, rank: int, generator: Any = None) -> None:
    add_adapters(model, rank, generator)
    for one in model.modules():
        if isinstance(one, Adapted):
            one.up.requires_grad_(False)


def thawed(model: Any, rank: int, generator: Any = None) -> None:
    add_adapters(model, rank, generator)
    for parameter in model.parameters():
        parameter.requires_grad_(True)


def forgetful_key(setup: Setup) -> str:
    return run_key(dataclasses.replace(setup, pretrained=None))


def of_another_length(setup: Setup) -> Any:
    return real_schedule(setup.with_recipe(steps=10 * setup.recipe.steps))


real_schedule = train.step_size_schedule
FAULTS: list[tuple[str, Plant, Check]] = [
    ("growth is not counted", replaced(train, "Training", CountsSteps), every_sequence_is_counted),
    ("a batch that grew is drawn again", replaced(train, "gradient", stale_batches), batches_are_new),
    (
        "schedule of another length",
        replaced(train, "step_size_schedule", of_another_length),
        step_size_falls_to_nothing,
    ),
    ("variance of a part", replaced(Spread, "variance", variance_of_a_part), variance_is_that_of_one_sequence),
    ("mean not subtracted", replaced(Spread, "variance", without_correction), variance_is_that_of_one_sequence),
    ("gradient for direction", replaced(batches, "direction_norm", gradient_norm), the_direction_sets_the_batch),
    ("norm not squared", replaced(Growth, "draws", unsquared), short_directions_want_large_batches),
    ("tuned on a judged seed", replaced(tuning, "search", tunes_on_the_judged), tuning_sees_no_judged_seed),
    ("best at the edge", replaced(tuning, "next_points", never_extended), best_is_interior),
    ("unequal tokens", replaced(tuning, "require_equal_sequences", lambda found: None), unequal_tokens_are_refused),
    ("not paired", replaced(contest, "paired", unpaired), differences_are_paired),
    (
        "a lost run is left out",
        replaced(grouping_robustness, "shown", lambda run: min(run.excess, 1e9)),
        a_lost_run_counts_as_untrained,
    ),
    (
        "labels of two controls mixed up",
        mixed_up("SGG, labels at random", "SGG, one cluster"),
        controls_are_what_they_are_called,
    ),
    (
        "control and scheme mixed up",
        mixed_up("SGG", "SGG, one cluster"),
        controls_are_what_they_are_called,
    ),
    ("labels not dealt out", replaced(grouped, "sgg", not_dealt), controls_are_what_they_are_called),
    ("adapters not trained", replaced(train, "add_adapters", frozen_adapters), adapters_train_and_weights_stay),
    ("weights thawed", replaced(train, "add_adapters", thawed), adapters_train_and_weights_stay),
    (
        "stored under the key of other weights",
        lambda patch: patch.setitem(globals(), "run_key", lambda setup: real_key(forget(setup))),
        a_run_of_other_weights_has_another_key,
    ),
]


def forget(setup: Setup) -> Setup:
    return dataclasses.replace(setup, pretrained=None)


real_key = runs.run_key


@pytest.mark.parametrize(("plant", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_the_fault_is_noticed(plant: Plant, check: Check) -> None:
    assert check(), "the right code must pass"
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        assert not check()
