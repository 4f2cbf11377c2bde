"""Several methods on the same problem: one panel for each problem, one hue for each method."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, styled
from ratecheck.figures.convergence import draw_curve
from ratecheck.figures.curve import curve_of
from ratecheck.figures.results import Result
from ratecheck.figures.ticks import set_log_ticks

COLUMNS = 2
_MOST_NAMED = 6  # lines whose names find room inside a panel


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
    look = _looks({title: sorted({name(result) for result in results}) for title, results in panels.items()})
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
            # The ticks of single curves are forgotten before the panel gets its own.
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(min(lows), max(highs))
            axes.set_xlim(min(r.calls.min() for r in results) / 1.2, max(r.calls.max() for r in results) * 1.2)
            set_log_ticks(axes, small=True)
        axes.set_title(title, fontsize=8)
        axes.set_xlabel("oracle calls")
        axes.set_ylabel(" / ".join(sorted({result.measure for result in results})))
        handles, labels = axes.get_legend_handles_labels()
        named = {label: handle for handle, label in zip(handles, labels) if label in look}
        if len(named) > _MOST_NAMED:
            axes.legend(named.values(), named.keys(), fontsize=6, loc="center left", bbox_to_anchor=(1.0, 0.5))
        else:
            axes.legend(named.values(), named.keys(), fontsize=7)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    return figure


def _looks(panels: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str]]:
    """Return hue and marker of each method, such that methods that meet in a panel differ wherever hues suffice."""
    methods = {method for names in panels.values() for method in names}
    met = {method: {other for names in panels.values() if method in names for other in names} for method in methods}
    index: dict[str, int] = {}
    # Those that meet most others choose first: then few hues suffice (Welsh and Powell 1967).
    for method in sorted(methods, key=lambda method: (-len(met[method]), method)):
        taken = {index[other] for other in met[method] if other in index}
        index[method] = next(i for i in range(len(index) + 1) if i not in taken)
    hues = len(COLORS)
    return {method: (COLORS[i % hues], MARKERS[(i + i // hues) % len(MARKERS)]) for method, i in index.items()}
