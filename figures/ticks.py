"""Round values for logarithmic axes, in print and in the report."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return at most about `most` round values between `low` and `high` for a logarithmic axis.

    Parameters
    ----------
    low, high : float
        Positive, `low` below `high`.
    most : int
        Decades are thinned out beyond this number; below two decades the values 2 and 5 join in.
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = range(first, last + 1)
    inside = [k for k in decades if low <= 10.0**k <= high]
    if len(inside) > 2:
        stride = -(-len(inside) // most)
        return [10.0**k for k in inside if k % stride == 0]
    ticks = [m * 10.0**k for k in decades for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    if len(ticks) >= 2:
        return ticks
    step = 10.0 ** math.floor(math.log10(high - low))
    return [t for t in np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step if t > 0]


def set_log_ticks(axes: Axes, *, small: bool = False) -> None:
    """Label the logarithmic axes of a panel with few round values.

    Below two decades Matplotlib labels every minor tick and the labels overlap; here they are 1, 2 and 5.

    Parameters
    ----------
    axes : Axes
    small : bool
        Drops the minor ticks, which take half of the time of a page of small panels.
    """
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        if axis.get_scale() != "log":
            continue
        if high < 100 * low:
            ticks = log_ticks(low, high)
            if small and any(len(_label(tick)) > _SHORT for tick in ticks):
                ticks = [tick for tick in ticks if _leading(tick) == 1] or ticks[len(ticks) // 2 :][:1]
            axis.set_ticks(ticks, [_label(tick) for tick in ticks])
        if small or high < 100 * low:
            axis.set_minor_locator(NullLocator())


_SHORT = 5  # characters of a label that finds room beside others in a small panel


def _leading(value: float) -> float:
    return float(f"{value:.3e}".split("e")[0])


def _label(value: float) -> str:
    if 1e-3 <= value < 1e4:
        return f"{value:.4g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    lead = "" if float(mantissa) == 1 else rf"{float(mantissa):g}\times"
    return rf"${lead}10^{{{int(exponent)}}}$"
