"""Misquoted forms of the theorems on stochastic gradients, each refuted beside the form that holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger import stochastic as rows
from ratecheck.experiments.ledger.stochastic import exact, one_mode, sampled
from ratecheck.testbeds.lower_bounds import TwoSlopes
from ratecheck.testbeds.noise import Noisy, Rademacher
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import stochastic as sgd
from ratecheck.theory.bounds import stochastic_momentum as mom
from ratecheck.theory.bounds import stochastic_strong as sc
from ratecheck.theory.bounds.high_probability import hardest_bias
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.accelerated import AcceleratedSA
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.schedules import InverseSqrt
from ratecheck.theory.stationarity.moments import EXPECTED_GAP, EXPECTED_SQUARED_DISTANCE, EXPECTED_SQUARED_GRADIENT


def _misquoted(bound: Bound, id: str, title: str, formula: str, value: Any, **parts: Any) -> Bound:
    fields: dict[str, Any] = {"provenance": "secondary", "evidence": ("recalled",), "tight_on": "", "remark": "False."}
    return dataclasses.replace(bound, id=id, title=title, formula=formula, value=value, **(fields | parts))


def _tuned(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["radius"] * np.sqrt(sgd.second_moment(facts) / steps)


def _half(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _tuned(facts, method, steps) / 2


def _one_evaluation_off(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return _tuned(facts, method, steps + 2)


def _variance_for_moment(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = sgd.constant_step(method)
    return facts["radius"] ** 2 / (2 * gamma * steps) + gamma * facts["noise_variance"] / 2


def _without_noise(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["radius"] ** 2 / (2 * sgd.constant_step(method) * steps)


def _accelerated_without_noise(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["radius"] ** 2 / (sgd.constant_step(method) * steps * (steps + 1))


def _nonconvex_without_floor(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma = sgd.constant_step(method)
    return 2 * facts["initial_gap"] / (gamma * steps * (2 - gamma * facts["smoothness"]))


def _small_floor(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, mu = sgd.constant_step(method), facts["strong_convexity"]
    return (1 - gamma * mu) ** steps * facts["radius"] ** 2 + gamma * facts["noise_at_optimum"] / (2 * mu)


EVERY_RUN = _misquoted(
    sgd.SGD_01,
    "SGD-01-every-run",
    "the bound in expectation holds for every run",
    r"f(\bar x_T)-f^\star \le RG/\sqrt T \text{ surely}",
    _tuned,
    kind="deterministic",
)
HALF = _misquoted(
    sgd.SGD_01,
    "SGD-01-half",
    "the average is within half of RG/sqrt(T)",
    r"E f(\bar x_T)-f^\star \le \frac{RG}{2\sqrt T}",
    _half,
)
VARIANCE_ONLY = _misquoted(
    sgd.SGD_01,
    "SGD-01-variance",
    "without smoothness too, only the variance matters and not the second moment",
    r"E f(\bar x_T)-f^\star \le \frac{R^2}{2\gamma T}+\frac{\gamma\sigma^2}{2}",
    _variance_for_moment,
)
OFF_BY_ONE = _misquoted(
    sgd.SGD_02,
    "SGD-02-off-by-one",
    "N steps are counted as N + 2 evaluations",
    r"E f(x_N)-f^\star \le \frac{RG}{\sqrt{N+2}}",
    _one_evaluation_off,
)
NO_NOISE = _misquoted(
    sgd.exactly(sgd.SGD_03, EXPECTED_GAP),
    "SGD-03-no-noise",
    "averaging removes all the noise of a constant step",
    r"E f(\bar x_T)-f^\star \le \frac{R^2}{2\gamma T}",
    _without_noise,
)
NO_NOISE_ACCELERATED = _misquoted(
    sgd.exactly(sgd.SGD_06, EXPECTED_GAP),
    "SGD-06-no-noise",
    "acceleration keeps its rate under noise",
    r"E f(x_T)-f^\star \le \frac{R^2}{\eta T(T+1)}",
    _accelerated_without_noise,
)
SMALL_FLOOR = _misquoted(
    sgd.exactly(sc.SC_06, EXPECTED_SQUARED_DISTANCE),
    "SC-06-small-floor",
    "the floor of small steps is the floor at every step size",
    r"E\|x_k-x^\star\|^2 \le (1-\gamma\mu)^kR^2+\frac{\gamma s^2}{2\mu}",
    _small_floor,
)
FIRST_STEP = _misquoted(
    sgd.exactly(sc.SC_09, EXPECTED_SQUARED_DISTANCE),
    "SC-09-first-step",
    "the bound for steps C/n^a holds from n = 1 on",
    sc.SC_09.formula,
    sc.bach_moulines,
)
NO_GRADIENT_FLOOR = _misquoted(
    sgd.exactly(mom.NC_01, EXPECTED_SQUARED_GRADIENT),
    "NC-01-no-floor",
    "gradients vanish at a constant step",
    r"\frac1T\sum_t E\|\nabla f(x_t)\|^2 \le \frac{2\Delta}{\gamma T(2-\gamma L)}",
    _nonconvex_without_floor,
)


def _hardest(horizon: int) -> TwoSlopes:
    return TwoSlopes(hardest_bias(horizon)[0], copies=128)


def _nearly_exact(horizon: int) -> Noisy:
    return Noisy(MaxCoordinate(horizon), Rademacher((1e-3,) * (horizon + 1)))


def _max_coordinate(horizon: int) -> MaxCoordinate:
    return MaxCoordinate(horizon - 1)


def long_steps(facts: Facts, horizon: int) -> Subgradient:
    """Return SGD with the steps 3/(L sqrt(n)), whose first is beyond (1 + sqrt(2))/L."""
    return Subgradient(InverseSqrt(3 / float(facts["smoothness"])))


def longest(facts: Facts, horizon: int) -> AcceleratedSA:
    """Return accelerated stochastic approximation with the longest step 1/(4L)."""
    return AcceleratedSA(1 / (4 * float(facts["smoothness"])))


def _refuted(make: Any, id: str, bound: Bound, problem: Any, method: Any, **parts: Any) -> Claim:
    return make(f"misquoted-{id}", bound.title, bound, problem, method, expected="refuted", **parts)


CLAIMS = (
    _refuted(sampled, "sgd-01-every-run", EVERY_RUN, _hardest, rows.constant, horizons=(9, 33), runs=256),
    _refuted(sampled, "sgd-01-half", HALF, _max_coordinate, rows.constant, horizons=(10, 30, 100), runs=64,
             quick=True),
    _refuted(sampled, "sgd-01-variance", VARIANCE_ONLY, _nearly_exact, rows.constant, horizons=(30, 100),
             runs=64),
    _refuted(sampled, "sgd-02-off-by-one", OFF_BY_ONE, MaxCoordinate, rows.linear_decay, horizons=(10, 100),
             runs=64, quick=True),
    _refuted(exact, "sgd-03-no-noise", NO_NOISE, one_mode(1.0, 0.1), rows.smooth(0.5), quick=True),
    _refuted(exact, "sgd-06-no-noise", NO_NOISE_ACCELERATED, one_mode(1.0, 0.1), longest),
    _refuted(exact, "sc-06-small-floor", SMALL_FLOOR, one_mode(), rows.by_sample(0.5)),
    _refuted(exact, "sc-09-first-step", FIRST_STEP, one_mode(0.0), long_steps),
    _refuted(exact, "nc-01-no-floor", NO_GRADIENT_FLOOR, one_mode(), rows.smooth(0.5)),
)  # fmt: skip
