"""The same update rules at the scale of language models, on torch, which only this package imports."""

from __future__ import annotations

import importlib.util

from ratecheck.theory.errors import InputError


def require_torch() -> None:
    """Raise `InputError` unless PyTorch is installed."""
    if importlib.util.find_spec("torch") is None:
        raise InputError("language models need PyTorch, which is not installed; run `pip install ratecheck[torch]`.")
