"""The whole table of gradient grouping beside the values that were recorded once, with other instances.

A recorded value is the median of five instances at the best step size for them. What it may be by chance is found by
drawing five of the instances here at random, again and again, and tuning for each draw: a recorded value agrees if it
is within the middle 99 % of those medians. The grid of step sizes starts around the optimum of an earlier run and
grows, as always, until the best is inside it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.fair_protocol import Make, Protocol, Tuned
from ratecheck.experiments.grid import Grid, save_grid
from ratecheck.experiments.grouping_table import BASES, PERIOD, VARIANTS, contender, protocol
from ratecheck.testbeds.grouping import Arrangement, block_quadratic
from ratecheck.testbeds.streams import word
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.grouping import SGG
from ratecheck.theory.methods.grouping_scales import Grouping
from ratecheck.theory.methods.layers import layers_of
from ratecheck.theory.schedules import Constant, Schedule

SEEDS = 15
AROUND = 2  # steps of the grid on each side of the earlier optimum
RECORDED_SEEDS, DRAWS, SHARE = 5, 2000, 0.99
Row = tuple[float, Arrangement, str]
# For each row and each of `VARIANTS`: the recorded value, and four times log10 of the best step size here.
RECORDED: dict[Row, tuple[float, ...]] = {
    (0.0, "het", "GD"): (1.7e-4, 9.4e-5, 2.3e-5, 2.4e-21, 1.3e-33, 1.5e-3),
    (0.0, "het", "heavy ball"): (1.9e-10, 9.3e-9, 7.7e-86, 9.4e-84, 2.3e-87, 3.1e-87),
    (0.0, "het", "Adam"): (1.7e-91, 7.9e-72, 5.3e-74, 8.9e-90, 2.9e-86, 6.5e-87),
    (0.0, "hom", "GD"): (1.5e-4, 3.1e-4, 4.1e-4, 3.4e-4, 1.7e-4, 1.7e-4),
    (0.0, "hom", "heavy ball"): (2.2e-10, 2.3e-6, 1.0e-5, 2.5e-6, 1.6e-8, 5.9e-6),
    (0.0, "hom", "Adam"): (1.2e-10, 1.9e-7, 3.3e-6, 1.4e-7, 1.2e-10, 1.5e-7),
    (0.1, "het", "GD"): (1.7e-4, 7.9e-5, 5.1e-8, 2.4e-8, 2.2e-8, 2.6e-8),
    (0.1, "het", "heavy ball"): (7.9e-8, 4.5e-8, 3.9e-8, 2.1e-8, 2.2e-8, 2.6e-8),
    (0.1, "het", "Adam"): (3.2e-8, 6.7e-8, 9.9e-8, 8.1e-8, 6.9e-8, 6.9e-8),
    (0.1, "hom", "GD"): (1.5e-4, 2.7e-4, 3.0e-4, 3.2e-4, 1.7e-4, 1.5e-4),
    (0.1, "hom", "heavy ball"): (2.1e-6, 3.0e-6, 3.0e-6, 4.2e-6, 2.1e-6, 2.1e-6),
    (0.1, "hom", "Adam"): (2.5e-6, 2.8e-6, 2.2e-6, 2.2e-6, 2.5e-6, 2.3e-6),
}
OPTIMA: dict[Row, tuple[int, ...]] = {
    (0.0, "het", "GD"): (-14, -14, -14, -10, -10, -17),
    (0.0, "het", "heavy ball"): (-9, -9, -5, -5, -5, -5),
    (0.0, "het", "Adam"): (2, -1, -1, 4, 4, 2),
    (0.0, "hom", "GD"): (-14, -16, -16, -17, -15, -14),
    (0.0, "hom", "heavy ball"): (-9, -11, -11, -11, -9, -10),
    (0.0, "hom", "Adam"): (0, 0, -1, 0, 0, 2),
    (0.1, "het", "GD"): (-14, -13, -10, -11, -11, -11),
    (0.1, "het", "heavy ball"): (-9, -10, -11, -13, -13, -11),
    (0.1, "het", "Adam"): (-8, -6, -3, -4, -4, -3),
    (0.1, "hom", "GD"): (-14, -16, -16, -17, -15, -14),
    (0.1, "hom", "heavy ball"): (-9, -11, -11, -11, -10, -10),
    (0.1, "hom", "Adam"): (4, 0, -1, 0, 4, -1),
}
BLOCKS = layers_of(3, 3, 3)


@dataclass(frozen=True, slots=True)
class Small:
    """A row of the small testbed: three blocks of three, constant steps."""

    group: str
    name: str
    make: Make
    horizon: int
    recorded: float
    at: int  # four times log10 of the best step size
    relative: float = 0.0


def _live(base: Callable[[Schedule], Any], **rule: Any) -> Make:
    return lambda eta: SGG(base(eta), Grouping(**({"smoothing": 0.9, "eps": 0.0} | rule)), BLOCKS, PERIOD)


def _frozen(clamp: tuple[float, float]) -> Make:
    rule = Grouping(clusters=1, first_value=True, clamp=clamp, eps=0.0)
    return lambda eta: SGG(Subgradient(eta), rule, BLOCKS, when="once", at_once=True)


def _inverse_curvature(eta: Schedule) -> Subgradient:
    """Gradient descent with the scales 1 / lambda_max of each block, clamped at a ratio of 100."""
    scale = 1 / np.repeat([3.0, 101.0, 5000.0], 3)
    factors = np.minimum(scale / scale.min(), 100.0)
    return Subgradient(lambda k: eta(k) * factors)


ONE, LIVE, RELATIVE = "gradient descent, 1000 steps", "gradient descent, 3000 steps", "heavy ball, relative noise 0.5"
SMALL = (
    Small(ONE, "none", Subgradient, 1000, 2.3e-4, -14),
    Small(ONE, "frozen, clamp 0.1 to 10", _frozen((0.1, 10.0)), 1000, 2.1e-32, -10),
    Small(ONE, "frozen, clamp 1e-3 to 1e3", _frozen((1e-3, 1e3)), 1000, 2.5e-110, -10),
    Small(ONE, "1 / curvature, ratio 100", _inverse_curvature, 1000, 2.1e-32, -14),
    Small(LIVE, "none", Subgradient, 3000, 2.7e-5, -14),
    Small(LIVE, "live, smoothing 0.9", _live(Subgradient), 3000, 2.8e-4, -14),
    Small(LIVE, "live, smoothing 0", _live(Subgradient, smoothing=0.0), 3000, 1.1e-4, -14),
    Small(LIVE, "live, smoothing 0.99", _live(Subgradient, smoothing=0.99), 3000, 3.7e-5, -14),
    Small(LIVE, "live, clamp 0.5 to 2", _live(Subgradient, clamp=(0.5, 2.0)), 3000, 4.7e-5, -14),
    Small(RELATIVE, "none", BASES["heavy ball"], 3000, 3.0e-9, -10, 0.5),
    Small(RELATIVE, "live, smoothing 0.9", _live(BASES["heavy ball"]), 3000, 3.0e-14, -10, 0.5),
    Small(RELATIVE, "live, smoothing 0", _live(BASES["heavy ball"], smoothing=0.0), 3000, 3e-106, -10, 0.5),
)


def chance(tuned: Tuned, seeds: int = RECORDED_SEEDS) -> FloatArray:
    """Return the middle 99 % of what the best median over `seeds` instances is by chance, shape (2,)."""
    finals = tuned.finals
    random = np.random.default_rng(word("chance of a median"))
    drawn = random.integers(finals.shape[1], size=(DRAWS, seeds))
    best = np.sort(finals[:, drawn], axis=2)[:, :, seeds // 2].min(axis=0)
    return np.quantile(best, ((1 - SHARE) / 2, (1 + SHARE) / 2), method="nearest")


def _window(given: Protocol, at: int, around: int = AROUND) -> Protocol:
    low, high = (10.0 ** ((at + side) / given.per_decade) for side in (-around, around))
    return dataclasses.replace(given, low=low, high=high)


def tuned_cell(key: Row, variant: str, horizon: int = 2000, seeds: int = SEEDS) -> Tuned:
    """Return the tuned result of one cell of the table, from the step sizes around its earlier optimum."""
    noise, arrangement, base = key
    at = OPTIMA[key][list(VARIANTS).index(variant)]
    return _window(protocol(arrangement, noise, base, horizon, seeds), at).tune(contender(base, variant))


def _cells(tuned: Iterable[tuple[Tuned, float]], columns: int) -> dict[str, FloatArray]:
    found = list(tuned)
    values = np.array([one.finals[one.best] for one, _ in found])
    recorded = np.array([(value, value) for _, value in found])
    # Recorded values have two digits: the last may be rounded by up to 5 %.
    spread = np.array([chance(one) for one, _ in found]) * (0.95, 1.05)
    shape = (-1, columns)
    return {
        "values": values.reshape(*shape, values.shape[1]),
        "recorded": recorded.reshape(*shape, 2),
        "spread": spread.reshape(*shape, 2),
    }


def grouping_grid(*, rows: Iterable[Row] = (), horizon: int = 2000, seeds: int = SEEDS) -> Grid:
    """Return the table: base, noise and arrangement by variant."""
    keys = tuple(rows) or tuple(RECORDED)
    cells = (
        (tuned_cell(key, variant, horizon, seeds), RECORDED[key][j])
        for key in keys
        for j, variant in enumerate(VARIANTS)
    )
    return Grid(
        name="grouping",
        title=f"Gradient grouping on three blocks of 30 curvatures, {horizon} steps, each at its best step size",
        problem="similar curvatures share a block (het) or are dealt out evenly (hom)",
        caption=f"Final over initial gap, median and quartiles of {seeds} instances; grey: recorded with five others.",
        command="ratecheck study grouping",
        measure=r"$(f(x_T)-f^\star)/(f(x_0)-f^\star)$",
        groups=tuple(f"{arrangement}, {'noise' if noise else 'exact'}" for noise, arrangement, _ in keys),
        rows=tuple(base for *_, base in keys),
        columns=tuple(VARIANTS),
        **_cells(cells, len(VARIANTS)),  # type: ignore[arg-type]
    )


def _small(one: Small, seeds: int) -> Tuned:
    def problem(copies: int) -> Any:
        return block_quadratic("A", "het", 0.0, seeds, copies, one.relative)

    given = Protocol(problem, one.horizon, seeds, schedule=lambda horizon: Constant(1.0))
    return _window(given, one.at, 3).tune(one.make)


def small_grid(seeds: int = SEEDS, rows: Iterable[Small] = SMALL) -> Grid:
    """Return the numbers on the small heterogeneous testbed."""
    rows = tuple(rows)
    return Grid(
        name="grouping-small",
        title="Gradient grouping on three blocks of three curvatures, each at its best constant step size",
        problem="curvatures 1 to 3, 99 to 101, 4998 to 5000",
        caption=f"Final over initial gap, median and quartiles of {seeds} instances; grey: recorded with others.",
        command="ratecheck study grouping",
        measure=r"$(f(x_T)-f^\star)/(f(x_0)-f^\star)$",
        groups=tuple(one.group for one in rows),
        rows=tuple(one.name for one in rows),
        columns=("heterogeneous",),
        **_cells(((_small(one, seeds), one.recorded) for one in rows), 1),  # type: ignore[arg-type]
    )


def grouping_study(folder: Path, seed: int) -> Path:
    """Run both tables and store them; the instances are the same for every seed."""
    save_grid(folder, small_grid())
    return save_grid(folder, grouping_grid())
