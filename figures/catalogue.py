"""The figures by name: what each needs, what it shows, and the files and the page that come of it."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from ratecheck.figures import convergence as per_claim
from ratecheck.figures import tightness as ranked
from ratecheck.figures.against import against
from ratecheck.figures.canvas import save
from ratecheck.figures.cells import picture
from ratecheck.figures.comparison import comparison
from ratecheck.figures.contents import Shown, contents_page
from ratecheck.figures.counterexamples import hero_pages, sign_counterexamples
from ratecheck.figures.files import MissingResultError
from ratecheck.figures.grids import Grid, load_grid
from ratecheck.figures.paper.numbers import RESOLUTION
from ratecheck.figures.phase import phase
from ratecheck.figures.portrait import phase_portrait
from ratecheck.figures.results import Result, Results, load_results
from ratecheck.figures.statistics import exponents, power, verdict_bars
from ratecheck.figures.sweeps import Map, Sweep, load_map, load_sweep, stored_names
from ratecheck.figures.words import described
from ratecheck.theory.errors import InputError

Pages = Iterator[tuple[str, Figure]]  # what is added to the name of the figure in the file name, "" for a single page


_FEWEST_RECORDS = 6  # of a line that is worth comparing
_PANELS_PER_PAGE = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure of the catalogue.

    Parameters
    ----------
    title, caption : str
    pages : callable
        ``(results) -> pages``; raises `MissingResultError` before the first page if results are missing.
    """

    title: str
    caption: str
    pages: Callable[[Results], Pages]


@dataclass(frozen=True, slots=True)
class Drawn:
    """The files that were written, and a sentence for each figure whose results are missing."""

    paths: tuple[Path, ...]
    notices: tuple[str, ...]

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)


def _claims(results: Results) -> tuple[Result, ...]:
    if not results.claims:
        raise MissingResultError(f"{results.folder} holds no claims; run `ratecheck verify` first.")
    return results.claims


def _convergence(results: Results) -> Pages:
    claims = sorted(_claims(results), key=lambda one: (one.source_tag, one.id))
    for source in dict.fromkeys(one.source_tag for one in claims):
        group = [one for one in claims if one.source_tag == source]
        for number, first in enumerate(range(0, len(group), per_claim.PER_PAGE), start=1):
            page = group[first : first + per_claim.PER_PAGE]
            yield f"-{source}-{number}", per_claim.convergence_page(page)


def _tightness(results: Results) -> Pages:
    yield "", ranked.tightness_overview(_claims(results))
    for source, group in ranked.grouped(results.claims).items():
        for number, first in enumerate(range(0, len(group), ranked.PER_PAGE), start=1):
            page = group[first : first + ranked.PER_PAGE]
            yield f"-{source}-{number}", ranked.tightness_page(page, f"{source}, page {number}")


def _saddle(results: Results) -> Pages:
    problems: dict[tuple[str, str], list[Result]] = {}
    for one in results.with_tag("saddle"):
        # Coordinates change their sign, which no logarithmic axis shows; they have a figure of their own.
        if one.steps.size >= _FEWEST_RECORDS and "phase-portrait" not in one.tags:
            problems.setdefault((one.problem, one.measure), []).append(one)
    panels = {}
    for (problem, measure), found in problems.items():
        # Several claims about one method on a problem differ in their constants: nothing to set beside another method.
        count = Counter(one.method_name for one in found)
        single = [one for one in found if count[one.method_name] == 1]
        if len(single) > 1:
            panels[f"{problem}\n{measure}"] = single
    if not panels:
        raise MissingResultError(
            f"{results.folder} holds no saddle problem with results of two methods; "
            "run `ratecheck verify --tag saddle` first."
        )
    titles = list(panels)
    for number, first in enumerate(range(0, len(titles), _PANELS_PER_PAGE), start=1):
        page = {title: panels[title] for title in titles[first : first + _PANELS_PER_PAGE]}
        yield f"-{number}", comparison(page)


def _phase_portrait(results: Results) -> Pages:
    paths: dict[str, dict[str, Result]] = {}
    for one in results.with_tag("phase-portrait"):
        paths.setdefault(one.method_name, {})[one.measure] = one
    whole = {name: (found["coordinate 0"], found["coordinate 1"]) for name, found in paths.items() if len(found) == 2}
    if not whole:
        raise MissingResultError(
            f"{results.folder} holds no path with both coordinates; run `ratecheck verify --tag phase-portrait` first."
        )
    yield "", phase_portrait(whole)


def _checker(results: Results) -> Pages:
    yield "-verdicts", verdict_bars(_claims(results))
    yield "-power", power(_claims(results), RESOLUTION)
    yield "-exponents", exponents(_claims(results))


def _step_size(results: Results) -> Pages:
    yield "", against(load_sweep(results.folder, "step-size"))


FIGURES: dict[str, Entry] = {
    "hero": Entry(
        "Every claim at its observed / bound, and one theorem beside the method that breaks it",
        "Left: all claims, ranked; right of the line a run exceeds its bound, and the claim is refuted. Right: SignSGD "
        "and StoSignSGD beside the bound of the latter, each with its verdict.",
        hero_pages,
    ),
    "convergence": Entry(
        "Every claim: measure and bound against oracle calls",
        "Median over runs with the band of 10 to 90 %, the bound dashed in the same hue. Twelve claims a page; the id "
        "of a claim as a name draws it alone, with its legend.",
        _convergence,
    ),
    "tightness": Entry(
        "Tightness of all claims",
        "Largest observed / bound of each claim. Near 1 the bound is tight, far below 1 it promises little on that "
        "instance, above 1 it is exceeded: those claims are refuted.",
        _tightness,
    ),
    "checker": Entry(
        "The checker: verdicts, power, exponents",
        "Claims by source, verdict and provenance; the violations that would have been caught; measured exponents "
        "against claimed ones.",
        _checker,
    ),
    "sign-counterexamples": Entry(
        "SignSGD against StoSignSGD on the counterexamples CE-A to CE-D",
        "SignSGD stalls on each of them; StoSignSGD converges, below its bound (dashed).",
        sign_counterexamples,
    ),
    "step-size": Entry(
        "Final gap against step size",
        "Median and band of 10 to 90 % over runs after a fixed number of oracle calls. A line that ends has diverged.",
        _step_size,
    ),
    "phase-portrait": Entry(
        "Paths of GDA, extragradient and OGDA on f = xy",
        "GDA spirals outward, extragradient and OGDA spiral into the saddle point; dashed the exact laws.",
        _phase_portrait,
    ),
    "saddle": Entry(
        "Saddle-point methods on the same problems",
        "The measure against oracle calls for each problem on which several methods were checked; bounds dashed.",
        _saddle,
    ),
}


def draw(names: Sequence[str], folder: Path, out: Path) -> Drawn:
    """Draw figures from stored results as PDF, SVG and PNG, and a page that shows them.

    Parameters
    ----------
    names : sequence of str
        Names of `FIGURES`, of stored sweeps, maps or grids, or ids of stored claims; none means every figure whose
        results are there.
    folder : Path
        Stored results.
    out : Path
        Where the files go.

    Returns
    -------
    Drawn

    Raises
    ------
    InputError
        If a name is unknown, the results of a named figure (or of all) are missing, or `out` cannot be written.
    """
    results = load_results(folder)
    entries = {name: _entry(name, results) for name in names or {**FIGURES, **stored_names(folder)}}
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder {out} cannot be made ({error.strerror}); name another with --to.") from error
    shown: list[Shown] = []
    paths: list[Path] = []
    notices: list[str] = []
    for name, entry in entries.items():
        stems: list[tuple[str, str]] = []
        try:
            for suffix, figure in entry.pages(results):
                words = f"{entry.title}. {described(figure)}"
                paths += save(figure, out / f"{name}{suffix}", words=words)
                stems.append((f"{name}{suffix}", words))
        except MissingResultError as error:
            if names:
                raise
            notices.append(f"figure {name} is not drawn: {error}")
            shown.append(Shown(name, entry.title, str(error), ()))
        else:
            shown.append(Shown(name, entry.title, entry.caption, tuple(stems)))
    if not paths:
        raise InputError(f"{folder} holds the results of none of the figures; run `ratecheck verify` first.")
    return Drawn((*paths, contents_page(shown, out)), tuple(notices))


def _stored(folder: Path, name: str, kind: type[Sweep] | type[Map] | type[Grid]) -> Entry:
    if kind is Grid:
        grid = load_grid(folder, name)
        return Entry(grid.title, grid.caption, lambda _: iter([("", picture(grid))]))
    if kind is Sweep:
        sweep = load_sweep(folder, name)
        return Entry(sweep.title, sweep.caption, lambda _: iter([("", against(sweep))]))
    diagram = load_map(folder, name)
    return Entry(diagram.title, diagram.caption, lambda _: iter([("", phase(diagram))]))


def _entry(name: str, results: Results) -> Entry:
    if name in FIGURES:
        return FIGURES[name]
    stored = stored_names(results.folder)
    if name in stored:
        return _stored(results.folder, name, stored[name])
    claims = {one.id: one for one in results.claims}
    if name in claims:
        one = claims[name]
        return Entry(one.id, one.title, lambda _: iter([("", per_claim.convergence(one))]))
    close = difflib.get_close_matches(name, [*FIGURES, *stored, *claims], n=1, cutoff=0.3)
    nearest = f", the nearest is {close[0]!r}" if close else ""
    raise InputError(
        f"no figure and no stored claim is called {name!r}{nearest}; `ratecheck figures --list` shows the figures."
    )
