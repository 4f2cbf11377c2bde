"""``ratecheck playground``: one file, the same bytes each time, and a sentence where it cannot be written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ratecheck.experiments.cli import playground
from ratecheck.experiments.cli.main import main
from ratecheck.theory.errors import InputError


def test_the_file_is_whole_and_the_same_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "new" / "page.html"
    assert main(["playground", "--to", str(target)]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    first = target.read_bytes()
    assert main(["playground", "--to", str(target)]) == 0
    assert target.read_bytes() == first == playground.page().encode()
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_every_module_is_in_the_page_after_what_it_imports() -> None:
    folder = playground.SOURCES / "js"
    assert set(playground.ORDER) == {path.stem for path in folder.glob("*.js")}
    for index, name in enumerate(playground.ORDER):
        text = (folder / f"{name}.js").read_text(encoding="utf-8")
        used = re.findall(r'^import .* from "\./(\w+)\.js";$', text, flags=re.MULTILINE)
        assert len(re.findall(r"^import ", text, flags=re.MULTILINE)) == len(used), name
        assert set(used) <= set(playground.ORDER[:index]), name


def test_nothing_in_the_page_names_an_address_to_load() -> None:
    text = playground.page().replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"https?://|@import|<link (?!rel=\"icon\")|<script src|url\((?!#)", text)


def test_without_sources_one_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"not at .*; run the command from a checkout installed with `pip install -e \.`"
    ):
        playground.page(tmp_path)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["playground", "--to", str(tmp_path / "file" / "page.html")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot be written" in error
    assert main(["playground", "--to", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
