"""Fine-tuning with low-rank adapters: a model of one synthetic language learns another, every optimizer tuned alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ratecheck.experiments.language_model.compare import BETAS, CONTESTANTS, differences
from ratecheck.experiments.language_model.contest import Comparison, hold, step_size_sweep, table, token_sweep
from ratecheck.experiments.language_model.outcome import interval, write_findings
from ratecheck.experiments.language_model.runs import Workers
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.size import BATCH, scope, small
from ratecheck.experiments.language_model.tuning import Arm
from ratecheck.experiments.sweep import save_sweep
from ratecheck.theory.errors import InputError

COMMAND = "ratecheck lm experiments fine-tuning"
# The tokens of each symbol stay, their law is steeper, and some rules lose their children. A language of other tokens
# altogether cannot be learnt while the embedding, which is the output layer too, stays frozen.
SECOND = "zsg:zipf=1.6"
RANK = 8
PRETRAINED = 6400  # sequences
FINE_TUNED = 1600
GROUPED = {"preset": "paper", "grouping": {"period": 10}}
CONTROLS = ("all weights", "from scratch")
METHODS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "adamw": ("adamw", -5, BETAS),
    "momentum": ("momentum", -1, {}),
    "signum": ("signum", -8, {}),
    "signsgd": ("signsgd", -8, {}),
    "stosignsgd": ("stosignsgd", -7, {}),
    "sgg-adamw": ("sgg-adamw", -5, BETAS | GROUPED),
    "sgg-adamw, frozen": ("sgg-adamw", -5, BETAS | {"preset": "ours"}),
    "all weights": ("adamw", -7, BETAS),
    "from scratch": ("adamw", -7, BETAS),
}


def pretraining(setup: Setup, sequences: int = PRETRAINED, source: str = "zsg") -> Setup:
    """Return the run that gives the weights to start from: AdamW on the first language, with a seed of its own."""
    one = CONTESTANTS["adamw"]
    recipe = dataclasses.replace(
        small(sequences=sequences).recipe, optimizer="adamw", step_size=2.0**-7, options=one.options, seed=500
    )
    return Setup(shape=setup.shape, recipe=recipe, source=source)


def arm(setup: Setup, name: str) -> Arm:
    """Return a method as a contestant: adapters, or for the controls all weights, pretrained or not."""
    optimizer, start, options = METHODS[name]
    rank = 0 if name in CONTROLS else RANK
    changed = setup.with_recipe(optimizer=optimizer, options=options, adapter_rank=rank)
    return Arm(name, dataclasses.replace(changed, pretrained=None) if name == "from scratch" else changed, start)


def fine_tuning(setup: Setup, names: Sequence[str], seeds: int, out: Path, workers: Workers) -> Comparison:
    """Fine-tune with the named methods and store table, claims and figures' data.

    Parameters
    ----------
    setup : Setup
        On the second language, with its `pretrained` run.
    names : sequence of str
        Keys of `METHODS`.
    seeds : int
    out : Path
    workers : Workers

    Raises
    ------
    InputError
        If a name is unknown, there is no pretrained run, or there are fewer than two seeds.
    """
    for name in names:
        if name not in METHODS:
            raise InputError(f"no method of fine-tuning is called {name!r}; allowed are {', '.join(METHODS)}.")
    if setup.pretrained is None:
        raise InputError("fine-tuning needs a pretrained run to start from, but the setup has none.")
    result = hold([arm(setup, name) for name in names], seeds, workers)
    shown = [row | {"before": before(result, row["optimizer"])} for row in table(result, "adamw")]
    save_sweep(out, step_size_sweep(result, "lm-fine-tuning-step-size", COMMAND))
    save_sweep(out, token_sweep(result.runs, result.language, "lm-fine-tuning-tokens", COMMAND))
    where = (
        f"adapters of rank {RANK} on the linear layers, embedding frozen, after {setup.pretrained.recipe.steps} steps "
        f"of {setup.pretrained.recipe.batch} sequences on {setup.pretrained.source}; {scope(setup, result.language)}"
    )
    write_findings(out, differences(result, _DIFFERENCES, where), {"fine-tuning": shown})
    return result


def before(result: Comparison, name: str) -> float:
    """Return the excess before the first step, mean over seeds."""
    return interval([run.first_excess for run in result.runs[name]]).mean


def second_language(sequences: int = FINE_TUNED, **recipe: Any) -> Setup:
    """Return the run of fine-tuning on the second language."""
    setup = small(SECOND, batch=BATCH, sequences=sequences, **recipe)
    return dataclasses.replace(setup, pretrained=pretraining(setup))


def experiment(folder: Path, *, seeds: int, jobs: int) -> None:
    """Run every method."""
    with Workers(folder, jobs) as workers:
        fine_tuning(second_language(), list(METHODS), seeds, folder, workers)


_DIFFERENCES = {
    "lm-fine-tuning-stosignsgd": ("stosignsgd", "adamw"),
    "lm-fine-tuning-signsgd": ("stosignsgd", "signsgd"),
    "lm-fine-tuning-sgg": ("sgg-adamw", "adamw"),
    "lm-fine-tuning-momentum": ("adamw", "momentum"),
    "lm-fine-tuning-adapters": ("adamw", "all weights"),
    "lm-fine-tuning-transfer": ("all weights", "from scratch"),
}
