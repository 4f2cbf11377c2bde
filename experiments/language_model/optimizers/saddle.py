"""Two optimizers with Adam's scaling for min-max training: extragradient and optimism.

A parameter group with ``maximize=True`` holds the variables of the player who climbs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ratecheck.experiments.language_model.optimizers import rules
from ratecheck.experiments.language_model.optimizers.elementwise import Closure, Params, RuleOptimizer
from ratecheck.experiments.language_model.optimizers.paths import loop_step
from ratecheck.experiments.language_model.optimizers.saved import require_closure
from ratecheck.theory.arrays import Array
from ratecheck.theory.errors import require_decay, require_nonnegative, require_positive
from ratecheck.theory.methods.saddle.optimistic_adam import optimistic_adam_update


@contextmanager
def same_randomness(states: list[torch.Tensor], device: torch.device) -> Iterator[None]:
    """Run with the random state of the first time this was entered with `states`."""
    now = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])
    if not states:
        states += now
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
    yield


def _adam_options(betas: tuple[float, float], eps: float, weight_decay: float) -> dict[str, Any]:
    for name, beta in zip(("beta1", "beta2"), betas, strict=True):
        require_decay(name, beta)
    require_positive("eps", eps)
    require_nonnegative("weight_decay", weight_decay)
    return {"betas": betas, "eps": eps, "weight_decay": weight_decay}


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
        super().__init__(params, rules.ADAMW, lr, _adam_options(betas, eps, weight_decay), **shared)

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
            with torch.enable_grad(), same_randomness(states, first.device):
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


def _optimistic_adam(
    x: Array, g: Array, m: Array, v: Array, past: Array, *, group: rules.Group, t: Any, step_size: Any
) -> tuple[Array, ...]:
    beta1, beta2 = group["betas"]
    return optimistic_adam_update(
        x,
        g,
        m,
        v,
        past,
        t=t,
        step_size=step_size,
        beta1=beta1,
        beta2=beta2,
        eps=group["eps"],
        weight_decay=group["weight_decay"],
    )


OPTIMISTIC_ADAM = rules.Rule(("exp_avg", "exp_avg_sq", "direction"), _optimistic_adam, signal="exp_avg")


class OGDAAdam(RuleOptimizer):
    r"""Optimistic Adam (Daskalakis et al., 2018): one gradient a step, and the direction A of the step before.

    .. math:: x_{t+1} = x_t - 2 \eta A_t + \eta A_{t-1}

    Three states, one more than Adam. See `optimistic_adam_update`.
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
        super().__init__(params, OPTIMISTIC_ADAM, lr, _adam_options(betas, eps, weight_decay), **shared)
