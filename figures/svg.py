"""The picture of one claim as a few hundred bytes of SVG whose colours follow the page, light or dark."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from ratecheck.figures.curve import Curve
from ratecheck.figures.ticks import log_ticks
from ratecheck.theory.arrays import FloatArray

WIDTH, HEIGHT = 460, 290
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 14, 40


class _Frame:
    """Maps data on logarithmic axes to the page."""

    __slots__ = ("x_limits", "y_limits")

    def __init__(self, x_limits: tuple[float, float], y_limits: tuple[float, float]) -> None:
        self.x_limits = x_limits
        self.y_limits = y_limits

    def x(self, value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * _share(value, self.x_limits)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * _share(value, self.y_limits)


def _share(value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    return math.log(max(value, 1e-320) / low) / math.log(high / low)


def curve_svg(curve: Curve, title: str) -> str:
    """Return a ``<svg>`` element for a claim.

    Parameters
    ----------
    curve : Curve
    title : str
        Read out instead of the picture.
    """
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
    if curve.limits is None:
        middle = f'x="{WIDTH / 2}" y="{HEIGHT / 2}" text-anchor="middle"'
        return f"{head}<text {middle}>no value is above the floor of the measure</text></svg>"
    x_low, x_high = float(curve.x.min()), float(curve.x.max())
    pad = max((x_high / x_low) ** 0.04, 1.1) if x_high > x_low else 5.0
    frame = _Frame((x_low / pad, x_high * pad), curve.limits)
    parts = [head, _axes(frame, curve)]
    # An inner viewport cuts what leaves the frame.
    box = f"{_LEFT} {_TOP} {WIDTH - _LEFT - _RIGHT} {HEIGHT - _TOP - _BOTTOM}"
    x, y, width, height = box.split()
    parts.append(f'<svg x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{box}">')
    if curve.runs > 1:
        parts.append(_band(frame, curve))
    if curve.mean is not None:
        parts.append(_line(frame, curve.x, curve.mean, "mean"))
    parts.append(_line(frame, curve.x, curve.median, "median"))
    parts.append(_line(frame, curve.x, curve.bound, "bound"))
    parts.append("</svg>")
    parts.append(_triangle(frame, curve))
    return "".join(parts) + "</svg>"


def _axes(frame: _Frame, curve: Curve) -> str:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [f'<path class="frame" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>']
    for tick, text in _labelled(frame.x_limits):
        x = frame.x(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{text}</text>')
    for tick, text in _labelled(frame.y_limits):
        y = frame.y(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{curve.x_label}</text>')
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{escape(curve.y_label)}</text>'
    )
    return "".join(parts)


def _labelled(limits: tuple[float, float]) -> list[tuple[float, str]]:
    """Return ticks with their labels: powers of ten if one is far from 1, plain numbers otherwise."""
    ticks = log_ticks(*limits)
    if all(1e-3 <= tick <= 1e3 for tick in ticks):
        return [(tick, f"{tick:.4g}") for tick in ticks]
    return [(tick, _power(tick)) for tick in ticks]


def _power(value: float) -> str:
    exponent = math.floor(math.log10(value) + 1e-9)
    lead = value / 10.0**exponent
    times = "" if math.isclose(lead, 1.0) else f"{lead:.4g}\N{MULTIPLICATION SIGN}"
    sign = "\N{MINUS SIGN}" if exponent < 0 else ""
    return f'{times}10<tspan dy="-5" font-size="8.5">{sign}{abs(exponent)}</tspan>'


def _pieces(ok: np.ndarray) -> list[np.ndarray]:
    """Return the index ranges over which a line is not interrupted."""
    index = np.flatnonzero(ok)
    return np.split(index, np.flatnonzero(np.diff(index) > 1) + 1) if index.size else []


def _line(frame: _Frame, x: FloatArray, y: FloatArray, kind: str) -> str:
    parts, dots = [], []
    shown = np.isfinite(y)
    for piece in _pieces(shown):
        points = [f"{frame.x(x[i]):.1f} {frame.y(y[i]):.1f}" for i in piece]
        # A single record is a dot, or a short stroke for the bound.
        parts.append("M" + "L".join(points) if len(points) > 1 else f"M{points[0]}m-7 0h14")
        if kind == "median" and shown.sum() <= 15:
            dots += [f'<circle cx="{p.split()[0]}" cy="{p.split()[1]}" r="2.4"/>' for p in points]
    return f'<path class="line {kind}" d="{"".join(parts)}"/>' + "".join(dots) if parts else ""


def _band(frame: _Frame, curve: Curve) -> str:
    parts = []
    for piece in _pieces(np.isfinite(curve.low) & np.isfinite(curve.high)):
        there = [f"{frame.x(curve.x[i]):.1f} {frame.y(curve.high[i]):.1f}" for i in piece]
        back = [f"{frame.x(curve.x[i]):.1f} {frame.y(curve.low[i]):.1f}" for i in piece[::-1]]
        parts.append("M" + "L".join(there + back) + "Z")
    return f'<path class="band" d="{"".join(parts)}"/>'


def _triangle(frame: _Frame, curve: Curve) -> str:
    if curve.triangle is None:
        return ""
    points = (*curve.triangle.ends, curve.triangle.corner)
    corners = "L".join(f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points)
    (x0, y0), (x1, y1) = curve.triangle.ends
    corner_y = curve.triangle.corner[1]
    above = corner_y == max(y0, y1)
    x, y = frame.x(max(x0, x1)), frame.y(corner_y) + (-5 if above else 13)
    text = (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="end">slope {curve.triangle.slope}{curve.triangle.claimed}</text>'
    )
    return f'<path class="triangle" d="M{corners}Z"/>{text}'
