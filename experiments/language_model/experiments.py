"""The experiments about language models by name; each decides the claims that name it."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratecheck.experiments.language_model import require_torch
from ratecheck.experiments.language_model.claims import CLAIMS, LanguageClaim
from ratecheck.theory.errors import InputError

SEEDS = 4


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment.

    Parameters
    ----------
    title : str
        What it compares.
    module : str
        Whose ``experiment(folder, *, seeds, jobs)`` runs it and stores findings, sweeps and maps in the folder.
    paper : str
        What the papers claim.
    """

    title: str
    module: str
    paper: str


_HERE = "ratecheck.experiments.language_model"
EXPERIMENTS = {
    "optimizers": Experiment(
        "six optimizers at equal tokens, the preset smoke",
        f"{_HERE}.compare",
        "Adam beats SGD on language models because of the heavy tail of the token frequencies",
    ),
    "fp8": Experiment(
        "which part of training must not be in low precision",
        f"{_HERE}.fp8_study",
        "AdamW fails in FP8, StoSignSGD needs 1.44 to 2.14 times fewer tokens than what works",
    ),
    "conversion": Experiment(
        "sign conversion with one ingredient changed at a time",
        f"{_HERE}.conversion_ablation",
        "the ablation of the conversion framework supports the practical form of StoSignSGD",
    ),
    "grouping": Experiment(
        "SGG around AdamW, LAMB and adapters over step sizes and batches, beside its controls",
        f"{_HERE}.grouping_robustness",
        "SGG lowers the loss and makes step size and batch size matter less",
    ),
    "adaptive-batches": Experiment(
        "SCS-AdamW with batches that grow, against AdamW and SGD",
        f"{_HERE}.adaptive_batches",
        "stochastic conjugate subgradients with adaptive samples converge faster than SGD-type methods",
    ),
    "minimax": Experiment(
        "adversarial training as a saddle point, at equal gradients",
        f"{_HERE}.minimax",
        "minimax quasi-Newton trains language models better than Adam and LAMB",
    ),
    "fine-tuning": Experiment(
        "adapters on a second language, from a pretrained model",
        f"{_HERE}.fine_tuning",
        "StoSignSGD and SGG fine-tune better than AdamW",
    ),
}


def named(names: Sequence[str]) -> list[str]:
    """Return the names of the experiments that are asked for, all if none is; raise `InputError` for an unknown one."""
    for name in names:
        if name not in EXPERIMENTS:
            close = difflib.get_close_matches(name, EXPERIMENTS, n=1, cutoff=0.3)
            nearest = f", the nearest is {close[0]!r}" if close else ""
            raise InputError(f"no experiment is called {name!r}{nearest}; allowed are {', '.join(EXPERIMENTS)}.")
    return list(dict.fromkeys(names)) or list(EXPERIMENTS)


def run_experiment(name: str, folder: Path, *, seeds: int = SEEDS, jobs: int = 1) -> list[dict[str, Any]]:
    """Run an experiment and return its findings as plain data, with the promised fields of a verdict.

    Runs that are stored in the folder are not done again.

    Parameters
    ----------
    name : str
        Of `EXPERIMENTS`.
    folder : Path
        Result store.
    seeds : int
        Runs of each contestant, at least 2.
    jobs : int
        Processes.

    Raises
    ------
    InputError
        If torch is missing, the folder cannot be written, or a number is out of range.
    """
    require_torch()
    if seeds < 2:
        raise InputError(f"seeds is {seeds}, but an interval needs at least 2; give --seeds 4 or more.")
    from ratecheck.experiments.language_model.outcome import read_findings

    importlib.import_module(EXPERIMENTS[name].module).experiment(folder, seeds=seeds, jobs=jobs)
    own = {claim.id for claim in claims_of(name)}
    return [one for one in read_findings(folder)["claims"] if one["id"] in own]


def claims_of(name: str) -> list[LanguageClaim]:
    """Return the claims that an experiment decides."""
    return [claim for claim in CLAIMS.values() if claim.experiment == name]
