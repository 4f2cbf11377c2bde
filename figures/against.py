"""A quantity against a parameter: final gap against step size, rate against condition number, accuracy against N."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, darker, styled
from ratecheck.figures.sweeps import Sweep
from ratecheck.theory.arrays import FloatArray

_MOST_MARKERS = 16  # of a line, so that a curve of many points stays a line


@styled
def against(sweep: Sweep) -> Figure:
    """Return the quantity against the parameter: median and 10-90 % band of each series, its reference dashed.

    Diverged runs count as infinite; where the median diverges the line ends.

    Parameters
    ----------
    sweep : Sweep
    """
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_xscale(sweep.scales[0])
    axes.set_yscale(sweep.scales[1])
    every = max(1, sweep.grid.size // _MOST_MARKERS)
    drawn = []
    for i, label in enumerate(sweep.labels):
        color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
        low, median, high = (_shown(part, sweep) for part in _quantiles(sweep.values[i]))
        axes.plot(sweep.grid, median, color=color, marker=marker, markevery=every, label=label)
        if sweep.values.shape[2] > 1:
            axes.fill_between(sweep.grid, low, high, color=color, alpha=0.2, linewidth=0)
        if sweep.reference is not None:
            axes.plot(
                sweep.grid, sweep.reference[i], color=darker(color), linestyle=(0, (5, 3)), marker="", linewidth=1.1
            )
        drawn.append(median)
    _frame(axes, np.stack(drawn), np.array([]) if sweep.reference is None else sweep.reference)
    axes.set_xlabel(sweep.parameter)
    axes.set_ylabel(sweep.measure)
    axes.set_title(f"{sweep.title}\n{sweep.problem}", fontsize=8)
    axes.legend()
    return figure


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


def _frame(axes: Axes, lines: FloatArray, references: FloatArray) -> None:
    """Cut a log axis a hundred times above the start of the highest series: beyond lies only divergence.

    `lines` has shape (series, points) and NaN where nothing is drawn.
    """
    drawn = lines[np.isfinite(lines)]
    if axes.get_yscale() != "log" or drawn.size == 0:
        return
    starts = [row[np.isfinite(row)][0] for row in lines if np.isfinite(row).any()]
    top = min(float(drawn.max()), 100 * float(max(starts)))
    bottom = min(float(drawn.min()), float(np.min(references, initial=np.inf, where=references > 0)))
    pad = (top / bottom) ** 0.06 * 1.1
    axes.set_ylim(bottom / pad, top * pad)
