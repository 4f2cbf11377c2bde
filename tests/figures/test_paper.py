"""The paper: no number typed by hand, every macro generated, sources that compile without complaint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments import run, statistics
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.ledger import claims
from ratecheck.figures.paper import build
from ratecheck.figures.paper.build import source_files, used_keys, write
from ratecheck.figures.paper.numbers import FAMILY_LEVEL, FAMILY_SIZE, RESOLUTION, constants, macros, numbers
from ratecheck.figures.paper.pictures import PICTURES, drawn
from ratecheck.figures.paper.planted import planted_faults
from ratecheck.figures.paper.tables import TABLES, tables
from ratecheck.figures.paper.text import decimal, escape, identifier, whole
from ratecheck.figures.results import Assumed, Result, Results
from ratecheck.theory.errors import InputError

ROOT = Path(__file__).parents[2]
TEX = [path for path in source_files() if path.suffix == ".tex"]
STEPS = np.unique(np.round(np.geomspace(1, 1000, 12)).astype(np.int64))
PROBLEMS = ("opposed pairs", "rare outliers", "mean against median", "periodic spikes")


def _planted(claim_id: str) -> Result:
    """A claim of the ledger with a run that nobody made: the tests look at the paper, not at the findings."""
    claim = claims()[claim_id]
    refuted = claim.expected == "refuted"
    bound = 1 / np.sqrt(STEPS)
    counterexample = next(
        (i for i, key in enumerate(("pairs", "outliers", "median", "spikes")) if key in claim_id), None
    )
    method = "SignSGD(step_size=0.1)" if claim_id.startswith("signsgd") else "StoSignSGD(step_size=0.1)"
    return Result(
        id=claim.id,
        title=claim.title,
        source=str(claim.bound.source),
        provenance=claim.bound.provenance,
        evidence=claim.bound.evidence,
        kind=claim.bound.kind,
        side=claim.bound.side,
        anytime=True,
        method=method,
        problem="planted" if counterexample is None else PROBLEMS[counterexample],
        measure=claim.bound.measure.id,
        symbol=claim.bound.measure.symbol,
        bound_id=claim.bound.id,
        bound_title=claim.bound.title,
        formula="",
        remark="",
        assumptions=(Assumed("planted", 0.0),),
        expected=claim.expected,
        verdict=claim.expected,
        certified=False,
        as_expected=True,
        tightness=2.0 if refuted else 0.5,
        attained=claim.attained,
        horizon=1000,
        runs=2,
        oracle_calls=1000,
        slope=-0.5,
        slope_ci=None,
        slope_claimed=claim.bound.exponent,
        slope_from=0.1,
        detectable=1.2,
        reason="",
        tags=claim.tags,
        key="0",
        file="",
        steps=STEPS,
        calls=STEPS,
        values=np.stack([bound, bound * 1.1]) * (2 if refuted else 0.5),
        bound=bound,
        floor=1e-14,
    )


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    (folder / "verdicts.json").write_text("[]\n")
    return Results(folder, tuple(_planted(claim_id) for claim_id in sorted(claims())))


@pytest.fixture
def stored(ledger: Results, monkeypatch: pytest.MonkeyPatch) -> Results:
    monkeypatch.setattr(build, "load_results", lambda folder: ledger)
    return ledger


def _prose(text: str) -> tuple[str, list[str]]:
    """Return the text without commands whose arguments are names, and its formulas apart."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    names = r"\\(?:val|claim|cmd|cite[pt]?|ref|eqref|label|input|begin|end|texttt)\{[^}]*\}(?:\[[^]]*\])?"
    text = re.sub(r"\\resultfigure\{[^}]*\}\{[^}]*\}\{[^}]*\}", "", text)
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
    found = numbers(keys, ledger.claims, constants({"a": 3}))
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
    inputs = set(re.findall(r"\\input\{(generated/[^}]*)\}", text)) - {"generated/numbers"}
    assert inputs == made
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


def test_language_model_findings_become_a_table_and_their_absence_a_sentence(ledger: Results, tmp_path: Path) -> None:
    absent = tables(ledger.claims, {"a": 1}, tmp_path)["language-model"]
    assert "were not run" in absent
    finding = {"title": "loss_at 5 %", "runs": 4, "values": [1.0, 1.5], "bound": 1.4, "verdict": "holds"}
    (tmp_path / "language_model.json").write_text(json.dumps({"format": 1, "claims": [finding], "experiments": {}}))
    present = tables(ledger.claims, {"a": 1}, tmp_path)["language-model"]
    assert r"5 \%" in present
    assert "1.25" in present
    assert r"\label{tab:language-model}" in present


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
