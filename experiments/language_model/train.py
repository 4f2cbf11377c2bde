"""Trains one model: batches, schedule, clipping, low precision, checkpoints, and a curve that a kill cannot change."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ratecheck.experiments.language_model import checkpoint
from ratecheck.experiments.language_model.batches import Growth, direction_norm, gradient
from ratecheck.experiments.language_model.data import Corpus, fingerprint, open_corpus
from ratecheck.experiments.language_model.history import History, record_steps
from ratecheck.experiments.language_model.leaving import first_broken, save, write_card, write_curve
from ratecheck.experiments.language_model.lora import add_adapters
from ratecheck.experiments.language_model.memory import device_of, require_compiler, require_fits
from ratecheck.experiments.language_model.model import Decoder
from ratecheck.experiments.language_model.optimizers import make_optimizer
from ratecheck.experiments.language_model.parallel import Processes, load_whole, sharded_like
from ratecheck.experiments.language_model.precision import Precision
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.validation import measured
from ratecheck.experiments.store import prepare
from ratecheck.testbeds.streams import word
from ratecheck.theory.errors import InputError
from ratecheck.theory.schedules import Cosine, WarmUp

OF_GAMES = ("extragradient-", "mgsr1-")


class DivergenceError(Exception):
    """The loss or its gradient is not finite; the sentence names step, parameter and the last good checkpoint."""

    def __init__(self, step: int, parameter: str, folder: Path | None, saved: int | None) -> None:
        good = f"the last good checkpoint is {folder}/{checkpoint.NAME} of step {saved}" if saved else "none was saved"
        super().__init__(
            f"the loss or its gradient is not finite at step {step}, and the first parameter concerned is {parameter}; "
            f"{good}; use a smaller --step-size or a stronger --clip."
        )
        self.step = step


@dataclass(slots=True)
class Training:
    """A run in progress."""

    setup: Setup
    corpus: Corpus
    text: str  # fingerprint of the corpus
    model: nn.Module
    forward: Any  # the model, compiled or averaged over processes
    optimizer: Any
    precision: Precision
    history: History
    device: torch.device
    processes: Processes
    growth: Growth | None
    step: int = 0
    drawn: int = 0  # batches of the recipe's size so far: as many as steps, unless batches grow
    wanted: int = 1  # of them in the next step
    saved: int | None = None


def begin(setup: Setup, corpus: Corpus | None = None, weights: Path | None = None) -> Training:
    """Return a run before its first step.

    Parameters
    ----------
    setup : Setup
    corpus : Corpus, optional
        In place of opening the one that the setup names.
    weights : Path, optional
        Folder of a checkpoint to start from.

    Raises
    ------
    InputError
        If the text, the device, the optimizer or the checkpoint cannot be used, or the batch does not fit.
    """
    recipe, growth = setup.recipe, Growth.of(setup.recipe)
    processes = Processes.from_environment()
    processes.require_shares(recipe)
    if recipe.optimizer.startswith(OF_GAMES):
        raise InputError(
            f"{recipe.optimizer} asks for several gradients in a step, as games need and a training run does not give; "
            "take another optimizer, or `ratecheck lm minimax`."
        )
    if growth is not None and processes.count > 1:
        raise InputError("growth is set, but batches grow in one process only; run without torchrun.")
    device = device_of(recipe.device, processes.local_rank)
    tokenizer = None if setup.tokenizer is None else Path(setup.tokenizer)
    corpus = corpus or open_corpus(setup.source, vocabulary=setup.shape.vocabulary, tokenizer=tokenizer)
    require_fits(setup, device, processes.count)
    text = fingerprint(corpus, recipe, setup.shape)
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(_stream(recipe.seed, "weights"))
    model: nn.Module = Decoder(setup.shape, generator)
    if weights is not None:
        checkpoint.load_weights(model, weights)
    if recipe.adapter_rank:
        add_adapters(model, recipe.adapter_rank, generator)
    precision = Precision(recipe.low, bf16=recipe.precision == "bf16")
    model = precision.prepare(model).to(device)
    forward: Any = processes.wrap(model, recipe.shard)
    if recipe.compile:
        require_compiler(device)
        forward = torch.compile(forward, dynamic=False)
    options = {"seed": _stream(recipe.seed, "noise") % 2**31, **recipe.options}
    groups = parameter_groups(model, recipe.weight_decay)
    optimizer = make_optimizer(recipe.optimizer, groups, recipe.step_size, **options)
    precision.attach(optimizer)
    return Training(setup, corpus, text, model, forward, optimizer, precision, History(), device, processes, growth)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return what is trained, by name: matrices, the embedding among them, decay, and norms do not."""
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    groups = [
        {"params": [pair for pair in named if pair[1].dim() == 2], "weight_decay": weight_decay},
        {"params": [pair for pair in named if pair[1].dim() != 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _stream(seed: int, purpose: str) -> int:
    return int(np.random.SeedSequence(seed, spawn_key=(word(purpose),)).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def _denormals_flushed() -> Iterator[None]:
    """Flush denormals for as long as a training runs: NumPy in the same thread would lose them too."""
    torch.set_flush_denormal(True)  # states of rare tokens decay into numbers on which a CPU is ten times slower
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@_denormals_flushed()
def train(
    training: Training,
    folder: Path | None = None,
    *,
    checkpoint_every: int = 0,
    until: int | None = None,
    on_step: Callable[[Training], None] | None = None,
) -> History:
    """Run the steps that are left and return the history.

    Parameters
    ----------
    training : Training
    folder : Path, optional
        Where checkpoints, curve and card are written.
    checkpoint_every : int
        Steps between two checkpoints; 0 for one at the end alone.
    until : int, optional
        Stop after this step.
    on_step : callable, optional
        Called after each step.

    Raises
    ------
    DivergenceError
        If the loss is not finite.
    InputError
        If the folder cannot be written.
    """
    if folder is not None and training.processes.rank == 0:
        prepare(folder)
    recipe, start = training.setup.recipe, time.perf_counter()
    schedule = step_size_schedule(training.setup)
    records = record_steps(recipe.steps, recipe.records)
    if training.step == 0:
        training.history.records.append(measured(training, math.nan, math.nan, 0.0))
    while training.drawn < recipe.steps and (until is None or training.step < until):
        draws = min(training.wanted, recipe.steps - training.drawn)
        due = any(training.drawn < record <= training.drawn + draws for record in records)
        step_size = float(schedule(training.drawn))
        for group in training.optimizer.param_groups:
            group["lr"] = step_size
        loss, norm, variance = gradient(training, training.forward, draws)
        # Looked at before the step, while the broken entry is still where it arose.
        if not (math.isfinite(float(loss)) and math.isfinite(float(norm))):
            raise DivergenceError(training.step + 1, first_broken(training), folder, training.saved)
        training.optimizer.step()
        training.precision.states(training.optimizer, training.history.flushed)
        training.step += 1
        training.drawn += draws
        training.history.losses.append(float(loss))
        if training.growth is not None:
            training.history.batches.append(draws * recipe.batch)
            training.wanted = training.growth.draws(variance, direction_norm(training), recipe.batch)
        if due:
            training.history.records.append(measured(training, float(loss), float(norm), step_size))
        last = training.drawn == recipe.steps
        if folder is not None and (last or (checkpoint_every and training.step % checkpoint_every == 0)):
            save(training, folder)
        if on_step is not None:
            on_step(training)
    if folder is not None and training.processes.rank == 0:
        write_curve(training, folder)
        write_card(training, folder, time.perf_counter() - start)
    return training.history


def step_size_schedule(setup: Setup) -> WarmUp | Cosine:
    """Return the schedule of a run: straight up, then half a cosine."""
    recipe = setup.recipe
    warm = round(recipe.warm_up * recipe.steps)
    cosine = Cosine(recipe.step_size, max(1, recipe.steps - warm), recipe.final * recipe.step_size)
    return WarmUp(cosine, warm, start=1 / warm) if warm else cosine


def resume(folder: Path, corpus: Corpus | None = None) -> Training:
    """Return the run that a checkpoint holds, to go on with the same bits.

    Raises
    ------
    InputError
        If there is no checkpoint or it cannot be used.
    """
    content = checkpoint.load(folder)
    training = begin(Setup.from_json(content["setup"]), corpus)
    if training.text != content["text"]:
        raise InputError(
            f"the text {training.setup.source} is not what the run of {folder} was trained on; put it back, or begin "
            "another run with `ratecheck lm train --init`."
        )
    checkpoint.require_same_model(training.model, content["model"], folder)
    load_whole(training.model, content["model"])
    training.optimizer.load_state_dict(sharded_like(training.optimizer, content["optimizer"]))
    training.history = History.from_json(json.loads(content["history"]))
    training.step = training.saved = content["step"]
    training.drawn, training.wanted = content["drawn"], content["wanted"]
    checkpoint.restore_random_states(content["random"])
    return training
