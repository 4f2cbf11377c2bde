"""Planted faults in the nonconvex methods, in conversions and in their bounds: each must be noticed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.experiments.ledger.conversion import ETA
from ratecheck.theory.bounds import weakly_convex
from ratecheck.theory.methods.conversion import Converted, sign_counterpart
from ratecheck.theory.methods.conversion_audit import Audited
from ratecheck.theory.methods.envelopes import GradientMax, RunningMax
from ratecheck.theory.methods.ingd import INGD
from ratecheck.theory.methods.momentum import AveragedMomentum
from ratecheck.theory.methods.nonconvex import BufferState, ClippedL2, StoSignN1, StoSignN2, clipped, exponential
from ratecheck.theory.methods.stosign import StoSignT, stochastic_sign


@dataclass(frozen=True)
class FaultyN1:
    """N1 with one fault."""

    radius: Any
    envelope: Any
    beta: float
    fault: str

    def init(self, x: np.ndarray) -> BufferState:
        return BufferState(0, np.zeros_like(x))

    def step(self, x: np.ndarray, state: BufferState, oracle: Any) -> tuple[np.ndarray, BufferState]:
        u = oracle.uniform(1 + x.shape[1])
        r = u[:, :1] if self.fault == "uniform scaling" else exponential(u[:, :1])
        x = x + r * state.displacement
        g = oracle.subgradient(x)
        G = np.broadcast_to(self.envelope, x.shape)
        s = stochastic_sign(-g if self.fault == "ascends" else g, G, u[:, 1:])
        kappa = 2 * math.sqrt(1 - self.beta) if self.fault != "step of the square" else 2 * (1 - self.beta)
        if self.fault == "no clip":
            return x, BufferState(state.k + 1, state.displacement - kappa * self.radius * s)
        if self.fault == "buffer is reset":
            return x, BufferState(state.k + 1, -kappa * self.radius * s)
        D = np.broadcast_to(2.0 * self.radius if self.fault == "clip at 2D" else self.radius, x.shape)
        return x, BufferState(state.k + 1, clipped(state.displacement - kappa * self.radius * s, D))


def _n1(fault: str, beta: float, radius: float) -> dict[str, Any]:
    return {"method": lambda facts, horizon: FaultyN1(radius, facts["coordinate_bounds"], beta, fault)}


def _scaled(claim: str, factor: float) -> dict[str, Any]:
    bound = claims()[claim].bound
    return {"bound": dataclasses.replace(bound, value=lambda *given: factor * bound.value(*given))}


def _audited(change: Callable[[Converted], Any], claimed: Any = None) -> dict[str, Any]:
    right = sign_counterpart(AveragedMomentum(ETA, 0.5), claimed or RunningMax())
    return {"method": lambda facts, horizon: Audited(change(right), right.envelope)}


@dataclass(frozen=True)
class Lagging:
    """The maximum of gradients of the step before. (That of the direction itself may lag: where it would rise, both
    the clipped mean and the right one are the sign.)"""

    dominates = False

    def init(self, x: np.ndarray) -> np.ndarray:
        return np.zeros_like(x)

    def envelope(self, state: np.ndarray, m: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return state, np.maximum(state, np.abs(g))


@dataclass(frozen=True)
class Average(Lagging):
    """An average of absolute values where the maximum belongs."""

    def envelope(self, state: np.ndarray, m: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        R = 0.9 * state + 0.1 * np.abs(m)
        return R, R


@dataclass(frozen=True)
class Wide(StoSignN2):
    """N2 whose points are three times as far from the origin."""

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        w, following = super().step(x, state, oracle)
        return 3 * w, following


@dataclass(frozen=True)
class Stuck(INGD):
    """INGD that finds a step of descent and does not take it."""

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        y, following = super().step(x, state, oracle)
        return y, following._replace(anchor=state.anchor)


TIGHT = "n1-spread-tight"
FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("N1: sign of the step", "n1-swapped-control", _n1("ascends", 0.9999, 1e-4)),
    ("N1: buffer reset every step", "n1-swapped-control", _n1("buffer is reset", 0.9999, 1e-4)),
    ("N1: step without square root", "n1-swapped-control", _n1("step of the square", 0.9999, 1e-4)),
    ("N1: clip left out", TIGHT, _n1("no clip", 0.95, 0.1)),
    ("N1: clip at twice the radius", TIGHT, _n1("clip at 2D", 0.95, 0.1)),
    ("N1: uniform instead of exponential scaling", TIGHT, _n1("uniform scaling", 0.95, 0.1)),
    ("N1: envelope too small", "n1-wells", {"method": lambda facts, T: StoSignN1(0.01, 0.5, 0.99)}),
    ("N1: law of another discount", TIGHT, {"method": lambda facts, T: StoSignN1(0.1, 1.0, 0.9)}),
    ("N1: spread bound without square", TIGHT, _scaled(TIGHT, 0.1)),
    (
        "N2: displacement too wide",
        "n2-distance",
        {"method": lambda facts, T: Wide(0.01, facts["coordinate_bounds"], 40)},
    ),
    ("N2: bound halved", "n2-wells", _scaled("n2-wells", 0.5)),
    ("N2: bound on distance divided", "n2-distance", _scaled("n2-distance", 0.45)),
    ("l2: bound on gradients too small", "l2-wells", {"method": lambda facts, T: ClippedL2(0.01, 1.0, 0.99)}),
    ("INGD: steps are not taken", "ingd-wells", {"method": lambda facts, T: Stuck(0.5)}),
    (
        "smooth: signs without noise",
        "stosign-smooth-huber",
        {"method": lambda facts, T: StoSignT(0.001, envelope=1e-6)},
    ),
    (
        "smooth: ascends",
        "stosign-smooth-huber",
        {"bound": dataclasses.replace(weakly_convex.SMOOTH, value=lambda f, m, s: f["max_norm_smoothness"] * 0.01 / s)},
    ),
    ("smooth: bound without the gap", "stosign-smooth-huber", _scaled("stosign-smooth-huber", 0.8)),
    ("weakly convex: wrong modulus", "stosign-weakly-five", _scaled("stosign-weakly-five", 0.2)),
    ("conversion: noise scale 0.9", "convert-sgdm", _audited(lambda c: dataclasses.replace(c, noise_scale=0.9))),
    (
        "conversion: envelope lags",
        "convert-sgdm",
        _audited(lambda c: dataclasses.replace(c, envelope=Lagging()), GradientMax(0.5)),
    ),
    ("conversion: average envelope", "convert-sgdm", _audited(lambda c: dataclasses.replace(c, envelope=Average()))),
    ("conversion: Gaussian noise", "convert-sgdm", _audited(lambda c: dataclasses.replace(c, noise="gaussian"))),
    (
        "conversion: shared noise",
        "convert-sgdm-independent",
        _audited(lambda c: dataclasses.replace(c, shared=True)),
    ),
]


@pytest.mark.parametrize(("name", "claim", "planted"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_fault_is_noticed(check: Any, name: str, claim: str, planted: dict[str, Any]) -> None:
    assert not check(claim, **planted).as_expected


def test_there_is_something_to_notice(check: Any) -> None:
    for claim in sorted({claim for _, claim, _ in FAULTS}):
        assert check(claim).as_expected
