"""Claims about sampling: coverage of sample-size rules, sample average approximation, and SCS-R's theorem."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.testbeds import sampling_means as means
from ratecheck.testbeds.max_affine_prescribed import NoisyMaxAffine
from ratecheck.testbeds.newsvendor import Newsvendor
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_noise import NoisySlopeOnBall, RenewalProcess
from ratecheck.theory.bounds import sampling as rules
from ratecheck.theory.bounds import sampling_conjugate as scsr
from ratecheck.theory.bounds import sampling_saa as saa
from ratecheck.theory.bounds import sampling_uniform as uniform
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.conjugate_sampling import StochasticConjugate
from ratecheck.theory.methods.conjugate_walk import RadiusWalk
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.sampling import FreshSampleSize
from ratecheck.theory.schedules import InverseTime

COVERAGE = ("scs", "sampling", "coverage")
REFUTED = ("scs", "sampling", "refuted-on-purpose")
SCSR = ("scs", "sampling", "conjugate")
# Runs with which an alarm at 1e-6 catches a failure probability of 1.5 gamma nine times in ten.
RUNS = {0.9: 2560, 0.95: 5120, 0.99: 28672, 0.75: 768, 0.5: 384}


def running_mean(facts: Facts, horizon: int) -> Subgradient:
    """Return the method whose point is the mean of the samples so far."""
    return Subgradient(InverseTime(1.0))


def _coverage(
    bound: Any, problem: Callable[[int], Any], confidence: float, samples: int, suffix: str = "", **more: Any
) -> Claim:
    defaults: dict[str, Any] = {"tags": COVERAGE, "runs": RUNS[confidence]}
    return Claim(
        id=f"{bound.id.lower()}{suffix}",
        title=bound.title,
        bound=bound,
        problem=problem,
        method=running_mean,
        horizons=(samples,),
        **{**defaults, **more},
    )


def _fair_coin(horizon: int) -> Any:
    return means.coin()


def _rare_coin(horizon: int) -> Any:
    return means.coin(0.05)


def _normal(horizon: int) -> Any:
    return means.normal()


def _tilt2(horizon: int) -> Any:
    return means.tilt(2)


def _tilt10(horizon: int) -> Any:
    return means.tilt(10)


def _tilt100(horizon: int) -> Any:
    return means.tilt(100)


def _hinge(horizon: int) -> Any:
    return means.hinge_net()


def _hinge_full(horizon: int) -> Any:
    return means.hinge_net(full=True)


def _signs(horizon: int) -> Any:
    return means.finite_family(50)


def _normals(horizon: int) -> Any:
    return means.finite_family(50, normal_losses=True)


def _rare(horizon: int) -> Any:
    return means.rare_loss()


def _newsvendor(horizon: int) -> Any:
    return means.newsvendor_grid()


def _losses(horizon: int) -> Any:
    return means.independent_losses()


MEANS = (
    _coverage(rules.HP_01[0], _fair_coin, 0.9, 300, quick=True),
    _coverage(rules.HP_01[1], _fair_coin, 0.95, 300),
    _coverage(rules.HP_01[2], _fair_coin, 0.99, 100),
    _coverage(rules.EXACT_NORMAL[0], _normal, 0.9, 300),
    _coverage(rules.EXACT_NORMAL[1], _normal, 0.95, 300),
    _coverage(rules.EXACT_NORMAL[2], _normal, 0.99, 100),
    _coverage(rules.EXACT_FAMILY, lambda horizon: means.normal(points=20), 0.9, 200),
    _coverage(rules.VECTOR[0], _tilt10, 0.9, 200),
    _coverage(rules.VECTOR[1], _tilt10, 0.95, 200),
    _coverage(rules.VECTOR[2], _tilt2, 0.99, 50),
    _coverage(rules.BERNSTEIN[0], _rare_coin, 0.9, 500),
    _coverage(rules.BERNSTEIN[1], _rare_coin, 0.95, 500),
    *(_coverage(bound, problem, 0.9, 200) for bound, problem in zip(rules.TIGHTNESS, (_fair_coin, _tilt10))),
)
BALLS = (
    _coverage(uniform.LINEAR_INCREMENTS, _tilt2, 0.9, 200, "-dim2"),
    _coverage(uniform.LINEAR_INCREMENTS, _tilt100, 0.9, 100, "-dim100"),
    _coverage(uniform.NET_LINEAR_INCREMENTS, _hinge, 0.9, 200, quick=True),
    _coverage(uniform.INCREMENTS, _tilt10, 0.9, 200),
    _coverage(uniform.NET_INCREMENTS, _hinge, 0.9, 200),
    _coverage(uniform.COVERING_FULL, _hinge_full, 0.9, 200),
    _coverage(uniform.COVERING_INCREMENTS, _hinge, 0.9, 200),
    _coverage(uniform.LINEAR_FULL, _hinge_full, 0.9, 200),
    *(_coverage(bound, _tilt10, 0.9, 200) for bound in uniform.TIGHTNESS),
    _coverage(uniform.ROOT_RATE, _hinge, 0.9, 2000, runs=2048, tags=("scs", "sampling", "rate")),
    _coverage(uniform.FASTER_RATE, _hinge, 0.9, 2000, runs=256, tags=REFUTED, expected="refuted"),
)
FAMILIES = (
    _coverage(saa.SAA_01, _signs, 0.9, 1000),
    _coverage(saa.SAA_02, _normals, 0.9, 1000),
    _coverage(saa.SAA_03, _rare, 0.99, 100, runs=4096, tags=REFUTED, expected="refuted"),
    _coverage(saa.SAA_04, _newsvendor, 0.9, 300),
    _coverage(saa.WINNERS_CURSE, _losses, 0.9, 200, runs=512, tags=REFUTED, expected="refuted", quick=True),
    _coverage(saa.SAA_05, _tilt10, 0.9, 500, runs=512),
    _coverage(saa.SAA_05_EXACT, _tilt10, 0.9, 500, runs=512, quick=True),
)


def _projected(facts: Facts, horizon: int) -> Projected:
    return Projected(Subgradient(facts["diameter"] / (facts["lipschitz"] * math.sqrt(horizon))))


def _slope_on_ball(horizon: int) -> Any:
    return NoisySlopeOnBall()


def _tilted(horizon: int) -> Any:
    return NoisyMaxAffine(noise=0.4)


def _overfitted(horizon: int) -> Any:
    return NoisyMaxAffine(dim=100, pieces=40, active=20, noise=2.0)


def _absolute(horizon: int) -> Any:
    return LeastAbsoluteDeviations(dim=2, spread=0.3)


def _flips(horizon: int) -> Any:
    return LabelFlipHinge(dim=3)


def _vendor(horizon: int) -> Any:
    return Newsvendor(products=2)


def scs_r(radius: float, tolerance: float, slope: float = 0.5) -> Callable[[Facts, int], StochasticConjugate]:
    """Return SCS-R with the sample size of its theorem; the tolerance is in units of the Lipschitz constant."""

    def method(facts: Facts, horizon: int) -> StochasticConjugate:
        draft = StochasticConjugate(radius, tolerance * facts["lipschitz"], slope)
        return dataclasses.replace(draft, samples=scsr.theorem_samples(facts, draft))

    return method


def adaptive_scs_r(facts: Facts, horizon: int) -> StochasticConjugate:
    """Return SCS-R whose later samples are sized by the last round's direction."""
    draft = scs_r(0.2, 0.3)(facts, horizon)
    C, dim = scsr.sampling_constants(facts)
    rule = FreshSampleSize(C, draft.slope, scsr.rounds(facts, draft), scsr.CONFIDENCE, dim)
    return dataclasses.replace(draft, adaptive=rule)


def _reusing(reuse: Any) -> Callable[[Facts, int], StochasticConjugate]:
    def method(facts: Facts, horizon: int) -> StochasticConjugate:
        return StochasticConjugate(radius=0.05, tolerance=1e-3, slope=0.1, samples=20, reuse=reuse)

    return method


def _walk(facts: Facts, horizon: int) -> RadiusWalk:
    return RadiusWalk(facts["chance"], facts["rate"], facts["factor"])


BEDS = (
    ("max-affine", _tilted, scs_r(0.1, 0.2), 25),
    ("absolute-deviations", _absolute, scs_r(0.2, 0.3), 25),
    ("label-flip", _flips, scs_r(0.2, 0.3), 25),
    ("newsvendor", _vendor, scs_r(0.2, 0.3), 25),
)


def _scs_r_claim(bound: Any, bed: tuple[str, Any, Any, int], **more: Any) -> Claim:
    name, problem, method, horizon = bed
    defaults: dict[str, Any] = {"tags": SCSR, "runs": 768}
    return Claim(
        id=f"{bound.id.lower()}-{name}",
        title=f"SCS-R on {name}: {bound.title}",
        bound=bound,
        problem=problem,
        method=method,
        horizons=(horizon,),
        **{**defaults, **more},
    )


METHOD = (
    *(_scs_r_claim(scsr.TRUE_DECREASE, bed) for bed in BEDS),
    *(_scs_r_claim(scsr.STOP_GAP, bed, runs=384) for bed in BEDS),
    _scs_r_claim(scsr.SERIOUS_STEPS, BEDS[0]),
    _scs_r_claim(scsr.NULL_STEPS, BEDS[0], runs=64, quick=True),
    _scs_r_claim(scsr.ALL_SAMPLES, BEDS[0]),
    _scs_r_claim(scsr.ADAPTIVE_SIZE, ("absolute-deviations", _absolute, adaptive_scs_r, 25), runs=16),
    _scs_r_claim(scsr.FIXED_POINT, ("fresh", _overfitted, _reusing("fresh"), 100)),
    _scs_r_claim(
        scsr.FIXED_POINT,
        ("nested", _overfitted, _reusing("nested"), 100),
        runs=512,
        tags=REFUTED,
        expected="refuted",
    ),
    Claim(
        id="sample-sgd-ball",
        title="projected SGD with high probability on a ball",
        bound=rules.SGD_GAP,
        problem=_slope_on_ball,
        method=_projected,
        horizons=(16, 64, 256),
        runs=RUNS[0.9],
        tags=COVERAGE,
    ),
    Claim(
        id="scsr-08-renewal",
        title="expected stopping time of a stochastic trust region",
        bound=scsr.RENEWAL,
        problem=lambda horizon: RenewalProcess(),
        method=_walk,
        horizons=(2000,),
        runs=512,
        tags=("scs", "trust-region"),
    ),
)

CLAIMS = (*MEANS, *BALLS, *FAMILIES, *METHOD)
