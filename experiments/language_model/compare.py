"""Optimizers on one language at equal tokens, tuned alike: the excess loss over the exact predictor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.outcome import Finding, Interval, interval, write_findings
from ratecheck.experiments.language_model.runs import Run, Workers
from ratecheck.experiments.language_model.setup import Recipe, Setup
from ratecheck.experiments.language_model.tuning import FACTOR, Arm, Tuned, tune_and_run
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.theory.errors import InputError

BETAS = {"betas": (0.9, 0.95)}


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out.

    Parameters
    ----------
    language : str
    floor : float or None
        Entropy rate, nats per token.
    tuned : dict
    runs : dict
        One run for each seed, by name of optimizer.
    """

    language: str
    floor: float | None
    tuned: dict[str, Tuned]
    runs: dict[str, list[Run]]

    def excess(self, name: str) -> Interval:
        """Return the excess loss of an optimizer with its interval over seeds."""
        return interval([run.excess for run in self.runs[name]])

    def difference(self, name: str, other: str) -> Interval:
        """Return the excess of one minus that of another, paired by seed: same weights at first, same tokens."""
        return interval(paired(self.runs[name], self.runs[other]))

    def ranking(self) -> list[str]:
        """Return the names, best first."""
        return sorted(self.runs, key=lambda name: (self.excess(name).mean, name))


def paired(runs: Sequence[Run], others: Sequence[Run]) -> tuple[float, ...]:
    """Return the differences of the final excess by seed; infinite where the first diverged."""
    return tuple(
        math.inf if math.isinf(one.excess) else one.excess - other.excess
        for one, other in zip(runs, others, strict=True)
    )


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
    from ratecheck.experiments.language_model.data import open_corpus

    for name in names:
        if name not in CONTESTANTS:
            raise InputError(f"no optimizer is called {name!r}; allowed are {', '.join(CONTESTANTS)}.")
    if seeds < 2:
        raise InputError(f"seeds is {seeds}, but an interval needs at least 2; give --seeds 4 or more.")
    corpus = open_corpus(setup.source)
    arms = []
    for name in names:
        one = CONTESTANTS[name]
        arms.append(Arm(name, setup.with_recipe(optimizer=one.optimizer, options=one.options), one.start))
    tuned, runs = tune_and_run(arms, range(seeds), workers)
    result = Comparison(corpus.name, corpus.floor, tuned, runs)
    _store(result, setup.recipe, out)
    return result


def _store(result: Comparison, recipe: Recipe, out: Path) -> None:
    save_sweep(out, step_size_sweep(result, "ratecheck lm compare"))
    save_sweep(out, token_sweep(result.runs, result.language, "lm-compare-tokens", "ratecheck lm compare"))
    write_findings(out, findings(result, recipe), {"compare": table(result)})


def step_size_sweep(result: Comparison, command: str) -> Sweep:
    """Return the excess at every grid point that was searched."""
    names = result.ranking()
    points = range(
        min(min(result.tuned[name].searched) for name in names),
        max(max(result.tuned[name].searched) for name in names) + 1,
    )
    values = np.array([[[result.tuned[name].searched.get(point, math.nan)] for point in points] for name in names])
    return Sweep(
        name="lm-compare-step-size",
        title="Excess loss against step size",
        problem=result.language,
        caption="Loss minus that of the exact predictor on the same tokens, one seed for tuning. The grid is the same "
        "for all, and each was searched until the best step size had a worse one on either side.",
        command=command,
        parameter="peak step size",
        measure="excess loss (nats)",
        labels=tuple(names),
        grid=FACTOR ** np.array(points, dtype=np.float64),
        values=values,
    )


def token_sweep(runs: dict[str, list[Run]], language: str, name: str, command: str) -> Sweep:
    """Return the excess along the runs against the tokens seen; a run that diverged is NaN from there on."""
    grid = max((run for group in runs.values() for run in group), key=lambda run: len(run.records)).records[1:]
    width = max(len(group) for group in runs.values())
    values = np.full((len(runs), len(grid), width), np.nan)
    for i, group in enumerate(runs.values()):
        for j, run in enumerate(group):
            seen = [_shown(record) for record in run.records[1:]]
            values[i, : len(seen), j] = seen
    return Sweep(
        name=name,
        title="Excess loss against tokens",
        problem=language,
        caption="Loss minus that of the exact predictor on the same tokens, each optimizer at its tuned step size; "
        f"median and 10 to 90 % of {width} seeds. The step size decays to zero at the end: compare there.",
        command=command,
        parameter="tokens",
        measure="excess loss (nats)",
        labels=tuple(runs),
        grid=np.array([record.tokens for record in grid], dtype=np.float64),
        values=values,
    )


def _shown(record: Any) -> float:
    return record.validation if math.isnan(record.excess) else record.excess


def table(result: Comparison) -> list[dict[str, Any]]:
    """Return one row for each optimizer, best first, as plain data."""
    rows = []
    for name in result.ranking():
        measured, tuned = result.excess(name), result.tuned[name]
        versus = result.difference(name, REFERENCE) if REFERENCE in result.runs else None
        rows.append(
            {
                "optimizer": name,
                "step_size": tuned.step_size,
                "interior": tuned.interior,
                "searched": len(tuned.searched),
                "excess": _row(measured),
                "against_adamw": _row(versus) if versus else None,
                "language": result.language,
                "entropy_rate": result.floor,
                "seconds": sum(run.seconds for run in result.runs[name]) / len(result.runs[name]),
                "device": result.runs[name][0].device,
            }
        )
    return rows


def _row(measured: Interval) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in (measured.mean, measured.low, measured.high)]


_CLAIMS = (
    # id, better, worse, bound on (better - worse), title, source, paper's claim, tag
    (
        "lm-adam-sgd-gap",
        "adamw",
        "momentum",
        0.0,
        "AdamW ends below SGD with momentum on a language with a heavy tail, both tuned",
        "Kunstner, Yadav, Milligan, Schmidt and Bietti (2024), Heavy-tailed class imbalance",
        "class imbalance is a main reason for the gap between Adam and SGD on language models",
        "foundations",
    ),
    (
        "lm-adam-plain-sgd-gap",
        "adamw",
        "sgd",
        0.0,
        "AdamW ends below plain SGD on a language with a heavy tail, both tuned",
        "Kunstner, Yadav, Milligan, Schmidt and Bietti (2024), Heavy-tailed class imbalance",
        "class imbalance is a main reason for the gap between Adam and SGD on language models",
        "foundations",
    ),
    *(
        (
            f"lm-stosignsgd-{other}",
            "stosignsgd",
            other,
            0.0,
            f"StoSignSGD ends no higher than {other} in float32 at equal tokens, both tuned",
            "Yu, Pan, Liu, Zou and Zhang (2026), arXiv 2604.15416, experiments",
            "1.44 to 2.14 times fewer tokens than established baselines in FP8 pretraining; none for float32 is known",
            "stosignsgd",
        )
        for other in ("adamw", "signum", "lion", "signsgd")
    ),
    (
        "lm-scs-adamw",
        "scs-adamw",
        "adamw",
        0.0,
        "SCS-AdamW ends no higher than AdamW at equal tokens, both tuned",
        "arXiv 2507.01241, experiments",
        "SCS-AdamW improves on AdamW in language-model training",
        "scs",
    ),
)


def findings(result: Comparison, recipe: Recipe) -> list[Finding]:
    """Return the claims that this comparison speaks about."""
    size = next(iter(result.runs.values()))[0].setup.shape.parameters
    scope = (
        f"{size} parameters, {recipe.steps} steps of {recipe.batch} sequences, {result.language}, float32; nothing is "
        "said about other sizes"
    )
    found = []
    for name, better, worse, bound, title, source, paper, tag in _CLAIMS:
        if better not in result.runs or worse not in result.runs:
            continue
        runs = result.runs[better]
        found.append(
            Finding(
                id=name,
                title=title,
                source=source,
                provenance="secondary",
                paper=paper,
                scope=scope,
                values=paired(runs, result.runs[worse]),
                bound=bound,
                measure=f"excess loss of {better} minus that of {worse}, nats",
                method=f"{better}, step size {result.tuned[better].step_size:.4g}",
                problem=result.language,
                horizon=recipe.steps,
                oracle_calls=recipe.steps * recipe.batch,
                tags=(tag,),
                seconds=sum(run.seconds for run in runs),
            )
        )
    return found
