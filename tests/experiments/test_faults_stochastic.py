"""Planted faults in the stochastic rows, the exact laws and real data: each must change a verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.experiments.ledger.stochastic import RESPONSES, accelerated
from ratecheck.testbeds.impulse import ImpulseResponses
from ratecheck.testbeds.lower_bounds import BernoulliMean
from ratecheck.testbeds.multinomial import multinomial_logistic
from ratecheck.testbeds.noise import Noisy, Rademacher
from ratecheck.testbeds.quadratic import Quadratic, ravine
from ratecheck.testbeds.real_data import real_problem
from ratecheck.theory.bounds import stochastic_strong as sc
from ratecheck.theory.facts import Facts, closed_form
from ratecheck.theory.methods.accelerated import AcceleratedSA
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.clipping import ClipNorm
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import AveragedMomentum, HeavyBall, Momentum, PreviousState
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import Cosine, InverseTime, LinearDecay

Parts = dict[str, Any]


def formula(claim: str, change: Callable[[Any], Any]) -> Parts:
    bound = claims()[claim].bound
    return {"bound": dataclasses.replace(bound, value=lambda *a: change(bound.value(*a)))}


def output(claim: str, instead: Any) -> Parts:
    return {"bound": dataclasses.replace(claims()[claim].bound, output=instead)}


def later(claim: str) -> Parts:
    """The formula is evaluated one step later than the run."""
    bound = claims()[claim].bound
    return {"bound": dataclasses.replace(bound, value=lambda facts, m, steps: bound.value(facts, m, steps + 1))}


def method(make: Callable[[Facts, int], Any]) -> Parts:
    return {"method": make}


def problem(make: Callable[[int], Any]) -> Parts:
    return {"problem": make}


@dataclass(frozen=True)
class Wrapped:
    """A problem with some parts replaced."""

    inner: Any
    changed: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.changed[name] if name in self.changed else getattr(self.inner, name)

    def oracle(self, streams: Any, watch: Any = None) -> Any:
        from ratecheck.testbeds.oracle import FunctionOracle

        changes_answers = "sampled_subgradient" in self.changed
        return FunctionOracle(self, streams, watch) if changes_answers else self.inner.oracle(streams, watch)


def lying(inner: Any, **facts: Any) -> Wrapped:
    return Wrapped(inner, {"facts": Facts({**inner.facts.entries, **closed_form(**facts)})})


@dataclass(frozen=True)
class Uphill:
    """A method that adds its step."""

    inner: Any

    def init(self, x: Any) -> Any:
        return self.inner.init(x)

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        following, state = self.inner.step(x, state, oracle)
        return oracle.project(2 * x - following), state


def uphill(claim: str) -> Parts:
    rule = claims()[claim].method
    return method(lambda facts, horizon: Uphill(rule(facts, horizon)))


@dataclass(frozen=True)
class BackwardBall(HeavyBall):
    """The heavy ball with the sign of its momentum turned."""

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        following = x - self.step_size * oracle.subgradient(x) - self.momentum * (x - state.previous)
        return following, PreviousState(state.k + 1, x)


@dataclass(frozen=True)
class Unweighted(AcceleratedSA):
    """Accelerated stochastic approximation without the factor t."""

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        t = state.t + 1
        alpha = 2 / (t + 1)
        y = (1 - alpha) * x + alpha * state.z
        z = state.z - self.step_size * oracle.subgradient(y)
        return (1 - alpha) * x + alpha * z, type(state)(t, z)


@dataclass(frozen=True)
class LateCosine(Cosine):
    """Cosine decay that begins with its second step."""

    def __call__(self, k: int) -> Any:
        return Cosine.__call__(self, min(k + 1, self.horizon - 1))


def _first_label(horizon: int) -> Wrapped:
    p = multinomial_logistic()
    return Wrapped(p, {"sampled_subgradient": lambda x, u: p.sampled_subgradient(x, u * np.array([1.0, 0.0]))})


def _uncentred_coin(horizon: int) -> Wrapped:
    p = BernoulliMean(0.5)
    return Wrapped(p, {"sampled_subgradient": lambda x, u: x - (u < 0.6)})


def _missing_noise(claim: str) -> Parts:
    return problem(lambda horizon: ImpulseResponses((1.0,), (0.0,), (1.0,), RESPONSES))


def _lying_noise(sigma: float) -> Callable[[int], Any]:
    told = np.array([0.5])
    return lambda horizon: lying(ImpulseResponses((1.0,), (sigma,), (1.0,), RESPONSES), coordinate_deviations=told)


def _disagreeing(horizon: int) -> Any:
    told = {"noise_at_optimum": 0.0, "sample_smoothness": 1.0, "sample_strong_convexity": 0.25}
    return lying(Noisy(Quadratic((1.0, 0.25), (1.0, 1.0)), Rademacher((0.1, 0.1))), **told)


def _first_branch(facts: Facts, m: Any, steps: Any) -> Any:
    wrong = Facts({**facts.entries, **closed_form(smoothness=facts["strong_convexity"])})
    return sc.SC_07.value(wrong, m, steps)


def _posterior_off(facts: Facts, horizon: int) -> Subgradient:
    prior = facts["noise_variance"] / (facts["strong_convexity"] * facts["radius"]) ** 2
    return Subgradient(InverseTime(1 / facts["strong_convexity"], shift=2 + prior))


def _long_decay(facts: Facts, horizon: int) -> Projected:
    peak = facts["radius"] / (facts["lipschitz"] * np.sqrt(horizon + 1))
    return Projected(Subgradient(LinearDecay(float(peak), horizon)))


@dataclass(frozen=True)
class DownOnly(StoSignT):
    """Stochastic signs from noise on [0, 1] in place of [-1, 1]."""

    def step(self, x: Any, state: Any, oracle: Any) -> Any:
        class HalfNoise:
            subgradient = staticmethod(oracle.subgradient)
            project = staticmethod(oracle.project)

            @staticmethod
            def uniform(width: int) -> Any:
                return 0.5 + oracle.uniform(width) / 2

        return StoSignT.step(self, x, state, HalfNoise())


def _optimum_too_low(horizon: int) -> Wrapped:
    # The dual bound of the hinge loss without its conjugate: a lower bound, but no optimum.
    return lying(real_problem("wine", "svm"), f_star=-5.0)


FAULTS: list[tuple[str, str, Parts]] = [
    ("bound divided by 1.05", "sc-07-mode", formula("sc-07-mode", lambda v: v / 1.05)),
    ("bound divided by 1.05", "sc-08-mode", formula("sc-08-mode", lambda v: v / 1.05)),
    ("bound divided by 1.05", "nc-01-mode", formula("nc-01-mode", lambda v: v / 1.05)),
    ("bound divided by 1.05", "sgd-01-max-coordinate", formula("sgd-01-max-coordinate", lambda v: v / 1.05)),
    ("bound divided by 1.05", "sgd-02-max-coordinate", formula("sgd-02-max-coordinate", lambda v: v / 1.05)),
    ("bound divided by 1.05", "sgd-03-limit", formula("sgd-03-limit", lambda v: v / 1.05)),
    ("bound divided by 1.2", "sgd-07-multinomial", formula("sgd-07-multinomial", lambda v: v / 1.2)),
    ("square root of the variance", "law-sgd-variance", formula("law-sgd-variance", np.sqrt)),
    ("only one branch of the contraction", "sc-07-long-step",
     {"bound": dataclasses.replace(claims()["sc-07-long-step"].bound, value=_first_branch)}),
    ("off by one step", "sc-07-mode", later("sc-07-mode")),
    ("off by one step", "law-momentum-sum", later("law-momentum-sum")),
    ("off by one step", "law-adam-uncorrected", later("law-adam-uncorrected")),
    ("off by one step", "law-gd-ravine", later("law-gd-ravine")),
    ("off by one step", "sl-03-posterior", method(_posterior_off)),
    ("lower bound doubled", "sl-03-posterior", formula("sl-03-posterior", lambda v: 2 * v)),
    ("lower bound doubled", "sl-02-sgd", formula("sl-02-sgd", lambda v: 2 * v)),
    ("last in place of average", "sgd-01-max-coordinate", output("sgd-01-max-coordinate", Last())),
    ("schedule one step late", "law-cosine", method(lambda facts, h: Subgradient(LateCosine(0.1, 200)))),
    ("steps decay from another peak", "sgd-02-lad", method(_long_decay)),
    ("strong convexity missing in the steps", "sc-03-svm",
     method(lambda facts, h: Projected(Subgradient(InverseTime(2.0, shift=2.0))))),
    ("momentum of the wrong sign", "law-momentum-variance", method(lambda facts, h: BackwardBall(0.3, 0.5))),
    ("average in place of sum", "law-momentum-sum", method(lambda facts, h: AveragedMomentum(0.01, 0.9))),
    ("sum in place of average", "law-momentum-average", method(lambda facts, h: Momentum(0.01, 0.9))),
    ("momentum beyond the edge", "law-hb-edge-inside", method(lambda facts, h: HeavyBall(3.79, 0.89))),
    ("factor t missing", "sgd-06-modes", method(lambda facts, h: Unweighted(accelerated(facts, h).step_size))),
    ("bias correction missing", "law-adam-unit",
     method(lambda facts, h: Adam(0.01, eps=0.0, bias_correction=False))),
    ("clipped at twice the norm", "law-adam-spike-clipped",
     method(lambda facts, h: ClipNorm(Adam(0.01, eps=0.0), 2.0))),
    ("epsilon under the root", "law-adam-scale", method(lambda facts, h: Adam(0.01, eps=1e3, eps_place="inside"))),
    ("wrong sign", "sgd-01-lad", uphill("sgd-01-lad")),
    ("wrong sign", "sc-08-mode", uphill("sc-08-mode")),
    ("wrong sign", "mom-02-logistic", uphill("mom-02-logistic")),
    ("wrong sign", "mom-01-max", uphill("mom-01-max")),
    ("wrong sign", "wine-svm-sgd", uphill("wine-svm-sgd")),
    ("wrong sign", "diabetes-lad-adagrad", uphill("diabetes-lad-adagrad")),
    ("samples that disagree on the minimiser", "sgd-08-scale", problem(_disagreeing)),
    ("only the first label is drawn", "sgd-07-multinomial", problem(_first_label)),
    ("biased coin", "hp-01-mean", problem(_uncentred_coin)),
    ("noise forgotten", "law-sgd-no-floor", _missing_noise("law-sgd-no-floor")),
    ("noise forgotten", "law-sgd-variance", problem(_lying_noise(0.0))),
    ("noise forgotten", "misquoted-nc-01-no-floor", _missing_noise("misquoted-nc-01-no-floor")),
    ("noise of the wrong size", "law-sgd-variance", problem(_lying_noise(0.51))),
    ("noise of the wrong size", "law-momentum-variance", problem(_lying_noise(0.51))),
    ("batch not averaged", "nc-02-modes",
     problem(lambda h: ImpulseResponses((1.0, 0.1), (0.5, 0.5), (1.0, 1.0), RESPONSES, batch=1))),
    ("another condition number", "law-gd-ravine-rotated",
     problem(lambda h: lying(ravine(50.0, 0.8), spectrum=np.array([0.01, 1.0])))),
    ("gradient bound too small", "wine-lad-stosign",
     problem(lambda h: lying(real_problem("wine", "lad"),
                             coordinate_bounds=real_problem("wine", "lad").facts["coordinate_bounds"] / 3))),
    ("optimum too low", "wine-svm-sgd", problem(_optimum_too_low)),
    ("half of the noise of the signs", "wine-lad-stosign",
     method(lambda facts, h: DownOnly(claims()["wine-lad-stosign"].method(facts, h).step_size))),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "claim", "planted"), FAULTS, ids=[f"{claim}: {fault}" for fault, claim, _ in FAULTS])
def test_fault_is_caught(check: Any, fault: str, claim: str, planted: Parts) -> None:
    assert not check(claim, **planted).as_expected
