"""What the picture of one claim shows, as plain arrays; drawn by matplotlib for print and as SVG in the report."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.figures.results import Result
from ratecheck.theory.arrays import FloatArray, IntArray

BAND = (0.1, 0.9)
FLATTEST = 0.02
STEEPEST = 4.0  # a steeper measured slope is no power law, and its triangle would be a wall
_FLAT, _WIDEN = 1.05, 3.0
_HEADROOM = 8.0  # decades above the bound (or above the start) after which a diverging run leaves the picture


@dataclass(frozen=True, slots=True)
class Triangle:
    """A slope triangle: two ends of the slanted side, the right angle, and the exponents that it shows."""

    ends: tuple[tuple[float, float], tuple[float, float]]
    corner: tuple[float, float]
    slope: str
    claimed: str


@dataclass(frozen=True, slots=True)
class Curve:
    """The lines of one claim; NaN where there is nothing to draw.

    Parameters
    ----------
    x : (records,) array
        Oracle calls.
    median, low, high : (records,) arrays
        Over runs; the band is from 10 to 90 %.
    mean : (records,) array or None
        Where the theorem speaks about an expectation, the mean is what is judged.
    bound : (records,) array
    x_label, y_label, bound_label : str
        `y_label` in words.
    limits : tuple of float or None
        Lowest and highest y; None if nothing can be drawn on a log axis.
    triangle : Triangle or None
    hidden : int
        Records whose median is not drawn: at or below the floor, or infinite.
    runs : int
    """

    x: FloatArray
    median: FloatArray
    low: FloatArray
    high: FloatArray
    mean: FloatArray | None
    bound: FloatArray
    x_label: str
    y_label: str
    bound_label: str
    limits: tuple[float, float] | None
    triangle: Triangle | None
    hidden: int
    runs: int


def curve_of(result: Result) -> Curve:
    """Return what the picture of a claim shows.

    Where each run is an instance with a bound of its own, quantiles of the measure beside quantiles of the bound
    would say nothing; the ratio observed / bound is shown instead, and the bound is the line at 1.
    """
    values = np.asarray(result.values, dtype=np.float64)
    floor, y_label, bound = result.floor, result.measure, np.asarray(result.bound, dtype=np.float64)
    if bound.ndim == 2:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > floor, values / bound, np.nan)
        bound = np.ones(values.shape[1])
        floor, y_label = 0.0, f"{result.measure} / bound"
    low, median, high = _quantiles(values)
    shown = _above(median, floor)
    band_low = np.where(np.isnan(shown), np.nan, np.maximum(low, max(floor, 1e-300)))
    on_calls = bool((result.calls > 0).all())
    curve = Curve(
        x=np.asarray(result.calls if on_calls else result.steps, dtype=np.float64),
        median=shown,
        low=band_low,
        high=np.where(np.isnan(shown), np.nan, _above(high, floor)),
        mean=_above(_mean(values), floor) if result.kind == "expectation" else None,
        bound=_above(bound, 0.0),
        x_label="oracle calls" if on_calls else "steps",
        y_label=y_label,
        bound_label={"upper": "bound", "lower": "lower bound", "equal": "law"}[result.side],
        limits=None,
        triangle=None,
        hidden=int(np.isnan(shown).sum()),
        runs=values.shape[0],
    )
    return _framed(curve, result)


def _quantiles(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    worst = np.where(np.isnan(values), np.inf, values)
    with np.errstate(invalid="ignore"):
        low, median, high = np.quantile(worst, (BAND[0], 0.5, BAND[1]), axis=0)
    return low, median, high


def _mean(values: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        return values.mean(axis=0)


def _above(values: FloatArray, floor: float) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(values) & (values > floor), values, np.nan)


def _framed(curve: Curve, result: Result) -> Curve:
    limits = _limits(curve, result.floor if curve.y_label == result.measure else 0.0)
    if limits is None:
        return curve
    triangle = _triangle(curve, result, limits)
    if triangle is not None:
        ys = [y for _, y in (*triangle.ends, triangle.corner)]
        limits = min(limits[0], min(ys)), max(limits[1], max(ys))
    # A curve without extent gets half a decade on either side, so that the axis has round values to show.
    pad = (limits[1] / limits[0]) ** 0.06 * 1.1 if limits[1] > _FLAT * limits[0] else _WIDEN
    room = (limits[1] / limits[0]) ** 0.06 if triangle is not None else 1.0  # for the number at its corner
    below = triangle is not None and triangle.corner[1] == min(y for _, y in triangle.ends)
    return Curve(
        **{name: getattr(curve, name) for name in Curve.__slots__ if name not in ("limits", "triangle")},
        limits=(limits[0] / pad / (room if below else 1.0), limits[1] * pad * (1.0 if below else room)),
        triangle=triangle,
    )


def _limits(curve: Curve, floor: float) -> tuple[float, float] | None:
    lines = [curve.median, curve.bound, curve.high] + ([curve.mean] if curve.mean is not None else [])
    # A band that falls to the floor is cut: only its part near the median decides the frame.
    lines.append(np.where(curve.low > curve.median * 1e-2, curve.low, np.nan))
    drawn = np.concatenate(lines)
    drawn = drawn[np.isfinite(drawn)]
    if drawn.size == 0:
        return None
    anchors = np.concatenate([curve.bound, curve.median[:1]])
    anchors = anchors[np.isfinite(anchors)]
    top = float(drawn.max())
    if anchors.size:
        top = min(top, float(anchors.max()) * 10**_HEADROOM)
    bottom = float(drawn.min())
    # Below the floor there is nothing to see but the bound.
    bottom = max(bottom, min(floor, top / 10), top * 1e-30)
    return bottom, top


def _triangle(curve: Curve, result: Result, limits: tuple[float, float]) -> Triangle | None:
    slope, claimed = result.slope, result.slope_claimed
    if slope is None or not FLATTEST <= abs(slope) <= STEEPEST or curve.y_label != result.measure:
        return None
    tail = np.flatnonzero((result.steps >= result.slope_from * result.steps[-1]) & np.isfinite(curve.median))
    if tail.size < 2:
        return None
    if claimed is None and not _straight(result.steps[tail], curve.median[tail], slope):
        return None
    height = max(math.log10(limits[1] / limits[0]), 0.5)
    first, last = int(tail[0]), int(tail[-1])
    # The exponent is that of the number of steps, the axis counts calls: both ends are placed through the data.
    fall = slope * math.log10(result.steps[last] / result.steps[first])
    bound_above = not np.nanmedian(np.log(curve.bound / curve.median)) < 0 if np.isfinite(curve.bound).any() else True
    shift = (-0.09 if bound_above else 0.09) * height
    reach = curve.median[tail]
    start = math.log10(curve.median[first]) + shift
    # The whole slanted side stays on its side of the measured line.
    line = start + fall * np.log10(result.steps[tail] / result.steps[first]) / math.log10(
        result.steps[last] / result.steps[first]
    )
    gap = np.log10(reach) + shift - line
    start += float(gap.min() if bound_above else gap.max())
    y0, y1 = 10**start, 10 ** (start + fall)
    x0, x1 = float(curve.x[first]), float(curve.x[last])
    corner = (x0, y1) if (slope < 0) == bound_above else (x1, y0)
    wanted = "" if claimed is None else f" (claimed {signed(claimed, '.3g')})"
    return Triangle(((x0, y0), (x1, y1)), corner, signed(slope, ".2f"), wanted)


def _straight(steps: IntArray, values: FloatArray, slope: float) -> bool:
    """Whether values follow a power law well enough to be shown one that no theorem claims."""
    x, y = np.log(steps), np.log(values)
    residual = y - slope * x
    return float(residual.std()) <= 0.1 * abs(slope) * float(np.ptp(x))


def signed(value: float, form: str) -> str:
    """Return a number in a format, with a typographic minus and no minus before zero."""
    text = format(value, form)
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "\N{MINUS SIGN}").replace("e\N{MINUS SIGN}0", "e\N{MINUS SIGN}").replace("e+0", "e")
