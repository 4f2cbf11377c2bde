"""One parameter at one step: its local tensors, and which of the whole parameter's entries they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from ratecheck.experiments.language_model.noise import require_countable
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule
from ratecheck.theory.errors import InputError


@dataclass(slots=True)
class Entry:
    """What a step reads and writes.

    Parameters
    ----------
    x, g : tensors
        Parameter and gradient (of what is minimised); on a sharded parameter the local part.
    arrays : list of tensors
        The rule's states, local.
    state : dict
        The optimizer's record of the parameter; ``state["step"]`` is the number of this step.
    name : str or int
    offset : int
        Index within the whole parameter of the first local entry.
    factors : tensor, optional
        What scales the step, entry by entry.
    """

    x: torch.Tensor
    g: torch.Tensor
    arrays: list[torch.Tensor]
    state: dict[str, Any]
    name: str | int
    offset: int
    factors: torch.Tensor | None = None

    @property
    def t(self) -> int:
        """Number of this step, from 1."""
        return int(self.state["step"])


def widened(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which a rule computes: float32 for parameters of half precision, else their own."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def entry_of(parameter: torch.Tensor, name: str | int, state: dict[str, Any], group: Group, rule: Rule) -> Entry:
    """Return the entry of a parameter that has a gradient.

    Raises
    ------
    InputError
        If the gradient is sparse, or the parameter is sharded in a way that the rule cannot take.
    """
    gradient = parameter.grad
    assert gradient is not None
    if gradient.layout != torch.strided:
        raise InputError(
            f"the gradient of parameter {name} is sparse, but these rules need dense ones; make the embedding with "
            "sparse=False."
        )
    offset = 0
    tensors = [parameter, gradient, *(state[key] for key in rule.states)]
    if hasattr(parameter, "device_mesh"):
        offset = _flat_offset(parameter, name, rule)
        tensors = [tensor.to_local() for tensor in tensors]
    x, g, *arrays = tensors
    x = x.detach()
    if rule.noisy:
        require_countable(offset + x.numel())
    return Entry(x, -g if group["maximize"] else g, arrays, state, name, offset)


def _flat_offset(parameter: Any, name: str | int, rule: Rule) -> int:
    """Return where the local shard of a DTensor begins in the flattened parameter."""
    from torch.distributed.tensor import Replicate, Shard
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    placements = parameter.placements
    if all(isinstance(placement, Replicate) for placement in placements):
        return 0
    if rule.along_axis:
        raise InputError(
            f"parameter {name} is sharded, but this rule needs norms or inner products of whole tensors; "
            "use DDP, or a rule that works entry by entry."
        )
    if not all(isinstance(placement, Replicate) or placement == Shard(0) for placement in placements):
        raise InputError(f"parameter {name} is sharded as {placements}, but only shards of the first axis are taken.")
    _, offsets = compute_local_shape_and_global_offset(parameter.shape, parameter.device_mesh, placements)
    return offsets[0] * parameter[0].numel() if parameter.ndim and parameter.numel() else 0
