"""Claims on StoSignSGD: the law of its steps, its regret, lower bounds. Gaps are in `stosign_gaps`."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.fixed_slope import FixedSlope
from ratecheck.testbeds.sign_online import (
    HiddenDirection,
    opposition,
    periodic_spikes,
    random_coordinate_signs,
    steady_drift,
    tight_signs,
)
from ratecheck.theory.bounds import stosign, stosign_law
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.averaging import DualAveraging
from ratecheck.theory.methods.gradient import Projected
from ratecheck.theory.methods.stosign import StoSignP, StoSignT
from ratecheck.theory.schedules import InverseSqrt

BEST = 1 / math.sqrt(2)  # the c of the steps c D/sqrt(t) with the smallest bound
MIXED = ((4.0, 1.0, 0.25, 0.01), (1.0, 2.0, 0.5, 10.0))  # bounds G_i over 2.6 decades, and widths D_i


def anytime(facts: Facts, horizon: int) -> StoSignT:
    """Return algorithm T with the best horizon-free steps; it uses no constant of the gradients."""
    return StoSignT(InverseSqrt(BEST * facts["widths"]))


def horizon_known(facts: Facts, horizon: int) -> StoSignT:
    """Return algorithm T with the constant steps D_i/sqrt(T)."""
    return StoSignT(facts["widths"] / math.sqrt(horizon))


def envelope_known(facts: Facts, horizon: int) -> StoSignT:
    """Return algorithm T with the fixed envelope G_i and the steps D_i/(2 sqrt(T))."""
    return StoSignT(facts["widths"] / (2 * math.sqrt(horizon)), envelope=facts["coordinate_bounds"])


def _one_step_for_all(facts: Facts, horizon: int) -> StoSignT:
    return StoSignT(InverseSqrt(BEST * float(facts["widths"].max())))


def _damped(facts: Facts, horizon: int) -> StoSignT:
    return dataclasses.replace(horizon_known(facts, horizon), damping=1 - 1 / horizon)


def _majority(facts: Facts, horizon: int) -> Projected:
    # Steps that reach the end of the box at once: the point is the corner that the sum of all signs points to.
    return Projected(DualAveraging(1e6))


def _decaying_p(facts: Facts, horizon: int) -> StoSignP:
    return StoSignP(0.05, weight_decay=0.5)


def _fixed_law(facts: Facts, horizon: int) -> StoSignT:
    return StoSignT(0.1, envelope=np.array([2.0, 1.0, 0.5, 1.0]))


def stosign_claim(name: str, title: str, **parts: Any) -> Claim:
    """Return a claim of this wing."""
    tags = ("stosignsgd", *parts.pop("tags", ("sign", "online")))
    return Claim(id=f"stosign-{name}", title=title, tags=tags, **parts)


LAW = (
    stosign_claim(
        "law-mean",
        "the mean step is -eta g/R in every coordinate, also where |g| = R and where |g| > R",
        bound=stosign_law.STO_P1,
        problem=lambda horizon: FixedSlope((0.5, -0.25, -0.5, 1.5)),
        method=_fixed_law,
        horizons=(32,),
        runs=4096,
        quick=True,
        tags=("sign", "operator"),
    ),
    stosign_claim(
        "law-mean-small",
        "the mean step is -eta g/R where the gradient is far below its envelope, and negative",
        bound=stosign_law.STO_P1,
        problem=lambda horizon: FixedSlope((-0.5, -0.25, -0.125, -0.25)),
        method=_fixed_law,
        horizons=(32,),
        runs=4096,
        tags=("sign", "operator"),
    ),
    stosign_claim(
        "p-box",
        "weight decay keeps algorithm P in the box of half-width 1/lambda, and steady gradients send it to the edge",
        bound=stosign_law.STO_P3,
        problem=lambda horizon: FixedSlope((0.5, -0.25, 1e-3)),
        method=_decaying_p,
        horizons=(1000,),
        attained=1.0,
        tags=("sign", "momentum"),
    ),
    stosign_claim(
        "law-second-moment",
        "the signs have variance 1 - (g/R)^2 and are independent over coordinates and steps",
        bound=stosign_law.STO_P2,
        problem=lambda horizon: FixedSlope((0.5, -0.25, 0.25, -0.25)),
        method=_fixed_law,
        horizons=(8,),
        runs=8192,
        tags=("sign", "operator"),
    ),
)

REGRET = (
    stosign_claim(
        "1a-spikes",
        "regret at most sqrt(2T) sum D_i G_i where sign descent has linear regret",
        bound=stosign.STO_1A,
        problem=lambda horizon: periodic_spikes(),
        method=anytime,
        horizons=(40_000,),
        runs=64,
        quick=True,
    ),
    stosign_claim(
        "1a-mixed",
        "regret at most sqrt(2T) sum D_i G_i on random signs over 2.6 decades of scales",
        bound=stosign.STO_1A,
        problem=lambda horizon: random_coordinate_signs(*MIXED),
        method=anytime,
        horizons=(4000,),
        runs=128,
    ),
    stosign_claim(
        "1a-drift",
        "regret at most sqrt(2T) sum D_i G_i against a steady drift from the worst corner",
        bound=stosign.STO_1A,
        problem=lambda horizon: steady_drift(*MIXED),
        method=anytime,
        horizons=(4000,),
        runs=64,
    ),
    stosign_claim(
        "1b-drift",
        "regret at most sqrt(T) sum D_i G_i with the constant steps D_i/sqrt(T)",
        bound=stosign.STO_1B,
        problem=lambda horizon: steady_drift(*MIXED, share=0.5),
        method=horizon_known,
        horizons=(10, 30, 100, 300, 1000, 3000),
        runs=128,
        quick=True,
    ),
    stosign_claim(
        "1b-mixed",
        "regret at most sqrt(T) sum D_i G_i on random signs",
        bound=stosign.STO_1B,
        problem=lambda horizon: random_coordinate_signs(*MIXED),
        method=horizon_known,
        horizons=(10, 100, 1000),
        runs=256,
    ),
    stosign_claim(
        "1b-tight",
        "regret exactly sqrt(T) sum D_i G_i from the worst corner",
        bound=stosign.STO_1B,
        problem=lambda horizon: tight_signs(horizon, *MIXED, from_corner=True),
        method=horizon_known,
        horizons=(4, 9, 16, 100, 900, 2500),
        runs=64,
        attained=1.0,
    ),
    stosign_claim(
        "1c-tight",
        "regret exactly sqrt(T)/2 sum D_i G_i, where every gradient attains its envelope",
        bound=stosign.STO_1C,
        problem=lambda horizon: tight_signs(horizon, *MIXED),
        method=envelope_known,
        horizons=(4, 9, 16, 100, 900, 2500),
        runs=64,
        attained=1.0,
        quick=True,
    ),
    stosign_claim(
        "1c-one",
        "regret exactly 1 after four rounds with D = G = 1, and exactly sqrt(T)/2 at every square",
        bound=stosign.STO_1C,
        problem=tight_signs,
        method=envelope_known,
        horizons=(4, 16, 36),
        runs=8,
        attained=1.0,
    ),
    stosign_claim(
        "1c-mixed",
        "regret at most sqrt(T)/2 sum D_i G_i on random signs with the known envelope",
        bound=stosign.STO_1C,
        problem=lambda horizon: random_coordinate_signs(*MIXED),
        method=envelope_known,
        horizons=(10, 100, 1000),
        runs=256,
    ),
    stosign_claim(
        "1e-mixed",
        "one step size for all coordinates costs no more than the largest width",
        bound=stosign.STO_1E,
        problem=lambda horizon: random_coordinate_signs(*MIXED),
        method=_one_step_for_all,
        horizons=(4000,),
        runs=256,
    ),
    stosign_claim(
        "1x-opposition",
        "regret at most (sqrt2 + 1/2) sqrt(T) sum D_i G_i against an adversary that answers each point",
        bound=stosign.STO_1X,
        problem=lambda horizon: opposition(*MIXED),
        method=anytime,
        horizons=(4000,),
        runs=128,
    ),
    stosign_claim(
        "2-likely",
        "nine runs in ten have regret below the bound with probability 0.9",
        bound=stosign.STO_2,
        problem=lambda horizon: periodic_spikes(),
        method=horizon_known,
        horizons=(100, 1000),
        runs=4096,
        tags=("sign", "online", "high-probability"),
    ),
    stosign_claim(
        "5-damped",
        "an envelope that forgets 1/T in each round costs a factor 1.5 at most",
        bound=stosign.STO_5,
        problem=lambda horizon: periodic_spikes(),
        method=_damped,
        horizons=(100, 1000, 10_000),
        runs=64,
    ),
)

LOWER = (
    stosign_claim(
        "lower-online",
        "on random signs the expected regret is at least 1/2 sum D_i G_i E|S_T|",
        bound=stosign_law.STO_L1,
        problem=lambda horizon: random_coordinate_signs((1.0,) * 8, (1.0,) * 8),
        method=anytime,
        horizons=(1000,),
        runs=4096,
        attained=1.0,
        attained_tolerance=0.03,
        tags=("sign", "online", "lower-bound"),
        quick=True,
    ),
    stosign_claim(
        "lower-stochastic",
        "on hidden directions the expected gap is at least 0.105 sum D_i G_i/sqrt(T)",
        bound=stosign_law.STO_L2,
        problem=lambda horizon: HiddenDirection(horizon, MIXED[0], MIXED[1], copies=64),
        method=envelope_known,
        horizons=(4, 16, 64, 256, 1024),
        runs=1024,
        tags=("sign", "stochastic", "lower-bound"),
    ),
    stosign_claim(
        "lower-attained",
        "following the majority of the signs seen attains the lower bound on hidden directions",
        bound=stosign_law.STO_L2E,
        problem=lambda horizon: HiddenDirection(horizon, (1.0,) * 6, (1.0,) * 6, copies=64),
        method=_majority,
        horizons=(1, 4, 15, 64, 255),
        runs=4096,
        tags=("online", "stochastic", "lower-bound"),
    ),
)

CLAIMS = (*LAW, *REGRET, *LOWER)
