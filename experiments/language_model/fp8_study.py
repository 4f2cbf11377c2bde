"""Which part of training must not be in FP8? The claim about AdamW and StoSignSGD, split by switches.

Yu et al. (2026, arXiv 2604.15416) report that AdamW fails in FP8 pretraining, with all entries of both moments zero,
and that StoSignSGD does not. Secondary sources name the recipe: products in FP8, gradients in E5M2, states in E4M3,
weights in BF16; whether the cast of the states had a scale is not known. So every part is a switch here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.compare import token_sweep
from ratecheck.experiments.language_model.fp8_conditions import CAP, CONDITIONS, METHODS, SECOND_STATE
from ratecheck.experiments.language_model.outcome import Finding, write_findings
from ratecheck.experiments.language_model.runs import Run, Workers, run_key
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.theory.errors import InputError

SOURCE = "Yu, Pan, Liu, Zou and Zhang (2026), arXiv 2604.15416, experiments"
PAPER = (
    "AdamW fails in FP8, every entry of both moments zero by step 103; StoSignSGD is stable, 1.44 to 2.14 times faster"
)


@dataclass(frozen=True, slots=True)
class Fp8Study:
    """The runs by condition and method, one for each seed."""

    language: str
    runs: dict[tuple[str, str], list[Run]]


def fp8_study(
    setup: Setup,
    conditions: Sequence[str],
    methods: Sequence[str],
    seeds: int,
    out: Path,
    workers: Workers,
) -> Fp8Study:
    """Run every method under every condition and store the table, the claims and the figures' data.

    Parameters
    ----------
    setup : Setup
        Its optimizer, step size and switches are replaced.
    conditions, methods : sequences of str
        Keys of `CONDITIONS` and `METHODS`.
    seeds : int
    out : Path
    workers : Workers

    Raises
    ------
    InputError
        If a name is unknown or there are fewer than two seeds.
    """
    from ratecheck.experiments.language_model.data import open_corpus

    for kind, names, allowed in (("condition", conditions, CONDITIONS), ("method", methods, METHODS)):
        for name in names:
            if name not in allowed:
                raise InputError(f"no {kind} of the FP8 study is called {name!r}; allowed are {', '.join(allowed)}.")
    if seeds < 2:
        raise InputError(f"seeds is {seeds}, but an interval needs at least 2; give --seeds 5 or more.")
    plan = {
        (condition, method): [_setup(setup, condition, method, seed) for seed in range(seeds)]
        for condition in conditions
        for method in methods
        if CONDITIONS[condition].only in ("", method)
    }
    done = workers.run([one for group in plan.values() for one in group])
    runs = {cell: [done[run_key(one)] for one in group] for cell, group in plan.items()}
    study = Fp8Study(open_corpus(setup.source).name, runs)
    write_findings(out, findings(study), {"fp8": table(study)})
    curves = {
        f"{method}, {condition}": runs[condition, method]
        for condition, method in runs
        if condition in ("float32", "all")
    }
    if curves:
        save_sweep(out, token_sweep(curves, study.language, "lm-fp8-tokens", "ratecheck lm fp8"))
    for method in methods:
        save_sweep(out, underflow_sweep(study, method))
    return study


def _setup(setup: Setup, condition: str, method: str, seed: int) -> Setup:
    step_size, options = METHODS[method]
    one = CONDITIONS[condition]
    extra = one.options if method == "adamw" else {}
    return setup.with_recipe(
        optimizer=method, step_size=step_size, options={**options, **extra}, low=one.low, seed=seed
    )


def flushed(run: Run, state: str) -> float:
    """Return the mean share of entries of a state that rounding set to zero in the second half of a run."""
    shares = run.flushed.get(state, [])
    return float(np.mean(shares[len(shares) // 2 :])) if shares else 0.0


def table(study: Fp8Study) -> list[dict[str, Any]]:
    """Return one row for each condition and method as plain data."""
    rows = []
    for (condition, method), runs in study.runs.items():
        finite = [run.excess for run in runs if math.isfinite(run.excess)]
        rows.append(
            {
                "condition": condition,
                "title": CONDITIONS[condition].title,
                "method": method,
                "excess": [value if math.isfinite(value) else None for value in (run.excess for run in runs)],
                "mean": float(np.mean(finite)) if len(finite) == len(runs) else None,
                "diverged": [run.diverged for run in runs],
                "flushed": {
                    state: float(np.mean([flushed(run, state) for run in runs])) for state in sorted(runs[0].flushed)
                },
                "language": study.language,
                "device": runs[0].device,
            }
        )
    return rows


def underflow_sweep(study: Fp8Study, method: str) -> Sweep:
    """Return the share of entries of a method's second state that underflow, at every step, for each condition."""
    cells = {c: runs for (c, m), runs in study.runs.items() if m == method and c not in ("float32", "products")}
    length = max((len(run.flushed.get(SECOND_STATE[method], [])) for runs in cells.values() for run in runs), default=0)
    seeds = max((len(runs) for runs in cells.values()), default=0)
    values = np.full((len(cells), length, seeds), np.nan)
    for i, runs in enumerate(cells.values()):
        for j, run in enumerate(runs):
            shares = run.flushed.get(SECOND_STATE[method], [])
            values[i, : len(shares), j] = shares
    return Sweep(
        name=f"lm-fp8-underflow-{method}",
        title=f"Share of entries of {method}'s {SECOND_STATE[method]} that rounding sets to zero",
        problem=study.language,
        caption=f"Emulated low precision; median and 10 to 90 % of {seeds} seeds. A line ends where the loss is NaN.",
        command="ratecheck lm fp8",
        parameter="step",
        measure="share of entries flushed to zero",
        labels=tuple(cells),
        grid=np.arange(1, length + 1, dtype=np.float64),
        values=values,
        scales=("linear", "linear"),
    )


def _ratio(study: Fp8Study, method: str, condition: str) -> tuple[float, ...]:
    """Return the final excess over that in float32, by seed; `CAP` where it is larger or the run diverged.

    A cap keeps one run that ended at 1e9 from hiding the others in an interval, and it lowers the mean, which is on the
    safe side for "refuted".
    """
    exact = study.runs["float32", method]
    pairs = zip(study.runs[condition, method], exact, strict=True)
    return tuple(min(run.excess / base.excess, CAP) for run, base in pairs)


# (condition, method, largest ratio to float32, expected, in words)
_CLAIMS = (
    # Scaled states alone do no harm on the smoke model: less than a thousandth of the second moment underflows there.
    ("states", "adamw", 2.0, "holds", "AdamW with E4M3 states scaled per tensor ends within twice its float32 excess"),
    ("all", "adamw", 2.0, "refuted", "AdamW in FP8 throughout ends within twice its float32 excess"),
    (
        "plain-9",
        "adamw",
        2.0,
        "refuted",
        "AdamW with plain casts, gradients times 512, ends within twice its float32 excess",
    ),
    ("plain-0", "adamw", 2.0, "refuted", "AdamW with plain casts ends within twice its float32 excess"),
    ("states", "stosignsgd", 1.15, "holds", "StoSignSGD with states in E4M3 ends within 15 % of its float32 excess"),
    ("all", "stosignsgd", 1.15, "holds", "StoSignSGD in FP8 throughout ends within 15 % of its float32 excess"),
    (
        "plain-9",
        "stosignsgd",
        1.15,
        "holds",
        "StoSignSGD with plain casts, gradients times 512, ends within 15 %",
    ),
    ("plain-0", "stosignsgd", 2.0, "holds", "StoSignSGD with plain casts ends within twice its float32 excess"),
    ("products", "adamw", 1.15, "holds", "FP8 products, E5M2 gradients and BF16 weights alone leave AdamW within 15 %"),
    (
        "second-e5m2",
        "adamw",
        1.15,
        "holds",
        "AdamW with its second moment in E5M2 ends within 15 % of its float32 excess",
    ),
    (
        "second-fp16",
        "adamw",
        1.15,
        "holds",
        "AdamW with its second moment in FP16 ends within 15 % of its float32 excess",
    ),
    (
        "states-eps",
        "adamw",
        1.15,
        "holds",
        "AdamW with states in E4M3 and eps 1e-6 ends within 15 % of its float32 excess",
    ),
    ("states", "signum", 1.15, "holds", "Signum with states in E4M3 ends within 15 % of its float32 excess"),
    ("states", "lion", 1.15, "holds", "Lion with states in E4M3 ends within 15 % of its float32 excess"),
)


def findings(study: Fp8Study) -> list[Finding]:
    """Return the claims, each with the paper's beside it."""
    found = []
    for condition, method, bound, expected, title in _CLAIMS:
        if (condition, method) not in study.runs or ("float32", method) not in study.runs:
            continue
        runs = study.runs[condition, method]
        recipe = runs[0].setup.recipe
        found.append(
            Finding(
                id=f"lm-fp8-{condition}-{method}",
                title=title,
                source=SOURCE,
                provenance="derived" if condition not in ("all", "plain-0") else "secondary",
                paper=PAPER,
                scope=f"{CONDITIONS[condition].title}; {runs[0].setup.shape.parameters} parameters, "
                f"{recipe.steps} steps of {recipe.batch} sequences, {study.language}, emulated by rounding on "
                f"{runs[0].device}; nothing is said about other sizes",
                values=_ratio(study, method, condition),
                bound=bound,
                measure=f"final excess loss / that in float32 from the same seed, at most {CAP:g}",
                method=f"{method}, step size {recipe.step_size:g}, {recipe.options}",
                problem=study.language,
                horizon=recipe.steps,
                oracle_calls=recipe.steps * recipe.batch,
                tags=("stosignsgd", "low-precision"),
                expected=expected,
                seconds=sum(run.seconds for run in runs),
            )
        )
    return found
