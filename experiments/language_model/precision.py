"""Where a run is less precise than float32: the products, the gradient, the optimizer's state, the weights.

Emulated by rounding, on any device. A product of rounded operands is taken in float32, which holds products of
FP8 numbers exactly.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ratecheck.experiments.language_model.low_precision import FORMATS, SCALES, quantised
from ratecheck.theory.errors import InputError, require_choice, require_positive

EXACT = "float32"


def rounded(x: Tensor, form: str, scale: str = "none") -> Tensor:
    """Return `x` in the nearest numbers of a format of `ratecheck.experiments.language_model.low_precision`."""
    return x if form == EXACT else quantised(x, form, scale)


@dataclass(frozen=True, slots=True)
class Switches:
    """Which part of a run is in low precision.

    Parameters
    ----------
    gemm : bool
        Operands of the linear layers of the blocks in E4M3, their incoming gradients in E5M2, one scale per tensor.
    gradient : str
        Format of the gradient that the optimizer sees, cast plainly after clipping and `gradient_factor`.
    gradient_factor : float
        The gradient is multiplied by it, as by a static loss scale. Signs and Adam's ratio do not see it.
    state, state_scale : str
        Format and scale of every state of the optimizer.
    state_of : dict
        Formats of single states by name, in place of `state`.
    master : str
        Format of the weights.
    """

    gemm: bool = False
    gradient: str = EXACT
    gradient_factor: float = 1.0
    state: str = EXACT
    state_scale: str = "tensor"
    state_of: dict[str, str] = field(default_factory=dict)
    master: str = EXACT

    def __post_init__(self) -> None:
        for name, value in {
            "gradient": self.gradient,
            "state": self.state,
            "master": self.master,
            **self.state_of,
        }.items():
            require_choice(name, value, (EXACT, *FORMATS))
        require_choice("state_scale", self.state_scale, SCALES)
        require_positive("gradient_factor", self.gradient_factor)

    @classmethod
    def from_dict(cls, low: dict[str, Any]) -> Switches:
        """Return the switches of a recipe; raise `InputError` for one that does not exist."""
        try:
            return cls(**low)
        except TypeError:
            allowed = ", ".join(cls.__dataclass_fields__)
            raise InputError(f"low precision has the switches {sorted(low)}, but allowed are {allowed}.") from None


class _RoundedProduct(torch.autograd.Function):
    """``x @ w.T`` with both operands in E4M3 and, backwards, the incoming gradient in E5M2."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        x8, w8 = rounded(x, "e4m3", "tensor"), rounded(weight, "e4m3", "tensor")
        ctx.save_for_backward(x8, w8)
        return functional.linear(x8, w8)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        x8, w8 = ctx.saved_tensors
        g8 = rounded(gradient, "e5m2", "tensor")
        return g8 @ w8, g8.flatten(0, -2).T @ x8.flatten(0, -2)


class RoundedLinear(nn.Linear):
    """A linear layer without bias whose products have rounded operands."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return _RoundedProduct.apply(x, self.weight)


class Precision:
    """The switches of a run, applied at their places in a step."""

    def __init__(self, low: dict[str, Any], bf16: bool) -> None:
        self.switches = Switches.from_dict(low)
        self.bf16 = bf16

    def prepare(self, model: nn.Module) -> nn.Module:
        """Return the model with the products of its blocks replaced."""
        if self.switches.gemm:
            for module in model.get_submodule("blocks").modules():
                if type(module) is nn.Linear:
                    module.__class__ = RoundedLinear
        return model

    def products(self, device: torch.device) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which the model is evaluated."""
        return torch.autocast(device.type, torch.bfloat16) if self.bf16 else contextlib.nullcontext()

    @torch.no_grad()
    def gradients(self, model: nn.Module, flushed: dict[str, list[float]]) -> None:
        """Scale and round the clipped gradients."""
        switches = self.switches
        if switches.gradient == EXACT and switches.gradient_factor == 1.0:
            return
        count = _Count()
        for parameter in model.parameters():
            if parameter.grad is not None:
                exact = parameter.grad * switches.gradient_factor
                parameter.grad.copy_(rounded(exact, switches.gradient))
                count.add("gradient", exact, parameter.grad)
        count.append_to(flushed)

    @torch.no_grad()
    def states(self, optimizer: Any, flushed: dict[str, list[float]]) -> None:
        """Round the optimizer's states and the weights, and note the share of entries that became zero."""
        switches, count = self.switches, _Count()
        for parameter, state in optimizer.state.items():
            for name, value in state.items():
                form = switches.state_of.get(name, switches.state)
                if isinstance(value, Tensor) and value.dim() and form != EXACT:
                    exact = value.clone()
                    value.copy_(rounded(exact, form, switches.state_scale))
                    count.add(name, exact, value)
            if switches.master != EXACT:
                parameter.copy_(rounded(parameter, switches.master))
        count.append_to(flushed)


class _Count:
    """Entries, and entries that were not zero before rounding and are after, by name."""

    def __init__(self) -> None:
        self._flushed: dict[str, Tensor] = {}
        self._total: dict[str, int] = {}

    def add(self, name: str, exact: Tensor, stored: Tensor) -> None:
        lost = ((exact != 0) & (stored == 0)).sum()
        self._flushed[name] = self._flushed.get(name, torch.zeros_like(lost)) + lost
        self._total[name] = self._total.get(name, 0) + exact.numel()

    def append_to(self, flushed: dict[str, list[float]]) -> None:
        for name, lost in self._flushed.items():
            flushed.setdefault(name, []).append(float(lost) / self._total[name])
