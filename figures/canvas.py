"""Style, colours and files that every figure shares."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ratecheck.theory.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")

STYLE = Path(__file__).with_name("style.mplstyle")
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
VERDICT_COLORS = {"holds": BLUE, "refuted": VERMILLION, "undecided": "#6B6B6B", "not-applicable": PURPLE}
VERDICT_MARKERS = {"holds": "o", "refuted": "X", "undecided": "s", "not-applicable": "D"}

# Everything that changes with the clock or the machine is left out, so that equal results give equal bytes.
_METADATA: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "png": {"Software": None},
}


def darker(color: str, share: float = 0.55) -> tuple[float, float, float]:
    """Return the same hue, darker: a bound that coincides with its measure stays visible on top of it."""
    red, green, blue = to_rgb(color)
    return red * share, green * share, blue * share


def styled(function: Callable[P, T]) -> Callable[P, T]:
    """Return `function` run under the project's style, whatever the user's matplotlibrc says."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with matplotlib.rc_context(fname=STYLE):
            return function(*args, **kwargs)

    return run


@styled
def save(figure: Figure, stem: Path, kinds: Sequence[str] = ("pdf", "svg", "png"), words: str = "") -> tuple[Path, ...]:
    """Write a figure as PDF, SVG and PNG, with the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
    stem : Path
        Path without a suffix.
    kinds : sequence of str
        Suffixes of the files to write.
    words : str
        What it shows, which the SVG and the PDF carry as their title.

    Returns
    -------
    tuple of Path

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        # Solved once, not once for each file: the layout takes longer than the drawing.
        engine.execute(figure)
        figure.set_layout_engine("none")
    paths = []
    for suffix in kinds:
        # Names may contain dots, so with_suffix would cut them.
        path = stem.with_name(f"{stem.name}.{suffix}")
        try:
            # savefig puts back the layout engine that the style asks for.
            with matplotlib.rc_context({"figure.constrained_layout.use": False}):
                titled = {"Title": words} if words and suffix != "png" else {}
                figure.savefig(path, metadata={**_METADATA[suffix], **titled})
        except OSError as error:
            raise InputError(f"{path} cannot be written ({error.strerror}); name another folder with --to.") from error
        paths.append(path)
    return tuple(paths)
