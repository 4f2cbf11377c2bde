r"""Online convex optimization: regret on a set of diameter D against losses with gradients of norm at most G.

T counts rounds; a round is one step of the method.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray, row_norm
from ratecheck.theory.bound import Assumption, Bound, Source, innermost
from ratecheck.theory.bounds.step_rules import steps_are, used_steps
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import LOSSES_ON_BALL
from ratecheck.theory.outputs import Last
from ratecheck.theory.stationarity import REGRET


def _gradient_excess(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    return row_norm(g) / facts["gradient_bound"] - 1


GRADIENTS_BOUNDED = Assumption("every loss has a gradient of norm at most G", on_query=_gradient_excess)


def _diameter_steps(factor: float) -> Any:
    def rule(facts: Facts, T: int) -> FloatArray:
        return facts["diameter"] / (facts["gradient_bound"] * np.sqrt(factor * np.arange(1, T + 1)))

    return rule


def _horizon_step(facts: Facts, T: int) -> FloatArray:
    return np.array([facts["diameter"] / (facts["gradient_bound"] * math.sqrt(T))])


_HORIZON_STEP = steps_are("the step is D/(G sqrt(T))", _horizon_step)


def diameter_regret(factor: float) -> Any:
    """Return the formula factor * D G sqrt(T)."""

    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return factor * facts["diameter"] * facts["gradient_bound"] * np.sqrt(steps)

    return value


def _constant_step(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    D, G, gamma = facts["diameter"], facts["gradient_bound"], innermost(method).step_size
    return D**2 / (2 * gamma) + gamma * G**2 * steps / 2


def _any_steps(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    D, G = facts["diameter"], facts["gradient_bound"]
    gamma = used_steps(method, int(steps[-1]))
    return D**2 / (2 * gamma[steps - 1]) + G**2 * np.cumsum(gamma)[steps - 1] / 2


def _zinkevich(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["diameter"] ** 2 * np.sqrt(steps) / 2 + (np.sqrt(steps) - 0.5) * facts["gradient_bound"] ** 2


def _logarithmic(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["gradient_bound"] ** 2 * (1 + np.log(steps)) / (2 * facts["strong_convexity"])


def _frank_wolfe(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return 4 / 3**0.75 * facts["gradient_bound"] * facts["diameter"] * steps**0.75


def _frank_wolfe_setup(facts: Facts, method: Any, horizon: int) -> float:
    inner = innermost(method)
    eta = facts["diameter"] / (2 * facts["gradient_bound"]) * (3 / horizon) ** 0.75
    return max(abs(inner.step_size / eta - 1), abs(inner.weight / min(1.0, math.sqrt(3 / horizon)) - 1))


def absolute_walk(steps: IntArray) -> FloatArray:
    """Return E|e_1 + ... + e_T| of independent signs, 2 ceil(T/2) binom(T, ceil(T/2)) / 2^T."""
    half = (np.asarray(steps) + 1) // 2
    log_binomial = np.array(
        [math.lgamma(T + 1) - math.lgamma(h + 1) - math.lgamma(T - h + 1) for T, h in zip(steps, half)]
    )
    return 2 * half * np.exp(log_binomial - np.asarray(steps) * math.log(2))


def _walk_regret(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["diameter"] * facts["gradient_bound"] / 2 * absolute_walk(steps)


def _online(id: str, title: str, formula: str, value: Any, source: Source, **other: Any) -> Bound:
    fields: dict[str, Any] = {
        "measure": REGRET,
        "output": Last(),
        "exponent": 0.5,
        "assumptions": (GRADIENTS_BOUNDED,),
        "provenance": "paper",
        "evidence": ("recalled", "derived here"),
        **other,
    }
    return Bound(id=id, title=title, formula=formula, value=value, source=source, **fields)


_ZINKEVICH = Source("Zinkevich", 2003, "theorem 1")
_PEP: dict[str, Any] = {"evidence": ("derived here", "performance estimation")}

OCO_01 = _online(
    "OCO-01",
    "online gradient descent with a constant step",
    r"\mathrm{Reg}_T \le \frac{D^2}{2\gamma}+\frac{\gamma G^2T}{2}",
    _constant_step,
    _ZINKEVICH,
    anytime=False,
    tight_on="orthogonal losses",
    remark="With gamma = D/(G sqrt(T)) it is DG sqrt(T), and exact.",
    **_PEP,
)

OCO_02 = _online(
    "OCO-02",
    "online gradient descent with steps D/(G sqrt(t))",
    r"\mathrm{Reg}_T \le \tfrac32 DG\sqrt T",
    diameter_regret(1.5),
    Source("Hazan", 2016, "theorem 3.1"),
    assumptions=(GRADIENTS_BOUNDED, steps_are("the step is D/(G sqrt(t))", _diameter_steps(1.0))),
    evidence=("recalled", "performance estimation"),
)

OCO_02_FINE = _online(
    "OCO-02-fine",
    "online gradient descent with decreasing steps",
    r"\mathrm{Reg}_T \le \frac{D^2}{2\gamma_T}+\frac{G^2}{2}\sum_{t\le T}\gamma_t",
    _any_steps,
    _ZINKEVICH,
    **_PEP,
)

OCO_03 = _online(
    "OCO-03",
    "online gradient descent with steps D/(G sqrt(2t))",
    r"\mathrm{Reg}_T \le \sqrt2\,DG\sqrt T",
    diameter_regret(math.sqrt(2)),
    Source("ratecheck, from OCO-02-fine", 2026),
    assumptions=(GRADIENTS_BOUNDED, steps_are("the step is D/(G sqrt(2t))", _diameter_steps(2.0))),
    provenance="derived",
    **_PEP,
)

OCO_04 = _online(
    "OCO-04",
    "online gradient descent with steps 1/sqrt(t)",
    r"\mathrm{Reg}_T \le \frac{D^2\sqrt T}{2}+\bigl(\sqrt T-\tfrac12\bigr)G^2",
    _zinkevich,
    _ZINKEVICH,
    assumptions=(GRADIENTS_BOUNDED, steps_are("the step is 1/sqrt(t)", lambda f, T: 1 / np.sqrt(np.arange(1, T + 1)))),
)

OCO_05 = _online(
    "OCO-05",
    "the minimax player on a ball of radius r",
    r"\mathrm{Reg}_T \le rG\sqrt T",
    diameter_regret(0.5),
    Source("Abernethy, Bartlett, Rakhlin and Tewari", 2008),
    anytime=False,
    evidence=("recalled",),
    tight_on="perpendicular adversary",
    remark="No player does better in dimension 3 and more: OCO-L2.",
    function_class=LOSSES_ON_BALL,
)

OCO_06 = _online(
    "OCO-06",
    "follow the regularised leader (lazy online gradient descent)",
    r"\mathrm{Reg}_T \le DG\sqrt T",
    diameter_regret(1.0),
    Source("Shalev-Shwartz", 2012),
    anytime=False,
    assumptions=(GRADIENTS_BOUNDED, _HORIZON_STEP),
    evidence=("statement read", "performance estimation"),
    tight_on="orthogonal losses",
)

OCO_07 = _online(
    "OCO-07",
    "online gradient descent on strongly convex losses",
    r"\mathrm{Reg}_T \le \frac{G^2(1+\ln T)}{2\lambda}",
    _logarithmic,
    Source("Hazan, Agarwal and Kale", 2007),
    exponent=None,
    assumptions=(
        GRADIENTS_BOUNDED,
        steps_are("the step is 1/(lambda t)", lambda f, T: 1 / (f["strong_convexity"] * np.arange(1, T + 1))),
    ),
    tight_on="moving targets, at T = 1",
)

OCO_08 = _online(
    "OCO-08",
    "online Frank-Wolfe",
    r"\mathrm{Reg}_T \le \frac{4}{3^{3/4}}GDT^{3/4}",
    _frank_wolfe,
    Source("Weibel, Gaillard, Koolen and Taylor", 2025, "theorem 2.1"),
    exponent=0.75,
    anytime=False,
    assumptions=(
        GRADIENTS_BOUNDED,
        Assumption("eta = D/(2G) (3/T)^(3/4) and sigma = min{1, sqrt(3/T)}", on_setup=_frank_wolfe_setup),
    ),
    evidence=("statement read", "performance estimation"),
)

OCO_L1 = _online(
    "OCO-L1",
    "no player has expected regret below DG sqrt(T/8) against random signs",
    r"\mathbb E\,\mathrm{Reg}_T \ge \frac{DG\sqrt T}{2\sqrt2}",
    diameter_regret(1 / (2 * math.sqrt(2))),
    Source("Orabona", 2019, "theorem 5.1; the constant by Khintchine and Szarek"),
    kind="expectation",
    side="lower",
    evidence=("statement read", "derived here"),
    remark="Equality at T = 2.",
)

OCO_L1_EXACT = _online(
    "OCO-L1-exact",
    "every player has the same expected regret against random signs",
    r"\mathbb E\,\mathrm{Reg}_T = \frac{DG}{2}\,\mathbb E|\varepsilon_1+\dots+\varepsilon_T|",
    _walk_regret,
    Source("ratecheck, from the proof of OCO-L1", 2026),
    kind="expectation",
    side="equal",
    provenance="derived",
    evidence=("derived here",),
)

OCO_L2 = _online(
    "OCO-L2",
    "no player on a ball of dimension 3 or more has regret below rG sqrt(T)",
    r"\mathrm{Reg}_T \ge rG\sqrt T = \tfrac12 DG\sqrt T",
    diameter_regret(0.5),
    Source("Abernethy, Bartlett, Rakhlin and Tewari", 2008),
    side="lower",
    evidence=("derived here",),
    tight_on="perpendicular adversary",
)

BOUNDS = (
    OCO_01,
    OCO_02,
    OCO_02_FINE,
    OCO_03,
    OCO_04,
    OCO_05,
    OCO_06,
    OCO_07,
    OCO_08,
    OCO_L1,
    OCO_L1_EXACT,
    OCO_L2,
)
