"""Claims on quasi-Newton saddle methods beyond the quadratic testbed: other problems, limited memory, AUC."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.quasi_newton import (
    DIMENSION,
    blocks,
    by_steps,
    ladder,
    mgsr1_rule,
    on_quadratic,
    quasi_newton_claim,
)
from ratecheck.experiments.ledger.saddle_testbeds import at, auc_problem
from ratecheck.testbeds.saddle_debiasing import synthetic_debiasing
from ratecheck.testbeds.saddle_instances import bilinear_game, robust_least_squares, unequal_quadratic
from ratecheck.testbeds.saddle_logistic import LogisticBilinearGame, logistic_bilinear_game
from ratecheck.theory.bounds.quasi_newton_local import superlinear_radius
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.quasi_newton import MGSR1SP, LimitedMemorySP
from ratecheck.theory.methods.saddle import Observed


@cache
def _logistic(regularisation: float) -> LogisticBilinearGame:
    return logistic_bilinear_game(20, 10, regularisation=regularisation)


def _game(regularisation: float, horizon: int) -> LogisticBilinearGame:
    return _logistic(regularisation)


def _in_linear_region(regularisation: float, horizon: int) -> LogisticBilinearGame:
    game = _logistic(regularisation)
    facts = game.facts
    radius = 0.6931 * facts["strong_convexity"] / (8 * facts["correction"] * facts["condition"] ** 2)
    return game.at_gradient_norm(0.999 * radius)


@cache
def _tiny() -> LogisticBilinearGame:
    return logistic_bilinear_game(3, 3, 60, regularisation=0.5, coupling=0.3)


def _in_superlinear_region(updates: int, horizon: int) -> LogisticBilinearGame:
    return _tiny().at_gradient_norm(0.999 * superlinear_radius(_tiny().facts, updates))


def _certified(updates: int, facts: Facts, horizon: int) -> Observed:
    return Observed(MGSR1SP(facts["smoothness"] ** 2, updates, facts["correction"], reset=False))


GENERAL_STEP = {
    "QN-20": "steps are short",
    "QN-21": "each step is linear-quadratic",
    "QN-22": "eta grows as allowed",
    "QN-23": "the trace grows as allowed",
    "QN-10": "the corrected estimate stays above the squared Hessian",
    "QN-06": "a block takes tau/n of the corrected trace",
}


def _general_rows() -> list[Claim]:
    steps = [
        quasi_newton_claim(
            f"{bound.lower()}-logistic{100 * regularisation:.0f}-tau{updates}",
            f"{title}, logistic game, lambda = {regularisation}, tau = {updates}",
            bound,
            partial(_game, regularisation),
            partial(_certified, updates),
            40,
            quick=updates == 10 and regularisation == 0.25,
        )
        for regularisation in (0.25, 0.05)
        for updates in (3, 10)
        for bound, title in GENERAL_STEP.items()
    ]
    linear = [
        quasi_newton_claim(
            f"qn-24-logistic{100 * regularisation:.0f}-tau{updates}",
            f"D1: the linear phase within its radius, lambda = {regularisation}, tau = {updates}",
            "QN-24",
            partial(_in_linear_region, regularisation),
            partial(_certified, updates),
            40,
        )
        for regularisation in (0.25, 0.05)
        for updates in (1, 3, 10)
    ]
    superlinear = [
        quasi_newton_claim(
            f"{bound.lower()}-tau{updates}",
            f"{title} within its radius, tau = {updates}",
            bound,
            partial(_in_superlinear_region, updates),
            partial(_certified, updates),
            12,
        )
        for updates in (1, 2, 3)
        for bound, title in {"QN-25": "D2: theta", "QN-26": "D2: the step", "QN-27": "D2: the phase"}.items()
    ]
    return [*steps, *linear, *superlinear]


def _limited(options: dict[str, Any], facts: Facts, horizon: int) -> LimitedMemorySP:
    scale = facts["smoothness"] ** 2
    return LimitedMemorySP(mode="newton", memory=8, refresh=5, step_size=1.0, scale=scale, adaptive=False, **options)


def _forward(facts: Facts, horizon: int) -> LimitedMemorySP:
    return LimitedMemorySP(mode="forward", memory=8, refresh=20, adaptive=False, scale=facts["smoothness"] ** 2)


LIMITED = (
    *(
        quasi_newton_claim(
            f"qn-01-limited-{directions}",
            f"limited memory keeps the linear phase, {directions} directions",
            "QN-01",
            partial(on_quadratic, 10.0),
            partial(_limited, {"directions": directions}),
            200,
        )
        for directions in ("lanczos", "history")
    ),
    quasi_newton_claim(
        "qn-05-limited",
        "limited memory terminates as the full method does",
        "QN-05",
        partial(on_quadratic, 100.0),
        partial(_limited, {}),
        DIMENSION + 1,
        expected="refuted",
    ),
    quasi_newton_claim(
        "qn-16-forward",
        "preconditioning without a look-ahead step converges",
        "QN-16",
        partial(on_quadratic, 10.0),
        _forward,
        60,
        expected="refuted",
    ),
)


@cache
def _debiasing() -> Any:
    return synthetic_debiasing(regularisation=1e-4, warm_start=3000).started_warm()


def _debiasing_at(horizon: int) -> Any:
    return _debiasing()


def _signed(updates: int, facts: Facts, horizon: int) -> MGSR1SP:
    # The spectrum moves little near the saddle point; twice its top covers the way there.
    return MGSR1SP(2 * facts["local_smoothness"] ** 2, updates, signed=True)


LOCAL = tuple(
    quasi_newton_claim(
        f"qn-17-debiasing-tau{updates}",
        f"MGSR1-SP arrives on adversarial debiasing from a warm start, tau = {updates}",
        "QN-17",
        _debiasing_at,
        partial(_signed, updates),
        steps,
        tags=("debiasing",),
    )
    for updates, steps in ((5, 30), (10, 16), (41, 7))
)


def _auc_at(name: str, share: float, horizon: int) -> Any:
    return auc_problem(name, share)


AUC_STEPS = {
    "QN-01": "is linear until it terminates",
    "QN-02": "takes the trace away as promised",
    "QN-06": "takes tau/n of the trace in each block",
    "QN-10": "keeps its estimate above the squared Hessian",
}


def _auc_rows() -> list[Claim]:
    sizes = {"breast-cancer": 33, "digits": 67, "gaussians": 33}
    shares = {"100": 100.0, "1": 1.0, "0.01": 0.01}
    return [
        claim
        for name, n in sizes.items()
        for label, share in shares.items()
        for claim in (_auc_termination(name, n, label, share), *_auc_steps(name, n, label, share))
    ]


def _auc_termination(name: str, n: int, label: str, share: float) -> Claim:
    table = ladder(n, (1, 10, min(50, n)), 2)
    return quasi_newton_claim(
        f"qn-05-auc-{name}-{label}",
        f"MGSR1-SP solves AUC maximisation in ceil(n/tau) + 2 steps, {name}, lambda = {label}/m",
        "QN-05",
        partial(_auc_at, name, share),
        partial(by_steps, table, {}),
        tuple(table),
        tags=("auc",),
        quick=name == "breast-cancer",
    )


def _auc_steps(name: str, n: int, label: str, share: float) -> list[Claim]:
    return [
        quasi_newton_claim(
            f"{bound.lower()}-auc-{name}-{label}-tau{updates}",
            f"MGSR1-SP {title} on AUC maximisation, {name}, lambda = {label}/m, tau = {updates}",
            bound,
            partial(_auc_at, name, share),
            partial(mgsr1_rule, updates, {}),
            -(-n // updates) + 2,
            tags=("auc",),
        )
        for updates in (1, 10)
        for bound, title in AUC_STEPS.items()
    ]


def _elsewhere() -> list[Claim]:
    """Return the linear phase on the other quadratic testbeds, where first-order methods are run too."""
    problems = {
        "bilinear": (at(bilinear_game), 20),
        "robust": (at(robust_least_squares), 30),
        "unequal": (at(unequal_quadratic), 20),
    }
    return [
        quasi_newton_claim(
            f"qn-01-{name}-{directions}-tau{updates}",
            f"the linear phase on the testbed {name!r}, {directions} directions, tau = {updates}",
            "QN-01",
            problem,
            partial(mgsr1_rule, updates, {"directions": directions}),
            blocks(dimension, updates) + 1,
        )
        for name, (problem, dimension) in problems.items()
        for directions in ("greedy", "random")
        for updates in (1, 10)
    ]


CLAIMS = (*_elsewhere(), *_general_rows(), *LIMITED, *LOCAL, *_auc_rows())
