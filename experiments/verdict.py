"""From a stored run to a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.run import CLAIM_LEVEL, FAMILY_SIZE, ClaimRun
from ratecheck.experiments.statistics import Slope, betting_upper_limit, holm_rejects, log_log_slope
from ratecheck.theory.arrays import FloatArray

Verdict = Literal["holds", "refuted", "undecided", "not-applicable"]
RELATIVE_ROUNDING = 1e-9  # by which a deterministic ratio may exceed 1: a thousand times what the sums here lose
RATE_SLACK = 0.05  # by which a measured exponent may exceed a claimed one before the rate is called refuted
MIN_SLOPE_RUNS = 24  # runs from which an interval over slopes has its level


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with its verdict.

    Parameters
    ----------
    claim : Claim
    run : ClaimRun
    verdict : {"holds", "refuted", "undecided", "not-applicable"}
    certified : bool
        Whether "holds" in expectation is backed by a limit that assumes only the range of the measure.
    tightness : float or None
        Largest observed / bound (bound / observed for a lower bound) over steps, and over instances.
    slope : Slope or None
    reason : str
        One sentence for the report.
    """

    claim: Claim
    run: ClaimRun
    verdict: Verdict
    certified: bool
    tightness: float | None
    slope: Slope | None
    reason: str

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the expected one and, on a tight instance, the stated tightness is reached."""
        claim = self.claim
        if self.verdict != claim.expected:
            return False
        if claim.attained is None:
            return True
        if self.tightness is None or abs(self.tightness - claim.attained) > claim.attained_tolerance:
            return False
        ladder = claim.bound.kind == "deterministic" and not claim.bound.anytime and self.verdict == "holds"
        if not (ladder and claim.attained_everywhere):
            return True
        reached = _ratios(claim, self.run).max(axis=0)
        return bool((reached[reached > -np.inf] >= claim.attained - claim.attained_tolerance).all())


def judge(claims: list[Claim], runs: dict[str, ClaimRun]) -> list[Judged]:
    """Return the verdicts of a set of claims, with Holm's correction over the whole ledger.

    Parameters
    ----------
    claims : list of Claim
    runs : dict
        The run of each claim, by its id.
    """
    tested = {c.id: runs[c.id].pvalue for c in claims if c.bound.kind in ("expectation", "probability")}
    alarms = holm_rejects(tested, max(FAMILY_SIZE, len(tested)))
    return [_judge_one(claim, runs[claim.id], claim.id in alarms) for claim in claims]


def _judge_one(claim: Claim, run: ClaimRun, alarm: bool) -> Judged:
    slope = log_log_slope(run.steps, run.values, claim.slope_from * run.steps[-1], run.floor)
    tightness = _tightness(claim, run)
    violated = _violated_assumption(claim, run)
    if violated:
        return Judged(claim, run, "not-applicable", False, tightness, slope, violated)
    if claim.bound.kind == "deterministic":
        verdict, reason = _deterministic(claim, run)
        certified = verdict == "holds"
    elif claim.bound.kind == "rate":
        verdict, reason = _rate(claim, run, slope)
        certified = False
    else:
        verdict, reason = _statistical(claim, run, alarm)
        certified = verdict == "holds" and _certified(claim, run)
    return Judged(claim, run, verdict, certified, tightness, slope, reason)


def _violated_assumption(claim: Claim, run: ClaimRun) -> str:
    for assumption in claim.bound.assumptions:
        excess = run.excess[assumption.text]
        if not excess <= assumption.tolerance:
            return f"the assumption {assumption.text!r} is exceeded on the run by a relative {excess:.3g}."
    return ""


def _ratios(claim: Claim, run: ClaimRun) -> FloatArray:
    """Return observed / bound (its inverse for a lower bound) where both are known, shape (runs, records)."""
    bound = np.broadcast_to(run.bound, run.values.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = bound / run.values if claim.bound.side == "lower" else run.values / bound
    ratio = np.where(np.isnan(run.values), np.inf, ratio)
    known = np.maximum(np.abs(bound), np.abs(run.values)) > run.floor
    return np.where(known, ratio, -np.inf)


def _tightness(claim: Claim, run: ClaimRun) -> float | None:
    if claim.bound.kind == "rate":
        return None
    if claim.bound.kind == "expectation":
        mean = run.values.mean(axis=0)
        ratio = run.bound / mean if claim.bound.side == "lower" else mean / run.bound
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    elif claim.bound.kind == "probability":
        exceeded = run.values < run.bound if claim.bound.side == "lower" else run.values > run.bound
        ratio = exceeded.mean(axis=0) / claim.bound.failure_probability
    else:
        ratio = _ratios(claim, run)
        if claim.bound.side == "equal":
            # The ratio that is farthest from 1 tells how well an exact law is met.
            ratio = ratio.ravel()[np.argmax(np.abs(np.where(np.isfinite(ratio), ratio, 1.0) - 1).ravel())]
    largest = float(np.max(ratio))
    return largest if largest != -math.inf else None


def _deterministic(claim: Claim, run: ClaimRun) -> tuple[Verdict, str]:
    values = np.where(np.isnan(run.values), np.inf, run.values)
    bound = np.broadcast_to(run.bound, values.shape)
    slack = RELATIVE_ROUNDING * np.abs(bound) + run.floor
    over, under = values > bound + slack, values < bound - slack
    wrong = {"upper": over, "lower": under, "equal": over | under}[claim.bound.side]
    if not wrong.any():
        return "holds", f"checked at {run.steps.size} numbers of steps, every one within the bound."
    _, record = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    run_index = int(np.argmax(wrong[:, record]))
    return "refuted", (
        f"after {run.steps[record]} steps the measure is {values[run_index, record]:.6g} "
        f"and the bound {bound[run_index, record]:.6g}."
    )


def _rate(claim: Claim, run: ClaimRun, slope: Slope | None) -> tuple[Verdict, str]:
    assert claim.bound.exponent is not None
    limit = claim.bound.exponent + RATE_SLACK
    if slope is None:
        return "undecided", "no slope could be measured on the tail."
    if slope.interval is None:
        low = high = slope.mean
    elif run.values.shape[0] < MIN_SLOPE_RUNS:
        return "undecided", f"an interval over slopes needs {MIN_SLOPE_RUNS} runs."
    else:
        low, high = slope.interval
    reason = f"measured exponent {slope.mean:.3f}, claimed {claim.bound.exponent:.3f} or less."
    if low > limit:
        return "refuted", reason
    return ("holds" if high <= limit else "undecided"), reason


def _statistical(claim: Claim, run: ClaimRun, alarm: bool) -> tuple[Verdict, str]:
    runs = run.values.shape[0]
    if alarm:
        return "refuted", f"the alarm over {runs} runs has a corrected p-value of {run.pvalue:.2g}."
    caught = f"a violation by the factor {run.detectable:.3g} would have been caught with {runs} runs."
    if run.detectable <= claim.resolution:
        return "holds", f"not contradicted; {caught}"
    return "undecided", f"not contradicted, but only {caught}"


def _certified(claim: Claim, run: ClaimRun) -> bool:
    if claim.value_range is None or claim.bound.side != "upper" or claim.bound.kind != "expectation":
        return False
    low, high = claim.value_range
    level = CLAIM_LEVEL / run.steps.size
    return all(betting_upper_limit(run.values[:, k], low, high, level) <= run.bound[k] for k in range(run.steps.size))


def as_json(judged: Judged, key: str, seconds: float) -> dict[str, Any]:
    """Return the promised fields of one claim as plain JSON data.

    Parameters
    ----------
    judged : Judged
    key : str
        Content key of the stored run.
    seconds : float
        Time that this command spent on the claim, 0.0 when the stored run was used.
    """
    claim, run, slope = judged.claim, judged.run, judged.slope
    return {
        "id": claim.id,
        "title": claim.title,
        "source": str(claim.bound.source),
        "provenance": claim.bound.provenance,
        "evidence": list(claim.bound.evidence),
        "kind": claim.bound.kind,
        "method": run.method,
        "problem": run.problem,
        "measure": claim.bound.measure.id,
        "bound": claim.bound.id,
        "expected": claim.expected,
        "verdict": judged.verdict,
        "certified": judged.certified,
        "as_expected": judged.as_expected,
        "tightness": _finite(judged.tightness),
        "attained": claim.attained,
        "horizon": int(run.steps[-1]),
        "runs": int(run.values.shape[0]),
        "oracle_calls": int(run.calls[-1]),
        "slope": _finite(slope.mean) if slope else None,
        "slope_ci": list(slope.interval) if slope and slope.interval else None,
        "slope_claimed": claim.bound.exponent,
        "detectable": _finite(run.detectable),
        "reason": judged.reason,
        "tags": list(claim.tags),
        "seconds": seconds,
        "key": key,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
