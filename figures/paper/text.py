"""Plain text and numbers as LaTeX."""

from __future__ import annotations

import math

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_\allowbreak{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "#": r"\#",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\N{LATIN SMALL LETTER E WITH ACUTE}": r"\'e",
    "\N{LATIN SMALL LETTER O WITH DIAERESIS}": r"\"o",
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}": r"\"u",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{EN DASH}": "--",
}
LARGEST_PLAIN, SMALLEST_PLAIN = 1e4, 1e-3


def escape(text: str) -> str:
    """Return plain text as LaTeX; characters that LaTeX would not know become question marks."""
    return "".join(_SPECIAL.get(sign, sign if sign.isascii() else "?") for sign in text)


def identifier(name: str) -> str:
    """Return an id in typewriter, breakable after its hyphens."""
    return r"\texttt{" + escape(name).replace("-", r"-\allowbreak{}") + "}"


def whole(value: int) -> str:
    """Return an integer with thin spaces between thousands."""
    return f"{value:,}".replace(",", r"\,")


def decimal(value: float | None, digits: int = 3) -> str:
    """Return a number to so many significant digits, as a power of ten where it is far from 1, a dash for none."""
    if value is None:
        return "--"
    if not math.isfinite(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    if value == 0:
        return "0"
    if SMALLEST_PLAIN <= abs(value) < LARGEST_PLAIN:
        # Where the digits do not reach the decimal point, the whole part is shown.
        shown = f"{value:.0f}" if abs(value) >= 10**digits else f"{value:#.{digits}g}".rstrip(".")
        return shown if value > 0 else f"${shown}$"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return rf"${mantissa}\cdot 10^{{{int(exponent)}}}$"
