"""What the FP8 study says: loss in low precision over loss in float32, and tokens to equal loss, as findings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.language_model.claims import CLAIMS
from ratecheck.experiments.language_model.claims.fp8 import FASTER_THAN, NEVER, RATIOS
from ratecheck.experiments.language_model.fp8_conditions import BASELINES, CONDITIONS, TOKENS
from ratecheck.experiments.language_model.outcome import Finding, interval
from ratecheck.experiments.language_model.runs import Run

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.fp8_study import Fp8Study


def ratios(study: Fp8Study, method: str, condition: str) -> tuple[float, ...]:
    """Return the final excess over that in float32, by seed.

    A run that diverged or ended above the untrained model counts as that: one that ended at 1e9 would hide the others
    in an interval, and a smaller mean is on the safe side for "refuted".
    """
    pairs = zip(study.runs[condition, method], study.runs["float32", method], strict=False)
    return tuple(min(run.excess, run.first_excess) / base.excess for run, base in pairs)


def tokens_to(run: Run, loss: float) -> float:
    """Return the tokens after which a run is first at or below an excess loss, infinite if it never is.

    Between two records the loss is taken to be linear in the logarithm of the tokens.
    """
    before = None
    for record in run.records[1:]:
        if record.excess <= loss:
            if before is None or not loss < before.excess < math.inf:
                return record.tokens
            share = (before.excess - loss) / (before.excess - record.excess)
            return before.tokens * (record.tokens / before.tokens) ** share
        before = record
    return math.inf


def token_shares(study: Fp8Study, condition: str, baseline: str) -> tuple[float, ...]:
    """Return the share of the baseline's tokens at which StoSignSGD has the baseline's final loss, by seed."""
    runs = zip(study.runs[condition, "stosignsgd"], study.runs[condition, baseline], strict=False)
    return tuple(min(tokens_to(ours, theirs.excess) / _budget(theirs), NEVER) for ours, theirs in runs)


def _budget(run: Run) -> int:
    recipe = run.setup.recipe
    return recipe.steps * recipe.batch * run.setup.shape.context


def tokens_table(study: Fp8Study) -> list[dict[str, Any]]:
    """Return one row for each condition and baseline as plain data; a factor where every seed reached the loss."""
    rows = []
    for condition, baseline in _token_cells(study):
        shares = token_shares(study, condition, baseline)
        reached = sum(share < NEVER for share in shares)
        factors = interval([1 / share for share in shares])
        rows.append(
            {
                "condition": condition,
                "title": CONDITIONS[condition].title,
                "baseline": baseline,
                "share": list(shares),
                "reached": reached,
                "factor": [factors.mean, factors.low, factors.high] if reached == len(shares) else None,
            }
        )
    return rows


def _token_cells(study: Fp8Study) -> list[tuple[str, str]]:
    return [
        (condition, baseline)
        for condition in TOKENS
        for baseline in BASELINES
        if (condition, "stosignsgd") in study.runs and (condition, baseline) in study.runs
    ]


def findings(study: Fp8Study) -> list[Finding]:
    """Return the claims, each with the paper's beside it."""
    found = [
        CLAIMS[one.id].finding(
            ratios(study, one.method, one.condition),
            study.runs[one.condition, one.method],
            _scope(study, one.condition, one.method, one.note),
            study.language,
        )
        for one in RATIOS
        if {(one.condition, one.method), ("float32", one.method)} <= study.runs.keys()
    ]
    cells = _token_cells(study)
    along = "counted along one run whose step size decays only at its end"
    return found + [
        CLAIMS[one.id].finding(
            token_shares(study, one.condition, one.baseline),
            study.runs[one.condition, "stosignsgd"],
            _scope(study, one.condition, "stosignsgd", along),
            study.language,
        )
        for one in FASTER_THAN
        if (one.condition, one.baseline) in cells
    ]


def _scope(study: Fp8Study, condition: str, method: str, note: str) -> str:
    one, run = CONDITIONS[condition], study.runs[condition, method][0]
    recipe = run.setup.recipe
    return (
        f"{one.title}{note and '; '}{note}; {run.setup.shape.parameters} parameters, {recipe.steps} steps of "
        f"{recipe.batch} sequences, {study.language}, emulated by rounding on {run.device}, step size tuned in "
        f"{'this condition' if one.tuned else 'float32'}; nothing is said about other sizes"
    )
