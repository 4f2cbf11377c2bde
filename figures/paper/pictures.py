"""The pictures of the paper: which claims each shows, by the theorem that they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ratecheck.figures.against import against
from ratecheck.figures.catalogue import FIGURES
from ratecheck.figures.convergence import convergence_page
from ratecheck.figures.files import MissingResultError
from ratecheck.figures.grids import dots, grid_names, load_grid
from ratecheck.figures.paper.language import FIGURES as FIGURES_OF_LANGUAGE
from ratecheck.figures.paper.numbers import RESOLUTION
from ratecheck.figures.paper.studies import loaded
from ratecheck.figures.results import Result, Results
from ratecheck.figures.statistics import exponents, power, verdict_bars
from ratecheck.figures.sweeps import Sweep, load_sweep
from ratecheck.figures.termination import termination
from ratecheck.figures.tightness import tightness_overview

FEWEST_RECORDS = 5
DIMENSIONS = (10, 100, 1000, 10_000)
_THEOREMS: dict[str, tuple[str, ...]] = {
    "foundations": ("NS-01", "NS-06", "SM-01", "SM-10", "SM-13", "SM-15", "OCO-01", "ST-01", "AD-01"),
    "stosignsgd": ("STO-1a", "STO-1b", "STO-1c", "STO-3a", "STO-3b", "STO-3c", "STO-4", "STO-5", "STO-1d"),
    "nonconvex": ("STO-N1", "ZC-L2", "STO-N1-spread", "STO-N2", "STO-8", "STO-9"),
    "conjugate": ("CSG-01", "CSG-04", "CSG-06", "CSG-08", "CSG-09", "CSG-10", "CSG-12", "CSG-F3", "CSG-13"),
    "saddle-general": ("QN-20", "QN-21", "QN-23", "QN-24", "QN-25", "QN-27"),
    "grouping": ("SGG-1-fixed", "SGG-1", "SGG-1-still", "SGG-2", "SGG-3", "SGG-C1", "SGG-4", "SGG-5", "SGG-L1"),
}
_SWEEPS = ("step-size", "scs-profile", "scs-ecdf", "sample-size", "coverage")


def _page(name: str) -> Callable[[Results], Figure]:
    return lambda results: convergence_page(one_of_each(results.claims, _THEOREMS[name]))


def one_of_each(claims: Sequence[Result], theorems: Sequence[str]) -> list[Result]:
    """Return for each theorem the claim with most records, refuted ones before others at equal length.

    Raises
    ------
    MissingResultError
        If no claim of any of them has enough records to be drawn.
    """
    found = []
    for theorem in theorems:
        about = [one for one in claims if one.bound_id == theorem and one.steps.size >= FEWEST_RECORDS]
        if about:
            found.append(max(about, key=lambda one: (one.steps.size, one.verdict == "refuted", one.id)))
    if not found:
        raise MissingResultError(f"the results hold no runs about {', '.join(theorems)}; run `ratecheck verify` first.")
    return found


def _misquoted(results: Results) -> Figure:
    found = [one for one in results.with_tag("misquoted") if one.steps.size >= FEWEST_RECORDS]
    refuted = sorted((one for one in found if one.verdict == "refuted"), key=lambda one: (-one.steps.size, one.id))
    if not refuted:
        raise MissingResultError("the results hold no refuted misquotation; run `ratecheck verify --tag misquoted`.")
    return convergence_page(refuted[:9])


def _cliff(results: Results) -> Figure:
    """The gradient against steps for several block sizes: little happens until the matrix is known."""
    panels: dict[str, dict[str, Result]] = {}
    for one in results.claims:
        condition, _, block = one.id.removeprefix("qn-01-kappa").partition("-tau")
        if one.id.startswith("qn-01-kappa") and block:
            panels.setdefault(f"condition number {condition}", {})[f"block size {block}"] = one
    if not panels:
        raise MissingResultError(
            "the results hold no quadratic game of claims QN-01; run `ratecheck verify --tag mgsr1-sp`."
        )
    return termination(panels)


def _dimension(results: Results) -> Figure:
    by_id = {one.id: one for one in results.claims}
    series = {"N1, dense": "n1-dense", "N1, sparse": "n1-sparse", "l2, dense": "l2-dense", "l2, sparse": "l2-sparse"}
    try:
        found = [[by_id[f"{stem}-{dim}"] for dim in DIMENSIONS] for stem in series.values()]
    except KeyError as error:
        raise MissingResultError(f"the results do not hold the claim {error}; run `ratecheck verify` first.") from None
    runs = min(one.values.shape[0] for row in found for one in row)
    return against(
        Sweep(
            name="dimension",
            title="averaged gradient of a random discounted law",
            problem="gradient bounds alike in all coordinates (dense) or in one only (sparse)",
            caption="",
            parameter="dimension",
            measure="averaged gradient after the last step",
            labels=tuple(series),
            scales=("log", "log"),
            floor=1e-14,
            grid=np.array(DIMENSIONS, dtype=np.float64),
            values=np.array([[one.values[:runs, -1] for one in row] for row in found]),
            reference=np.array([[float(np.ravel(one.bound)[-1]) for one in row] for row in found]),
        )
    )


def _of_catalogue(name: str) -> Callable[[Results], Figure]:
    return lambda results: next(iter(FIGURES[name].pages(results)))[1]


def _sweep(name: str) -> Callable[[Results], Figure]:
    return lambda results: against(load_sweep(results.folder, name, "ratecheck study"))


PICTURES: dict[str, Callable[[Results], Figure]] = {
    "verdicts": lambda results: verdict_bars(results.claims),
    "tightness": lambda results: tightness_overview(results.claims),
    "power": lambda results: power(results.claims, RESOLUTION),
    "exponents": lambda results: exponents(results.claims),
    "misquoted": _misquoted,
    "counterexamples": _of_catalogue("sign-counterexamples"),
    "dimension": _dimension,
    "cliff": _cliff,
    "saddle": _of_catalogue("saddle"),
    **{name: _page(name) for name in _THEOREMS},
    **{name: _sweep(name) for name in _SWEEPS},
}


def language_pictures(folder: Path) -> dict[str, Figure]:
    """Return the pictures of the language-model experiments whose curves lie in a folder."""
    sweeps = {name: loaded(folder, name) for name in FIGURES_OF_LANGUAGE if name not in grid_names(folder)}
    grids = {name: dots(load_grid(folder, name)) for name in FIGURES_OF_LANGUAGE if name in grid_names(folder)}
    return {name: against(sweep) for name, sweep in sweeps.items() if sweep is not None} | grids


def drawn(results: Results) -> Iterator[tuple[str, Figure | None]]:
    """Return each picture by its name, None where its results are missing."""
    for name, make in PICTURES.items():
        try:
            yield name, make(results)
        except MissingResultError:
            yield name, None
