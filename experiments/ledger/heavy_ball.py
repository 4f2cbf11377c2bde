"""Claims on the heavy ball: convex functions, quadratics with their transient, and Lessard's cycle."""

from __future__ import annotations

import math
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.smooth import (
    CURVATURE,
    TAGS,
    exact,
    half_square_with,
    quadratic_batch,
    random_batch,
    smooth_batch,
    strong_batch,
)
from ratecheck.testbeds.worst_case_univariate import half_square, huber, lessard
from ratecheck.theory.bounds.heavy_ball import HB_01, HB_02, HB_03, HB_04, HB_05
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.momentum import HeavyBall, Ramp, optimal_heavy_ball
from ratecheck.theory.schedules import InverseTime

MOMENTUM = (*TAGS, "momentum")


def averaged(beta: float) -> Any:
    """Return the heavy ball with alpha = (1-beta)/L."""
    return lambda facts, horizon: HeavyBall((1 - beta) / facts["smoothness"], beta)


def ramped(facts: Facts, horizon: int) -> HeavyBall:
    """Return the heavy ball with alpha_t = 1/(L(t+2)), beta_t = t/(t+2)."""
    return HeavyBall(InverseTime(1 / facts["smoothness"], 2.0), Ramp(2.0))


def matched(facts: Facts, horizon: int) -> HeavyBall:
    """Return the heavy ball with alpha = 1/(2L), beta = sqrt((1-alpha mu)(1-alpha L))."""
    alpha = 0.5 / facts["smoothness"]
    return HeavyBall(alpha, math.sqrt((1 - alpha * facts["strong_convexity"]) * (1 - alpha * facts["smoothness"])))


def polyak_tuned(facts: Facts, horizon: int) -> HeavyBall:
    """Return the heavy ball with Polyak's tuning for quadratics."""
    return optimal_heavy_ball(facts["smoothness"], facts["strong_convexity"])


def huber_for_ramped(horizon: int) -> Any:
    """Return the worst Huber function of the ramped heavy ball, which walks N/2 thresholds in N steps."""
    return huber(1 / (horizon + 1))


def largest_curvature(kappa: float) -> Any:
    """Return the half square of curvature L = 1 with mu = 1/kappa."""
    return lambda horizon: half_square(1.0, 1.0, 1 / kappa)


def cycling(start: float) -> Any:
    """Return Lessard's function from a start that leads to the cycle."""
    return lambda horizon: lessard(start)


def _huber(horizon: int) -> Any:
    return huber(1 / (2 * horizon + 1))


CLAIMS = (
    *(
        Claim(
            id=f"hb-01-momentum-{name}",
            title=f"heavy ball with momentum {beta}: average of all points",
            bound=HB_01,
            problem=_huber,
            method=averaged(beta),
            horizons=(60,),
            tags=MOMENTUM,
        )
        for name, beta in (("small", 0.3), ("large", 0.9))
    ),
    random_batch(HB_01, "the average of the heavy ball", smooth_batch, averaged(0.5), horizons=(40,)),
    exact(
        "hb-02-huber",
        "ramped heavy ball, last iterate",
        HB_02,
        huber_for_ramped,
        ramped,
        tags=(*MOMENTUM, "exact"),
    ),
    random_batch(HB_02, "the ramped heavy ball", smooth_batch, ramped),
    Claim(
        id="hb-03-half-square",
        title="heavy ball with matched momentum",
        bound=HB_03,
        problem=half_square_with(CURVATURE),
        method=matched,
        horizons=(40,),
        tags=MOMENTUM,
    ),
    random_batch(HB_03, "the heavy ball with matched momentum", strong_batch, matched, horizons=(40,)),
    *(
        exact(
            f"hb-04-condition-{kappa}",
            f"the transient factor of the tuned heavy ball, condition number {kappa}",
            HB_04,
            largest_curvature(float(kappa)),
            polyak_tuned,
            horizons=(horizon,),
            tags=(*MOMENTUM, "exact"),
        )
        for kappa, horizon in ((4, 30), (25, 80), (100, 160))
    ),
    random_batch(HB_04, "the tuned heavy ball on quadratics", quadratic_batch, polyak_tuned, horizons=(40,)),
    *(
        Claim(
            id=f"hb-05-start-{name}",
            title=f"the tuned heavy ball never comes closer than 792/1225, started at {start}",
            bound=HB_05,
            problem=cycling(start),
            method=polyak_tuned,
            horizons=(300, 301, 302, 3000),
            tags=(*MOMENTUM, "lower-bound", "exact"),
            attained=1.0,
            attained_tolerance=1e-9,
            attained_everywhere=False,  # on one of the three points of the cycle
            quick=start == 3.3,
        )
        for name, start in (("left", 3.1), ("middle", 3.3), ("right", 3.45))
    ),
)
