"""Sign conversion with one ingredient changed at a time, on a language model, every setting tuned alike.

The reference is the practical form of StoSignSGD: averaged gradient, running maximum of its absolute value, uniform
noise. Which axes the paper ablates is known from secondary sources only (envelope with history, coupled to Adam's
state, infinity norm); the others are those of `ratecheck.experiments.ablation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.grid import Grid, save_grid
from ratecheck.experiments.language_model.compare import differences
from ratecheck.experiments.language_model.contest import Comparison, hold, step_size_sweep, table
from ratecheck.experiments.language_model.outcome import write_findings
from ratecheck.experiments.language_model.runs import Workers
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.language_model.size import scope, small
from ratecheck.experiments.language_model.tuning import Arm
from ratecheck.experiments.sweep import save_sweep
from ratecheck.theory.errors import InputError

COMMAND = "ratecheck lm experiments conversion"


@dataclass(frozen=True, slots=True)
class Setting:
    """One ingredient changed: an optimizer with options, and the first grid point."""

    axis: str
    optimizer: str
    start: int
    options: dict[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.0


def _converted(axis: str, start: int, conversion: str = "sgdm", **options: Any) -> Setting:
    return Setting(axis, f"sign-{conversion}", start, options)


REFERENCE = "reference"
SETTINGS = {
    REFERENCE: Setting("reference", "stosignsgd", -8),
    "no noise (Signum)": Setting("noise scale", "signum", -10),
    "noise / 4": _converted("noise scale", -8, noise_scale=0.25),
    "noise / 2": _converted("noise scale", -8, noise_scale=0.5),
    "noise * 2": _converted("noise scale", -8, noise_scale=2.0),
    "Gaussian noise": _converted("noise law", -8, noise="gaussian"),
    "one noise for each tensor": _converted("noise law", -10, shared_noise=True),
    "maximum of gradients": _converted("envelope", -8, "sgdm-gradient-max"),
    "Adam's state": _converted("envelope", -8, "adam"),
    "tensor maximum": _converted("envelope", -8, "layer-max"),
    "row and column maxima": _converted("envelope", -8, "row-column-max"),
    "norm of the tensor": _converted("envelope", -8, "norm"),
    "constant 2^-7": _converted("envelope", -8, "constant", noise_scale=2.0**-10),  # of the conversion's 8
    "damping 0.999": Setting("damping", "stosignsgd", -8, {"damping": 0.999}),
    "damping 0.9": Setting("damping", "stosignsgd", -8, {"damping": 0.9}),
    "momentum 0": Setting("momentum", "stosignsgd", -9, {"momentum": 0.0}),
    "momentum 0.95": Setting("momentum", "stosignsgd", -8, {"momentum": 0.95}),
    "no noise, no momentum (SignSGD)": Setting("momentum", "signsgd", -11),
    "decay 0.1": Setting("decay", "stosignsgd", -8, weight_decay=0.1),
}


def arm(setup: Setup, name: str) -> Arm:
    """Return a setting as a contestant."""
    one = SETTINGS[name]
    changed = setup.with_recipe(optimizer=one.optimizer, options=one.options, weight_decay=one.weight_decay)
    return Arm(name, changed, one.start)


def ablation(setup: Setup, names: Sequence[str], seeds: int, out: Path, workers: Workers) -> Comparison:
    """Tune and run the named settings beside the reference, and store table, claims and figures' data.

    Raises
    ------
    InputError
        If a name is unknown or there are fewer than two seeds.
    """
    for name in names:
        if name not in SETTINGS:
            raise InputError(f"no setting of the ablation is called {name!r}; allowed are {', '.join(SETTINGS)}.")
    result = hold([arm(setup, name) for name in names], seeds, workers)
    rows = [row | {"axis": SETTINGS[row["optimizer"]].axis} for row in table(result, REFERENCE)]
    save_sweep(out, step_size_sweep(result, "lm-conversion-step-size", COMMAND))
    save_grid(out, _grid(result))
    write_findings(out, differences(result, _DIFFERENCES, scope(setup, result.language)), {"conversion": rows})
    return result


def experiment(folder: Path, *, seeds: int, jobs: int) -> None:
    """Run every setting."""
    with Workers(folder, jobs) as workers:
        ablation(small(), list(SETTINGS), seeds, folder, workers)


_DIFFERENCES = {
    "lm-conversion-noise": (REFERENCE, "no noise (Signum)"),
    "lm-conversion-signsgd": (REFERENCE, "no noise, no momentum (SignSGD)"),
    "lm-conversion-history": (REFERENCE, "tensor maximum"),
    "lm-conversion-adam": (REFERENCE, "Adam's state"),
    "lm-conversion-norm": (REFERENCE, "norm of the tensor"),
    "lm-conversion-gradient-max": (REFERENCE, "maximum of gradients"),
    "lm-conversion-uniform": (REFERENCE, "Gaussian noise"),
    "lm-conversion-momentum": (REFERENCE, "momentum 0"),
}


def _grid(result: Comparison) -> Grid:
    names = [name for name in SETTINGS if name in result.runs]
    values = np.array([[run.excess for run in result.runs[name]] for name in names])
    reference = result.excess(REFERENCE).mean if REFERENCE in result.runs else float("nan")
    return Grid(
        name="lm-conversion",
        title="Sign conversion with one ingredient changed, each setting at its best step size",
        problem=result.language,
        caption=f"Final excess loss over {values.shape[-1]} seeds; the line is the mean of the reference.",
        command=COMMAND,
        measure="excess loss (nats)",
        groups=tuple(SETTINGS[name].axis for name in names),
        rows=tuple(names),
        columns=(result.language,),
        values=values[:, None, :],
        line=reference,
    )
