"""The compiled path: one fused kernel per tensor, noise included.

Numbers that change from step to step go in as tensors of no axis, so that a schedule never compiles anew.
"""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from typing import Any

import torch

from ratecheck.experiments.language_model.noise import BITS, key, signed_bits
from ratecheck.experiments.language_model.optimizers.entries import Entry, widened
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule

TOGETHER = 8  # tensors of one size in one call: a call costs as much as a tensor of 1e5 entries
STATIC = 2**15  # from this size on a kernel of its own, made for exactly that size, pays
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


@functools.lru_cache(maxsize=256)
def _kernel(rule: Rule, options: tuple[tuple[str, Any], ...], grouped: bool, size: int | None, count: int) -> Any:
    """Return the compiled in-place step of `count` flat tensors, of `size` entries or, without, of any size."""

    def one(tensors: list[torch.Tensor], numbers: torch.Tensor, words: torch.Tensor) -> None:
        factors = tensors[-1]
        tensors = tensors[:-1] if grouped else tensors
        x, _, *arrays = tensors
        dtype = widened(x.dtype)
        lr, t = numbers.to(dtype).unbind()
        group = dict(options)
        arguments = [value.to(dtype) for value in tensors]
        if rule.noisy:
            index = torch.arange(x.numel(), dtype=torch.int32, device=x.device)
            arguments.append(signed_bits(index, words[0], words[1]).to(dtype) * 2.0**-BITS + 0.5)
        if grouped:
            arguments[0] = arguments[0] * (1 - lr * group["weight_decay"])
            group["weight_decay"] = 0.0
        results = rule.update(*arguments, group=group, t=t, step_size=lr * factors if grouped else lr)
        for target, value in zip((x, *arrays), results, strict=True):
            target.copy_(value)

    def step(rows: list[list[torch.Tensor]], numbers: torch.Tensor, words: torch.Tensor) -> None:
        for index in range(count):
            one(rows[index], numbers[index], words[index])

    # The compiler counts how often it compiles one code object and gives up after eight; these are different kernels.
    step.__code__ = step.__code__.replace(co_name=f"step_{next(_NUMBER)}")
    return torch.compile(step, dynamic=size is None)


def compiled_step(rule: Rule, group: Group, entries: list[Entry]) -> None:
    """Take the step in compiled kernels, each for a few tensors of one size."""
    options = tuple((name, group[name]) for name in _FIXED if name in group)
    kinds: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        size = entry.x.numel()
        if size:
            kinds[(size if size >= STATIC else None, "factors" in entry.state, entry.x.dtype)].append(entry)
    for (size, grouped, _), members in kinds.items():
        whole = len(members) - len(members) % TOGETHER
        batches = [members[first : first + TOGETHER] for first in range(0, whole, TOGETHER)]
        for batch in batches + [[member] for member in members[whole:]]:
            _run(_kernel(rule, options, grouped, size, len(batch)), group, batch)


def _run(kernel: Any, group: Group, batch: list[Entry]) -> None:
    device = batch[0].x.device
    steps = [entry.t for entry in batch]
    numbers = torch.tensor([[float(group["lr"]), t] for t in steps], dtype=torch.float64, device=device)
    keys = [key(group["seed"], e.name, t).shifted(e.offset) for e, t in zip(batch, steps, strict=True)]
    rows = []
    for entry in batch:
        scales = [entry.state["factors"]] if "factors" in entry.state else []
        rows.append([tensor.reshape(-1) for tensor in (entry.x, entry.g, *entry.arrays, *scales)])
    kernel(rows, numbers, torch.tensor(keys, dtype=torch.int32, device=device))
    for entry, (x, _, *arrays) in zip(batch, rows, strict=True):
        for target, value in zip((entry.x, *entry.arrays), (x, *arrays), strict=False):
            # A tensor whose memory is not in order was copied to be flat.
            if value.data_ptr() != target.data_ptr():
                target.copy_(value.view(target.shape))
