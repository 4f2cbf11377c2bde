"""The one exception that bad input raises, and the checks that raise it."""

from __future__ import annotations

import math

import numpy as np


class InputError(ValueError):
    """Bad input, told in one sentence: what was given, what is allowed, what to do."""


def _is_finite_number(value: object) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and math.isfinite(value)


def require_positive(name: str, value: float) -> None:
    """Raise `InputError` unless `value` is a positive finite number."""
    if not (_is_finite_number(value) and value > 0):
        raise InputError(f"{name} is {value!r}, but it must be a positive finite number.")


def require_nonnegative(name: str, value: float) -> None:
    """Raise `InputError` unless `value` is a finite number that is at least 0."""
    if not (_is_finite_number(value) and value >= 0):
        raise InputError(f"{name} is {value!r}, but it must be a finite number that is at least 0.")


def require_decay(name: str, value: float) -> None:
    """Raise `InputError` unless `value` is in [0, 1), as an averaging factor must be."""
    if not (_is_finite_number(value) and 0 <= value < 1):
        raise InputError(f"{name} is {value!r}, but an averaging factor must be in [0, 1).")


def require_count(name: str, value: int) -> None:
    """Raise `InputError` unless `value` is an integer that is at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InputError(f"{name} is {value!r}, but it must be an integer that is at least 1.")


def require_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise `InputError` unless `value` is one of `allowed`; it names the nearest of them, if one is near."""
    if value not in allowed:
        import difflib

        close = difflib.get_close_matches(str(value), allowed, n=1)
        nearest = f"; the nearest is {close[0]!r}" if close else ""
        raise InputError(f"{name} is {value!r}, but it must be one of {', '.join(map(repr, allowed))}{nearest}.")


def require_finite_array(name: str, values: np.ndarray) -> None:
    """Raise `InputError` if an entry of `values` is NaN or infinite."""
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds NaN or infinite entries, but every entry must be a finite number.")
