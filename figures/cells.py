"""A stored grid as a table: the median of each cell, its quartiles, and whether a recorded value agrees."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ratecheck.figures.canvas import styled
from ratecheck.figures.curve import signed
from ratecheck.figures.grids import Grid, dots, named_row
from ratecheck.theory.arrays import FloatArray

_AGREES, _DIFFERS = "#D9EEF7", "#FBE0CC"
_ROW, _COLUMN, _LABELS = 0.42, 1.45, 2.1  # inches


def picture(grid: Grid) -> Figure:
    """Return the grid as a table where single numbers were recorded to compare with, as dots elsewhere."""
    single = grid.recorded is not None and bool((np.ptp(grid.recorded, axis=2) == 0).all())
    return cells(grid) if single else dots(grid)


@styled
def cells(grid: Grid) -> Figure:
    """Return a table of the medians, with quartiles and the recorded value below each.

    A blue cell holds a recorded value that chance explains, an orange one with a dagger a value that it does not.

    Parameters
    ----------
    grid : Grid
        With recorded values and their spread.
    """
    assert grid.recorded is not None
    assert grid.spread is not None
    rows, columns = len(grid.rows), len(grid.columns)
    figure = Figure(figsize=(_LABELS + _COLUMN * columns, _ROW * (rows + 1) + 0.7))
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-_LABELS / _COLUMN, columns)
    axes.set_ylim(rows + 0.1, -0.8)
    for j, column in enumerate(grid.columns):
        axes.text(j + 0.5, -0.4, column, ha="center", va="center", fontsize=8, fontweight="bold")
    for i in range(rows):
        axes.text(-0.08, i + 0.5, named_row(grid, i), ha="right", va="center", fontsize=8)
        if i and grid.groups[i] != grid.groups[i - 1]:
            axes.plot([-_LABELS / _COLUMN, columns], [i, i], color="#888888", linewidth=0.8, marker="")
        for j in range(columns):
            _cell(axes, (i, j), grid.values[i, j], float(grid.recorded[i, j, 0]), grid.spread[i, j])
    text = f"{grid.title}\n{grid.problem}; {grid.measure}: median, quartiles, recorded value"
    figure.suptitle(text, fontsize=8, x=0.01, ha="left")
    return figure


def _cell(axes: Axes, at: tuple[int, int], runs: FloatArray, recorded: float, spread: FloatArray) -> None:
    i, j = at
    agrees = spread[0] <= recorded <= spread[1]
    color = _AGREES if agrees else _DIFFERS
    axes.add_patch(Rectangle((j + 0.02, i + 0.04), 0.96, 0.92, facecolor=color, linewidth=0))
    low, middle, high = (_short(float(one)) for one in np.quantile(runs, (0.25, 0.5, 0.75), method="nearest"))
    axes.text(j + 0.5, i + 0.3, middle, ha="center", va="center", fontsize=8)
    mark = "" if agrees else " \N{DAGGER}"
    text = f"{low} to {high} | {_short(recorded)}{mark}"
    axes.text(j + 0.5, i + 0.72, text, ha="center", va="center", fontsize=5.5)


def _short(value: float) -> str:
    return "diverged" if np.isinf(value) else signed(value, ".1e")
