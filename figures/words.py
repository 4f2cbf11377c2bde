"""What a figure shows, in words, for those who do not see it."""

from __future__ import annotations

import re

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_MOST = 12  # panels that are named


def described(figure: Figure) -> str:
    """Return titles, axes and legend of a figure as text.

    Parameters
    ----------
    figure : Figure
    """
    panels = [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]
    heads = [_plain(figure.get_suptitle())] if figure.get_suptitle() else []
    if len(panels) > 1:
        named = [_plain(_title(axes)) for axes in panels[:_MOST] if _title(axes)]
        heads.append(f"{len(panels)} panels: {'; '.join(named)}" if named else f"{len(panels)} panels")
    else:
        heads += [_plain(_title(axes)) for axes in panels if _title(axes)]
    for what, names in (("vertical", "get_ylabel"), ("horizontal", "get_xlabel")):
        labels = dict.fromkeys(_plain(getattr(axes, names)()) for axes in panels)
        shared = figure.get_supylabel() if what == "vertical" else figure.get_supxlabel()
        found = [text for text in (*labels, _plain(shared)) if text]
        heads += [f"{what} axis: {', '.join(found[:_MOST])}"] if found else []
    lines = dict.fromkeys(_plain(name) for axes in panels for name in axes.get_legend_handles_labels()[1])
    heads += [f"shown: {'; '.join(lines)}"] if lines else []
    return ". ".join(text[0].upper() + text[1:] for text in heads if text) + "."


def _title(axes: Axes) -> str:
    return axes.get_title("left") or axes.get_title("center")


def _plain(text: str) -> str:
    """Return text without line breaks and without the signs of LaTeX."""
    text = re.sub(r"\\(?:mathrm|mathit|operatorname|min|max)?", "", text.replace("$", "").replace("\n", ", "))
    return " ".join(re.sub(r"[{}]", "", text).split())
