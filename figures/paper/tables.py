"""The tables of the paper, each a function of the stored claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ratecheck.figures.paper.layout import Table
from ratecheck.figures.paper.numbers import groups, tight, vacuous
from ratecheck.figures.paper.studies import loaded, percent
from ratecheck.figures.paper.text import decimal, escape, identifier, whole
from ratecheck.figures.results import SOURCES, Result

_MOST_ROWS = 20  # of a table of examples; the rest is in the file of verdicts
_VERDICTS = ("holds", "refuted", "undecided", "not-applicable")


Made = Callable[[Sequence[Result]], Table]


def _ledger(claims: Sequence[Result]) -> Table:
    found = groups(claims)
    names = [source for source in SOURCES if found[source]]
    rows = []
    for name, group in [*((name, found[name]) for name in names), ("all", list(claims))]:
        verdicts = Counter(one.verdict for one in group)
        provenance = Counter(one.provenance for one in group)
        counts = [len(group), len({one.bound_id for one in group}), *(verdicts[v] for v in _VERDICTS)]
        counts += [provenance[p] for p in ("paper", "secondary", "derived")]
        rows.append((escape(name), *map(whole, counts)))
    header = ("source", "claims", "bounds", "hold", "refuted", "undec.", "n/a", "paper", "second.", "derived")
    caption = (
        "The ledger: claims and distinct bounds by source, verdicts, and whose statement it is: the paper's own, that "
        "of a secondary source, or derived here."
    )
    return Table(caption, "lrrrrrrrrr", header, rows)


def _kinds(claims: Sequence[Result]) -> Table:
    rows = []
    for kind in ("deterministic", "expectation", "probability", "rate"):
        group = [one for one in claims if one.kind == kind]
        verdicts = Counter(one.verdict for one in group)
        holding = [one for one in group if one.verdict == "holds"]
        ratios = [one.tightness for one in holding if one.tightness is not None]
        caught = [one.detectable for one in holding if one.detectable is not None and kind != "deterministic"]
        rows.append(
            (
                kind,
                whole(len(group)),
                whole(verdicts["holds"]),
                whole(verdicts["refuted"]),
                whole(sum(one.certified for one in group)),
                decimal(float(np.median(ratios)) if ratios else None),
                decimal(float(np.median(caught)) if caught and kind != "rate" else None),
                decimal(max(caught) if caught and kind != "rate" else None),
            )
        )
    header = ("kind", "claims", "hold", "refuted", "certified", "median obs./bound", "median power", "worst power")
    caption = (
        "Verdicts by kind of claim. The last columns give the smallest violation that the runs would have caught, as "
        "a factor of the bound, over the claims that hold."
    )
    return Table(caption, "lrrrrrrr", header, rows)


def _faults(faults: Mapping[str, int]) -> Table:
    rows = [(escape(name), whole(count)) for name, count in faults.items()]
    rows.append(("all", whole(sum(faults.values()))))
    caption = (
        "Planted faults by subject: entries in the lists of the test suite, a lower limit to the number of faults "
        "that the tests plant. The suite fails if a fault goes unnoticed."
    )
    return Table(caption, "lr", ("subject", "faults"), rows)


def _one_row_each(claims: Sequence[Result]) -> list[Result]:
    return list({one.bound_id: one for one in claims}.values())


def _tight(claims: Sequence[Result]) -> Table:
    group = _one_row_each([one for one in tight(claims) if one.attained is not None])
    # Every source is represented before any has many rows.
    ranked = sorted(group, key=lambda one: (-len(one.problem.split()), one.bound_id))
    shown = [one for source in SOURCES for one in [r for r in ranked if r.source_tag == source][:14]][:_MOST_ROWS]
    rows = [
        (
            identifier(one.bound_id),
            escape(one.bound_title),
            escape(one.problem),
            decimal(one.attained, 4),
            decimal(one.tightness, 4),
        )
        for one in shown
    ]
    caption = (
        "Bounds that are tight: a selection of the bounds with an instance on which observed / bound has a stated "
        "value, and the value that was observed. All of them are in the file of verdicts."
    )
    columns = "P{0.13\\linewidth}P{0.33\\linewidth}P{0.27\\linewidth}rr"
    return Table(caption, columns, ("bound", "what it says", "instance", "stated", "observed"), rows, long=True)


def _vacuous(claims: Sequence[Result]) -> Table:
    group = sorted(vacuous(claims), key=lambda one: (one.tightness or 0.0, one.id))
    shown = sorted(_one_row_each(group), key=lambda one: (one.tightness or 0.0, one.id))[:_MOST_ROWS]
    rows = [(identifier(one.id), escape(one.bound_title), escape(one.problem), decimal(one.tightness)) for one in shown]
    caption = (
        "Bounds that hold and say little on the instance: claims whose largest observed / bound is below one "
        "thousandth, one for each bound, the loosest first."
    )
    columns = "P{0.24\\linewidth}P{0.36\\linewidth}P{0.24\\linewidth}r"
    return Table(caption, columns, ("claim", "what it says", "problem", "obs./bound"), rows, long=True)


def _refuted(claims: Sequence[Result]) -> Table:
    order = {source: i for i, source in enumerate(SOURCES)}
    group = sorted(
        (one for one in claims if one.verdict == "refuted"), key=lambda one: (order.get(one.source_tag, 9), one.id)
    )
    rows = [(identifier(one.id), escape(one.title), escape(one.provenance), decimal(one.tightness)) for one in group]
    caption = (
        "Every refuted claim. The last column is the largest observed / bound, empty where the claim is about an "
        "exponent or where the measure is infinite."
    )
    columns = "P{0.24\\linewidth}P{0.48\\linewidth}lr"
    return Table(caption, columns, ("claim", "what was claimed", "whose", "obs./bound"), rows, long=True)


def _source(source: str, title: str) -> Made:
    def made(claims: Sequence[Result]) -> Table:
        theorems: dict[str, list[Result]] = {}
        for one in claims:
            if one.source_tag == source:
                theorems.setdefault(one.bound_id, []).append(one)
        rows = []
        for bound, group in sorted(theorems.items()):
            ratios = [one.tightness for one in group if one.tightness is not None and one.verdict == "holds"]
            verdicts = Counter(one.verdict for one in group)
            rows.append(
                (
                    identifier(bound),
                    escape(group[0].bound_title),
                    escape(group[0].provenance),
                    whole(verdicts["holds"]),
                    whole(verdicts["refuted"]),
                    decimal(max(ratios, default=None)),
                )
            )
        caption = (
            f"{title}: every bound of the ledger, whose statement it is, the claims that hold and those refuted, and "
            "the largest observed / bound among those that hold."
        )
        columns = "P{0.19\\linewidth}P{0.43\\linewidth}lrrr"
        return Table(caption, columns, ("bound", "what it says", "whose", "hold", "ref.", "obs./b."), rows, long=True)

    return made


def _rates(claims: Sequence[Result]) -> Table:
    group = [one for one in claims if one.kind == "rate"]
    rows = [
        (identifier(one.id), escape(one.title), decimal(one.slope_claimed), decimal(one.slope), escape(one.verdict))
        for one in sorted(group, key=lambda one: one.id)
    ]
    caption = "Claims about exponents: the claimed exponent of the number of steps and the one measured on the tail."
    columns = "P{0.24\\linewidth}P{0.40\\linewidth}rrl"
    return Table(caption, columns, ("claim", "what was claimed", "claimed", "measured", "verdict"), rows, long=True)


TABLES: dict[str, Made] = {
    "ledger": _ledger,
    "kinds": _kinds,
    "tight": _tight,
    "vacuous": _vacuous,
    "refuted": _refuted,
    "rates": _rates,
    "foundations": _source("foundations", "Foundations"),
    "stosignsgd": _source("stosignsgd", "StoSignSGD"),
    "scs": _source("scs", "Stochastic conjugate subgradients"),
    "mgsr1-sp": _source("mgsr1-sp", "MGSR1-SP"),
    "sgg": _source("sgg", "Gradient grouping"),
}


def tables(claims: Sequence[Result], faults: Mapping[str, int], folder: Path) -> dict[str, str]:
    """Return the LaTeX text of every table by its name.

    Parameters
    ----------
    claims : sequence of Result
    faults : dict
        Number of planted faults by subject.
    folder : Path
        Where the studies are stored.
    """
    made = {name: make(claims).latex(name) for name, make in TABLES.items()}
    return made | {"faults": _faults(faults).latex("faults"), "scs-comparison": _comparison(folder)}


def _comparison(folder: Path) -> str:
    """Return what the crowded profile and ECDF say, in figures: the shares at a few factors and budgets."""
    profile, reached = loaded(folder, "scs-profile"), loaded(folder, "scs-ecdf")
    rows = []
    if profile is not None and reached is not None and profile.labels == reached.labels:
        shares = np.median(profile.values, axis=2), np.median(reached.values, axis=2)
        at = [int(np.abs(np.log(profile.grid / factor)).argmin()) for factor in (1.0, 2.0, 8.0)]
        for i in sorted(range(len(profile.labels)), key=lambda i: (-shares[1][i, -1], profile.labels[i])):
            cells = [shares[0][i, j] for j in at] + [shares[1][i, -1]]
            rows.append((escape(profile.labels[i]), *(percent(float(share)) for share in cells)))
    if not rows:
        rows = [(r"not run; \cmd{ratecheck study scs-comparison} runs it", "--", "--", "--", "--")]
    header = ("method", "fewest", "within 2", "within 8", "reached in the end")
    caption = (
        "Tuned methods on stochastic nonsmooth problems: share of (problem, target, seed) that a method solves with "
        "the fewest sample gradients, within two and eight times the fewest, and that it reaches at all."
    )
    return Table(caption, "lrrrr", header, rows).latex("scs-comparison")
