"""The built book: no outside request, no broken link, all that the package has, and one sentence on bad input."""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

import ratecheck.experiments.book as book_module
from ratecheck.experiments.book import SOURCES, build
from ratecheck.experiments.cli.exit_codes import BAD_INPUT
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.cli.playground import page as playground_page
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.selection import select
from ratecheck.experiments.verify import verify
from ratecheck.testbeds import PROBLEMS
from ratecheck.theory.bounds import BOUNDS
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods import METHODS
from ratecheck.theory.stationarity import MEASURES

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")


class Page(HTMLParser):
    """The targets, the links and the things that a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.images: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.targets |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "img":
            self.images.append(found.get("alt", ""))
        if tag in ("script", "img", "iframe", "source", "video") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("rel") not in ("index", "search", "next", "prev", "canonical"):
            self.loaded.append(found.get("href", ""))


@pytest.fixture(scope="module")
def pages(book: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(book.rglob("*.html"))}


@pytest.mark.slow
def test_pages_load_nothing_from_outside(pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for address in page.loaded:
            if address.startswith("data:"):  # held in the page itself
                continue
            file = path.parent / unquote(address.split("?")[0].split("#")[0])
            assert not re.match(r"[a-z]+:|//", address), f"{path.name} loads {address}"
            assert file.exists(), f"{path.name} loads {address}, which is not there"
    styles = "".join(path.read_text(encoding="utf-8") for path in (next(iter(pages)).parent).rglob("*.css"))
    assert not re.findall(r"url\(['\"]?(?:https?:)?//[^)]*\)", styles)
    assert "@import" not in styles


@pytest.mark.slow
def test_every_link_inside_the_book_leads_somewhere(book: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"(https?|mailto):", link):
                continue
            file, fragment = urldefrag(link)
            target = (path.parent / unquote(file)).resolve() if file else path
            assert target.exists(), f"{path.relative_to(book)} links to {link}"
            if fragment and path.name != target.name == "playground.html":
                assert f'id: "{fragment}"' in target.read_text(encoding="utf-8"), f"the playground has no {fragment}"
            elif fragment and target in pages:
                assert unquote(fragment) in pages[target].targets, f"{path.relative_to(book)} links to {link}"


@pytest.mark.slow
def test_every_picture_is_told_in_words(pages: dict[Path, Page]) -> None:
    drawn = [alt for path, page in pages.items() if path.parent.name == "lessons" for alt in page.images]
    assert len(drawn) >= 30
    for alt in drawn:
        assert alt.startswith("Plot"), alt
        assert len(alt) > 15, alt


@pytest.mark.slow
def test_the_playground_is_part_of_the_book(book: Path, pages: dict[Path, Page]) -> None:
    assert (book / "playground.html").read_text(encoding="utf-8") == playground_page()
    linked = {urldefrag(link)[1] for link in pages[book / "interactive.html"].links if "playground.html" in link}
    assert linked == {"", "bench", "noise", "ravine", "adam", "decay", "groups", "counter"}
    assert "interactive.html" in pages[book / "index.html"].links


@pytest.mark.slow
def test_everything_has_its_place(book: Path, pages: dict[Path, Page]) -> None:
    targets = set().union(*(page.targets for page in pages.values()))
    reference = [path.read_text(encoding="utf-8") for path in sorted((book / "reference").glob("*.html"))]
    text = html.unescape("".join(reference)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    anchors = {f"claim-{name}" for name in claims()}
    anchors |= {"bound-" + re.sub(r"[^a-z0-9.]+", "-", name.lower()) for name in BOUNDS}
    assert {name.replace(".", "-") for name in anchors} <= {name.replace(".", "-") for name in targets}
    for key, method in METHODS.items():
        assert f"{type(method).__module__}.{type(method).__name__}" in targets, f"no entry of {key}"
    for key, problem in PROBLEMS.items():
        assert f"{type(problem).__module__}.{type(problem).__name__}" in targets, f"no entry of {key}"
    for name in MEASURES:
        assert name in text


@pytest.mark.slow
def test_the_book_tells_nothing_of_the_machine(book: Path) -> None:
    for path in book.rglob("*"):
        if path.suffix in (".html", ".js", ".inv") and "mathjax" not in path.parts:
            content = path.read_bytes()
            assert b"0x7f" not in content, f"{path.name} holds an address of memory"
            assert b"/tmp/" not in content, f"{path.name} holds a temporary path"
            assert str(SOURCES.parent).encode() not in content, f"{path.name} holds a path of this machine"


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="no Chromium here")
@pytest.mark.parametrize("page", ["lessons/08-adam.html", "reference/bounds-nonsmooth.html"])
def test_a_page_in_a_browser(book: Path, tmp_path: Path, page: str) -> None:
    script = """<script>addEventListener("load", () => MathJax.startup.promise.then(() => {
      const outside = performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith("file:"));
      document.title = JSON.stringify({outside, formulas: document.querySelectorAll("mjx-container svg").length,
        wrong: document.querySelectorAll("[data-mjx-error]").length,
        broken: [...document.images].filter(i => !i.naturalWidth).length});
    }));</script>"""
    path = book / page
    copy = path.with_name(f"with-script-{path.name}")
    copy.write_text(path.read_text(encoding="utf-8").replace("</body>", f"{script}</body>"), encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--no-first-run", "--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=20000", "--dump-dom", copy.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    copy.unlink()
    title = re.search("<title>(.*?)</title>", done.stdout.decode(), flags=re.DOTALL)
    assert title is not None
    seen = json.loads(html.unescape(title[1]))
    assert seen["outside"] == []
    assert seen["wrong"] == 0
    assert seen["broken"] == 0
    assert seen["formulas"] >= 5


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Sources of a book with a single lesson and no reference."""
    folder = tmp_path / "docs"
    left_out = ("mathjax", "__pycache__", "reference", "[0-9]*.py", "interactive.md")
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns(*left_out))
    (folder / "reference.py").write_text("def write(folder, results): pass\ndef without_bars(lines): return lines\n")
    lesson = "# %% [markdown]\n# # A lesson\n\n# %%\nimport board\nfig, ax = board.picture()\nax.plot([1, 2])\n"
    (folder / "lessons" / "one.py").write_text(lesson)
    (folder / "index.md").write_text("# Book\n\n```{toctree}\nlessons/one\n```\n")
    return folder


def test_two_builds_have_the_same_bytes(small: Path, tmp_path: Path) -> None:
    pytest.importorskip("myst_nb")
    first = build(tmp_path / "here" / "a", tmp_path, sources=small)
    second = build(tmp_path / "there" / "b", tmp_path, sources=small, jobs=2)
    assert digest(first.index.parent) == digest(second.index.parent)
    assert "holds no results" in first.notice
    assert "plot" in first.index.parent.joinpath("lessons/one.html").read_text(encoding="utf-8")
    build(tmp_path / "here" / "a", tmp_path, sources=small)  # a book may be built again


def test_a_warning_stops_the_build(small: Path, tmp_path: Path) -> None:
    pytest.importorskip("myst_nb")
    (small / "index.md").write_text("# Book\n\nSee {doc}`lessons/two`.\n\n```{toctree}\nlessons/one\n```\n")
    with pytest.raises(InputError, match=r"Sphinx warns of index\.md:3: .*lessons/two.*\.$"):
        build(tmp_path / "book", tmp_path, sources=small, execute=False)
    assert not (tmp_path / "book").exists()


def test_reference_pages_show_stored_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verify(select(["ns-01-max-coordinate", "mq-ns-01-count"], "full", []), tmp_path / "results")
    monkeypatch.syspath_prepend(str(SOURCES))
    import reference

    reference.write(tmp_path / "reference", tmp_path / "results")
    for page in ("methods-gradient", "problems-worst_case", "bounds-nonsmooth", "claims-nonsmooth"):
        text = (tmp_path / "reference" / f"{page}.rst").read_text(encoding="utf-8")
        assert "ns-01-max-coordinate" in text, page
        assert text.count('<figure class="claim"><svg class="plot"') >= 1, page
        assert 'role="img" aria-label="gap against oracle calls' in text, page
    reference.write(tmp_path / "reference", None)
    assert "<figure" not in (tmp_path / "reference" / "bounds-nonsmooth.rst").read_text(encoding="utf-8")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_lesson_that_fails_is_told_in_one_sentence(small: Path, tmp_path: Path, jobs: int) -> None:
    pytest.importorskip("myst_nb")
    lesson = small / "lessons" / "one.py"
    lesson.write_text(lesson.read_text() + "\nassert 1 == 2, 'one is not two'\n")
    with pytest.raises(InputError, match=r"the lesson one stopped with AssertionError: one is not two\.$"):
        build(tmp_path / "book", tmp_path, sources=small, jobs=jobs)
    assert not (tmp_path / "book").exists()


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "verdicts.json").write_text("{")
    attempts = {
        "is not a book": ["--to", str(tmp_path / "thesis")],
        "jobs is 0": ["--jobs", "0", "--to", str(tmp_path / "b")],
        "cannot be read": ["--out", str(tmp_path / "bad"), "--to", str(tmp_path / "b")],
        "cannot be written": ["--to", "/proc/book"],
    }
    for sentence, words in attempts.items():
        assert main(["book", *words]) == BAD_INPUT
        told = capsys.readouterr().err
        assert sentence in told
        assert "Traceback" not in told
    assert (tmp_path / "thesis" / "chapter.tex").exists()
    monkeypatch.setattr(book_module, "NEEDED", ("sphinx_of_another_world",))
    assert main(["book", "--to", str(tmp_path / "b")]) == BAD_INPUT
    assert "pip install 'ratecheck[docs]'" in capsys.readouterr().err


def test_without_sources(tmp_path: Path) -> None:
    pytest.importorskip("myst_nb")
    with pytest.raises(InputError, match="part of the repository"):
        build(tmp_path / "book", tmp_path, sources=tmp_path / "nowhere")


def test_help_names_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ratecheck", "book", "--help"], capture_output=True, text=True, check=True
    )
    assert "--to" in done.stdout
