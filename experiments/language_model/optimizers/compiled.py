"""The compiled path: one fused kernel per tensor, noise included.

Numbers that change from step to step go in as tensors of no axis, so that a schedule never compiles anew.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import torch

from ratecheck.experiments.language_model.noise import BITS, key, uniform_bits
from ratecheck.experiments.language_model.optimizers.entries import Entry, widened
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule

_NUMBER = itertools.count()
_FIXED = (
    "momentum",
    "nesterov",
    "betas",
    "beta2",
    "eps",
    "damping",
    "trust",
    "weight_decay",
    "reset_every",
    "weight_cap",
    "clip",
)


@functools.lru_cache(maxsize=64)
def _kernel(rule: Rule, options: tuple[tuple[str, Any], ...], grouped: bool) -> Any:
    """Return the compiled in-place step of one flat tensor."""

    def step(
        x: torch.Tensor,
        g: torch.Tensor,
        arrays: list[torch.Tensor],
        numbers: torch.Tensor,
        words: torch.Tensor,
        factors: torch.Tensor | None,
    ) -> None:
        dtype = widened(x.dtype)
        lr, t = numbers.to(dtype).unbind()
        group = dict(options)
        arguments = [value.to(dtype) for value in (x, g, *arrays)]
        if rule.noisy:
            index = torch.arange(x.numel(), dtype=torch.int32, device=x.device)
            arguments.append(uniform_bits(index, words[0], words[1]).to(dtype) * 2.0**-BITS)
        if grouped:
            arguments[0] = arguments[0] * (1 - lr * group["weight_decay"])
            group["weight_decay"] = 0.0
        results = rule.update(*arguments, group=group, t=t, step_size=lr * factors if grouped else lr)
        for target, value in zip((x, *arrays), results, strict=True):
            target.copy_(value)

    # The compiler counts how often it compiles one code object and gives up after eight; these are different kernels.
    step.__code__ = step.__code__.replace(co_name=f"step_{next(_NUMBER)}")
    return torch.compile(step, dynamic=True)


def compiled_step(rule: Rule, group: Group, entries: list[Entry]) -> None:
    """Take the step tensor by tensor in a compiled kernel."""
    options = tuple((name, group[name]) for name in _FIXED if name in group)
    for entry in entries:
        if not entry.x.numel():
            continue
        flat = [tensor.reshape(-1) for tensor in (entry.x, entry.g, *entry.arrays)]
        k = key(group["seed"], entry.name, entry.t)
        start = (k.start + entry.offset + 2**31) % 2**32 - 2**31
        factors = entry.state.get("factors")
        numbers = torch.tensor([float(group["lr"]), entry.t], dtype=torch.float64, device=entry.x.device)
        words = torch.tensor([start, k.middle], dtype=torch.int32, device=entry.x.device)
        run = _kernel(rule, options, factors is not None)
        run(flat[0], flat[1], flat[2:], numbers, words, None if factors is None else factors.reshape(-1))
        for target, value in zip((entry.x, *entry.arrays), (flat[0], *flat[2:]), strict=True):
            if value.data_ptr() != target.data_ptr():
                target.copy_(value.view(target.shape))
