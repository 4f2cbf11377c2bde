"""The array API of torch, with a sign that compiles to vector instructions and keeps NaN all the same.

`ratecheck.theory.arrays.namespace` loads this module for a tensor only, so that torch stays optional.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import torch as _torch


def sign(x: Any) -> Any:
    """Return -1, 0 or 1 with the sign of each entry, and NaN for NaN (torch's own gives 0)."""
    from torch import compiler

    if not compiler.is_compiling():
        return _torch.sign(x)
    return _torch.where(x > 0, 1.0, _torch.where(x < 0, -1.0, x))


def __getattr__(name: str) -> Any:
    return getattr(_torch, name)
