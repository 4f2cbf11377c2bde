"""Claims that sign descent converges like StoSignSGD, which are false, and how exactly it fails."""

from __future__ import annotations

import math
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.stosignsgd import BEST
from ratecheck.testbeds.coordinate_smooth import OpposedSquares
from ratecheck.testbeds.sign_counterexamples import MeanAgainstMedian, OpposedPairs, RareOutliers
from ratecheck.testbeds.sign_online import periodic_spikes
from ratecheck.theory.bounds import sign, stosign, stosign_gap
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.gradient import Projected
from ratecheck.theory.methods.sign import Lion, SignSGD, Signum
from ratecheck.theory.schedules import InverseSqrt

DELTA = 0.01  # step of the claims that hold for every small step


def _anytime_sign(facts: Facts, horizon: int) -> Projected:
    return Projected(SignSGD(InverseSqrt(BEST * facts["widths"])))


def _unclipped_sign(facts: Facts, horizon: int) -> SignSGD:
    return SignSGD(InverseSqrt(0.9))


def _constant_sign(facts: Facts, horizon: int) -> Projected:
    return Projected(SignSGD(facts["widths"] / math.sqrt(horizon)))


def _unconstrained_sign(facts: Facts, horizon: int) -> SignSGD:
    return SignSGD(facts["offsets"] / math.sqrt(horizon))


def _short_sign(facts: Facts, horizon: int) -> Projected:
    return Projected(SignSGD(DELTA))


def _signum(facts: Facts, horizon: int) -> Projected:
    return Projected(Signum(facts["widths"] / math.sqrt(horizon), momentum=0.5))


def _lion(facts: Facts, horizon: int) -> Projected:
    return Projected(Lion(facts["widths"] / math.sqrt(horizon), beta1=0.3, beta2=0.5))


def _false(name: str, title: str, **parts: Any) -> Claim:
    parts = {"runs": 64, "tags": ("stosignsgd", "sign", "nonsmooth"), **parts}
    return Claim(id=f"signsgd-{name}", title=title, expected="refuted", **parts)


def _claim(name: str, title: str, **parts: Any) -> Claim:
    parts = {"tags": ("foundations", "sign"), **parts}
    return Claim(id=name, title=title, **parts)


FALSE = (
    *(
        _false(
            f"pairs-{dim}-{str(epsilon).replace('.', '')}",
            f"sign descent obeys StoSignSGD's bound on opposed pairs, d = {dim}, epsilon = {epsilon}",
            bound=stosign_gap.STO_3B,
            problem=lambda horizon, dim=dim, epsilon=epsilon: OpposedPairs(dim, epsilon),
            method=_constant_sign,
            horizons=(20_000,),
            runs=8,
            quick=dim == 2,
        )
        for dim, epsilon in ((2, 0.5), (10, 0.5), (10, 0.1))
    ),
    _false(
        "pairs-rate",
        "the mean gap of sign descent falls like 1/sqrt(T) on opposed pairs",
        bound=stosign_gap.STO_3R,
        problem=lambda horizon: OpposedPairs(2, 0.5),
        method=_unclipped_sign,
        horizons=(5000,),
        runs=1,
    ),
    _false(
        "outliers",
        "sign descent obeys StoSignSGD's bound where large gradients are rare",
        bound=stosign_gap.STO_3A,
        problem=lambda horizon: RareOutliers(),
        method=_anytime_sign,
        horizons=(20_000,),
        quick=True,
        tags=("stosignsgd", "sign", "stochastic"),
    ),
    _false(
        "outliers-rate",
        "the mean gap of sign descent falls like 1/sqrt(T) where large gradients are rare",
        bound=stosign_gap.STO_3R,
        problem=lambda horizon: RareOutliers(),
        method=_anytime_sign,
        horizons=(5000,),
        runs=32,
        tags=("stosignsgd", "sign", "stochastic"),
    ),
    _false(
        "median",
        "sign descent obeys StoSignSGD's unconstrained bound where the median points to the wrong kink",
        bound=stosign_gap.STO_1D,
        problem=lambda horizon: MeanAgainstMedian(4),
        method=_unconstrained_sign,
        horizons=(100, 1000, 10_000),
        tags=("stosignsgd", "sign", "nonsmooth", "stochastic"),
    ),
    _false(
        "median-box",
        "sign descent obeys StoSignSGD's bound on a box where the median points to the wrong kink",
        bound=stosign_gap.STO_3B,
        problem=lambda horizon: MeanAgainstMedian(1, half_width=1.0),
        method=_constant_sign,
        horizons=(10_000,),
        quick=True,
        tags=("stosignsgd", "sign", "nonsmooth", "stochastic"),
    ),
    _false(
        "spikes",
        "sign descent has the regret of StoSignSGD on periodic spikes",
        bound=stosign.STO_1A,
        problem=lambda horizon: periodic_spikes(),
        method=_anytime_sign,
        horizons=(4000,),
        runs=8,
        quick=True,
        tags=("stosignsgd", "sign", "online"),
    ),
    _false(
        "momentum-pairs",
        "momentum cures sign descent on opposed pairs: Signum with beta = 0.5, epsilon = 0.05",
        bound=stosign_gap.STO_3B,
        problem=lambda horizon: OpposedPairs(4, 0.05),
        method=_signum,
        horizons=(20_000,),
        runs=8,
    ),
    _false(
        "lion-pairs",
        "Lion obeys StoSignSGD's bound on opposed pairs, epsilon = 0.05",
        bound=stosign_gap.STO_3B,
        problem=lambda horizon: OpposedPairs(4, 0.05),
        method=_lion,
        horizons=(20_000,),
        runs=8,
    ),
)

FAILURES = (
    _claim(
        "sgx-1-drift",
        "sign descent climbs by delta/8 in each step where large gradients are rare",
        bound=sign.SGX_1,
        problem=lambda horizon: RareOutliers(),
        method=_short_sign,
        horizons=(90,),
        runs=4096,
        quick=True,
        tags=("foundations", "sign", "stochastic"),
    ),
    _claim(
        "sgx-1-drift-mirrored",
        "sign descent climbs where large negative gradients are rare",
        bound=sign.SGX_1,
        problem=lambda horizon: RareOutliers(0.1, -20.0, -1.0),
        method=_short_sign,
        horizons=(90,),
        runs=4096,
        tags=("foundations", "sign", "stochastic"),
    ),
    _claim(
        "sgx-2-pairs",
        "from the ties sign descent never improves on the start",
        bound=sign.SGX_2,
        problem=lambda horizon: OpposedPairs(2, 0.5, spread=0.0),
        method=_unclipped_sign,
        horizons=(1000,),
        attained=1.0,
        tags=("foundations", "sign", "nonsmooth"),
    ),
    _claim(
        "sgx-2-pairs-10",
        "sign descent never gets below epsilon d on opposed pairs, with any step rule",
        bound=sign.SGX_2,
        problem=lambda horizon: OpposedPairs(10, 0.1),
        method=_constant_sign,
        horizons=(1000,),
        tags=("foundations", "sign", "nonsmooth"),
    ),
    _claim(
        "sgx-3-squares",
        "from (1, 1) sign descent never improves on the start of a smooth strongly convex sum of two squares",
        bound=sign.SGX_2,
        problem=lambda horizon: OpposedSquares(0.5),
        method=lambda facts, horizon: SignSGD(InverseSqrt(0.5)),
        horizons=(1000,),
        runs=64,
        attained=1.0,
        tags=("foundations", "sign", "stochastic"),
    ),
    _claim(
        "sgx-4-spikes",
        "sign descent has linear regret on periodic spikes",
        bound=sign.SGX_4,
        problem=lambda horizon: periodic_spikes(),
        method=_short_sign,
        horizons=(4000,),
        tags=("foundations", "sign", "online", "lower-bound"),
    ),
)

CLAIMS = (*FALSE, *FAILURES)
