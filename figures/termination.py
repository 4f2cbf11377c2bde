"""A measure that hardly moves and then vanishes: finite termination, drawn down to the floor of rounding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, darker, styled
from ratecheck.figures.results import Result


@styled
def termination(panels: Mapping[str, Mapping[str, Result]]) -> Figure:
    """Return one panel for each entry, the mean over runs against steps and its bound dashed in the same hue.

    Values below the floor of rounding are drawn at the floor, since to vanish is what these methods promise.

    Parameters
    ----------
    panels : dict
        For each panel title a result by its name in the legend.
    """
    figure = Figure(figsize=(3.4 * len(panels), 2.9))
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, named) in zip(grid, panels.items()):
        axes.set_xscale("log")
        axes.set_yscale("log")
        for i, (name, result) in enumerate(named.items()):
            shown = np.maximum(result.values.mean(axis=0), result.floor)
            color = COLORS[i % len(COLORS)]
            axes.plot(result.steps, shown, color=color, marker=MARKERS[i % len(MARKERS)], markersize=3.5, label=name)
            bound = result.bound.reshape(-1, result.steps.size).mean(axis=0)
            axes.plot(result.steps, bound, color=darker(color), linestyle=(0, (5, 3)), marker="", linewidth=1.1)
        axes.set_title(title, fontsize=8)
        axes.set_xlabel("steps")
        axes.set_ylabel(next(iter(named.values())).measure if named else "")
        axes.legend(loc="lower left", fontsize=7)
    return figure
