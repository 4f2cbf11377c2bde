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
from ratecheck.experiments.language_model.data import Corpus, open_corpus
from ratecheck.experiments.language_model.history import CURVE, History, Record, record_steps
from ratecheck.experiments.language_model.lora import add_adapters
from ratecheck.experiments.language_model.memory import device_of, require_fits
from ratecheck.experiments.language_model.model import Decoder, token_losses
from ratecheck.experiments.language_model.optimizers import make_optimizer
from ratecheck.experiments.language_model.parallel import Processes
from ratecheck.experiments.language_model.precision import Precision
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.store import write_whole
from ratecheck.testbeds.streams import word
from ratecheck.theory.errors import InputError
from ratecheck.theory.schedules import Cosine, WarmUp

VALIDATION_SEQUENCES = 128
GPU_LOSS_CHECK = 10  # steps between two looks at the loss on a GPU, where a look waits for the device


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
    model: nn.Module
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
    if growth is not None and processes.count > 1:
        raise InputError("growth is set, but batches grow in one process only; run without torchrun.")
    device = device_of(recipe.device, processes.local_rank)
    tokenizer = None if setup.tokenizer is None else Path(setup.tokenizer)
    corpus = corpus or open_corpus(setup.source, vocabulary=setup.shape.vocabulary, tokenizer=tokenizer)
    require_fits(setup, device, processes.count)
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(_stream(recipe.seed, "weights"))
    model: nn.Module = Decoder(setup.shape, generator)
    if weights is not None:
        checkpoint.load_weights(model, weights)
    if recipe.adapter_rank:
        add_adapters(model, recipe.adapter_rank, generator)
    precision = Precision(recipe.low, bf16=recipe.precision == "bf16")
    model = precision.prepare(model).to(device)
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    options = {"seed": _stream(recipe.seed, "noise") % 2**31, **recipe.options}
    groups = [
        {"params": [pair for pair in named if pair[1].dim() == 2], "weight_decay": recipe.weight_decay},
        {"params": [pair for pair in named if pair[1].dim() != 2], "weight_decay": 0.0},
    ]
    optimizer = make_optimizer(
        recipe.optimizer, [group for group in groups if group["params"]], recipe.step_size, **options
    )
    precision.attach(optimizer)
    return Training(setup, corpus, model, optimizer, precision, History(), device, processes, growth)


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
    """
    recipe, start = training.setup.recipe, time.perf_counter()
    schedule = step_size_schedule(training.setup)
    records = record_steps(recipe.steps, recipe.records)
    forward: Any = training.processes.wrap(training.model)
    if recipe.compile:
        forward = torch.compile(forward, dynamic=False)
    if training.step == 0:
        training.history.records.append(_measure(training, math.nan, math.nan, 0.0))
    while training.drawn < recipe.steps and (until is None or training.step < until):
        draws = min(training.wanted, recipe.steps - training.drawn)
        due = any(training.drawn < record <= training.drawn + draws for record in records)
        step_size = float(schedule(training.drawn))
        for group in training.optimizer.param_groups:
            group["lr"] = step_size
        loss, norm, variance = gradient(training, forward, draws)
        # Looked at before the step, while the broken entry is still where it arose.
        watch = training.device.type == "cpu" or training.step % GPU_LOSS_CHECK == 0 or due
        if watch and not (math.isfinite(float(loss)) and math.isfinite(float(norm))):
            raise DivergenceError(training.step + 1, _first_broken(training.model), folder, training.saved)
        training.optimizer.step()
        training.precision.states(training.optimizer, training.history.flushed)
        training.step += 1
        training.drawn += draws
        training.history.losses.append(float(loss))
        if training.growth is not None:
            training.history.batches.append(draws * recipe.batch)
            training.wanted = training.growth.draws(variance, direction_norm(training), recipe.batch)
        if due:
            training.history.records.append(_measure(training, float(loss), float(norm), step_size))
        last = training.drawn == recipe.steps
        if folder is not None and (last or (checkpoint_every and training.step % checkpoint_every == 0)):
            _save(training, folder)
        if on_step is not None:
            on_step(training)
    if folder is not None and training.processes.rank == 0:
        _write_card(training, folder, time.perf_counter() - start)
    return training.history


def step_size_schedule(setup: Setup) -> WarmUp | Cosine:
    """Return the schedule of a run: straight up, then half a cosine."""
    recipe = setup.recipe
    warm = round(recipe.warm_up * recipe.steps)
    cosine = Cosine(recipe.step_size, max(1, recipe.steps - warm), recipe.final * recipe.step_size)
    return WarmUp(cosine, warm, start=1 / warm) if warm else cosine


def validate(training: Training, sequences: int = VALIDATION_SEQUENCES) -> tuple[float, float, float]:
    """Return the validation loss, its excess over the exact predictor, and the standard error of the excess."""
    tokens, exact = training.corpus.validation(sequences, training.setup.shape.context + 1)
    part = max(1, training.setup.recipe.batch // training.setup.recipe.accumulate)
    with torch.no_grad(), training.precision.products(training.device):
        losses = np.concatenate(
            [
                token_losses(training.model, torch.from_numpy(tokens[i : i + part]).to(training.device)).cpu().numpy()
                for i in range(0, sequences, part)
            ]
        ).astype(np.float64)
    if exact is None:
        return float(losses.mean()), math.nan, math.nan
    excess = (losses - exact[:, 1:]).mean(axis=1)
    return float(losses.mean()), float(excess.mean()), float(excess.std(ddof=1) / math.sqrt(sequences))


def _measure(training: Training, loss: float, norm: float, step_size: float) -> Record:
    tokens = training.drawn * training.setup.recipe.batch * training.setup.shape.context
    return Record(training.step, tokens, loss, *validate(training), norm, step_size)


def _first_broken(model: nn.Module) -> str:
    """Return the name of the first parameter that is not finite, else of the first whose gradient is not."""
    named = list(model.named_parameters())
    for name, value in named:
        if not bool(value.isfinite().all()):
            return name
    for name, value in named:
        if value.grad is not None and not bool(value.grad.isfinite().all()):
            return f"{name} (its gradient)"
    return "none (the sum of the losses overflowed)"


def _save(training: Training, folder: Path) -> None:
    if not all(bool(value.isfinite().all()) for value in training.model.parameters()):
        return  # the next loss will tell; the checkpoint before stays the last good one
    if training.processes.rank == 0:
        content = {
            "setup": training.setup.to_json(),
            "step": training.step,
            "drawn": training.drawn,
            "wanted": training.wanted,
            "model": training.model.state_dict(),
            "optimizer": training.optimizer.state_dict(),
            "history": json.dumps(training.history.to_json()),
            "random": checkpoint.random_states(),
        }
        checkpoint.save(folder, content)
        write_whole(folder / CURVE, training.history.curve().encode(), "the curve")
    training.saved = training.step


def resume(folder: Path, corpus: Corpus | None = None) -> Training:
    """Return the run that a checkpoint holds, to go on with the same bits.

    Raises
    ------
    InputError
        If there is no checkpoint or it cannot be used.
    """
    content = checkpoint.load(folder)
    training = begin(Setup.from_json(content["setup"]), corpus)
    checkpoint.require_same_model(training.model, content["model"], folder)
    training.model.load_state_dict(content["model"])
    training.optimizer.load_state_dict(content["optimizer"])
    training.history = History.from_json(json.loads(content["history"]))
    training.step = training.saved = content["step"]
    training.drawn, training.wanted = content["drawn"], content["wanted"]
    checkpoint.restore_random_states(content["random"])
    return training


def _write_card(training: Training, folder: Path, seconds: float) -> None:
    last = training.history.last
    cuda = training.device.type == "cuda"
    card = {
        "setup": json.loads(training.setup.to_json()),
        "text": training.corpus.name,
        "entropy_rate": training.corpus.floor,
        "parameters": sum(value.numel() for value in training.model.parameters()),
        "validation": last.validation,
        "excess": None if math.isnan(last.excess) else last.excess,
        "seconds": seconds,
        "device": torch.cuda.get_device_name(training.device) if cuda else "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "peak_memory": torch.cuda.max_memory_allocated(training.device) if cuda else None,
    }
    write_whole(folder / "run.json", (json.dumps(card, indent=1) + "\n").encode(), "the card of the run")
