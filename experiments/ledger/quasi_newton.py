"""Claims on quasi-Newton methods for saddle points."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.saddle_testbeds import at
from ratecheck.testbeds.saddle_instances import quadratic_saddle, robust_least_squares
from ratecheck.theory.bounds import quasi_newton, quasi_newton_local
from ratecheck.theory.bounds.quasi_newton import CERTIFICATES, certificate_id
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.quasi_newton import MGSR1SP, BroydenSP, PartialQuasiNewton
from ratecheck.theory.methods.saddle import Observed

ROWS = {bound.id: bound for bound in (*quasi_newton.BOUNDS, *quasi_newton_local.BOUNDS)}
TAGS = ("mgsr1-sp", "saddle")
HALF = 25  # coordinates of x and of y each in the quadratic testbed
DIMENSION = 2 * HALF

Build = Callable[[int], Any]
Rule = Callable[[Facts, int], Any]


def quasi_newton_claim(
    id: str, title: str, bound: str, problem: Build, method: Rule, horizons: Any, **rest: Any
) -> Claim:
    """Return a claim of this wing; `horizons` may be one number, and further tags go in ``tags``."""
    ladder = (horizons,) if isinstance(horizons, int) else horizons
    tags = (*TAGS, *rest.pop("tags", ()))
    return Claim(
        id=id, title=title, bound=ROWS[bound], problem=problem, method=method, horizons=ladder, tags=tags, **rest
    )


def blocks(dimension: int, updates: int) -> int:
    """Return the number of blocks of `updates` coordinates that cover the dimension."""
    return -(-dimension // updates)


def ladder(dimension: int, counts: tuple[int, ...], more: int) -> dict[int, int]:
    """Return, by the number of steps ceil(n / tau) + `more`, the largest tau that takes it, in order of steps."""
    steps = {blocks(dimension, count) + more: count for count in sorted(counts)}
    return dict(sorted(steps.items()))


@cache
def _quadratic(condition: float) -> Any:
    return quadratic_saddle(HALF, condition=condition)


def on_quadratic(condition: float, horizon: int) -> Any:
    """Return the quadratic testbed of a condition number, the same for every horizon."""
    return _quadratic(condition)


def mgsr1_rule(updates: int, options: dict[str, Any], facts: Facts, horizon: int) -> Observed:
    """Return MGSR1-SP from L^2 I, its steps observed."""
    return Observed(MGSR1SP(facts["smoothness"] ** 2, updates, **options))


def by_steps(table: dict[int, int], options: dict[str, Any], facts: Facts, horizon: int) -> MGSR1SP:
    """Return MGSR1-SP from L^2 I with the number of updates that the table gives for the horizon."""
    return MGSR1SP(facts["smoothness"] ** 2, table[horizon], **options)


EVERY_STEP = {
    "QN-00": "each step contracts by 1 - 1/eta",
    "QN-01": "the linear phase",
    "QN-02": "the trace after k blocks",
    "QN-03": "eta is bounded by the trace",
    "QN-04": "each step contracts by what the trace certifies",
    "QN-06": "a block of tau updates takes tau/n of the trace",
    "QN-10": "the estimate stays above the squared Hessian",
}


def _quadratic_rows() -> list[Claim]:
    return [
        quasi_newton_claim(
            f"{bound.lower()}-kappa{condition}-tau{updates}",
            f"{title}, condition {condition}, tau = {updates}",
            bound,
            partial(on_quadratic, float(condition)),
            partial(mgsr1_rule, updates, {}),
            blocks(DIMENSION, updates) + 1,
            quick=condition == 10 and updates == 10,
        )
        for condition in (10, 100)
        for updates in (1, 5, 10)
        for bound, title in EVERY_STEP.items()
    ]


TERMINATION = ladder(DIMENSION, (1, 3, 5, 10, DIMENSION), 1)


def _random(updates: int, form: str, precision: str, facts: Facts, horizon: int) -> MGSR1SP:
    return MGSR1SP(
        facts["smoothness"] ** 2,
        updates,
        directions="random",
        form=form,  # type: ignore[arg-type]
        precision=precision,  # type: ignore[arg-type]
    )


def _work(table: dict[int, int], facts: Facts, horizon: int) -> MGSR1SP:
    return MGSR1SP(facts["smoothness"] ** 2, table[horizon], directions="random")


def _partial(facts: Facts, horizon: int) -> PartialQuasiNewton:
    return PartialQuasiNewton(facts["smoothness"], blocks(HALF, horizon - 1))


def _forms() -> list[Claim]:
    """Return the inverse form on both sides of the condition where it breaks, and the direct form beyond it."""
    rows = (
        ("inverse", "float64", "1e4", 1e4, "holds"),
        ("inverse", "float64", "5e4", 5e4, "refuted"),
        ("direct", "float64", "5e4", 5e4, "holds"),
        ("inverse", "float32", "1e2", 1e2, "holds"),
        ("inverse", "float32", "3e2", 3e2, "refuted"),
        ("direct", "float32", "3e2", 3e2, "holds"),
    )
    # Random blocks of 5; rounding may cost as many steps again as termination takes.
    return [
        quasi_newton_claim(
            f"qn-05-{form}-{precision}-{label}",
            f"the {form} form with random blocks arrives at condition {label} in {precision}",
            "QN-05",
            partial(on_quadratic, condition),
            partial(_random, 5, form, precision),
            2 * blocks(DIMENSION, 5) + 2,
            expected=expected,
            quick=form == "inverse",
        )
        for form, precision, label, condition, expected in rows
    ]


SINGLE = (
    quasi_newton_claim(
        "qn-05-termination",
        "MGSR1-SP terminates after ceil(n/tau) + 1 steps",
        "QN-05",
        partial(on_quadratic, 100.0),
        partial(by_steps, TERMINATION, {}),
        tuple(TERMINATION),
        quick=True,
    ),
    quasi_newton_claim(
        "qn-05-direct-1e6",
        "the direct form terminates on time at condition 1e6",
        "QN-05",
        partial(on_quadratic, 1e6),
        partial(by_steps, TERMINATION, {}),
        tuple(TERMINATION),
    ),
    *_forms(),
    quasi_newton_claim(
        "qn-05-robust",
        "MGSR1-SP terminates on robust least squares",
        "QN-05",
        at(robust_least_squares),
        partial(by_steps, ladder(30, (1, 3, 10), 1), {}),
        tuple(ladder(30, (1, 3, 10), 1)),
    ),
    quasi_newton_claim(
        "qn-05-pqn",
        "partial quasi-Newton terminates after ceil(n_x/tau) + 1 steps",
        "QN-05",
        partial(on_quadratic, 100.0),
        _partial,
        (2, 4, 6, HALF + 1),
    ),
    quasi_newton_claim(
        "qn-15-early-progress",
        "most of the progress is made by half of the steps to termination",
        "QN-15",
        partial(on_quadratic, 100.0),
        partial(by_steps, {5: 5, 25: 1}, {}),
        (5, 25),
        expected="refuted",
    ),
    quasi_newton_claim(
        "qn-11-work",
        "larger tau saves Hessian-vector products in proportion",
        "QN-11",
        partial(on_quadratic, 10.0),
        partial(_work, TERMINATION),
        tuple(TERMINATION),
        expected="refuted",
    ),
    quasi_newton_claim(
        "qn-12-work",
        "random blocks ask for 1 + 2 tau products in each iteration",
        "QN-12",
        partial(on_quadratic, 10.0),
        partial(_work, TERMINATION),
        tuple(TERMINATION),
        attained=1.0,
    ),
    *(
        quasi_newton_claim(
            f"qn-13-certificate-tau{tau}",
            f"the geometric certificate contracts before termination, tau = {tau}",
            certificate_id(tau, informative=True),
            partial(on_quadratic, 10.0),
            partial(mgsr1_rule, tau, {}),
            blocks(DIMENSION, tau),
            expected="refuted",
        )
        for tau in CERTIFICATES
    ),
    *(
        quasi_newton_claim(
            f"qn-14-vacuous-tau{tau}",
            f"the geometric certificate is vacuous until termination, tau = {tau}",
            certificate_id(tau, informative=False),
            partial(on_quadratic, 10.0),
            partial(mgsr1_rule, tau, {}),
            blocks(DIMENSION, tau),
        )
        for tau in CERTIFICATES
    ),
)


def _random_blocks(updates: int, facts: Facts, horizon: int) -> Observed:
    return Observed(MGSR1SP(facts["smoothness"] ** 2, updates, directions="random"))


def _scaled_bfgs(facts: Facts, horizon: int) -> Observed:
    return Observed(BroydenSP(facts["smoothness"] ** 2, "bfgs", "scaled"))


def _greedy(rule: str, facts: Facts, horizon: int) -> Observed:
    return Observed(BroydenSP(facts["smoothness"] ** 2, rule))  # type: ignore[arg-type]


def _small(horizon: int) -> Any:
    return quadratic_saddle(6, condition=4.0)


RANDOM = (
    *(
        quasi_newton_claim(
            f"qn-07-random-tau{tau}",
            f"random blocks contract the trace in expectation, tau = {tau}",
            "QN-07",
            _small,
            partial(_random_blocks, tau),
            12 // tau - 1,
            runs=64,
            max_runs=256,
            quick=tau == 3,
        )
        for tau in (1, 3)
    ),
    quasi_newton_claim(
        "qn-10-random-tau3",
        "the estimate of random blocks stays above the squared Hessian",
        "QN-10",
        _small,
        partial(_random_blocks, 3),
        6,
        runs=8,
    ),
    quasi_newton_claim(
        "qn-08-scaled-bfgs",
        "scaled random BFGS forgets the condition number in expectation",
        "QN-08",
        _small,
        _scaled_bfgs,
        40,
        runs=64,
        max_runs=256,
    ),
    *(
        quasi_newton_claim(
            f"qn-09-greedy-{rule}",
            f"greedy {rule.upper()} contracts sigma",
            "QN-09",
            _small,
            partial(_greedy, rule),
            100,
        )
        for rule in ("dfp", "bfgs")
    ),
)


CLAIMS = (*_quadratic_rows(), *SINGLE, *RANDOM)
