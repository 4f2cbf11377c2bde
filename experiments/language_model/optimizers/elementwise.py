"""`RuleOptimizer`: one of the package's update rules as an ordinary torch optimizer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

from ratecheck.experiments.language_model.optimizers import paths
from ratecheck.experiments.language_model.optimizers.entries import Entry, entry_of
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule
from ratecheck.experiments.language_model.optimizers.saved import keep_dtypes
from ratecheck.theory.errors import InputError, require_choice, require_nonnegative

Params = Iterable[Any]
Closure = Callable[[], Any]


class RuleOptimizer(Optimizer):
    """A torch optimizer that runs `rule` on each parameter.

    Parameters
    ----------
    params : iterable of tensors, of named tensors, or of groups (dicts)
    rule : Rule
    lr : float or 0-d tensor
        At least 0; schedulers change it in ``param_groups``.
    options : dict
        What the rule reads from a parameter group; every key may differ from group to group.
    maximize : bool
        Climb instead.
    foreach : bool, optional
        One launch per operation for all tensors; by default on CUDA only (on a CPU it is slower than the loop).
    compiled : bool
        One compiled kernel per tensor instead. The first step compiles for some seconds.
    scope : {"tensor", "model"}
        Whether norms and inner products of a rule that has them are those of each tensor, or of all tensors of a group
        together.
    seed : int
        Of the noise. Give every rank the same.

    Raises
    ------
    InputError
        For options out of range, sparse gradients, complex parameters and sharded parameters that a rule cannot take.

    Notes
    -----
    State: ``step`` and the arrays that the rule names, each in the shape and dtype of the parameter, created at the
    first step that finds a gradient. Parameters in half precision are updated in float32 and rounded once. A parameter
    without a gradient is left alone, decay included.
    """

    def __init__(
        self,
        params: Params,
        rule: Rule,
        lr: float | torch.Tensor,
        options: Group,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        compiled: bool = False,
        scope: str = "tensor",
        seed: int = 0,
    ) -> None:
        require_choice("scope", scope, ("tensor", "model"))
        if foreach and compiled:
            raise InputError("foreach and compiled are both set, but a step takes one path; choose one of them.")
        self.rule = rule
        self.grouping: Any = None
        shared = {"maximize": maximize, "foreach": foreach, "compiled": compiled, "scope": scope, "seed": seed}
        super().__init__(params, {"lr": lr, **options, **shared})

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group; raise `InputError` if an option of it is out of range."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        require_nonnegative("lr", float(group["lr"]))
        for parameter in group["params"]:
            if parameter.is_complex():
                raise InputError(
                    "a parameter is complex, but these rules are for real numbers; optimise torch.view_as_real of it."
                )

    @torch.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Take one step on the gradients that are there; return the closure's loss, if a closure is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        entries = self.entries()
        steps = [entry.state["step"] for _, members in entries for entry in members]
        if steps:
            torch._foreach_add_(steps, 1)
        if self.grouping is not None:
            self.grouping.regroup(self.rule, entries)
        for group, members in entries:
            if members:
                path = paths.choose(self.rule, group, members)
                if self.grouping is not None and path is not paths.compiled_step:
                    self.grouping.spread(members)
                path(self.rule, group, members)
        return loss

    def entries(self) -> list[tuple[Group, list[Entry]]]:
        """Return each group with its parameters that have a gradient, their states created where they are missing."""
        found = []
        position = 0
        for group in self.param_groups:
            members = []
            names = group.get("param_names", range(position, position + len(group["params"])))
            for name, parameter in zip(names, group["params"], strict=True):
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["step"] = torch.tensor(0)
                    for key in self.rule.states:
                        state[key] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
                members.append(entry_of(parameter, name, state, group, self.rule))
            position += len(group["params"])
            found.append((group, members))
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state; every array keeps the dtype it was saved in (torch would cast them to the parameter's)."""
        saved = {key: dict(value) for key, value in state_dict["state"].items()}
        super().load_state_dict(state_dict)
        keep_dtypes(self, state_dict, saved)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, copy.copy(value))
