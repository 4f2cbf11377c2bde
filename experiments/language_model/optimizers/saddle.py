"""Two optimizers for min-max training: extragradient with Adam's scaling, and the squared-Hessian method MGSR1.

A parameter group with ``maximize=True`` holds the variables of the player who climbs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from ratecheck.experiments.language_model.optimizers import rules
from ratecheck.experiments.language_model.optimizers.elementwise import Closure, Params, RuleOptimizer
from ratecheck.experiments.language_model.optimizers.paths import loop_step
from ratecheck.experiments.language_model.optimizers.saved import keep_dtypes, require_closure
from ratecheck.theory.errors import InputError, require_decay, require_nonnegative, require_positive
from ratecheck.theory.methods.quasi_newton.limited import LowRank
from ratecheck.theory.methods.quasi_newton.limited_memory import LimitedMemorySP, Memory


@contextmanager
def _same_randomness(states: list[torch.Tensor], device: torch.device) -> Iterator[None]:
    """Run with the random state of the first time this was entered with `states`."""
    now = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])
    if not states:
        states += now
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
    yield


class ExtragradientAdam(RuleOptimizer):
    r"""Extragradient with Adam's scaling (Gidel et al., 2019): two gradients and two updates of the moments a step.

    .. math:: w = x - \eta A(F(x)), \qquad x_+ = x - \eta A(F(w))

    A is Adam's direction; its moments see both gradients. `step` needs an ordinary closure (zero the gradients, compute
    the loss, call backward, return the loss), which is called twice with the same random state.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        for name, beta in zip(("beta1", "beta2"), betas, strict=True):
            require_decay(name, beta)
        require_positive("eps", eps)
        require_nonnegative("weight_decay", weight_decay)
        super().__init__(params, rules.ADAMW, lr, {"betas": betas, "eps": eps, "weight_decay": weight_decay}, **shared)

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Take one step of two gradients; return the first loss."""
        require_closure(closure, "extragradient-Adam", "twice")
        assert closure is not None
        first = self.param_groups[0]["params"][0]
        before = [parameter.detach().clone() for group in self.param_groups for parameter in group["params"]]
        states: list[torch.Tensor] = []
        losses = []
        for half in range(2):
            with torch.enable_grad(), _same_randomness(states, first.device):
                losses.append(closure())
            found = self.entries()
            if half:
                parameters = [parameter for group in self.param_groups for parameter in group["params"]]
                for parameter, value in zip(parameters, before, strict=True):
                    parameter.copy_(value)
            for group, members in found:
                for entry in members:
                    entry.state["step"] += 1
                loop_step(self.rule, group, members)
        return losses[0]


class _ModelOracle:
    """Answers `LimitedMemorySP` about a loss of torch parameters, in float64 on the host."""

    def __init__(self, parameters: list[torch.Tensor], signs: np.ndarray, closure: Closure) -> None:
        self.signs = signs
        self._parameters, self._closure = parameters, closure
        self._point: np.ndarray | None = None
        self._gradients: tuple[torch.Tensor, ...] = ()
        self._random: list[torch.Tensor] = []
        self.losses: list[Any] = []

    def _at(self, x: np.ndarray) -> tuple[torch.Tensor, ...]:
        if self._point is None or not np.array_equal(self._point, x):
            place(self._parameters, x)
            with torch.enable_grad(), _same_randomness(self._random, self._parameters[0].device):
                loss = self._closure()
                self._gradients = torch.autograd.grad(
                    loss, self._parameters, create_graph=True, allow_unused=True, materialize_grads=True
                )
            self._point = x.copy()
            self.losses.append(loss.detach())
        return self._gradients

    def operator(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient with the sign of the climbing player's part turned, shape (1, n)."""
        return self.signs * flat(self._at(x))[None]

    def hessian_product(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return Hessian times `v`, shape (1, n)."""
        gradients = self._at(x)
        parts = np.split(v[0], np.cumsum([parameter.numel() for parameter in self._parameters])[:-1])
        vectors = [
            torch.as_tensor(part, dtype=p.dtype, device=p.device).view(p.shape)
            for part, p in zip(parts, self._parameters, strict=True)
        ]
        products = torch.autograd.grad(
            gradients, self._parameters, vectors, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return flat(products)[None]


def flat(tensors: tuple[torch.Tensor, ...] | list[torch.Tensor]) -> np.ndarray:
    """Return the tensors as one host vector in float64."""
    return torch.cat([tensor.detach().reshape(-1).double() for tensor in tensors]).cpu().numpy()


@torch.no_grad()
def place(parameters: list[torch.Tensor], x: np.ndarray) -> None:
    """Write the row `x` into the parameters."""
    first = 0
    for parameter in parameters:
        part = torch.from_numpy(x[0, first : first + parameter.numel()].copy())
        parameter.copy_(part.view(parameter.shape))
        first += parameter.numel()


class MGSR1(Optimizer):
    """The limited-memory squared-Hessian method (`LimitedMemorySP`), in mode N ("newton") or E ("extragradient").

    `step` needs a closure that returns the loss **without** calling backward; the batch must stay the same within it.
    Attention runs in its plain form meanwhile, since fused kernels have no second derivative. The linear algebra is in
    float64 on the host: it is made for small models, and holds about 3 * memory vectors there.

    Parameters
    ----------
    params : iterable of tensors or of groups
    lr : float
        First step size alpha, and in mode E its ceiling.
    options : Any
        Fields of `LimitedMemorySP`: mode, directions, memory, refresh, scale, adaptive, corrected, clip.
    """

    def __init__(self, params: Params, lr: float = 0.7, *, maximize: bool = False, **options: Any) -> None:
        try:
            self.method = LimitedMemorySP(step_size=lr, **options)
        except TypeError as error:
            raise InputError(f"{error}; see LimitedMemorySP for the options there are.") from None
        super().__init__(params, {"lr": lr, "maximize": maximize})

    def step(self, closure: Closure | None = None) -> Any:
        """Take one step; return the loss at its start."""
        from torch.nn.attention import SDPBackend, sdpa_kernel

        require_closure(closure, "MGSR1", "several times")
        assert closure is not None
        members = [(p, -1.0 if group["maximize"] else 1.0) for group in self.param_groups for p in group["params"]]
        parameters = [parameter for parameter, _ in members]
        signs = np.concatenate([np.full(parameter.numel(), sign) for parameter, sign in members])
        x = flat(parameters)[None]
        oracle = _ModelOracle(parameters, signs, closure)
        record = self.state[parameters[0]]
        memory = _memory(record, self.method.init(x))
        with sdpa_kernel(SDPBackend.MATH):
            x, memory = self.method.step(x, memory, oracle)
        place(parameters, x)
        record.clear()
        record |= _record(memory)
        return oracle.losses[0]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state; every array keeps the dtype it was saved in."""
        saved = {index: dict(value) for index, value in state_dict["state"].items()}
        super().load_state_dict(state_dict)
        keep_dtypes(self, state_dict, saved)


def _record(memory: Memory) -> dict[str, torch.Tensor]:
    values = {"step": memory.k, **{name: getattr(memory, name) for name in ("steps", "step_size", "drift", "growth")}}
    if memory.estimate is not None:
        values |= {f"estimate_{name}": value for name, value in memory.estimate._asdict().items()}
    if memory.probe is not None:
        values["probe"] = memory.probe
    return {name: torch.as_tensor(np.array(value)) for name, value in values.items()}


def _memory(record: dict[str, torch.Tensor], empty: Memory) -> Memory:
    if not record:
        return empty
    arrays = {name: value.cpu().numpy() for name, value in record.items()}
    estimate = None
    if "estimate_scale" in arrays:
        estimate = LowRank(float(arrays["estimate_scale"]), arrays["estimate_vectors"], arrays["estimate_values"])
    step_size, drift, growth = (float(arrays[name]) for name in ("step_size", "drift", "growth"))
    return Memory(int(arrays["step"]), estimate, arrays["steps"], step_size, drift, growth, arrays.get("probe"))
