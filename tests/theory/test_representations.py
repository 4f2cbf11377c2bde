"""What a method or a problem calls itself is the same in every process: stored runs and pages are made of it."""

from __future__ import annotations

from typing import Any

import pytest

from ratecheck.testbeds import PROBLEMS
from ratecheck.theory.methods import METHODS


@pytest.mark.parametrize("name", METHODS)
def test_no_method_shows_an_address(name: str) -> None:
    assert " at 0x" not in repr(METHODS[name])


@pytest.mark.parametrize("name", PROBLEMS)
def test_no_problem_is_named_by_an_address(name: str) -> None:
    problem: Any = PROBLEMS[name]
    assert " at 0x" not in str(getattr(problem, "name", name))
