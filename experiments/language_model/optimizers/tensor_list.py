"""A list of tensors that computes like one array, with one launch for all of them (``torch._foreach_*``).

Update rules ask an array for its namespace; this one answers, so that ``foreach=True`` runs the very same rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ratecheck.theory import torch_namespace


class TensorList:
    """Tensors of one dtype and device, on which arithmetic acts tensor by tensor."""

    __slots__ = ("tensors",)

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self.tensors = list(tensors)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return Foreach

    def __add__(self, other: Any) -> TensorList:
        return TensorList(torch._foreach_add(self.tensors, _operand(other)))

    def __sub__(self, other: Any) -> TensorList:
        return TensorList(torch._foreach_sub(self.tensors, _operand(other)))

    def __mul__(self, other: Any) -> TensorList:
        return TensorList(torch._foreach_mul(self.tensors, _operand(other)))

    def __truediv__(self, other: Any) -> TensorList:
        return TensorList(torch._foreach_div(self.tensors, _operand(other)))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> TensorList:
        return -self + other

    def __neg__(self) -> TensorList:
        return TensorList(torch._foreach_neg(self.tensors))

    def __ge__(self, other: Any) -> TensorList:
        return _each(torch.ge, self, other)

    def __gt__(self, other: Any) -> TensorList:
        return _each(torch.gt, self, other)


def _operand(value: Any) -> Any:
    return value.tensors if isinstance(value, TensorList) else value


def _each(function: Callable[..., torch.Tensor], *values: Any) -> TensorList:
    count = next(len(value.tensors) for value in values if isinstance(value, TensorList))
    rows = [value.tensors if isinstance(value, TensorList) else [value] * count for value in values]
    return TensorList([function(*row) for row in zip(*rows, strict=True)])


class Foreach:
    """The functions of the array API that the update rules use."""

    @staticmethod
    def abs(x: TensorList) -> TensorList:
        """Return absolute values."""
        return TensorList(torch._foreach_abs(x.tensors))

    @staticmethod
    def sqrt(x: TensorList) -> TensorList:
        """Return square roots."""
        return TensorList(torch._foreach_sqrt(x.tensors))

    @staticmethod
    def sign(x: TensorList) -> TensorList:
        """Return signs, and NaN for NaN."""
        return _each(torch_namespace.sign, x)

    @staticmethod
    def maximum(x: TensorList, y: TensorList) -> TensorList:
        """Return the larger of both, entry by entry."""
        return TensorList(torch._foreach_maximum(x.tensors, y.tensors))

    @staticmethod
    def where(condition: TensorList, x: TensorList, y: TensorList) -> TensorList:
        """Return entries of `x` where the condition holds, else of `y`."""
        return _each(torch.where, condition, x, y)

    @staticmethod
    def ones_like(x: TensorList) -> TensorList:
        """Return ones."""
        return _each(torch.ones_like, x)
