"""Numbers in FP8, FP4, FP16 and BF16: encoded and decoded, with the share of entries that a format loses.

A format rounds to nearest, ties to even, and clamps first: torch's own casts differ by version beyond the largest
number. FP4 has no cast in torch, so that it goes through its table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.optim import Optimizer

from ratecheck.theory.errors import InputError, require_choice, require_count

EXACT = "float32"  # not rounded at all
CASTS = {
    "e4m3": torch.float8_e4m3fn,
    "e5m2": torch.float8_e5m2,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}
# Bits of the fraction, and exponent of the smallest normal number.
NARROW = {"e4m3": (3, -6), "e5m2": (2, -14), "fp4": (1, 0)}
FP4 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # E2M1: one bit of fraction
FORMATS = (*CASTS, "fp4")
SCALES = ("none", "tensor", "pow2", "block")


class Encoded(NamedTuple):
    """Codes in the shape of the tensor, and what they were multiplied by: a number, or one for each block."""

    codes: torch.Tensor
    factors: torch.Tensor


class Shares(NamedTuple):
    """Share of the entries that were not 0 and became 0, and of those beyond the largest number."""

    flushed: float
    saturated: float


def largest(form: str) -> float:
    """Return the largest number of a format."""
    require_choice("format", form, FORMATS)
    return FP4[-1] if form == "fp4" else torch.finfo(CASTS[form]).max


def _factors(x: torch.Tensor, form: str, scale: str, block: int) -> torch.Tensor:
    """Return the scale factors, of no axis or of shape (blocks, 1)."""
    if scale == "none" or x.numel() == 0:
        return torch.ones((), dtype=x.dtype, device=x.device)
    size = _blocks(x, block).abs().amax(dim=1, keepdim=True) if scale == "block" else x.abs().amax()
    top = largest(form)
    # Tensors of zeros stay so, and the quotient must not overflow.
    factor = top / torch.clamp(size, min=top * torch.finfo(torch.float32).tiny)
    return torch.exp2(torch.floor(torch.log2(factor))) if scale == "pow2" else factor


def _blocks(x: torch.Tensor, block: int) -> torch.Tensor:
    flat = x.reshape(-1)
    missing = -flat.numel() % block
    return (torch.nn.functional.pad(flat, (0, missing)) if missing else flat).view(-1, block)


def _multiplied(x: torch.Tensor, factors: torch.Tensor, block: int) -> torch.Tensor:
    if factors.ndim == 0:
        return x * factors
    return (_blocks(x, block) * factors).reshape(-1)[: x.numel()].view(x.shape)


def encode(x: torch.Tensor, form: str, scale: str = "tensor", block: int = 128) -> Encoded:
    """Return `x` in a format.

    Parameters
    ----------
    x : tensor
        Finite, in float32 or float64.
    form : {"e4m3", "e5m2", "fp16", "bf16", "fp4"}
    scale : {"none", "tensor", "pow2", "block"}
        Plain cast; largest entry brought to the largest number; the power of two below that; the same for each block.
    block : int
        Entries of a block, in the order of memory.

    Raises
    ------
    InputError
        For an unknown format or scale, or a block that is not a positive integer.
    """
    factors = _checked_factors(x, form, scale, block)
    y = _in_range(x, form, factors, block)
    return Encoded(_fp4_codes(y) if form == "fp4" else y.to(CASTS[form]), factors)


def decode(encoded: Encoded, form: str, dtype: torch.dtype = torch.float32, block: int = 128) -> torch.Tensor:
    """Return the numbers of `encode`."""
    codes, factors = encoded
    if form == "fp4":
        table = torch.tensor([*FP4, *(-value for value in FP4)], dtype=dtype, device=codes.device)
        values = table[codes.long()]
    else:
        values = codes.to(dtype)
    return _multiplied(values, 1 / factors.to(dtype), block)


def _fp4_codes(y: torch.Tensor) -> torch.Tensor:
    """Return codes 0 to 15, the sign in the fourth bit."""
    table = torch.tensor(FP4, dtype=y.dtype, device=y.device)
    return (torch.bucketize(_nearest(y, "fp4").abs(), table) + 8 * (y < 0)).to(torch.uint8)


def _nearest(y: torch.Tensor, form: str) -> torch.Tensor:
    """Return the nearest numbers of a format, ties to even: three times as fast as torch's casts there and back.

    Parameters
    ----------
    y : tensor
        In float32 or float64, not beyond the largest number.
    form : str
        A key of `NARROW`, or of `CASTS`.
    """
    if form not in NARROW:
        return y.to(CASTS[form]).to(y.dtype)
    fraction, lowest = NARROW[form]
    # The exponent's bits alone are the power of two at or below |y|, and 0 for 0.
    integer, mask = (torch.int32, 0x7F80_0000) if y.dtype == torch.float32 else (torch.int64, 0x7FF0 << 48)
    unit = (y.view(integer) & mask).view(y.dtype).mul_(2.0**-fraction).clamp_(min=2.0 ** (lowest - fraction))
    return (y / unit).round_().mul_(unit)


def quantised(x: torch.Tensor, form: str, scale: str = "tensor", block: int = 128) -> torch.Tensor:
    """Return `x` rounded to a format, in its own dtype: fake quantisation; in the format "float32", `x` itself."""
    if form == EXACT:
        return x
    if x.dtype not in (torch.float32, torch.float64):
        return quantised(x.float(), form, scale, block).to(x.dtype)
    factors = _checked_factors(x, form, scale, block)
    y = _nearest(_in_range(x, form, factors, block), form)
    return y.mul_(1 / factors) if factors.ndim == 0 else _multiplied(y, 1 / factors, block)


def _checked_factors(x: torch.Tensor, form: str, scale: str, block: int) -> torch.Tensor:
    require_choice("format", form, FORMATS)
    require_choice("scale", scale, SCALES)
    require_count("block", block)
    return _factors(x, form, scale, block)


def _in_range(x: torch.Tensor, form: str, factors: torch.Tensor, block: int) -> torch.Tensor:
    top = largest(form)
    return _multiplied(x, factors, block).clamp_(-top, top)


def flushed(x: torch.Tensor, stored: torch.Tensor) -> torch.Tensor:
    """Return which entries were not 0 and are stored as 0."""
    return (x != 0) & (stored == 0)


def shares(x: torch.Tensor, encoded: Encoded, form: str, block: int = 128) -> Shares:
    """Return the shares of entries of `x` that were flushed to 0 and that saturated."""
    if x.numel() == 0:
        return Shares(0.0, 0.0)
    values = decode(encoded, form, x.dtype, block)
    beyond = _multiplied(x, encoded.factors.to(x.dtype), block).abs() > largest(form) * (1 + 1e-6)
    return Shares(float(flushed(x, values).double().mean()), float(beyond.double().mean()))


@dataclass(slots=True)
class StoredStates:
    """Keeps an optimizer's states in a format between steps; `history` holds the shares of every step by state name.

    Parameters
    ----------
    forms : dict
        State name to format; a state that is not named stays as it is.
    scale : str
    block : int
    """

    forms: dict[str, str]
    scale: str = "tensor"
    block: int = 128
    history: dict[str, list[Shares]] | None = None

    def __post_init__(self) -> None:
        for form in self.forms.values():
            require_choice("format", form, FORMATS)
        require_choice("scale", self.scale, SCALES)
        require_count("block", self.block)
        self.history = {name: [] for name in self.forms}

    @torch.no_grad()
    def unpack(self, optimizer: Optimizer) -> None:
        """Decode every stored state, for a step."""
        for parameter, state in optimizer.state.items():
            for name, form in self.forms.items():
                factors = state.pop(f"{name}_factors", None)
                if factors is not None:
                    dtype = torch.float64 if parameter.dtype == torch.float64 else torch.float32
                    state[name] = decode(Encoded(state[name], factors), form, dtype, self.block)

    @torch.no_grad()
    def pack(self, optimizer: Optimizer) -> None:
        """Encode the states after a step, and note what was lost."""
        assert self.history is not None
        for name, form in self.forms.items():
            entries, lost = 0, [0.0, 0.0]
            for state in optimizer.state.values():
                if name not in state:
                    continue
                value = state[name]
                encoded = encode(value, form, self.scale, self.block)
                for index, share in enumerate(shares(value, encoded, form, self.block)):
                    lost[index] += share * value.numel()
                entries += value.numel()
                state[name], state[f"{name}_factors"] = encoded
            if entries:
                self.history[name].append(Shares(lost[0] / entries, lost[1] / entries))


def store_states(
    optimizer: Optimizer, forms: dict[str, str] | str, scale: str = "tensor", block: int = 128
) -> StoredStates:
    """Make `optimizer` keep its states in low precision between steps; works with torch's own optimizers too.

    Parameters
    ----------
    optimizer : Optimizer
    forms : dict or str
        State name to format, or one format for the states of a `RuleOptimizer`.
    scale, block
        As in `encode`.

    Returns
    -------
    StoredStates
        Its `history` is the log of lost shares.
    """
    if isinstance(forms, str):
        rule: Any = getattr(optimizer, "rule", None)
        if rule is None:
            raise InputError("one format was given for all states, but this optimizer does not name them; give a dict.")
        forms = dict.fromkeys(rule.states, forms)
    stored = StoredStates(forms, scale, block)
    optimizer.register_step_pre_hook(lambda own, args, kwargs: stored.unpack(own))
    optimizer.register_step_post_hook(lambda own, args, kwargs: stored.pack(own))
    return stored


def smallest(form: str) -> float:
    """Return the smallest positive number of a format, subnormal numbers included."""
    require_choice("format", form, FORMATS)
    if form == "fp4":
        return FP4[1]
    info = torch.finfo(CASTS[form])
    return math.ldexp(1.0, round(math.log2(info.smallest_normal * info.eps)))
