"""The small pictures of the report."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.figures.curve import curve_of
from ratecheck.figures.results import Results
from ratecheck.figures.svg import HEIGHT, WIDTH, curve_svg
from ratecheck.figures.ticks import log_ticks


def test_every_picture_is_well_formed_small_and_finite(results: Results) -> None:
    for result in results.claims:
        text = curve_svg(curve_of(result), "a <title> & more")
        ElementTree.fromstring(text)
        assert len(text) < 8000
        assert not re.search("nan|inf(?!ty)", text.split(">", 1)[1])


def _points(text: str, kind: str) -> np.ndarray:
    path = re.search(f'class="line {kind}" d="([^"]*)"', text)
    assert path is not None
    return np.array([[float(x) for x in point.split()] for point in re.split("[ML]", path[1])[1:]])


def test_lines_are_the_data_on_logarithmic_axes(results: Results) -> None:
    result = next(one for one in results.claims if one.id == "a-mean")
    curve = curve_of(result)
    text = curve_svg(curve, "")
    bound, median = _points(text, "bound"), _points(text, "median")
    assert (bound[:, 1] < median[:, 1]).all(), "y points down: the bound is above"
    for points, values in ((bound, curve.bound), (median, curve.median)):
        pixels = (points[-1, 1] - points[0, 1]) / (median[-1, 1] - median[0, 1])
        decades = np.log(values[-1] / values[0]) / np.log(curve.median[-1] / curve.median[0])
        assert pixels == pytest.approx(decades, abs=0.005)
    assert points.min() > 0
    assert points[:, 0].max() < WIDTH
    assert points[:, 1].max() < HEIGHT


@given(
    low=st.floats(-30, 30),
    decades=st.floats(0.02, 60),
)
def test_ticks_are_few_and_inside(low: float, decades: float) -> None:
    limits = 10.0**low, 10.0 ** (low + decades)
    ticks = log_ticks(*limits)
    assert 1 <= len(ticks) <= 12
    assert all(limits[0] * (1 - 1e-9) <= tick <= limits[1] * (1 + 1e-9) for tick in ticks)
    assert ticks == sorted(set(ticks))
