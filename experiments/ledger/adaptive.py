"""Claims on AdaGrad, Adam and AMSGrad, and on sign descent with decay."""

from __future__ import annotations

import math
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.stosignsgd import MIXED
from ratecheck.testbeds.coordinate_smooth import NoisySquares, Wells
from ratecheck.testbeds.online import growing_losses, random_losses, reddi
from ratecheck.testbeds.sign_online import random_coordinate_signs, steady_drift
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.bounds import adaptive, adaptive_smooth, online, stosign
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.adam import Adam, AMSGrad, UnifiedAdam
from ratecheck.theory.methods.adaptive import AdaGrad, AdaGradNorm
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.sign import SignSGD
from ratecheck.theory.schedules import InverseSqrt, InverseTime

DECAY = 0.5  # lambda of the claims on sign descent with decay: the box has half-width 2
LARGE = 3.0  # C of the losses C, -1, -1, ...


def _adagrad_norm(facts: Facts, horizon: int) -> Projected:
    return Projected(AdaGradNorm(facts["diameter"] / math.sqrt(2)))


def _adagrad(facts: Facts, horizon: int) -> Projected:
    return Projected(AdaGrad(float(facts["widths"].max()) / math.sqrt(2), eps=0.0))


def _amsgrad(facts: Facts, horizon: int) -> Projected:
    return Projected(AMSGrad(InverseSqrt(0.5 * float(facts["widths"].max())), beta1=0.5, beta2=0.9))


def _amsgrad_without_momentum(facts: Facts, horizon: int) -> Projected:
    return Projected(AMSGrad(InverseSqrt(0.5 * float(facts["widths"].max())), beta1=0.0, beta2=0.9))


def _defeated_adam(facts: Facts, horizon: int) -> Projected:
    beta2 = 1 / (1 + facts["large"] ** 2)
    return Projected(Adam(InverseSqrt(0.5), beta1=0.0, beta2=beta2, eps=0.0, bias_correction=False))


def _euclidean_sgd(facts: Facts, horizon: int) -> Projected:
    return Projected(Subgradient(facts["diameter"] / (facts["gradient_bound"] * math.sqrt(horizon))))


def _longest_update(facts: Facts, horizon: int) -> Adam:
    return Adam(0.01, beta1=0.9, beta2=0.99, eps=0.0, bias_correction=False)


def _wells(horizon: int) -> Wells:
    return Wells((1.0, 2.0, 0.5), (1.5, -1.0, 2.0), UniformNoise((1.0, 1.0, 0.25)))


def _squares(horizon: int) -> NoisySquares:
    return NoisySquares((1.0, 4.0), (1.0, -1.5), (0.0, 0.0), UniformNoise((0.0, 0.0)))


def _claim(name: str, title: str, **parts: Any) -> Claim:
    parts = {"tags": ("foundations", "adaptive", "online"), **parts}
    return Claim(id=name, title=title, **parts)


ONLINE = (
    _claim(
        "ad-01-random",
        "AdaGrad-norm has regret at most sqrt(2T) D G on random losses on a ball",
        bound=adaptive.AD_01,
        problem=lambda horizon: random_losses(),
        method=_adagrad_norm,
        horizons=(3000,),
        runs=64,
    ),
    _claim(
        "ad-01-drift",
        "AdaGrad-norm has regret at most sqrt(2T) D G against a steady drift",
        bound=adaptive.AD_01,
        problem=lambda horizon: steady_drift((1.0,), (2.0,)),
        method=_adagrad_norm,
        horizons=(1000,),
        attained=1 / math.sqrt(2),
        quick=True,
    ),
    _claim(
        "ad-02-drift",
        "diagonal AdaGrad has regret at most sqrt(2T) D sum G_i against a steady drift",
        bound=adaptive.AD_02,
        problem=lambda horizon: steady_drift((4.0, 1.0, 0.25, 0.01), (2.0,) * 4),
        method=_adagrad,
        horizons=(1000,),
        attained=1 / math.sqrt(2),
    ),
    _claim(
        "ad-02-mixed",
        "diagonal AdaGrad has regret at most sqrt(2T) D sum G_i on random signs",
        bound=adaptive.AD_02,
        problem=lambda horizon: random_coordinate_signs(*MIXED),
        method=_adagrad,
        horizons=(3000,),
        runs=64,
    ),
    _claim(
        "ad-03-reddi",
        "Adam has linear regret on the losses 3, -1, -1, ...",
        bound=adaptive.AD_03,
        problem=lambda horizon: reddi(LARGE),
        method=_defeated_adam,
        horizons=(3000,),
        tags=("foundations", "adaptive", "online", "lower-bound"),
    ),
    _claim(
        "ad-06-adam",
        "Adam has the regret of AMSGrad, as its authors stated",
        bound=adaptive.AD_06,
        problem=lambda horizon: reddi(LARGE),
        method=_defeated_adam,
        horizons=(30_000,),
        expected="refuted",
        quick=True,
    ),
    _claim(
        "ad-05-reddi",
        "AMSGrad without momentum has the regret first stated on the losses that defeat Adam",
        bound=adaptive.AD_05,
        problem=lambda horizon: reddi(LARGE),
        method=_amsgrad_without_momentum,
        horizons=(3000,),
    ),
    _claim(
        "ad-06-reddi",
        "AMSGrad has regret of order sqrt(T log T) on the losses that defeat Adam",
        bound=adaptive.AD_06,
        problem=lambda horizon: reddi(LARGE),
        method=_amsgrad,
        horizons=(3000,),
    ),
    _claim(
        "ad-06-mixed",
        "AMSGrad has regret of order sqrt(T log T) on random signs",
        bound=adaptive.AD_06,
        problem=lambda horizon: random_coordinate_signs((4.0, 1.0, 0.25), (2.0,) * 3),
        method=_amsgrad,
        horizons=(3000,),
        runs=64,
    ),
    _claim(
        "sgd-euclidean-bound",
        "projected SGD has regret at most D G sqrt(T) in Euclidean terms, one steep coordinate and 400 flat ones",
        bound=online.OCO_01,
        problem=lambda horizon: steady_drift((1.0, *(0.001,) * 400), (1.0,) * 401),
        method=_euclidean_sgd,
        horizons=(10_000,),
        tags=("foundations", "online"),
    ),
    _claim(
        "sgd-coordinate-bound",
        "projected SGD has the coordinate-wise regret too, with one step size, one steep coordinate and 400 flat ones",
        bound=stosign.STO_1S,
        problem=lambda horizon: steady_drift((1.0, *(0.001,) * 400), (1.0,) * 401),
        method=_euclidean_sgd,
        horizons=(10_000,),
        expected="refuted",
        runs=8,
        tags=("foundations", "online", "sign"),
    ),
)
SMOOTH = (
    *(
        _claim(
            f"{bound.id.lower()}-wells",
            f"{bound.title} obeys its bound with noise",
            bound=bound,
            problem=_wells,
            method=method,
            horizons=(3000,),
            runs=64,
            tags=("foundations", "adaptive", "nonconvex", "stochastic"),
        )
        for bound, method in (
            (adaptive_smooth.AD_07, lambda facts, horizon: UnifiedAdam(0.5, 0.0, 1.0, eps=1e-2)),
            (adaptive_smooth.AD_08, lambda facts, horizon: UnifiedAdam(0.05, 0.0, 0.999, eps=1e-2)),
            (adaptive_smooth.AD_09, lambda facts, horizon: UnifiedAdam(0.05, 0.9, 0.999, eps=1e-2)),
        )
    ),
    _claim(
        "ad-10-growing",
        "growing gradients make Adam's update as large as Cauchy-Schwarz allows",
        bound=adaptive_smooth.AD_10,
        problem=lambda horizon: growing_losses(0.99 / 0.9, horizon),
        method=_longest_update,
        horizons=(1000,),
        attained=1.0,
        quick=True,
        tags=("foundations", "adaptive"),
    ),
    _claim(
        "ad-10-authors",
        "no update of Adam exceeds the limit that its authors state",
        bound=adaptive_smooth.AD_10K,
        problem=lambda horizon: growing_losses(0.99 / 0.9, horizon),
        method=_longest_update,
        horizons=(1000,),
        expected="refuted",
        quick=True,
        tags=("foundations", "adaptive"),
    ),
    _claim(
        "ad-12-squares",
        "sign descent with decay and Frank-Wolfe weights has gap at most 8H/(lambda^2 (T+2))",
        bound=adaptive_smooth.AD_12,
        problem=_squares,
        method=lambda facts, horizon: SignSGD(InverseTime(2 / DECAY, 2.0), weight_decay=DECAY),
        horizons=(3000,),
        tags=("foundations", "sign", "smooth"),
    ),
    _claim(
        "ad-12-constant",
        "sign descent with decay and a constant step reaches the floor 2 H eta/lambda",
        bound=adaptive_smooth.AD_12C,
        problem=_squares,
        method=lambda facts, horizon: SignSGD(0.02, weight_decay=DECAY),
        horizons=(2000,),
        tags=("foundations", "sign", "smooth"),
    ),
)

CLAIMS = (*ONLINE, *SMOOTH)
