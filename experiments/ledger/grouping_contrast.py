"""Claims that put gradient grouping on heterogeneous and homogeneous blocks side by side, at tuned step sizes.

The step sizes are the best of each optimizer under the fair protocol of `ratecheck.experiments.grouping_table`; a
test runs the protocol again.
"""

from __future__ import annotations

from typing import Any

from ratecheck.experiments.claim import Claim, Expected
from ratecheck.experiments.grouping_table import contender
from ratecheck.testbeds.grouping import Arrangement, block_quadratic
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds.grouping_contrast import reduces, reduces_on_average
from ratecheck.theory.facts import Facts
from ratecheck.theory.method import Method
from ratecheck.theory.schedules import Cosine

TUNED_ADAM = {"het": 2.6e-8, "hom": 2.7e-6}  # median of final over initial gap, noise 0.1
HORIZON = 2000


def _claim(
    id: str,
    title: str,
    bound: Bound,
    where: tuple[Arrangement, float, int],
    what: tuple[str, str, float],
    expected: Expected,
) -> Claim:
    arrangement, noise, instances = where
    base, variant, eta = what

    def method(facts: Facts, horizon: int) -> Method:
        return contender(base, variant)(Cosine(eta, horizon))

    def problem(horizon: int) -> Any:
        return block_quadratic("B", arrangement, noise, instances)

    return Claim(
        id=id,
        title=title,
        bound=bound,
        problem=problem,
        method=method,
        horizons=(HORIZON,),
        tags=("sgg", "grouping", "contrast"),
        runs=instances,
        expected=expected,
    )


HET: tuple[Arrangement, float, int] = ("het", 0.0, 5)
HOM: tuple[Arrangement, float, int] = ("hom", 0.0, 5)
CONTRASTS = (
    _claim(
        "sgg-freeze-het",
        "one frozen scale for each block speeds gradient descent up by 17 orders of magnitude, heterogeneous",
        reduces(1e-17),
        HET,
        ("GD", "freeze K1", 3.2e-3),
        "holds",
    ),
    _claim(
        "sgg-freeze-hom",
        "one frozen scale for each block speeds gradient descent up by 17 orders of magnitude, homogeneous",
        reduces(1e-17),
        HOM,
        ("GD", "freeze K1", 1.8e-4),
        "refuted",
    ),
    _claim(
        "sgg-first-het",
        "scales from the first gradient on speed momentum up by 17 orders of magnitude, heterogeneous",
        reduces(1e-17),
        HET,
        ("heavy ball", "first", 3.2e-2),
        "holds",
    ),
    _claim(
        "sgg-first-hom",
        "scales from the first gradient on speed momentum up by 17 orders of magnitude, homogeneous",
        reduces(1e-17),
        HOM,
        ("heavy ball", "first", 1.8e-3),
        "refuted",
    ),
    _claim(
        "sgg-paper-het",
        "the recipe as printed speeds momentum up by 17 orders of magnitude, heterogeneous",
        reduces(1e-17),
        HET,
        ("heavy ball", "paper", 5.6e-3),
        "refuted",
    ),
)
ADAM: tuple[tuple[str, Arrangement, float], ...] = (
    ("paper", "het", 3.2e-2),
    ("first", "het", 1.8e-1),
    ("freeze K1", "het", 1e-1),
    ("paper", "hom", 5.6e-1),
    ("first", "hom", 5.6e-1),
)
HELPS_ADAM = tuple(
    _claim(
        f"sgg-adam-{variant.lower().replace(' ', '-')}-{arrangement}",
        f"SGG ({variant}) halves the final gap of tuned Adam on {arrangement} blocks with noise",
        reduces_on_average(TUNED_ADAM[arrangement] / 2),
        (arrangement, 0.1, 32),
        ("Adam", variant, eta),
        "refuted",
    )
    for variant, arrangement, eta in ADAM
)

CLAIMS = (*CONTRASTS, *HELPS_ADAM)
