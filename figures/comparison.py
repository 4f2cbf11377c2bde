"""Several methods on the same problem: one panel for each problem, one hue for each method."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, styled
from ratecheck.figures.convergence import draw_curve
from ratecheck.figures.curve import curve_of
from ratecheck.figures.results import Result

COLUMNS = 2


def by_method(result: Result) -> str:
    """Return the classes of the method, wrappers first."""
    return result.method_name


@styled
def comparison(panels: Mapping[str, Sequence[Result]], name: Callable[[Result], str] = by_method) -> Figure:
    """Return one panel for each entry, with the measure of each result and its bound dashed in the same hue.

    A method keeps its hue and its marker over all panels.

    Parameters
    ----------
    panels : dict
        Results by panel title.
    name : callable
        What a result is called in the legend; equal names share a hue.
    """
    methods = sorted({name(result) for results in panels.values() for result in results})
    look = {method: (COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]) for i, method in enumerate(methods)}
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.9 * rows))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, (title, results) in zip(grid.flat, panels.items()):
        lows, highs = [], []
        for result in results:
            # Triangles of several methods would be taken for one another.
            curve = dataclasses.replace(curve_of(result), triangle=None)
            color, marker = look[name(result)]
            drawn = len(axes.lines)
            draw_curve(axes, curve, color, name(result), small=True)
            if curve.limits is not None:
                measured = axes.lines[drawn]
                measured.set(marker=marker, markevery=max(1, curve.x.size // 6), label=name(result))
                lows.append(curve.limits[0])
                highs.append(curve.limits[1])
        if lows:
            axes.set_ylim(min(lows), max(highs))
            axes.set_xlim(min(r.calls.min() for r in results) / 1.2, max(r.calls.max() for r in results) * 1.2)
        axes.set_title(title)
        axes.set_xlabel("oracle calls")
        axes.set_ylabel(" / ".join(sorted({result.measure for result in results})))
        handles, labels = axes.get_legend_handles_labels()
        named = {label: handle for handle, label in zip(handles, labels) if label in look}
        axes.legend(named.values(), named.keys(), fontsize=7)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    return figure
