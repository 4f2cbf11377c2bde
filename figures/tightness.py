"""How close each run came to its bound: all claims in one picture, and pages that name them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratecheck.figures.canvas import VERDICT_COLORS, VERDICT_MARKERS, VERMILLION, styled
from ratecheck.figures.results import SOURCES, Result
from ratecheck.figures.ticks import set_log_ticks

PER_PAGE = 50
SPAN = (1e-4, 1e4)
_AXIS = "largest observed / bound (beyond a factor of 10 000: at the edge)"


def grouped(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return the claims that have a tightness by their source tag, each group from loose to tight to exceeded."""
    groups: dict[str, list[Result]] = {}
    for source in SOURCES:
        group = [result for result in results if result.source_tag == source and result.tightness is not None]
        if group:
            groups[source] = sorted(group, key=lambda result: (result.tightness, result.id))
    return groups


def placed(tightness: float) -> float:
    """Return where a ratio is drawn: itself within `SPAN`, else the nearer edge."""
    return min(max(tightness, SPAN[0]), SPAN[1])


@styled
def tightness_overview(results: Sequence[Result]) -> Figure:
    """Return one picture of all claims: for each source the claims ranked by observed / bound.

    Parameters
    ----------
    results : sequence of Result
    """
    groups = grouped(results)
    figure = Figure(figsize=(6.5, 0.5 + 1.25 * max(1, len(groups))))
    if not groups:
        return figure
    panels = list(figure.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0])
    for axes, (source, group) in zip(panels, groups.items()):
        share = (np.arange(len(group)) + 1) / len(group)
        _draw_dots(axes, group, share)
        axes.set_ylim(-0.08, 1.12)
        axes.set_yticks([0, 0.5, 1], ["0", "50 %", "100 %"])
        axes.set_title(f"{source}: {len(group)} claims", fontsize=8)
    _frame_x(panels[-1], [result for group in groups.values() for result in group])
    panels[-1].set_xlabel(_AXIS)
    figure.supylabel("share of claims up to here", fontsize=8)
    handles, labels = _legend_entries(panels)
    figure.legend(handles, labels, loc="outside upper center", ncols=5)
    return figure


@styled
def tightness_page(results: Sequence[Result], title: str) -> Figure:
    """Return a page of up to `PER_PAGE` claims with their ids.

    Parameters
    ----------
    results : sequence of Result
        Claims with a tightness, in the order from top to bottom.
    title : str
    """
    figure = Figure(figsize=(6.5, 1.2 + 0.155 * len(results)))
    axes = figure.add_subplot()
    rows = np.arange(len(results), dtype=np.float64)
    _draw_dots(axes, results, rows)
    axes.set_yticks(rows, [result.id for result in results], fontsize=6.5)
    for label, result in zip(axes.get_yticklabels(), results):
        label.set_color("black" if result.as_expected else VERMILLION)
        label.set_fontweight("normal" if result.as_expected else "bold")
    axes.set_ylim(len(results) - 0.4, -0.6)
    _frame_x(axes, results)
    axes.set_xlabel(_AXIS)
    axes.set_title(title)
    handles, labels = _legend_entries([axes])
    figure.legend(handles, labels, loc="outside upper right", ncols=5, fontsize=7)
    return figure


def _draw_dots(axes: Axes, results: Sequence[Result], y: np.ndarray) -> None:
    x = np.array([placed(result.tightness or 0.0) for result in results])
    axes.set_xscale("log")
    axes.axvline(1.0, color="#444444", linewidth=0.9)
    for verdict, color in VERDICT_COLORS.items():
        mask = np.array([result.verdict == verdict for result in results])
        if mask.any():
            axes.scatter(x[mask], y[mask], s=14, color=color, marker=VERDICT_MARKERS[verdict], label=verdict, zorder=3)
    odd = np.array([not result.as_expected for result in results])
    if odd.any():
        axes.scatter(x[odd], y[odd], s=55, facecolors="none", edgecolors="black", label="not as expected", zorder=4)


def _frame_x(axes: Axes, results: Sequence[Result]) -> None:
    values = [placed(result.tightness or 0.0) for result in results]
    low, high = min(*values, 0.5), max(*values, 2.0)
    axes.set_xlim(10 ** (math.log10(low) - 0.08), 10 ** (math.log10(high) + 0.08))
    set_log_ticks(axes)


def _legend_entries(panels: Sequence[Axes]) -> tuple[list[Artist], list[str]]:
    entries: dict[str, Artist] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries.update(zip(labels, handles))
    return list(entries.values()), list(entries)
