"""The ways to take a step: tensor by tensor, all tensors in one launch, one flat vector, or compiled.

All of them run the rule's own `update`; which one is a matter of speed, and they agree to rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch

from ratecheck.experiments.language_model.noise import BITS, key, signed_bits
from ratecheck.experiments.language_model.optimizers.compiled import compiled_step
from ratecheck.experiments.language_model.optimizers.entries import Entry, widened
from ratecheck.experiments.language_model.optimizers.in_place import IN_PLACE, in_place_step
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule
from ratecheck.experiments.language_model.optimizers.tensor_list import TensorList

BLOCK = 2**17  # entries of a block on a CPU: what a step needs of it stays in the cache
Path = Callable[[Rule, Group, list[Entry]], None]


def choose(rule: Rule, group: Group, entries: list[Entry]) -> Path:
    """Return the path that the group's options ask for."""
    if rule.along_axis and group["scope"] == "model":
        return flat_step
    if group["compiled"]:
        return compiled_step
    foreach = group["foreach"]
    if foreach is None:
        foreach = all(entry.x.is_cuda for entry in entries)
    return foreach_step if foreach and not rule.along_axis else loop_step


def noise(entry: Entry, group: Group, first: int = 0, count: int | None = None) -> torch.Tensor:
    """Return the uniform numbers on [-1, 1) of the local entries ``first, ..., first + count - 1``, flat."""
    count = entry.x.numel() if count is None else count
    factor, start = key(group["seed"], entry.name, entry.t).shifted(entry.offset + first)
    index = torch.arange(count, dtype=torch.int32, device=entry.x.device)
    return signed_bits(index, factor, start).to(widened(entry.x.dtype)) * 2.0 ** (1 - BITS)


def with_noise(rule: Rule, group: Group, entry: Entry, arguments: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the arguments of the rule's update in the shape that it takes, with the noise where it takes noise."""
    if rule.noisy:
        arguments = [*arguments, noise(entry, group).view(entry.x.shape)]
    return [argument.reshape(-1) for argument in arguments] if rule.along_axis else arguments


def _arguments(rule: Rule, group: Group, entry: Entry) -> list[torch.Tensor]:
    dtype = widened(entry.x.dtype)
    return with_noise(rule, group, entry, [tensor.to(dtype) for tensor in (entry.x, entry.g, *entry.arrays)])


def updated(rule: Rule, group: Group, arguments: list[Any], t: int, factors: Any = None) -> tuple[Any, ...]:
    """Return the rule's results; with `factors`, its step is scaled entry by entry, but not its decay."""
    lr = float(group["lr"])
    if factors is None:
        return rule.update(*arguments, group=group, t=t, step_size=lr)
    x = arguments[0]
    if group["weight_decay"]:
        x = x * (1 - lr * group["weight_decay"])
    plain = {**group, "weight_decay": 0.0}
    return rule.update(x, *arguments[1:], group=plain, t=t, step_size=lr * factors)


def _write(entry: Entry, results: tuple[torch.Tensor, ...]) -> None:
    for target, value in zip((entry.x, *entry.arrays), results, strict=True):
        target.copy_(value.view(target.shape))


def _factors(entry: Entry, rule: Rule) -> torch.Tensor | None:
    return entry.factors.reshape(-1) if entry.factors is not None and rule.along_axis else entry.factors


def loop_step(rule: Rule, group: Group, entries: list[Entry]) -> None:
    """Take the step tensor by tensor."""
    for entry in entries:
        if entry.x.numel() > BLOCK and entry.x.device.type == "cpu" and not rule.along_axis and _is_flat(entry):
            _blocks_step(rule, group, entry)
        elif entry.x.numel():
            _write(entry, updated(rule, group, _arguments(rule, group, entry), entry.t, _factors(entry, rule)))


def _is_flat(entry: Entry) -> bool:
    return all(tensor.is_contiguous() for tensor in (entry.x, entry.g, *entry.arrays))


def _blocks_step(rule: Rule, group: Group, entry: Entry) -> None:
    """Take the same step block by block: intermediate results stay in the cache, and no memory is mapped for them."""
    flat = [tensor.view(-1) for tensor in (entry.x, entry.g, *entry.arrays)]
    factors = entry.factors
    if rule in IN_PLACE and factors is None and len({tensor.dtype for tensor in flat} | {widened(entry.x.dtype)}) == 1:
        in_place_step(rule, group, entry, *flat)
        return
    for first in range(0, entry.x.numel(), BLOCK):
        x, g, *arrays = (tensor[first : first + BLOCK] for tensor in flat)
        arguments = [tensor.to(widened(x.dtype)) for tensor in (x, g, *arrays)]
        if rule.noisy:
            arguments.append(noise(entry, group, first, x.numel()))
        part = None if factors is None else factors.view(-1)[first : first + BLOCK]
        for target, value in zip((x, *arrays), updated(rule, group, arguments, entry.t, part), strict=True):
            target.copy_(value)


def foreach_step(rule: Rule, group: Group, entries: list[Entry]) -> None:
    """Take the step of all tensors of one kind together."""
    kinds = defaultdict(list)
    for entry in entries:
        kinds[(entry.x.device, entry.x.dtype, entry.t, entry.factors is not None)].append(entry)
    for (_, _, t, grouped), members in kinds.items():
        columns = zip(*(_arguments(rule, group, entry) for entry in members), strict=True)
        factors = TensorList([entry.factors for entry in members]) if grouped else None  # type: ignore[misc]
        results = updated(rule, group, [TensorList(list(column)) for column in columns], t, factors)
        for index, entry in enumerate(members):
            _write(entry, tuple(result.tensors[index] for result in results))


def flat_step(rule: Rule, group: Group, entries: list[Entry]) -> None:
    """Take the step of all tensors of the group as one vector, so that norms and inner products are the model's."""
    columns = zip(*(_arguments(rule, group, entry) for entry in entries), strict=True)
    factors = None
    if any(entry.factors is not None for entry in entries):
        ones = [torch.ones_like(entry.x) if entry.factors is None else entry.factors for entry in entries]
        factors = torch.cat([factor.reshape(-1) for factor in ones])
    results = updated(rule, group, [torch.cat(column) for column in columns], entries[0].t, factors)
    sizes = [entry.x.numel() for entry in entries]
    for entry, *values in zip(entries, *(result.split(sizes) for result in results), strict=True):
        _write(entry, tuple(values))
