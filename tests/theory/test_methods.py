"""Conformance of the update rules: batches, dtypes, inputs left untouched, hyper-parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.theory import methods
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods import (
    accelerated,
    adam,
    adam_variants,
    adaptive,
    averaging,
    clipping,
    frank_wolfe,
    gradient,
    line_search,
    momentum,
    nesterov,
    normalized,
    sign,
    stosign,
    variance_reduced,
)

ALL = {
    **gradient.EXAMPLES,
    **averaging.EXAMPLES,
    **momentum.EXAMPLES,
    **nesterov.EXAMPLES,
    **adaptive.EXAMPLES,
    **adam.EXAMPLES,
    **adam_variants.EXAMPLES,
    **sign.EXAMPLES,
    **normalized.EXAMPLES,
    **line_search.EXAMPLES,
    **frank_wolfe.EXAMPLES,
    **accelerated.EXAMPLES,
    **variance_reduced.EXAMPLES,
    **clipping.EXAMPLES,
    **stosign.EXAMPLES,
}
RUNS = 5


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sorted(ALL))
def test_batch_equals_single_runs_bit_for_bit(name: str, dtype: type, points_of: Any) -> None:
    together = points_of(ALL[name], range(RUNS), dtype)[-1]
    alone = [points_of(ALL[name], range(run, run + 1), dtype)[-1][0] for run in range(RUNS)]
    np.testing.assert_array_equal(together, np.array(alone))


@pytest.mark.parametrize("name", sorted(ALL))
def test_deterministic(name: str, points_of: Any) -> None:
    first, second = points_of(ALL[name], range(RUNS)), points_of(ALL[name], range(RUNS))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def arrays_of(state: Any) -> list[np.ndarray]:
    if isinstance(state, np.ndarray):
        return [state]
    return [array for part in state for array in arrays_of(part)] if isinstance(state, tuple) else []


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sorted(ALL))
def test_dtype_and_shape_are_kept_and_arguments_left_untouched(
    name: str, dtype: type, oracle_of: Any, start: np.ndarray
) -> None:
    method, oracle = ALL[name], oracle_of(range(RUNS))
    x = np.broadcast_to(start, (RUNS, 3)).astype(dtype)
    state = method.init(x)
    for _ in range(4):
        for array in (x, *arrays_of(state)):
            array.setflags(write=False)
        copies = [array.copy() for array in (x, *arrays_of(state))]
        following, following_state = method.step(x, state, oracle)
        for array, copy in zip((x, *arrays_of(state)), copies, strict=True):
            np.testing.assert_array_equal(array, copy)
        x, state = following, following_state
        assert x.dtype == dtype
        assert x.shape == (RUNS, 3)
        assert all(array.dtype == dtype for array in arrays_of(state))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_step_sizes_per_coordinate_and_numpy_scalars_keep_the_dtype(dtype: type, points_of: Any) -> None:
    for step_size in (np.float64(0.1), np.array([0.1, 0.2, 0.05])):
        for method in (gradient.Subgradient(step_size), adam.Adam(step_size), sign.Signum(step_size)):
            assert points_of(method, range(2), dtype)[-1].dtype == dtype
    pieces = points_of(gradient.Subgradient(np.array([0.1, 0.2, 0.05])), range(2))[-1]
    for i, gamma in enumerate((0.1, 0.2, 0.05)):
        np.testing.assert_array_equal(pieces[:, i], points_of(gradient.Subgradient(gamma), range(2))[-1][:, i])


BAD = [
    *[
        (family, {"step_size": value})
        for value in (0.0, -0.1, math.nan, math.inf, "0.1", None, np.array([[0.1]]), np.array([0.1, -0.2, 0.3]))
        for family in (
            gradient.Subgradient,
            gradient.NormalizedSubgradient,
            gradient.online_gradient_descent,
            averaging.DualAveraging,
            averaging.QuasiMonotone,
            momentum.Momentum,
            momentum.AveragedMomentum,
            momentum.HeavyBall,
            nesterov.Nesterov,
            nesterov.Fista,
            nesterov.LookAhead,
            adaptive.AdaGrad,
            adaptive.AdaGradNorm,
            adaptive.RMSProp,
            adam.Adam,
            adam.AdamW,
            adam.AMSGrad,
            adam.UnifiedAdam,
            sign.SignSGD,
            sign.Signum,
            sign.Lion,
            sign.ErrorFeedbackSign,
            sign.SSDM,
            accelerated.AcceleratedSA,
            normalized.NormalizedMomentum,
            variance_reduced.IterateAveraging,
        )
    ],
    *[
        (family, {"step_size": 0.1, name: value})
        for value in (-0.1, 1.0, math.nan, "0.9")
        for family, name in (
            (momentum.Momentum, "momentum"),
            (momentum.AveragedMomentum, "momentum"),
            (momentum.HeavyBall, "momentum"),
            (nesterov.Nesterov, "momentum"),
            (nesterov.LookAhead, "momentum"),
            (adaptive.RMSProp, "decay"),
            (adam.Adam, "beta1"),
            (adam.Adam, "beta2"),
            (adam.AdamW, "beta1"),
            (adam.AMSGrad, "beta2"),
            (adam.UnifiedAdam, "beta1"),
            (sign.Signum, "momentum"),
            (sign.Lion, "beta1"),
            (sign.Lion, "beta2"),
            (sign.SSDM, "momentum"),
        )
    ],
    *[
        (family, {"step_size": 0.1, name: -1.0})
        for family, name in (
            (adaptive.AdaGrad, "eps"),
            (adaptive.AdaGradNorm, "eps"),
            (adaptive.RMSProp, "eps"),
            (adam.Adam, "eps"),
            (adam.AMSGrad, "eps"),
            (adam.UnifiedAdam, "eps"),
            (adam.AdamW, "weight_decay"),
            (sign.SignSGD, "weight_decay"),
            (sign.Signum, "weight_decay"),
            (sign.Lion, "weight_decay"),
        )
    ],
    *[(normalized.NormalizedMomentum, {"step_size": 0.1, "weight": value}) for value in (0.0, 1.5, math.nan)],
    *[
        (family, {"step_size": 0.1, name: 1.0})
        for family in (adam_variants.AdaMax, adam_variants.NAdam)
        for name in ("beta1", "beta2")
    ],
    *[(family, {"step_size": 0.1, "eps": -1.0}) for family in (adam_variants.AdaMax, adam_variants.NAdam)],
    (averaging.Averaged, {"inner": gradient.Subgradient(0.1), "since": -1}),
    (line_search.SteepestDescent, {"probe": 0.0}),
    (adam.Adam, {"step_size": 0.1, "eps_place": "under"}),
    (adaptive.AdaGrad, {"step_size": 0.1, "eps_place": "under"}),
    (adaptive.RMSProp, {"step_size": 0.1, "eps_place": "under"}),
    (adam.AMSGrad, {"step_size": 0.1, "correction": "all"}),
    (adam.UnifiedAdam, {"step_size": 0.1, "beta1": 0.9, "beta2": 0.8}),
    (sign.StoSignFixed, {"step_size": 0.1, "b": 0.0}),
    (sign.StoSignFixed, {"step_size": 0.1, "b": math.nan}),
    (momentum.Ramp, {"shift": 0.0}),
    (momentum.optimal_heavy_ball, {"smoothness": 1.0, "strong_convexity": -1.0}),
    (nesterov.constant_momentum, {"smoothness": 0.0, "strong_convexity": 1.0}),
    (nesterov.Extrapolated, {"inner": gradient.Subgradient(0.1)}),
    (averaging.MinimaxPlayer, {"radius": -1.0, "gradient_bound": 1.0, "horizon": 5}),
    (averaging.MinimaxPlayer, {"radius": 1.0, "gradient_bound": math.nan, "horizon": 5}),
    (averaging.MinimaxPlayer, {"radius": 1.0, "gradient_bound": 1.0, "horizon": 0}),
    (accelerated.OGM, {"smoothness": 1.0, "horizon": 0}),
    (accelerated.OGM, {"smoothness": 0.0, "horizon": 3}),
    (accelerated.OGMG, {"smoothness": 1.0, "horizon": 2.5}),
    (accelerated.TripleMomentum, {"smoothness": 1.0, "strong_convexity": 1.0}),
    (accelerated.ITEM, {"smoothness": 1.0, "strong_convexity": 0.0}),
    (accelerated.Silver, {"scale": -1.0}),
    (variance_reduced.SVRG, {"step_size": 0.1, "period": 0}),
    (variance_reduced.SVRG, {"step_size": -0.1, "period": 1}),
    (clipping.ClipNorm, {"inner": gradient.Subgradient(0.1), "max_norm": 0.0}),
    (clipping.ClipValue, {"inner": gradient.Subgradient(0.1), "max_value": math.inf}),
    (clipping.ClipGroups, {"inner": gradient.Subgradient(0.1), "max_norm": 1.0, "sizes": (1, 0)}),
    (clipping.L2Decay, {"inner": gradient.Subgradient(0.1), "weight_decay": -0.1}),
]


@pytest.mark.parametrize(("make", "arguments"), BAD)
def test_bad_hyper_parameters_are_told_in_one_sentence(make: Callable[..., Any], arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        make(**arguments)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert " but " in message


def test_methods_made_for_a_horizon_end_there(oracle_of: Any) -> None:
    x = np.zeros((2, 3))
    for method in (accelerated.OGM(10.0, 2), accelerated.OGMG(10.0, 2), averaging.MinimaxPlayer(1.0, 1.0, 2)):
        oracle, state = oracle_of(range(2)), method.init(x)
        point = x
        for _ in range(2):
            point, state = method.step(point, state, oracle)
        with pytest.raises(InputError, match="made for 2"):
            method.step(point, state, oracle)


def test_groups_must_add_up_to_the_dimension() -> None:
    with pytest.raises(InputError, match="adds up to 4, but the dimension is 3"):
        clipping.ClipGroups(gradient.Subgradient(0.1), 1.0, (2, 2)).init(np.zeros((1, 3)))


def test_no_two_families_share_a_name() -> None:
    families = {name: part.EXAMPLES for name, part in vars(methods).items() if hasattr(part, "EXAMPLES")}
    for name, examples in families.items():
        for key, example in examples.items():
            assert methods.METHODS.get(key) is example, f"{key!r} of {name} is not the one in METHODS"
