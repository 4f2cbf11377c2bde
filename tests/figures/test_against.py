"""A quantity against a parameter: many series are told apart, covered ones seen, references kept in the frame."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.figures.against import against
from ratecheck.figures.sweeps import Sweep
from ratecheck.figures.ticks import _label, log_ticks

GRID = np.geomspace(0.1, 10, 9)
METHODS = ("SGD", "SGD, cosine", "Adam", "AdamW, cosine", "Lion", "SCS V1", "SCS V1, cosine", "SCS V2")


def sweep(values: np.ndarray, labels: tuple[str, ...], **changes: object) -> Sweep:
    fields = {
        "name": "planted",
        "title": "a title that is far too long for one line of the figure and must be broken somewhere",
        "problem": "planted",
        "caption": "",
        "parameter": "step size",
        "measure": "gap",
        "labels": labels,
        "scales": ("log", "log"),
        "floor": 1e-12,
        "grid": GRID,
        "values": values[:, :, None],
    } | changes
    return Sweep(**fields)  # type: ignore[arg-type]


def test_many_series_are_named_at_their_ends_apart_from_each_other() -> None:
    values = np.array([1.0 + 0.001 * i + 0 * GRID for i in range(len(METHODS))])
    figure = against(sweep(values, METHODS))
    axes = figure.axes[0]
    assert axes.get_legend() is None
    names = {text.get_text(): text for text in axes.texts if text.get_text()}
    assert set(names) == set(METHODS)
    heights = sorted(text.get_position()[1] for text in names.values())
    assert np.diff(heights).min() >= 0.05
    assert heights[-1] <= 1.0 + 1e-12
    assert [text.get_text() for text in axes.texts if text.get_text()] == list(METHODS)  # in the order of their ends
    figure.draw_without_rendering()
    right = max(text.get_window_extent().x1 for text in names.values())
    assert right < figure.bbox.x1


def test_variants_of_a_method_share_a_hue_and_differ_in_dash() -> None:
    figure = against(sweep(np.ones((len(METHODS), GRID.size)), METHODS))
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert lines["SGD"].get_color() == lines["SGD, cosine"].get_color()
    assert lines["SGD"].get_linestyle() != lines["SGD, cosine"].get_linestyle()
    looks = [(line.get_color(), str(line._dash_pattern)) for line in lines.values()]  # type: ignore[attr-defined]
    assert len(set(looks)) == len(METHODS)


def test_a_series_under_another_is_drawn_thicker() -> None:
    one = 1 / GRID
    lines = against(sweep(np.stack([one, one, 2 * one, one]), ("a", "b", "c", "d"))).axes[0].lines
    widths = [line.get_linewidth() for line in lines]
    assert widths[0] > widths[1] > widths[3] == widths[2]


def test_references_are_in_the_frame_and_below_the_floor_they_are_cut() -> None:
    law = 1e3 * 10.0 ** -(4 * np.arange(GRID.size))
    shown = sweep(np.stack([1 / GRID, 2 / GRID]), ("a", "b"), reference=np.stack([law, 50 / GRID]))
    low, high = against(shown).axes[0].get_ylim()
    assert high >= 50 / GRID[0]
    assert 1e-14 < low <= 1e-12


def test_long_titles_are_broken() -> None:
    title = against(sweep(np.ones((1, GRID.size)), ("a",))).axes[0].get_title(loc="left")
    assert max(map(len, title.splitlines())) <= 66


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.002, "0.002"), (500.0, "500"), (1e4, "$10^{4}$"), (5e4, r"$5\times10^{4}$"), (1e-11, "$10^{-11}$")],
)
def test_tick_labels(value: float, text: str) -> None:
    assert _label(value) == text


def test_ticks_of_half_a_decade_on_either_side_are_round() -> None:
    assert log_ticks(1e-10 / 3, 3e-10) == pytest.approx([5e-11, 1e-10, 2e-10])
