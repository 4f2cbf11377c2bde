"""States of methods as plain dictionaries of tensors, which is what a checkpoint can hold, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from ratecheck.theory.errors import InputError


def flattened(state: Any, prefix: str = "") -> dict[str, torch.Tensor]:
    """Return the leaves of a nested named tuple by dotted name; numbers and host arrays become tensors."""
    if state is None:
        return {}
    if hasattr(state, "_asdict"):
        leaves: dict[str, torch.Tensor] = {}
        for name, value in state._asdict().items():
            leaves |= flattened(value, f"{prefix}.{name}" if prefix else name)
        return leaves
    return {prefix: state if isinstance(state, torch.Tensor) else torch.as_tensor(np.asarray(state))}


def restored(like: Any, leaves: dict[str, Any], prefix: str = "") -> Any:
    """Return the nested named tuple shaped and typed as `like` with the leaves of `flattened`."""
    if like is None:
        return None
    if hasattr(like, "_asdict"):
        fields = like._asdict().items()
        return type(like)(*(restored(value, leaves, f"{prefix}.{name}" if prefix else name) for name, value in fields))
    value = leaves[prefix]
    if isinstance(like, torch.Tensor):
        return value
    return value.cpu().numpy() if isinstance(like, np.ndarray) else type(like)(value.item())


def keep_dtypes(optimizer: Optimizer, state_dict: dict[str, Any], saved: dict[Any, dict[str, Any]]) -> None:
    """Give every loaded array the dtype it was saved in; torch casts them all to the parameter's."""
    order = [index for group in state_dict["param_groups"] for index in group["params"]]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for index, parameter in zip(order, parameters, strict=True):
        for name, value in saved.get(index, {}).items():
            kept = optimizer.state[parameter][name]
            if isinstance(value, torch.Tensor) and kept.dtype != value.dtype:
                optimizer.state[parameter][name] = value.detach().to(device=kept.device, copy=True)


def require_closure(closure: Any, name: str, calls: str) -> None:
    """Raise `InputError` unless a closure is given."""
    if closure is None:
        raise InputError(
            f"{name} needs a closure for its step, which it calls {calls} on one batch; give step(closure)."
        )
