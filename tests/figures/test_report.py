"""The HTML report: complete, self-contained, correct about every claim."""

from __future__ import annotations

import dataclasses
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ratecheck.figures.report import report_html, write_report
from ratecheck.figures.results import Results
from ratecheck.theory.errors import InputError

VOID = {"meta", "input", "br", "img"}


class Outline(HTMLParser):
    """Checks nesting; collects ids, references and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def parsed(page: str) -> Outline:
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    return outline


@pytest.fixture(scope="module")
def page(results: Results) -> str:
    return report_html(results.claims)


def test_well_formed_with_unique_ids_and_live_references(page: str) -> None:
    outline = parsed(page)
    assert len(outline.ids) == len(set(outline.ids))
    inner = [value[1:] for _, name, value in outline.attributes if name == "href"]
    inner += [value for _, name, value in outline.attributes if name == "aria-controls"]
    assert set(inner) <= set(outline.ids)


def test_nothing_comes_from_outside(page: str) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page)
    for tag, name, value in parsed(page).attributes:
        if name in ("src", "href", "action", "data"):
            assert value.startswith("#"), (tag, name, value)


def test_every_claim_has_its_row_numbers_picture_and_reasons(page: str, results: Results) -> None:
    bodies = dict(re.findall(r'<tbody class="claim[^"]*" id="([^"]+)" (.*?)</tbody>', page, flags=re.DOTALL))
    assert list(bodies) == [result.id for result in results.claims]
    for result in results.claims:
        body = bodies[result.id]
        assert f'data-verdict="{result.verdict}"' in body
        assert f'data-odd="{0 if result.as_expected else 1}"' in body
        if result.tightness is not None:
            assert f'data-sort="{result.tightness!r}"' in body
        assert 'class="plot"' in body
        assert result.key in body
        assert all(one.text in body for one in result.assumptions)
        assert "LaTeX: " in body
    assert "expected: holds" in bodies["c-odd"]
    assert "expected: " not in bodies["b-refuted"]


def test_texts_are_escaped(results: Results) -> None:
    nasty = '</script><script>alert("x")</script>{{rows}} & <b>'
    one = dataclasses.replace(
        results.claims[0], title=nasty, problem=nasty, method=nasty, remark=nasty, reason=nasty, formula=nasty
    )
    page = report_html([one])
    assert page.count("<script>") == 1
    assert "{{rows}}" in page
    parsed(page)


def test_a_formula_that_cannot_be_set_is_shown_as_source(results: Results) -> None:
    page = report_html([dataclasses.replace(results.claims[0], formula=r"\nosuchmacro<1")])
    assert r"<code>\nosuchmacro&lt;1</code>" in page


def test_no_claims(tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text("[]")
    write_report(tmp_path, tmp_path / "deep" / "report.html")
    page = (tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    parsed(page)
    assert "run <code>ratecheck verify</code>" in page
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.html"]


def test_same_results_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_report(folder, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_unwritable_page(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(folder, tmp_path / "file" / "report.html")


def test_infinite_and_missing_numbers(results: Results) -> None:
    one = dataclasses.replace(
        results.claims[0],
        kind="expectation",
        tightness=None,
        detectable=None,
        slope=None,
        slope_claimed=None,
        assumptions=(dataclasses.replace(results.claims[0].assumptions[0], excess=float("-inf")),),
    )
    page = report_html([one])
    parsed(page)
    assert "\N{MINUS SIGN}\N{INFINITY}" in page
    assert ">nan" not in re.sub(r"<style>.*</style>|<script>.*</script>", "", page, flags=re.DOTALL).lower()


def test_four_hundred_claims_stay_small_and_quick(results: Results) -> None:
    many = [
        dataclasses.replace(result, id=f"{result.id}-{copy}", formula=f"{result.formula}+{copy}")
        for copy in range(34)
        for result in results.claims
    ]
    start = time.process_time()
    page = report_html(many)
    assert len(many) > 400
    assert len(page.encode()) < 25e6
    assert time.process_time() - start < 30
