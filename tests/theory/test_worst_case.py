"""Symbolic runs: which methods have fixed steps, and that their rows say what a run on numbers does."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from ratecheck.theory import function_class as classes
from ratecheck.theory.bounds.smooth import SM_01
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods import METHODS
from ratecheck.theory.methods.adam import AdamW
from ratecheck.theory.methods.averaging import MinimaxPlayer
from ratecheck.theory.methods.clipping import ClipNorm
from ratecheck.theory.methods.gradient import NormalizedSubgradient, Polyak, Projected, Subgradient
from ratecheck.theory.methods.sign import SignSGD
from ratecheck.theory.outputs import Average, Best, Last, MeanMeasure, Worst
from ratecheck.theory.worst_case import NotExpressibleError, Start, symbolic_run, worst_case

UNIT = Start({"radius": 1.0}, 1.0)
SMOOTH = (classes.SMOOTH_CONVEX, {"smoothness": 1.0})

FIXED = (
    "subgradient", "dual-averaging", "quasi-monotone", "double-averaging", "averaged-subgradient", "momentum",
    "nesterov-momentum", "averaged-momentum", "heavy-ball", "heavy-ball-goujaud", "nesterov",
    "nesterov-constant-momentum", "nesterov-look-ahead", "fista", "fista-extrapolated", "ogm", "ogm-g",
    "triple-momentum", "item", "accelerated-sa", "silver", "iterate-averaging",
)  # fmt: skip


@pytest.mark.parametrize("name", FIXED)
def test_methods_of_fixed_steps_run_on_symbols(name: str) -> None:
    run = symbolic_run(METHODS[name], Last(), 4)
    assert [query.kind for query in run.queries] == ["subgradient"] * 4
    assert run.combine == "one"
    (row,) = run.measured
    assert row[0] != 0
    assert not row[5:].any()  # four answers at most


STILL_FIXED = {"projected-subgradient", "aggregation"}  # without a set, and one that does not move
OTHERS = [
    name
    for name, method in METHODS.items()
    if name not in {*FIXED, *STILL_FIXED} and ".saddle." not in type(method).__module__
]


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_method_is_refused_in_words(name: str) -> None:
    with pytest.raises(NotExpressibleError):
        symbolic_run(METHODS[name], Last(), 6)  # some are of fixed steps at first


REFUSED: dict[str, Any] = {
    "steps of a given length": NormalizedSubgradient(1.0),
    "Polyak's step": Polyak(),
    "signs": SignSGD(0.1),
    "clipping that never acts on small gradients": ClipNorm(Subgradient(0.1), 1e3),
    "clipping that never acts on large gradients": ClipNorm(Subgradient(0.1), 1e-3),
    "weight decay towards the origin": AdamW(0.1),
    "a step for each coordinate": Subgradient(np.array([0.1, 0.2, 0.3])),
    "the minimax player": MinimaxPlayer(1.0, 1.0, 3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_steps_that_depend_on_more_are_refused(name: str) -> None:
    with pytest.raises(NotExpressibleError):
        symbolic_run(REFUSED[name], Last(), 3)


def test_outputs_say_where_the_measure_is_taken() -> None:
    method = Subgradient(1.0)
    best = symbolic_run(method, Best(), 2)
    assert best.combine == "smallest"
    assert [row[:3].tolist() for row in best.measured] == [[1, 0, 0], [1, -1, 0], [1, -1, -1]]
    (mean,) = symbolic_run(method, Average(include_last=True), 2).measured
    np.testing.assert_allclose(mean[:3], [1, -2 / 3, -1 / 3])
    assert len(symbolic_run(method, MeanMeasure(), 2).measured) == 2
    with pytest.raises(NotExpressibleError, match="every step"):
        symbolic_run(method, Worst(), 2)


def test_a_projection_is_a_question_only_where_there_is_a_set() -> None:
    method = Projected(Subgradient(0.5))
    assert [query.kind for query in symbolic_run(method, Last(), 1).queries] == ["subgradient"]
    constrained = symbolic_run(method, Last(), 1, constrained=True)
    assert [query.kind for query in constrained.queries] == ["subgradient", "project"]


def test_the_worst_case_is_between_primal_and_dual() -> None:
    pytest.importorskip("PEPit")
    found = worst_case(symbolic_run(Subgradient(1.0), Last(), 2), *SMOOTH, UNIT, "gap")
    assert found.value == pytest.approx(0.1, rel=1e-6)
    assert found.attained == pytest.approx(found.value, rel=1e-6)
    assert found.accuracy < 1e-6
    assert found.exact
    assert found.solver == "CLARABEL"


def test_what_nothing_bounds_is_infinite() -> None:
    pytest.importorskip("PEPit")
    # Lipschitz functions have no gradient that is small at a point of little gap.
    run = symbolic_run(Subgradient(1.0), Last(), 1)
    found = worst_case(run, classes.SMOOTH_CONVEX, {"smoothness": 1.0}, Start({"initial_gap": 1.0}, 1.0), "distance")
    assert math.isinf(found.value)


def test_problems_follow_each_other_in_one_process() -> None:
    pytest.importorskip("PEPit")
    run = symbolic_run(Subgradient(1.0), Last(), 2)
    first = worst_case(run, *SMOOTH, UNIT, "gap")
    worst_case(symbolic_run(Subgradient(0.5), Last(), 3), *SMOOTH, UNIT, "gap")
    assert worst_case(run, *SMOOTH, UNIT, "gap") == first


@pytest.mark.parametrize(
    ("kind", "constants", "measure", "start", "expected"),
    [
        (classes.SHARP_LIPSCHITZ, {"lipschitz": 1.0, "sharpness": 0.5}, "gap", UNIT, "cannot be expressed"),
        (*SMOOTH, "squared gap", UNIT, "its measure is the squared gap"),
        (classes.SMOOTH, {"smoothness": 1.0}, "distance", Start({"initial_gap": 1.0}, 1.0), "need not exist"),
        (classes.SMOOTH, {"smoothness": 1.0}, "gap", UNIT, "need not exist"),
    ],
)
def test_what_cannot_be_expressed_is_one_sentence(
    kind: Any, constants: dict[str, float], measure: str, start: Start, expected: str
) -> None:
    pytest.importorskip("PEPit")
    with pytest.raises(NotExpressibleError, match=expected):
        worst_case(symbolic_run(Subgradient(1.0), Last(), 1), kind, constants, start, measure)


def test_a_bound_names_a_class_that_is_defined() -> None:
    with pytest.raises(InputError, match=r"function_class 'smooth'.*smooth-convex"):
        dataclasses.replace(SM_01, function_class="smooth")
    assert dataclasses.replace(SM_01, function_class=classes.SMOOTH).function_class is classes.SMOOTH


def test_a_run_that_is_too_long_is_refused() -> None:
    pytest.importorskip("PEPit")
    with pytest.raises(InputError, match="at most 150 are practical"):
        worst_case(symbolic_run(Subgradient(1.0), Last(), 160), *SMOOTH, UNIT, "gap")
