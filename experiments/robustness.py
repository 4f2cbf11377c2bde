"""Step size by batch size: where each optimizer works, alone, inside gradient grouping, and beside its controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.fair_protocol import Make, robustness
from ratecheck.experiments.grouping_table import contender, decayed
from ratecheck.experiments.sweep import Map, Sweep, save_map, save_sweep
from ratecheck.testbeds.grouping import BlockQuadratic, block_quadratic
from ratecheck.theory.arrays import FloatArray

BATCHES = (1, 8, 64, 512, 4096)
NOISE = 3.0  # of a single sample, in units of the root of a block's mean curvature
WITHIN = 10.0  # a step size works if its gap is within this factor of the best
CONTENDERS: dict[str, Make] = {
    **{
        f"heavy ball, {variant}": contender("heavy ball", variant)
        for variant in ("base", "paper", "first", "freeze K1")
    },
    "heavy ball, labels shuffled": contender("heavy ball", "shuffled"),
    "heavy ball, decaying": decayed("heavy ball"),
    **{f"Adam, {name}": contender("Adam", name) for name in ("base", "paper", "first")},
}


def _problem(batch: int, seeds: int, copies: int) -> BlockQuadratic:
    # The mean of a batch of Gaussian samples is Gaussian with the deviation over the root of its size.
    return block_quadratic("B", "het", NOISE / batch**0.5, seeds, copies)


def heat(
    make: Make, step_sizes: FloatArray, *, batches: Sequence[int] = BATCHES, horizon: int = 500, seeds: int = 3
) -> FloatArray:
    """Return the median final over initial gap for each batch size and step size, shape (batches, step sizes)."""
    levels: dict[float, Callable[[int], Any]] = {batch: partial(_problem, batch, seeds) for batch in batches}
    return robustness(levels, make, step_sizes, horizon, seeds)


def working_decades(step_sizes: FloatArray, values: FloatArray) -> FloatArray:
    """Return over how many decades of the step size each row of gaps is within a factor of its best.

    Parameters
    ----------
    step_sizes : (grid,) array
        Evenly spaced in the logarithm.
    values : (rows, grid) array
    """
    spacing = float(np.log10(step_sizes[1] / step_sizes[0]))
    works = values <= WITHIN * values.min(axis=1, keepdims=True)
    return spacing * np.count_nonzero(works & np.isfinite(values), axis=1)


def robustness_study(
    folder: Path, seed: int, *, names: Sequence[str] = tuple(CONTENDERS), horizon: int = 500, per_decade: int = 2
) -> Path:
    """Store a map of step size by batch size for each contender, and the width of the range that works.

    Parameters
    ----------
    folder : Path
    seed : int
        Not used: all contenders share the instances and the samples of the fair protocol.
    names : sequence of str
        Keys of `CONTENDERS`.
    horizon : int
    per_decade : int
        Step sizes for each factor of ten.
    """
    grid = 10.0 ** (np.arange(-5 * per_decade, per_decade + 1) / per_decade)
    widths = []
    for name in names:
        values = heat(CONTENDERS[name], grid, horizon=horizon)
        widths.append(working_decades(grid, values))
        save_map(
            folder,
            Map(
                name="robustness-" + name.lower().replace(", ", "-").replace(" ", "-"),
                title=f"{name}: final over initial gap after {horizon} steps",
                problem="three blocks of 30 curvatures, heterogeneous, noise that falls with the batch",
                caption="Median of 3 instances; grey: diverged.",
                command="ratecheck study robustness",
                parameters=("peak step size", "batch size"),
                measure=r"$(f(x_T)-f^\star)/(f(x_0)-f^\star)$",
                scales=("log", "log", "log"),
                x=grid,
                y=np.array(BATCHES, dtype=np.float64),
                values=values,
            ),
        )
    return save_sweep(
        folder,
        Sweep(
            name="robustness",
            title=f"Range of step sizes with a gap within a factor of {WITHIN:.0f} of the best, {horizon} steps",
            problem="three blocks of 30 curvatures, heterogeneous",
            caption="Decades of the peak step size, for each batch size; wider is more robust.",
            command="ratecheck study robustness",
            parameter="batch size",
            measure="decades that work",
            labels=tuple(names),
            grid=np.array(BATCHES, dtype=np.float64),
            values=np.array(widths)[:, :, None],
            scales=("log", "linear"),
        ),
    )
