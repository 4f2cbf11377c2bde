"""Random numbers depend on the names and the run, on nothing else, and have the stated law."""

from __future__ import annotations

import numpy as np
import pytest

from ratecheck.testbeds.streams import Streams


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_draws_the_same_numbers_in_any_chunk(dtype: type) -> None:
    whole = Streams(7, "claim", range(20), dtype).open("noise")
    part = Streams(7, "claim", range(13, 17), dtype).open("noise")
    for width in (3, 3, 1, 5000, 3):
        np.testing.assert_array_equal(whole.uniform(width)[13:17], part.uniform(width))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_symmetric_numbers_are_those_of_the_unit_interval(dtype: type) -> None:
    streams = Streams(7, "claim", range(4), dtype)
    unit, symmetric = streams.open("noise"), streams.open("noise")
    for _ in range(5):
        np.testing.assert_array_equal(2 * unit.uniform(50) - 1, symmetric.uniform(50, low=-1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_law_is_uniform(dtype: type) -> None:
    u = np.concatenate([Streams(3, "law", range(50), dtype).open("noise").uniform(2000).ravel()])
    assert u.min() >= 0
    assert u.max() < 1
    # 100,000 numbers in 64 cells: the chi-square statistic has mean 63 and standard deviation 11.2.
    counts = np.bincount((u * 64).astype(int), minlength=64)
    assert ((counts - u.size / 64) ** 2 / (u.size / 64)).sum() < 63 + 5 * 11.2


def test_names_purposes_runs_and_seeds_have_streams_of_their_own() -> None:
    first = Streams(0, "a", range(2)).open("noise").uniform(8)
    others = [
        Streams(1, "a", range(2)).open("noise").uniform(8),
        Streams(0, "b", range(2)).open("noise").uniform(8),
        Streams(0, "a", range(2)).open("sample").uniform(8),
    ]
    assert all((first != other).all() for other in others)
    assert (first[0] != first[1]).all()
