"""SignSGD against StoSignSGD on the problems that are made against the bias of the sign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from matplotlib.figure import Figure

from ratecheck.figures.comparison import comparison
from ratecheck.figures.files import MissingResultError
from ratecheck.figures.hero import hero
from ratecheck.figures.results import Result, Results

_RACE = "rare outliers"
COUNTEREXAMPLES = {
    "CE-A": "opposed pairs",
    "CE-B": "rare outliers",
    "CE-C": "mean against median",
    "CE-D": "periodic spikes",
}


def sign_counterexamples(results: Results) -> Iterator[tuple[str, Figure]]:
    """Yield the page with one panel for each problem."""
    panels = {}
    for title, problem in COUNTEREXAMPLES.items():
        found = [one for one in results.claims if one.problem.startswith(problem)]
        panels[f"{title}: {problem}"] = _one_of_each(found)
    missing = [title for title, found in panels.items() if not found]
    if missing:
        raise MissingResultError(
            f"{results.folder} holds no results of both a sign method and StoSignSGD for {'; '.join(missing)}; "
            "run `ratecheck verify --tag stosignsgd` first."
        )
    yield "", comparison(panels, _family)


def hero_pages(results: Results) -> Iterator[tuple[str, Figure]]:
    """Yield the picture for the top of a page, for a light and for a dark one."""
    found = {
        _family(one): one for one in _one_of_each([one for one in results.claims if one.problem.startswith(_RACE)])
    }
    holds = next((one for name, one in found.items() if name.startswith("StoSign")), None)
    if holds is None:
        raise MissingResultError(
            f"{results.folder} holds no results of both a sign method and StoSignSGD on {_RACE}; run "
            "`ratecheck verify --tag stosignsgd` first."
        )
    for dark in (False, True):
        yield "-dark" if dark else "", hero(results.claims, found["SignSGD"], holds, dark=dark)


def _family(result: Result) -> str:
    """The method without its wrappers: a projection onto the box is no other method."""
    return result.method_name.split()[-1]


def _one_of_each(found: Sequence[Result]) -> list[Result]:
    """Return one result of each method, on a problem that StoSignSGD and another share.

    Results against the same theorem come before those of the same measure only; of several problems the one with most
    records is taken, and of several claims of a method that of the longest run.
    """
    for share in (lambda one: (one.problem, one.bound_id), lambda one: (one.problem, one.measure)):
        best: list[Result] = []
        for shared in sorted({share(one) for one in found if one.side == "upper"}):
            methods: dict[str, Result] = {}
            for one in sorted(found, key=lambda one: (one.steps.size, one.horizon)):
                if share(one) == shared and one.side == "upper":
                    methods[_family(one)] = one
            both = "SignSGD" in methods and any(name.startswith("StoSign") for name in methods)
            if both and _records(methods.values()) > _records(best):
                best = list(methods.values())
        if best:
            return best
    return []


def _records(results: Iterable[Result]) -> int:
    return min((one.steps.size for one in results), default=0)
