"""A quantity against a parameter: final gap against step size, rate against condition number, accuracy against N."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, darker, styled
from ratecheck.figures.sweeps import Sweep
from ratecheck.figures.ticks import set_log_ticks
from ratecheck.theory.arrays import FloatArray

_MOST_MARKERS = 16  # of a line, so that a curve of many points stays a line
_CROWD = 6  # series, beyond which a name stands at the end of its line
_NAME_HEIGHT = 0.055  # of the axes
_TITLE_WIDTH = 66  # characters
_EDGE = 0.14  # inches
_DASHES: tuple[str | tuple[int, tuple[float, ...]], ...] = ("-", (0, (4, 1.5)), (0, (1.5, 1.2)))


@styled
def against(sweep: Sweep) -> Figure:
    """Return the quantity against the parameter: median and 10-90 % band of each series, its reference dashed.

    Diverged runs count as infinite; where the median diverges the line ends. Of more than a few series each has its
    name at its end, and those whose names differ after a comma only share a hue. A series that another one covers is
    drawn thicker below it.

    Parameters
    ----------
    sweep : Sweep
    """
    crowded = len(sweep.labels) > _CROWD
    figure = Figure(figsize=(5.6, 3.9)) if crowded else Figure()
    axes = figure.add_subplot()
    axes.set_xscale(sweep.scales[0])
    axes.set_yscale(sweep.scales[1])
    looks = _looks(sweep.labels)
    quantiles = [[_shown(part, sweep) for part in _quantiles(values)] for values in sweep.values]
    covered = _covered([median for _, median, _ in quantiles])
    for i, label in enumerate(sweep.labels):
        (color, dash, marker), (low, median, high) = looks[i], quantiles[i]
        width = 1.6 + 1.1 * covered[i]
        axes.plot(
            sweep.grid,
            median,
            color=color,
            linestyle=dash,
            linewidth=width,
            marker="" if crowded else marker,
            markersize=3.5 + 1.3 * covered[i],
            markevery=max(1, sweep.grid.size // _MOST_MARKERS),
            label=label,
        )
        if sweep.values.shape[2] > 1 and not crowded:
            axes.fill_between(sweep.grid, low, high, color=color, alpha=0.2, linewidth=0)
        if sweep.reference is not None:
            axes.plot(
                sweep.grid, sweep.reference[i], color=darker(color), linestyle=(0, (5, 3)), marker="", linewidth=1.1
            )
    lines = np.stack([median for _, median, _ in quantiles])
    _frame(axes, lines, np.array([]) if sweep.reference is None else sweep.reference, sweep.floor)
    if sweep.grid.size > 1:
        axes.set_xlim(*_padded(sweep.grid, sweep.scales[0]))
    set_log_ticks(axes)
    axes.set_xlabel(sweep.parameter)
    axes.set_ylabel(sweep.measure)
    title = textwrap.fill(sweep.title, _TITLE_WIDTH)
    axes.set_title(f"{title}\n{textwrap.fill(sweep.problem, _TITLE_WIDTH)}", fontsize=8)
    if crowded:
        # Letters are a little wider in the file than where the layout measures them.
        figure.set_layout_engine("constrained", w_pad=_EDGE)
        _name_lines(axes, sweep, lines, [color for color, _, _ in looks])
    else:
        axes.legend()
    return figure


def _looks(labels: Sequence[str]) -> list[tuple[str, str | tuple[int, tuple[float, ...]], str]]:
    """Return hue, dash and marker of each series; variants of one method, named after a comma, share the hue."""
    if len(labels) <= len(COLORS):
        return [(COLORS[i], "-", MARKERS[i]) for i in range(len(labels))]
    families: dict[str, int] = {}
    seen: dict[str, int] = {}
    looks = []
    for label in labels:
        family = label.split(",")[0]
        hue = families.setdefault(family, len(families)) % len(COLORS)
        variant = seen[family] = seen.get(family, -1) + 1
        looks.append((COLORS[hue], _DASHES[variant % len(_DASHES)], MARKERS[hue]))
    return looks


def _covered(medians: Sequence[FloatArray]) -> list[int]:
    """Return for each series how many later ones lie on top of it."""
    return [sum(np.allclose(one, other, equal_nan=True) for other in medians[i + 1 :]) for i, one in enumerate(medians)]


def _padded(grid: FloatArray, scale: str) -> tuple[float, float]:
    low, high = float(grid[0]), float(grid[-1])
    if scale == "log":
        pad = (high / low) ** 0.03
        return low / pad, high * pad
    pad = 0.03 * (high - low)
    return low - pad, high + pad


def _name_lines(axes: Axes, sweep: Sweep, lines: FloatArray, colors: Sequence[str]) -> None:
    """Write each name right of the end of its line, moved apart where they would overlap."""
    ends = []
    for i, row in enumerate(lines):
        known = np.flatnonzero(np.isfinite(row))
        if known.size:
            at = sweep.grid[known[-1]], row[known[-1]]
            share = axes.transAxes.inverted().transform(axes.transData.transform(at))[1]
            ends.append((float(np.clip(share, 0, 1)), at, i))
    ends.sort()
    heights = _apart([share for share, _, _ in ends], _NAME_HEIGHT)
    heights = [height - max(0.0, heights[-1] - 1.0) for height in heights] if heights else heights
    for height, (_, at, i) in zip(heights, ends):
        name = {"transform": axes.transAxes, "va": "center", "fontsize": 7.5, "color": darker(colors[i], 0.8)}
        axes.text(1.05, height, sweep.labels[i], **name)  # type: ignore[arg-type]
        leader = {"arrowstyle": "-", "color": colors[i], "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", at, xytext=(1.045, height), textcoords="axes fraction", arrowprops=leader)


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return increasing heights at least `gap` apart, each group of neighbours centred on where it was."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1], gap) < _bottom(groups[-2], gap) + gap * len(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    return [_bottom(group, gap) + gap * k for group in groups for k in range(len(group))]


def _bottom(group: Sequence[float], gap: float) -> float:
    return float(np.mean(group)) - gap * (len(group) - 1) / 2


def _quantiles(values: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        quantiles: FloatArray = np.quantile(np.where(np.isnan(values), np.inf, values), (0.1, 0.5, 0.9), axis=1)
    return quantiles


def _shown(values: FloatArray, sweep: Sweep) -> FloatArray:
    known = np.isfinite(values)
    if sweep.scales[1] == "log":
        with np.errstate(invalid="ignore"):
            known &= values > max(sweep.floor, 0.0)
    return np.where(known, values, np.nan)


def _frame(axes: Axes, lines: FloatArray, references: FloatArray, floor: float) -> None:
    """Cut a log axis a hundred times above the start of the highest series, beyond which lies only divergence.

    Below the floor of the measure there is nothing but references: it is cut there too. `lines` has shape (series,
    points) and NaN where nothing is drawn.
    """
    drawn = lines[np.isfinite(lines)]
    if axes.get_yscale() != "log" or drawn.size == 0:
        return
    starts = [row[np.isfinite(row)][0] for row in lines if np.isfinite(row).any()]
    top = min(max(float(drawn.max()), float(np.max(references, initial=0.0))), 100 * float(max(starts)))
    bottom = min(float(drawn.min()), max(float(np.min(references, initial=np.inf, where=references > 0)), floor))
    pad = (top / bottom) ** 0.06 * 1.1
    axes.set_ylim(bottom / pad, top * pad)
