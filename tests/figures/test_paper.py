"""The paper: no number typed by hand, every macro generated, sources that compile without complaint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from ratecheck.experiments import run, statistics
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.ledger import claims
from ratecheck.figures.paper import build
from ratecheck.figures.paper.build import source_files, used_keys, write
from ratecheck.figures.paper.numbers import FAMILY_LEVEL, FAMILY_SIZE, RESOLUTION, constants, macros, numbers
from ratecheck.figures.paper.pictures import PICTURES, drawn
from ratecheck.figures.paper.planted import planted_faults
from ratecheck.figures.paper.studies import study_numbers
from ratecheck.figures.paper.tables import TABLES, tables
from ratecheck.figures.paper.text import decimal, escape, identifier, whole
from ratecheck.figures.results import Results
from ratecheck.theory.errors import InputError

ROOT = Path(__file__).parents[2]
TEX = [path for path in source_files() if path.suffix == ".tex"]


def _prose(text: str) -> tuple[str, list[str]]:
    """Return the text without commands whose arguments are names, and its formulas apart."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    names = r"\\(?:val|came|claim|cmd|cite[pt]?|ref|eqref|label|input|begin|end|texttt)\{[^}]*\}(?:\[[^]]*\])?"
    text = re.sub(r"\\resultfigure\{[^}]*\}\{[^}]*\}\{[^}]*\}", "", text)
    text = re.sub(r"\\when\{[^}]*\}\{[^}]*\}", "", text)
    text = re.sub(names, " ", text)
    shown = r"\$[^$]*\$|\\\[.*?\\\]|\\\(.*?\\\)"
    formulas = re.findall(shown, text, flags=re.DOTALL)
    return re.sub(shown, " ", text, flags=re.DOTALL), formulas


@pytest.mark.parametrize("path", [p for p in TEX if p.parent.name == "sections"], ids=lambda path: path.stem)
def test_no_result_is_typed_by_hand(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"\\begin\{(equation|align\*?|algorithmic)\}.*?\\end\{\1\}", " ", text, flags=re.DOTALL)
    prose, formulas = _prose(text)
    typed = re.findall(r"(?<![\w\\.-])\d[\d.,]*(?![\w-])", prose)
    assert not typed, f"{path.name}: {typed} should be \\val{{...}}"
    # A decimal fraction or a bare number in a formula is a measured value in disguise.
    disguised = [one for one in formulas if re.search(r"\d\.\d", one) or re.fullmatch(r"\$[\d.,\\ %]+\$", one)]
    assert not disguised, f"{path.name}: {disguised} should be \\val{{...}}"


def test_the_search_for_typed_numbers_finds_them() -> None:
    prose, _ = _prose(r"The gap is 0.37 after \val{a.horizon} steps.")
    assert re.findall(r"(?<![\w\\.-])\d[\d.,]*(?![\w-])", prose) == ["0.37"]


def test_every_number_used_is_generated(ledger: Results) -> None:
    keys = used_keys(TEX)
    assert len(keys) > 40
    found = numbers(keys, ledger.claims, constants({"a": 3}) | dict(study_numbers(ledger.folder)))
    assert found.keys() == keys
    assert macros(found).count(r"\csname val@") == len(keys)


def test_a_number_that_nothing_generates_is_named(ledger: Results) -> None:
    with pytest.raises(InputError, match=r"no-such-claim\.tightness"):
        numbers({"no-such-claim.tightness"}, ledger.claims, {})


def test_every_claim_and_file_that_the_text_names_is_there(ledger: Results) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in TEX)
    named = set(re.findall(r"\\claim\{([^}#]*)\}", text))
    assert named <= set(claims()), named - set(claims())
    made = {f"generated/table-{name}" for name in tables(ledger.claims, {"a": 1}, ledger.folder)}
    made |= {"generated/numbers", "generated/language", "generated/table-language"}
    assert set(re.findall(r"\\input\{(generated/[^}]*)\}", text)) == made
    pictures = set(re.findall(r"\\resultfigure\{([^}#]*)\}", text)) - {"name"}
    assert pictures == set(PICTURES)
    assert len(pictures) >= 12
    assert len(made) >= 8


def test_every_reference_has_its_label_and_every_citation_its_entry(ledger: Results) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in TEX)
    made = "\n".join(tables(ledger.claims, {"a": 1}, ledger.folder).values())
    labels = set(re.findall(r"\\label\{([^}#]*)\}", text + made)) | {f"fig:{name}" for name in PICTURES}
    used = set(re.findall(r"\\(?:eq)?ref\{([^}#]*)\}", text))
    assert used <= labels, used - labels
    cited = {key for group in re.findall(r"\\cite[pt]?\{([^}]*)\}", text) for key in group.split(",")}
    entries = set(re.findall(r"^@\w+\{([^,]+),", (build.SOURCES / "references.bib").read_text(), re.MULTILINE))
    assert cited == entries


def test_a_derived_theorem_says_so() -> None:
    for path in TEX:
        text = path.read_text(encoding="utf-8")
        if path.stem.startswith("proofs-") and path.stem != "proofs-checker":
            assert "Everything in this appendix is derived here" in text
        elif path.stem in ("stosignsgd", "scs", "saddle", "sgg"):
            assert all("derived" in one for one in re.findall(r"\\begin\{theorem\}\[(.*?)\]", text))
            assert text.count(r"\begin{theorem}") == text.count(r"\begin{theorem}[derived")


def test_the_constants_of_the_checker_are_those_of_the_code() -> None:
    assert (FAMILY_LEVEL, FAMILY_SIZE) == (statistics.FAMILY_LEVEL, run.FAMILY_SIZE)
    assert next(iter(claims().values())).__dataclass_fields__["resolution"].default == RESOLUTION


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "--"),
        (0.0, "0"),
        (0.5, "0.500"),
        (-0.5, "$-0.500$"),
        (123.4, "123"),
        (2493.8, "2494"),
        (2.39e10, r"$2.39\cdot 10^{10}$"),
        (float("inf"), r"$\infty$"),
    ],
)
def test_decimals(value: float | None, text: str) -> None:
    assert decimal(value) == text


def test_text_is_escaped() -> None:
    assert escape("a_b & 5 % of {x}") == r"a\_\allowbreak{}b \& 5 \% of \{x\}"
    assert whole(1234567) == r"1\,234\,567"
    assert identifier("a-b") == r"\texttt{a-\allowbreak{}b}"


def test_planted_faults_are_counted_in_the_sources() -> None:
    counts = planted_faults(ROOT / "tests" / "experiments")
    assert len(counts) >= 8
    assert all(count > 0 for count in counts.values())


def test_without_latex_the_sources_are_written(
    stored: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "drawn", lambda results: iter([("coverage", None)]))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    paper = write(stored.folder, tmp_path / "paper")
    assert paper.pdf is None
    assert any("latexmk" in notice for notice in paper.notices)
    assert any("coverage" in notice for notice in paper.notices)
    for name in ("paper.tex", "references.bib", "generated/numbers.tex", "anc/verdicts.json"):
        assert (tmp_path / "paper" / name).is_file()
    assert json.loads((tmp_path / "paper/anc/numbers.json").read_text())["ledger.claims"] == whole(len(claims()))
    assert all((tmp_path / f"paper/generated/table-{name}.tex").is_file() for name in TABLES)


def test_missing_results_and_sources_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["paper", "--results", str(tmp_path), "--to", str(tmp_path / "p")]) == 2
    message = capsys.readouterr().err
    assert "ratecheck verify" in message
    assert message.count("\n") == 1
    with pytest.raises(InputError, match="checkout"):
        source_files(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("latexmk") is None or shutil.which("pdflatex") is None, reason="LaTeX is not installed"
)
def test_it_compiles_without_complaint_and_twice_alike(stored: Results, tmp_path: Path) -> None:
    assert sum(figure is not None for _, figure in drawn(stored)) >= 12
    first = write(stored.folder, tmp_path / "a")
    second = write(stored.folder, tmp_path / "b" / "c")
    assert first.problems == ()
    assert first.pdf is not None
    assert second.pdf is not None
    assert first.pdf.read_bytes() == second.pdf.read_bytes()
    pages = re.search(r"Output written on .* \((\d+) pages", (tmp_path / "a/paper.log").read_text("latin-1"))
    assert pages is not None
    assert int(pages[1]) >= 15
    assert (tmp_path / "a/paper.bbl").is_file()
