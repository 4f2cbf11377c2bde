"""Claims on sign descent for smooth functions, on error feedback, and on normalised methods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.coordinate_smooth import NoisySquares, Wells
from ratecheck.testbeds.fixed_slope import FixedSlope
from ratecheck.testbeds.sign_counterexamples import MeanAgainstMedian, OpposedPairs
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.testbeds.worst_case_univariate import sign_oscillation
from ratecheck.theory.bounds import sign
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.gradient import NormalizedSubgradient
from ratecheck.theory.methods.normalized import NormalizedMomentum
from ratecheck.theory.methods.sign import ErrorFeedbackSign, SignSGD


def _bernstein(facts: Facts, horizon: int) -> SignSGD:
    return SignSGD(1 / math.sqrt(float(np.sum(facts["coordinate_smoothness"])) * horizon))


def _error_feedback(facts: Facts, horizon: int) -> ErrorFeedbackSign:
    return ErrorFeedbackSign(1 / math.sqrt(horizon))


def _nonsmooth_error_feedback(facts: Facts, horizon: int) -> ErrorFeedbackSign:
    kept = 1 / len(facts["offsets"])
    growth = 1 + 4 * math.sqrt(1 - kept) / kept
    return ErrorFeedbackSign(
        float(np.linalg.norm(facts["offsets"])) / math.sqrt(facts["second_moment"] * growth * horizon)
    )


def _normalized_momentum(facts: Facts, horizon: int) -> NormalizedMomentum:
    scale = facts["initial_gap"] * facts["smoothness"]
    weight = min(math.sqrt(scale / (facts["noise_variance"] * horizon)), 1.0)
    eta = math.sqrt(facts["initial_gap"] * weight / (horizon * facts["smoothness"]))
    return NormalizedMomentum(eta, weight)


def _wells(horizon: int) -> Wells:
    return Wells((1.0, 2.0, 0.5), (1.5, -1.0, 2.0), UniformNoise((1.0, 1.0, 0.25)))


def _claim(name: str, title: str, **parts: Any) -> Claim:
    parts = {"tags": ("foundations", "sign"), **parts}
    return Claim(id=name, title=title, **parts)


RATES = (
    _claim(
        "sg-01-oscillation",
        "the mean l1 norm of the gradient along sign descent reaches its floor on a parabola",
        bound=sign.SG_01,
        problem=lambda horizon: sign_oscillation(0.5),
        method=lambda facts, horizon: SignSGD(0.5),
        horizons=(1000,),
        attained=1 / (1 + 1 / 4000),
        attained_tolerance=1e-9,
        quick=True,
        tags=("foundations", "sign", "smooth"),
    ),
    _claim(
        "sg-01-wells",
        "the mean l1 norm of the gradient along sign descent obeys its bound on a nonconvex function",
        bound=sign.SG_01,
        problem=lambda horizon: Wells((1.0, 2.0, 0.5), (1.5, -1.0, 2.0), UniformNoise((0.0,) * 3)),
        method=lambda facts, horizon: SignSGD(0.02),
        horizons=(3000,),
        tags=("foundations", "sign", "smooth", "nonconvex"),
    ),
    _claim(
        "sg-02-wells",
        "signSGD with batches of K samples obeys its bound on a noisy nonconvex function",
        bound=sign.SG_02,
        problem=lambda horizon: Wells((1.0, 2.0), (1.5, -1.0), UniformNoise((2.0, 2.0), batch=horizon)),
        method=_bernstein,
        horizons=(4, 16, 64, 256),
        runs=64,
        tags=("foundations", "sign", "smooth", "nonconvex", "stochastic"),
    ),
    *(
        _claim(
            f"sg-05-{name}",
            f"a sign is wrong at most as often as {words}",
            bound=bound,
            problem=lambda horizon, slopes=slopes, batch=batch: FixedSlope(slopes, UniformNoise((2.0,) * 3, batch)),
            method=lambda facts, horizon: SignSGD(0.1),
            horizons=(100,),
            runs=2048,
            quick=bound is sign.SG_05G,
            tags=("foundations", "sign", "stochastic"),
        )
        for name, words, bound, slopes, batch in (
            ("markov", "Markov's inequality says", sign.SG_05M, (-1.6, 1.7, 1.5), 3),
            ("cantelli", "Cantelli's inequality says", sign.SG_05C, (-1.6, 1.5, 1.3), 1),
            ("gauss", "Gauss's inequality says, which is exact for uniform noise", sign.SG_05G, (-0.9, 0.6, 0.3), 1),
        )
    ),
    _claim(
        "ef-01-wells",
        "error feedback repairs the scaled sign on a noisy nonconvex function",
        bound=sign.EF_01,
        problem=_wells,
        method=_error_feedback,
        horizons=(4000,),
        runs=64,
        tags=("foundations", "sign", "smooth", "nonconvex", "stochastic"),
    ),
    *(
        _claim(
            f"ef-02-{name}",
            f"error feedback converges where sign descent does not, {words}",
            bound=sign.EF_02,
            problem=problem,
            method=_nonsmooth_error_feedback,
            horizons=(20_000,),
            runs=64,
            tags=("foundations", "sign", "nonsmooth", "stochastic"),
        )
        for name, words, problem in (
            ("pairs", "opposed pairs", lambda horizon: OpposedPairs(4, 0.5)),
            ("median", "mean against median", lambda horizon: MeanAgainstMedian(4)),
        )
    ),
    _claim(
        "ng-01-oscillation",
        "the mean norm of the gradient along normalised descent reaches its floor on a parabola",
        bound=sign.NG_01,
        problem=lambda horizon: sign_oscillation(0.5),
        method=lambda facts, horizon: NormalizedSubgradient(0.5),
        horizons=(1000,),
        attained=1 / (1 + 1 / 4000),
        attained_tolerance=1e-9,
        tags=("foundations", "normalized", "smooth"),
    ),
    _claim(
        "ng-01-squares",
        "the mean norm of the gradient along normalised descent obeys its bound on a quadratic",
        bound=sign.NG_01,
        problem=lambda horizon: NoisySquares((1.0, 10.0), (0.0, 0.0), (3.0, 1.0), UniformNoise((0.0, 0.0))),
        method=lambda facts, horizon: NormalizedSubgradient(0.05),
        horizons=(3000,),
        tags=("foundations", "normalized", "smooth"),
    ),
    _claim(
        "ng-02-wells",
        "normalised SGD with momentum obeys its bound on a noisy nonconvex function",
        bound=sign.NG_02,
        problem=_wells,
        method=_normalized_momentum,
        horizons=(4000,),
        runs=64,
        tags=("foundations", "normalized", "smooth", "nonconvex", "stochastic"),
    ),
)

CLAIMS = RATES
