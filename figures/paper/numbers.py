"""Every number of the paper by its key, such as ``ledger.claims`` or ``stosign-1c-tight.tightness``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ratecheck.figures.paper.text import decimal, escape, whole
from ratecheck.figures.results import SOURCES, Result
from ratecheck.theory.errors import InputError

VACUOUS, TIGHT = 1e-3, 0.99  # observed / bound below which a bound that holds says little, above which it is tight
FAMILY_LEVEL, FAMILY_SIZE, RESOLUTION = 1e-3, 1000, 1.5  # of the checker; a test holds them against it

_GROUP: dict[str, Callable[[Sequence[Result]], str]] = {
    "claims": lambda group: whole(len(group)),
    "theorems": lambda group: whole(len({one.bound_id for one in group})),
    "methods": lambda group: whole(len({one.method_name for one in group})),
    "problems": lambda group: whole(len({one.problem for one in group})),
    "runs": lambda group: whole(sum(one.runs for one in group)),
    "calls": lambda group: whole(sum(one.runs * one.oracle_calls for one in group)),
    "unexpected": lambda group: whole(sum(not one.as_expected for one in group)),
    "certified": lambda group: whole(sum(one.certified for one in group)),
    "stated": lambda group: whole(sum(one.attained is not None for one in group)),
    "tight": lambda group: whole(len(tight(group))),
    "vacuous": lambda group: whole(len(vacuous(group))),
    "tightest": lambda group: decimal(max(_tightness(group), default=None)),
    "loosest": lambda group: decimal(min(_tightness(group), default=None)),
    "median": lambda group: decimal(float(np.median(_tightness(group))) if _tightness(group) else None),
    "worstpower": lambda group: decimal(max(_detectable(group), default=None)),
    "medianpower": lambda group: decimal(float(np.median(_detectable(group))) if _detectable(group) else None),
}
_ONE: dict[str, Callable[[Result], str]] = {
    "tightness": lambda one: decimal(one.tightness),
    "horizon": lambda one: whole(one.horizon),
    "runs": lambda one: whole(one.runs),
    "calls": lambda one: whole(one.oracle_calls),
    "slope": lambda one: decimal(one.slope),
    "claimed": lambda one: decimal(one.slope_claimed),
    "detectable": lambda one: decimal(one.detectable),
    "verdict": lambda one: escape(one.verdict),
    "last": lambda one: decimal(float(one.values.mean(axis=0)[-1])),
    "bound": lambda one: decimal(float(one.bound.reshape(-1, one.steps.size).mean(axis=0)[-1])),
}


def tight(results: Iterable[Result]) -> list[Result]:
    """Return the claims that hold and come within one per cent of their bound, exact laws left out."""
    return [one for one in _bounds(results) if one.tightness is not None and one.tightness >= TIGHT]


def vacuous(results: Iterable[Result]) -> list[Result]:
    """Return the deterministic claims and those in expectation that stay a factor 1000 below their bound."""
    return [one for one in _bounds(results) if one.tightness is not None and one.tightness < VACUOUS]


def _bounds(results: Iterable[Result]) -> list[Result]:
    kinds = ("deterministic", "expectation")
    return [one for one in results if one.verdict == "holds" and one.side != "equal" and one.kind in kinds]


def _tightness(group: Sequence[Result]) -> list[float]:
    return [one.tightness for one in group if one.tightness is not None and one.verdict == "holds"]


def _detectable(group: Sequence[Result]) -> list[float]:
    statistical = [one for one in group if one.kind in ("expectation", "probability") and one.verdict == "holds"]
    return [one.detectable for one in statistical if one.detectable is not None]


def groups(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return groups of claims by the first part of a key: the ledger, sources, kinds, verdicts, tags and theorems."""
    found: dict[str, list[Result]] = {"ledger": list(results)} | {source: [] for source in SOURCES}
    for verdict in ("holds", "refuted", "undecided", "not-applicable"):
        found[verdict] = []
    for one in results:
        names = {one.source_tag, one.kind, one.verdict, one.provenance, one.bound_id, f"{one.source_tag}-{one.verdict}"}
        for name in sorted(names | {f"tag-{tag}" for tag in one.tags}):
            found.setdefault(name, []).append(one)
    return found


def numbers(keys: Iterable[str], results: Sequence[Result], extra: Mapping[str, str]) -> dict[str, str]:
    """Return the LaTeX text of each key.

    Parameters
    ----------
    keys : iterable of str
        ``<group>.<field>`` or ``<claim>.<field>``, or a key of `extra`.
    results : sequence of Result
    extra : dict
        Numbers that are not of claims.

    Raises
    ------
    InputError
        If a key names nothing that is stored.
    """
    by_id = {one.id: one for one in results}
    by_group = groups(results)
    found, missing = {}, []
    for key in sorted(set(keys)):
        name, _, field = key.rpartition(".")
        if key in extra:
            found[key] = extra[key]
        elif name in by_id and field in _ONE:
            found[key] = _ONE[field](by_id[name])
        elif name in by_group and field in _GROUP:
            found[key] = _GROUP[field](by_group[name])
        else:
            missing.append(key)
    if missing:
        few = ", ".join(missing[:3]) + (f" and {len(missing) - 3} others" if len(missing) > 3 else "")
        raise InputError(f"the paper needs numbers that the results do not hold ({few}); run `ratecheck verify` first.")
    return found


def constants(faults: Mapping[str, int]) -> dict[str, str]:
    """Return the numbers of the checker itself, and those of the planted faults."""
    return {
        "checker.level": rf"$10^{{{round(np.log10(FAMILY_LEVEL))}}}$",
        "checker.family": whole(FAMILY_SIZE),
        "checker.resolution": decimal(RESOLUTION, 2),
        "faults.all": whole(sum(faults.values())),
        "faults.files": whole(len(faults)),
    }


def macros(found: Mapping[str, str]) -> str:
    """Return the LaTeX file that defines what ``\\val{key}`` prints."""
    lines = [rf"\expandafter\def\csname val@{key}\endcsname{{{text}}}" for key, text in sorted(found.items())]
    return "\n".join(["% Generated by `ratecheck paper` from stored results.", *lines]) + "\n"
