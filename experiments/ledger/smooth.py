"""Claims on gradient descent for smooth functions: convex, strongly convex, nonconvex."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.random_instances import random_quadratics, random_smooth, random_waves, zigzag
from ratecheck.testbeds.relative_error import RelativeError
from ratecheck.testbeds.worst_case_univariate import dip, half_square, huber, ripple
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.smooth import (
    SM_01,
    SM_02,
    SM_03,
    SM_04,
    SM_04_DISTANCE,
    SM_04_GRADIENT,
    SM_05,
    SM_06,
    SM_07,
    SM_08,
    SM_09,
)
from ratecheck.theory.bounds.step_rules import relative_step_within
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.line_search import SteepestDescent
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import GAP

LADDER = (1, 2, 5, 10, 20, 50, 100, 200)
BATCH_LADDER = (1, 2, 5, 10, 20, 40)
TAGS = ("foundations", "smooth")
EXACT: dict[str, Any] = {"attained": 1.0, "attained_tolerance": 1e-9}
CURVATURE = 0.1  # mu of the strongly convex instances, with L = 1

MakeMethod = Callable[[Facts, int], Any]
MakeProblem = Callable[[int], Any]


def descent(h: float) -> MakeMethod:
    """Return gradient descent with the step h/L."""
    return lambda facts, horizon: Subgradient(h / facts["smoothness"])


def best_descent(facts: Facts, horizon: int) -> Subgradient:
    """Return gradient descent with the step 2/(L+mu)."""
    return Subgradient(2 / (facts["smoothness"] + facts["strong_convexity"]))


def steepest(facts: Facts, horizon: int) -> SteepestDescent:
    """Return steepest descent with Cauchy's step."""
    return SteepestDescent(1 / facts["smoothness"])


def inexact_descent(facts: Facts, horizon: int) -> Subgradient:
    """Return gradient descent with the step 2/((1+eps)L+(1-eps)mu)."""
    error = facts["relative_error"]
    return Subgradient(2 / ((1 + error) * facts["smoothness"] + (1 - error) * facts["strong_convexity"]))


def worst_for_gap(h: float) -> MakeProblem:
    """Return the Huber function or the half square, whichever is worse for f(x_N) - f* with the step h/L."""

    def problem(horizon: int) -> Any:
        straight = 1 / (2 * horizon * h + 1)
        return huber(straight) if straight >= (1 - h) ** (2 * horizon) else half_square(1.0)

    return problem


def worst_for_gradient(h: float) -> MakeProblem:
    """Return the Huber function or the half square, whichever is worse for |f'(x_N)| from the radius."""

    def problem(horizon: int) -> Any:
        straight = 1 / (horizon * h + 1)
        return huber(straight) if straight >= abs(1 - h) ** horizon else half_square(1.0)

    return problem


def worst_strongly_convex(h: float) -> MakeProblem:
    """Return Huber plus a quadratic, with the threshold that is worst for f(x_N) - f*."""

    def problem(horizon: int) -> Any:
        rho2 = (1 - CURVATURE * h) ** (2 * horizon)
        slope = CURVATURE * rho2 / (1 / (1 - CURVATURE) - rho2)
        return huber(slope / (1 - CURVATURE), strong_convexity=CURVATURE)

    return problem


def half_square_with(curvature: float) -> MakeProblem:
    """Return lambda x^2/2 as a member of the 1-smooth, 0.1-strongly convex functions."""
    return lambda horizon: half_square(curvature, 1.0, CURVATURE)


def seen_with_error(curvature: float, shorter: bool) -> MakeProblem:
    """Return lambda x^2/2 seen through gradients that are 20 % too long, or too short."""
    return lambda horizon: RelativeError(half_square(curvature, 1.0, CURVATURE), 0.2, shorter=shorter)


def smooth_batch(horizon: int) -> Any:
    """Return the batch of smooth convex functions."""
    return random_smooth()


def strong_batch(horizon: int) -> Any:
    """Return the batch of smooth strongly convex functions."""
    return random_smooth(strong_convexity=CURVATURE)


def quadratic_batch(horizon: int) -> Any:
    """Return the batch of quadratics."""
    return random_quadratics(strong_convexity=CURVATURE)


def wave_batch(horizon: int) -> Any:
    """Return the batch of nonconvex functions."""
    return random_waves()


def inexact_batch(horizon: int) -> Any:
    """Return the batch of quadratics seen through gradients with a random error of 20 %."""
    return RelativeError(random_quadratics(strong_convexity=CURVATURE), 0.2, seed=7)


def exact(id: str, title: str, bound: Bound, problem: Any, method: Any, **other: Any) -> Claim:
    """Return a claim that is attained, to rounding, at every number of steps."""
    fields: dict[str, Any] = {"horizons": LADDER, "tags": (*TAGS, "exact"), "quick": True, **EXACT, **other}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, **fields)


def random_batch(bound: Bound, what: str, problem: Any, method: Any, **other: Any) -> Claim:
    """Return the claim that a bound is exceeded on none of 1,000 random instances."""
    fields: dict[str, Any] = {"horizons": BATCH_LADDER, "tags": (*TAGS, "random"), "runs": 1000, **other}
    return Claim(
        id=f"{bound.id.lower()}-random",
        title=f"{what} never exceeds it on 1,000 random instances",
        bound=bound,
        problem=problem,
        method=method,
        **fields,
    )


def dip_for(h: float) -> MakeProblem:
    """Return the dips that gradient descent with the step h/L walks through."""
    return lambda horizon: dip(horizon, h)


def _ripple(horizon: int) -> Any:
    return ripple(2.3)


def _zigzag(horizon: int) -> Any:
    return zigzag(CURVATURE)


_STEPS = (("half", 0.5), ("unit", 1.0), ("long", 1.5), ("edge", 1.9))

CLAIMS: tuple[Claim, ...] = (
    *(
        exact(
            f"sm-01-{name}-step",
            f"gradient descent, gap, step {h}/L",
            SM_01,
            worst_for_gap(h),
            descent(h),
        )
        for name, h in _STEPS
    ),
    random_batch(SM_01, "the gap of gradient descent", smooth_batch, descent(1.0), quick=True),
    *(
        exact(
            f"sm-02-{name}-step",
            f"gradient descent, gradient norm, step {h}/L",
            SM_02,
            worst_for_gradient(h),
            descent(h),
        )
        for name, h in _STEPS
    ),
    random_batch(SM_02, "the gradient norm of gradient descent", smooth_batch, descent(1.5)),
    *(
        # The same instance: where the gradient is still L tau after N steps, Delta is L tau^2 (N h + 1/2).
        exact(f"sm-03-{name}-step", f"gradient norm from the gap, step {h}/L", SM_03, worst_for_gradient(h), descent(h))
        for name, h in _STEPS[:2]
    ),
    random_batch(SM_03, "the gradient norm, from the gap,", smooth_batch, descent(1.0)),
    *(
        exact(
            f"{bound.id.lower()}-{end}",
            f"{what}, curvature {end}",
            bound,
            half_square_with(curvature),
            method,
            horizons=(40,),
        )
        for bound, what in (
            (SM_04, "strongly convex, gap"),
            (SM_04_DISTANCE, "strongly convex, distance"),
            (SM_04_GRADIENT, "strongly convex, gradient norm"),
        )
        for end, curvature, method in (("mu", CURVATURE, descent(1.0)), ("l", 1.0, best_descent))
    ),
    random_batch(SM_04, "the gap, strongly convex,", strong_batch, best_descent, horizons=(40,)),
    random_batch(SM_04_DISTANCE, "the distance, strongly convex,", strong_batch, descent(1.0), horizons=(40,)),
    random_batch(SM_04_GRADIENT, "the gradient norm, strongly convex,", strong_batch, best_descent, horizons=(40,)),
    *(
        exact(
            f"sm-05-{name}-step",
            f"strongly convex, gap from the radius, step {h}/L",
            SM_05,
            worst_strongly_convex(h),
            descent(h),
        )
        for name, h in _STEPS[:2]
    ),
    random_batch(SM_05, "the gap from the radius, strongly convex,", strong_batch, descent(1.5)),
    *(
        exact(
            f"sm-06-dip-{name}-step",
            f"nonconvex, smallest gradient norm, step {h}/L",
            SM_06,
            dip_for(h),
            descent(h),
            tags=(*TAGS, "nonconvex", "exact"),
        )
        for name, h in (("quarter", 0.25), ("half", 0.5), ("unit", 1.0))
    ),
    random_batch(
        SM_06, "the smallest gradient, nonconvex,", wave_batch, descent(1.0), tags=(*TAGS, "nonconvex", "random")
    ),
    exact(
        "sm-07-zigzag", "steepest descent zigzags at the bound", SM_07, _zigzag, steepest, horizons=(40,), quick=True
    ),
    random_batch(SM_07, "steepest descent", quadratic_batch, steepest, horizons=(40,)),
    exact(
        "sm-08-too-long", "gradients 20 % too long", SM_08, seen_with_error(1.0, False), inexact_descent, horizons=(30,)
    ),
    exact(
        "sm-08-too-short",
        "gradients 20 % too short",
        SM_08,
        seen_with_error(CURVATURE, True),
        inexact_descent,
        horizons=(30,),
    ),
    random_batch(SM_08, "gradient descent with errors", inexact_batch, inexact_descent, horizons=(40,)),
    Claim(
        id="sm-09-ripple",
        title="Polyak-Lojasiewicz: linear convergence on a nonconvex function",
        bound=SM_09,
        problem=_ripple,
        method=descent(1.0),
        horizons=(60,),
        tags=(*TAGS, "nonconvex"),
        quick=True,
    ),
)

TEXTBOOK = Bound(
    id="SM-01-textbook",
    title="gradient descent with step 1/L, as textbooks have it",
    formula=r"f(x_N)-f^\star \le \frac{2LR^2}{N+4}",
    measure=GAP,
    output=Last(),
    value=lambda facts, method, steps: 2 * facts["smoothness"] * facts["radius"] ** 2 / (steps + 4),
    anytime=False,
    assumptions=(relative_step_within(0.0, 1.0),),
    source=Source("Nesterov", 2004, "corollary 2.1.2"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    remark="Up to eight times the exact worst case, SM-01; derived from it.",
)
CLAIMS += (
    Claim(
        id="sm-01-textbook",
        title="the textbook bound of gradient descent holds, up to eight times too large",
        bound=TEXTBOOK,
        problem=worst_for_gap(1.0),
        method=descent(1.0),
        horizons=LADDER,
        tags=TAGS,
    ),
)
