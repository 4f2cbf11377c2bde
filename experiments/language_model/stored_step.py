"""Rules whose step reads its states as they are stored: the moments are rounded first, and the point moves by them.

The other way, which torchao's AdamWFp8 takes, decodes the states, computes the new ones and the step in float32, and
rounds the states afterwards. For AdamW the two are worlds apart: see `fp8_study`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from torch import Tensor

from ratecheck.experiments.language_model.optimizers import rules
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.adaptive import scaled
from ratecheck.theory.methods.gradient import subgradient_update
from ratecheck.theory.methods.sign import sign_update
from ratecheck.theory.methods.stosign import sign_with_noise

Store = Callable[[str, Tensor], Tensor]


def _decayed(x: Tensor, group: Group, step_size: Any) -> Tensor:
    return x * (1 - step_size * group["weight_decay"]) if group["weight_decay"] else x


def _adamw(x: Tensor, g: Tensor, m: Tensor, v: Tensor, *, group: Group, t: Any, step_size: Any) -> Tensor:
    beta1, beta2 = group["betas"]
    direction = scaled(m / (1 - beta1**t), v / (1 - beta2**t), eps=group["eps"])
    return subgradient_update(_decayed(x, group, step_size), direction, step_size=step_size)


def _stosign(x: Tensor, g: Tensor, m: Tensor, G: Tensor, n: Tensor, *, group: Group, t: Any, step_size: Any) -> Tensor:
    signs = sign_with_noise(m, G, n)
    return subgradient_update(_decayed(x, group, step_size), signs, step_size=step_size)


def _signum(x: Tensor, g: Tensor, m: Tensor, *, group: Group, t: Any, step_size: Any) -> Tensor:
    return sign_update(x, m, step_size=step_size, weight_decay=group["weight_decay"])


def _momentum(x: Tensor, g: Tensor, v: Tensor, *, group: Group, t: Any, step_size: Any) -> Tensor:
    direction = g + group["momentum"] * v if group["nesterov"] else v
    return subgradient_update(_decayed(x, group, step_size), direction, step_size=step_size)


MOVES: dict[Rule, Callable[..., Tensor]] = {
    rules.ADAMW: _adamw,
    rules.STO_SIGN: _stosign,
    rules.SIGNUM: _signum,
    rules.MOMENTUM: _momentum,
}
# Their step reads no state, or the one that was stored at the step before.
ALREADY_STORED = (rules.SGD, rules.SIGN_SGD, rules.LION)


def stored_rule(rule: Rule, store: Store) -> Rule:
    """Return the rule with every new state passed through `store` before the point moves by it.

    Parameters
    ----------
    rule : Rule
        A key of `MOVES` or one of `ALREADY_STORED`.
    store : callable
        ``(name, state) -> state`` as it is stored.

    Raises
    ------
    InputError
        For another rule.
    """
    move = MOVES.get(rule)
    if move is None and rule not in ALREADY_STORED:
        raise InputError(
            "step_reads is 'stored', but this optimizer has no step that could read rounded states; give "
            "'computed', or adamw, stosignsgd, signum, lion, momentum, sgd or signsgd."
        )

    def update(x: Tensor, g: Tensor, *rest: Tensor, group: Group, t: Any, step_size: Any) -> tuple[Tensor, ...]:
        after, *computed = rule.update(x, g, *rest, group=group, t=t, step_size=step_size)
        stored = [store(name, state) for name, state in zip(rule.states, computed, strict=True)]
        if move is not None:
            after = move(x, g, *stored, *rest[len(stored) :], group=group, t=t, step_size=step_size)
        return (after, *stored)

    # One scale for a tensor needs the tensor whole, as norms do.
    return dataclasses.replace(rule, update=update, along_axis=True)
