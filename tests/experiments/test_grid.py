"""Grids: quartiles with lost and missing runs, agreement with recorded values, files, texts, bad input."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.grid import Grid, as_latex, as_markdown, quartiles, save_grid
from ratecheck.figures.cells import picture
from ratecheck.figures.files import MissingResultError
from ratecheck.figures.grids import load_grid
from ratecheck.theory.errors import InputError

NAN, INF = np.nan, np.inf
GRID = Grid(
    name="small",
    title="A table",
    problem="two rows",
    caption="Medians",
    command="ratecheck study small",
    measure="a_b & c",
    groups=("one", "one", "two"),
    rows=("p", "q", "r"),
    columns=("x", "50 %"),
    values=np.array([[[1.0, 2, 3], [4, 5, NAN]], [[1, INF, INF], [1e-9, 2e-9, 3e-9]], [[NAN] * 3, [7, 7, 7]]]),
    recorded=np.array([[[2.0, 2], [9, 9]], [[NAN, NAN], [2e-9, 2e-9]], [[NAN, NAN], [NAN, NAN]]]),
    spread=np.array([[[1.5, 2.5], [4, 5]], [[NAN, NAN], [1e-9, 3e-9]], [[NAN, NAN], [NAN, NAN]]]),
)


def test_quartiles_are_those_of_the_runs_that_are_there() -> None:
    values = np.random.default_rng(0).standard_normal((4, 9))
    np.testing.assert_allclose(quartiles(values), np.quantile(values, (0.25, 0.5, 0.75), axis=1), rtol=1e-14)
    values[0, 5:] = NAN
    np.testing.assert_allclose(quartiles(values)[:, 0], np.quantile(values[0, :5], (0.25, 0.5, 0.75)), rtol=1e-14)
    low, middle, high = GRID.quartiles()
    assert low[1, 0] == middle[1, 0] == high[1, 0] == INF
    assert np.isnan(middle[2, 0])


def test_agreement() -> None:
    np.testing.assert_array_equal(GRID.agrees(), [[1, 0], [NAN, 1], [NAN, NAN]])
    assert np.isnan(dataclasses.replace(GRID, spread=None).agrees()).all()


def test_texts_hold_medians_quartiles_and_what_was_recorded() -> None:
    text = as_markdown(GRID)
    assert "| one: p | 2 (1.5 to 2.5); recorded 2, within | 4.5 (4.25 to 4.75); recorded 9, not within |" in text
    assert "diverged" in text
    latex = as_latex(GRID)
    assert r"50 \%" in latex
    assert latex.count(r"\multicolumn") == 2
    assert latex.count(r"\\") == 1 + 2 + 3


def test_a_stored_grid_is_what_the_figures_read(tmp_path: Path) -> None:
    path = save_grid(tmp_path, GRID)
    before = path.read_bytes()
    assert save_grid(tmp_path, GRID).read_bytes() == before
    assert {one.name for one in tmp_path.iterdir()} == {"grid-small.npz", "grid-small.md", "grid-small.tex"}
    loaded = load_grid(tmp_path, "small")
    np.testing.assert_array_equal(loaded.values, GRID.values)
    assert (loaded.groups, loaded.rows, loaded.columns) == (GRID.groups, GRID.rows, GRID.columns)
    with pytest.raises(MissingResultError, match="ratecheck study other"):
        load_grid(tmp_path, "other", "ratecheck study other")


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("recorded", [None, "ranges", "numbers"])
def test_every_kind_of_grid_is_drawn(tmp_path: Path, scale: str, recorded: str | None) -> None:
    changes: dict[str, object] = {"scale": scale}
    if recorded is None:
        changes |= {"recorded": None, "spread": None}
    elif recorded == "numbers":
        changes |= {
            "recorded": np.full((3, 2, 2), 2.0),
            "spread": np.full((3, 2, 2), 1.0),
            "values": np.ones((3, 2, 9)),
        }
    else:
        changes |= {"recorded": np.add(GRID.recorded, (0.0, 1.0))}
    save_grid(tmp_path, dataclasses.replace(GRID, **changes))  # type: ignore[arg-type]
    figure = picture(load_grid(tmp_path, "small"))
    figure.draw_without_rendering()
    if recorded == "numbers":
        (axes,) = figure.axes
        assert sum("\N{DAGGER}" in text.get_text() for text in axes.texts) == 6
    else:
        assert [axes.get_title(loc="left") for axes in figure.axes] == ["x", "50 %"]
        names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert names == ["one: p", "q", "two: r"]
        assert all(axes.get_xscale() == scale for axes in figure.axes)


def test_shapes_must_agree() -> None:
    with pytest.raises(InputError, match="must agree"):
        dataclasses.replace(GRID, rows=("p",))
