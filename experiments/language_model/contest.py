"""The outcome of a contest of optimizers: intervals, paired differences, tables and the sweeps that figures read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.outcome import Interval, interval
from ratecheck.experiments.language_model.runs import Run, Workers
from ratecheck.experiments.language_model.tuning import FACTOR, Arm, Tuned, tune_and_run
from ratecheck.experiments.sweep import Sweep


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
        One run for each seed, by name of contestant.
    """

    language: str
    floor: float | None
    tuned: dict[str, Tuned]
    runs: dict[str, list[Run]]

    def excess(self, name: str) -> Interval:
        """Return the excess loss of a contestant with its interval over seeds."""
        return interval([run.excess for run in self.runs[name]])

    def difference(self, name: str, other: str) -> Interval:
        """Return the excess of one minus that of another, paired by seed: same weights at first, same tokens."""
        return interval(paired(self.runs[name], self.runs[other]))

    def ranking(self) -> list[str]:
        """Return the names, best first."""
        return sorted(self.runs, key=lambda name: (self.excess(name).mean, name))

    def interior(self, names: Sequence[str]) -> str:
        """Return the part of a scope that owns up to step sizes at the edge of the grid, empty where there is none."""
        edge = [name for name in names if name in self.tuned and not self.tuned[name].interior]
        return f"; step size at the edge of the grid: {', '.join(edge)}" if edge else ""


def hold(arms: Sequence[Arm], seeds: int, workers: Workers) -> Comparison:
    """Tune all arms alike and run them with seeds that the tuning has not seen."""
    from ratecheck.experiments.language_model.data import open_corpus

    setup = arms[0].setup
    tokenizer = None if setup.tokenizer is None else Path(setup.tokenizer)
    corpus = open_corpus(setup.source, vocabulary=setup.shape.vocabulary, tokenizer=tokenizer)
    return Comparison(corpus.name, corpus.floor, *tune_and_run(arms, range(seeds), workers))


def paired(runs: Sequence[Run], others: Sequence[Run]) -> tuple[float, ...]:
    """Return the differences of the final excess by seed; infinite where the first diverged."""
    return tuple(
        math.inf if math.isinf(one.excess) else one.excess - other.excess
        for one, other in zip(runs, others, strict=True)
    )


def table(result: Comparison, reference: str) -> list[dict[str, Any]]:
    """Return one row for each contestant, best first, as plain data."""
    rows = []
    for name in result.ranking():
        runs, tuned = result.runs[name], result.tuned[name]
        versus = result.difference(name, reference) if reference in result.runs else None
        rows.append(
            {
                "optimizer": name,
                "step_size": tuned.step_size,
                "interior": tuned.interior,
                "searched": len(tuned.searched),
                "excess": plain(result.excess(name)),
                "reference": reference if versus else None,
                "difference": plain(versus) if versus else None,
                "updates": float(np.mean([run.records[-1].step for run in runs])),
                "sequences": runs[0].sequences,
                "scale": float(np.mean([run.scales["mean"] for run in runs])) if runs[0].scales else None,
                "language": result.language,
                "entropy_rate": result.floor,
                "seconds": sum(run.seconds for run in runs) / len(runs),
                "device": runs[0].device,
            }
        )
    return rows


def plain(measured: Interval) -> list[float | None]:
    """Return mean, low and high as JSON knows numbers."""
    return [value if math.isfinite(value) else None for value in (measured.mean, measured.low, measured.high)]


def step_size_sweep(result: Comparison, name: str, command: str) -> Sweep:
    """Return the excess at every grid point that was searched."""
    names = result.ranking()
    points = range(
        min(min(result.tuned[name].searched) for name in names),
        max(max(result.tuned[name].searched) for name in names) + 1,
    )
    values = np.array([[[result.tuned[name].searched.get(point, math.nan)] for point in points] for name in names])
    return Sweep(
        name=name,
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


def token_sweep(runs: Mapping[str, Sequence[Run]], language: str, name: str, command: str) -> Sweep:
    """Return the excess along the runs against the tokens seen; a run that diverged is NaN from there on."""
    grid = max((run for group in runs.values() for run in group), key=lambda run: len(run.records)).records[1:]
    tokens = [record.tokens for record in grid]
    width = max(len(group) for group in runs.values())
    values = np.full((len(runs), len(grid), width), np.nan)
    for i, group in enumerate(runs.values()):
        for j, run in enumerate(group):
            seen = run.records[1:]
            if not seen:
                continue
            # Batches that grow pass the marks at other counts: what is shown there is between two measurements.
            known = np.interp(tokens, [one.tokens for one in seen], [_shown(one) for one in seen])
            reached = sum(count <= seen[-1].tokens for count in tokens)
            values[i, :reached, j] = known[:reached]
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
        grid=np.array(tokens, dtype=np.float64),
        values=values,
    )


def _shown(record: Any) -> float:
    return record.validation if math.isnan(record.excess) else record.excess
