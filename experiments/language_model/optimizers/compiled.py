"""The compiled path: the rule, its noise and its writes as one kernel per tensor.

A kernel is made for tensors of one size, dtype and device by tracing the rule itself. Numbers that change from step to
step go in as a tensor, so that a schedule never compiles anew, and what depends on them alone is computed outside: the
compiler would do it anew for every few entries.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from ratecheck.experiments.language_model.noise import BITS, key, signed_bits
from ratecheck.experiments.language_model.optimizers.entries import Entry, widened
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule

TOGETHER = 8  # tensors of one size in one call
FEW = 8  # step sizes of one tensor that are told apart by comparisons
# A value that an inner product and the step both need is stored in between, where it takes this many reads.
STORED = {"realize_reads_threshold": 2}
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
_kernels: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class StepNumber:
    """The number t of a step as rules write it: ``beta**t``, ``t - 1``, and with k = ``t - 1`` also ``k + 1``.

    Parameters
    ----------
    t : tensor
    first : bool
        Whether t is 1.
    corrections : dict
        beta to ``1 / (1 - beta**t)``.
    """

    t: torch.Tensor
    first: bool
    corrections: dict[float, torch.Tensor]

    def __rpow__(self, beta: float) -> _Power:
        return _Power(self.corrections[beta])

    def __sub__(self, one: int) -> _Before:
        assert one == 1
        return _Before(self)


@dataclass(frozen=True, slots=True)
class _Before:
    following: StepNumber

    def __add__(self, one: int) -> StepNumber:
        assert one == 1
        return self.following

    def __eq__(self, other: object) -> bool:
        assert other == 0
        return self.following.first

    def __mod__(self, period: int) -> torch.Tensor:
        return torch.remainder(self.following.t - 1, period)


@dataclass(frozen=True, slots=True)
class _Power:
    """A power of which a rule needs its distance to 1, to divide by it."""

    inverse_distance: torch.Tensor

    def __rsub__(self, one: int) -> _Distance:
        assert one == 1
        return _Distance(self.inverse_distance)


@dataclass(frozen=True, slots=True)
class _Distance:
    inverse: torch.Tensor

    def __rtruediv__(self, array: torch.Tensor) -> torch.Tensor:
        return array * self.inverse


def _betas(options: Group) -> list[float]:
    return [*options.get("betas", ()), *([options["beta2"]] if "beta2" in options else [])]


def _update(
    rule: Rule, options: Group, first: bool, row: list[torch.Tensor], numbers: torch.Tensor, words: torch.Tensor
) -> None:
    """Take the step of one tensor: `row` is x, g, the states, and where steps are scaled the labels of the scales."""
    x, _, *arrays = tensors = row[: 2 + len(rule.states)]
    dtype = widened(x.dtype)
    lr, t, *others = numbers.unbind()
    betas = _betas(options)
    arguments = [tensor.reshape(-1).to(dtype) for tensor in tensors]
    if rule.noisy:
        index = torch.arange(x.numel(), dtype=torch.int32, device=x.device)
        arguments.append(signed_bits(index, words[0], words[1]).to(dtype) * 2.0 ** (1 - BITS))
    group, step_size = options, lr
    if len(row) > len(tensors):
        arguments[0] = arguments[0] * (1 - lr * options["weight_decay"])
        group = {**options, "weight_decay": 0.0}
        step_size = _looked_up(row[-1].reshape(-1), numbers[2 + len(betas) :])
    step = StepNumber(t, first, dict(zip(betas, others, strict=False)))
    results = rule.update(*arguments, group=group, t=step, step_size=step_size)
    for target, value in zip((x, *arrays), results, strict=True):
        target.copy_(value.view(x.shape))


def _looked_up(labels: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    if len(values) > FEW:
        return values[labels.long()]
    # Comparisons become vector instructions, but neither those of bytes nor a table do.
    found, labels = values[0], labels.to(values.dtype)
    for label in range(1, len(values)):
        found = torch.where(labels == label, values[label], found)
    return found


def _compile(rule: Rule, options: Group, first: bool, width: int, example: list[Any]) -> Any:
    def steps(*given: torch.Tensor) -> tuple[()]:
        *flat, numbers, words = given
        for index in range(len(flat) // width):
            row = flat[index * width : (index + 1) * width]
            _update(rule, options, first, row, numbers[index], words[index])
        return ()

    graph = make_fx(steps, tracing_mode="fake")(*example)
    return torch._inductor.compile(graph, example, options=STORED if rule.along_axis else None)


def compiled_step(rule: Rule, group: Group, entries: list[Entry]) -> None:
    """Take the step in compiled kernels, each for a few tensors of one size."""
    options = {name: group[name] for name in _FIXED if name in group}
    kinds: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.x.numel():
            layout = [(tensor.dtype, tensor.stride()) for tensor in _row(entry)]
            kinds[(entry.t, entry.x.device, len(_scales(entry)), entry.x.shape, *layout)].append(entry)
    for (t, *kind), members in kinds.items():
        # The number of threads is compiled in.
        whole_kind = (rule, tuple(options.items()), t == 1 and rule.first_differs, torch.get_num_threads(), *kind)
        _run(whole_kind, options, float(group["lr"]), t, _words(rule, group, members, t), members)


def _run(kind: tuple[Any, ...], options: Group, lr: float, t: int, words: torch.Tensor, members: list[Entry]) -> None:
    """Run the kernels of one kind on tensors that are alike but for their entries."""
    rule, _, first, *_ = kind
    together = 1 if rule.along_axis else TOGETHER
    line = [lr, t, *(1 / (1 - beta**t) for beta in _betas(options))]
    x = members[0].x
    lines = [line + [lr * scale for scale in _scales(entry)] for entry in members]
    numbers = torch.tensor(lines, dtype=widened(x.dtype), device=x.device)
    whole = len(members) - len(members) % together
    starts = [*range(0, whole, together), *range(whole, len(members))]
    for start, end in zip(starts, [*starts[1:], len(members)], strict=True):
        rows = [_row(entry) for entry in members[start:end]]
        given = [tensor for row in rows for tensor in row] + [numbers[start:end], words[start:end]]
        name = (*kind, end - start)
        if name not in _kernels:
            _kernels[name] = _compile(rule, options, first, len(rows[0]), given)
        _kernels[name](*given)


def _row(entry: Entry) -> list[torch.Tensor]:
    labels = [entry.state["labels"]] if "labels" in entry.state else []
    return [entry.x, entry.g, *entry.arrays, *labels]


def _scales(entry: Entry) -> list[float]:
    return entry.state["scales"].tolist() if "scales" in entry.state else []


def _words(rule: Rule, group: Group, entries: list[Entry], t: int) -> torch.Tensor:
    if not rule.noisy:
        return torch.zeros(len(entries), 2, dtype=torch.int32, device=entries[0].x.device)
    keys = [key(group["seed"], entry.name, t) for entry in entries]
    keys = [word.shifted(entry.offset) if entry.offset else word for word, entry in zip(keys, entries, strict=True)]
    return torch.tensor(keys, dtype=torch.int32, device=entries[0].x.device)
