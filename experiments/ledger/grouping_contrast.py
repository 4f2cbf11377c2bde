"""Claims that put gradient grouping on heterogeneous and homogeneous blocks side by side, at tuned step sizes.

The step sizes are the best of each optimizer under the fair protocol, `ratecheck.experiments.grouping_study.OPTIMA`; a
test runs the protocol again for every one of them. What tuned Adam reaches is measured when a claim is run.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim, Expected
from ratecheck.experiments.engine import simulate
from ratecheck.experiments.grouping_study import OPTIMA, Row
from ratecheck.experiments.grouping_table import VARIANTS, contender
from ratecheck.testbeds.grouping import block_quadratic
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.grouping_contrast import LOG_RATIO, reduces, reduces_on_average
from ratecheck.theory.facts import Facts
from ratecheck.theory.method import Method
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import Cosine

HORIZON = 2000
INSTANCES = {0.0: 5, 0.1: 32}  # by the noise


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table: a row and the variant of its base, some steps of the grid below the best step size."""

    row: Row
    variant: str
    below: int = 0

    @property
    def step_size(self) -> float:
        """The peak step size."""
        return 10.0 ** ((OPTIMA[self.row][list(VARIANTS).index(self.variant)] - self.below) / 4)

    def problem(self) -> Any:
        """Return the instances."""
        noise, arrangement, _ = self.row
        return block_quadratic("B", arrangement, noise, INSTANCES[noise])

    def method(self, horizon: int) -> Method:
        """Return the optimizer at its step size."""
        return contender(self.row[2], self.variant)(Cosine(self.step_size, horizon))


def _claim(id: str, title: str, bound: Bound, cell: Cell, expected: Expected) -> Claim:
    return Claim(
        id=id,
        title=title,
        bound=bound,
        problem=lambda horizon: cell.problem(),
        method=lambda facts, horizon: cell.method(horizon),
        horizons=(HORIZON,),
        tags=("sgg", "grouping", "contrast"),
        runs=INSTANCES[cell.row[0]],
        expected=expected,
    )


FROZEN_HET, FROZEN_HOM = Cell((0.0, "het", "GD"), "freeze K1"), Cell((0.0, "hom", "GD"), "freeze K1")
# At the best step size of the median one instance in five diverges.
FIRST_HET = Cell((0.0, "het", "heavy ball"), "first", below=1)
FIRST_HOM = Cell((0.0, "hom", "heavy ball"), "first")
PAPER_HET = Cell((0.0, "het", "heavy ball"), "paper")
CONTRASTS = (
    _claim(
        "sgg-freeze-het",
        "one frozen scale for each block speeds gradient descent up by 17 orders of magnitude, heterogeneous",
        reduces(1e-17),
        FROZEN_HET,
        "holds",
    ),
    _claim(
        "sgg-freeze-hom",
        "one frozen scale for each block speeds gradient descent up by 17 orders of magnitude, homogeneous",
        reduces(1e-17),
        FROZEN_HOM,
        "refuted",
    ),
    _claim(
        "sgg-first-het",
        "scales from the first gradient on speed momentum up by 17 orders of magnitude, heterogeneous",
        reduces(1e-17),
        FIRST_HET,
        "holds",
    ),
    _claim(
        "sgg-first-hom",
        "scales from the first gradient on speed momentum up by 17 orders of magnitude, homogeneous",
        reduces(1e-17),
        FIRST_HOM,
        "refuted",
    ),
    _claim(
        "sgg-paper-het",
        "the recipe as printed speeds momentum up by 17 orders of magnitude, heterogeneous",
        reduces(1e-17),
        PAPER_HET,
        "refuted",
    ),
)


@cache
def base_level(row: Row, horizon: int = HORIZON) -> float:
    """Return the mean logarithm of the reduction, shifted as in `LOG_RATIO`, that the tuned base reaches on a row."""
    cell = Cell(row, "base")
    problem = cell.problem()
    streams = Streams(0, "tuned base", range(problem.instances))
    trace = simulate(problem, cell.method(horizon), Last(), LOG_RATIO, steps=np.array([horizon]), streams=streams)
    return float(trace.values.mean())


def _half_of_base(row: Row) -> Callable[[Facts, Any, IntArray], FloatArray]:
    def value(facts: Facts, method: Any, steps: IntArray) -> FloatArray:
        return np.array([base_level(row, int(T)) for T in steps]) - math.log10(2)

    return value


def halves_the_gap_of_the_base(row: Row) -> Bound:
    """Return the statement that the gap is half of that of the tuned base, in the geometric mean over instances."""
    return dataclasses.replace(
        reduces_on_average(0.5),
        id=f"SGG-X3-{row[1]}",
        title="the gap is half of that of the tuned base on the same instances, in the geometric mean",
        formula=r"E\log_{10}(f(x_T)-f^\star) \le E\log_{10}(f(x_T^{\mathrm{base}})-f^\star)-\log_{10}2",
        value=_half_of_base(row),
    )


ADAM = (("paper", "het"), ("first", "het"), ("freeze K1", "het"), ("paper", "hom"), ("first", "hom"))
HELPS_ADAM = tuple(
    _claim(
        f"sgg-adam-{variant.lower().replace(' ', '-')}-{arrangement}",
        f"SGG ({variant}) halves the final gap of tuned Adam on {arrangement} blocks with noise",
        halves_the_gap_of_the_base((0.1, arrangement, "Adam")),  # type: ignore[arg-type]
        Cell((0.1, arrangement, "Adam"), variant),  # type: ignore[arg-type]
        "refuted",
    )
    for variant, arrangement in ADAM
)
CELLS = (
    FROZEN_HET,
    FROZEN_HOM,
    FIRST_HET,
    FIRST_HOM,
    PAPER_HET,
    *(
        Cell((0.1, arrangement, "Adam"), variant)  # type: ignore[arg-type]
        for variant, arrangement in (*ADAM, ("base", "het"), ("base", "hom"))
    ),
)

CLAIMS = (*CONTRASTS, *HELPS_ADAM)
