"""Planted faults in sign, normalised and adaptive methods and in their bounds: each must be noticed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.experiments.ledger.stosignsgd import BEST
from ratecheck.testbeds.sign_counterexamples import OpposedPairs, RareOutliers
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.adaptive import AdaGrad
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.normalized import NormalizedMomentum
from ratecheck.theory.methods.sign import ErrorFeedbackSign, SignSGD
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.outputs import Average
from ratecheck.theory.schedules import InverseSqrt, InverseTime


def _scaled(claim: str, factor: float) -> dict[str, Any]:
    bound = claims()[claim].bound
    return {"bound": dataclasses.replace(bound, value=lambda *given: factor * bound.value(*given))}


@dataclass(frozen=True, slots=True)
class Doubled:
    """Moves twice as far as `inner`."""

    inner: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        y, state = self.inner.step(x, state, oracle)
        return 2 * y - x, state


@dataclass(frozen=True, slots=True)
class Growing:
    """Turns the decay of `inner` into growth."""

    inner: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        y, after = self.inner.step(x, state, oracle)
        return y + 2 * self.inner.step_size(state.k) * self.inner.weight_decay * x, after


@dataclass(frozen=True, slots=True)
class Rootless:
    """Diagonal AdaGrad that forgets the square root."""

    inner: AdaGrad

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        g = oracle.subgradient(x)
        v = state.v + g * g
        return x - self.inner.step_size * g / v, type(state)(state.k + 1, v)


class SilentTies(OpposedPairs):
    """Opposed pairs whose oracle answers with sign(0) = 0."""

    __slots__ = ()

    def subgradient(self, x: Any) -> Any:
        common = self.epsilon * np.sign(x.sum(axis=1))[:, None]
        opposed = np.sign(x[:, ::2] - x[:, 1::2])
        return np.stack([common + opposed, common - opposed], axis=2).reshape(x.shape)


def _never_fed_back(x: Any, g: Any, error: Any, gamma: Any) -> tuple[Any, Any]:
    sent = np.abs(gamma * g).mean(axis=1, keepdims=True) * np.sign(g)
    return x - sent, error


def _fed_back_with_wrong_sign(x: Any, g: Any, error: Any, gamma: Any) -> tuple[Any, Any]:
    p = gamma * g - error
    sent = np.abs(p).mean(axis=1, keepdims=True) * np.sign(p)
    return x - sent, p - sent


def _unscaled_sign(x: Any, g: Any, error: Any, gamma: Any) -> tuple[Any, Any]:
    p = gamma * g + error
    return x - np.sign(p), p - np.sign(p)


@dataclass(frozen=True, slots=True)
class TamperedFeedback:
    """EF-signSGD with another update."""

    inner: ErrorFeedbackSign
    update: Callable[..., Any]

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> tuple[Any, Any]:
        x, error = self.update(x, oracle.subgradient(x), state.error, self.inner.step_size)
        return x, type(state)(state.k + 1, error)


@pytest.mark.parametrize("update", [_never_fed_back, _fed_back_with_wrong_sign, _unscaled_sign])
def test_faulty_error_feedback(check: Any, update: Callable[..., Any]) -> None:
    name = "ef-02-median"
    method = claims()[name].method
    assert not check(name, method=lambda facts, T: TamperedFeedback(method(facts, T), update)).as_expected


FAULTS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "average instead of the last point": (
        "sgx-1-drift",
        lambda c: {"bound": dataclasses.replace(claims()[c].bound, output=Average())},
    ),
    "SGD called sign descent": (
        "signsgd-outliers",
        lambda c: {"method": lambda facts, T: Projected(Subgradient(InverseSqrt(0.2)))},
    ),
    "outliers without skew": ("signsgd-outliers", lambda c: {"problem": lambda T: RareOutliers(0.6, 4.0, 1.0)}),
    "StoSignSGD called sign descent": (
        "signsgd-pairs-2-05",
        lambda c: {"method": lambda facts, T: StoSignT(facts["widths"] / math.sqrt(T))},
    ),
    "ties answered with 0": ("sgx-2-pairs", lambda c: {"problem": lambda T: SilentTies(2, 0.5, spread=0.0)}),
    "drift without its factor 1 - 2p": ("sgx-1-drift", lambda c: _scaled(c, 1.05)),
    "twice the step on a parabola": (
        "sg-01-oscillation",
        lambda c: {"method": lambda facts, T: Doubled(SignSGD(0.5))},
    ),
    "floor of sign descent times 0.99": ("sg-01-oscillation", lambda c: _scaled(c, 0.99)),
    "Gauss's chance without its half": ("sg-05-gauss", lambda c: _scaled(c, 1.2)),
    "normalised step twice as long": (
        "ng-01-oscillation",
        lambda c: {"method": lambda facts, T: Doubled(NormalizedMomentum(0.5, 1.0))},
    ),
    "AdaGrad without its root": (
        "ad-02-drift",
        lambda c: {"method": lambda facts, T: Projected(Rootless(AdaGrad(BEST * 2.0, eps=0.0)))},
    ),
    "AMSGrad without its maximum": (
        "ad-06-reddi",
        lambda c: {"method": lambda facts, T: claims()["ad-06-adam"].method(facts, T), "horizons": (30_000,)},
    ),
    "Adam with a longer memory than the claim": (
        "ad-03-reddi",
        lambda c: {
            "method": lambda facts, T: Projected(Adam(InverseSqrt(0.5), 0.0, 0.999, 0.0, bias_correction=False))
        },
    ),
    "Adam's limit without its root": ("ad-10-growing", lambda c: _scaled(c, 1.05)),
    "decay of the wrong sign": (
        "ad-12-squares",
        lambda c: {"method": lambda facts, T: Growing(SignSGD(InverseTime(4.0, 2.0), weight_decay=0.5))},
    ),
    "SGD that scales its coordinates": (
        "sgd-coordinate-bound",
        lambda c: {"method": lambda facts, T: Projected(AdaGrad(BEST, eps=0.0))},
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_noticed(check: Any, name: str) -> None:
    claim, parts = FAULTS[name]
    assert not check(claim, **parts(claim)).as_expected
