"""The same update rules at the scale of language models, on torch, which only this package imports."""

from __future__ import annotations

import functools
import importlib.util

import ratecheck
from ratecheck.experiments.cores import usable_cores
from ratecheck.theory.errors import InputError


def require_torch() -> None:
    """Raise `InputError` unless PyTorch is installed; the first call gives it its threads, before anyone sets them."""
    if importlib.util.find_spec("torch") is None:
        raise InputError("language models need PyTorch, which is not installed; run `pip install ratecheck[torch]`.")
    _give_torch_its_threads()


@functools.cache
def _give_torch_its_threads() -> None:
    """Undo for torch what `ratecheck` does to BLAS, once: a user's own training loop must not lose its processors."""
    import torch

    if ratecheck._HOLDS_TORCH_BACK:
        torch.set_num_threads(usable_cores())
