"""Step-by-step agreement with optax and torch.optim, on one noisy trajectory of their own for each side.

Both sides take their gradients at their own points, so that an error of one step is felt in all that follow. The
tolerance is that of rounding: 30 steps of at most 10 roundings each, of numbers below 3, on a stable recursion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ratecheck.theory.methods.adam import Adam, AdamW, AMSGrad
from ratecheck.theory.methods.adam_variants import AdaMax, NAdam
from ratecheck.theory.methods.adaptive import AdaGrad, RMSProp
from ratecheck.theory.methods.clipping import ClipNorm, ClipValue, L2Decay
from ratecheck.theory.methods.gradient import NormalizedSubgradient, Polyak, Subgradient
from ratecheck.theory.methods.momentum import AveragedMomentum, Momentum
from ratecheck.theory.methods.sign import Lion, SignSGD, Signum
from ratecheck.theory.schedules import (
    Constant,
    Cosine,
    Exponential,
    LinearDecay,
    PolynomialDecay,
    StableThenDecay,
    StepDecay,
    Triangular,
    WarmUp,
    step_sizes,
)

STEPS = 30
ROUNDING = STEPS * 10 * 3 * np.finfo(float).eps
START = np.array([1.5, -2.0, 0.7, 0.0])
CURVATURE = np.array([1.0, 0.3, 2.0, 0.5])
NOISE = np.random.default_rng(3).normal(size=(STEPS, 4))


def gradient(x: np.ndarray, k: int, noise: float = 1.0) -> np.ndarray:
    return CURVATURE * x + noise * NOISE[k]


def ours(method: Any, noise: float = 1.0) -> np.ndarray:
    x = START[None, :]
    state = method.init(x)
    points = []
    for k in range(STEPS):
        oracle = SimpleNamespace(
            subgradient=lambda y, k=k: gradient(y, k, noise),
            value=lambda y: (CURVATURE * y**2).sum(axis=1) / 2,
            f_star=0.0,
        )
        x, state = method.step(x, state, oracle)
        points.append(x[0])
    return np.array(points)


def with_optax(make: Callable[[Any], Any], noise: float = 1.0) -> np.ndarray:
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    with jax.enable_x64(True):
        optimizer = make(optax)
        x = jax.numpy.asarray(START)
        state = optimizer.init(x)
        points = []
        for k in range(STEPS):
            here = np.asarray(x)

            updates, state = optimizer.update(jax.numpy.asarray(gradient(here, k, noise)), state, x)
            x = optax.apply_updates(x, updates)
            points.append(np.asarray(x))
    return np.array(points)


OPTAX = {
    "sgd": (Subgradient(0.1), lambda o: o.sgd(0.1)),
    "momentum": (Momentum(0.1, 0.9), lambda o: o.sgd(0.1, momentum=0.9)),
    "nesterov": (Momentum(0.1, 0.9, nesterov=True), lambda o: o.sgd(0.1, momentum=0.9, nesterov=True)),
    "averaged momentum": (AveragedMomentum(0.1, 0.9), lambda o: o.chain(o.ema(0.9, debias=False), o.scale(-0.1))),
    "normalised": (NormalizedSubgradient(0.1), lambda o: o.chain(o.normalize_by_update_norm(eps=0.0), o.scale(-0.1))),
    "adagrad": (AdaGrad(0.1, eps=0.0), lambda o: o.adagrad(0.1, initial_accumulator_value=0.0, eps=0.0)),
    "adagrad, eps inside": (
        AdaGrad(0.1, eps=0.01, eps_place="inside"),
        lambda o: o.adagrad(0.1, initial_accumulator_value=0.0, eps=0.01),
    ),
    "rmsprop": (RMSProp(0.1, 0.9, 1e-3), lambda o: o.rmsprop(0.1, decay=0.9, eps=1e-3, eps_in_sqrt=False)),
    "rmsprop, eps inside": (
        RMSProp(0.1, 0.9, 1e-3, "inside"),
        lambda o: o.rmsprop(0.1, decay=0.9, eps=1e-3, eps_in_sqrt=True),
    ),
    "adam": (Adam(0.1, 0.9, 0.99, 1e-3), lambda o: o.adam(0.1, b1=0.9, b2=0.99, eps=1e-3)),
    "adam, eps inside": (
        Adam(0.1, 0.9, 0.99, 1e-3, eps_place="inside"),
        lambda o: o.adam(0.1, b1=0.9, b2=0.99, eps=0.0, eps_root=1e-3),
    ),
    "adamw": (AdamW(0.1, 0.9, 0.99, 1e-3, 0.2), lambda o: o.adamw(0.1, 0.9, 0.99, 1e-3, weight_decay=0.2)),
    "amsgrad": (
        AMSGrad(0.1, 0.9, 0.99, 1e-3, "before max"),
        lambda o: o.amsgrad(0.1, 0.9, 0.99, 1e-3),
    ),
    "amsgrad, textbook": (
        AMSGrad(0.1, 0.9, 0.99, 1e-3, "first"),
        lambda o: o.chain(
            o.scale_by_amsgrad(0.9, 0.99, 1e-3, bias_correction_mu=True, bias_correction_nu=False), o.scale(-0.1)
        ),
    ),
    "amsgrad, paper": (
        AMSGrad(0.1, 0.9, 0.99, 1e-3, "none"),
        lambda o: o.chain(
            o.scale_by_amsgrad(0.9, 0.99, 1e-3, bias_correction_mu=False, bias_correction_nu=False), o.scale(-0.1)
        ),
    ),
    "adamax": (AdaMax(0.1, 0.9, 0.99, 1e-3), lambda o: o.adamax(0.1, 0.9, 0.99, 1e-3)),
    "nadam": (NAdam(0.1, 0.9, 0.99, 1e-3), lambda o: o.nadam(0.1, 0.9, 0.99, 1e-3)),
    "sign": (SignSGD(0.1), lambda o: o.sign_sgd(0.1)),
    "signum": (Signum(0.1, 0.9), lambda o: o.chain(o.ema(0.9, debias=False), o.scale_by_sign(), o.scale(-0.1))),
    "lion": (Lion(0.1, 0.9, 0.99, 0.2), lambda o: o.lion(0.1, 0.9, 0.99, weight_decay=0.2)),
    "clipped norm": (ClipNorm(Subgradient(0.1), 0.5), lambda o: o.chain(o.clip_by_global_norm(0.5), o.sgd(0.1))),
    "clipped value": (ClipValue(Subgradient(0.1), 0.5), lambda o: o.chain(o.clip(0.5), o.sgd(0.1))),
    "L2 in momentum": (
        L2Decay(Momentum(0.1, 0.9), 0.2),
        lambda o: o.chain(o.add_decayed_weights(0.2), o.sgd(0.1, momentum=0.9)),
    ),
    "L2 in adam": (
        L2Decay(Adam(0.1, 0.9, 0.99, 1e-3), 0.2),
        lambda o: o.chain(o.add_decayed_weights(0.2), o.adam(0.1, 0.9, 0.99, 1e-3)),
    ),
    "schedule": (Subgradient(Cosine(0.1, 40)), lambda o: o.sgd(o.cosine_decay_schedule(0.1, 40))),
}


@pytest.mark.parametrize("name", list(OPTAX))
def test_agrees_with_optax(name: str) -> None:
    method, make = OPTAX[name]
    np.testing.assert_allclose(ours(method), with_optax(make), rtol=0, atol=ROUNDING)


def test_polyak_agrees_with_optax() -> None:
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    points = ours(Polyak(), noise=0.0)
    with jax.enable_x64(True):
        optimizer = optax.polyak_sgd(max_learning_rate=np.inf)
        x = jax.numpy.asarray(START)
        state = optimizer.init(x)
        for k in range(STEPS):
            here = np.asarray(x)
            value = (CURVATURE * here**2).sum() / 2
            slope = jax.numpy.asarray(gradient(here, k, 0.0))
            updates, state = optimizer.update(slope, state, x, value=value, grad=slope)
            x = optax.apply_updates(x, updates)
            np.testing.assert_allclose(points[k], np.asarray(x), rtol=0, atol=ROUNDING)


def with_torch(make: Callable[[Any, Any], Any], change: Callable[[Any, Any], None] | None = None) -> np.ndarray:
    torch = pytest.importorskip("torch")
    x = torch.nn.Parameter(torch.from_numpy(START.copy()))
    optimizer = make(torch.optim, [x])
    points = []
    for k in range(STEPS):
        x.grad = torch.from_numpy(gradient(x.detach().numpy(), k))
        if change is not None:
            change(torch.nn.utils, x)
        optimizer.step()
        points.append(x.detach().numpy().copy())
    return np.array(points)


TORCH = {
    "sgd": (Subgradient(0.1), lambda o, p: o.SGD(p, 0.1)),
    "momentum": (Momentum(0.1, 0.9), lambda o, p: o.SGD(p, 0.1, momentum=0.9)),
    "nesterov": (Momentum(0.1, 0.9, nesterov=True), lambda o, p: o.SGD(p, 0.1, momentum=0.9, nesterov=True)),
    "L2 in momentum": (L2Decay(Momentum(0.1), 0.2), lambda o, p: o.SGD(p, 0.1, momentum=0.9, weight_decay=0.2)),
    "adagrad": (AdaGrad(0.1, 1e-3), lambda o, p: o.Adagrad(p, 0.1, eps=1e-3)),
    "rmsprop": (RMSProp(0.1, 0.9, 1e-3), lambda o, p: o.RMSprop(p, 0.1, alpha=0.9, eps=1e-3)),
    "adam": (Adam(0.1, 0.9, 0.99, 1e-3), lambda o, p: o.Adam(p, 0.1, (0.9, 0.99), 1e-3)),
    "L2 in adam": (
        L2Decay(Adam(0.1, 0.9, 0.99, 1e-3), 0.2),
        lambda o, p: o.Adam(p, 0.1, (0.9, 0.99), 1e-3, weight_decay=0.2),
    ),
    "adamw": (AdamW(0.1, 0.9, 0.99, 1e-3, 0.2), lambda o, p: o.AdamW(p, 0.1, (0.9, 0.99), 1e-3, weight_decay=0.2)),
    "adamax": (AdaMax(0.1, 0.9, 0.99, 1e-3), lambda o, p: o.Adamax(p, 0.1, (0.9, 0.99), 1e-3)),
    "amsgrad": (
        AMSGrad(0.1, 0.9, 0.99, 1e-3, "both"),
        lambda o, p: o.Adam(p, 0.1, (0.9, 0.99), 1e-3, amsgrad=True),
    ),
}


@pytest.mark.parametrize("name", list(TORCH))
def test_agrees_with_torch(name: str) -> None:
    method, make = TORCH[name]
    np.testing.assert_allclose(ours(method), with_torch(make), rtol=0, atol=ROUNDING)


def test_clipping_agrees_with_torch() -> None:
    by_value = with_torch(lambda o, p: o.SGD(p, 0.1), lambda u, x: u.clip_grad_value_([x], 0.5))
    np.testing.assert_allclose(ours(ClipValue(Subgradient(0.1), 0.5)), by_value, rtol=0, atol=ROUNDING)
    # torch divides by the norm plus 1e-6: a relative change below 1e-6 / 0.5 of steps of length 0.05.
    by_norm = with_torch(lambda o, p: o.SGD(p, 0.1), lambda u, x: u.clip_grad_norm_([x], 0.5))
    np.testing.assert_allclose(ours(ClipNorm(Subgradient(0.1), 0.5)), by_norm, rtol=0, atol=STEPS * 0.05 * 2e-6)


def torch_rates(make: Callable[[Any, Any], Any], count: int) -> np.ndarray:
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(count):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return np.array(rates)


TORCH_SCHEDULES = {
    "constant": (Constant(0.3), lambda s, o: s.ConstantLR(o, factor=1.0)),
    "step": (StepDecay(0.3, 0.5, 7), lambda s, o: s.StepLR(o, 7, 0.5)),
    "exponential": (Exponential(0.3, 0.05), lambda s, o: s.ExponentialLR(o, math.exp(-0.05))),
    "cosine": (Cosine(0.3, 40, 0.03), lambda s, o: s.CosineAnnealingLR(o, 40, 0.03)),
    "cosine with restarts": (
        Cosine(0.3, 9, 0.03, restart=True),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 9, eta_min=0.03),
    ),
    "polynomial": (PolynomialDecay(0.3, 40, 2.0), lambda s, o: s.PolynomialLR(o, 40, 2.0)),
    "linear": (LinearDecay(0.3, 40), lambda s, o: s.LinearLR(o, 1.0, 0.0, 40)),
    "triangular": (Triangular(0.1, 0.3, 6), lambda s, o: s.CyclicLR(o, 0.1, 0.3, 6, cycle_momentum=False)),
    "warm-up": (WarmUp(Constant(0.3), 10, 0.1), lambda s, o: s.LinearLR(o, 0.1, 1.0, 10)),
}


@pytest.mark.parametrize("name", list(TORCH_SCHEDULES))
def test_schedules_agree_with_torch(name: str) -> None:
    # torch updates the rate recursively: 30 steps of at most 10 roundings of numbers below 0.3.
    schedule, make = TORCH_SCHEDULES[name]
    expected = torch_rates(make, STEPS)
    np.testing.assert_allclose(step_sizes(schedule, STEPS), expected, rtol=0, atol=STEPS * 10 * 0.3 * 2.3e-16)


OPTAX_SCHEDULES = {
    "cosine": (Cosine(0.3, 40, 0.03), lambda o: o.cosine_decay_schedule(0.3, 40, alpha=0.1)),
    "linear": (LinearDecay(0.3, 40, 0.03), lambda o: o.linear_schedule(0.3, 0.03, 40)),
    "polynomial": (PolynomialDecay(0.3, 40, 2.0, 0.03), lambda o: o.polynomial_schedule(0.3, 0.03, 2.0, 40)),
    "step": (StepDecay(0.3, 0.5, 7), lambda o: o.exponential_decay(0.3, 7, 0.5, staircase=True)),
    "exponential": (Exponential(0.3, 0.05), lambda o: o.exponential_decay(0.3, 1, math.exp(-0.05))),
    "warm-up and cosine": (
        WarmUp(Cosine(0.3, 30, 0.03), 10),
        lambda o: o.warmup_cosine_decay_schedule(0.0, 0.3, 10, 40, end_value=0.03),
    ),
    "warm-up, stable, decay": (
        WarmUp(StableThenDecay(0.3, 8, 20), 5),
        lambda o: o.join_schedules(
            [o.linear_schedule(0.0, 0.3, 5), o.constant_schedule(0.3), o.linear_schedule(0.3, 0.0, 20)], [5, 13]
        ),
    ),
}


@pytest.mark.parametrize("name", list(OPTAX_SCHEDULES))
def test_schedules_agree_with_optax(name: str) -> None:
    jax, optax = pytest.importorskip("jax"), pytest.importorskip("optax")
    schedule, make = OPTAX_SCHEDULES[name]
    with jax.enable_x64(True):
        expected = [float(make(optax)(k)) for k in range(STEPS)]
    # Closed forms on both sides: at most 10 roundings of numbers below 1, an exponent of up to 30 amplifies them.
    np.testing.assert_allclose(step_sizes(schedule, STEPS), expected, rtol=0, atol=10 * 30 * 0.3 * 2.3e-16)
