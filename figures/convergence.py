"""The measure against oracle calls, the bound beside it: one claim, or a page of them."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratecheck.figures.canvas import VERDICT_COLORS, darker, styled
from ratecheck.figures.curve import Curve, curve_of
from ratecheck.figures.results import Result
from ratecheck.figures.ticks import set_log_ticks

PER_PAGE = 12


@styled
def convergence(result: Result) -> Figure:
    """Return the picture of one claim: median and 10-90 % band over runs, the bound dashed in the same hue.

    Parameters
    ----------
    result : Result
    """
    figure = Figure()
    axes = figure.add_subplot()
    curve = curve_of(result)
    draw_curve(axes, curve, VERDICT_COLORS[result.verdict], curve.y_label)
    axes.set_title(f"{result.id}: {result.verdict}", fontweight="bold")
    axes.set_xlabel(curve.x_label)
    axes.set_ylabel(curve.y_label)
    if curve.limits is not None:
        axes.legend(loc="best")
    return figure


@styled
def convergence_page(results: Sequence[Result]) -> Figure:
    """Return one page with the pictures of up to `PER_PAGE` claims, without legends.

    Parameters
    ----------
    results : sequence of Result
    """
    rows = -(-len(results) // 3)
    height = 2.2 * rows + 0.5
    # All panels are alike, so that a fixed grid does what the layout engine would take long to find.
    with matplotlib.rc_context({"figure.constrained_layout.use": False}):
        figure = Figure(figsize=(7.5, height))
    grid = figure.subplots(rows, 3, squeeze=False)
    figure.subplots_adjust(0.09, 0.55 / height, 0.99, 1 - 0.3 / height, wspace=0.42, hspace=0.42)
    for axes, result in zip(grid.flat, results):
        curve = curve_of(result)
        draw_curve(axes, curve, VERDICT_COLORS[result.verdict], curve.y_label, small=True)
        axes.set_title(f"{_cut(result.id)}\n{_cut(f'{result.verdict}, {result.method_name}')}", fontsize=6.5)
        axes.tick_params(which="both", labelsize=6)
        axes.set_ylabel(curve.y_label, fontsize=6.5)
    for axes in grid.flat[len(results) :]:
        axes.set_axis_off()
    figure.supxlabel("oracle calls; median solid, 10\N{EN DASH}90 % band, bound dashed", fontsize=7, y=0.05 / height)
    return figure


_WIDEST = 40  # characters of a panel's title


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def draw_curve(axes: Axes, curve: Curve, color: str, label: str, *, small: bool = False) -> None:
    """Draw the lines of one claim into axes, and make both axes logarithmic.

    Parameters
    ----------
    axes : Axes
    curve : Curve
    color : str
        Hue of the measure and of its bound.
    label : str
        Name of the measured line in the legend.
    small : bool
        Leaves out the notes and all but the exponent of the slope triangle.
    """
    if curve.limits is None:
        axes.text(
            0.5, 0.5, "no value is above\nthe floor of the measure", ha="center", va="center", transform=axes.transAxes
        )
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.set_xscale("log")
    axes.set_yscale("log")
    few = np.isfinite(curve.median).sum() <= 15
    median = f"{label}, median of {curve.runs} runs" if curve.runs > 1 else label
    axes.plot(curve.x, curve.median, color=color, label=median, marker="o" if few else "", markersize=3)
    if curve.runs > 1:
        axes.fill_between(
            curve.x, curve.low, curve.high, color=color, alpha=0.2, linewidth=0, label="10\N{EN DASH}90 % of runs"
        )
    if curve.mean is not None:
        axes.plot(curve.x, curve.mean, color=color, linestyle=":", marker="", linewidth=1.1, label="mean (judged)")
    axes.plot(
        curve.x,
        curve.bound,
        color=darker(color),
        linestyle=(0, (5, 3)),
        marker="_" if np.isfinite(curve.bound).sum() == 1 else "",
        linewidth=1.1,
        label=curve.bound_label,
    )
    _draw_triangle(axes, curve, small)
    axes.set_ylim(*curve.limits)
    _frame_x(axes, curve)
    set_log_ticks(axes, small=small)
    if curve.hidden and not small:
        text = f"{curve.hidden} of {curve.x.size} records are at or below the floor, or infinite: not drawn"
        axes.text(0.01, 0.01, text, transform=axes.transAxes, fontsize=6.5, color="#444444")


def _draw_triangle(axes: Axes, curve: Curve, small: bool) -> None:
    if curve.triangle is None:
        return
    (x0, y0), (x1, y1) = curve.triangle.ends
    cx, cy = curve.triangle.corner
    axes.plot([x0, x1, cx, x0], [y0, y1, cy, y0], color="#444444", marker="", linewidth=0.8, label="_triangle")
    up = cy == max(y0, y1)
    axes.annotate(
        curve.triangle.slope if small else f"slope {curve.triangle.slope}{curve.triangle.claimed}",
        (max(x0, x1), cy),
        textcoords="offset points",
        xytext=(0, 3 if up else -3),
        ha="right",
        va="bottom" if up else "top",
        fontsize=6 if small else 7.5,
        color="#444444",
    )


def _frame_x(axes: Axes, curve: Curve) -> None:
    low, high = float(curve.x.min()), float(curve.x.max())
    pad = max((high / low) ** 0.04, 1.1) if high > low else 5.0
    axes.set_xlim(low / pad, high * pad)
