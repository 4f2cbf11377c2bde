"""Formulas as outlines."""

from __future__ import annotations

import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.figures.formula import outlined


def test_every_formula_of_the_ledger_can_be_set() -> None:
    formulas = {claim.bound.id: claim.bound.formula for claim in claims().values()}
    assert [name for name, latex in formulas.items() if outlined(latex) is None] == []


@pytest.mark.parametrize(
    ("papers", "mathtext"),
    [
        (r"a\le b", r"a\leq b"),
        (r"a\ge b\left(c\right)", r"a\geq b\left(c\right)"),
        (r"\tfrac12\bigl(x\bigr)", r"\frac12(x)"),
        (r"\lVert x\rVert", r"\|x\|"),
    ],
)
def test_spellings_of_papers_come_out_like_those_of_mathtext(papers: str, mathtext: str) -> None:
    assert outlined(papers) == outlined(mathtext)
    assert outlined(papers) is not None


@pytest.mark.parametrize("latex", [r"\nosuchmacro{x}", r"\frac{1", "", "  ", "a $ b"])
def test_what_cannot_be_set_is_reported_as_such(latex: str) -> None:
    assert outlined(latex) is None


def test_size_of_a_formula() -> None:
    plain, deep = outlined("x"), outlined(r"\frac{R^2}{2\gamma}")
    assert plain is not None
    assert deep is not None
    assert deep.width > plain.width
    assert deep.depth > plain.depth
    assert 0.3 < plain.height < 0.7
    assert plain.path.startswith("M")
    assert plain.path.endswith("Z")
