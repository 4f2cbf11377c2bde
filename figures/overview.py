"""The tightness of all claims as SVG in which every dot leads to its claim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ratecheck.figures.results import Result
from ratecheck.figures.ticks import log_ticks
from ratecheck.figures.tightness import grouped, placed

_WIDTH, _LEFT, _RIGHT, _GAP = 900, 16, 16, 26
_PER_DOT, _TALLEST = 12, 110  # a small group needs no tall panel


def overview_svg(results: Sequence[Result]) -> str:
    """Return a section with the ranked ratios of each source, or nothing if no claim has one.

    Parameters
    ----------
    results : sequence of Result
    """
    groups = grouped(results)
    if not groups:
        return ""
    values = [placed(result.tightness or 0.0) for group in groups.values() for result in group]
    low, high = 10 ** (math.log10(min(*values, 0.5)) - 0.05), 10 ** (math.log10(max(*values, 2.0)) + 0.05)
    heights = [min(_PER_DOT * len(group), _TALLEST) for group in groups.values()]
    bottom = sum(heights) + _GAP * len(groups)

    def x(value: float) -> float:
        share = math.log(value / low) / math.log(high / low)
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * share

    parts = [
        f'<svg class="plot overview" viewBox="0 0 {_WIDTH} {bottom + 36}" role="group" '
        'aria-label="Observed / bound of every claim, ranked within each source">'
    ]
    for tick in log_ticks(low, high, 9):
        parts.append(f'<path class="grid" d="M{x(tick):.1f} 4V{bottom}"/>')
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 15}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<path class="one" d="M{x(1.0):.1f} 4V{bottom}"/>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{bottom + 31}" text-anchor="middle">largest observed / bound</text>')
    top = 0
    for (source, group), height in zip(groups.items(), heights):
        count = "1 claim" if len(group) == 1 else f"{len(group)} claims"
        parts.append(f'<text x="{_LEFT}" y="{top + 14}" font-weight="bold">{source}, {count}</text>')
        for rank, result in enumerate(group):
            y = top + _GAP - 6 + height * (1 - (rank + 0.5) / len(group))
            parts.append(_dot(result, x(placed(result.tightness or 0.0)), y))
        top += height + _GAP
    parts.append("</svg>")
    caption = (
        "<p class='legend'>One dot for each claim, ranked within its source; a click opens the claim. Right of the "
        "line at 1 the bound is exceeded. A ring marks a claim that did not come out as expected.</p>"
    )
    picture = f'<div class="scroll">{"".join(parts)}</div>'
    return f'<section><h2 id="tightness">Tightness of all claims</h2>{picture}{caption}</section>'


def _dot(result: Result, x: float, y: float) -> str:
    label = escape(f"{result.id}: {result.verdict}, observed / bound {result.tightness:.4g}", quote=True)
    ring = "" if result.as_expected else f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="7"/>'
    return (
        f'<a href="#{escape(result.id, quote=True)}" aria-label="{label}" class="hue-{result.verdict}">'
        f'<title>{label}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>{ring}</a>'
    )
