"""Phase diagrams: a quantity over two parameters, with the curve that theory draws between the phases."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from ratecheck.figures.canvas import VERMILLION, styled
from ratecheck.figures.sweeps import Map

_DIVERGED = "#C8C8C8"


@styled
def phase(diagram: Map) -> Figure:
    """Return the map as colours, grey where the run diverged, with the boundary of theory as a dashed line.

    Parameters
    ----------
    diagram : Map
    """
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_facecolor(_DIVERGED)
    axes.grid(False)
    logarithmic = diagram.scales[2] == "log"
    known = np.isfinite(diagram.values) & ((diagram.values > 0) | (not logarithmic))
    shown = np.ma.masked_where(~known, diagram.values)
    if known.any():
        limits = float(shown.min()), float(shown.max())
        norm = LogNorm(*limits) if logarithmic and limits[0] < limits[1] else Normalize(*limits)
        mesh = axes.pcolormesh(
            diagram.x, diagram.y, shown, cmap="cividis", norm=norm, shading="nearest", rasterized=True
        )
        figure.colorbar(mesh, ax=axes, label=diagram.measure)
    if diagram.boundary is not None:
        axes.plot(*diagram.boundary, color=VERMILLION, linestyle="--", marker="", label="theory")
    if not known.all():
        axes.scatter([], [], marker="s", color=_DIVERGED, label="diverged")
    axes.set_xscale(diagram.scales[0])
    axes.set_yscale(diagram.scales[1])
    axes.set_xlim(diagram.x[0], diagram.x[-1])
    axes.set_ylim(diagram.y[0], diagram.y[-1])
    axes.set_xlabel(diagram.parameters[0])
    axes.set_ylabel(diagram.parameters[1])
    axes.set_title(f"{diagram.title}\n{diagram.problem}", fontsize=8)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right")
    return figure
