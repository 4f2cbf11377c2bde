"""Is what trains what was verified? A torch optimizer beside the package's method on NumPy, step by step.

Both start from one point, compute their own gradients of one stochastic quadratic, and draw the same keyed noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.noise import key, keyed_uniform
from ratecheck.experiments.language_model.optimizers import OPTIMIZERS
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_choice
from ratecheck.theory.method import Method
from ratecheck.theory.methods import adam, clipping, gradient, lamb, momentum, scs_adamw, sign, stosign
from ratecheck.theory.methods.conversion import CONVERSIONS, convert
from ratecheck.theory.methods.grouping import SGG
from ratecheck.theory.methods.grouping_scales import Grouping
from ratecheck.theory.methods.layers import Layers, layers_of
from ratecheck.theory.methods.saddle import optimistic_adam

LR, DECAY, SHAPES = 0.01, 0.1, ((4, 6), (5, 3))
Twin = tuple[dict[str, Any], Callable[[Layers], Method]]


def _grouped(inner: Method) -> Callable[[Layers], Method]:
    return lambda layers: SGG(inner, Grouping(clustering="histogram"), layers, period=7)


def _converted(name: str) -> Callable[[Layers], Method]:
    return lambda layers: convert(name, LR, layers)


_PERIOD = {"grouping": {"period": 7}}
TWINS: dict[str, Twin] = {
    "sgd": ({"weight_decay": DECAY}, lambda _: clipping.L2Decay(gradient.Subgradient(LR), DECAY)),
    "momentum": ({"nesterov": True}, lambda _: momentum.Momentum(LR, nesterov=True)),
    "adamw": ({"weight_decay": DECAY}, lambda _: adam.AdamW(LR, weight_decay=DECAY)),
    "signsgd": ({"weight_decay": DECAY}, lambda _: sign.SignSGD(LR, weight_decay=DECAY)),
    "signum": ({"weight_decay": DECAY}, lambda _: sign.Signum(LR, weight_decay=DECAY)),
    "lion": ({"weight_decay": DECAY}, lambda _: sign.Lion(LR, weight_decay=DECAY)),
    "stosignsgd": (
        {"weight_decay": DECAY, "damping": 0.99},
        lambda _: stosign.StoSignP(LR, weight_decay=DECAY, damping=0.99),
    ),
    "ogda-adam": (
        {"weight_decay": DECAY, "betas": (0.9, 0.999)},
        lambda _: optimistic_adam.OptimisticAdam(LR, weight_decay=DECAY),
    ),
    "lamb": ({"weight_decay": DECAY}, lambda layers: lamb.LAMB(LR, weight_decay=DECAY, layers=layers)),
    "scs-adamw": (
        {"weight_decay": DECAY, "scope": "model", "reset_every": 9},
        lambda _: scs_adamw.PreconditionedSCSAdamW(LR, weight_decay=DECAY, reset_every=9),
    ),
    "scs-adamw-euclidean": (
        {"weight_decay": DECAY, "scope": "model"},
        lambda _: scs_adamw.SCSAdamW(LR, weight_decay=DECAY),
    ),
    "sgg-adamw": (
        {"weight_decay": DECAY, **_PERIOD},
        _grouped(adam.AdamW(LR, weight_decay=DECAY)),
    ),
    "sgg-momentum": (_PERIOD, _grouped(momentum.Momentum(LR))),
    "sgg-stosignsgd": ({"weight_decay": DECAY, **_PERIOD}, _grouped(stosign.StoSignP(LR, weight_decay=DECAY))),
    **{f"sign-{name}": ({"scope": "model"}, _converted(name)) for name in CONVERSIONS},
}
"""Options of a torch optimizer, and the method that it must agree with."""


class _HostOracle:
    """A stochastic quadratic, and the noise of torch's two tensors as one row."""

    def __init__(self, hessian: FloatArray, shifts: FloatArray, per_tensor: bool) -> None:
        self.calls, self.t, self._draws = 0, 0, 0
        self._hessian, self._shifts = hessian, shifts
        self._sizes = [int(np.prod(shape)) for shape in SHAPES] if per_tensor else [hessian.shape[0]]

    def begin(self, t: int) -> None:
        """Begin step `t`, from 1."""
        self.t, self._draws = t, 0

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the stochastic gradient, shape (1, n)."""
        self.calls += 1
        return x @ self._hessian - self._shifts[self.t - 1]

    operator = subgradient

    def uniform(self, width: int, low: int = 0) -> FloatArray:
        """Return the keyed numbers, shape (1, width)."""
        names = [f"{index}/{self._draws}" if self._draws else index for index in range(len(self._sizes))]
        self._draws += 1
        sizes = self._sizes if sum(self._sizes) == width else [width]
        rows = [keyed_uniform(size, key(0, name, self.t)) for size, name in zip(sizes, names, strict=False)]
        return np.concatenate(rows)[None] * (1 - low) + low

    def project(self, x: FloatArray) -> FloatArray:
        """Return `x`."""
        return x


def _stochastic_quadratic(steps: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    n = sum(int(np.prod(shape)) for shape in SHAPES)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    shifts = rng.standard_normal(n) + rng.standard_normal((steps, n)) * np.logspace(-2, 0, n)
    return root @ root.T + 0.1 * np.eye(n), shifts, rng.standard_normal(n)


def distances(name: str, steps: int = 500, *, seed: int = 0, device: str = "cpu", **options: Any) -> FloatArray:
    """Return after each step the distance of torch's point to NumPy's, divided by the norm of the latter.

    Parameters
    ----------
    name : str
        Key of `TWINS`.
    steps, seed : int
    device : str
        Of the torch optimizer.
    **options
        Further options of the torch optimizer, such as ``foreach=True``, which must not change the points.

    Returns
    -------
    (steps,) array
    """
    require_choice("optimizer", name, tuple(TWINS))
    given, make = TWINS[name]
    H, shifts, start = _stochastic_quadratic(steps, seed)
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    parameters = [
        torch.nn.Parameter(torch.tensor(part).reshape(shape).to(device))
        for part, shape in zip(np.split(start, np.cumsum(sizes)[:-1]), SHAPES, strict=True)
    ]
    optimizer = OPTIMIZERS[name](parameters, LR, **{**given, **options})
    hessian, targets = torch.tensor(H, device=device), torch.tensor(shifts, device=device)
    method, x = make(layers_of(*SHAPES)), start[None].copy()
    state, oracle = method.init(x), _HostOracle(H, shifts, given.get("scope") != "model")
    found = np.empty(steps)
    for k in range(steps):
        z = torch.cat([parameter.detach().reshape(-1) for parameter in parameters])
        for parameter, part in zip(parameters, (z @ hessian - targets[k]).split(sizes), strict=True):
            parameter.grad = part.reshape(parameter.shape)
        optimizer.step()
        oracle.begin(k + 1)
        x, state = method.step(x, state, oracle)  # type: ignore[arg-type]
        z = torch.cat([parameter.detach().reshape(-1) for parameter in parameters]).cpu()
        found[k] = np.linalg.norm(z.numpy() - x[0]) / np.linalg.norm(x)
    return found
