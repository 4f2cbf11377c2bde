"""Planted faults in the training loop of language models: each must fail a check that the right code passes."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model import (  # noqa: E402
    batches,
    checkpoint,
    leaving,
    memory,
)
from ratecheck.experiments.language_model import train as training_loop  # noqa: E402
from ratecheck.experiments.language_model.data import SyntheticCorpus, open_corpus  # noqa: E402
from ratecheck.experiments.language_model.model import Decoder, token_losses  # noqa: E402
from ratecheck.experiments.language_model.parallel import Processes  # noqa: E402
from ratecheck.experiments.language_model.presets import PRESETS  # noqa: E402
from ratecheck.experiments.language_model.setup import Recipe, Setup, Shape  # noqa: E402
from ratecheck.experiments.language_model.train import DivergenceError, begin, resume, train  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402
from ratecheck.theory.schedules import Cosine, WarmUp  # noqa: E402

Plant = Callable[[pytest.MonkeyPatch], None]
Check = Callable[[], bool]
SHAPE = Shape(vocabulary=64, width=16, layers=1, heads=2, context=16, hidden=24)


def setup(source: str = "zsg", shape: Shape = SHAPE, **changes: Any) -> Setup:
    recipe: dict[str, Any] = {"optimizer": "adamw", "step_size": 4e-3, "steps": 10, "batch": 8, "device": "cpu"}
    return Setup(shape=shape, source=source, recipe=Recipe(**(recipe | changes)))


def flat(values: Any) -> Any:
    return torch.cat([value.detach().flatten() for value in values])


def follows_a_plain_loop() -> bool:
    """Whether training is what a page of plain torch does: mean gradient, clipping, warm-up, cosine, decay."""
    largest, decay, peak, warm, steps = 0.75, 0.1, 0.5, 3, 10
    recipe = {"optimizer": "sgd", "step_size": peak, "clip": largest, "weight_decay": decay, "accumulate": 2}
    trained = begin(setup(**recipe, steps=steps, warm_up=warm / steps))
    plain = Decoder(SHAPE)
    plain.load_state_dict(copy.deepcopy(trained.model.state_dict()))
    corpus, parameters, norms = open_corpus("zsg"), list(plain.parameters()), []
    train(trained)
    for k in range(steps):
        tokens = torch.from_numpy(corpus.batch(0, k, 8, SHAPE.context + 1))
        logits = plain(tokens[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        gradients = torch.autograd.grad(loss, parameters)
        norms.append(float(flat(gradients).norm()))
        rising = peak * (1 / warm + (1 - 1 / warm) * k / warm)
        rate = rising if k < warm else peak * (1 + math.cos(math.pi * (k - warm) / (steps - warm))) / 2
        with torch.no_grad():
            for value, gradient in zip(parameters, gradients, strict=True):
                value *= 1 - rate * (decay if value.dim() == 2 else 0.0)
                value -= rate * min(1.0, largest / norms[-1]) * gradient
    assert min(norms) < largest < max(norms)  # clipped at some steps, not at all
    # Sums in another order: 1e-6 relative over ten steps.
    return bool((flat(trained.model.parameters()) - flat(parameters)).norm() < 1e-5 * flat(parameters).norm())


def resumes(optimizer: str = "stosignsgd") -> bool:
    """Whether a run that is stopped and resumed has the curve and the weights of one that is not."""
    with tempfile.TemporaryDirectory() as folder:
        whole = begin(setup(optimizer=optimizer))
        train(whole)
        train(begin(setup(optimizer=optimizer)), Path(folder), checkpoint_every=5, until=5)
        again = resume(Path(folder))
        train(again)
    same = torch.equal(flat(again.model.parameters()), flat(whole.model.parameters()))
    return same and again.history.curve() == whole.history.curve()


def random_numbers_go_on() -> bool:
    """Whether a model that draws random numbers, as dropout does, draws after a resume what it would have drawn."""

    def drawn(from_step: int, **stop: Any) -> list[float]:
        seen: list[float] = []
        run = resume(folder) if from_step else begin(setup())
        train(run, folder, checkpoint_every=5, on_step=lambda now: seen.append(float(torch.rand(1))), **stop)
        return seen

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = drawn(0)
        drawn(0, until=6)
        return drawn(5) == whole[4:-1]  # the checkpoint of a step is written before what follows the step


def keeps_the_last_good_checkpoint() -> bool:
    """Whether weights that are not finite leave the checkpoint before them alone."""

    def poison(now: Any) -> None:
        if now.step == 4:
            with torch.no_grad():
                now.model.norm.weight[0] = float("nan")
            leaving.save(now, Path(folder))

    with tempfile.TemporaryDirectory() as folder:
        with pytest.raises(DivergenceError):
            train(begin(setup()), Path(folder), checkpoint_every=3, on_step=poison)
        return checkpoint.load(Path(folder))["step"] == 3


def survives_a_failed_write() -> bool:
    """Whether a write that breaks off half-way leaves the checkpoint before it."""

    def breaks_off(content: Any, file: Any) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        checkpoint.save(Path(folder), {"step": 1})
        patch.setattr(torch, "save", breaks_off)
        with pytest.raises((InputError, OSError)):
            checkpoint.save(Path(folder), {"step": 2})
        try:
            return checkpoint.load(Path(folder))["step"] == 1
        except InputError:
            return False


def tells_another_text() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.txt")
        file.write_text("to be or not to be, " * 100)
        train(begin(setup(str(file), dataclasses.replace(SHAPE, vocabulary=256), steps=2)), Path(folder))
        file.write_text("or not to be to be, " * 100)
        try:
            resume(Path(folder))
        except InputError:
            return True
    return False


def on_rank(rank: int, patch: pytest.MonkeyPatch) -> Any:
    """Return a run as the process of a rank of two begins it, without the other."""
    patch.setattr(Processes, "from_environment", classmethod(lambda cls: cls(rank, rank, 2)))
    patch.setattr(Processes, "wrap", lambda self, model, shard: model)
    patch.setattr(Processes, "mean", lambda self, value: value)
    torch.manual_seed(rank)
    return begin(setup(optimizer="stosignsgd"))


def replicas_begin_alike() -> bool:
    """Whether both ranks have the same weights and draw the same noise."""
    with pytest.MonkeyPatch.context() as patch:
        first, second = (on_rank(rank, patch) for rank in range(2))
    seeds = [[group["seed"] for group in one.optimizer.param_groups] for one in (first, second)]
    return seeds[0] == seeds[1] and torch.equal(flat(first.model.parameters()), flat(second.model.parameters()))


def shares_make_up_the_batch() -> bool:
    """Whether the mean over two ranks is the gradient of the whole batch."""

    def gradient(run: Any) -> Any:
        batches.gradient(run, run.forward, 1)
        return flat([value.grad for value in run.model.parameters()])

    no_clipping = setup(optimizer="stosignsgd", clip=math.inf)
    whole = gradient(begin(no_clipping))
    with pytest.MonkeyPatch.context() as patch:
        halves = [gradient(dataclasses.replace(on_rank(rank, patch), setup=no_clipping)) for rank in range(2)]
    return bool((sum(halves) / 2 - whole).norm() < 1e-5 * whole.norm())


def frozen_weights_stay() -> bool:
    run = begin(setup(steps=3, adapter_rank=2))
    before = {name: value.clone() for name, value in run.model.named_parameters() if "down" not in name}
    train(run)
    after = dict(run.model.named_parameters())
    return all(torch.equal(after[name], value) for name, value in before.items() if not name.endswith(".up"))


def names_what_is_broken() -> bool:
    run = begin(setup())
    run.model.blocks[0].attention.out.weight.register_hook(
        lambda gradient: gradient * (math.nan if run.step == 5 else 1)
    )
    try:
        train(run)
    except DivergenceError as error:
        return "step 6," in str(error) and "blocks.0.attention.out.weight" in str(error)
    return False


def too_large_is_refused() -> bool:
    """Whether 60 million parameters with logits of 75 GB are refused on 90."""
    one = PRESETS["60m"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "free_bytes", lambda device: 90 * 10**9)
        recipe = {"precision": "bf16", "batch": one.batch}
        try:
            memory.require_fits(setup(one.source, one.shape, **recipe), torch.device("cpu"))
        except InputError:
            return True
    return False


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine are slower than none."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def replaced(target: Any, name: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(target, name, value)


def schedule(make: Callable[[Recipe, int], Any]) -> Plant:
    """Plant a schedule, given the recipe and the number of steps of the warm-up."""
    return replaced(
        training_loop,
        "step_size_schedule",
        lambda one: make(one.recipe, round(one.recipe.warm_up * one.recipe.steps)),
    )


def cosine(recipe: Recipe, steps: int) -> Cosine:
    return Cosine(recipe.step_size, steps)


def one_step_late(recipe: Recipe, warm: int) -> Any:
    right = WarmUp(cosine(recipe, recipe.steps - warm), warm, start=1 / warm)
    return lambda k: right(max(0, k - 1))


def each_clipped(model: Any, largest: float) -> Any:
    norms = [torch.nn.utils.clip_grad_norm_([value], largest) for value in model.parameters()]
    return torch.stack(norms).norm()


def unclipped(model: Any, largest: float) -> Any:
    return torch.nn.utils.get_total_norm([value.grad for value in model.parameters()])


def spreading(model: Any, largest: float) -> Any:
    return torch.nn.utils.clip_grad_norm_(model.parameters(), largest)


def all_decay(model: Any, weight_decay: float) -> Any:
    return [{"params": list(model.named_parameters()), "weight_decay": weight_decay}]


def embedding_escapes(model: Any, weight_decay: float) -> Any:
    named = list(model.named_parameters())
    inside = [pair for pair in named if pair[1].dim() == 2 and "embedding" not in pair[0]]
    outside = [pair for pair in named if not any(pair[0] == other[0] for other in inside)]
    return [{"params": inside, "weight_decay": weight_decay}, {"params": outside, "weight_decay": 0.0}]


def never_reset(run: Any, forward: Any, draws: int) -> Any:
    run.optimizer.zero_grad = lambda **_: None
    return right_gradient(run, forward, draws)


def forgetful(name: str, value: Any) -> Plant:
    """Plant checkpoints of which one field is forgotten."""
    return replaced(checkpoint, "load", lambda folder: {**right_load(folder), name: value})


def counts_its_calls(self: Any, seed: int, step: int, size: int, length: int) -> Any:
    self.position = getattr(self, "position", -1) + 1
    return right_batch(self, seed, self.position, size, length)


def written_in_place(path: Path, content: Any, what: str) -> None:
    with path.open("wb") as file:
        content(file)


def with_rank(purpose: str) -> Plant:
    """Plant seeds that depend on the rank for one purpose."""

    def stream(seed: int, word: str) -> int:
        return right_stream(seed, word) + (Processes.from_environment().rank if word == purpose else 0)

    return replaced(training_loop, "_stream", stream)


def unfrozen(model: Any, *arguments: Any) -> None:
    right_adapters(model, *arguments)
    model.requires_grad_(True)


right_gradient, right_load, right_stream = batches.gradient, checkpoint.load, training_loop._stream
right_batch, right_adapters = SyntheticCorpus.batch, training_loop.add_adapters
right_estimate = memory.estimated_bytes


FAULTS: list[tuple[str, Plant, Check]] = [
    ("schedule one step late", schedule(one_step_late), follows_a_plain_loop),
    ("warm-up missing", schedule(lambda recipe, warm: cosine(recipe, recipe.steps)), follows_a_plain_loop),
    (
        "cosine as long as the run, after the warm-up",
        schedule(lambda recipe, warm: WarmUp(cosine(recipe, recipe.steps), warm, start=1 / warm)),
        follows_a_plain_loop,
    ),
    (
        "warm-up begins at zero",
        schedule(lambda recipe, warm: WarmUp(cosine(recipe, recipe.steps - warm), warm)),
        follows_a_plain_loop,
    ),
    (
        "accumulation adds and does not average",
        replaced(batches, "token_losses", lambda *given: 2 * token_losses(*given)),
        follows_a_plain_loop,
    ),
    ("clipped after the step", replaced(batches, "clip", unclipped), follows_a_plain_loop),
    ("every tensor clipped by itself", replaced(batches, "clip", each_clipped), follows_a_plain_loop),
    ("norms decay too", replaced(training_loop, "parameter_groups", all_decay), follows_a_plain_loop),
    (
        "the embedding does not decay",
        replaced(training_loop, "parameter_groups", embedding_escapes),
        follows_a_plain_loop,
    ),
    ("gradients of the step before are left", replaced(training_loop, "gradient", never_reset), follows_a_plain_loop),
    (
        "state not restored",
        replaced(training_loop, "sharded_like", lambda optimizer, saved: optimizer.state_dict()),
        resumes,
    ),
    ("weights not restored", replaced(training_loop, "load_whole", lambda model, weights: None), resumes),
    ("schedule begins anew after a resume", forgetful("drawn", 0), resumes),
    ("history not restored", forgetful("history", '{"losses": [], "records": [], "flushed": {}}'), resumes),
    ("data position not restored", replaced(SyntheticCorpus, "batch", counts_its_calls), resumes),
    (
        "random numbers not restored",
        replaced(checkpoint, "restore_random_states", lambda states: None),
        random_numbers_go_on,
    ),
    (
        "broken weights are saved",
        replaced(Processes, "all_finite", lambda self, values: True),
        keeps_the_last_good_checkpoint,
    ),
    ("checkpoint written in place", replaced(checkpoint, "write_whole", written_in_place), survives_a_failed_write),
    ("another text goes unnoticed", replaced(training_loop, "fingerprint", lambda *given: "same"), tells_another_text),
    ("noise different on replicas", with_rank("noise"), replicas_begin_alike),
    ("weights different on replicas", with_rank("weights"), replicas_begin_alike),
    (
        "rank offset missing",
        replaced(Processes, "share", lambda self, tokens: tokens[:: self.count]),
        shares_make_up_the_batch,
    ),
    (
        "every rank works on the whole batch's first half",
        replaced(Processes, "share", lambda self, tokens: tokens[: len(tokens) // self.count]),
        shares_make_up_the_batch,
    ),
    ("adapters with weights that train", replaced(training_loop, "add_adapters", unfrozen), frozen_weights_stay),
    ("a broken gradient spreads by clipping", replaced(batches, "clip", spreading), names_what_is_broken),
    (
        "logits left out of the estimate",
        replaced(memory, "estimated_bytes", lambda one, count=1: right_estimate(one, count) - 18 * 32000 * 512 * 256),
        too_large_is_refused,
    ),
]


@functools.cache
def right_code_passes(check: Check) -> bool:
    return check()


@pytest.mark.parametrize(("plant", "check"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_the_fault_is_noticed(plant: Plant, check: Check) -> None:
    assert right_code_passes(check), "the right code must pass"
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        assert not check()
