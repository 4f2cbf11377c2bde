"""Claims on stochastic gradients: convex, strongly convex, nonconvex, with momentum."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.data_claims import adagrad
from ratecheck.testbeds import convex
from ratecheck.testbeds.impulse import ImpulseResponses
from ratecheck.testbeds.max_affine import max_affine
from ratecheck.testbeds.multinomial import multinomial_logistic
from ratecheck.testbeds.noise import Noisy, Rademacher, RandomScale, RandomSigns
from ratecheck.testbeds.quadratic import Quadratic
from ratecheck.testbeds.sparse_features import zipf_features
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_univariate import half_square, ripple
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import stochastic as sgd
from ratecheck.theory.bounds import stochastic_momentum as mom
from ratecheck.theory.bounds import stochastic_strong as sc
from ratecheck.theory.bounds.adaptive_gap import AD_02_GAP
from ratecheck.theory.facts import Facts
from ratecheck.theory.method import Method
from ratecheck.theory.methods.accelerated import AcceleratedSA
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import AveragedMomentum, HeavyBall
from ratecheck.theory.methods.variance_reduced import IterateAveraging
from ratecheck.theory.schedules import InverseSqrt, InverseTime, LinearDecay
from ratecheck.theory.stationarity.moments import (
    EXPECTED_GAP,
    EXPECTED_SQUARED_DISTANCE,
    EXPECTED_SQUARED_GRADIENT,
)

Problem = Callable[[int], Any]
Rule = Callable[[Facts, int], Method]
LADDER = (1, 3, 10, 30, 100, 300, 1000)
RESPONSES = 256  # answers with an impulse, which is also the horizon of every claim on exact moments


def sampled(id: str, title: str, bound: Bound, problem: Problem, method: Rule, **parts: Any) -> Claim:
    """Return a claim in expectation, tagged as stochastic."""
    tags = ("foundations", "stochastic", *parts.pop("tags", ("convex",)))
    parts = {"horizons": (1000,), "runs": 128, **parts}
    return Claim(id=id, title=title, bound=bound, problem=problem, method=method, tags=tags, **parts)


def exact(id: str, title: str, bound: Bound, problem: Problem, method: Rule, **parts: Any) -> Claim:
    """Return a claim on exact moments: a batch of responses, deterministic."""
    parts = {"horizons": (RESPONSES,), "runs": RESPONSES + 1, "tags": ("exact",), "slope_from": 0.5, **parts}
    return sampled(id, title, bound, problem, method, **parts)


def noisy_modes(horizon: int) -> ImpulseResponses:
    """Return eight eigenvalues from 0.01 to 1 with noise in every direction, from a start that excites them all."""
    curvatures = tuple(10 ** (-2 * i / 7) for i in range(8))
    return ImpulseResponses(curvatures, (0.3,) * 8, (1.0,) * 8, RESPONSES)


def one_mode(sigma: float = 1.0, at: float = 1.0, curvature: float = 1.0, **parts: Any) -> Problem:
    """Return a quadratic of one variable with additive noise, as a batch of responses."""
    return lambda horizon: ImpulseResponses((curvature,), (sigma,), (at,), RESPONSES, **parts)


def noisy_max_affine(horizon: int) -> Noisy:
    """Return the maximum of affine functions with Rademacher noise."""
    problem = max_affine()
    return Noisy(problem, Rademacher((0.3,) * len(problem.c[:10])))


def signs_max_affine(horizon: int) -> Noisy:
    """Return the maximum of affine functions seen through random signs only."""
    problem = max_affine()
    return Noisy(problem, RandomSigns(tuple(problem.facts["coordinate_bounds"])))


def noisy_ripple(horizon: int) -> Noisy:
    """Return a nonconvex function of one variable with Rademacher noise."""
    return Noisy(ripple(), Rademacher((1.0,)))


def constant(facts: Facts, horizon: int) -> Projected:
    """Return projected SGD with the step R/(G sqrt(T))."""
    G = math.sqrt(sgd.second_moment(facts))
    return Projected(Subgradient(float(facts["radius"]) / (G * math.sqrt(horizon))))


def linear_decay(facts: Facts, horizon: int) -> Projected:
    """Return projected SGD whose steps decay linearly over T - 1 = N steps."""
    G, N = math.sqrt(sgd.second_moment(facts)), horizon
    return Projected(Subgradient(LinearDecay(float(facts["radius"]) * N / (G * (N + 1) ** 1.5), N)))


def smooth(share: float = 1.0) -> Rule:
    """Return SGD with the step share/L."""
    return lambda facts, horizon: Subgradient(float(share / facts["smoothness"]))


def by_sample(share: float) -> Rule:
    """Return SGD with the step share/L of the smoothest sample."""
    return lambda facts, horizon: Subgradient(float(share / facts["sample_smoothness"]))


def tuned(facts: Facts, horizon: int) -> Subgradient:
    """Return SGD with the step min{1/L, R/(sigma sqrt(T))}."""
    return Subgradient(sgd.tuned_step(facts, horizon))


def accelerated(facts: Facts, horizon: int) -> AcceleratedSA:
    """Return accelerated stochastic approximation with the best eta for the horizon."""
    sigma, T = math.sqrt(facts["noise_variance"]), horizon
    best = float(facts["radius"]) * math.sqrt(3 / (T * (T + 1) * (2 * T + 1))) / sigma
    return AcceleratedSA(min(1 / (4 * float(facts["smoothness"])), best))


def inverse_time(numerator: float = 1.0, shift: float = 1.0) -> Rule:
    """Return projected SGD with the steps numerator/(mu (k + shift))."""
    return lambda facts, horizon: Projected(
        Subgradient(InverseTime(numerator / float(facts["strong_convexity"]), shift=shift))
    )


def heavy_ball(beta: float) -> Rule:
    """Return the stochastic heavy ball whose effective step is that of tuned SGD."""

    def rule(facts: Facts, horizon: int) -> HeavyBall:
        effective = float(facts["radius"]) / math.sqrt(sgd.second_moment(facts) * horizon)
        return HeavyBall((1 - beta) * effective, beta)

    return rule


def averaged_momentum(facts: Facts, horizon: int) -> AveragedMomentum:
    """Return averaged momentum with the longest step of MOM-03."""
    return AveragedMomentum(0.1 / (4 * float(facts["smoothness"])), 0.9)


def _lad(samples: int = 1) -> Problem:
    return lambda horizon: convex.least_absolute_deviations(100, 10, samples=samples)


def _zipf(horizon: int) -> Any:
    return zipf_features()


def _svm(horizon: int) -> Any:
    return convex.support_vector_machine()


def _logistic(horizon: int) -> Any:
    return convex.logistic_regression()


def _half_square(horizon: int) -> Noisy:
    return Noisy(half_square(1.0), RandomScale(1.0))


NONSMOOTH = (
    sampled(
        "sgd-01-lad",
        "least absolute deviations by rows: the average is within RG/sqrt(T)",
        sgd.SGD_01,
        _lad(),
        constant,
        horizons=LADDER,
        quick=True,
    ),
    sampled("sgd-01-lad-batch", "the same with batches of 5 rows", sgd.SGD_01, _lad(5), constant, horizons=LADDER),
    sampled("sgd-01-svm", "support vector machine by rows", sgd.SGD_01, _svm, constant, horizons=LADDER),
    sampled("sgd-01-max", "max of affine functions", sgd.SGD_01, noisy_max_affine, constant, horizons=LADDER),
    sampled(
        "sgd-01-signs",
        "max of affine functions seen through random signs, as noisy as a bounded oracle can be",
        sgd.SGD_01,
        signs_max_affine,
        constant,
        horizons=LADDER,
    ),
    sampled(
        "sgd-01-max-coordinate",
        "without noise the bound on the average is attained",
        sgd.SGD_01,
        lambda horizon: MaxCoordinate(horizon - 1) if horizon > 1 else MaxCoordinate(1),
        constant,
        horizons=(3, 10, 30, 100),
        runs=64,
        attained=1.0,
    ),
    sampled("sgd-02-lad", "linear decay, last iterate", sgd.SGD_02, _lad(), linear_decay, horizons=LADDER, quick=True),
    sampled("sgd-02-svm", "linear decay, support vector machine", sgd.SGD_02, _svm, linear_decay, horizons=LADDER),
    sampled(
        "sgd-02-max-coordinate",
        "without noise the bound on the last iterate is attained",
        sgd.SGD_02,
        MaxCoordinate,
        linear_decay,
        horizons=(3, 10, 30, 100),
        runs=64,
        attained=1.0,
    ),
    sampled("mom-01-lad", "stochastic heavy ball on LAD", mom.MOM_01, _lad(), heavy_ball(0.9), tags=("momentum",)),
    sampled("mom-01-max", "stochastic heavy ball, max of affine functions", mom.MOM_01, noisy_max_affine,
           heavy_ball(0.5), tags=("momentum",)),
)  # fmt: skip

SPARSE = (
    sampled("sgd-01-zipf", "Zipf-sparse features: SGD", sgd.SGD_01, _zipf, constant, tags=("sparse",), horizons=LADDER),
    sampled("ad-02-zipf", "Zipf-sparse features: AdaGrad pays for how often a feature occurs", AD_02_GAP, _zipf,
            adagrad, tags=("sparse", "adaptive")),
)  # fmt: skip

SMOOTH = (
    exact("sgd-03-modes", "average of SGD over eight noisy modes, exact moments",
           sgd.exactly(sgd.SGD_03, EXPECTED_GAP), noisy_modes, smooth(0.5), quick=True),
    exact("sgd-03-limit", "the average's bound is attained after one step as the noise goes to 0",
           sgd.exactly(sgd.SGD_03, EXPECTED_GAP), one_mode(1e-6), smooth(), attained=1.0, attained_tolerance=1e-9),
    sampled("sgd-03-logistic", "logistic regression by rows", sgd.SGD_03, _logistic, smooth(0.2), tags=("logistic",)),
    sampled("sgd-03-huber", "Huber regression by rows", sgd.SGD_03, lambda h: convex.huber_regression(), smooth(0.2)),
    exact("sgd-04-modes", "the average without the start, exact moments",
           sgd.exactly(sgd.SGD_04, EXPECTED_GAP), noisy_modes, smooth(0.5)),
    sampled("sgd-04-logistic", "the average without the start, logistic", sgd.SGD_04, _logistic, smooth(0.2),
           tags=("logistic",)),
    sampled("sgd-05-logistic", "the step tuned to the horizon", sgd.SGD_05, _logistic, tuned, horizons=LADDER,
           tags=("logistic",)),
    sampled("sgd-05-multinomial", "multinomial logistic regression, tuned step", sgd.SGD_05,
           lambda h: multinomial_logistic(), tuned, horizons=LADDER, tags=("logistic",)),
    exact("sgd-06-modes", "accelerated stochastic approximation, exact moments",
           sgd.exactly(sgd.SGD_06, EXPECTED_GAP), noisy_modes, accelerated),
    sampled("sgd-06-logistic", "accelerated stochastic approximation, logistic", sgd.SGD_06, _logistic,
           accelerated, tags=("logistic",)),
    sampled("sgd-07-logistic", "one-step bound iterated, logistic", sgd.SGD_07, _logistic, by_sample(0.5),
           tags=("logistic",)),
    sampled("sgd-07-multinomial", "one-step bound iterated, multinomial logistic regression", sgd.SGD_07,
           lambda h: multinomial_logistic(), by_sample(0.5), tags=("logistic",)),
    sampled("sgd-08-scale", "samples that agree on the minimiser: linear convergence", sgd.SGD_08,
           lambda h: Noisy(Quadratic((1.0, 0.25), (1.0, 1.0)), RandomScale(0.5)), by_sample(1.0), horizons=(100,),
           tags=("interpolation",), quick=True),
    sampled("sgd-08-half-square", "the one-step bound is attained on a half square", sgd.SGD_08, _half_square,
           by_sample(0.1), horizons=(100,), runs=64, attained=1.0, tags=("interpolation",)),
    sampled("mom-02-logistic", "heavy ball in its averaging form, logistic regression", mom.MOM_02, _logistic,
           lambda facts, h: IterateAveraging(1 / (4 * float(facts["sample_smoothness"]))), tags=("momentum",)),
)  # fmt: skip

STRONG = (
    sampled("sc-01-svm", "squared distance with steps 1/(mu t)", sc.SC_01, _svm, inverse_time(), tags=("strong",)),
    sampled("sc-01-logistic", "squared distance, steps 1/(mu t), logistic", sc.SC_01, _logistic,
           inverse_time(), tags=("strong",)),
    sampled("sc-02-svm", "average with steps 1/(mu t)", sc.SC_02, _svm, inverse_time(), tags=("strong",)),
    sampled("sc-03-svm", "t-weighted average, steps 2/(mu (t+1))", sc.SC_03, _svm, inverse_time(2, 2), tags=("strong",),
           quick=True),
    sampled("sc-03-ridge", "t-weighted average, ridge regression", sc.SC_03, lambda h: convex.ridge_regression(),
           inverse_time(2, 2), tags=("strong",)),
    sampled("sc-04-svm", "average of the last half, steps 1/(mu t)", sc.SC_04, _svm, inverse_time(), tags=("strong",),
           horizons=(30, 100, 300, 1000)),
    sampled("sc-05-svm", "last iterate, steps 1/(mu t)", sc.SC_05, _svm, inverse_time(), tags=("strong",)),
    sampled("sc-06-logistic", "constant step: linear convergence to a neighbourhood", sc.SC_06, _logistic,
           by_sample(0.5), tags=("strong",)),
    exact("sc-06-mode", "the neighbourhood of expected smoothness is four times too large at most, exact moments",
           sgd.exactly(sc.SC_06, EXPECTED_SQUARED_DISTANCE), one_mode(), by_sample(0.1)),
    exact("sc-07-mode", "additive noise on one mode: the bound is an equality, exact moments",
           sgd.exactly(sc.SC_07, EXPECTED_SQUARED_DISTANCE), one_mode(0.5, 3.0), smooth(0.3), attained=1.0,
           attained_tolerance=1e-9, quick=True),
    exact("sc-07-modes", "additive noise on eight modes, exact moments",
           sgd.exactly(sc.SC_07, EXPECTED_SQUARED_DISTANCE), noisy_modes, smooth()),
    exact("sc-07-long-step", "additive noise with a step beyond 1/L: the other branch of rho, attained",
           sgd.exactly(sc.SC_07, EXPECTED_SQUARED_DISTANCE), one_mode(0.5, 3.0, strong_convexity=0.5), smooth(1.6),
           attained=1.0, attained_tolerance=1e-9),
    exact("sc-08-mode", "gap down to the noise floor: an equality at gamma L = 1", sgd.exactly(sc.SC_08, EXPECTED_GAP),
           one_mode(0.5, 3.0), smooth(), attained=1.0, attained_tolerance=1e-9),
    exact("sc-08-modes", "gap down to the noise floor, eight modes, exact moments",
           sgd.exactly(sc.SC_08, EXPECTED_GAP), noisy_modes, smooth(0.5)),
    exact("sc-09-root", "steps C/sqrt(n), exact moments", sgd.exactly(sc.SC_09, EXPECTED_SQUARED_DISTANCE), one_mode(),
           lambda facts, h: Subgradient(InverseSqrt(0.5))),
    exact("sc-09-inverse", "steps C/n, exact moments", sgd.exactly(sc.SC_09, EXPECTED_SQUARED_DISTANCE), one_mode(),
           lambda facts, h: Subgradient(InverseTime(1.0))),
)  # fmt: skip

NONCONVEX = (
    exact("nc-01-mode", "mean squared gradient: the noise floor is attained", sgd.exactly(mom.NC_01,
           EXPECTED_SQUARED_GRADIENT), one_mode(1.0, 1.0), smooth(), attained=1.0, attained_tolerance=0.01),
    sampled("nc-01-ripple", "mean squared gradient, nonconvex", mom.NC_01, noisy_ripple, smooth(0.5),
           tags=("nonconvex",), quick=True),
    exact("nc-02-modes", "batches as large as the number of steps, exact moments",
           sgd.exactly(mom.NC_02, EXPECTED_SQUARED_GRADIENT),
           lambda h: ImpulseResponses((1.0, 0.1), (0.5, 0.5), (1.0, 1.0), RESPONSES, batch=h), smooth(),
           horizons=(4, 16, 64, RESPONSES)),
    sampled("mom-03-ripple", "averaged momentum, nonconvex", mom.MOM_03, noisy_ripple, averaged_momentum,
           tags=("nonconvex", "momentum")),
    exact("mom-03-modes", "averaged momentum over eight modes, exact moments",
           sgd.exactly(mom.MOM_03, EXPECTED_SQUARED_GRADIENT), noisy_modes, averaged_momentum,
           tags=("exact", "momentum")),
)  # fmt: skip


CLAIMS = (*NONSMOOTH, *SPARSE, *SMOOTH, *STRONG, *NONCONVEX)
