"""The checker itself: verdicts by source, the violations it would have caught, measured exponents against claimed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, MARKERS, VERDICT_COLORS, styled
from ratecheck.figures.profiles import shares
from ratecheck.figures.results import SOURCES, Result

PROVENANCES = ("paper", "secondary", "derived")
_HATCHES = ("", "////", "....")


@styled
def verdict_bars(results: Sequence[Result]) -> Figure:
    """Return the number of claims by source, split by verdict (hue) and by whose theorem it is (hatching).

    Parameters
    ----------
    results : sequence of Result
    """
    sources = [source for source in SOURCES if any(one.source_tag == source for one in results)]
    figure = Figure(figsize=(6.5, 0.9 + 0.42 * len(sources)))
    axes = figure.add_subplot()
    for row, source in enumerate(sources):
        left = 0
        for verdict, color in VERDICT_COLORS.items():
            for provenance, hatch in zip(PROVENANCES, _HATCHES):
                mine = (source, verdict, provenance)
                count = sum((one.source_tag, one.verdict, one.provenance) == mine for one in results)
                if count:
                    name = f"{verdict}, {provenance}"
                    axes.barh(row, count, left=left, color=color, hatch=hatch, edgecolor="white", label=name)
                    left += count
        axes.text(left, row, f" {left}", va="center", fontsize=8)
    axes.set_yticks(range(len(sources)), sources)
    axes.invert_yaxis()
    axes.grid(False)
    axes.set_xlim(right=axes.get_xlim()[1] * 1.06)
    axes.set_xlabel("claims")
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles))
    figure.legend(named.values(), named.keys(), loc="outside upper center", ncols=3, fontsize=7)
    return figure


@styled
def power(results: Sequence[Result], resolution: float) -> Figure:
    """Return the share of the statistical claims that hold whose smallest caught violation is at most a factor.

    Parameters
    ----------
    results : sequence of Result
    resolution : float
        Factor that a claim must resolve to be called holding, drawn as a line.
    """
    figure = Figure(figsize=(4.8, 3.0))
    axes = figure.add_subplot()
    for i, kind in enumerate(("expectation", "probability")):
        found = [one.detectable for one in results if one.kind == kind and one.verdict == "holds"]
        factors = np.array([factor for factor in found if factor is not None])
        if factors.size:
            x, share = shares(factors)
            style = ("-", "--")[i]
            axes.step(x, share, where="post", color=COLORS[i], linestyle=style, marker="", label=f"{kind} ({x.size})")
    axes.axvline(resolution, color="#444444", linestyle=":", label="asked for")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("smallest violation that would have been caught (factor of the bound)", fontsize=8)
    axes.set_ylabel("share of claims that hold")
    axes.legend(loc="center left", bbox_to_anchor=(0.42, 0.55))
    return figure


@styled
def exponents(results: Sequence[Result]) -> Figure:
    """Return measured exponents against claimed ones; on or below the diagonal the measure falls as fast as claimed.

    Parameters
    ----------
    results : sequence of Result
    """
    figure = Figure(figsize=(4.8, 3.6))
    axes = figure.add_subplot()
    shown = [one for one in results if one.slope is not None and one.slope_claimed is not None and one.side == "upper"]
    for i, (verdict, color) in enumerate(VERDICT_COLORS.items()):
        group = [one for one in shown if one.verdict == verdict]
        if group:
            x = [one.slope_claimed or 0.0 for one in group]
            y = np.clip([one.slope or 0.0 for one in group], -4, 2)
            axes.plot(x, y, color=color, marker=MARKERS[i], linestyle="", markersize=4, alpha=0.7, label=verdict)
    ends = np.array([-2.2, 1.1])
    axes.plot(ends, ends, color="#444444", marker="", linewidth=0.9, label="as claimed")
    axes.set_ylim(-4.2, 2.2)
    axes.set_xlabel("claimed exponent of the number of steps")
    axes.set_ylabel("measured exponent on the tail\n(cut to [\N{MINUS SIGN}4, 2])")
    axes.legend()
    return figure
