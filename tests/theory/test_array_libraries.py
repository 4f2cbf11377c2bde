"""The pure update functions run on torch tensors and on the strict array API, with the results of NumPy.

Additions, products and quotients are correctly rounded everywhere, so elementwise rules agree in every bit, with the
exception of torch's square root, which may be off by one unit in the last place. Rules with a sum over coordinates may
differ in its order, which moves a sum of 12 terms by at most 12 roundings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.theory.methods.adam_variants import adamax_update, nadam_update
from ratecheck.theory.methods.adaptive import (
    adagrad_norm_update,
    adagrad_update,
    adam_update,
    amsgrad_update,
    rmsprop_update,
)
from ratecheck.theory.methods.clipping import clip_norm, clip_value
from ratecheck.theory.methods.gradient import normalized_update, polyak_update, subgradient_update
from ratecheck.theory.methods.momentum import average_update, heavy_ball_update, sum_update
from ratecheck.theory.methods.sign import error_feedback_update, lion_update, sign_update, signum_update
from ratecheck.theory.methods.stosign import stochastic_sign, stosign_momentum_update

RNG = np.random.default_rng(11)
X, G, M = (RNG.normal(size=(4, 12)) for _ in range(3))
G[0, :3] = M[0, :3] = 0.0
V = np.abs(RNG.normal(size=(4, 12)))
V[0, :3] = 0.0
NORMS = np.abs(RNG.normal(size=(4, 1)))
U = RNG.random(size=(4, 12))

ELEMENTWISE: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...], dict[str, Any]]] = {
    "subgradient": (subgradient_update, (X, G), {"step_size": 0.1}),
    "sum momentum": (sum_update, (X, G, M), {"step_size": 0.1, "momentum": 0.9}),
    "nesterov momentum": (sum_update, (X, G, M), {"step_size": 0.1, "momentum": 0.9, "nesterov": True}),
    "average momentum": (average_update, (X, G, M), {"step_size": 0.1, "momentum": 0.9}),
    "heavy ball": (heavy_ball_update, (X, G, M), {"step_size": 0.1, "momentum": 0.9}),
    "adagrad": (adagrad_update, (X, G, V), {"step_size": 0.1}),
    "adagrad, eps = 0": (adagrad_update, (X, G, V), {"step_size": 0.1, "eps": 0.0}),
    "rmsprop": (rmsprop_update, (X, G, V), {"step_size": 0.1}),
    "rmsprop, eps inside": (rmsprop_update, (X, G, V), {"step_size": 0.1, "eps_place": "inside"}),
    "adam": (adam_update, (X, G, M, V), {"t": 3, "step_size": 0.1}),
    "adam without correction": (adam_update, (X, G, M, V), {"t": 3, "step_size": 0.1, "bias_correction": False}),
    "adamw": (adam_update, (X, G, M, V), {"t": 3, "step_size": 0.1, "weight_decay": 0.1}),
    "adam, eps = 0": (adam_update, (X, G, M, V), {"t": 3, "step_size": 0.1, "eps": 0.0}),
    **{
        f"amsgrad, {kind}": (amsgrad_update, (X, G, M, V, V[::-1]), {"t": 3, "step_size": 0.1, "correction": kind})
        for kind in ("none", "first", "both", "before max")
    },
    "adamax": (adamax_update, (X, G, M, V), {"t": 3, "step_size": 0.1}),
    "nadam": (nadam_update, (X, G, M, V), {"t": 3, "step_size": 0.1}),
    "sign": (sign_update, (X, G), {"step_size": 0.1, "weight_decay": 0.1}),
    "signum": (signum_update, (X, G, M), {"step_size": 0.1, "weight_decay": 0.1}),
    "lion": (lion_update, (X, G, M), {"step_size": 0.1, "weight_decay": 0.1}),
    "stochastic sign": (stochastic_sign, (M, V, U), {}),
    "stosign": (stosign_momentum_update, (X, G, M, V, U), {"step_size": 0.1, "weight_decay": 0.1}),
    "clip value": (clip_value, (G,), {"max_value": 0.5}),
}
SUMMING: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...], dict[str, Any]]] = {
    "normalised": (normalized_update, (X, G), {"step_size": 0.1}),
    "polyak": (polyak_update, (X, G, NORMS), {}),
    "adagrad norm": (adagrad_norm_update, (X, G, NORMS), {"step_size": 0.1}),
    "error feedback": (error_feedback_update, (X, G, M), {"step_size": 0.1}),
    "clip norm": (clip_norm, (G,), {"max_norm": 0.5}),
}

ROOTED = {name for name in ELEMENTWISE if name.startswith(("ada", "nadam", "rmsprop", "amsgrad"))}


def in_torch(array: np.ndarray) -> Any:
    return pytest.importorskip("torch").from_numpy(array.copy())


def in_strict(array: np.ndarray) -> Any:
    return pytest.importorskip("array_api_strict").asarray(array.copy())


def tupled(answer: Any) -> tuple[Any, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("convert", [in_torch, in_strict])
@pytest.mark.parametrize("name", [*ELEMENTWISE, *SUMMING])
def test_update_agrees_with_numpy(name: str, convert: Callable[[np.ndarray], Any], dtype: type) -> None:
    update, arrays, constants = {**ELEMENTWISE, **SUMMING}[name]
    arrays = tuple(array.astype(dtype) for array in arrays)
    expected = tupled(update(*arrays, **constants))
    foreign = [convert(array) for array in arrays]
    answers = tupled(update(*foreign, **constants))
    for answer, mine in zip(answers, expected, strict=True):
        assert type(answer) is type(foreign[0])
        there = np.asarray(answer)
        assert there.dtype == mine.dtype == dtype
        if name in ROOTED and convert is in_torch:
            # A root off by 2 eps moves the step by at most 4 eps, and a step is at most |x| + |new x| long.
            allowed = 4 * np.finfo(dtype).eps * (np.abs(arrays[0]) + np.abs(mine))
            assert (np.abs(there - mine) <= allowed).all()
        elif name in ELEMENTWISE:
            np.testing.assert_array_equal(there, mine)
        else:
            np.testing.assert_allclose(there, mine, rtol=0, atol=12 * 4 * np.finfo(dtype).eps)
    for array, untouched in zip(foreign, arrays, strict=True):
        np.testing.assert_array_equal(np.asarray(array), untouched)
