"""The paths of methods in the plane of a game with two scalar players."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, darker, styled
from ratecheck.figures.results import Result


@styled
def phase_portrait(paths: Mapping[str, tuple[Result, Result]]) -> Figure:
    """Return the paths in one plane, the law of each dashed, the saddle point at the origin.

    Parameters
    ----------
    paths : dict
        For each method the stored results of its coordinates x and y, recorded at the same steps.
    """
    figure = Figure(figsize=(4.6, 4.4))
    axes = figure.subplots()
    for i, (name, (x, y)) in enumerate(paths.items()):
        color = COLORS[i % len(COLORS)]
        marker = MARKERS[i % len(MARKERS)]
        axes.plot(x.values.mean(axis=0), y.values.mean(axis=0), color=color, marker=marker, markevery=10, label=name)
        axes.plot(x.bound, y.bound, color=darker(color), linestyle=(0, (5, 3)), marker="", linewidth=1.1)
    axes.plot([0], [0], color="black", marker="+", markersize=10, linestyle="", label="saddle point")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel("$x$")
    axes.set_ylabel("$y$")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(paths) + 1, fontsize=7)
    return figure
