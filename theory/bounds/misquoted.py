"""Statements that are met in texts and programs and are false: a branch or a logarithm missing, a class too large.

Each says which row is the right one; the ledger holds an instance that refutes it. `off_by_one` has more of them.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds import accelerated, heavy_ball, nonsmooth, nonsmooth_lower, online, polyak_step, smooth
from ratecheck.theory.bounds.nonsmooth import last_iterate_square, minimax
from ratecheck.theory.bounds.step_rules import per_step
from ratecheck.theory.function_class import SMOOTH_STRONGLY_CONVEX
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import DISTANCE


def misquoted(true: Bound, id: str, title: str, formula: str, value: Any, why: str, **changes: Any) -> Bound:
    """Return a false relative of a true bound.

    Parameters
    ----------
    true : Bound
        The corrected form.
    id, title, formula, value
        Of the false statement; the id is made from it and from that of the corrected form.
    why : str
        What is wrong with it.
    **changes
        Other fields that differ.
    """
    return dataclasses.replace(
        true,
        id=f"MQ-{true.id}-{id}",
        title=title,
        formula=formula,
        value=value,
        source=Source(f"misquotation of {true.source.authors}", true.source.year, true.source.where),
        provenance="secondary",
        evidence=("derived here",),
        tight_on="",
        remark=f"False: {why}. The corrected form is {true.id}.",
        **changes,
    )


LAST_WITHOUT_LOGARITHM = misquoted(
    nonsmooth.NS_05,
    "logarithm",
    "last iterate with the step R/(M sqrt(N+1)), as if it were the best one",
    r"f(x_N)-f^\star \le \frac{MR}{\sqrt{N+1}}",
    lambda facts, method, steps: minimax(facts, steps),
    "the last iterate of a constant step pays a logarithm",
)

LAST_SMALLER_SUM = misquoted(
    nonsmooth.NS_05,
    "sum",
    "last iterate with its best constant step, MR sqrt(1-2(N+1)/s^2)",
    r"f(x_N)-f^\star \le MR\sqrt{1-2(N+1)/s^2}",
    lambda facts, method, steps: (
        facts["lipschitz"]
        * facts["radius"]
        * np.sqrt(np.array([max(0.0, 1 - 2 * (int(N) + 1) / last_iterate_square(int(N))) for N in steps]))
    ),
    "2N, not 2(N+1), is subtracted",
)

DECAYING_LAST_RATE = misquoted(
    nonsmooth_lower.NSL_04,
    "rate",
    "the last iterate with steps 1/sqrt(t) is O(1/sqrt(T))",
    r"f(x_T)-f(x_1) = O(T^{-1/2})",
    lambda facts, method, steps: 1 / np.sqrt(steps),
    "it is ln(T)/sqrt(T) on the last-iterate trap",
    kind="rate",
    side="upper",
    exponent=-0.5,
)

STRONGLY_CONVEX_LAST_RATE = misquoted(
    nonsmooth_lower.NSL_05,
    "rate",
    "the last iterate with steps 1/t on strongly convex functions is O(1/T)",
    r"f(x_T)-f(x_1) = O(T^{-1})",
    lambda facts, method, steps: 1 / steps,
    "it is ln(T)/T on the last-iterate trap",
    kind="rate",
    side="upper",
    exponent=-1.0,
)

WRONG_BALL = misquoted(
    nonsmooth_lower.NSL_02B,
    "ball",
    "Nesterov's lower bound with 1, Lipschitz on the ball around x*",
    r"\min_{k\le N} f(x_k)-f^\star \ge \frac{MR}{2(1+\sqrt{N+1})}",
    nonsmooth_lower.NSL_02A.value,
    "1 needs M-Lipschitz on the ball around x_0 only; around x* the function gives 2",
)

POLYAK_LAST = misquoted(
    polyak_step.NS_08,
    "last",
    "last iterate with Polyak's step",
    r"f(x_N)-f^\star \le \frac{MR}{\sqrt{N+1}}",
    polyak_step.NS_08.value,
    "only the best and the average iterate have it; the last one is O(N^(-1/4))",
    output=Last(),
)

SHARP_RATE = misquoted(
    polyak_step.NS_09,
    "square",
    "Polyak's step on a sharp function, factor 1-m/M",
    r"\|x_N-x^\star\|^2 \le (1-m/M)^N R^2",
    lambda facts, method, steps: (
        facts["radius"] ** 2 * (1 - per_step(facts["sharpness"]) / facts["lipschitz"]) ** steps
    ),
    "the factor of the squared distance is 1-m^2/M^2",
)

ONE_BRANCH = misquoted(
    smooth.SM_01,
    "branch",
    "gradient descent, LR^2/(4Nh+2) for every h < 2",
    r"f(x_N)-f^\star \le \frac{LR^2}{4Nh+2}",
    lambda facts, method, steps: (
        facts["smoothness"] * facts["radius"] ** 2 / (4 * steps * smooth.relative_step(facts, method) + 2)
    ),
    "long steps overshoot, which the second branch (1-h)^(2N) is for",
)

ACCELERATED_DESCENT = misquoted(
    smooth.SM_01,
    "accelerated",
    "plain gradient descent is O(1/N^2)",
    r"f(x_N)-f^\star \le \frac{2LR^2}{(N+1)^2}",
    lambda facts, method, steps: 2 * facts["smoothness"] * facts["radius"] ** 2 / (steps + 1) ** 2,
    "that is the rate of accelerated methods",
    exponent=-2.0,
)

BEST_STEP_RATE = misquoted(
    smooth.SM_04,
    "step",
    "gradient descent with step 1/L contracts by (kappa-1)/(kappa+1)",
    r"f(x_N)-f^\star \le \Bigl(\frac{\kappa-1}{\kappa+1}\Bigr)^{2N}\Delta",
    smooth.SM_07.value,
    "that is the rate of the step 2/(L+mu); step 1/L has 1-1/kappa",
)

FISTA_OPTIMAL = misquoted(
    accelerated.SM_11,
    "optimal",
    "FISTA is minimax-optimal, LR^2/(2 theta_N^2)",
    r"f(x_N)-f^\star \le \frac{LR^2}{2\theta_N^2}",
    accelerated.SM_13.value,
    "that is OGM's value, about half of what FISTA can guarantee",
    anytime=False,
)

SPECTRAL_RATE = misquoted(
    heavy_ball.HB_04,
    "transient",
    "heavy ball on quadratics, q^N R without the transient",
    r"\|x_N-x^\star\| \le q^N R",
    lambda facts, method, steps: heavy_ball.spectral_rate(facts) ** steps * facts["radius"],
    "a double root brings the factor 1+N(1+q)",
)

ACCELERATED_EVERYWHERE = misquoted(
    heavy_ball.HB_04,
    "everywhere",
    "the heavy ball is accelerated on every smooth strongly convex function",
    r"\|x_N-x^\star\| \le (1+N(1+q))\,q^N R",
    heavy_ball.HB_04.value,
    "true for quadratics only; on Lessard's function it cycles",
    measure=DISTANCE,
    function_class=SMOOTH_STRONGLY_CONVEX,
)

BALL_CONSTANT = misquoted(
    online.OCO_01,
    "ball",
    "online gradient descent has regret DG sqrt(T)/2 on every set",
    r"\mathrm{Reg}_T \le \tfrac12 DG\sqrt T",
    online.diameter_regret(0.5),
    "that needs a start at the centre of a ball",
)

GENERAL_CONSTANT = misquoted(
    online.OCO_05,
    "general",
    "the minimax player has regret DG sqrt(T/8) on a ball",
    r"\mathrm{Reg}_T \le \frac{DG\sqrt T}{2\sqrt2}",
    online.diameter_regret(1 / (2 * math.sqrt(2))),
    "1/(2 sqrt 2) is the lower bound for general sets; on balls it is 1/2",
)

INTERVAL_CONSTANT = misquoted(
    online.OCO_L1,
    "interval",
    "no player has expected regret below DG sqrt(T)/2 on an interval",
    r"\mathbb E\,\mathrm{Reg}_T \ge \tfrac12 DG\sqrt T",
    online.diameter_regret(0.5),
    "1/2 is the constant of balls of dimension 3 and more",
)

ADAM_RATE = misquoted(
    online.OCO_02,
    "adam",
    "Adam has regret O(sqrt(T))",
    r"\mathrm{Reg}_T = O(\sqrt T)",
    online.OCO_02.value,
    "on the losses C, -1, -1, ... its regret is linear",
    kind="rate",
    assumptions=(online.GRADIENTS_BOUNDED,),
)

BOUNDS = (
    LAST_WITHOUT_LOGARITHM,
    LAST_SMALLER_SUM,
    DECAYING_LAST_RATE,
    STRONGLY_CONVEX_LAST_RATE,
    WRONG_BALL,
    POLYAK_LAST,
    SHARP_RATE,
    ONE_BRANCH,
    ACCELERATED_DESCENT,
    BEST_STEP_RATE,
    FISTA_OPTIMAL,
    SPECTRAL_RATE,
    ACCELERATED_EVERYWHERE,
    BALL_CONSTANT,
    GENERAL_CONSTANT,
    INTERVAL_CONSTANT,
    ADAM_RATE,
)
