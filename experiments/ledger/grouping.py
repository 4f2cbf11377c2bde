"""Claims on gradient grouping: what scales cost and buy, and what the recipe does on testbeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds.grouping import block_quadratic, four_decades, group_sizes, live_scale_trap
from ratecheck.testbeds.nonconvex import HuberSquares
from ratecheck.testbeds.sign_online import opposition, random_coordinate_signs, steady_drift
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.bounds import grouping as bounds
from ratecheck.theory.bounds import grouping_contrast as contrast
from ratecheck.theory.bounds import grouping_smooth as smooth
from ratecheck.theory.facts import Facts
from ratecheck.theory.method import Method
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.grouping import SGG
from ratecheck.theory.methods.grouping_amsgrad import VanishingAMSGrad
from ratecheck.theory.methods.grouping_scales import Grouping
from ratecheck.theory.methods.layers import layers_of
from ratecheck.theory.methods.momentum import Momentum
from ratecheck.theory.schedules import InverseSqrt

TAGS = ("sgg", "grouping")
ONLINE = (*TAGS, "online")
BOUNDS = (0.05, 0.1, 0.5, 1.0, 3.0, 8.0)
WIDTHS = (1.0, 2.0, 1.0, 0.5, 1.0, 1.0)
LOSSES = {
    "random": random_coordinate_signs(BOUNDS, WIDTHS),
    "adversary": opposition(BOUNDS, WIDTHS),
    "drift": steady_drift(BOUNDS, WIDTHS, 0.5),
}
PAIRS = layers_of(2, 2, 2)
SCALES = np.array([0.1, 10.0, 1.0, 0.1, 10.0, 0.5])
STRONG = four_decades(60)
TRAP_CLAMP = (0.33, 1.0)
T = 2000


def _claim(id: str, title: str, bound: Any, problem: Any, method: Any, **more: Any) -> Claim:
    fields: dict[str, Any] = {"horizons": (T,), "tags": TAGS, "runs": problem.instances or 1, **more}
    return Claim(id=id, title=title, bound=bound, problem=lambda horizon: problem, method=method, **fields)


def online(wrap: Callable[[Method], Method], eta: float | FloatArray = 0.3) -> Callable[[Facts, int], Projected]:
    """Return projected online gradient descent with steps eta / sqrt(t), inside a wrapper."""
    return lambda facts, horizon: Projected(wrap(Subgradient(InverseSqrt(eta))))


def _wrong(facts: Facts, horizon: int) -> Projected:
    best = facts["widths"] / (math.sqrt(2) * facts["coordinate_bounds"])
    return Projected(Subgradient(InverseSqrt(SCALES * best)))


def live(period: int, **rule: Any) -> Callable[[Method], SGG]:
    """Return the wrapper that re-clusters pairs of coordinates every `period` steps."""
    fields: dict[str, Any] = {"clusters": 1, "smoothing": 0.5, **rule}
    return lambda inner: SGG(inner, Grouping(**fields), PAIRS, period=period)


def _frozen_pairs(inner: Method) -> SGG:
    return SGG(inner, Grouping(clusters=1, first_value=True, clamp=TRAP_CLAMP), PAIRS, when="once", at_once=True)


def _doubling(inner: Method) -> SGG:
    return SGG(inner, Grouping(clusters=2, smoothing=0.0), PAIRS, period=8, when="doubling")


def _best_groups(sizes: tuple[int, ...]) -> Callable[[Facts, int], Projected]:
    def method(facts: Facts, horizon: int) -> Projected:
        groups = np.split(facts["coordinate_bounds"], np.cumsum(sizes)[:-1])
        rms = np.concatenate([np.full(len(G), math.sqrt(float(np.mean(G**2)))) for G in groups])
        return Projected(Subgradient(InverseSqrt(facts["widths"] / (math.sqrt(2) * rms))))

    return method


def _amsgrad(wrapped: bool, beta1: float) -> Callable[[Facts, int], Projected]:
    def method(facts: Facts, horizon: int) -> Projected:
        inner = VanishingAMSGrad(InverseSqrt(0.3), beta1=beta1)
        return Projected(live(200)(inner) if wrapped else inner)

    return method


REGRET_CLAIMS = (
    *(
        _claim(
            f"sgg-fixed-{name}",
            f"fixed scales on {name} losses",
            bounds.FIXED,
            losses,
            online(lambda inner: inner, 0.3 * SCALES),
            tags=ONLINE,
            quick=name == "random",
        )
        for name, losses in LOSSES.items()
    ),
    *(
        _claim(
            f"sgg-moving-{name}",
            f"moving scales, {name} losses",
            bounds.MOVING,
            losses,
            online(live(100)),
            tags=ONLINE,
        )
        for name, losses in LOSSES.items()
    ),
    _claim(
        "sgg-moving-clusters",
        "moving scales with two clusters in each layer, at doubling times",
        bounds.MOVING,
        LOSSES["random"],
        online(_doubling),
        tags=ONLINE,
    ),
    *(
        _claim(
            f"sgg-wrong-{name}",
            f"wrong scales on {name} losses",
            bounds.PRICE,
            losses,
            _wrong,
            tags=ONLINE,
        )
        for name, losses in LOSSES.items()
    ),
    *(
        _claim(
            f"sgg-groups-{K}",
            f"what {K} groups buy over four decades of gradients",
            bounds.grouped(sizes),
            STRONG,
            _best_groups(sizes),
            tags=ONLINE,
        )
        for K, sizes in (
            (1, (60,)),
            (3, group_sizes(tuple(STRONG.facts["coordinate_bounds"]), 3)),
            (60, (1,) * 60),
        )
    ),
    *(
        _claim(f"sgg-amsgrad-{name}", f"AMSGrad, {title}", bounds.AMSGRAD, LOSSES[losses], method, tags=ONLINE)
        for name, title, losses, method in (
            ("plain", "no scales", "random", _amsgrad(False, 0.5)),
            ("moving", "moving scales", "random", _amsgrad(True, 0.5)),
            ("adversary", "moving scales against an adversary", "adversary", _amsgrad(True, 0.0)),
        )
    ),
    _claim(
        "sgg-live-guarantee",
        "scales that follow the gradient keep the guarantee of scales that never move",
        bounds.STILL,
        live_scale_trap(),
        online(live(1, smoothing=0.0, first_value=True, clamp=TRAP_CLAMP), 1.0),
        tags=ONLINE,
        horizons=(8000,),
        expected="refuted",
    ),
    _claim(
        "sgg-still-frozen",
        "scales frozen after the first step keep the guarantee on the same losses",
        bounds.STILL,
        live_scale_trap(),
        online(_frozen_pairs, 1.0),
        tags=ONLINE,
        horizons=(8000,),
    ),
)

NOISY = HuberSquares((4.0, 4.0, 0.2, 0.2), (1.5, -1.5, 2.0, -2.0), 3.0, UniformNoise((1.0, 1.0, 0.1, 0.1)))
BLOCKS_A, BLOCKS_B = layers_of(3, 3, 3), layers_of(30, 30, 30)
HET_A, HOM_A = block_quadratic("A", "het"), block_quadratic("A", "hom")
HET_B, HOM_B = block_quadratic("B", "het"), block_quadratic("B", "hom")


def _lagging(facts: Facts, horizon: int) -> SGG:
    rule = Grouping(clusters=1, clamp=(0.5, 2.0), smoothing=0.5)
    return SGG(Subgradient(0.5 / facts["smoothness"]), rule, layers_of(2, 2), period=50, delay=True)


def oracle_scales(condition: float, clamp: float = math.inf) -> Callable[[Facts, int], Subgradient]:
    """Return gradient descent with scales 1 / lambda_max of each block, up to a largest ratio, and its best step."""

    def method(facts: Facts, horizon: int) -> Subgradient:
        scale = 1 / facts["block_smoothness"]
        return Subgradient(2 / (1 + 1 / condition) * np.minimum(scale, scale.min() * clamp))

    return method


def _gradient_descent(facts: Facts, horizon: int) -> Subgradient:
    return Subgradient(2 / (facts["smoothness"] + facts["strong_convexity"]))


def _path_method(facts: Facts, horizon: int) -> SGG:
    rule = Grouping(clusters=1, smoothing=0.9)
    return SGG(Subgradient(0.1 / facts["smoothness"]), rule, BLOCKS_A, period=5)


def _single_layer(clusters: int) -> Callable[[Facts, int], SGG]:
    rule = Grouping(clusters=clusters, first_value=True)
    return lambda facts, horizon: SGG(Momentum(1e-4), rule, (), period=1, at_once=True, when="once")


SMOOTH_CLAIMS = (
    _claim(
        "sgg-smooth-lagging",
        "live scales that lag one step, smooth objective with noise",
        smooth.SMOOTH,
        NOISY,
        _lagging,
        runs=64,
        max_runs=512,
        quick=True,
    ),
    _claim(
        "sgg-path",
        "smoothing bounds the path of the scales",
        bounds.PATH_LENGTH,
        HET_A,
        _path_method,
        horizons=(200,),
        quick=True,
    ),
    _claim(
        "sgg-oracle-blocks",
        "one scale for each block: condition number 3 instead of 5000",
        smooth.preconditioned(3.0),
        HET_A,
        oracle_scales(3.0),
        horizons=(60,),
        quick=True,
    ),
    _claim(
        "sgg-oracle-clamped",
        "a clamp of ratio 100 leaves condition number 50",
        smooth.preconditioned(50.0),
        HET_A,
        oracle_scales(50.0, 100.0),
        horizons=(600,),
    ),
    _claim(
        "sgg-oracle-homogeneous",
        "one scale for each block does as much where every block has every curvature",
        smooth.preconditioned(3.0),
        HOM_A,
        oracle_scales(3.0),
        horizons=(60,),
        expected="refuted",
    ),
    _claim(
        "sgg-descent-plain",
        "gradient descent contracts at condition number 5000, heterogeneous",
        smooth.preconditioned(5000.0),
        HET_A,
        _gradient_descent,
        horizons=(1000,),
    ),
    _claim(
        "sgg-descent-plain-hom",
        "gradient descent contracts at condition number 5000, homogeneous",
        smooth.preconditioned(5000.0),
        HOM_A,
        _gradient_descent,
        horizons=(1000,),
    ),
    *(
        _claim(
            f"sgg-{name}-clusters",
            f"K = {K} on signed momentum does something for one layer",
            contrast.moves_scales(0.5),
            HOM_B,
            _single_layer(K),
            horizons=(1,),
            expected=expected,
        )
        for name, K, expected in (("two", 2, "refuted"), ("three", 3, "holds"))
    ),
)

CLAIMS = (*REGRET_CLAIMS, *SMOOTH_CLAIMS)
