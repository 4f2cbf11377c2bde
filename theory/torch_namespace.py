"""The array API of torch, with a sign that is made of vector instructions and keeps NaN all the same.

`ratecheck.theory.arrays.namespace` loads this module for a tensor only, so that torch stays optional.
"""

from __future__ import annotations

from typing import Any

from array_api_compat import torch as _torch


def sign(x: Any) -> Any:
    """Return -1, 0 or 1 with the sign of each entry, and NaN for NaN (torch's own gives 0)."""
    import torch

    # The smallest number of all times these two factors is 1.
    limits = torch.finfo(x.dtype)
    return (x * (1 / limits.tiny)).mul_(1 / limits.eps).clamp_(-1, 1)


def __getattr__(name: str) -> Any:
    return getattr(_torch, name)
