"""The report of `ratecheck verify`: one HTML file that opens from disk, with nothing outside it."""

from __future__ import annotations

import contextlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from ratecheck.figures.card import card, exponent, number
from ratecheck.figures.formula import outlined
from ratecheck.figures.overview import overview_svg
from ratecheck.figures.results import Result, load_results
from ratecheck.theory.errors import InputError

_HERE = Path(__file__).parent
_COLUMNS = (  # heading, whether it is a number
    ("claim", False),
    ("theorem", False),
    ("problem", False),
    ("observed / bound", True),
    ("rate", True),
    ("claimed", True),
    ("verdict", False),
    ("would catch", True),
    ("evidence", False),
)
_LEGEND = """<p class="legend"><b>Observed / bound</b> is the largest ratio over all recorded steps: above 1 the bound
is exceeded, near 1 it is tight, far below 1 it promises little here. <b>Rate</b> is the measured exponent of the number
of steps. <b>Would catch</b> is the smallest violation, as a factor, that this many runs would have noticed. <b>A
refuted row is not an error</b>: some claims are known to be false and are here to show that the checker can refute. A
row with a coloured background did not come out as expected, and is what to look at.</p>"""


def write_report(folder: Path, page: Path) -> None:
    """Write the report about the results of a folder.

    Parameters
    ----------
    folder : Path
        Where `ratecheck verify` stored its results.
    page : Path
        The HTML file.

    Raises
    ------
    InputError
        If the results are missing, stale or foreign, or the page cannot be written.
    """
    text = report_html(load_results(folder).claims)
    partial = page.with_name(f"{page.name}.{os.getpid()}.partial")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, page)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise InputError(f"the report {page} cannot be written ({error.strerror}); name another file.") from error


def report_html(results: Sequence[Result]) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    results : sequence of Result
    """
    formulas = {latex: f"f{i}" for i, latex in enumerate(dict.fromkeys(result.formula for result in results))}
    parts = {
        "style": (_HERE / "report.css").read_text(encoding="utf-8"),
        "formulas": "".join(_definition(latex, name) for latex, name in formulas.items()),
        "summary": _summary(results),
        "overview": overview_svg(results),
        "verdict_options": _options(result.verdict for result in results),
        "source_options": _options(result.source_tag for result in results),
        "kind_options": _options(result.kind for result in results),
        "head": "".join(_heading(name, numeric) for name, numeric in _COLUMNS),
        "rows": "\n".join(_row(result, formulas[result.formula]) for result in results) or _EMPTY,
    }
    page = (_HERE / "report.html").read_text(encoding="utf-8")
    before, *rest = page.split("{{")
    # Filled in one pass, so that a text that contains braces of its own is left alone.
    return before + "".join(parts[name] + after for name, after in (piece.split("}}", 1) for piece in rest))


_EMPTY = (
    f'<tbody><tr><td colspan="{len(_COLUMNS)}">No claim is stored here yet; run <code>ratecheck verify</code>.'
    "</td></tr></tbody>"
)


def _definition(latex: str, name: str) -> str:
    drawn = outlined(latex)
    return f'<path id="{name}" d="{drawn.path}"/>' if drawn else ""


def _summary(results: Sequence[Result]) -> str:
    expected = sum(result.as_expected for result in results)
    verdicts = Counter(result.verdict for result in results)
    items = [("claims", len(results)), ("as expected", expected), ("not as expected", len(results) - expected)]
    items += [(name, verdicts[name]) for name in ("holds", "refuted", "undecided", "not-applicable") if verdicts[name]]
    cells = "".join(f"<li><b>{count}</b>{name}</li>" for name, count in items)
    return f'<ul class="counts">{cells}</ul>{_LEGEND}'


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{escape(value)}</option>" for value in sorted(set(values)))


def _heading(name: str, numeric: bool) -> str:
    kind = ' class="number"' if numeric else ""
    return f'<th scope="col"{kind}><button type="button">{name}</button></th>'


def _row(result: Result, formula: str) -> str:
    identity = escape(result.id, quote=True)
    searched = (result.id, result.title, result.method, result.problem, result.source, result.bound_id, *result.tags)
    data = {
        "verdict": result.verdict,
        "source": result.source_tag,
        "kind": result.kind,
        "odd": "0" if result.as_expected else "1",
        "words": " ".join(searched).lower(),
    }
    attributes = " ".join(f'data-{name}="{escape(value, quote=True)}"' for name, value in data.items())
    odd = "" if result.as_expected else " odd"
    return (
        f'<tbody class="claim{odd}" id="{identity}" {attributes}><tr>{_cells(result)}</tr>'
        f'<tr class="details" id="details-{identity}" hidden><td colspan="{len(_COLUMNS)}">{card(result, formula)}'
        "</td></tr></tbody>"
    )


def _cells(result: Result) -> str:
    toggle = (
        f'<button type="button" class="toggle" aria-expanded="false" aria-controls="details-{escape(result.id)}">'
        f'{escape(result.id)}</button><span class="title">{escape(result.title)}</span>'
    )
    verdict = f'<span class="verdict {result.verdict}">{result.verdict}</span>'
    if not result.as_expected:
        wanted = result.expected + (f", observed / bound {result.attained:.6g}" if result.attained is not None else "")
        verdict += f'<span class="alarm">expected: {wanted}</span>'
    elif result.expected == "refuted":
        verdict += '<span class="small">as expected</span>'
    elif result.certified and result.kind != "deterministic":
        verdict += '<span class="small">certified</span>'
    theorem = f'{escape(result.bound_id)}<span class="small">{escape(result.source)}</span>'
    evidence = f'{escape(result.provenance)}<span class="small">{escape(", ".join(result.evidence))}</span>'
    cells = (
        (toggle, result.id),
        (theorem, result.bound_id),
        (escape(result.problem), result.problem),
        _number_cell(result.tightness),
        _number_cell(result.slope, exponent),
        _number_cell(result.slope_claimed, exponent),
        (verdict, result.verdict),
        _number_cell(result.detectable if result.kind in ("expectation", "probability") else None),
        (evidence, result.provenance),
    )
    return "".join(
        f'<td data-label="{name}"{_class(numeric)} data-sort="{escape(key, quote=True)}">{text}</td>'
        for (name, numeric), (text, key) in zip(_COLUMNS, cells)
    )


def _class(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def _number_cell(value: float | None, form: Callable[[float], str] = number) -> tuple[str, str]:
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}", ""
    return form(value), repr(float(value))
