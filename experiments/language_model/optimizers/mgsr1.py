"""The squared-Hessian method MGSR1 with limited memory, on the parameters of a torch model."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.optim import Optimizer

from ratecheck.experiments.language_model.optimizers.elementwise import Closure, Params
from ratecheck.experiments.language_model.optimizers.saddle import same_randomness
from ratecheck.experiments.language_model.optimizers.saved import keep_dtypes, require_closure
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.quasi_newton.limited import LowRank
from ratecheck.theory.methods.quasi_newton.limited_memory import LimitedMemorySP, Memory


class Work(NamedTuple):
    """Gradients and Hessian-vector products that were taken."""

    gradients: int
    products: int


class _ModelOracle:
    """Answers `LimitedMemorySP` about a loss of torch parameters, in float64 on the host, and counts.

    A gradient is taken with the graph that products need at the first point alone, where the method asks for products;
    `products_wanted` says whether it will.
    """

    def __init__(
        self, parameters: list[torch.Tensor], signs: np.ndarray, closure: Closure, products_wanted: bool
    ) -> None:
        self.signs = signs
        self.losses: list[Any] = []
        self.gradients = self.products = 0
        self._parameters, self._closure = parameters, closure
        self._wanted = products_wanted
        self._point: np.ndarray | None = None
        self._graph = False
        self._gradient: tuple[torch.Tensor, ...] = ()
        self._random: list[torch.Tensor] = []

    def _evaluate(self, x: np.ndarray, graph: bool) -> None:
        place(self._parameters, x)
        device = self._parameters[0].device
        with torch.enable_grad(), same_randomness(self._random, device), differentiable_twice(graph):
            loss = _differentiable(self._closure())
            try:
                self._gradient = torch.autograd.grad(
                    loss, self._parameters, create_graph=graph, allow_unused=True, materialize_grads=True
                )
            except RuntimeError as error:
                if "second time" not in str(error):
                    raise
                raise InputError("MGSR1's closure called backward, but it must return the loss alone.") from None
        self._point, self._graph = x.copy(), graph
        self.gradients += 1
        self.losses.append(loss.detach())

    def operator(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient with the sign of the climbing player's part turned, shape (1, n)."""
        if self._point is None or not np.array_equal(self._point, x):
            self._evaluate(x, graph=self._wanted and self._point is None)
        return self.signs * flat(self._gradient)[None]

    def hessian_product(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return Hessian times `v`, shape (1, n)."""
        if not (self._graph and self._point is not None and np.array_equal(self._point, x)):
            self._evaluate(x, graph=True)
        parts = np.split(v[0], np.cumsum([parameter.numel() for parameter in self._parameters])[:-1])
        vectors = [
            torch.as_tensor(part, dtype=p.dtype, device=p.device).view(p.shape)
            for part, p in zip(parts, self._parameters, strict=True)
        ]
        self.products += 1
        products = torch.autograd.grad(
            self._gradient, self._parameters, vectors, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return flat(products)[None]


def _differentiable(loss: Any) -> torch.Tensor:
    """Return the loss; raise `InputError` if no gradient can be taken of it."""
    if isinstance(loss, torch.Tensor) and loss.requires_grad:
        return loss
    raise InputError(
        f"MGSR1's closure returned {'a tensor without a graph' if isinstance(loss, torch.Tensor) else repr(loss)}, but "
        "it must return the loss itself, neither detached nor as a number."
    )


def differentiable_twice(wanted: bool) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which attention runs in its plain form: fused kernels have no second derivative."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    return sdpa_kernel(SDPBackend.MATH) if wanted else contextlib.nullcontext()


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
    Attention runs in its plain form where second derivatives are taken, since fused kernels have none. The linear
    algebra is in float64 on the host: it is made for small models, and holds about 3 * memory vectors there.

    Parameters
    ----------
    params : iterable of tensors or of groups
    lr : float
        First step size alpha, and its ceiling. A scheduler that changes it scales alpha alike.
    options : Any
        Fields of `LimitedMemorySP`: mode, directions, memory, refresh, scale, adaptive, corrected, clip, blocks.
    """

    def __init__(self, params: Params, lr: float = 0.7, *, maximize: bool = False, **options: Any) -> None:
        try:
            self.method = LimitedMemorySP(step_size=lr, **options)
        except TypeError as error:
            raise InputError(f"{error}; see LimitedMemorySP for the options there are.") from None
        super().__init__(params, {"lr": lr, "maximize": maximize})

    @property
    def work(self) -> Work:
        """Gradients and Hessian-vector products of all steps so far, those before a resumption included."""
        record = self.state.get(self._parameters()[0], {})
        return Work(*(int(record.get(name, 0)) for name in Work._fields))

    def _parameters(self) -> list[torch.Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def step(self, closure: Closure | None = None) -> Any:
        """Take one step; return the loss at its start."""
        require_closure(closure, "MGSR1", "several times")
        assert closure is not None
        parameters = self._parameters()
        signs = np.concatenate(
            [
                np.full(parameter.numel(), -1.0 if group["maximize"] else 1.0)
                for group in self.param_groups
                for parameter in group["params"]
            ]
        )
        lr = float(self.param_groups[0]["lr"])
        method = dataclasses.replace(self.method, step_size=lr)
        x = flat(parameters)[None]
        record, done = self.state[parameters[0]], self.work
        memory = _memory(record, method.init(x))
        if record:
            memory = memory._replace(step_size=memory.step_size * (lr / float(record["lr"])))
        wanted = method.mode == "newton" or memory.k % method.refresh == 0
        oracle = _ModelOracle(parameters, signs, closure, wanted)
        x, memory = method.step(x, memory, oracle)
        place(parameters, x)
        record.clear()
        record |= _record(memory) | {"lr": torch.tensor(lr, dtype=torch.float64)}
        for name, more in zip(Work._fields, (oracle.gradients, oracle.products), strict=True):
            record[name] = torch.tensor(getattr(done, name) + more)
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
