"""Any method of the package as a torch optimizer: its own `step`, with an oracle that answers with the gradients."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

from ratecheck.experiments.language_model.noise import BITS, key, signed_bits
from ratecheck.experiments.language_model.optimizers.elementwise import Closure, Params
from ratecheck.experiments.language_model.optimizers.entries import Entry, entry_of, widened
from ratecheck.experiments.language_model.optimizers.rules import Rule
from ratecheck.experiments.language_model.optimizers.saved import flattened, keep_dtypes, restored
from ratecheck.theory.errors import InputError, require_choice, require_nonnegative
from ratecheck.theory.method import Method
from ratecheck.theory.methods.conversion import CONVERSIONS, Noise, convert
from ratecheck.theory.methods.layers import Layers, layers_of

_NO_STATE = Rule((), lambda *_: (), along_axis=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """A step size that is what the parameter group says, 0 included."""

    value: float

    def __call__(self, k: int) -> float:
        """Return the step size."""
        return self.value


class GradientOracle:
    """Answers a method's questions: the gradient that autograd left, and keyed noise."""

    def __init__(self, gradient: torch.Tensor, seed: int, name: str | int, t: int) -> None:
        self.calls = 0
        self._gradient = gradient
        self._key = (seed, name, t)
        self._draws = 0

    def subgradient(self, x: torch.Tensor) -> torch.Tensor:
        """Return the gradient, shape (1, n)."""
        self.calls += 1
        return self._gradient

    def value(self, x: torch.Tensor) -> torch.Tensor:
        """Raise `InputError`: a training loop has gradients of a batch only."""
        raise InputError("this method asks for values of the objective, but a torch optimizer has gradients only.")

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """Return `x`: models have no constraints."""
        return x

    def uniform(self, width: int, low: int = 0) -> torch.Tensor:
        """Return numbers on [low, 1), shape (1, width)."""
        seed, name, t = self._key
        factor, start = key(seed, f"{name}/{self._draws}" if self._draws else name, t)
        self._draws += 1
        index = torch.arange(width, dtype=torch.int32, device=self._gradient.device)
        u = signed_bits(index, factor, start).to(self._gradient.dtype)[None] * 2.0**-BITS + 0.5
        return u if low == 0 else 2 * u - 1


class MethodOptimizer(Optimizer):
    """A torch optimizer that takes the steps of a method of `ratecheck.methods`, or of a user's own.

    Parameters
    ----------
    params : iterable of tensors, of named tensors, or of groups
    make : callable
        ``layers -> Method``; layers holds the shape of the tensor, or in the scope "model" of each tensor in turn.
        Where the method has a field ``step_size``, the group's ``lr`` takes its place.
    lr : float
    scope : {"tensor", "model"}
        Whether the method sees each tensor as a problem of its own or all tensors of a group as one vector.
    maximize : bool
    seed : int
        Of the noise. Give every rank the same.

    Notes
    -----
    The method must run on torch arrays. It is slower than the classes with names, which are made for speed. Sharded
    parameters are refused. In the scope "model" a missing gradient counts as 0.
    """

    def __init__(
        self,
        params: Params,
        make: Callable[[Layers], Method],
        lr: float,
        *,
        scope: str = "tensor",
        maximize: bool = False,
        seed: int = 0,
    ) -> None:
        require_choice("scope", scope, ("tensor", "model"))
        require_nonnegative("lr", float(lr))
        self._make = make
        self._methods: dict[Any, Method] = {}
        super().__init__(params, {"lr": lr, "scope": scope, "maximize": maximize, "seed": seed})

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Take one step on the gradients that are there; return the closure's loss, if a closure is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        position = 0
        for group in self.param_groups:
            names = group.get("param_names", range(position, position + len(group["params"])))
            position += len(group["params"])
            members = list(zip(names, group["params"], strict=True))
            if group["scope"] == "tensor":
                for name, parameter in members:
                    if parameter.grad is not None and parameter.numel():
                        self._advance(group, name, [(name, parameter)])
            elif any(parameter.grad is not None for _, parameter in members):
                self._advance(group, names[0], members)
        return loss

    def _advance(self, group: dict[str, Any], name: str | int, members: list[tuple[Any, torch.Tensor]]) -> None:
        entries = [self._entry(group, own, parameter) for own, parameter in members]
        dtype = widened(entries[0].x.dtype)
        x, g = (torch.cat([getattr(e, of).to(dtype).reshape(1, -1) for e in entries], dim=1) for of in ("x", "g"))
        method = self._methods.get(name)
        if method is None:
            method = self._methods[name] = self._make(layers_of(*(_matrix(entry.x.shape) for entry in entries)))
        record = self.state[members[0][1]]
        before = method.init(x)
        if record:
            before = restored(before, record)
        record["step"] = record.get("step", torch.tensor(0)) + 1
        oracle = GradientOracle(g, group["seed"], name, int(record["step"]))
        x, after = _with_step_size(method, float(group["lr"])).step(x, before, oracle)
        record |= flattened(after)
        for entry, part in zip(entries, x[0].split([entry.x.numel() for entry in entries]), strict=True):
            entry.x.copy_(part.view(entry.x.shape))

    def _entry(self, group: dict[str, Any], name: str | int, parameter: torch.Tensor) -> Entry:
        if parameter.is_complex():
            raise InputError(
                "a parameter is complex, but these rules are for real numbers; optimise torch.view_as_real of it."
            )
        if parameter.grad is None:
            return Entry(parameter.detach(), torch.zeros_like(parameter), [], {}, name, 0)
        return entry_of(parameter, name, {}, group, _NO_STATE)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state; every array keeps the dtype it was saved in."""
        saved = {index: dict(value) for index, value in state_dict["state"].items()}
        super().load_state_dict(state_dict)
        keep_dtypes(self, state_dict, saved)


def _matrix(shape: torch.Size) -> tuple[int, ...]:
    return tuple(shape) if len(shape) <= 2 and shape else (shape[0], shape[1:].numel()) if shape else (1,)


def _with_step_size(method: Method, lr: float) -> Method:
    if dataclasses.is_dataclass(method) and any(field.name == "step_size" for field in dataclasses.fields(method)):
        return dataclasses.replace(method, step_size=Given(lr))
    return method


def converted(
    params: Params,
    lr: float = 1e-4,
    *,
    conversion: str = "sgdm",
    noise: Noise = "uniform",
    noise_scale: float = 1.0,
    shared_noise: bool = False,
    **shared: Any,
) -> MethodOptimizer:
    """Return the unbiased sign counterpart of an optimizer, one of the named conversions of `CONVERSIONS`.

    Vectors have no rows and columns: ``"row-column-max"`` takes the layer's maximum for them. `noise`, `noise_scale`
    and `shared_noise` (one number for all entries) are those of `Converted`; only the defaults are unbiased and
    independent.
    """
    require_choice("conversion", conversion, tuple(CONVERSIONS))
    changes: dict[str, Any] = {"noise": noise, "noise_scale": noise_scale, "shared": shared_noise}

    def make(layers: Layers) -> Method:
        vectors = any(len(layer.shape) != 2 for layer in layers)
        name = "layer-max" if vectors and conversion == "row-column-max" else conversion
        return dataclasses.replace(convert(name, 1.0, layers), **changes)

    return MethodOptimizer(params, make, lr, **shared)
