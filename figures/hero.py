"""The first picture: every claim at its observed / bound, and one theorem beside the run that breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ratecheck.figures.canvas import styled
from ratecheck.figures.curve import curve_of
from ratecheck.figures.results import Result
from ratecheck.figures.tightness import placed

_LIGHT = {"page": "#ffffff", "ink": "#1c1c1c", "soft": "#5a5a5a", "holds": "#0072B2", "refuted": "#D55E00"}
_DARK = {"page": "#0d1117", "ink": "#e8e8e8", "soft": "#a8adb5", "holds": "#6cbcf0", "refuted": "#ff9a56"}
_TIGHT = 0.99


@styled
def hero(claims: Sequence[Result], fails: Result, holds: Result, *, dark: bool = False) -> Figure:
    """Return the picture for the top of a page.

    Parameters
    ----------
    claims : sequence of Result
    fails, holds : Result
        Two methods on one problem: the one that exceeds the bound, and the one that keeps it.
    dark : bool
        For a dark page.
    """
    ink = _DARK if dark else _LIGHT
    colors: dict[Any, str] = {name: ink["ink"] for name in ("text.color", "axes.labelcolor", "axes.titlecolor")}
    colors |= {name: ink["soft"] for name in ("axes.edgecolor", "xtick.color", "ytick.color")}
    colors |= {name: ink["ink"] for name in ("xtick.labelcolor", "ytick.labelcolor")}
    colors |= {name: ink["page"] for name in ("figure.facecolor", "axes.facecolor", "savefig.facecolor")}
    with matplotlib.rc_context(colors):
        figure = Figure(figsize=(8.0, 3.5))
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
        _claims(left, claims, ink)
        _race(right, fails, holds, ink)
    return figure


def _claims(axes: Axes, claims: Sequence[Result], ink: dict[str, str]) -> None:
    shown = sorted((one for one in claims if one.tightness is not None), key=lambda one: (one.tightness, one.id))
    x = np.array([placed(one.tightness or 0.0) for one in shown])
    rank = np.arange(1, len(shown) + 1)
    refuted = np.array([one.verdict == "refuted" for one in shown])
    axes.set_xscale("log")
    axes.axvline(1.0, color=ink["soft"], linewidth=1.0, zorder=1)
    axes.scatter(x[~refuted], rank[~refuted], s=9, color=ink["holds"], linewidths=0, label="holds", zorder=3)
    axes.scatter(
        x[refuted], rank[refuted], s=16, color=ink["refuted"], marker="X", linewidths=0, label="refuted", zorder=3
    )
    tight = sum(one.verdict == "holds" and (one.tightness or 0.0) >= _TIGHT for one in shown)
    top = len(shown)
    note: dict[str, Any] = {"fontsize": 8.5, "va": "center"}
    axes.text(1.5e-4, 0.62 * top, "below the bound:\nit holds, with room", color=ink["holds"], **note)
    axes.text(1.6, 0.42 * top, f"{tight} claims come within\n1 % of their bound", color=ink["ink"], **note)
    axes.text(
        1.6, 0.76 * top, f"{int(refuted.sum())} are refuted:\nthe run breaks the bound", color=ink["refuted"], **note
    )
    axes.set_xlim(5e-5, 2e4)
    axes.set_ylim(-0.02 * top, 1.04 * top)
    axes.grid(False)
    axes.set_title(f"{top} claims about optimizers, each run beside its bound", fontsize=9.5)
    axes.set_xlabel("largest observed / bound")
    axes.set_ylabel("claims, ranked")


def _race(axes: Axes, fails: Result, holds: Result, ink: dict[str, str]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for one, color in ((fails, ink["refuted"]), (holds, ink["holds"])):
        curve = curve_of(one)
        axes.fill_between(curve.x, curve.low, curve.high, color=color, alpha=0.22, linewidth=0)
        axes.plot(curve.x, curve.median, color=color, marker="", linewidth=2.0, label=one.method_name.split()[-1])
        # The end of one line and the middle of the other: there is room above the first and below the second.
        known = np.flatnonzero(np.isfinite(curve.median))
        at = int(known[-1]) if one is fails else int(known[len(known) // 2])
        side = {"xytext": (0, 6), "ha": "right"} if one is fails else {"xytext": (0, -12), "ha": "right", "va": "top"}
        name = {"SignSGD": "SignSGD", "StoSignT": "StoSignSGD"}.get(one.method_name.split()[-1], one.method_name)
        point = (curve.x[at], curve.median[at])
        text = f"{name}: {one.verdict}"
        axes.annotate(text, point, textcoords="offset points", color=color, **side)  # type: ignore[arg-type]
    bound = curve_of(holds)
    axes.plot(bound.x, bound.bound, color=ink["ink"], linestyle=(0, (5, 3)), marker="", linewidth=1.2, label="bound")
    at = bound.x.size // 4
    axes.annotate("the bound", (bound.x[at], bound.bound[at]), xytext=(8, 3), textcoords="offset points")
    axes.grid(False)
    axes.set_title(f"One of them: {holds.problem.split(' (')[0]}", fontsize=9.5)
    axes.set_xlabel("oracle calls")
    axes.set_ylabel(holds.measure)
