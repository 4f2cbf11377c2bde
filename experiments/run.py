"""Runs one claim: every horizon, the bound beside it, the assumptions on the run, rounds until it is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.engine import Trace, joined, log_spaced, simulate
from ratecheck.experiments.statistics import (
    FAMILY_LEVEL,
    binomial_pvalues,
    detectable_probability,
    detectable_ratio,
    t_pvalues,
)
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError

FAMILY_SIZE = 1000  # Holm's family is fixed, so that adding a claim changes no other verdict
CLAIM_LEVEL = FAMILY_LEVEL / FAMILY_SIZE  # at which a single claim stops asking for more runs
ROUNDING = 1e-14  # absolute rounding of a measure, in units of max(1, |f*|)


@dataclass(frozen=True, slots=True)
class ClaimRun:
    """The stored outcome of running a claim; everything that is judged, drawn or printed is derived from it.

    Parameters
    ----------
    steps, calls : (records,) integer arrays
    values : (runs, records) array
        The measure.
    bound : (records,) or (runs, records) array
        The value of the bound; per run where each run is an instance of its own.
    floor : float
        Below it the measure is not known: certified accuracy of the optimum plus rounding.
    excess : dict
        Largest relative excess of each assumption.
    pvalue : float
        Of the claim in expectation or with probability, corrected for the records and for the looks at the data;
        1.0 for other kinds.
    detectable : float
        Smallest violation that would have been caught, as a ratio.
    method, problem : str
        As shown to the user.
    """

    steps: IntArray
    calls: IntArray
    values: FloatArray
    bound: FloatArray
    floor: float
    excess: dict[str, float]
    pvalue: float
    detectable: float
    method: str
    problem: str


def rounds(claim: Claim) -> list[range]:
    """Return the ranges of runs that are added in turn: the first round, then doublings up to the budget."""
    ends = [claim.runs]
    while ends[-1] < claim.budget:
        ends.append(min(2 * ends[-1], claim.budget))
    return [range(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def run_claim(claim: Claim, seed: int) -> ClaimRun:
    """Run a claim until it is decided or its budget is spent.

    Parameters
    ----------
    claim : Claim
    seed : int
        Root seed.

    Raises
    ------
    InputError
        If the bound returns NaN or an array of another shape.
    """
    looks = rounds(claim)
    parts: list[ClaimRun] = []
    for look, runs in enumerate(looks):
        parts.append(_run_round(claim, seed, runs))
        run = _combined(claim, parts, len(looks))
        decided = run.pvalue <= CLAIM_LEVEL or run.detectable <= claim.resolution
        if decided or look + 1 == len(looks):
            return run
    raise AssertionError("a claim has at least one round")


def _run_round(claim: Claim, seed: int, runs: range) -> ClaimRun:
    horizons = claim.horizons[-1:] if claim.bound.anytime else claim.horizons
    parts = [_run_horizon(claim, seed, runs, horizon) for horizon in horizons]
    last = parts[-1]
    return ClaimRun(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.calls for part in parts]),
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.bound for part in parts], axis=-1),
        max(part.floor for part in parts),
        {text: max(part.excess[text] for part in parts) for text in last.excess},
        1.0,
        1.0,
        last.method,
        last.problem,
    )


def _run_horizon(claim: Claim, seed: int, runs: range, horizon: int) -> ClaimRun:
    bound = claim.bound
    problem = claim.problem(horizon)
    method = claim.method(problem.facts, horizon)
    steps = log_spaced(horizon) if bound.anytime else np.array([horizon])
    trace: Trace = simulate(
        problem,
        method,
        bound.output,
        bound.measure,
        steps=steps,
        # Horizons that form a ladder are independent runs, so each has streams of its own.
        streams=Streams(seed, claim.id if bound.anytime else f"{claim.id} at {horizon}", runs),
        assumptions=bound.assumptions,
    )
    excess = dict(trace.excess)
    for assumption in bound.assumptions:
        if assumption.on_setup is not None:
            excess[assumption.text] = float(assumption.on_setup(problem.facts, method, horizon))
    scale = max(1.0, float(np.max(np.abs(problem.facts["f_star"])))) if "f_star" in problem.facts else 1.0
    floor = problem.facts.accuracy(bound.measure.floor) if bound.measure.floor else 0.0
    return ClaimRun(
        trace.steps,
        trace.calls,
        trace.values,
        _bound_values(claim, problem, method, trace),
        floor + ROUNDING * scale,
        excess,
        1.0,
        1.0,
        repr(method),
        problem.name,
    )


def _bound_values(claim: Claim, problem: Any, method: Any, trace: Trace) -> FloatArray:
    values = np.asarray(claim.bound.value(problem.facts, method, trace.steps), dtype=np.float64)
    if values.shape not in (trace.steps.shape, trace.values.shape):
        raise InputError(
            f"claim {claim.id}: bound {claim.bound.id} returned an array of shape {values.shape}, but it must have "
            f"shape {trace.steps.shape}, one number for each recorded step."
        )
    if np.isnan(values).any():
        raise InputError(
            f"claim {claim.id}: bound {claim.bound.id} returned NaN, but it must be a number at every recorded step; "
            "check its formula at the smallest and at the largest number of steps."
        )
    return values


def _combined(claim: Claim, parts: list[ClaimRun], looks: int) -> ClaimRun:
    first = parts[0]
    trace = joined([Trace(part.steps, part.calls, part.values, part.excess) for part in parts])
    pvalue, detectable = _evidence(claim, trace.values, first.bound, looks)
    return ClaimRun(
        first.steps,
        first.calls,
        trace.values,
        first.bound,
        first.floor,
        trace.excess,
        pvalue,
        detectable,
        first.method,
        first.problem,
    )


def _evidence(claim: Claim, values: FloatArray, bound: FloatArray, looks: int) -> tuple[float, float]:
    """Return the corrected p-value against the claim, and the detectable violation."""
    kind, side = claim.bound.kind, claim.bound.side
    runs, records = values.shape
    tests = records * looks
    # A run that diverged to NaN counts as infinitely bad, on the side that the claim speaks about.
    values = np.nan_to_num(values, nan=-np.inf if side == "lower" else np.inf, posinf=1e300, neginf=-1e300)
    if kind == "expectation":
        if side == "upper":
            pvalues = t_pvalues(values, bound)
        elif side == "lower":
            pvalues = t_pvalues(-values, -bound)
        else:
            pvalues = 2 * np.minimum(t_pvalues(values, bound), t_pvalues(-values, -bound))
        level = CLAIM_LEVEL / tests
        return min(1.0, tests * float(pvalues.min())), detectable_ratio(values, bound, level)
    if kind == "probability":
        assert claim.bound.failure_probability is not None
        exceeded = (values < bound if side == "lower" else values > bound).sum(axis=0)
        pvalues = binomial_pvalues(exceeded, runs, claim.bound.failure_probability)
        level = CLAIM_LEVEL / tests
        return (
            min(1.0, tests * float(pvalues.min())),
            detectable_probability(runs, claim.bound.failure_probability, level),
        )
    return 1.0, 1.0
