"""What the paper says about verdicts: it comes from the stored ones, and another verdict is another text."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratecheck.figures.paper import build
from ratecheck.figures.paper.build import source_files, write
from ratecheck.figures.paper.numbers import groups
from ratecheck.figures.paper.outcomes import came_out, outcomes, used_outcomes
from ratecheck.figures.results import Result, Results
from ratecheck.theory.errors import InputError

TEX = [path for path in source_files() if path.suffix == ".tex"]
TEXTS = [path.read_text(encoding="utf-8") for path in TEX]
SECTIONS = ("foundations", "stosignsgd", "scs", "saddle", "sgg", "overview", "language")
FLIPPED = {"holds": "refuted", "refuted": "holds"}
# Fields of a claim whose meaning depends on its verdict: "exceeds it by the factor" is nonsense for a claim that holds.
JUDGED = ("tightness", "slope", "tightest", "loosest", "last")


def segments(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    r"""Yield pieces of a source, each with the claims whose verdict its ``\when`` asks for; no comments, no proofs."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    text = re.sub(r"\\begin\{(theorem|proof|algorithm|equation)\}.*?\\end\{\1\}", " ", text, flags=re.DOTALL)
    yield from _inside(text, frozenset())


def _inside(text: str, known: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    while found := re.search(r"\\when\{[^}]*\}\{([^}]*)\}\{", text):
        depth, end = 1, found.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield text[: found.start()], known
        yield from _inside(text[found.end() : end - 1], known | set(found[1].split(",")))
        text = text[end:]
    yield text, known


def typed_outcomes(text: str, results: Results) -> list[str]:
    """Return the claims, numbers and words of a source that take a verdict for granted."""
    by_id = {one.id: one for one in results.claims}
    found = []
    for piece, known in segments(text):
        covered = {one.id for name in known for one in groups(results.claims).get(name, ())} | known
        found += [name for name in re.findall(r"\\claim\{([^}]*)\}", piece) if name not in covered]
        for name, field in re.findall(r"\\val\{([^}]*)\.(\w+)\}", piece):
            if field in JUDGED and name in by_id and name not in covered:
                found.append(f"{name}.{field}")
        if not known:
            plain = re.sub(r"\\val\{refuted\.claims\}( claims)? are refuted", " ", piece)  # true of any verdicts
            plain = re.sub(r"\\\w+\{[^}]*\}", " ", plain)
            found += re.findall(r"(?:is|are|was|were|all|both) refuted|never violated|exceeds the bound|attains", plain)
    return found


@pytest.mark.parametrize("name", SECTIONS)
def test_no_outcome_is_typed_by_hand(name: str, ledger: Results) -> None:
    text = (build.SOURCES / "sections" / f"{name}.tex").read_text(encoding="utf-8")
    assert typed_outcomes(text, ledger) == []


@pytest.mark.parametrize(
    "text",
    [
        r"The method fails (\claim{sgg-paper-het}).",
        r"exceeds the bound by \val{mq-ns-01-count.tightness}",
        r"\when{refuted}{sgg-paper-het}{fine \claim{sgg-paper-het}} but \claim{sgg-two-clusters}",
        r"All claims are refuted.",
    ],
)
def test_the_search_for_typed_outcomes_finds_them(text: str, ledger: Results) -> None:
    assert typed_outcomes(text, ledger)


def _with(results: Results, claim_id: str, verdict: str) -> tuple[Result, ...]:
    flip = {"verdict": verdict, "as_expected": False}
    return tuple(dataclasses.replace(one, **flip) if one.id == claim_id else one for one in results.claims)


def test_every_statement_changes_when_a_stored_verdict_does(ledger: Results) -> None:
    by_group = groups(ledger.claims)
    conditions, printed = used_outcomes(TEXTS)
    assert len(conditions) >= 25
    before, notices = outcomes(TEXTS, ledger.claims, by_group)
    assert notices == ()
    for names in sorted({names for _, names in conditions} | printed):
        first = names.split(",")[0]
        target = by_group.get(first, [one for one in ledger.claims if one.id == first])[0]
        changed = _with(ledger, target.id, FLIPPED[target.verdict])
        after, said = outcomes(TEXTS, changed, groups(changed))
        line = next(line for line in after.splitlines() if f"@{names}\\endcsname" in line)
        assert line not in before.splitlines(), names
        if names not in printed:
            assert any(target.id in notice for notice in said), names


def test_a_claim_that_misses_its_stated_ratio_attains_nothing(ledger: Results) -> None:
    text = [r"\when{attained}{stosign-1c-tight}{It is attained.}"]
    changed = _with(ledger, "stosign-1c-tight", "holds")  # holds, but not as expected
    assert outcomes(text, ledger.claims, {})[1] == ()
    assert outcomes(text, changed, {})[1] != ()


def test_how_claims_came_out(ledger: Results) -> None:
    one = next(one for one in ledger.claims if one.id == "sgg-paper-het")
    other = dataclasses.replace(one, verdict="holds")
    assert came_out([one]) == "is refuted"
    assert came_out([one, one]) == "are refuted"
    assert came_out([one, other, other]) == "came out differently: 2 hold, 1 is refuted"
    assert came_out([dataclasses.replace(one, verdict="undecided")]) == "is undecided"


@pytest.mark.parametrize(
    ("text", "word"), [(r"\came{no-such-claim}", "no-such-claim"), (r"\when{true}{sgg-paper-het}{a}", "true")]
)
def test_an_unknown_claim_or_verdict_stops_the_build(text: str, word: str, ledger: Results) -> None:
    with pytest.raises(InputError, match=word):
        outcomes([text], ledger.claims, {})


def test_a_flipped_verdict_changes_the_paper_that_is_written(
    ledger: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "drawn", lambda results: iter([]))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    flipped = Results(ledger.folder, _with(ledger, "csg-swapped-weights", "holds"))
    written = {}
    for name, results in (("before", ledger), ("after", flipped)):
        monkeypatch.setattr(build, "load_results", lambda folder, results=results: results)
        written[name] = write(ledger.folder, tmp_path / name)
    numbers = {name: (tmp_path / name / "generated" / "numbers.tex").read_text() for name in written}
    assert "left out" not in numbers["before"]
    assert "left out" in numbers["after"]
    assert any("csg-swapped-weights" in notice for notice in written["after"].notices)
    stored = json.loads((tmp_path / "before" / "anc" / "numbers.json").read_text())
    changed = json.loads((tmp_path / "after" / "anc" / "numbers.json").read_text())
    assert stored["refuted.claims"] != changed["refuted.claims"]
