"""The phase portrait shows the stored paths and their laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.selection import select
from ratecheck.experiments.verify import verify
from ratecheck.figures.catalogue import draw
from ratecheck.figures.portrait import phase_portrait
from ratecheck.figures.results import load_results
from ratecheck.theory.errors import InputError


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paths")
    verify(select((), tags=["phase-portrait"]), folder)
    return folder


def test_gda_leaves_and_extragradient_comes_nearer(stored: Path) -> None:
    found = {one.id: one for one in load_results(stored).claims}
    paths = {
        "GDA": (found["sp-28-x-gda"], found["sp-28-y-gda"]),
        "Extragradient": (found["sp-29-x-extragradient"], found["sp-29-y-extragradient"]),
    }
    axes = phase_portrait(paths).axes[0]
    lines = {line.get_label(): np.hypot(*line.get_data()) for line in axes.lines}
    assert lines["GDA"][-1] > lines["GDA"][0]
    assert lines["Extragradient"][-1] < lines["Extragradient"][0]
    run, law = axes.lines[0], axes.lines[1]
    # The law is exact: rounding of sixty steps.
    np.testing.assert_allclose(run.get_data(), law.get_data(), rtol=1e-9)
    assert axes.get_aspect() == 1


def test_it_is_in_the_catalogue(stored: Path, tmp_path: Path) -> None:
    assert any(path.name == "phase-portrait.png" for path in draw(["phase-portrait"], stored, tmp_path).paths)


def test_half_a_path_is_told_in_one_sentence(tmp_path: Path) -> None:
    verify(select(["sp-28-x-gda"]), tmp_path)
    with pytest.raises(InputError, match="phase-portrait"):
        draw(["phase-portrait"], tmp_path, tmp_path / "out")
