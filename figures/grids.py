"""Stored grids, rows by columns with the runs of each cell, drawn as points on one axis for each column."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratecheck.figures.canvas import BLUE, VERMILLION, styled
from ratecheck.figures.files import MissingResultError, read
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError

_GREY = "#444444"
_ROW, _LABELS, _COLUMN = 0.19, 2.4, 1.6  # inches
_FEW = 8  # runs of a cell that are drawn as quartiles, more as points


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of samples, as ``grid-<name>.npz`` holds it; see `ratecheck.experiments.grid.Grid`."""

    name: str
    title: str
    problem: str
    caption: str
    measure: str
    groups: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    scale: str
    line: float
    values: FloatArray
    recorded: FloatArray | None = None
    spread: FloatArray | None = None


def grid_names(folder: Path) -> list[str]:
    """Return the names of the grids of a folder."""
    return [path.stem.partition("-")[2] for path in sorted(folder.glob("grid-*.npz"))]


def load_grid(folder: Path, name: str, command: str = "ratecheck verify") -> Grid:
    """Read a stored grid.

    Parameters
    ----------
    folder : Path
    name : str
    command : str
        The command that makes it.

    Raises
    ------
    MissingResultError
        If there is none; the sentence names the command.
    InputError
        If it is truncated or of another version.
    """
    path = folder / f"grid-{name}.npz"
    if not path.exists():
        raise MissingResultError(f"{path} is missing; run `{command}` first.")
    header, arrays = read(path, f"run `{command}` again", ("values",), ("recorded", "spread"))
    names = {field.name for field in fields(Grid)}
    plain: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in header.items() if key in names
    }
    try:
        return Grid(**(plain | {"line": float.fromhex(plain["line"])}), **arrays)
    except (TypeError, KeyError) as error:
        raise InputError(f"{path} was written by another version of ratecheck; run `{command}` again.") from error


@styled
def dots(grid: Grid) -> Figure:
    """Return one panel for each column, with the rows named on the left and a rule between their groups.

    A few runs of a cell are drawn as their median with a bar from quartile to quartile, many as one point each; an
    arrow at the right edge stands for runs that diverged. What was recorded elsewhere is a grey bar, or a grey ring
    where it is a single number.

    Parameters
    ----------
    grid : Grid
    """
    count, columns = len(grid.rows), len(grid.columns)
    figure = Figure(figsize=(_LABELS + _COLUMN * max(columns, 2), _ROW * count + 1.1))
    panels = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for j, axes in enumerate(panels):
        axes.set_xscale(grid.scale)
        _frame(axes, grid, j)
        for i in range(count):
            _recorded(axes, grid, i, j)
            _cell(axes, grid.values[i, j], i)
        if np.isfinite(grid.line):
            axes.axvline(grid.line, color=_GREY, linewidth=0.9, linestyle="--", zorder=0)
        for i in range(1, count):
            if grid.groups[i] != grid.groups[i - 1]:
                axes.axhline(i - 0.5, color="#BBBBBB", linewidth=0.7)
        axes.set_title(grid.columns[j], fontsize=8)
        axes.tick_params(axis="x", labelsize=7)
    panels[0].set_yticks(range(count), [named_row(grid, i) for i in range(count)], fontsize=7)
    panels[0].set_ylim(count - 0.4, -0.6)
    figure.supxlabel(grid.measure, fontsize=8)
    figure.suptitle(f"{grid.title}\n{grid.problem}", fontsize=8, x=0.01, ha="left")
    return figure


def named_row(grid: Grid, i: int) -> str:
    """Return the name of a row, led by that of its group in the group's first row."""
    group = grid.groups[i]
    return f"{group}: {grid.rows[i]}" if group and (i == 0 or grid.groups[i - 1] != group) else grid.rows[i]


def _frame(axes: Axes, grid: Grid, j: int) -> None:
    """Frame the finite numbers of a column, with room at the right for the arrows of those that diverged."""
    shown = [grid.values[:, j].ravel()] + ([] if grid.recorded is None else [grid.recorded[:, j].ravel()])
    known = np.concatenate(shown)
    known = known[np.isfinite(known) & ((known > 0) | (grid.scale != "log"))]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.1, 1.0)
    if grid.scale == "log":
        pad = max((high / low) ** 0.08, 1.15)
        axes.set_xlim(low / pad, high * pad**1.5)
    else:
        pad = 0.08 * (high - low or 1.0)
        axes.set_xlim(low - pad, high + 1.5 * pad)


def _recorded(axes: Axes, grid: Grid, i: int, j: int) -> None:
    if grid.recorded is None or np.isnan(grid.recorded[i, j, 0]):
        return
    low, high = grid.recorded[i, j]
    if low == high:
        axes.plot([low], [i], marker="o", markersize=7, markerfacecolor="none", color=_GREY, linewidth=0, zorder=3)
    else:
        axes.plot([low, high], [i, i], color="#C4C4C4", linewidth=6, marker="", solid_capstyle="butt", zorder=1)


def _cell(axes: Axes, runs: FloatArray, i: int) -> None:
    runs = runs[~np.isnan(runs)]
    finite = np.sort(runs[np.isfinite(runs)])
    if runs.size > finite.size:
        color = VERMILLION if runs.size > 2 * finite.size else BLUE
        axes.annotate(
            "", (1.0, i), (0.95, i), axes.get_yaxis_transform(), arrowprops={"arrowstyle": "->", "color": color}
        )
    if not finite.size:
        return
    if runs.size > _FEW:
        axes.plot(finite, np.full(finite.size, i), linewidth=0, marker="o", markersize=2.2, color=BLUE, alpha=0.5)
        return
    if runs.size > finite.size:
        finite = np.append(finite, np.full(runs.size - finite.size, axes.get_xlim()[1]))
    low, middle, high = np.quantile(finite, (0.25, 0.5, 0.75), method="nearest")
    axes.plot([low, high], [i, i], color=BLUE, linewidth=1.6, marker="", solid_capstyle="butt")
    axes.plot([middle], [i], color=BLUE, marker="o", markersize=3.5, linewidth=0)
