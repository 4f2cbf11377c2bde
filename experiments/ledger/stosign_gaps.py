"""Claims on StoSignSGD: gaps of its average on stochastic and nonsmooth convex problems, and their rate."""

from __future__ import annotations

import math

import numpy as np

from ratecheck.experiments.ledger.stosignsgd import anytime, envelope_known, horizon_known, stosign_claim
from ratecheck.testbeds.convex import least_absolute_deviations, support_vector_machine
from ratecheck.testbeds.coordinate_smooth import NoisySquares
from ratecheck.testbeds.max_affine import max_affine
from ratecheck.testbeds.real_data import real_problem
from ratecheck.testbeds.sign_counterexamples import MeanAgainstMedian, OpposedPairs, RareOutliers
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.bounds import stosign_gap
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.schedules import InverseTime


def _unconstrained(facts: Facts, horizon: int) -> StoSignT:
    return StoSignT(facts["offsets"] / math.sqrt(horizon), envelope=facts["coordinate_bounds"])


def _strongly_convex(facts: Facts, horizon: int) -> StoSignT:
    mu = float(np.min(facts["coordinate_convexity"] / facts["coordinate_bounds"]))
    return StoSignT(InverseTime(1 / mu), envelope=facts["coordinate_bounds"])


def _heavy_tailed(facts: Facts, horizon: int) -> StoSignT:
    return StoSignT(facts["widths"] / math.sqrt(horizon), envelope=facts["coordinate_moments"] * horizon**0.25)


PAIRS = ("sign", "nonsmooth")

GAP = (
    *(
        stosign_claim(
            f"3a-pairs-{dim}-{str(epsilon).replace('.', '')}",
            f"the gap of the average falls below epsilon d on opposed pairs, d = {dim}, epsilon = {epsilon}",
            bound=stosign_gap.STO_3A,
            problem=lambda horizon, dim=dim, epsilon=epsilon: OpposedPairs(dim, epsilon),
            method=anytime,
            horizons=(20_000,),
            runs=64,
            quick=dim == 2,
            tags=PAIRS,
        )
        for dim, epsilon in ((2, 0.5), (10, 0.5), (10, 0.1))
    ),
    stosign_claim(
        "3a-outliers",
        "the gap of the average obeys the bound where the mean sign points uphill",
        bound=stosign_gap.STO_3A,
        problem=lambda horizon: RareOutliers(),
        method=anytime,
        horizons=(20_000,),
        runs=64,
        quick=True,
        tags=("sign", "stochastic"),
    ),
    stosign_claim(
        "3b-outliers",
        "the gap of the average is at most sum D_i G_i/sqrt(T) with constant steps, rare negative outliers",
        bound=stosign_gap.STO_3B,
        problem=lambda horizon: RareOutliers(0.25, -4.0, -1.0),
        method=horizon_known,
        horizons=(100, 1000, 10_000),
        runs=128,
        tags=("sign", "stochastic"),
    ),
    stosign_claim(
        "3c-outliers",
        "the gap of the average is at most half of that with the known envelope, from the centre",
        bound=stosign_gap.STO_3C,
        problem=lambda horizon: RareOutliers(0.1, 12.0, 1.0),
        method=envelope_known,
        horizons=(100, 1000, 10_000),
        runs=128,
        tags=("sign", "stochastic"),
    ),
    stosign_claim(
        "3a-median",
        "the gap of the average obeys the bound where the median of the gradient points to the wrong kink",
        bound=stosign_gap.STO_3A,
        problem=lambda horizon: MeanAgainstMedian(4, half_width=2.0),
        method=anytime,
        horizons=(20_000,),
        runs=64,
        tags=("sign", "nonsmooth", "stochastic"),
    ),
    stosign_claim(
        "1d-median",
        "without constraints the gap of the average is at most sum rho_i R_i/sqrt(T)",
        bound=stosign_gap.STO_1D,
        problem=lambda horizon: MeanAgainstMedian(4),
        method=_unconstrained,
        horizons=(100, 1000, 10_000),
        runs=64,
        tags=("sign", "nonsmooth", "stochastic"),
    ),
    stosign_claim(
        "4-squares",
        "under strong convexity the mean gap is at most sum G_i (1 + ln T)/(2 mu T)",
        bound=stosign_gap.STO_4,
        problem=lambda horizon: NoisySquares(
            (1.0, 2.0), (0.5, -0.25), (-1.0, 1.0), UniformNoise((1.0, 2.0)), half_width=1.0
        ),
        method=_strongly_convex,
        horizons=(10_000,),
        runs=64,
        tags=("sign", "strongly-convex", "stochastic"),
    ),
    stosign_claim(
        "6-heavy-tails",
        "with second moments alone the gap is at most 2 sum D_i M_i/T^(1/4): outliers of 4000 once in 2000",
        bound=stosign_gap.STO_6,
        problem=lambda horizon: RareOutliers(1 / 2000, 4000.0, 1.0),
        method=_heavy_tailed,
        horizons=(100, 1000, 10_000),
        runs=64,
        tags=("sign", "stochastic", "heavy-tails"),
    ),
)

DATA = (
    stosign_claim(
        "3a-deviations",
        "the gap of the average obeys the bound on least absolute deviations, one sample a step, 50 coordinates",
        bound=stosign_gap.STO_3A,
        problem=lambda horizon: least_absolute_deviations(200, 50),
        method=anytime,
        horizons=(10_000,),
        runs=64,
        tags=("sign", "nonsmooth", "stochastic"),
    ),
    stosign_claim(
        "3c-deviations",
        "the gap of the average obeys the sharper bound of a known envelope on least absolute deviations",
        bound=stosign_gap.STO_3C,
        problem=lambda horizon: least_absolute_deviations(200, 50),
        method=envelope_known,
        horizons=(100, 1000, 5000),
        runs=64,
        tags=("sign", "nonsmooth", "stochastic"),
    ),
    stosign_claim(
        "3a-svm",
        "the gap of the average obeys the bound on a support vector machine, one sample a step",
        bound=stosign_gap.STO_3A,
        problem=lambda horizon: support_vector_machine(200, 20),
        method=anytime,
        horizons=(10_000,),
        runs=64,
        tags=("sign", "nonsmooth", "stochastic"),
    ),
    stosign_claim(
        "3b-max-affine",
        "the gap of the average obeys the bound on a maximum of affine functions, exact subgradients",
        bound=stosign_gap.STO_3B,
        problem=lambda horizon: max_affine(),
        method=horizon_known,
        horizons=(100, 1000, 5000),
        runs=64,
        tags=("sign", "nonsmooth"),
    ),
)

REAL = tuple(
    stosign_claim(
        f"3a-{data}-{loss}",
        f"the gap of the average obeys the bound on the {data} data, {words}, one sample a step",
        bound=stosign_gap.STO_3A,
        problem=lambda horizon, data=data, loss=loss: real_problem(data, loss),
        method=anytime,
        horizons=(10_000,),
        runs=64,
        tags=("sign", "smooth" if loss == "logistic" else "nonsmooth", "stochastic", "real-data"),
    )
    for data, loss, words in (
        ("breast-cancer", "svm", "as a support vector machine"),
        ("diabetes", "lad", "by least absolute deviations"),
        ("wine", "logistic", "by logistic regression"),
    )
)

RATES = (
    *(
        stosign_claim(
            f"rate-{name}",
            f"the mean gap falls like 1/sqrt(T) on {words}",
            bound=stosign_gap.STO_3R,
            problem=problem,
            method=anytime,
            horizons=(20_000,),
            runs=32,
            tags=("sign", "nonsmooth", "rate"),
        )
        for name, words, problem in (
            ("deviations", "least absolute deviations", lambda horizon: least_absolute_deviations(40, 4, samples=0)),
            ("max-affine", "a maximum of affine functions", lambda horizon: max_affine()),
            ("pairs", "opposed pairs", lambda horizon: OpposedPairs(4, 0.5)),
            ("median", "mean against median", lambda horizon: MeanAgainstMedian(4, 0.4, 4.0, 0.5, half_width=2.0)),
        )
    ),
)

CLAIMS = (*GAP, *DATA, *REAL, *RATES)
