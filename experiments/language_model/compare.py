"""Optimizers on one language at equal tokens, tuned alike: the excess loss over the exact predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratecheck.experiments.language_model.claims import CLAIMS
from ratecheck.experiments.language_model.contest import Comparison, hold, paired, step_size_sweep, table, token_sweep
from ratecheck.experiments.language_model.outcome import Finding, write_findings
from ratecheck.experiments.language_model.presets import preset
from ratecheck.experiments.language_model.runs import Workers
from ratecheck.experiments.language_model.setup import Recipe, Setup
from ratecheck.experiments.language_model.size import scope
from ratecheck.experiments.language_model.tuning import Arm
from ratecheck.experiments.sweep import save_sweep
from ratecheck.theory.errors import InputError

BETAS = {"betas": (0.9, 0.95)}
COMMAND = "ratecheck lm compare"


@dataclass(frozen=True, slots=True)
class Contestant:
    """An optimizer with the options that language models are trained with, and the first grid point, ``2**start``."""

    optimizer: str
    start: int
    options: dict[str, Any]


CONTESTANTS = {
    "sgd": Contestant("sgd", 0, {}),
    "momentum": Contestant("momentum", -3, {}),
    "adamw": Contestant("adamw", -8, BETAS),
    "signsgd": Contestant("signsgd", -11, {}),
    "signum": Contestant("signum", -10, {}),
    "lion": Contestant("lion", -11, {}),
    "stosignsgd": Contestant("stosignsgd", -9, {}),
    "lamb": Contestant("lamb", -6, BETAS),
    "scs-adamw": Contestant("scs-adamw", -8, {"beta2": 0.95}),
}
DEFAULT = ("sgd", "momentum", "adamw", "signum", "lion", "stosignsgd")
REFERENCE = "adamw"


def compare(
    setup: Setup,
    names: Sequence[str],
    seeds: int,
    out: Path,
    workers: Workers,
) -> Comparison:
    """Tune and run the named optimizers, and store the comparison.

    Parameters
    ----------
    setup : Setup
        Its optimizer and step size are replaced.
    names : sequence of str
        Keys of `CONTESTANTS`.
    seeds : int
        Runs of each, at its tuned step size.
    out : Path
    workers : Workers

    Raises
    ------
    InputError
        If a name is unknown or there are fewer than two seeds.
    """
    for name in names:
        if name not in CONTESTANTS:
            raise InputError(f"no optimizer is called {name!r}; allowed are {', '.join(CONTESTANTS)}.")
    result = hold([_arm(setup, name) for name in names], seeds, workers)
    save_sweep(out, step_size_sweep(result, "lm-compare-step-size", COMMAND))
    save_sweep(out, token_sweep(result.runs, result.language, "lm-compare-tokens", COMMAND))
    write_findings(out, findings(result, setup), {"compare": table(result, REFERENCE)})
    return result


def _arm(setup: Setup, name: str) -> Arm:
    one = CONTESTANTS[name]
    return Arm(name, setup.with_recipe(optimizer=one.optimizer, options=one.options), one.start)


def experiment(folder: Path, *, seeds: int, jobs: int) -> None:
    """Run the comparison of ``ratecheck lm compare --preset smoke``."""
    chosen = preset("smoke")
    recipe = Recipe(optimizer="adamw", step_size=1e-3, steps=chosen.steps, batch=chosen.batch)
    with Workers(folder, jobs) as workers:
        compare(Setup(shape=chosen.shape, recipe=recipe, source=chosen.source), DEFAULT, seeds, folder, workers)


# id of the claim, and the optimizers whose difference it is about
_DIFFERENCES = {
    "lm-adam-sgd-gap": ("adamw", "momentum"),
    "lm-adam-plain-sgd-gap": ("adamw", "sgd"),
    "lm-stosignsgd-adamw": ("stosignsgd", "adamw"),
    "lm-stosignsgd-signum": ("stosignsgd", "signum"),
    "lm-stosignsgd-lion": ("stosignsgd", "lion"),
}


def findings(result: Comparison, setup: Setup) -> list[Finding]:
    """Return the claims that this comparison speaks about."""
    return differences(result, _DIFFERENCES, scope(setup, result.language))


def differences(result: Comparison, pairs: dict[str, tuple[str, str]], where: str) -> list[Finding]:
    """Return the claims about the excess of one contestant minus that of another, where both took part.

    Parameters
    ----------
    result : Comparison
    pairs : dict
        Id of the claim to the two contestants.
    where : str
        The scope.
    """
    return [
        CLAIMS[name].finding(
            paired(result.runs[one], result.runs[other]),
            result.runs[one],
            where + result.interior((one, other)),
            result.language,
        )
        for name, (one, other) in pairs.items()
        if {one, other} <= result.runs.keys()
    ]
