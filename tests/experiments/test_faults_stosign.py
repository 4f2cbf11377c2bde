"""Planted faults in StoSignSGD, sign and adaptive methods, their problems and their bounds: each must be noticed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from ratecheck.experiments.ledger.stosignsgd import BEST
from ratecheck.theory.bounds import stosign_law
from ratecheck.theory.methods.gradient import Projected
from ratecheck.theory.methods.sign import SignSGD
from ratecheck.theory.methods.stosign import (
    EnvelopeState,
    StoSignP,
    StoSignT,
    running_envelope,
    stochastic_sign,
    stosign_momentum_update,
)
from ratecheck.theory.outputs import Average
from ratecheck.theory.schedules import Constant, InverseSqrt, InverseTime, as_schedule


def _clip(x: Any, eta: Any, s: Any, G: Any, oracle: Any) -> Any:
    return oracle.project(x - eta * s)


@dataclass(frozen=True, slots=True)
class Tampered:
    """Algorithm T with one of its parts replaced; `inner` is the right one, which the bound sees."""

    inner: StoSignT
    sign: Callable[..., Any] = stochastic_sign
    buffer: Callable[..., Any] = running_envelope
    move: Callable[..., Any] = _clip

    def init(self, x: Any) -> EnvelopeState:
        return self.inner.init(x)

    def step(self, x: Any, state: EnvelopeState, oracle: Any) -> tuple[Any, EnvelopeState]:
        eta = as_schedule(self.inner.step_size)(state.k)
        g = oracle.subgradient(x)
        G = self.buffer(state.envelope, g) if self.inner.envelope is None else state.envelope
        s = self.sign(g, G, oracle.uniform(x.shape[1]))
        return self.move(x, eta, s, G, oracle), EnvelopeState(state.k + 1, G)


def _biased_noise(v: Any, R: Any, u: Any) -> Any:
    return stochastic_sign(v, R, 0.25 + 0.75 * u)


def _gaussian_noise(v: Any, R: Any, u: Any) -> Any:
    return np.sign(v + R * ndtri(np.maximum(u, 1e-12)) / math.sqrt(3))


def _noise_scaled_by(factor: float) -> Callable[..., Any]:
    return lambda v, R, u: stochastic_sign(v, factor * R, u)


def _shared_noise(v: Any, R: Any, u: Any) -> Any:
    return stochastic_sign(v, R, np.repeat(u[:, :1], u.shape[1], axis=1))


def _mirrored(v: Any, R: Any, u: Any) -> Any:
    return stochastic_sign(-v, R, u)


def _half_open_noise(v: Any, R: Any, u: Any) -> Any:
    return stochastic_sign(v, R, u / 2)


SIGNS: dict[str, Callable[..., Any]] = {
    "noise U[-0.5, 1]": _biased_noise,
    "noise U[-1, 0]": _half_open_noise,
    "Gaussian noise of the same variance": _gaussian_noise,
    "noise 1.2 times too large": _noise_scaled_by(1.2),
    "noise 0.8 times too small": _noise_scaled_by(0.8),
    "no noise": _noise_scaled_by(0.0),
    "opposite sign": _mirrored,
}
LAW = "stosign-law-mean-small"


@pytest.mark.parametrize("name", SIGNS)
def test_faulty_sign_breaks_the_mean(check: Any, name: str) -> None:
    method = _method_of(LAW)
    assert check(LAW).as_expected
    assert not check(LAW, method=lambda facts, T: Tampered(method(facts, T), sign=SIGNS[name])).as_expected


def test_noise_shared_by_coordinates_breaks_the_second_moment(check: Any) -> None:
    name = "stosign-law-second-moment"
    method = _method_of(name)
    assert not check(name, method=lambda facts, T: Tampered(method(facts, T), sign=_shared_noise)).as_expected


SHORTER = {"stosign-1a-spikes": {"horizons": (4000,)}, "stosign-3a-outliers": {"horizons": (4000,)}}


def _method_of(claim: str) -> Callable[..., Any]:
    from ratecheck.experiments.ledger import claims

    return claims()[claim].method


def _bound_of(claim: str) -> Any:
    from ratecheck.experiments.ledger import claims

    return claims()[claim].bound


PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "buffer without max": ("stosign-1a-spikes", {"buffer": lambda G, g: np.abs(g)}),
    "buffer with min": (
        "stosign-1a-spikes",
        {"buffer": lambda G, g: np.where(G > 0, np.minimum(G, np.abs(g)), np.abs(g))},
    ),
    "buffer one step late": ("stosign-3a-outliers", {"buffer": lambda G, g: np.where(G > 0, G, np.abs(g) / 8)}),
    "buffer that adds up": ("stosign-1a-spikes", {"buffer": lambda G, g: G + np.abs(g)}),
    "step uphill": ("stosign-1a-drift", {"move": lambda x, eta, s, G, oracle: oracle.project(x + eta * s)}),
    "no projection": ("stosign-3b-outliers", {"move": lambda x, eta, s, G, oracle: x - eta * s}),
    "step times the buffer": (
        "stosign-1b-drift",
        {"move": lambda x, eta, s, G, oracle: oracle.project(x - eta * G * s)},
    ),
    "step twice as long": ("stosign-1c-tight", {"move": lambda x, eta, s, G, oracle: oracle.project(x - 2 * eta * s)}),
    "step a tenth longer": (
        "stosign-1b-tight",
        {"move": lambda x, eta, s, G, oracle: oracle.project(x - 1.1 * eta * s)},
    ),
    "step never taken": ("stosign-1b-drift", {"move": lambda x, eta, s, G, oracle: x}),
}


@pytest.mark.parametrize("name", PARTS)
def test_faulty_part_of_algorithm_t(check: Any, name: str) -> None:
    claim, parts = PARTS[name]
    method = _method_of(claim)
    faulty = {"method": lambda facts, T: Tampered(method(facts, T), **parts), **SHORTER.get(claim, {})}
    assert not check(claim, **faulty).as_expected


def _scaled(claim: str, factor: float) -> dict[str, Any]:
    bound = _bound_of(claim)
    return {"bound": dataclasses.replace(bound, value=lambda *given: factor * bound.value(*given))}


def _later(claim: str, shift: int) -> dict[str, Any]:
    bound = _bound_of(claim)
    return {"bound": dataclasses.replace(bound, value=lambda facts, m, steps: bound.value(facts, m, steps + shift))}


def _longer_walk(facts: Any, method: Any, steps: Any) -> Any:
    return np.array([stosign_law.mean_walk_length(int(T) + 2) for T in steps]) * 4


def _rooted(claim: str) -> dict[str, Any]:
    bound = _bound_of(claim)
    return {"bound": dataclasses.replace(bound, value=lambda facts, m, T: bound.value(facts, m, T) / np.sqrt(T))}


REPLACED: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "tight bound divided by 1.05": ("stosign-1c-tight", lambda c: _scaled(c, 1 / 1.05)),
    "tight bound times 1.05": ("stosign-1c-tight", lambda c: _scaled(c, 1.05)),
    "tight bound one round short": ("stosign-1c-tight", lambda c: _later(c, -1)),
    "regret bound without its root of T": ("stosign-1a-spikes", _rooted),
    "lower bound times 1.05": ("stosign-lower-online", lambda c: _scaled(c, 1.05)),
    "lower bound times 0.95": ("stosign-lower-online", lambda c: _scaled(c, 0.95)),
    "lower bound without the exact distance": ("stosign-lower-attained", lambda c: _scaled(c, 0.9)),
    "another method called the majority": (
        "stosign-lower-attained",
        lambda c: {"method": lambda facts, T: StoSignT(facts["widths"] / (2 * math.sqrt(T)), envelope=1.0)},
    ),
    "decay inside the gradient": (
        "stosign-p-box",
        lambda c: {"method": lambda facts, T: Coupled(_method_of(c)(facts, T))},
    ),
    "random walk two steps too long": (
        "stosign-lower-online",
        lambda c: {"bound": dataclasses.replace(_bound_of(c), value=_longer_walk)},
    ),
    "law divided by 1.05": ("stosign-law-mean", lambda c: _scaled(c, 1 / 1.05)),
    "gap bound without its half": ("stosign-3c-outliers", lambda c: _scaled(c, 0.5)),
    "average instead of the last point, law": (
        "stosign-law-mean",
        lambda c: {"bound": dataclasses.replace(_bound_of(c), output=Average())},
    ),
    "rate claimed as -0.6": (
        "stosign-rate-pairs",
        lambda c: {"bound": dataclasses.replace(_bound_of(c), exponent=-0.6)},
    ),
    "constant step where 1/sqrt(t) is due": (
        "stosign-1a-spikes",
        lambda c: {"method": lambda facts, T: StoSignT(Constant(BEST * facts["widths"]))},
    ),
    "1/t where 1/sqrt(t) is due": (
        "stosign-3a-outliers",
        lambda c: {"method": lambda facts, T: StoSignT(InverseTime(BEST * 2.0))},
    ),
    "schedule one step late": (
        "stosign-1a-spikes",
        lambda c: {"method": lambda facts, T: StoSignT(lambda k: BEST * facts["widths"] / math.sqrt(k + 2))},
    ),
    "fixed envelope of half the gradients": (
        "stosign-3c-outliers",
        lambda c: {"method": lambda facts, T: StoSignT(facts["widths"] / (2 * math.sqrt(T)), envelope=6.0)},
    ),
    "forgetting envelope": (
        "stosign-1a-spikes",
        lambda c: {"method": lambda facts, T: StoSignT(InverseSqrt(BEST * facts["widths"]), damping=0.5)},
    ),
    "sign descent called StoSignSGD": (
        "stosign-3b-outliers",
        lambda c: {"method": lambda facts, T: Projected(SignSGD(facts["widths"] / math.sqrt(T)))},
    ),
}


@dataclass(frozen=True, slots=True)
class Coupled:
    """Algorithm P with its decay added to the gradient."""

    inner: StoSignP

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        g = oracle.subgradient(x) + self.inner.weight_decay * x
        n = 2 * oracle.uniform(x.shape[1]) - 1
        y, m, G = stosign_momentum_update(x, g, state.momentum, state.envelope, n, step_size=self.inner.step_size)
        return y, type(state)(state.k + 1, m, G)


@pytest.mark.parametrize("name", REPLACED)
def test_replaced_part_of_a_claim(check: Any, name: str) -> None:
    claim, parts = REPLACED[name]
    assert not check(claim, **{**SHORTER.get(claim, {}), **parts(claim)}).as_expected


@pytest.mark.parametrize("claim", SHORTER)
def test_shortened_claims_hold_without_a_fault(check: Any, claim: str) -> None:
    assert check(claim, **SHORTER[claim]).as_expected
