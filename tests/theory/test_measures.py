"""The registry of measures is complete, and the computed stationarity measures are what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.testbeds.nonconvex import SquareWells, silent
from ratecheck.theory.bounds import BOUNDS
from ratecheck.theory.errors import InputError
from ratecheck.theory.stationarity import MEASURES, generalized, goldstein, moreau
from ratecheck.theory.stationarity.goldstein import norm_of
from ratecheck.theory.stationarity.measure import Measure

WELLS = SquareWells((1.0, 0.5), (0.3, -1.7), silent(2))
POINTS = np.array([[0.3, -1.7], [1.0, 1.0], [0.0, 0.0], [1.04, -0.97], [-1.6, 0.2]])
STATIONARY = [1, 2]  # a minimiser, and a maximum of each coordinate
COMPUTED = (*moreau.MEASURES, *goldstein.MEASURES, *generalized.MEASURES)
# Vectors, and measures that are functions of a parameter with other examples in the registry.
OUTSIDE = {"gradient over a law", "alternating energy", "primal-dual energy", "certified factor"}


def test_every_measure_of_a_bound_or_a_claim_is_registered() -> None:
    used = {bound.measure.id: bound.measure for bound in BOUNDS.values()}
    used |= {claim.bound.measure.id: claim.bound.measure for claim in claims().values()}
    missing = {name for name in used if name not in MEASURES and name not in OUTSIDE}
    # One coordinate of a path, for each coordinate.
    assert missing <= {"coordinate 0", "coordinate 1"}
    for name, measure in used.items():
        if name in MEASURES:
            assert MEASURES[name].symbol == measure.symbol


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_names_and_symbols(name: str) -> None:
    measure = MEASURES[name]
    assert measure.id == name
    assert name.strip() == name
    assert measure.symbol
    assert measure.symbol.count("{") == measure.symbol.count("}")
    assert "$" not in measure.symbol


@pytest.mark.parametrize("measure", COMPUTED, ids=lambda one: one.id)
def test_computed_measures_are_functions_of_the_point(measure: Measure) -> None:
    values = measure.compute(WELLS, POINTS, None)
    assert values.shape == (len(POINTS),)
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    for i in range(len(POINTS)):
        np.testing.assert_array_equal(measure.compute(WELLS, POINTS[i : i + 1], None), values[i : i + 1])
    np.testing.assert_allclose(values[STATIONARY], 0, atol=1e-7)
    assert (values[[0, 4]] > 0.1).all()


@pytest.mark.parametrize(
    ("measure", "norm"),
    [
        (goldstein.GOLDSTEIN, "l2"),
        (goldstein.GOLDSTEIN_L1, "l1"),
        (generalized.SMOOTHED, "l2"),
        (generalized.SMOOTHED_L1, "l1"),
        (generalized.SMOOTHED_SIGN, "l1"),
    ],
    ids=lambda one: getattr(one, "id", one),
)
def test_a_point_mass_bounds_them(measure: Measure, norm: Any) -> None:
    sizes = [norm_of(g, norm) for g in WELLS.subgradient(POINTS)]
    # The cone solver's tolerance.
    assert (measure.compute(WELLS, POINTS, None) <= np.array(sizes) * (1 + 1e-6) + 1e-7).all()


def test_a_kink_between_two_slopes_is_stationary_for_all() -> None:
    # Both coordinates are near a minimiser of their wells, where the slopes on both sides cancel.
    near = POINTS[3:4]
    assert goldstein.GOLDSTEIN.compute(WELLS, near, None)[0] < 1e-6
    assert goldstein.GOLDSTEIN_L1.compute(WELLS, near, None)[0] < 1e-6
    gradient = np.abs(WELLS.subgradient(near)).sum()
    one = generalized.SMOOTHED_SIGN.compute(WELLS, near, None)[0]
    assert one < 0.2 * gradient
    # In l-infinity both coordinates move for the price of one.
    assert one <= generalized.SMOOTHED_L1.compute(WELLS, near, None)[0] + 1e-9


def test_directions_of_approximation() -> None:
    """More samples, more shells, a larger ball and a smaller lambda never raise the value."""
    few, many = (goldstein.goldstein(0.3, samples=n).compute(WELLS, POINTS, None) for n in (4, 64))
    assert (many <= few + 1e-9).all()
    for a, b in (("l2", "l2"), ("l1", "linf")):
        coarse, fine = (generalized.generalized(1.0, a, b, shells=n).compute(WELLS, POINTS, None) for n in (1, 5))  # type: ignore[arg-type]
        assert (fine <= coarse + 1e-6).all()
        light, heavy = (generalized.generalized(w, a, b).compute(WELLS, POINTS, None) for w in (0.1, 10.0))  # type: ignore[arg-type]
        assert (light <= heavy + 1e-6).all()
    halton = goldstein.halton(8, 3)
    assert halton.shape == (8, 3)
    np.testing.assert_array_equal(halton, goldstein.halton(8, 3))


@pytest.mark.parametrize(
    "make",
    [
        lambda: goldstein.goldstein(0.0),
        lambda: goldstein.goldstein(0.1, "l3"),  # type: ignore[arg-type]
        lambda: goldstein.goldstein(0.1, ball="l1"),
        lambda: goldstein.goldstein(0.1, samples=0),
        lambda: generalized.generalized(0.0),
        lambda: generalized.generalized(-1.0, "l1", "linf"),
        lambda: generalized.generalized(1.0, "l1", "l7"),  # type: ignore[arg-type]
        lambda: generalized.generalized(1.0, reach=0.0),
        lambda: generalized.generalized(1.0, shells=0),
    ],
)
def test_bad_input_is_told_in_one_sentence(make: Callable[[], Any]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
