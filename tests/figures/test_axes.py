"""What the figures show, read from their axes."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ratecheck.figures.against import against
from ratecheck.figures.comparison import comparison
from ratecheck.figures.convergence import convergence, convergence_page
from ratecheck.figures.curve import curve_of
from ratecheck.figures.phase import phase
from ratecheck.figures.profiles import ecdf, performance_profile, performance_ratios, shares
from ratecheck.figures.results import Result, Results
from ratecheck.figures.sweeps import load_map, load_sweep
from ratecheck.figures.tightness import SPAN, grouped, tightness_overview, tightness_page
from ratecheck.theory.errors import InputError

KINDS = (
    "ladder",
    "mean",
    "refuted",
    "odd",
    "lower",
    "law",
    "batch",
    "floor",
    "diverged",
    "negative",
    "single",
    "constant",
)


@pytest.fixture(scope="module")
def one(results: Results, claim_ids: Callable[[str], str]) -> Callable[[str], Result]:
    by_id = {result.id: result for result in results.claims}
    return lambda name: by_id[claim_ids(name)]


def lines(axes: Axes) -> tuple[Line2D, Line2D]:
    """The measured line and the bound."""
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    return named[0], named[-1]


def ys(line: Line2D) -> np.ndarray:
    return np.asarray(line.get_ydata(), dtype=float)


@pytest.mark.parametrize("name", KINDS)
def test_axes_are_logarithmic_and_finite_and_nothing_below_the_floor_is_drawn(
    one: Callable[[str], Result], name: str
) -> None:
    axes = convergence(one(name)).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all()
    assert axes.get_ylim()[0] > 0
    measured = ys(lines(axes)[0])
    floor = 0.0 if name == "batch" else one(name).floor
    assert (measured[np.isfinite(measured)] > floor).all()
    assert axes.get_xlabel() == "oracle calls"
    assert one(name).measure in axes.get_ylabel()


def test_labels_of_a_short_axis_are_few_and_plain(one: Callable[[str], Result]) -> None:
    axes = convergence(one("single")).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["20", "50", "100", "200", "500"]
    assert len(axes.get_xticks(minor=True)) == 0


@pytest.mark.parametrize("name", KINDS)
def test_the_bound_is_dashed_and_in_the_hue_of_its_measure(one: Callable[[str], Result], name: str) -> None:
    measured, bound = lines(convergence(one(name)).axes[0])
    assert measured.get_linestyle() == "-"
    assert bound.get_linestyle() == "--"
    hues = [rgb_to_hsv(to_rgb(line.get_color()))[0] for line in (measured, bound)]
    assert hues[0] == pytest.approx(hues[1], abs=1e-9)


def test_a_run_that_holds_is_below_its_bound_and_a_refuted_one_is_not(one: Callable[[str], Result]) -> None:
    measured, bound = lines(convergence(one("mean")).axes[0])
    assert (ys(measured) < ys(bound)).all()
    measured, bound = lines(convergence(one("odd")).axes[0])
    assert (ys(measured) > ys(bound)).all()


def test_median_band_mean_and_legend_of_a_claim_in_expectation(one: Callable[[str], Result]) -> None:
    result = one("mean")
    axes = convergence(result).axes[0]
    np.testing.assert_allclose(ys(axes.lines[0]), np.median(result.values, axis=0))
    band = axes.collections[0].get_paths()[0].vertices
    low, high = np.quantile(result.values, (0.1, 0.9), axis=0)
    assert band[:, 1].min() == pytest.approx(low.min())
    assert band[:, 1].max() == pytest.approx(high.max())
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["gap, median of 64 runs", "10\N{EN DASH}90 % of runs", "mean (judged)", "bound"]
    np.testing.assert_allclose(ys(axes.lines[1]), result.values.mean(axis=0))
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), result.calls)


def test_the_slope_triangle_has_the_measured_slope_and_stays_inside(one: Callable[[str], Result]) -> None:
    for name in ("ladder", "mean", "odd", "lower", "law"):
        result = one(name)
        axes = convergence(result).axes[0]
        triangle = next(line for line in axes.lines if line.get_label() == "_triangle")
        x, y = np.log(np.asarray(triangle.get_xdata())), np.log(ys(triangle))
        assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(result.slope, rel=1e-6)
        low, high = np.log(axes.get_ylim())
        assert low < y.min() < y.max() < high
        measured = curve_of(result).median
        tail = np.interp(np.log(result.calls), x[:2], y[:2])[np.log(result.calls) >= x[0] - 1e-9]
        side = np.sign(tail - np.log(measured[-tail.size :]))
        assert abs(side.sum()) == side.size, "the triangle must not cross the measured line"
        claimed = f" (claimed \N{MINUS SIGN}{abs(result.slope_claimed):g})" if result.slope_claimed else ""
        assert any(text.get_text().endswith(claimed or f"{abs(result.slope or 0):.2f}") for text in axes.texts)


def test_a_bent_line_gets_a_triangle_only_where_an_exponent_is_claimed(one: Callable[[str], Result]) -> None:
    result = one("law")
    steep = dataclasses.replace(result, values=np.where(result.steps < 5000, 1.0, 0.1)[None], slope=-0.5)
    assert curve_of(steep).triangle is None
    assert curve_of(dataclasses.replace(steep, slope_claimed=-0.5)).triangle is not None


def test_an_exponent_of_steps_is_drawn_right_where_calls_grow_faster(one: Callable[[str], Result]) -> None:
    result = one("law")
    squared = dataclasses.replace(result, calls=result.steps**2)
    (x0, y0), (x1, y1) = curve_of(squared).triangle.ends  # type: ignore[union-attr]
    assert np.log(y1 / y0) / np.log(x1 / x0) == pytest.approx((result.slope or 0) / 2)


def test_instances_with_bounds_of_their_own_are_shown_as_ratios(one: Callable[[str], Result]) -> None:
    result = one("batch")
    axes = convergence(result).axes[0]
    measured, bound = lines(axes)
    np.testing.assert_allclose(ys(measured), np.median(result.values / result.bound, axis=0))
    np.testing.assert_array_equal(ys(bound), 1.0)
    assert axes.get_ylabel() == "gap / bound"


def test_hidden_records_are_counted_in_the_picture(one: Callable[[str], Result]) -> None:
    for name in ("floor", "diverged", "negative"):
        axes = convergence(one(name)).axes[0]
        hidden = int(np.isnan(ys(lines(axes)[0])).sum())
        assert hidden > 0
        assert any(text.get_text().startswith(f"{hidden} of ") for text in axes.texts)


def test_a_diverging_run_does_not_flatten_the_rest(one: Callable[[str], Result]) -> None:
    low, high = convergence(one("diverged")).axes[0].get_ylim()
    assert np.log10(high / low) < 20


def test_a_claim_of_which_nothing_can_be_drawn_says_so(one: Callable[[str], Result]) -> None:
    result = one("negative")
    nothing = dataclasses.replace(result, bound=-np.ones_like(result.bound))
    axes = convergence(nothing).axes[0]
    assert any("no value is above" in text.get_text() for text in axes.texts)
    assert not axes.lines


def test_a_page_holds_one_panel_for_each_claim(results: Results) -> None:
    figure = convergence_page(results.claims)
    titles = [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes if axes.get_title(loc="left")]
    assert titles == [result.id for result in results.claims]


def test_a_method_keeps_its_hue_over_the_panels_of_a_comparison(one: Callable[[str], Result]) -> None:
    first = one("mean")
    other = dataclasses.replace(one("refuted"), method="SignSGD(step_size=1)")
    figure = comparison({"A": [first, other], "B": [other], "C": [first]})
    hue = {}
    for axes, names in zip(figure.axes, (["Averaged Subgradient", "SignSGD"], ["SignSGD"], ["Averaged Subgradient"])):
        handles, labels = axes.get_legend_handles_labels()
        found = {label: handle.get_color() for handle, label in zip(handles, labels) if label in names}
        assert sorted(found) == sorted(names)
        for name, color in found.items():
            assert hue.setdefault(name, color) == color
        assert np.isfinite(axes.get_ylim()).all()
    assert len(set(hue.values())) == 2


def test_methods_that_meet_in_a_panel_differ_in_hue(one: Callable[[str], Result]) -> None:
    methods = [dataclasses.replace(one("mean"), method=f"M{i}()") for i in range(14)]
    figure = comparison({"first": methods[:7], "second": methods[7:], "mixed": methods[4:10]})
    for axes in figure.axes[:3]:
        handles = axes.get_legend_handles_labels()[0]
        hues = [handle.get_color() for handle in handles if str(handle.get_label()).startswith("M")]
        assert len(set(hues)) == len(hues) >= 6


def test_u_curve_ends_where_the_median_diverges_and_is_not_flattened(folder: Path) -> None:
    sweep = load_sweep(folder, "step-size")
    axes = against(sweep).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["SGD", "Adam"]
    adam = next(line for line in axes.lines if line.get_label() == "Adam")
    assert np.isnan(ys(adam)[-1])
    assert axes.get_ylim()[1] < 1e5
    assert axes.get_ylim()[0] < sweep.reference.min()  # type: ignore[union-attr]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == 2


def test_phase_diagram(folder: Path) -> None:
    diagram = load_map(folder, "heavy-ball")
    axes, bar = phase(diagram).axes
    mesh = axes.collections[0]
    shown = np.ma.filled(mesh.get_array().reshape(diagram.values.shape), np.inf)
    np.testing.assert_array_equal(shown, diagram.values)
    assert axes.get_legend_handles_labels()[1] == ["theory", "diverged"]
    np.testing.assert_array_equal(axes.lines[0].get_xydata().T, diagram.boundary)
    assert bar.get_ylabel() == diagram.measure
    nothing = dataclasses.replace(diagram, values=np.full_like(diagram.values, np.nan), boundary=None)
    assert len(phase(nothing).axes) == 1


def _points(figure: Figure) -> dict[str, np.ndarray]:
    found: dict[str, list[np.ndarray]] = {}
    for axes in figure.axes:
        for collection in axes.collections:
            found.setdefault(str(collection.get_label()), []).append(np.asarray(collection.get_offsets()))
    return {label: np.concatenate(parts) for label, parts in found.items()}


def test_every_claim_with_a_ratio_is_a_dot_of_the_overview(results: Results) -> None:
    known = [result for result in results.claims if result.tightness is not None]
    points = _points(tightness_overview(results.claims))
    assert sum(len(points[verdict]) for verdict in ("holds", "refuted")) == len(known)
    assert len(points["not as expected"]) == sum(not result.as_expected for result in known)
    every = np.concatenate([points["holds"], points["refuted"]])[:, 0]
    expected = np.clip([result.tightness for result in known], *SPAN)
    np.testing.assert_allclose(np.sort(every), np.sort(expected))
    assert {axes.get_xscale() for axes in tightness_overview(results.claims).axes} == {"log"}


def test_pages_name_their_claims_and_mark_the_unexpected(results: Results) -> None:
    group = grouped(results.claims)["stosignsgd"]
    axes = tightness_page(group, "page").axes[0]
    labels = {label.get_text(): label.get_fontweight() for label in axes.get_yticklabels()}
    assert labels == {"c-odd": "bold", "b-refuted": "normal"}


def test_an_overview_of_nothing_is_an_empty_figure() -> None:
    assert tightness_overview([]).axes == []


def test_shares_count_failures() -> None:
    x, share = shares(np.array([3.0, np.inf, 1.0, 2.0]))
    np.testing.assert_array_equal(x, [1, 2, 3])
    np.testing.assert_array_equal(share, [0.25, 0.5, 0.75])


def test_performance_ratios() -> None:
    costs = np.array([[1.0, 2.0], [np.inf, 3.0], [np.inf, np.inf]])
    np.testing.assert_array_equal(performance_ratios(costs), [[1, 2], [np.inf, 1], [np.inf, np.inf]])
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(InputError, match="positive"):
            performance_ratios(np.array([[bad, 1.0]]))


def test_profiles_are_steps_that_end_at_the_share_of_solved_problems() -> None:
    costs = np.array([[1.0, 2.0], [np.inf, 3.0], [4.0, 8.0], [np.inf, np.inf]])
    for draw in (performance_profile, ecdf):
        axes = draw(costs, ("a", "b")).axes[0]
        assert axes.get_xscale() == "log"
        assert [ys(line)[-1] for line in axes.lines] == [0.5, 0.75]
        assert all((np.diff(ys(line)) >= 0).all() for line in axes.lines)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ecdf(np.full((2, 1), np.inf), ("none",))
