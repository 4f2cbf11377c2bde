"""Claims on nonsmooth convex problems, deterministic methods."""

from __future__ import annotations

import math

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.theory.bounds.nonsmooth import NS_01
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.gradient import Subgradient

LADDER = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def _optimal_constant(facts: Facts, horizon: int) -> Subgradient:
    return Subgradient(facts["radius"] / (facts["lipschitz"] * math.sqrt(horizon + 1)))


CLAIMS = (
    Claim(
        id="ns-01-max-coordinate",
        title="the best iterate with the best constant step is within MR/sqrt(N+1)",
        bound=NS_01,
        problem=MaxCoordinate,
        method=_optimal_constant,
        horizons=LADDER,
        tags=("foundations", "nonsmooth"),
        attained=1.0,
        quick=True,
    ),
)
