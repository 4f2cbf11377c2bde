"""LaTeX formulas as outlines, so that a page shows them without a network and without fonts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from ratecheck.figures.canvas import STYLE

_TOKEN = r"(\\[A-Za-z]+|[0-9A-Za-z])"
_CASES = re.compile(r"\\begin\{cases\}(.*?)\\end\{cases\}", re.DOTALL)
# What the formulas of papers use and mathtext spells in another way.
_SPELLINGS = (
    (r"\\(?:t|d|c)frac(?![A-Za-z])", r"\\frac"),
    (r"\\[lr]Vert(?![A-Za-z])", r"\\|"),
    (r"\\[lr]vert(?![A-Za-z])", r"|"),
    (r"\\(?:big|Big|bigg|Bigg)[lrm]?(?![A-Za-z])", r""),
    (r"\\le(?![A-Za-z])", r"\\leq"),
    (r"\\ge(?![A-Za-z])", r"\\geq"),
    (r"\\ne(?![A-Za-z])", r"\\neq"),
    (r"\\(?:E|mathbb\{E\})(?![A-Za-z])", r"\\mathbb{E}"),
    (r"\\(?:textstyle|displaystyle|limits|nolimits)(?![A-Za-z])", r""),
    (r"\\iff(?![A-Za-z])", r"\\Leftrightarrow"),
    (r"\\implies(?![A-Za-z])", r"\\Rightarrow"),
    (r"\\dots(?![A-Za-z])", r"\\ldots"),
    # mathtext wants braces where TeX takes the next token.
    (rf"\\(sqrt|mathbb|mathbf|mathcal|mathrm)(?![A-Za-z])\s*{_TOKEN}", r"\\\1{\2}"),
    (rf"\\frac(?![A-Za-z])\s*{_TOKEN}", r"\\frac{\1}"),
    (rf"\\frac(\{{[^{{}}]*\}})\s*{_TOKEN}", r"\\frac\1{\2}"),
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A formula as an SVG path; sizes in units of the font size.

    Parameters
    ----------
    path : str
        The ``d`` attribute, y downwards, baseline at 0, in hundredths of the font size.
    width, height, depth : float
        Advance, height above and depth below the baseline.
    """

    path: str
    width: float
    height: float
    depth: float


@cache
def outlined(latex: str) -> Drawn | None:
    """Return the outlines of a formula, or None if mathtext cannot set it.

    Parameters
    ----------
    latex : str
        Without dollar signs.
    """
    text = _CASES.sub(_in_one_line, latex)
    for pattern, spelling in _SPELLINGS:
        text = re.sub(pattern, spelling, text)
    if not text.strip() or "$" in text:
        return None
    try:
        with rc_context(fname=STYLE):
            outline = TextPath((0, 0), f"${text}$", size=100, prop=FontProperties(math_fontfamily="stix"))
    except ValueError:
        return None
    box = outline.get_extents()
    return Drawn(_svg_path(outline, box.x0), (box.x1 - box.x0) / 100, max(box.y1, 0) / 100, max(-box.y0, 0) / 100)


def _in_one_line(cases: re.Match[str]) -> str:
    rows = []
    for row in cases[1].split(r"\\"):
        value, _, condition = row.partition("&")
        condition = condition.strip()
        word = r"\;" if condition.startswith(r"\text") else r"\;\mathrm{if}\;"
        rows.append(value + word + condition if condition else value)
    return r"\{" + r";\;\;".join(rows) + r"\}"


def _svg_path(outline: Outline, left: float) -> str:
    letters = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    pieces = []
    for vertices, code in outline.iter_segments(curves=True, simplify=False):
        if code == Outline.CLOSEPOLY:
            pieces.append("Z")
            continue
        points = np.round(vertices.reshape(-1, 2) * (1, -1) - (left, 0)).astype(int)
        pieces.append(letters[code] + " ".join(f"{x} {y}" for x, y in points))
    return "".join(pieces)
