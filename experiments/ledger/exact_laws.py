"""Exact laws of a first course on SGD, momentum and Adam, each beside the way in which it is misread."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger.stochastic import RESPONSES, noisy_modes, one_mode, smooth
from ratecheck.testbeds.impulse import ImpulseResponses
from ratecheck.testbeds.prescribed import PrescribedSlopes, double_well, spike
from ratecheck.testbeds.quadratic import Quadratic, ravine
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import exact_adam as adam
from ratecheck.theory.bounds import exact_laws as law
from ratecheck.theory.facts import Facts
from ratecheck.theory.method import Method
from ratecheck.theory.methods.adam import Adam, AdamW
from ratecheck.theory.methods.clipping import ClipNorm
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import AveragedMomentum, HeavyBall, Momentum
from ratecheck.theory.schedules import Cosine, InverseSqrt, StepDecay

BATCH = 8


def _given(method: Method) -> Callable[[Facts, int], Method]:
    return lambda facts, horizon: method


def _claim(id: str, title: str, bound: Bound, problem: Any, method: Any, **parts: Any) -> Claim:
    tags = ("foundations", "exact", *parts.pop("tags", ()))
    rule = method if callable(method) else _given(method)
    return Claim(
        id=f"law-{id}",
        title=title,
        bound=bound,
        problem=problem,
        method=rule,
        tags=tags,
        **{"horizons": (200,), **parts},
    )


def _moments(id: str, title: str, bound: Bound, problem: Any, method: Any, **parts: Any) -> Claim:
    parts = {"horizons": (RESPONSES,), "runs": RESPONSES + 1, "tags": ("stochastic",), **parts}
    return _claim(id, title, bound, problem, method, **parts)


def _mode(curvature: float) -> Callable[[int], Quadratic]:
    return lambda horizon: Quadratic((curvature,), (1.0,))


def _batched(horizon: int) -> ImpulseResponses:
    return ImpulseResponses((1.0,), (1.0,), (0.0,), RESPONSES, batch=BATCH)


def _unit(horizon: int) -> PrescribedSlopes:
    return PrescribedSlopes((1.0,))


def _spike(horizon: int) -> PrescribedSlopes:
    return spike()


def _optimal(factor: float) -> Callable[[Facts, int], HeavyBall]:
    """Return the heavy ball with the optimal step and `factor` times the optimal momentum."""

    def rule(facts: Facts, horizon: int) -> HeavyBall:
        L, mu = math.sqrt(facts["smoothness"]), math.sqrt(facts["strong_convexity"])
        return HeavyBall(4 / (L + mu) ** 2, factor * ((L - mu) / (L + mu)) ** 2)

    return rule


VARIANCES = (
    _moments("sgd-variance", "stationary variance of SGD", law.VARIANCE, one_mode(0.5), smooth(0.3), quick=True),
    _moments("sgd-variance-edge", "stationary variance of SGD near its edge", law.VARIANCE, one_mode(), smooth(1.8)),
    _moments("sgd-variance-small-step", "eta sigma^2/(2 lambda) is the stationary variance at every step size",
             law.VARIANCE_SMALL, one_mode(), smooth(0.5), expected="refuted", quick=True),
    _moments("sgd-variance-batch", "stationary variance of SGD with batches", law.VARIANCE, _batched, smooth(0.8)),
    _moments("linear-scaling", "batch and step times 8 leave the variance as it was", law.VARIANCE_SCALED, _batched,
             smooth(0.8), expected="refuted"),
    _moments("momentum-variance", "stationary variance with momentum 0.5", law.MOMENTUM_VARIANCE, one_mode(0.5),
             HeavyBall(0.3, 0.5), tags=("stochastic", "momentum"), quick=True),
    _moments("momentum-variance-torch", "stationary variance with momentum 0.8, sum convention", law.MOMENTUM_VARIANCE,
             one_mode(0.5), Momentum(0.5, 0.8), tags=("stochastic", "momentum")),
    _moments("momentum-smoothing", "at the same step momentum has no more variance than SGD",
             law.MOMENTUM_VARIANCE_SAME, one_mode(), HeavyBall(0.1, 0.5), expected="refuted",
             tags=("stochastic", "momentum")),
    _moments("sgd-moments", "second moment of SGD over eight modes at every step", law.MOMENTS, noisy_modes,
             smooth(0.7)),
    _moments("sgd-no-floor", "SGD with a constant step converges to the minimiser", law.MOMENTS_NO_FLOOR, one_mode(),
             smooth(0.3), expected="refuted", quick=True),
)  # fmt: skip

PATHS = (
    _claim("gd-ravine", "gradient descent in a ravine", law.DESCENT, lambda h: ravine(100.0), smooth(1.0), quick=True),
    _claim("gd-ravine-rotated", "gradient descent in a rotated ravine: the same gaps", law.DESCENT,
           lambda h: ravine(100.0, math.pi / 4), smooth(1.0)),
    _claim("gd-edge-inside", "gradient descent below 2/L", law.INSIDE, _mode(1.0), HeavyBall(1.99, 0.0)),
    _claim("gd-edge-outside", "gradient descent above 2/L", law.OUTSIDE, _mode(1.0), HeavyBall(2.01, 0.0)),
    _claim("hb-underdamped", "heavy ball, complex roots", law.COMPANION, _mode(1.0), HeavyBall(0.5, 0.9),
           tags=("momentum",)),
    _claim("hb-overdamped", "heavy ball, real roots", law.COMPANION, _mode(1.0), HeavyBall(0.01, 0.5),
           tags=("momentum",)),
    _claim("hb-ravine", "heavy ball with the optimal momentum in a ravine of condition 100", law.COMPANION,
           lambda h: ravine(100.0), _optimal(1.0), tags=("momentum",), quick=True),
    _claim("hb-edge-inside", "heavy ball just below 2(1+beta)/L", law.INSIDE, _mode(1.0), HeavyBall(3.79, 0.9),
           horizons=(2000,), tags=("momentum",)),
    _claim("hb-edge-outside", "heavy ball just above 2(1+beta)/L", law.OUTSIDE, _mode(1.0), HeavyBall(3.81, 0.9),
           horizons=(2000,), tags=("momentum",)),
    _claim("hb-edge-misread", "the heavy ball diverges beyond 2/L", law.EDGE, _mode(1.0), HeavyBall(2.5, 0.9),
           expected="refuted", tags=("momentum",)),
    _claim("hb-less-momentum", "less momentum than the optimal one is slower in the end", law.BEST_MOMENTUM,
           lambda h: ravine(100.0), _optimal(0.97), horizons=(100,), tags=("momentum",)),
    _claim("hb-more-momentum", "more momentum than the optimal one is slower in the end", law.BEST_MOMENTUM,
           lambda h: ravine(100.0), _optimal(1.2), horizons=(100,), tags=("momentum",)),
)  # fmt: skip

_DROP = StepDecay(0.1, 0.1, 50)

CONVENTIONS = (
    _claim("momentum-sum", "v is a decaying sum: the step grows to eta/(1-beta)", law.SUM, _unit, Momentum(0.01, 0.9),
           tags=("momentum",), quick=True),
    _claim("momentum-average", "the average convention: the step grows to eta", law.AVERAGE, _unit,
           AveragedMomentum(0.01, 0.9), tags=("momentum",)),
    _claim("momentum-velocity", "the velocity convention is the sum convention while the step is constant", law.SUM,
           _unit, HeavyBall(0.01, 0.9), tags=("momentum",)),
    _claim("momentum-misread", "v is a moving average", law.MOVING_AVERAGE, _unit, Momentum(0.01, 0.9),
           expected="refuted", tags=("momentum",), quick=True),
    _claim("momentum-sum-drop", "the sum convention after drops of the step", law.SUM, _unit, Momentum(_DROP, 0.9),
           tags=("momentum",)),
    _claim("momentum-velocity-drop", "the velocity convention carries old steps inside v", law.VELOCITY, _unit,
           HeavyBall(_DROP, 0.9), tags=("momentum",)),
    _claim("momentum-conventions-agree", "the conventions agree also while the step changes", law.SUM, _unit,
           HeavyBall(_DROP, 0.9), expected="refuted", tags=("momentum",)),
)  # fmt: skip

ADAPTIVE = (
    _claim("adam-unit", "Adam moves by eta at every step", adam.UNIT, _unit, Adam(0.01, eps=0.0), tags=("adaptive",)),
    _claim("adam-scale", "gradients of a thousand change nothing", adam.UNIT, lambda h: PrescribedSlopes((1000.0,)),
           Adam(0.01, eps=0.0), tags=("adaptive",)),
    _claim("adam-clip-constant", "a constant clipping factor cancels in Adam", adam.UNIT,
           lambda h: PrescribedSlopes((1000.0,)), ClipNorm(Adam(0.01, eps=0.0), 1.0), tags=("adaptive", "clipping")),
    _claim("adam-uncorrected", "without bias correction the first steps are 3.16 to 6.57 times too long",
           adam.UNCORRECTED, _unit, Adam(0.01, eps=0.0, bias_correction=False), tags=("adaptive",), quick=True),
    _claim("adam-uncorrected-95", "with beta_2 = 0.95 they are shorter at first", adam.UNCORRECTED, _unit,
           Adam(0.01, beta2=0.95, eps=0.0, bias_correction=False), tags=("adaptive",)),
    _claim("adam-uncorrected-misread", "without bias correction the first steps are too small", adam.TOO_SMALL, _unit,
           Adam(0.01, eps=0.0, bias_correction=False), expected="refuted", tags=("adaptive",), quick=True),
    _claim("adam-spike", "a spike of 1000 among ones leaves 0.59 of a way of 2.00", adam.ADAM, _spike, Adam(0.01),
           tags=("adaptive", "clipping")),
    _claim("adam-spike-misread", "a spike is harmless to Adam", adam.SPIKE_HARMLESS, _spike, Adam(0.01),
           expected="refuted", tags=("adaptive", "clipping"), quick=True),
    _claim("adam-spike-clipped", "clipping the spike restores the whole way", adam.UNIT, _spike,
           ClipNorm(Adam(0.01, eps=0.0), 1.0), tags=("adaptive", "clipping")),
    _claim("adam-epsilon-outside", "epsilon added to the root hardly matters at gradients of 1e-6", adam.ADAM,
           lambda h: PrescribedSlopes((1e-6,)), Adam(0.01), tags=("adaptive",)),
    _claim("adam-epsilon-inside", "epsilon under the root floors the denominator at 1e-4", adam.ADAM,
           lambda h: PrescribedSlopes((1e-6,)), Adam(0.01, eps_place="inside"), tags=("adaptive",)),
    _claim("adam-epsilon-misread", "the place of epsilon does not matter", adam.EPS_INSIDE_SAME,
           lambda h: PrescribedSlopes((1e-6,)), Adam(0.01, eps_place="inside"), expected="refuted", tags=("adaptive",)),
    _claim("cosine", "cosine decay is slow at both ends", adam.COSINE, _unit, Subgradient(Cosine(0.1, 200)),
           tags=("schedule",)),
    _claim("cosine-misread", "cosine decay is slow early and fast at the end", adam.COSINE_FAST_END, _unit,
           Subgradient(Cosine(0.1, 200)), expected="refuted", tags=("schedule",)),
    _claim("decoupled-decay", "decoupled decay follows the steps", adam.DECAY,
           lambda h: PrescribedSlopes((0.0,), at=2.0), AdamW(InverseSqrt(0.5), weight_decay=0.1), tags=("adaptive",)),
    _claim("stationary", "gradient descent reaches a stationary point", adam.STATIONARY, lambda h: double_well(0.0),
           Subgradient(0.1), tags=("nonconvex",)),
    _claim("local-minimum", "gradient descent reaches a local minimum", adam.LOCAL_MINIMUM, lambda h: double_well(0.0),
           Subgradient(0.1), expected="refuted", tags=("nonconvex",)),
)  # fmt: skip

CLAIMS = (*VARIANCES, *PATHS, *CONVENTIONS, *ADAPTIVE)
