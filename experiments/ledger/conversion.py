"""Claims on sign conversions: unbiased signs for any base optimizer, and the noises and envelopes that break them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.fixed_slope import FixedSlope
from ratecheck.testbeds.nonconvex import HuberSquares, silent
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.bounds import conversion as bounds
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.adaptive import AdaGrad
from ratecheck.theory.methods.conversion import CONVERSIONS, Converted, convert, sign_counterpart
from ratecheck.theory.methods.conversion_audit import Audited
from ratecheck.theory.methods.envelopes import Envelope, Rounded, RunningMax
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.layers import layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum
from ratecheck.theory.schedules import InverseSqrt

TAGS = ("stosignsgd", "conversion")
LAYERS = layers_of((2, 2))
NOISY = FixedSlope((1.0, -0.5, 0.2, 2.0), UniformNoise((1.5, 1.0, 0.8, 2.0)))
BOWL = HuberSquares((1.0, 0.5), (1.0, -1.0), 2.0, silent(2))
ETA = 0.125  # a power of two, so that signs are read off the points exactly
UNBIASED = tuple(name for name in CONVERSIONS if name != "none")


def audited(make: Callable[[], Converted], claimed: Envelope | None = None) -> Callable[[Facts, int], Audited]:
    """Return the method of a claim: a conversion whose signs are compared with what is claimed."""
    return lambda facts, horizon: Audited(make(), claimed)


def _claim(id: str, title: str, method: Any, *, expected: str = "holds", **more: Any) -> Claim:
    fields: dict[str, Any] = {
        "bound": bounds.UNBIASED,
        "problem": lambda horizon: NOISY,
        "horizons": (400,),
        "runs": 64,
        "max_runs": 256,
        "resolution": 1.02,
        "tags": TAGS,
    }
    return Claim(id=id, title=title, method=method, expected=expected, **{**fields, **more})  # type: ignore[arg-type]


def _sgd(**changes: Any) -> Callable[[], Converted]:
    return lambda: dataclasses.replace(sign_counterpart(Subgradient(ETA)), **changes)


def _rounded(up: bool) -> Callable[[], Converted]:
    envelope = Rounded(RunningMax(), bits=1, up=up)
    return lambda: sign_counterpart(AveragedMomentum(ETA, 0.5), envelope)


def _adagrad(step_size: Any) -> Callable[[Facts, int], Converted]:
    return lambda facts, horizon: sign_counterpart(AdaGrad(step_size, eps=0.0))


NAMED = tuple(
    _claim(
        f"convert-{name}",
        f"the conversion {name} is unbiased",
        audited(lambda name=name: convert(name, ETA, LAYERS)),  # type: ignore[misc]
        quick=name in ("sgd", "sgdm", "adam"),
    )
    for name in UNBIASED
)
FAIR = tuple(
    _claim(
        f"convert-{name}-independent",
        f"the conversion {name}: variances add over coordinates",
        audited(lambda name=name: convert(name, ETA, LAYERS)),  # type: ignore[misc]
        bound=bounds.INDEPENDENT,
        resolution=1.5,
    )
    for name in ("sgd", "sgdm", "row-column-max")
)
FALSE = (
    _claim(
        "convert-none",
        "the sign without noise has the mean of the unbiased one",
        audited(lambda: convert("none", ETA), RunningMax()),
        expected="refuted",
        quick=True,
    ),
    *(
        _claim(
            f"convert-{noise}",
            f"{noise} noise in the stochastic sign is unbiased",
            audited(_sgd(noise=noise)),
            expected="refuted",
            quick=noise == "gaussian",
        )
        for noise in ("gaussian", "laplace", "logistic")
    ),
    *(
        _claim(
            f"convert-scale-{str(scale).replace('.', '')}",
            f"noise of {scale} times the envelope is unbiased",
            audited(_sgd(noise_scale=scale)),
            expected="refuted",
        )
        for scale in (0.5, 0.9, 2.0)
    ),
    _claim(
        "convert-shared",
        "one random number for all coordinates leaves the signs independent",
        audited(_sgd(shared=True)),
        bound=bounds.INDEPENDENT,
        expected="refuted",
    ),
    _claim(
        "convert-rounded-nearest",
        "an envelope rounded to nearest keeps the signs unbiased",
        audited(_rounded(False)),
        expected="refuted",
    ),
)
PRECISION = (
    _claim("convert-rounded-up", "an envelope rounded up keeps the signs unbiased", audited(_rounded(True))),
    _claim(
        "convert-adagrad-constant",
        "a converted AdaGrad converges with a constant step",
        _adagrad(0.05),
        bound=bounds.RATE,
        problem=lambda horizon: BOWL,
        horizons=(2000,),
        runs=24,
        max_runs=24,
        expected="refuted",
    ),
    _claim(
        "convert-sgd-decreasing",
        "a converted SGD converges with steps that decrease",
        lambda facts, horizon: sign_counterpart(Subgradient(InverseSqrt(0.2))),
        bound=bounds.RATE,
        problem=lambda horizon: BOWL,
        horizons=(8000,),
        runs=256,
        max_runs=256,
        slope_from=0.02,
    ),
)

CLAIMS = (*NAMED, *FAIR, *FALSE, *PRECISION)
