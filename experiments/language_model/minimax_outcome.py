"""What came out of the adversarial game, as tables of plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.experiments.language_model.minimax_attack import AT_RADIUS, FACTORS
from ratecheck.experiments.language_model.minimax_residual import Descent
from ratecheck.experiments.language_model.minimax_runs import Standing
from ratecheck.experiments.language_model.outcome import Interval, interval
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.sweep import Sweep
from ratecheck.testbeds.saddle_oracle import PRODUCT_PRICE

Standings = Mapping[tuple[str, str], Standing]  # by player and budget


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out.

    Parameters
    ----------
    setup : Setup
    language, hardware : str
    radius, curvature : float
    product_ratio : float
        CPU time of a Hessian-vector product over that of a gradient, measured here.
    standings : mapping
    residuals : dict
        Runs on one batch by name of method, empty if they were not wanted, and their table.
    """

    setup: Setup
    language: str
    hardware: str
    radius: float
    curvature: float
    product_ratio: float
    standings: Standings
    residuals: dict[str, list[Descent]]
    residual_rows: list[dict[str, Any]]


def table(outcome: Outcome) -> list[dict[str, Any]]:
    """Return one row for each player and budget as plain data, best under attack first."""
    rows = []
    order = sorted(outcome.standings, key=lambda key: (key[1], _attacked(outcome, key, AT_RADIUS).mean))
    for name, budget in order:
        standing = outcome.standings[name, budget]
        first = standing.played[0]
        attacked = {
            f"{factor * outcome.radius:g}": _plain(_attacked(outcome, (name, budget), str(factor)))
            for factor in FACTORS
        }
        rows.append(
            {
                "method": name,
                "equal": budget,
                "step_size": standing.tuned.step_size,
                "clean": _plain(interval([one.clean for one in standing.played])),
                "attacked": attacked,
                "gradients": _mean([one.gradients for one in standing.played]),
                "products": _mean([one.products for one in standing.played]),
                "gradient_equivalents": _mean([one.work for one in standing.played]),
                "tokens": _mean([one.batches for one in standing.played])
                * outcome.setup.recipe.batch
                * outcome.setup.shape.context,
                "before": {key: _mean([one.before[key] for one in standing.played]) for key in first.before},
                "clean_by_seed": [_finite(one.clean) for one in standing.played],
                "attacked_by_seed": [_finite(one.attacked[AT_RADIUS]) for one in standing.played],
                "diverged": [one.diverged for one in standing.played],
                "interior": standing.tuned.interior,
                "searched": len(standing.tuned.searched),
                "seconds": _mean([one.seconds for one in standing.played]),
                **where(outcome),
            }
        )
    return rows


def radius_sweep(outcome: Outcome, command: str) -> Sweep:
    """Return the excess loss against the radius of the attack for every player and budget."""
    radii = np.array([0.0, *(factor * outcome.radius for factor in FACTORS)])
    labels = [name if budget == "gradients" else f"{name}, equal {budget}" for name, budget in outcome.standings]
    values = [
        [[one.clean for one in standing.played]]
        + [[one.attacked[str(factor)] for one in standing.played] for factor in FACTORS]
        for standing in outcome.standings.values()
    ]
    return Sweep(
        name="lm-minimax-radius",
        title="Excess loss under attack",
        problem=outcome.language,
        caption="Loss minus that of the exact predictor on the same tokens, each player at its tuned step size; median "
        f"and 10 to 90 % of {len(values[0][0])} seeds. Trained against an adversary of radius {outcome.radius:g}, at "
        "equal gradient-equivalents where nothing else is said.",
        command=command,
        parameter="radius of the attack, in units of the embedding's rows",
        measure="excess loss (nats)",
        labels=tuple(labels),
        grid=radii,
        values=np.array(values, dtype=np.float64),
        scales=("linear", "log"),
    )


def where(outcome: Outcome) -> dict[str, Any]:
    """Return what all rows share: language, hardware, and what a Hessian-vector product counts as and costs there."""
    return {
        "language": outcome.language,
        "device": outcome.hardware,
        "product_cost": PRODUCT_PRICE,
        "product_ratio": outcome.product_ratio,
    }


def _attacked(outcome: Outcome, key: tuple[str, str], factor: str) -> Interval:
    return interval([one.attacked[factor] for one in outcome.standings[key].played])


def _plain(measured: Interval) -> list[float | None]:
    return [_finite(value) for value in (measured.mean, measured.low, measured.high)]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
