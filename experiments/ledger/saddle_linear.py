"""Claims on first-order saddle methods at linear rate, on exact laws, and on what no such method can beat."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.saddle_testbeds import (
    EXACT,
    LADDER,
    LONG,
    SCALAR,
    SHORT,
    TESTBEDS,
    Rule,
    at,
    eagv_rule,
    feg_rule,
    first_order_claim,
    ppm_rule,
    step,
)
from ratecheck.testbeds.saddle_instances import (
    hard_bilinear,
    quadratic_saddle,
    scalar_game,
    slow_game,
)
from ratecheck.testbeds.saddle_shift import ShiftSaddle
from ratecheck.theory.bounds import saddle_linear
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.saddle import (
    EAGC,
    GDA,
    OGDA,
    PDHG,
    AlternatingGDA,
    Extragradient,
    Observed,
    PastExtragradient,
)


def _strong(name: str) -> list[Claim]:
    problem = TESTBEDS[name]
    quarter = {"eg": ("SP-32", Extragradient), "peg": ("SP-33", PastExtragradient)}
    rates = [
        first_order_claim(
            f"{bound.lower()}-{short}-{name}",
            f"{kind.__name__} with the step 1/(4 L) is linear on the testbed {name!r}",
            bound,
            problem,
            step(kind, 0.25, Observed),
            LONG,
        )
        for short, (bound, kind) in quarter.items()
    ]
    return [
        *rates,
        first_order_claim(f"sp-31-ppm-{name}", f"proximal point is linear on {name!r}", "SP-31", problem, ppm_rule, 50),
    ]


def _gda_strong(facts: Facts, horizon: int) -> GDA:
    return GDA(facts["strong_convexity"] / facts["smoothness"] ** 2)


def _pdhg(facts: Facts, horizon: int) -> PDHG:
    return PDHG(saddle_linear.ENERGY_STEP, saddle_linear.ENERGY_STEP)


def _alternating(facts: Facts, horizon: int) -> AlternatingGDA:
    return AlternatingGDA(saddle_linear.ENERGY_STEP)


def _pdhg_strong(facts: Facts, horizon: int) -> PDHG:
    m = 2 * facts["strong_convexity"] / facts["coupling"]
    step = m / (2 * facts["strong_convexity"])
    return PDHG(step, step, 1 / (1 + m), dual_first=True)


LINEAR = (
    first_order_claim(
        "sp-20-gda-diverges",
        "descent-ascent converges on f = xy",
        "SP-20",
        SCALAR,
        step(GDA, 0.1),
        SHORT,
        expected="refuted",
        quick=True,
    ),
    first_order_claim(
        "sp-20-ogda-long-step",
        "optimistic descent-ascent converges for every step below 1/L",
        "SP-20",
        SCALAR,
        step(OGDA, 0.6),
        SHORT,
        expected="refuted",
    ),
    first_order_claim(
        "sp-21-gda-growth",
        "descent-ascent spirals outward at the exact factor",
        "SP-21",
        SCALAR,
        step(GDA, 0.1),
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-22-alternating", "alternating descent-ascent circles for ever", "SP-22", SCALAR, _alternating, LONG, **EXACT
    ),
    first_order_claim(
        "sp-23-ppm-bilinear", "proximal point contracts at the exact factor", "SP-23", SCALAR, ppm_rule, 50, **EXACT
    ),
    first_order_claim(
        "sp-24-eg-bilinear",
        "extragradient contracts at the exact factor",
        "SP-24",
        SCALAR,
        step(Extragradient, 0.3),
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-25-ogda-bilinear",
        "optimistic descent-ascent contracts at the exact factor, step 0.3/L",
        "SP-25",
        SCALAR,
        step(OGDA, 0.3, Observed),
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-25-ogda-bilinear-long",
        "optimistic descent-ascent contracts at the exact factor, step 0.55/L",
        "SP-25",
        SCALAR,
        step(OGDA, 0.55, Observed),
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-26-pdhg-bilinear",
        "PDHG contracts at the exact factor in its own norm",
        "SP-26",
        SCALAR,
        _pdhg,
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-27-eg-last-not-fast",
        "extragradient's last iterate is as fast as anchored methods",
        "SP-27",
        slow_game,
        step(Extragradient, math.sqrt(0.5)),
        LADDER,
        expected="refuted",
        quick=True,
    ),
    first_order_claim(
        "sp-30-gda-strong",
        "descent-ascent is linear at 1 - 1/kappa^2, exactly so on a rotation",
        "SP-30",
        at(scalar_game, coupling=1.0, curvature=0.5),
        _gda_strong,
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-30-gda-quadratic",
        "descent-ascent is linear on a quadratic saddle",
        "SP-30",
        TESTBEDS["quadratic"],
        _gda_strong,
        LONG,
    ),
    first_order_claim(
        "sp-31-ppm-decoupled",
        "proximal point is linear, exactly so without coupling",
        "SP-31",
        at(quadratic_saddle, n=5, coupled=False),
        ppm_rule,
        20,
        **EXACT,
    ),
    *_strong("quadratic"),
    first_order_claim(
        "sp-32-eg-half",
        "extragradient with the step 1/(2 L) is linear at 1 - 1/(2 kappa)",
        "SP-32",
        TESTBEDS["quadratic"],
        step(Extragradient, 0.5),
        LONG,
    ),
    first_order_claim(
        "sp-32-ogda-own-points",
        "the points of optimistic descent-ascent contract as those of past extragradient do",
        "SP-32",
        at(scalar_game, coupling=math.sqrt(1 - 0.05**2), curvature=0.05),
        step(OGDA, 0.25),
        SHORT,
        expected="refuted",
    ),
    *_strong("robust"),
    *_strong("auc"),
    first_order_claim(
        "sp-34-pdhg-strong", "PDHG is linear on a quadratic saddle", "SP-34", TESTBEDS["quadratic"], _pdhg_strong, SHORT
    ),
)


def _gda_short(facts: Facts, horizon: int) -> GDA:
    # On the hard quadratic mu / L^2; on bilinear games no step converges, and the bound holds all the more.
    return GDA(max(facts["strong_convexity"], 0.01) / facts["smoothness"] ** 2)


def _pdhg_whole(facts: Facts, horizon: int) -> PDHG:
    return PDHG(1 / facts["smoothness"], 1 / facts["smoothness"])


def _hard(per_step: int, more: int, horizon: int) -> Any:
    return hard_bilinear(per_step * horizon + more)


FIRST_ORDER: dict[str, tuple[Rule, int, int]] = {
    "eg": (step(Extragradient, math.sqrt(0.5)), 2, 0),
    "peg": (step(PastExtragradient, 1 / 3), 1, 1),
    "ogda": (step(OGDA, 0.5), 1, 0),
    "gda": (_gda_short, 1, 0),
    "eagc": (step(EAGC, 1 / 8), 2, 0),
    "eagv": (eagv_rule, 2, 0),
    "feg": (feg_rule, 2, 0),
}

LOWER = tuple(
    claim
    for short, (rule, per_step, more) in FIRST_ORDER.items()
    for claim in (
        first_order_claim(
            f"sp-40-{short}",
            f"{short} is not faster than possible on the hard bilinear game",
            "SP-40",
            partial(_hard, per_step, more),
            rule,
            LADDER,
            quick=short == "feg",
        ),
        first_order_claim(
            f"sp-41-{short}",
            f"{short} is not faster than possible on the hard quadratic saddle",
            "SP-41",
            at(ShiftSaddle),
            rule,
            100,
        ),
    )
)

PATH = tuple(range(1, 61))

PATHS = tuple(
    first_order_claim(
        f"{row.lower()}-{coordinate}-{kind.__name__.lower()}",
        f"the path of {kind.__name__} on f = xy, coordinate {coordinate}",
        f"{row}-{coordinate}",
        SCALAR,
        step(kind, 0.1),
        PATH,
        tags=("phase-portrait",),
    )
    for row, kind in (("SP-28", GDA), ("SP-29", Extragradient), ("SP-35", OGDA))
    for coordinate in "xy"
)

ALTERNATING = tuple(
    first_order_claim(
        f"sp-40-{short}",
        f"{short} is not faster than possible on the hard bilinear game",
        "SP-40",
        partial(_hard, 2, 0),
        rule,
        LADDER,
    )
    for short, rule in {"pdhg": _pdhg_whole, "altgda": step(AlternatingGDA, 1.0)}.items()
)

CLAIMS = (*LINEAR, *PATHS, *LOWER, *ALTERNATING)
