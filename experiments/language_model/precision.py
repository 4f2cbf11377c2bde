"""Where a run is less precise than float32: the products, the gradient, the optimizer's state, the weights.

Emulated by rounding, on any device. A product of rounded operands is taken in float32, which holds products of
FP8 numbers exactly.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ratecheck.experiments.language_model.low_precision import EXACT, FORMATS, SCALES, flushed, quantised
from ratecheck.experiments.language_model.stored_step import stored_rule
from ratecheck.theory.errors import InputError, require_choice, require_count, require_positive

STEP_READS = ("computed", "stored")


class Operands(NamedTuple):
    """Formats of both operands of a product and of the gradient that comes in, and their scale."""

    operand: str
    gradient: str
    scale: str


PRODUCTS = {"fp8": Operands("e4m3", "e5m2", "tensor"), "fp4": Operands("fp4", "fp4", "block")}


@dataclass(frozen=True, slots=True)
class Switches:
    """Which part of a run is in low precision.

    Parameters
    ----------
    gemm : {"float32", "fp8", "fp4"}
        Products of the linear layers of the blocks: operands in E4M3 and incoming gradients in E5M2, one scale per
        tensor; or all in E2M1, one scale per block.
    gradient, gradient_scale : str
        Format and scale of the gradient that the optimizer sees, cast after clipping and `gradient_factor`.
    gradient_factor : float
        The gradient is multiplied by it, as by a static loss scale. Signs and Adam's ratio do not see it.
    state, state_scale : str
        Format and scale of every state of the optimizer.
    state_of : dict
        Formats of single states by name, in place of `state`.
    state_root : sequence of str
        Names of states, at least 0, of which the square root is rounded.
    step_reads : {"computed", "stored"}
        Whether the step reads the new states as computed, and they are rounded after it; or as they are stored.
    master : str
        Format of the weights.
    block : int
        Entries that share a scale, where it is one per block.
    """

    gemm: str = EXACT
    gradient: str = EXACT
    gradient_scale: str = "none"
    gradient_factor: float = 1.0
    state: str = EXACT
    state_scale: str = "tensor"
    state_of: dict[str, str] = field(default_factory=dict)
    state_root: tuple[str, ...] = ()
    step_reads: str = "computed"
    master: str = EXACT
    block: int = 128

    def __post_init__(self) -> None:
        require_choice("gemm", self.gemm, (EXACT, *PRODUCTS))
        require_choice("step_reads", self.step_reads, STEP_READS)
        for name in ("gradient", "state", "master"):
            require_choice(name, getattr(self, name), (EXACT, *FORMATS))
        for name, form in self.state_of.items():
            require_choice(f"state_of {name}", form, (EXACT, *FORMATS))
        for name in ("gradient_scale", "state_scale"):
            require_choice(name, getattr(self, name), SCALES)
        require_positive("gradient_factor", self.gradient_factor)
        require_count("block", self.block)

    @classmethod
    def from_dict(cls, low: dict[str, Any]) -> Switches:
        """Return the switches of a recipe; raise `InputError` for one that does not exist."""
        try:
            return cls(**low)
        except TypeError:
            allowed = ", ".join(cls.__dataclass_fields__)
            raise InputError(f"low precision has the switches {sorted(low)}, but allowed are {allowed}.") from None

    @property
    def rounds_states(self) -> bool:
        """Whether any state is rounded."""
        return any(form != EXACT for form in (self.state, *self.state_of.values()))

    def stored(self, name: str, state: Tensor) -> Tensor:
        """Return a state as it is stored."""
        form = self.state_of.get(name, self.state)
        if name in self.state_root:
            return quantised(state.sqrt(), form, self.state_scale, self.block) ** 2
        return quantised(state, form, self.state_scale, self.block)


class _RoundedProduct(torch.autograd.Function):
    """``x @ w.T`` with rounded operands and, backwards, a rounded incoming gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, operands: Operands, block: int) -> Tensor:
        x8, w8 = (quantised(value, operands.operand, operands.scale, block) for value in (x, weight))
        ctx.save_for_backward(x8, w8)
        ctx.operands, ctx.block = operands, block
        return functional.linear(x8, w8)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x8, w8 = ctx.saved_tensors
        g8 = quantised(gradient, ctx.operands.gradient, ctx.operands.scale, ctx.block)
        return g8 @ w8, g8.flatten(0, -2).T @ x8.flatten(0, -2), None, None


class RoundedLinear(nn.Linear):
    """A linear layer without bias whose products have rounded operands."""

    operands: Operands
    block: int

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return _RoundedProduct.apply(x, self.weight, self.operands, self.block)


class Precision:
    """The switches of a run, applied at their places in a step."""

    def __init__(self, low: dict[str, Any], bf16: bool) -> None:
        self.switches = Switches.from_dict(low)
        self.bf16 = bf16
        self._count = _Count()

    def prepare(self, model: nn.Module) -> nn.Module:
        """Return the model with the products of its blocks replaced."""
        if self.switches.gemm != EXACT:
            for module in model.get_submodule("blocks").modules():
                if type(module) is nn.Linear:
                    module.__class__ = RoundedLinear
                    layer = cast(RoundedLinear, module)
                    layer.operands, layer.block = PRODUCTS[self.switches.gemm], self.switches.block
        return model

    def attach(self, optimizer: Any) -> None:
        """Let the optimizer's step read stored states, if it is to."""
        switches = self.switches
        if switches.step_reads != "stored" or not switches.rounds_states:
            return
        if not hasattr(optimizer, "rule") or any(group["compiled"] for group in optimizer.param_groups):
            raise InputError(
                "step_reads is 'stored', but this optimizer is compiled or has no single rule; give 'computed', or an "
                "uncompiled optimizer such as adamw."
            )
        optimizer.rule = stored_rule(optimizer.rule, self._store)

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
                stored = quantised(exact, switches.gradient, switches.gradient_scale, switches.block)
                parameter.grad.copy_(stored)
                count.add("gradient", exact, stored)
        count.append_to(flushed)

    @torch.no_grad()
    def states(self, optimizer: Any, flushed: dict[str, list[float]]) -> None:
        """Round the optimizer's states after a step that read them as computed, and the weights; note what was lost."""
        switches = self.switches
        for parameter, state in optimizer.state.items():
            if switches.step_reads == "computed" and switches.rounds_states:
                for name, value in state.items():
                    if isinstance(value, Tensor) and value.dim():
                        value.copy_(self._store(name, value))
            if switches.master != EXACT:
                parameter.copy_(quantised(parameter, switches.master, "none"))
        self._count.append_to(flushed)

    def _store(self, name: str, state: Tensor) -> Tensor:
        stored = self.switches.stored(name, state)
        if stored is not state:
            self._count.add(name, state, stored)
        return stored


class _Count:
    """Entries, and entries that were not zero before rounding and are after, by name, since the last note."""

    def __init__(self) -> None:
        self._flushed: dict[str, Tensor] = {}
        self._total: dict[str, int] = {}

    def add(self, name: str, exact: Tensor, stored: Tensor) -> None:
        lost = flushed(exact, stored).sum()
        self._flushed[name] = self._flushed.get(name, torch.zeros_like(lost)) + lost
        self._total[name] = self._total.get(name, 0) + exact.numel()

    def append_to(self, history: dict[str, list[float]]) -> None:
        for name, lost in self._flushed.items():
            history.setdefault(name, []).append(float(lost) / self._total[name])
        self._flushed, self._total = {}, {}
