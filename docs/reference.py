"""Writes the reference pages of the book from docstrings, registries, the ledger and, if given, stored verdicts."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rst import anchor, fields, plain, table, title, toctree, without_bars

import ratecheck.testbeds
import ratecheck.theory.methods
import ratecheck.theory.stationarity
from ratecheck.experiments.claim import Claim
from ratecheck.experiments.ledger import claims
from ratecheck.figures.curve import curve_of
from ratecheck.figures.results import Result, load_results
from ratecheck.figures.svg import curve_svg
from ratecheck.testbeds import PROBLEMS
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import FAMILIES
from ratecheck.theory.methods import METHODS
from ratecheck.theory.stationarity import MEASURES

KINDS = {"upper": "upper bound", "lower": "lower bound", "equal": "exact law"}


def write(folder: Path, results: Path | None) -> None:
    """Write all reference pages.

    Parameters
    ----------
    folder : Path
        Where they go; what is there of an earlier build is replaced.
    results : Path, optional
        Stored results whose verdicts and pictures the claims show.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stored = {one.id: one for one in load_results(results).claims} if results else {}
    pages = {
        "methods": _code_pages("methods", ratecheck.theory.methods, METHODS, _by_method(stored)),
        "problems": _code_pages("problems", ratecheck.testbeds, PROBLEMS, _by_problem(stored)),
        "measures": {"measures": _measures_page()},
        "bounds": _bound_pages(stored),
        "claims": _claim_pages(stored),
    }
    written = set()
    for chapter, texts in pages.items():
        if chapter != "measures":
            # Linked from their chapter, not from the side bar, which would have two hundred lines on every page.
            texts = {name: f":orphan:\n\n{text}" for name, text in texts.items()}
            texts[chapter] = _chapter(chapter, list(texts))
        for name, text in texts.items():
            _replace(folder / f"{name}.rst", text)
            written.add(f"{name}.rst")
    _replace(folder / "index.rst", title("Reference") + toctree(list(pages)))
    for stale in folder.glob("*.rst"):
        if stale.name not in {*written, "index.rst"}:
            stale.unlink()


def _module_text(module: ModuleType) -> str:
    return "\n".join(without_bars(inspect.cleandoc(module.__doc__ or "").splitlines())) + "\n\n"


def _replace(path: Path, text: str) -> None:
    # An unchanged page keeps its date, so that a second build of Sphinx skips it.
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _chapter(name: str, pages: Sequence[str]) -> str:
    what = {
        "methods": "Every update rule, from its docstring, with the examples that the conformance suite runs over.",
        "problems": "Every problem family with exactly known constants, from its docstring, and its examples.",
        "bounds": "Every theorem as code: formula, assumptions that are checked on the run, source, and evidence.",
        "claims": "The ledger: method, problem and bound of each claim, and how it is expected to come out.",
    }
    return title(name.capitalize()) + what[name] + "\n\n" + "".join(f"- :doc:`{page}`\n" for page in pages)


def _modules(package: ModuleType) -> list[ModuleType]:
    names = sorted(info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
    return [importlib.import_module(name) for name in names]


def _public(module: ModuleType) -> list[str]:
    """Return the public classes and functions that a module defines, in the order of the file, without state tuples."""
    found = []
    for name, value in vars(module).items():
        own = getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
        if own and (inspect.isclass(value) or inspect.isfunction(value)) and not hasattr(value, "_fields"):
            found.append(name)
    return found


def _by_method(stored: Mapping[str, Result]) -> dict[str, list[Result]]:
    """Return the claims about each class of method, wrappers included."""
    found: dict[str, list[Result]] = {}
    for one in stored.values():
        for name in set(one.method_name.split()):
            found.setdefault(name, []).append(one)
    return found


def _by_problem(stored: Mapping[str, Result]) -> dict[str, list[Result]]:
    """Return the claims about each class of problem, by the names of its examples in the registry."""
    classes = {getattr(one, "name", key): type(one).__name__ for key, one in PROBLEMS.items()}
    found: dict[str, list[Result]] = {}
    for one in stored.values():
        if one.problem in classes:
            found.setdefault(classes[one.problem], []).append(one)
    return found


def _code_pages(
    chapter: str, package: ModuleType, registry: dict[str, Any], shown: Mapping[str, Sequence[Result]]
) -> dict[str, str]:
    pages = {}
    for module in _modules(package):
        names = _public(module)
        if not names:
            continue
        short = module.__name__.removeprefix(f"{package.__name__}.")
        examples = [key for key, one in registry.items() if type(one).__module__ == module.__name__]
        text = title(short) + _module_text(module)
        text += f".. currentmodule:: {module.__name__}\n\n"
        if examples:
            text += "Examples in the registry: " + ", ".join(f"``{key}``" for key in examples) + ".\n\n"
        for name in names:
            value = getattr(module, name)
            if inspect.isclass(value):
                text += f".. autoclass:: {name}\n   :members:\n   :exclude-members: init, step, name, instances\n\n"
                text += _example(shown.get(name, ()))
            else:
                text += f".. autofunction:: {name}\n\n"
        pages[f"{chapter}-{short.replace('.', '-')}"] = text
    return pages


def _measures_page() -> str:
    text = title("Measures") + "What a theorem bounds: a number for each run, at each recorded step.\n\n"
    rows = []
    for measure in MEASURES.values():
        of = "the method's state" if measure.of == "state" else "the point"
        floor = f"known down to the accuracy of ``{measure.floor}``" if measure.floor else "exact"
        rows.append((plain(measure.id), f":math:`{measure.symbol}`", f"of {of}; {floor}"))
    return text + table(("measure", "symbol", "what of, and how well known"), rows)


def _example(results: Sequence[Result]) -> str:
    """Return the picture of the claim among some that shows most: the one with most records, the tightest of these."""
    drawn = [one for one in results if curve_of(one).limits is not None]
    if not drawn:
        return ""
    one = max(drawn, key=lambda one: (min(one.steps.size, _ENOUGH), _nearness(one), one.id))
    caption = f":ref:`{one.id} <{anchor('claim', one.id)}>`, which {_OUTCOMES[one.verdict]}: {plain(one.title)}."
    return _picture(one) + f".. container:: caption\n\n   {caption}\n\n"


_ENOUGH = 12  # records, beyond which more make no better picture
_OUTCOMES = {
    "holds": "holds",
    "refuted": "is refuted",
    "undecided": "is undecided",
    "not-applicable": "is not applicable",
}


def _nearness(result: Result) -> float:
    """Return how close the run came to its bound without exceeding it."""
    return result.tightness if result.verdict == "holds" and result.tightness is not None else 0.0


def _picture(result: Result) -> str:
    curve = curve_of(result)
    svg = curve_svg(curve, f"{result.measure} against {curve.x_label}, and its bound, for {result.id}: {result.reason}")
    return f'.. raw:: html\n\n   <figure class="claim">{svg}</figure>\n\n'


def _bound_pages(stored: Mapping[str, Result]) -> dict[str, str]:
    users: dict[str, list[Claim]] = {}
    for claim in claims().values():
        users.setdefault(claim.bound.id, []).append(claim)
    pages, seen = {}, set()
    for family in FAMILIES:
        short = family.__name__.rsplit(".", 1)[-1]
        own = [bound for bound in family.BOUNDS if bound.id not in seen]
        seen |= {bound.id for bound in own}
        head = title(short.replace("_", " ")) + _module_text(family)
        pages[f"bounds-{short}"] = head + "".join(_bound(bound, users.get(bound.id, []), stored) for bound in own)
    rest = {claim.bound.id: claim.bound for claim in claims().values() if claim.bound.id not in seen}
    if rest:
        head = title("stated beside their claims")
        pages["bounds-beside-claims"] = head + "".join(
            _bound(bound, users[bound.id], stored) for bound in rest.values()
        )
    return pages


def _bound(bound: Bound, users: Sequence[Claim], stored: Mapping[str, Result]) -> str:
    assumed = "; ".join(plain(one.text) for one in bound.assumptions)
    rows = {
        "Kind": f"{bound.kind}, {KINDS[bound.side]}, {'at any step' if bound.anytime else 'at its horizon'}",
        "Measure": f"{plain(bound.measure.id)}, taken of {type(bound.output).__name__}",
        "Failure probability": "" if bound.failure_probability is None else f"{bound.failure_probability:g}",
        "Claimed exponent": "" if bound.exponent is None else f"{bound.exponent:g}",
        "Assumptions checked on the run": assumed,
        "Source": f"{plain(str(bound.source))}",
        "Provenance": f"{bound.provenance}; {', '.join(bound.evidence)}",
        "Tight on": plain(bound.tight_on),
        "Remark": plain(bound.remark),
        "Claims": ", ".join(f":ref:`{claim.id} <{anchor('claim', claim.id)}>`" for claim in users),
    }
    head = f".. _{anchor('bound', bound.id)}:\n\n" + title(f"{plain(bound.id)}: {plain(bound.title)}", "-")
    figure = _example([stored[claim.id] for claim in users if claim.id in stored])
    return head + f".. math:: {' '.join(bound.formula.split())}\n\n" + fields(rows) + figure


def _claim_pages(stored: dict[str, Result]) -> dict[str, str]:
    ledger, pages, seen = claims(), {}, set()
    prefix = "ratecheck.experiments.ledger."
    # The modules that the ledger has imported, and no file beside them that is not part of it.
    for name in sorted(name for name in sys.modules if name.startswith(prefix)):
        found = getattr(sys.modules[name], "CLAIMS", ())
        own = [claim for claim in found if ledger.get(claim.id) is claim and claim.id not in seen]
        if own:
            seen |= {claim.id for claim in own}
            short = name.removeprefix(prefix)
            text = title(short.replace("_", " ")) + "".join(_claim(claim, stored.get(claim.id)) for claim in own)
            pages[f"claims-{short}"] = text
    if missing := set(ledger) - seen:
        raise AssertionError(f"no page shows the claims {sorted(missing)}")
    return pages


def _claim(claim: Claim, result: Result | None) -> str:
    bound = claim.bound
    horizons = ", ".join(str(n) for n in claim.horizons)
    rows = {
        "Expected": f"**{claim.expected}**" + ("" if claim.attained is None else f", attained {claim.attained:g}"),
        "Bound": f":ref:`{plain(bound.id)} <{anchor('bound', bound.id)}>`, {plain(bound.title)}",
        "Measure": f"{plain(bound.measure.id)}, taken of {type(bound.output).__name__}",
        "Steps and runs": f"{horizons} steps; {claim.runs} to {claim.budget} runs",
        "Tags": ", ".join(claim.tags),
    }
    picture = ""
    if result is not None:
        rows["Verdict"] = f"**{result.verdict}**: {plain(result.reason)}"
        rows["Observed / bound"] = "" if result.tightness is None else f"{result.tightness:.6g}"
        rows["Method"] = f"``{result.method}``"
        rows["Problem"] = plain(result.problem)
        picture = _picture(result)
    head = f".. _{anchor('claim', claim.id)}:\n\n" + title(plain(claim.id), "-") + f"{plain(claim.title)}.\n\n"
    return head + fields(rows) + picture
