"""Figures by name: files, reproducible bytes, and one sentence for what is missing."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from ratecheck.figures.canvas import save
from ratecheck.figures.catalogue import FIGURES, draw
from ratecheck.figures.convergence import convergence
from ratecheck.figures.counterexamples import COUNTEREXAMPLES
from ratecheck.figures.files import MissingResultError
from ratecheck.figures.results import Results
from ratecheck.theory.errors import InputError


@pytest.fixture(scope="module")
def drawn(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Path, ...], tuple[str, ...]]:
    out = tmp_path_factory.mktemp("figures") / "new"
    done = draw([], folder, out)
    return out, tuple(done), done.notices


def test_everything_that_is_stored_is_drawn_and_the_rest_names_its_command(drawn: tuple) -> None:
    out, paths, notices = drawn
    assert sorted(paths) == sorted(out.iterdir())
    names = {path.name for path in paths}
    assert {
        "tightness.pdf",
        "tightness-sgg-1.svg",
        "convergence-foundations-1.png",
        "step-size.pdf",
        "heavy-ball.svg",
    } <= names
    missing = {notice.split()[1] for notice in notices}
    assert missing == {"hero", "sign-counterexamples", "phase-portrait", "saddle"}
    assert all("`ratecheck verify --tag" in notice for notice in notices)


def test_the_page_shows_every_figure_and_what_is_missing(drawn: tuple) -> None:
    out, paths, notices = drawn
    page = (out / "index.html").read_text(encoding="utf-8")
    assert not re.search("https?:", page)
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {path.name for path in paths} - {"index.html"} == set(sources)
    assert page.count("Not drawn") == len(notices)
    for entry in FIGURES.values():
        assert entry.title in page
    told = re.findall(r'<img [^>]*alt="([^"]*)"', page)
    assert len(told) == page.count("<img")
    assert all(len(words) > 60 for words in told)
    assert any("Horizontal axis: step size. Shown: SGD; Adam." in words for words in told)
    svg = (out / "step-size.svg").read_text(encoding="utf-8")
    assert "<title>" in svg
    assert "Shown: SGD; Adam." in svg.split("</title>")[0]


def test_bytes_depend_on_the_results_alone(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = []
    for name, family in (("a", "serif"), ("b", "monospace")):
        monkeypatch.setitem(matplotlib.rcParams, "font.family", [family])
        (tmp_path / name).mkdir()
        paths = save(convergence(results.claims[1]), tmp_path / name / "same.name")
        assert [path.name for path in paths] == ["same.name.pdf", "same.name.svg", "same.name.png"]
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
    assert digests[0] == digests[1]
    pdf, svg, png = (path.read_bytes() for path in paths)
    assert b"CreationDate" not in pdf
    assert b"/Type3" not in pdf
    assert b"dc:date" not in svg
    assert b"matplotlib" not in png.lower()


def test_a_claim_is_drawn_by_its_id(folder: Path, tmp_path: Path) -> None:
    done = draw(["a-mean"], folder, tmp_path)
    assert {path.name for path in done} == {"a-mean.pdf", "a-mean.svg", "a-mean.png", "index.html"}


@pytest.mark.parametrize(
    ("name", "nearest"), [("tigthness", "tightness"), ("a-meen", "a-mean"), ("stepsize", "step-size")]
)
def test_an_unknown_name_suggests_the_nearest(folder: Path, tmp_path: Path, name: str, nearest: str) -> None:
    with pytest.raises(InputError, match=f"called '{name}', the nearest is '{nearest}'; `ratecheck figures --list`"):
        draw([name], folder, tmp_path)


def test_a_named_figure_without_results_names_its_command(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingResultError, match=r"CE-A.*`ratecheck verify --tag stosignsgd` first"):
        draw(["sign-counterexamples"], folder, tmp_path)


def test_empty_results_draw_nothing(tmp_path: Path) -> None:
    (tmp_path / "verdicts.json").write_text("[]")
    with pytest.raises(InputError, match="run `ratecheck verify` first"):
        draw([], tmp_path, tmp_path / "out")


def test_an_output_folder_that_cannot_be_made(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="name another with --to"):
        draw(["tightness"], folder, tmp_path / "file" / "out")


def test_the_counterexamples_show_each_method_once_on_a_shared_instance(results: Results) -> None:
    template = next(one for one in results.claims if one.id == "a-mean")
    claims = []
    for problem in COUNTEREXAMPLES.values():
        for method in ("StoSignT(step_size=1)", "SignSGD(step_size=1)"):
            changes = {"problem": f"{problem} (d=2)", "method": method}
            claims += [dataclasses.replace(template, id=f"{problem}-{method}-{i}", **changes) for i in (1, 2)]
        claims.append(dataclasses.replace(template, id="alone", problem=f"{problem} (d=1)", method="StoSignT()"))
    ((_, figure),) = FIGURES["sign-counterexamples"].pages(dataclasses.replace(results, claims=tuple(claims)))
    assert len(figure.axes) == 4
    for axes, letter in zip(figure.axes, "ABCD"):
        assert axes.get_title(loc="left").startswith(f"CE-{letter}: ")
        assert sorted(axes.get_legend_handles_labels()[1]).count("SignSGD") == 1


def test_the_hero_shows_every_claim_and_two_verdicts(results: Results) -> None:
    template = next(one for one in results.claims if one.id == "a-mean")
    claims = list(results.claims)
    for method, verdict in (("StoSignT(step_size=1)", "holds"), ("SignSGD(step_size=1)", "refuted")):
        problem = "rare outliers (d=2)"
        claims.append(dataclasses.replace(template, id=method, problem=problem, method=method, verdict=verdict))
    pages = dict(FIGURES["hero"].pages(dataclasses.replace(results, claims=tuple(claims))))
    assert list(pages) == ["", "-dark"]
    for figure in pages.values():
        left, right = figure.axes
        dots = np.concatenate([points.get_offsets() for points in left.collections])
        assert len(dots) == sum(one.tightness is not None for one in claims)
        assert sorted(dots[:, 1]) == list(range(1, len(dots) + 1))
        words = {text.get_text() for text in right.texts}
        assert {"SignSGD: refuted", "StoSignSGD: holds"} <= words
        (bound,) = [line for line in right.lines if line.get_label() == "bound"]
        np.testing.assert_array_equal(bound.get_ydata(), template.bound)
    assert pages[""].get_facecolor() != pages["-dark"].get_facecolor()


def test_saddle_panels_are_problems_with_several_methods(results: Results) -> None:
    """A method with two claims on a problem, or one of a single record, has nothing to be set beside another."""
    template = dataclasses.replace(results.claims[1], tags=("mgsr1-sp", "saddle"))
    short = {name: getattr(template, name)[..., -1:] for name in ("steps", "calls", "values", "bound")}
    pairs = ["pA", "pB", "qA", "rA", "rC", "sA", "sA", "sB", "tA"]
    claims = [dataclasses.replace(template, id=f"{i}", problem=p, method=m) for i, (p, m) in enumerate(pairs)]
    claims.append(dataclasses.replace(template, id="short", problem="t", method="B", **short))
    ((_, figure),) = FIGURES["saddle"].pages(dataclasses.replace(results, claims=tuple(claims)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["p\ngap", "r\ngap"]
