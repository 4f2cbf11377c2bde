"""Every lesson runs, every exercise has a solution that is asserted, and lessons use the package."""

from __future__ import annotations

import ast
import re
import runpy
import warnings
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

from ratecheck.experiments.ledger import claims

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "lessons"
LESSONS = sorted(FOLDER.glob("[0-9]*.py"))
SOLUTION = 'tags=["solution", "hide-input"]'


def cells(lesson: Path) -> list[tuple[str, str]]:
    """Return head and body of each cell of a percent script."""
    parts = re.split(r"^# %%(.*)$", lesson.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip((head.strip() for head in parts[1::2]), parts[2::2], strict=True))


def test_there_are_enough_lessons_and_each_is_in_the_contents() -> None:
    contents = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^lessons/(\S+)$", contents, flags=re.MULTILINE)
    assert listed == [lesson.stem for lesson in LESSONS]
    assert len(LESSONS) >= 22


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_runs(lesson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("error")
        runpy.run_path(str(lesson))
    plt.close("all")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_has_all_its_parts(lesson: Path) -> None:
    found = cells(lesson)
    text = "".join(body for head, body in found if head == "[markdown]")
    code = "".join(body for head, body in found if head != "[markdown]")
    for part in ("{admonition} Predict", "Five lines of NumPy", ":class: warning", "## Exercise", "$$"):
        # Lessons on conventions and schedules give their formulas as a table.
        assert part in text or (part == "$$" and "|---|" in text), f"{part} is missing"
    solutions = [body for head, body in found if head == SOLUTION]
    assert solutions
    for body in solutions:
        assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(body)))
    assert "board.picture" in code, "nothing is drawn"
    assert re.search(r"^(import ratecheck as rc|from ratecheck\.)", code, flags=re.MULTILINE)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_figure_is_drawn_in_one_cell(lesson: Path) -> None:
    # A notebook shows a figure at the end of its cell: what later cells draw into it is lost.
    for head, body in cells(lesson):
        if head == "[markdown]":
            continue
        names = [node for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)]
        made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        late = used & {"fig", "ax", "axes", "left", "right"} - made
        assert not late, f"{late} belong to the figure of another cell"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_claims_that_a_lesson_asks_for_are_in_the_ledger(lesson: Path) -> None:
    asked = {
        argument.value
        for node in ast.walk(ast.parse(lesson.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "board.ask"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }
    assert asked <= set(claims())
    assert asked or lesson.stem == "22-your-own-theorem"


def test_a_wrong_verdict_stops_a_lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import dataclasses

    with matplotlib.rc_context():
        import board
    ledger = dict(claims())
    original = ledger["law-sgd-variance"]
    ledger[original.id] = dataclasses.replace(original, expected="refuted")
    monkeypatch.setattr("ratecheck.experiments.ledger.claims", lambda: ledger)
    with pytest.raises(AssertionError, match="came out holds"):
        board.ask(original.id)
