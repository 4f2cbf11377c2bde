"""Polyak's step, for an optimal value that is known."""

from __future__ import annotations

from typing import Any

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound, Source
from ratecheck.theory.bounds.assumptions import SUBGRADIENTS_BOUNDED
from ratecheck.theory.bounds.nonsmooth import minimax
from ratecheck.theory.bounds.step_rules import per_step
from ratecheck.theory.facts import Facts
from ratecheck.theory.outputs import Average, Best, Last, MeanMeasure
from ratecheck.theory.stationarity import GAP, SQUARED_DISTANCE
from ratecheck.theory.stationarity.relative import SQUARED_GAP


def _minimax(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
    return minimax(facts, steps)


NS_08 = Bound(
    id="NS-08",
    title="best iterate with Polyak's step",
    formula=r"\min_{k\le N} f(x_k)-f^\star \le \frac{MR}{\sqrt{N+1}}",
    measure=GAP,
    output=Best(),
    value=_minimax,
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Polyak", 1969),
    provenance="paper",
    evidence=("derived here",),
    tight_on="max-coordinate",
    remark="Sum the basic inequality: the sum of (f_k-f*)^2/|g_k|^2 is at most R^2.",
)

NS_08_AVERAGE = Bound(
    id="NS-08-average",
    title="average iterate with Polyak's step",
    formula=r"f(\bar x)-f^\star \le \frac{MR}{\sqrt{N+1}}",
    measure=GAP,
    output=Average(include_last=True),
    value=_minimax,
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Polyak", 1969),
    provenance="derived",
    evidence=("derived here",),
    tight_on="max-coordinate",
    remark="Cauchy-Schwarz on the sum of squared gaps. The *last* iterate is only O(N^(-1/4)).",
)

NS_08_SQUARES = Bound(
    id="NS-08-squares",
    title="sum of squared gaps with Polyak's step",
    formula=r"\frac1N\sum_{k<N} (f(x_k)-f^\star)^2 \le \frac{M^2R^2}{N}",
    measure=SQUARED_GAP,
    output=MeanMeasure(),
    value=lambda facts, method, steps: (facts["lipschitz"] * facts["radius"]) ** 2 / steps,
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Polyak", 1969),
    provenance="paper",
    evidence=("derived here",),
)

NS_09 = Bound(
    id="NS-09",
    title="Polyak's step on a sharp function: linear convergence",
    formula=r"\|x_N-x^\star\|^2 \le (1-m^2/M^2)^N R^2",
    measure=SQUARED_DISTANCE,
    output=Last(),
    value=lambda facts, method, steps: (
        facts["radius"] ** 2 * (1 - per_step(facts["sharpness"]) ** 2 / facts["lipschitz"] ** 2) ** steps
    ),
    assumptions=(SUBGRADIENTS_BOUNDED,),
    source=Source("Polyak", 1969),
    provenance="paper",
    evidence=("recalled", "derived here"),
    tight_on="sharp corner",
)

BOUNDS = (NS_08, NS_08_AVERAGE, NS_08_SQUARES, NS_09)
