"""What the report says about one claim when it is opened: theorem, picture, numbers and where each comes from."""

from __future__ import annotations

import math
from html import escape

from ratecheck.figures.curve import curve_of, signed
from ratecheck.figures.formula import outlined
from ratecheck.figures.results import Result
from ratecheck.figures.svg import curve_svg

_FORMULA_SIZE = 17  # px
_KINDS = {
    "deterministic": "compared at every recorded step; only rounding is allowed for",
    "expectation": "the mean over the runs is compared at every recorded step with one-sided t tests, corrected for "
    "the number of records, of looks at the data and of claims (Holm, family level 0.001)",
    "probability": "the share of runs beyond the bound is compared with the allowed failure probability by exact "
    "binomial tests, corrected for the number of records, of looks and of claims (Holm, family level 0.001)",
    "rate": "the measured exponent is compared with the claimed one",
}


def number(value: float) -> str:
    """Return a number for a table: four decimals, or three significant digits where these would hide it."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return signed(value, ".4f" if abs(value) < 100 else ".0f")
    return signed(value, ".2e")


def exponent(value: float) -> str:
    """Return a measured or claimed rate for a table: three decimals, which is more than a fit knows."""
    return signed(value, ".3f")


def card(result: Result, formula: str) -> str:
    """Return the opened part of a claim as HTML.

    Parameters
    ----------
    result : Result
    formula : str
        Name under which the page defines the outlines of the formula.
    """
    return f'<div class="card">{_theorem(result, formula)}{_picture(result)}<dl>{_facts(result)}</dl></div>'


def _theorem(result: Result, formula: str) -> str:
    remark = f"<p>{escape(result.remark)}</p>" if result.remark else ""
    return (
        f'<div class="theorem"><p><b>{escape(result.bound_id)}</b>, {escape(result.bound_title)}. '
        f"{escape(result.source)}.</p>{_formula(result.formula, formula)}{remark}</div>"
    )


def _formula(latex: str, name: str) -> str:
    drawn = outlined(latex)
    if drawn is None:
        return f"<p><code>{escape(latex)}</code></p>"
    top, width, height = drawn.height * 100, drawn.width * 100, (drawn.height + drawn.depth) * 100
    size = f'width="{drawn.width * _FORMULA_SIZE:.1f}" height="{(drawn.height + drawn.depth) * _FORMULA_SIZE:.1f}"'
    return (
        f'<div class="scroll" tabindex="0" role="img" aria-label="LaTeX: {escape(latex, quote=True)}">'
        f'<svg class="formula" {size} viewBox="0 {-top:.0f} {width:.0f} {height:.0f}" aria-hidden="true">'
        f'<use href="#{name}"/></svg></div>'
    )


def _picture(result: Result) -> str:
    curve = curve_of(result)
    parts = ["solid: the median" if curve.runs > 1 else "solid: the measure"]
    if curve.runs > 1:
        parts[0] += f" of {curve.runs} runs, with the band of 10\N{EN DASH}90 %"
    if curve.mean is not None:
        parts.append("dotted: the mean, which is judged")
    parts.append(f"dashed: the {curve.bound_label}")
    if curve.y_label.endswith("/ bound"):
        parts.append("each run is an instance with a bound of its own, so the ratio is shown")
    if curve.hidden:
        parts.append(f"{curve.hidden} of {curve.x.size} records are at or below the floor, or infinite, and not drawn")
    title = f"{result.measure} against {curve.x_label} for {result.id}: {result.reason}"
    caption = escape(f"{curve.y_label} against {curve.x_label}; {'; '.join(parts)}.")
    return f'<figure class="hue-{result.verdict}">{curve_svg(curve, title)}<figcaption>{caption}</figcaption></figure>'


def _facts(result: Result) -> str:
    rows = [
        ("Verdict", f"{result.verdict}: {escape(result.reason)} {_expectation(result)}"),
        ("Observed / bound", _tightness(result)),
        ("Rate", _rate(result)),
        ("How it is judged", f"{result.kind}, {_side(result)}: {_KINDS[result.kind]}."),
        ("Would catch", _power(result)),
        ("Assumptions, checked on the run", _assumptions(result)),
        ("Method", f"<code>{escape(result.method)}</code>"),
        ("Problem", escape(result.problem)),
        ("Runs", _runs(result)),
        ("Provenance", f"{escape(result.provenance)}; {escape(', '.join(result.evidence))}."),
        ("Tags", escape(", ".join(result.tags))),
        ("Key of the stored run", f"<code>{escape(result.key)}</code> in <code>{escape(result.file)}</code>"),
    ]
    return "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows if text)


def _expectation(result: Result) -> str:
    if result.as_expected:
        return "This is the expected outcome."
    wanted = result.expected
    if result.attained is not None:
        wanted += f" with observed / bound {result.attained:.10g}"
    return f'<span class="alarm">Expected was: {wanted}.</span>'


def _side(result: Result) -> str:
    side = {"upper": "upper bound", "lower": "lower bound", "equal": "exact law"}[result.side]
    return f"{side} {'after any number of steps' if result.anytime else 'for the horizon of each run'}"


def _tightness(result: Result) -> str:
    if result.tightness is None:
        return "" if result.kind == "rate" else "No finite ratio: a run diverged, or the bound is zero."
    inverse = result.side == "lower"
    over = f"the {result.steps.size} recorded numbers of steps"
    each = f"{over} and {result.runs} runs" if result.runs > 1 else over
    how = {
        "expectation": f"largest {'bound / mean' if inverse else 'mean / bound'} over {over}",
        "probability": f"largest share of runs beyond the bound / allowed share, over {over}",
    }.get(result.kind, f"largest {'bound / measure' if inverse else 'measure / bound'} over {each}")
    if result.side == "equal":
        how = f"the measure / law that is farthest from 1, over {over}"
    text = f"{result.tightness:.10g}: {how}."
    if result.attained is not None:
        text += f" The theorem is tight on this instance: {result.attained:.10g} must be reached."
    return text


def _rate(result: Result) -> str:
    claimed = "" if result.slope_claimed is None else f" Claimed: {exponent(result.slope_claimed)}."
    if result.slope is None:
        return claimed.strip()
    interval = ""
    if result.slope_ci is not None:
        interval = f" (95 % t interval over runs {exponent(result.slope_ci[0])} to {exponent(result.slope_ci[1])})"
    return (
        f"{exponent(result.slope)}{interval}: one least-squares slope of log(measure) against log(steps) for each run, "
        f"on the tail from step {math.ceil(result.slope_from * result.horizon)}.{claimed}"
    )


def _power(result: Result) -> str:
    if result.kind not in ("expectation", "probability"):
        return ""
    if result.detectable is None:
        return "No violation could have been noticed with so few runs."
    return (
        f"A violation by the factor {number(result.detectable)} in the later half of the records would have raised the "
        f"alarm in 9 of 10 repetitions with {result.runs} runs."
    )


def _assumptions(result: Result) -> str:
    if not result.assumptions:
        return "None beyond the constants of the problem."
    items = []
    for one in result.assumptions:
        state = "kept" if one.excess <= 0 else "kept within rounding" if one.excess <= 1e-9 else "exceeded"
        excess = signed(one.excess, ".3g").replace("inf", "\N{INFINITY}")
        items.append(f"<li>{escape(one.text)}: {state}, largest relative excess {excess}</li>")
    return f"<ul>{''.join(items)}</ul>"


def _runs(result: Result) -> str:
    floor = f"{result.floor:.2g}"
    many = f"{result.runs} independent runs" if result.runs > 1 else "1 run"
    return (
        f"{many} to {result.horizon} steps, {result.oracle_calls} oracle calls; "
        f"the {escape(result.measure)} is known down to {floor}."
    )
