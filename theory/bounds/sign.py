"""Sign, normalised and compressed methods: where sign descent fails exactly, and what is true of it.

"Coordinate smooth" means |f(y) - f(x) - <grad f(x), y - x>| <= 1/2 sum_i L_i (y_i - x_i)^2; the noise in coordinate i
has standard deviation sigma_i. K is the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption, Bound, Evidence, Source, innermost
from ratecheck.theory.bounds.stosign_law import DECREASE
from ratecheck.theory.bounds.stosign_setup import CONSTANT_STEPS, relative_change, step_scale
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import SMOOTH
from ratecheck.theory.outputs import Average, Best, Last, MeanMeasure
from ratecheck.theory.stationarity import GAP, GRADIENT_NORM, GRADIENT_NORM_L1, REGRET, SQUARED_GRADIENT_NORM

BERNSTEIN = "Bernstein, Wang, Azizzadenesheli and Anandkumar"
KARIMIREDDY = "Karimireddy, Rebjock, Stich and Jaggi"


def _sign_descent(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    delta = float(step_scale(method))
    return facts["initial_gap"] / (delta * steps) + delta * float(np.sum(_coordinate_smoothness(facts))) / 2


def _coordinate_smoothness(facts: Facts) -> FloatArray:
    """Return L_i; in one dimension it is the smoothness."""
    return facts["coordinate_smoothness"] if "coordinate_smoothness" in facts else np.array([facts["smoothness"]])


def _signsgd(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    L, sigma = float(np.sum(facts["coordinate_smoothness"])), float(np.sum(facts["coordinate_deviations"]))
    return (np.sqrt(L) * (facts["initial_gap"] + 0.5) + 2 * sigma) / np.sqrt(steps)


def _not_tuned(facts: Facts, method: Any, horizon: int) -> float:
    delta = 1 / np.sqrt(float(np.sum(facts["coordinate_smoothness"])) * horizon)
    return relative_change(step_scale(method), np.asarray(delta))


def markov(S: FloatArray) -> FloatArray:
    """Return the bound 1/S on the chance of a wrong sign, S the signal over the standard deviation."""
    return 1 / S


def cantelli(S: FloatArray) -> FloatArray:
    """Return 1/(1 + S^2), exact on two-point laws."""
    return 1 / (1 + S**2)


def gauss(S: FloatArray) -> FloatArray:
    """Return Gauss's bound for unimodal symmetric noise, exact for uniform noise where S < 2/sqrt(3)."""
    return np.where(2 / np.sqrt(3) < S, 2 / (9 * S**2), 0.5 - S / (2 * np.sqrt(3)))


def _decrease_given(chance: Callable[[FloatArray], FloatArray]) -> Callable[[Facts, Any, IntArray], FloatArray]:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        g = np.abs(facts["slopes"])
        wrong = np.minimum(chance(g / facts["coordinate_deviations"]), 1.0)
        return steps * float(step_scale(method)) * float(np.sum(g * (1 - 2 * wrong)))

    return value


def _drift(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["wrong_gap"] / 2 + steps * float(step_scale(method)) * facts["sign_drift"]


def _leaves_interval(facts: Facts, method: Any, horizon: int) -> float:
    return float(step_scale(method)) * horizon - 1


def _invariant(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return np.full(steps.shape, float(facts["invariant_gap"]))


def _majority(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return facts["mean_slope"] * (2 * steps - 1 / float(step_scale(method)))


def _error_feedback(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, L, second = float(step_scale(method)), facts["smoothness"], facts["second_moment"]
    kept = 1 / len(facts["x_star"])
    lost = (1 - kept) / kept**2
    return 2 * facts["initial_gap"] / (gamma * steps) + gamma * L * second + 4 * gamma**2 * L**2 * second * lost


def _error_feedback_gap(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    gamma, second, offsets = float(step_scale(method)), facts["second_moment"], facts["offsets"]
    kept = 1 / len(offsets)
    return float(offsets @ offsets) / (2 * gamma * steps) + gamma * second * (0.5 + 2 * np.sqrt(1 - kept) / kept)


def _normalized(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta = float(step_scale(method))
    return facts["initial_gap"] / (eta * steps) + facts["smoothness"] * eta / 2


def _normalized_momentum(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    eta, a = float(step_scale(method)), innermost(method).weight
    L, sigma = facts["smoothness"], np.sqrt(facts["noise_variance"])
    noise = sigma / (a * steps) + np.sqrt(a) * sigma + eta * L / a
    return 3 * facts["initial_gap"] / (eta * steps) + 1.5 * L * eta + 8 * noise


SG_01 = Bound(
    id="SG-01",
    title="mean l1 norm of the gradient along sign descent with steps delta",
    formula=r"\frac1K\sum_k\|\nabla f(x_k)\|_1 \le \frac{\Delta}{\delta K}+\frac{\delta\|L\|_1}{2}",
    measure=GRADIENT_NORM_L1,
    output=MeanMeasure(),
    value=_sign_descent,
    exponent=None,
    assumptions=(CONSTANT_STEPS,),
    source=Source(BERNSTEIN, 2018, "argument of theorem 1, without noise"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="sign oscillation",
)

SG_02 = Bound(
    id="SG-02",
    title="signSGD with batches as large as the number of steps",
    formula=r"\left(E\frac1K\sum_k\|\nabla f(x_k)\|_1\right)^2 \le \frac1K\left[\sqrt{\|L\|_1}(\Delta+\tfrac12)"
    r"+2\|\sigma\|_1\right]^2",
    measure=GRADIENT_NORM_L1,
    output=MeanMeasure(),
    value=_signsgd,
    kind="expectation",
    anytime=False,
    exponent=-0.5,
    assumptions=(Assumption("the step size is 1/sqrt(||L||_1 K)", on_setup=_not_tuned),),
    source=Source(BERNSTEIN, 2018, "theorem 1"),
    provenance="paper",
    evidence=("statement read",),
    remark="Each of the K steps averages K samples; the left side is the square of an expectation.",
)


def _wrong_sign(
    letter: str, words: str, formula: str, chance: Callable[[FloatArray], FloatArray], tight_on: str = ""
) -> Bound:
    evidence: tuple[Evidence, ...] = ("derived here",) if letter == "c" else ("statement read", "derived here")
    return Bound(
        id=f"SG-05{letter}",
        title=f"a sign is wrong with probability at most {words}",
        formula=r"E[f(x_0)-f(x_T)] \ge T\delta\sum_i|g_i|(1-2p_i) \;(f \text{ linear}), \quad "
        rf"p={formula}, \; S=|g|/\sigma",
        measure=DECREASE,
        output=Last(),
        value=_decrease_given(chance),
        kind="expectation",
        side="lower",
        assumptions=(CONSTANT_STEPS,),
        source=Source(BERNSTEIN, 2018, "lemma on the chance of a wrong sign"),
        provenance="derived" if letter == "c" else "paper",
        evidence=evidence,
        tight_on=tight_on,
    )


SG_05M = _wrong_sign("m", "sigma/|g| (Markov)", "1/S", markov)
SG_05C = _wrong_sign("c", "1/(1 + S^2) (Cantelli)", "1/(1+S^2)", cantelli)
SG_05G = _wrong_sign(
    "g", "that of uniform noise (Gauss), for unimodal symmetric noise", r"\tfrac12-S/(2\sqrt3)", gauss, "fixed slope"
)

SGX_1 = Bound(
    id="SGX-1",
    title="sign descent drifts to the maximiser of a linear function with rare large gradients",
    formula=r"E f(x_T) = f(x_0) + T\delta\, E g\,(1-2p)",
    measure=GAP,
    output=Last(),
    value=_drift,
    kind="expectation",
    side="equal",
    assumptions=(
        CONSTANT_STEPS,
        Assumption("the steps are too short to reach the ends", on_setup=_leaves_interval),
    ),
    source=Source(KARIMIREDDY, 2019, "counterexample 1"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    remark="With g = 4 once in four, else -1: +delta/8 in each step.",
)

SGX_2 = Bound(
    id="SGX-2",
    title="sign descent never gets below the least value on the line that it cannot leave",
    formula=r"\min_{k\le T} f(x_k)-f^\star \ge \min_{z(x)=z(x_0)} f(x)-f^\star",
    measure=GAP,
    output=Best(),
    value=_invariant,
    side="lower",
    source=Source(KARIMIREDDY, 2019, "counterexamples 2 and 3"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    tight_on="opposed pairs",
    remark="epsilon d on opposed pairs, 8 epsilon^2 on opposed squares (SGX-3), for every step rule.",
)

SGX_4 = Bound(
    id="SGX-4",
    title="sign descent has linear regret on periodic spikes",
    formula=r"R_T \ge \frac{A-3}{4}\left(2T-\frac1\delta\right)",
    measure=REGRET,
    output=Last(),
    value=_majority,
    side="lower",
    assumptions=(CONSTANT_STEPS,),
    source=Source(KARIMIREDDY, 2019, "counterexample 1, made an online problem here"),
    provenance="derived",
    evidence=("derived here",),
    remark="Period 4, from the centre: x climbs by 2 delta in each period, pays (A-3)x, and -1 would have gained A-3.",
)

EF_01 = Bound(
    id="EF-01",
    title="SGD with error feedback and the scaled sign",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\|^2 \le \frac{2\Delta}{\gamma T}+\gamma L\sigma^2"
    r"+\frac{4\gamma^2L^2\sigma^2(1-\delta)}{\delta^2}, \qquad \delta=1/d",
    measure=SQUARED_GRADIENT_NORM,
    output=MeanMeasure(),
    value=_error_feedback,
    kind="expectation",
    assumptions=(CONSTANT_STEPS,),
    source=Source(KARIMIREDDY, 2019, "theorem II"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    remark="sigma^2 bounds the second moment of the gradient, not its variance.",
)

EF_02 = Bound(
    id="EF-02",
    title="SGD with error feedback and the scaled sign on nonsmooth convex functions",
    formula=r"E f(\bar x_T)-f^\star \le \frac{R^2}{2\gamma T}"
    r"+\gamma\sigma^2\left(\frac12+\frac{2\sqrt{1-\delta}}{\delta}\right)",
    measure=GAP,
    output=Average(),
    value=_error_feedback_gap,
    kind="expectation",
    assumptions=(CONSTANT_STEPS,),
    source=Source(KARIMIREDDY, 2019, "in the manner of theorem II"),
    provenance="derived",
    evidence=("derived here",),
    remark="x - e takes plain SGD steps, and <g, e> has mean at most 2 gamma sigma^2 sqrt(1 - delta)/delta.",
)

NG_01 = Bound(
    id="NG-01",
    title="mean norm of the gradient along normalised gradient descent",
    formula=r"\frac1T\sum_t\|\nabla f(x_t)\| \le \frac{\Delta}{\eta T}+\frac{L\eta}{2}",
    measure=GRADIENT_NORM,
    output=MeanMeasure(),
    value=_normalized,
    assumptions=(CONSTANT_STEPS,),
    source=Source("Cutkosky and Mehta", 2020, "argument of theorem 1, without noise"),
    provenance="derived",
    evidence=("derived here",),
    tight_on="sign oscillation",
    function_class=SMOOTH,
)

NG_02 = Bound(
    id="NG-02",
    title="normalised SGD with momentum",
    formula=r"\frac1T\sum_t E\|\nabla f(x_t)\| \le \frac{3\Delta}{\eta T}+\frac{3L\eta}{2}"
    r"+8\left[\frac{\sigma}{aT}+\sqrt a\,\sigma+\frac{\eta L}{a}\right]",
    measure=GRADIENT_NORM,
    output=MeanMeasure(),
    value=_normalized_momentum,
    kind="expectation",
    assumptions=(CONSTANT_STEPS,),
    source=Source("Cutkosky and Mehta", 2020, "theorem 1, before tuning"),
    provenance="paper",
    evidence=("recalled", "derived here"),
    remark="The constants are one to two orders above anything observed.",
)

BOUNDS = (SG_01, SG_02, SG_05M, SG_05C, SG_05G, SGX_1, SGX_2, SGX_4, EF_01, EF_02, NG_01, NG_02)
