"""Claims on first-order methods for saddle points."""

from __future__ import annotations

import math
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
    step,
)
from ratecheck.testbeds.games import AbsoluteGame, random_matrix_game
from ratecheck.testbeds.saddle_instances import (
    scalar_game,
    slow_game,
)
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.saddle import (
    APPM,
    EAGC,
    PDHG,
    PPM,
    Extragradient,
    Halpern,
    MiddleAverage,
    MirrorProx,
    Observed,
    PastExtragradient,
)

LAST_ITERATES: dict[str, tuple[str, str, Rule]] = {
    "eg": ("SP-06", "the last iterate of extragradient", step(Extragradient, math.sqrt(0.5))),
    "peg": ("SP-12", "the last iterate of past extragradient", step(PastExtragradient, 1 / 3)),
    "eagc": ("SP-15", "the last iterate of EAG-C", step(EAGC, 1 / 8)),
    "eagv": ("SP-16", "the last iterate of EAG-V", eagv_rule),
    "feg": ("SP-17", "the last iterate of FEG", feg_rule),
}


def _last_iterates() -> list[Claim]:
    return [
        first_order_claim(
            f"{bound.lower()}-{short}-{place}",
            f"{title} on the testbed {place!r}",
            bound,
            problem,
            rule,
            LONG,
            quick=(short, place) in {("eg", "bilinear"), ("feg", "quadratic")},
            tags=("auc",) if place == "auc" else (),
        )
        for place, problem in TESTBEDS.items()
        for short, (bound, title, rule) in LAST_ITERATES.items()
    ]


def _observed_ppm(facts: Facts, horizon: int) -> Observed:
    return Observed(PPM(1.0))


def _appm(facts: Facts, horizon: int) -> APPM:
    return APPM(1.0)


def _halpern(facts: Facts, horizon: int) -> Halpern:
    return Halpern(1.0)


def _ppm_instance(horizon: int) -> Any:
    return scalar_game(1 / math.sqrt(horizon - 1))


def _appm_instance(horizon: int) -> AbsoluteGame:
    return AbsoluteGame(1 / horizon)


def _halpern_instance(horizon: int) -> AbsoluteGame:
    return AbsoluteGame(1 / (horizon + 1))


def _steep_instance(horizon: int) -> AbsoluteGame:
    # A method that is too slow has the same residual as the right one on the slope where the bound is attained.
    return AbsoluteGame(2 / (horizon + 2))


def _pdhg_game(facts: Facts, horizon: int) -> MiddleAverage:
    return MiddleAverage(PDHG(1 / facts["smoothness"], 1 / facts["smoothness"]))


def _mirror_prox(facts: Facts, horizon: int) -> MiddleAverage:
    return MiddleAverage(MirrorProx(1 / facts["largest_entry"], geometry="entropy"))


GAME = at(random_matrix_game)

MONOTONE = (
    first_order_claim(
        "sp-01-ppm",
        "the last residual of proximal point, attained on a bilinear game",
        "SP-01",
        _ppm_instance,
        _observed_ppm,
        LADDER,
        **EXACT,
    ),
    first_order_claim(
        "sp-02-appm",
        "the last residual of accelerated proximal point, attained on |x| - |y|",
        "SP-02",
        _appm_instance,
        _appm,
        LADDER,
        **EXACT,
    ),
    first_order_claim(
        "sp-03-halpern",
        "the last residual of Halpern's iteration, attained on |x| - |y|",
        "SP-03",
        _halpern_instance,
        _halpern,
        LADDER,
        **EXACT,
    ),
    first_order_claim(
        "sp-02-appm-steep",
        "the last residual of accelerated proximal point on a steeper |x| - |y|",
        "SP-02",
        _steep_instance,
        _appm,
        LADDER,
    ),
    first_order_claim(
        "sp-03-halpern-steep",
        "the last residual of Halpern's iteration on a steeper |x| - |y|",
        "SP-03",
        _steep_instance,
        _halpern,
        LADDER,
    ),
    first_order_claim(
        "sp-04-eg-norms",
        "the operator norm never rises under extragradient with the step 1/L",
        "SP-04",
        TESTBEDS["bilinear"],
        step(Extragradient, 1.0, Observed),
        SHORT,
        quick=True,
    ),
    first_order_claim(
        "sp-04-eg-norms-logistic",
        "the operator norm never rises under extragradient, logistic game",
        "SP-04",
        TESTBEDS["logistic"],
        step(Extragradient, 1.0, Observed),
        SHORT,
    ),
    first_order_claim(
        "sp-05-eg-distances",
        "extragradient's distances fall as promised, exactly so on a rotation",
        "SP-05",
        SCALAR,
        step(Extragradient, math.sqrt(0.5), Observed),
        SHORT,
        **EXACT,
    ),
    first_order_claim(
        "sp-05-eg-distances-quadratic",
        "extragradient's distances fall as promised",
        "SP-05",
        TESTBEDS["quadratic"],
        step(Extragradient, math.sqrt(0.5), Observed),
        SHORT,
    ),
    first_order_claim(
        "sp-06-eg-slow-game",
        "extragradient's last iterate where it is slow",
        "SP-06",
        at(slow_game, steps=LONG),
        step(Extragradient, math.sqrt(0.5)),
        LONG,
    ),
    first_order_claim(
        "sp-07-eg-average",
        "the average of extragradient on a bilinear game",
        "SP-07",
        TESTBEDS["bilinear"],
        step(Extragradient, 1.0, MiddleAverage),
        LONG,
    ),
    first_order_claim(
        "sp-08-eg-last-gap",
        "the gap of extragradient's last iterate",
        "SP-08",
        TESTBEDS["bilinear"],
        step(Extragradient, math.sqrt(0.5)),
        LONG,
    ),
    first_order_claim(
        "sp-09-eg-matrix-game",
        "projected extragradient on a matrix game",
        "SP-09",
        GAME,
        step(Extragradient, 1.0, MiddleAverage),
        LONG,
        tags=("games",),
    ),
    first_order_claim(
        "sp-10-peg-norms",
        "past extragradient: p never rises",
        "SP-10",
        TESTBEDS["bilinear"],
        step(PastExtragradient, 1 / 3, Observed),
        SHORT,
        quick=True,
    ),
    first_order_claim(
        "sp-10-peg-norms-logistic",
        "past extragradient: p never rises, logistic game",
        "SP-10",
        TESTBEDS["logistic"],
        step(PastExtragradient, 1 / 3, Observed),
        SHORT,
    ),
    first_order_claim(
        "sp-11-peg-potential",
        "past extragradient: the potential never rises",
        "SP-11",
        TESTBEDS["bilinear"],
        step(PastExtragradient, 1 / 3, Observed),
        SHORT,
    ),
    first_order_claim(
        "sp-13-peg-projected",
        "projected past extragradient: steps shorten",
        "SP-13",
        GAME,
        step(PastExtragradient, 0.25, Observed),
        SHORT,
        tags=("games",),
    ),
    first_order_claim(
        "sp-14-peg-average",
        "the average of past extragradient on a bilinear game",
        "SP-14",
        TESTBEDS["bilinear"],
        step(PastExtragradient, 0.5, MiddleAverage),
        LONG,
    ),
    first_order_claim(
        "sp-18-mirror-prox",
        "mirror-prox with entropy on a matrix game",
        "SP-18",
        GAME,
        _mirror_prox,
        LONG,
        tags=("games",),
        quick=True,
    ),
    first_order_claim("sp-19-pdhg-game", "PDHG on a matrix game", "SP-19", GAME, _pdhg_game, LONG, tags=("games",)),
)

CLAIMS = (*MONOTONE, *_last_iterates())
