"""Known-false statements, each on the instance that refutes it; the corrected form holds elsewhere in the ledger."""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger import accelerated, decaying_steps, heavy_ball, nonsmooth, online, smooth
from ratecheck.experiments.ledger.nonsmooth_lower import strong_trap, strong_trap_steps, trap_steps
from ratecheck.testbeds.online import reddi
from ratecheck.testbeds.random_instances import sharp_corner
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_max import last_iterate_trap, nesterov_maximum
from ratecheck.testbeds.worst_case_univariate import dip, huber, huber_threshold
from ratecheck.theory.bounds import misquoted, off_by_one
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.gradient import Projected
from ratecheck.theory.schedules import InverseSqrt

LADDER = (1, 2, 5, 10, 20, 50)
RATE_LADDER = (32, 64, 128, 256, 512)
OFF_BY_ONE = {bound.id: bound for bound in off_by_one.BOUNDS}


def _chain_for_average_step(horizon: int) -> Any:
    return nonsmooth.chain_for(_best_over_average(horizon))(horizon)


def _best_over_average(horizon: int) -> float:
    """Return the step 1/sqrt(N+1) in units of the best constant one for the last iterate, with M = R = 1."""
    return nonsmooth.best_denominator(horizon) / (horizon + 1) ** 0.5


def _around_minimiser(horizon: int) -> Any:
    return nesterov_maximum(horizon, reach=2)


def _corner(horizon: int) -> Any:
    return sharp_corner(0.3)


def _dip(horizon: int) -> Any:
    return dip(horizon, 1.0)


def _huber_for_fista(horizon: int) -> Any:
    # FISTA's momentum is close to t/(t+3), whose path this is.
    return huber(huber_threshold((horizon**2 + 5 * horizon + 2) / 8))


def _reddi(horizon: int) -> Any:
    return reddi()


def _defeated_adam(facts: Facts, horizon: int) -> Projected:
    beta2 = 1 / (1 + facts["large"] ** 2)
    return Projected(Adam(InverseSqrt(0.5), beta1=0.0, beta2=beta2, eps=0.0, bias_correction=False))


def _false(name: str, bound: Any, problem: Any, method: Any, about: str, **other: Any) -> Claim:
    fields: dict[str, Any] = {"horizons": LADDER, "quick": bound.kind == "deterministic", **other}
    return Claim(
        id=f"mq-{name}",
        title=f"{bound.title} (false)",
        bound=bound,
        problem=problem,
        method=method,
        tags=("foundations", about, "misquoted"),
        expected="refuted",
        **fields,
    )


def _counted(row: str, problem: Any, method: Any, about: str, **other: Any) -> Claim:
    return _false(f"{row.lower()}-count", OFF_BY_ONE[f"MQ-{row}-count"], problem, method, about, **other)


CLAIMS = (
    _counted("NS-01", MaxCoordinate, nonsmooth.constant(), "nonsmooth"),
    _counted("NS-03", MaxCoordinate, nonsmooth.constant(), "nonsmooth"),
    _counted("NS-06", MaxCoordinate, nonsmooth.linear_decay, "nonsmooth"),
    _counted("NS-07", MaxCoordinate, nonsmooth.quasi_monotone, "nonsmooth"),
    _counted("NS-08", MaxCoordinate, decaying_steps.polyak, "nonsmooth"),
    _counted("NSL-01", MaxCoordinate, nonsmooth.linear_decay, "nonsmooth", horizons=LADDER[1:]),
    _counted("SM-01", smooth.worst_for_gap(1.0), smooth.descent(1.0), "smooth"),
    _counted("SM-02", smooth.worst_for_gradient(1.0), smooth.descent(1.0), "smooth"),
    _counted("SM-06", _dip, smooth.descent(1.0), "smooth"),
    _counted("SM-10", accelerated.huber_for_nesterov, accelerated.nesterov, "smooth"),
    _counted("SM-13", accelerated.huber_for_ogm, accelerated.ogm, "smooth"),
    _counted("SM-15", smooth.half_square_with(1.0), accelerated.triple_momentum, "smooth", horizons=(20,)),
    _counted("SM-16", smooth.half_square_with(smooth.CURVATURE), accelerated.item, "smooth", horizons=(20,)),
    _counted("HB-02", heavy_ball.huber_for_ramped, heavy_ball.ramped, "momentum"),
    _counted("OCO-01", online.orthogonal, online.horizon_descent, "online", horizons=(2, 5, 10, 50)),
    _false(
        "last-without-logarithm",
        misquoted.LAST_WITHOUT_LOGARITHM,
        _chain_for_average_step,
        nonsmooth.constant(),
        "nonsmooth",
    ),
    _false(
        "last-smaller-sum",
        misquoted.LAST_SMALLER_SUM,
        nonsmooth.chain_for(1.0),
        nonsmooth.constant_for_last(),
        "nonsmooth",
        horizons=LADDER[2:],
    ),
    _false(
        "decaying-last-rate",
        misquoted.DECAYING_LAST_RATE,
        last_iterate_trap,
        trap_steps,
        "nonsmooth",
        horizons=RATE_LADDER,
    ),
    _false(
        "strongly-convex-last-rate",
        misquoted.STRONGLY_CONVEX_LAST_RATE,
        strong_trap,
        strong_trap_steps,
        "nonsmooth",
        horizons=RATE_LADDER,
    ),
    _false("wrong-ball", misquoted.WRONG_BALL, _around_minimiser, nonsmooth.constant(), "nonsmooth"),
    _false(
        "polyak-last",
        misquoted.POLYAK_LAST,
        nonsmooth.maxima,
        decaying_steps.polyak,
        "nonsmooth",
        horizons=(40,),
        runs=1000,
    ),
    _false("sharp-rate", misquoted.SHARP_RATE, _corner, decaying_steps.polyak, "nonsmooth", horizons=(1,)),
    _false("one-branch", misquoted.ONE_BRANCH, smooth.worst_for_gap(1.9), smooth.descent(1.9), "smooth"),
    _false(
        "accelerated-descent",
        misquoted.ACCELERATED_DESCENT,
        smooth.worst_for_gap(1.0),
        smooth.descent(1.0),
        "smooth",
    ),
    _false(
        "best-step-rate",
        misquoted.BEST_STEP_RATE,
        smooth.half_square_with(smooth.CURVATURE),
        smooth.descent(1.0),
        "smooth",
        horizons=(20,),
    ),
    _false("fista-optimal", misquoted.FISTA_OPTIMAL, _huber_for_fista, accelerated.fista, "smooth"),
    _false(
        "heavy-ball-transient",
        misquoted.SPECTRAL_RATE,
        heavy_ball.largest_curvature(25.0),
        heavy_ball.polyak_tuned,
        "momentum",
        horizons=(60,),
    ),
    _false(
        "heavy-ball-everywhere",
        misquoted.ACCELERATED_EVERYWHERE,
        heavy_ball.cycling(3.3),
        heavy_ball.polyak_tuned,
        "momentum",
        horizons=(100,),
    ),
    _false("regret-half-everywhere", misquoted.BALL_CONSTANT, online.orthogonal, online.horizon_descent, "online"),
    _false("regret-general-on-ball", misquoted.GENERAL_CONSTANT, online.adversary, online.minimax_player, "online"),
    _false(
        "regret-ball-on-interval",
        misquoted.INTERVAL_CONSTANT,
        online.signs,
        online.horizon_descent,
        "online",
        horizons=(200,),
        runs=1024,
    ),
    _false("adam-rate", misquoted.ADAM_RATE, _reddi, _defeated_adam, "online", horizons=(3000,)),
)
