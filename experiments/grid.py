"""Stores a table of samples: rows by columns, each cell with its runs and, where there is one, a recorded value.

The arrays go to ``grid-<name>.npz``, which the figures read; beside it the same table as text, for a page and a paper.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ratecheck.experiments.digest import FORMAT
from ratecheck.experiments.store import write_whole
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table of samples.

    Parameters
    ----------
    name, title, problem, caption, command : str
        As of `ratecheck.experiments.sweep.Sweep`.
    measure : str
        What the numbers are; dollar signs enclose LaTeX.
    groups, rows, columns : tuple of str
        The group of each row ("" for none), the rows and the columns.
    values : (rows, columns, runs) array
        NaN where there is no run, infinity where one diverged.
    recorded : (rows, columns, 2) array, optional
        Values known from elsewhere, as a range; NaN where there is none, and twice the same number for a single one.
    spread : (rows, columns, 2) array, optional
        What the recorded value may be by chance, with 99 %; without it, recorded values are shown and not judged.
    scale : {"log", "linear"}
        Of the values.
    line : float
        A value to draw a line at, such as 1 for a bound; NaN for none.
    """

    name: str
    title: str
    problem: str
    caption: str
    command: str
    measure: str
    groups: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: FloatArray
    recorded: FloatArray | None = None
    spread: FloatArray | None = None
    scale: str = "log"
    line: float = float("nan")

    def __post_init__(self) -> None:
        shape = (len(self.rows), len(self.columns))
        if len(self.groups) != len(self.rows) or self.values.shape[:2] != shape:
            raise InputError(
                f"a grid of {shape[0]} rows and {shape[1]} columns got {len(self.groups)} groups and values of shape "
                f"{self.values.shape}; they must agree."
            )

    def quartiles(self) -> FloatArray:
        """Return lower quartile, median and upper quartile of each cell, shape (3, rows, columns)."""
        return quartiles(self.values)

    def agrees(self) -> FloatArray:
        """Return 1 where the recorded range meets the spread, 0 where not, NaN where there is nothing to judge."""
        if self.recorded is None or self.spread is None:
            return np.full(self.values.shape[:2], np.nan)
        low, high = np.moveaxis(self.spread, 2, 0)
        meets = (self.recorded[..., 1] >= low) & (self.recorded[..., 0] <= high)
        return np.where(np.isnan(self.recorded[..., 0]), np.nan, meets)


def quartiles(values: FloatArray) -> FloatArray:
    """Return the quartiles over the last axis, of the runs that are there; infinite where they lie among lost runs."""
    ordered = np.sort(values, axis=-1)  # NaN comes last
    count = (~np.isnan(ordered)).sum(axis=-1)
    found = []
    for share in (0.25, 0.5, 0.75):
        place = np.maximum(count - 1, 0) * share
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low, high = (np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (below, above))
        weight = place - below
        with np.errstate(invalid="ignore"):
            between = low + weight * (high - low)
        found.append(np.where(weight == 0, low, np.where(np.isinf(high), high, between)))
    return np.array(found)


def save_grid(folder: Path, grid: Grid) -> Path:
    """Write ``grid-<name>.npz``, and the table as ``grid-<name>.md`` and ``grid-<name>.tex``, each whole or not at all.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    texts = ("name", "title", "problem", "caption", "command", "measure", "scale")
    header: dict[str, object] = {name: getattr(grid, name) for name in texts}
    header |= {name: list(getattr(grid, name)) for name in ("groups", "rows", "columns")}
    header |= {"format": FORMAT, "line": grid.line.hex()}
    arrays = {"values": grid.values, "recorded": grid.recorded, "spread": grid.spread}
    present = {name: array for name, array in arrays.items() if array is not None}
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(json.dumps(header, sort_keys=True)), **present)  # type: ignore[arg-type]
    for suffix, text in (("md", as_markdown(grid)), ("tex", as_latex(grid))):
        write_whole(folder / f"grid-{grid.name}.{suffix}", text.encode(), "the table of the study")
    path = folder / f"grid-{grid.name}.npz"
    write_whole(path, buffer.getvalue(), f"the study's {path.name}")
    return path


def _number(value: float) -> str:
    if np.isnan(value):
        return "-"
    if np.isinf(value):
        return "diverged"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.1e}"


def _cells(grid: Grid) -> list[list[str]]:
    low, middle, high = grid.quartiles()
    agrees = grid.agrees()
    cells = []
    for i in range(len(grid.rows)):
        line = []
        for j in range(len(grid.columns)):
            if np.isnan(grid.values[i, j]).all():
                line.append("")
                continue
            text = _number(middle[i, j])
            if np.count_nonzero(~np.isnan(grid.values[i, j])) > 1:
                text += f" ({_number(low[i, j])} to {_number(high[i, j])})"
            if grid.recorded is not None and not np.isnan(grid.recorded[i, j, 0]):
                ends = dict.fromkeys(_number(end) for end in grid.recorded[i, j])
                text += f"; recorded {' to '.join(ends)}"
            if not np.isnan(agrees[i, j]):
                text += ", within" if agrees[i, j] else ", not within"
            line.append(text)
        cells.append(line)
    return cells


def as_markdown(grid: Grid) -> str:
    """Return the table in Markdown: the median of each cell with its quartiles, and beside it what was recorded."""
    rule = "|---" * (len(grid.columns) + 1) + "|"
    lines = [f"{grid.title}. {grid.caption}", "", f"| | {' | '.join(grid.columns)} |", rule]
    for group, row, cells in zip(grid.groups, grid.rows, _cells(grid), strict=True):
        name = f"{group}: {row}" if group else row
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def as_latex(grid: Grid) -> str:
    """Return the same table as a LaTeX tabular of the package booktabs."""
    head = " & ".join(["", *map(_escaped, grid.columns)])
    body = []
    for i, (group, row, cells) in enumerate(zip(grid.groups, grid.rows, _cells(grid), strict=True)):
        if group and (i == 0 or grid.groups[i - 1] != group):
            body.append(rf"\multicolumn{{{len(grid.columns) + 1}}}{{@{{}}l}}{{\emph{{{_escaped(group)}}}}} \\")
        body.append(" & ".join([_escaped(row), *map(_escaped, cells)]) + r" \\")
    rules = [rf"\begin{{tabular}}{{@{{}}l{'l' * len(grid.columns)}@{{}}}}", r"\toprule", head + r" \\", r"\midrule"]
    return "\n".join([*rules, *body, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _escaped(text: str) -> str:
    return "".join("\\" + letter if letter in "&%$#_{}" else letter for letter in text)
