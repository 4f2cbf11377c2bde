"""The book, built once for the tests that look at its pages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ratecheck.experiments.book import NEEDED, build


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the whole book, lessons executed."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        pytest.skip("the docs extra is not installed")
    folder = tmp_path_factory.mktemp("book")
    return build(folder / "book", folder / "no results").index.parent
