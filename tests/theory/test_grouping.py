"""SGG: clustering, scales, the wrapper."""

from __future__ import annotations

import dataclasses
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.testbeds.grouping import block_quadratic
from ratecheck.testbeds.saddle_instances import quadratic_saddle
from ratecheck.testbeds.small_networks import linear_network
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.bounds.grouping import grouped_regret
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods import METHODS, quasi_newton, saddle
from ratecheck.theory.methods.adam import Adam, AdamW
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.grouping import SGG, scale_report, sgg
from ratecheck.theory.methods.grouping_amsgrad import VanishingAMSGrad
from ratecheck.theory.methods.grouping_kmeans import exact_kmeans, histogram_kmeans, inertia
from ratecheck.theory.methods.grouping_scales import SMALL, Grouping, group_labels, next_scales, spreads
from ratecheck.theory.methods.layers import Layer, covering, layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum, Momentum
from ratecheck.theory.methods.recorded import RecordedOracle

BLOCKS = layers_of(3, 3, 3)
PROBLEM = block_quadratic("A", "het", noise=0.1)


def walk(method: Any, steps: int, start: Any = None) -> tuple[list[np.ndarray], Any, Any]:
    oracle = PROBLEM.oracle(Streams(1, "grouping", range(5)))
    x = PROBLEM.start
    state = method.init(x)
    points = []
    for _ in range(steps):
        x, state = method.step(x, state, oracle)
        points.append(x)
    return points, state, oracle


@pytest.mark.parametrize(("n", "K"), [(30, 2), (30, 3), (64, 4), (65, 3), (300, 3), (300, 5)])
def test_exact_kmeans_is_as_good_as_the_peers_best(n: int, K: int) -> None:
    from sklearn.cluster import KMeans

    values = np.random.default_rng(n + K).standard_t(3, (2, n))
    for row, labels in zip(values, exact_kmeans(values, K)):
        peer = KMeans(K, n_init=30, random_state=0).fit(row[:, None]).inertia_
        mine = inertia(row, labels)
        # The peer is a local search: it may be worse, and it agrees to rounding where it finds the optimum.
        assert mine <= peer * (1 + 1e-10)
        assert mine >= peer * (0.999 if K < 4 else 0.9)
        assert set(labels) == set(range(K))
        means = [row[labels == c].mean() for c in range(K)]
        assert means == sorted(means)


@given(st.lists(st.integers(-50, 50), min_size=5, max_size=9), st.integers(1, 4))
def test_exact_kmeans_against_all_partitions(values: list[int], K: int) -> None:
    from itertools import combinations

    row = np.sort(np.array(values, dtype=np.float64))
    best = min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(row, cut))
        for cut in combinations(range(1, row.size), K - 1)
    )
    assert inertia(row, exact_kmeans(row[None, :], K)[0]) == pytest.approx(best, abs=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("digits", [1, 12])
@pytest.mark.parametrize("size", [SMALL + 1, SMALL + 2])
def test_medians_of_large_clusters_are_exact(dtype: type, digits: int, size: int) -> None:
    rng = np.random.default_rng(size)
    # Of every size from the smallest to the largest; rounded to one digit, most numbers occur many times.
    m = (np.round(rng.standard_normal(size), digits) * 10.0 ** rng.integers(-20, 5, size)).astype(dtype)
    labels = rng.choice([0, 1, 3], size, p=[0.1, 0.5, 0.4]).astype(np.uint8)
    rule = Grouping(clusters=4)
    cells, reference = spreads(m[None], labels[None], layers_of(size), rule)
    sizes = np.abs(m - dtype(m.mean(dtype=np.float64))).astype(np.float64)
    expected = [np.median(sizes[labels == c]) if c != 2 else np.nan for c in range(4)]
    assert np.array_equal(cells[0, 0], expected, equal_nan=True)
    assert reference == np.nanmedian(expected)


def test_histogram_kmeans_is_nearly_exact() -> None:
    random = np.random.default_rng(0)
    for values in (random.standard_normal(20000), random.standard_t(3, 20000), random.standard_normal(5000) ** 3):
        exact = inertia(values, exact_kmeans(values[None, :], 3)[0])
        assert inertia(values, histogram_kmeans(values, 3)) <= 1.001 * exact
        single = histogram_kmeans(values.astype(np.float32), 3)
        assert inertia(values, single) <= 1.001 * exact
    assert set(histogram_kmeans(np.ones(9), 3)) == {0}
    assert set(histogram_kmeans(np.zeros(9), 3)) == {0}


@pytest.mark.parametrize(
    ("law", "scales", "mean", "by_parameters"),
    [("normal", (0.99, 3.75, 1.00), 2.26, 1.39), ("laplace", (1.00, 4.42, 0.98), 3.16, 1.31)],
)
def test_hidden_increase_of_the_step_size(
    law: str, scales: tuple[float, ...], mean: float, by_parameters: float
) -> None:
    # Steady state of one layer with K = 3: the values are from 200,000 samples, here 20,000.
    m = getattr(np.random.default_rng(0), law)(size=20000)[None, :]
    for reference, expected in (("cells", mean), ("parameters", by_parameters)):
        rule = Grouping(reference=reference, first_value=True)  # type: ignore[arg-type]
        labels = group_labels(m, layers_of(20000), rule)
        cells, D = spreads(m, labels, layers_of(20000), rule)
        ones = np.ones((1, 1, 3))
        S, _ = next_scales(ones, ones, cells, D, rule, first=True)
        assert S[0, 0][labels[0]].mean() == pytest.approx(expected, rel=0.03)
        if reference == "cells":
            np.testing.assert_allclose(S[0, 0], scales, rtol=0.05)


@pytest.mark.parametrize("name", ["momentum", "adam", "adamw", "subgradient", "signum", "amsgrad", "ogm", "nesterov"])
def test_nothing_changes_before_the_first_clustering(name: str) -> None:
    base = METHODS[name]
    if name == "ogm":
        base = dataclasses.replace(base, horizon=40)  # type: ignore[type-var]
    wrapped = SGG(base, Grouping(), BLOCKS, period=9)
    with np.errstate(over="ignore", invalid="ignore"):
        for one, other in zip(walk(base, 8)[0], walk(wrapped, 8)[0]):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("base", [Momentum(1e-4), AdamW(0.01, weight_decay=0.1), Adam(0.01), Subgradient(1e-4)])
@pytest.mark.parametrize("preset", ["paper", "code_v2", "ours"])
def test_saving_and_loading_in_the_middle(base: Any, preset: Any) -> None:
    changes = {} if preset == "ours" else {"period": 5}
    method = sgg(base, preset, BLOCKS, **changes)
    oracle = PROBLEM.oracle(Streams(1, "grouping", range(5)))
    x, state = PROBLEM.start, method.init(PROBLEM.start)
    for _ in range(13):
        x, state = method.step(x, state, oracle)
    x, state = pickle.loads(pickle.dumps((x, state)))
    for _ in range(13):
        x, state = method.step(x, state, oracle)
    np.testing.assert_array_equal(x, walk(method, 26)[0][-1])


def test_one_cluster_of_one_layer_changes_nothing() -> None:
    method = SGG(AdamW(0.01, weight_decay=0.1), Grouping(clusters=1, smoothing=0.0, eps=0.0), (), period=3)
    points, state, _ = walk(method, 12)
    assert state.clusterings == 4
    for one, other in zip(points, walk(AdamW(0.01, weight_decay=0.1), 12)[0]):
        np.testing.assert_array_equal(one, other)


def test_frozen_scales_are_a_step_size_for_each_group() -> None:
    method = SGG(Momentum(1e-4), Grouping(clusters=2), BLOCKS, when="once", at_once=True)
    points, state, _ = walk(method, 20)
    oracle = PROBLEM.oracle(Streams(1, "grouping", range(5)))
    base = Momentum(lambda k: 1e-4 * state.factors)
    x, inner = PROBLEM.start, base.init(PROBLEM.start)
    for point in points:
        x, inner = base.step(x, inner, oracle)
        np.testing.assert_array_equal(x, point)


def test_decay_is_not_scaled() -> None:
    rule = Grouping(clusters=1, first_value=True)
    method = SGG(AdamW(0.01, weight_decay=0.5), rule, BLOCKS, when="once", at_once=True)
    plain = dataclasses.replace(method, inner=AdamW(0.01, weight_decay=0.0))
    one, two = walk(method, 1)[0][0], walk(plain, 1)[0][0]
    np.testing.assert_allclose(two - one, 0.01 * 0.5 * PROBLEM.start, rtol=1e-11)


def test_a_method_without_step_size_has_its_displacement_scaled() -> None:
    base = dataclasses.replace(METHODS["ogm"], horizon=40, smoothness=5000.0)  # type: ignore[type-var]
    method = SGG(base, Grouping(clusters=1, first_value=True), BLOCKS, when="once", at_once=True)
    (point,), state, _ = walk(method, 1)
    (plain,), _, _ = walk(base, 1)
    np.testing.assert_allclose(PROBLEM.start - point, state.factors * (PROBLEM.start - plain), rtol=1e-10)


@pytest.mark.parametrize("clustering", ["exact", "histogram"])
@pytest.mark.parametrize("feature", ["signed", "abs", "log abs"])
@pytest.mark.parametrize("statistic", ["deviation", "mean abs", "rms"])
@pytest.mark.parametrize("reference", ["cells", "parameters", "layer"])
def test_scales_do_not_depend_on_units_or_on_the_order(
    clustering: Any, feature: Any, statistic: Any, reference: Any
) -> None:
    rule = Grouping(
        clusters=2, feature=feature, statistic=statistic, reference=reference, clustering=clustering, eps=0.0
    )
    m = np.random.default_rng(1).standard_normal((2, 40)) * np.repeat([1.0, 30.0], 20)
    layers = layers_of(20, 20)

    def scales(momentum: np.ndarray) -> np.ndarray:
        labels = group_labels(momentum, layers, rule)
        ones = np.ones((2, 2, 2))
        S = next_scales(ones, ones, *spreads(momentum, labels, layers, rule), rule, first=True)[0]
        assert (S >= 0.1).all()
        assert (S <= 10).all()
        return S

    np.testing.assert_allclose(scales(m), scales(1024 * m), rtol=1e-12)
    order = np.concatenate([np.random.default_rng(2).permutation(20), 20 + np.random.default_rng(3).permutation(20)])
    np.testing.assert_allclose(scales(m), scales(m[:, order]), rtol=1e-12)


@pytest.mark.parametrize(("n", "scale"), [(10, 0.990), (20, 0.980), (200, 0.82)])
def test_the_released_code_mostly_decays_the_step_size(n: int, scale: float) -> None:
    rule = sgg(Subgradient(0.1), "code_v2", layers_of(90)).rule
    sizes = np.repeat([1e-4, 1e-3, 1e-2], 30)[None, :]
    m = sizes * np.linspace(0.9, 1.1, 90)
    layers = layers_of(90)
    S = statistics = np.ones((1, 1, 3))
    labels = group_labels(m, layers, rule)
    cells, D = spreads(m, labels, layers, rule)
    for k in range(n):
        S, statistics = next_scales(S, statistics, cells, D, rule, first=k == 0)
    np.testing.assert_allclose(S, scale, atol=6e-3)


def test_when_it_clusters() -> None:
    due = lambda **fields: [t for t in range(1, 33) if SGG(Subgradient(0.1), period=4, **fields).is_due(t)]  # noqa: E731
    assert due() == [4, 8, 12, 16, 20, 24, 28, 32]
    assert due(when="doubling") == [4, 8, 16, 32]
    assert due(when="once") == [4]
    assert due(when="once", at_once=True) == [1]
    assert due(when="doubling", at_once=True) == [1, 4, 8, 16, 32]


def test_delay_uses_the_old_scales_once() -> None:
    now = SGG(Subgradient(1e-4), Grouping(clusters=1, first_value=True), BLOCKS, period=3)
    later = dataclasses.replace(now, delay=True)
    first, second = walk(now, 4)[0], walk(later, 4)[0]
    plain = walk(Subgradient(1e-4), 3)[0]
    np.testing.assert_array_equal(second[2], plain[2])
    assert (first[2] != plain[2]).any()
    assert (second[3] != walk(Subgradient(1e-4), 4)[0][3]).any()


def test_only_one_call_is_paid_for_a_step() -> None:
    assert walk(SGG(Momentum(1e-4), Grouping(), BLOCKS, period=2), 10)[2].calls == 10


SADDLE = quadratic_saddle(3, condition=4.0)
NOTHING_TO_GROUP = {"proximal point", "accelerated proximal point", "Halpern iteration"}  # resolvents only
WRAPPABLE = sorted(name for name, base in METHODS.items() if hasattr(base, "step_size"))


@pytest.mark.parametrize("name", WRAPPABLE)
def test_every_method_can_be_wrapped_and_what_scratch_holds_between_steps_means_nothing(
    name: str, oracle_of: Callable[[range], Any], start: np.ndarray
) -> None:
    saddle_point = name in saddle.EXAMPLES or name in quasi_newton.EXAMPLES
    runs = 1 if saddle_point else 2
    method = SGG(METHODS[name], Grouping(clusters=2), period=3)

    def points(spoiled: bool) -> list[np.ndarray]:
        problem_oracle = SADDLE.oracle(Streams(0, "wrapped", range(runs))) if saddle_point else oracle_of(range(runs))
        x = np.tile(np.linspace(0.1, 0.6, 6) if saddle_point else start, (runs, 1))
        state, visited = method.init(x), []
        for _ in range(8):
            x, state = method.step(x, state, problem_oracle)
            if spoiled and state.scratch is not None:
                state.scratch.fill(np.nan)
            visited.append(x.copy())
        assert state.clusterings == 2
        assert (state.factors != 1).any()
        return visited

    if name in NOTHING_TO_GROUP:
        with pytest.raises(InputError, match="give momentum"):
            points(False)
        return
    plain = points(False)
    assert np.isfinite(plain).all()
    np.testing.assert_array_equal(plain, points(True))


def test_answers_are_used_again_at_the_same_point_only() -> None:
    problem = block_quadratic("A", "het", noise=0.1)
    recorded = RecordedOracle(problem.oracle(Streams(0, "recorded", range(5))))
    x = problem.start
    first = recorded.subgradient(x)
    second = recorded.subgradient(x - 1e-4 * first)
    recorded.rewind()
    assert recorded.subgradient(x.copy()) is first
    assert recorded.calls == 2
    assert (recorded.subgradient(x - 2e-4 * first) != second).any()
    assert recorded.calls == 3


def test_report_and_shuffled_control() -> None:
    method = SGG(Momentum(1e-4), Grouping(clusters=3, smoothing=0.5), BLOCKS, period=2)
    state = walk(method, 8)[1]
    report = scale_report(state)
    assert (report.smallest <= report.mean).all()
    assert (report.mean <= report.largest).all()
    assert (report.path >= 0).all()
    shuffled = walk(dataclasses.replace(method, period=8, shuffled=True), 8)[1]
    straight = walk(dataclasses.replace(method, period=8), 8)[1]
    np.testing.assert_array_equal(np.sort(shuffled.factors, axis=1), np.sort(straight.factors, axis=1))
    assert (shuffled.factors != straight.factors).any()
    assert straight.labels.dtype == np.uint8


def test_low_rank_factors_are_layers() -> None:
    adapter = linear_network(8, 2, 6, scale=10.0)
    layers = layers_of(*adapter.shapes)
    method = sgg(AveragedMomentum(1e-3), "ours", layers)
    x = adapter.start[None, :]
    _, state = method.step(x, method.init(x), adapter.oracle(Streams(0, "adapter", range(1))))
    # The first factor is scaled up, its gradient down: its scale must be the larger one.
    assert state.scales[0, 0, 0] > state.scales[0, 1, 0]
    vectors = sgg(AveragedMomentum(1e-3), "paper", (*layers_of((4, 3)), Layer(12, (5,))))
    assert [layer.size for layer in vectors.scaled_layers(17)] == [12]


def test_groups_interpolate_between_sgd_and_adagrad() -> None:
    G = np.sort(10 ** np.random.default_rng(0).uniform(-2, 2, 600))
    sizes = [(600,), (300, 300), (150,) * 4, (1,) * 600]
    values = [grouped_regret(G, size) for size in sizes]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(math.sqrt(2 * 600) * np.linalg.norm(G))
    assert values[-1] == pytest.approx(math.sqrt(2) * G.sum())


@pytest.mark.parametrize(
    "make",
    [
        lambda: exact_kmeans(np.zeros((1, 2)), 3),
        lambda: exact_kmeans(np.array([[1.0, np.nan]]), 1),
        lambda: Grouping(clusters=0),
        lambda: Grouping(clusters=256),
        lambda: Grouping(clamp=(0.0, 1.0)),
        lambda: Grouping(clamp=(2.0, 1.0)),
        lambda: Grouping(clamp=(1.0,)),  # type: ignore[arg-type]
        lambda: Grouping(clamp="ab"),  # type: ignore[arg-type]
        lambda: Grouping(smoothing=1.0),
        lambda: Grouping(feature="sign"),  # type: ignore[arg-type]
        lambda: Grouping(eps=-1.0),
        lambda: SGG(Subgradient(0.1), period=0),
        lambda: SGG(Subgradient(0.1), when="never"),  # type: ignore[arg-type]
        lambda: SGG(Subgradient(0.1), layers=layers_of(2)).init(np.zeros((1, 3))),
        lambda: SGG(Subgradient(0.1), layers=(Layer(1, (2,)),)).init(np.zeros((1, 3))),
        lambda: SGG(Subgradient(0.1), layers=layers_of(2, 7)).init(np.zeros((1, 9))),
        lambda: SGG(Subgradient(0.1), skip_vectors=True).init(np.zeros((1, 9))),
        lambda: Layer(-1, (2,)),
        lambda: covering((Layer(0, (2,)), Layer(1, (2,))), 3),
        lambda: sgg(Subgradient(0.1), "best"),  # type: ignore[arg-type]
        lambda: sgg(Subgradient(0.1), "ours", (), speed=3),
        lambda: group_labels(np.array([[np.inf, 1.0]]), layers_of(2), Grouping(clusters=1)),
        lambda: VanishingAMSGrad(0.1, beta1=0.95, beta2=0.9),
    ],
)
def test_bad_input_is_told_in_one_sentence(make: Callable[[], Any]) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_an_empty_cluster_has_the_ratio_one() -> None:
    rule = Grouping(clusters=2, first_value=True)
    m = np.array([[1.0, 1.0, 3.0]])
    cells, D = spreads(m, np.zeros((1, 3), dtype=np.uint8), layers_of(3), rule)
    ones = np.ones((1, 1, 2))
    scales, _ = next_scales(ones, ones, cells, D, rule, first=True)
    assert np.isnan(cells[0, 0, 1])
    assert scales[0, 0, 1] == 1.0
