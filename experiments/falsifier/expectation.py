"""Claims in expectation as exact claims: the mean of the measure over all outcomes of a few coins."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.families_noisy import mean_over_outcomes
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.outputs import Best, Worst
from ratecheck.theory.stationarity import GAP, SQUARED_DISTANCE, SQUARED_GRADIENT_NORM
from ratecheck.theory.stationarity.measure import Measure
from ratecheck.theory.stationarity.moments import EXPECTED_GAP, EXPECTED_SQUARED_DISTANCE, EXPECTED_SQUARED_GRADIENT

# Measures that are an expectation already, on quadratics, and of what.
EXPECTED = {
    EXPECTED_GAP.id: GAP,
    EXPECTED_SQUARED_DISTANCE.id: SQUARED_DISTANCE,
    EXPECTED_SQUARED_GRADIENT.id: SQUARED_GRADIENT_NORM,
}


def is_in_expectation(claim: Claim) -> bool:
    """Return whether the claim speaks about an expectation over stochastic answers."""
    return claim.bound.kind == "expectation" or claim.bound.measure.id in EXPECTED


def in_expectation(claim: Claim) -> Claim:
    """Return the claim on the mean over outcomes, which is deterministic; a claim without expectation as it is.

    Raises
    ------
    InputError
        If the expectation is of a smallest or largest value, which the mean at each step does not tell.
    """
    if not is_in_expectation(claim):
        return claim
    bound = claim.bound
    if isinstance(bound.output, (Best, Worst)):
        raise InputError(
            f"claim {claim.id} has no search space: the expectation of a smallest or largest value over a run is not "
            "searched here."
        )
    of = EXPECTED.get(bound.measure.id, bound.measure)
    mean = Measure(f"mean {of.id}", rf"E\,{of.symbol}", partial(_mean, of), floor=of.floor)
    return dataclasses.replace(claim, bound=dataclasses.replace(bound, kind="deterministic", measure=mean))


def _mean(of: Measure, problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return mean_over_outcomes(of.compute(problem, x, oracle), problem)
