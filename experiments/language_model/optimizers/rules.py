"""What a torch optimizer needs to know of an update rule: its states, its noise, and how its options are named.

The arithmetic is that of `ratecheck.theory.methods`: each `update` here calls the pure function that the verified
method calls, on arrays of any library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ratecheck.theory.arrays import Array, namespace
from ratecheck.theory.methods.adaptive import adam_update
from ratecheck.theory.methods.gradient import subgradient_update
from ratecheck.theory.methods.lamb import lamb_update
from ratecheck.theory.methods.momentum import sum_update
from ratecheck.theory.methods.scs_adamw import author_pairing_update, preconditioned_update
from ratecheck.theory.methods.sign import lion_update, sign_update, signum_update
from ratecheck.theory.methods.stosign import stosign_momentum_update

Group = dict[str, Any]  # options of a parameter group
Update = Callable[..., tuple[Array, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """An update rule ``update(x, g, *states, [n], group, t, step_size) -> (x, *states)``.

    Parameters
    ----------
    states : tuple of str
        Names of the state arrays, zero before the first step.
    update : callable
    noisy : bool
        Whether it takes uniform numbers n on [-1, 1), in the shape of x.
    along_axis : bool
        Whether it has norms or inner products over the last axis, so that tensors are flattened for it.
    signal : str
        State that gradient grouping clusters; empty for the gradient itself.
    first_differs : bool
        Whether it asks if a step is the first.
    """

    states: tuple[str, ...]
    update: Update
    noisy: bool = False
    along_axis: bool = False
    signal: str = ""
    first_differs: bool = False


def _decayed(x: Array, group: Group, step_size: Any) -> Array:
    return x * (1 - step_size * group["weight_decay"]) if group["weight_decay"] else x


def _sgd(x: Array, g: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    return (subgradient_update(_decayed(x, group, step_size), g, step_size=step_size),)


def _momentum(x: Array, g: Array, v: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    x = _decayed(x, group, step_size)
    return sum_update(x, g, v, step_size=step_size, momentum=group["momentum"], nesterov=group["nesterov"])


def _signsgd(x: Array, g: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    return (sign_update(x, g, step_size=step_size, weight_decay=group["weight_decay"]),)


def _signum(x: Array, g: Array, m: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    return signum_update(x, g, m, step_size=step_size, momentum=group["momentum"], weight_decay=group["weight_decay"])


def _lion(x: Array, g: Array, m: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    beta1, beta2 = group["betas"]
    return lion_update(x, g, m, step_size=step_size, beta1=beta1, beta2=beta2, weight_decay=group["weight_decay"])


def _stosign(
    x: Array, g: Array, m: Array, G: Array, n: Array, *, group: Group, t: Any, step_size: Any
) -> tuple[Array, ...]:
    return stosign_momentum_update(
        x,
        g,
        m,
        G,
        n,
        step_size=step_size,
        beta=group["momentum"],
        weight_decay=group["weight_decay"],
        damping=group["damping"],
    )


def _adamw(x: Array, g: Array, m: Array, v: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    beta1, beta2 = group["betas"]
    return adam_update(
        x,
        g,
        m,
        v,
        t=t,
        step_size=step_size,
        beta1=beta1,
        beta2=beta2,
        eps=group["eps"],
        weight_decay=group["weight_decay"],
    )


def _lamb(x: Array, g: Array, m: Array, v: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    beta1, beta2 = group["betas"]
    low, high = group["trust"]
    return lamb_update(
        x,
        g,
        m,
        v,
        t=t,
        step_size=step_size,
        beta1=beta1,
        beta2=beta2,
        eps=group["eps"],
        weight_decay=group["weight_decay"],
        ratio_low=low,
        ratio_high=high,
    )


def _scs(x: Array, g: Array, d: Array, v: Array, *, group: Group, t: Any, step_size: Any) -> tuple[Array, ...]:
    x, d, v, _, _ = author_pairing_update(
        x,
        g,
        d,
        v,
        t - 1,
        step_size=step_size,
        beta2=group["beta2"],
        epsilon=group["eps"],
        weight_decay=group["weight_decay"],
    )
    return x, d, v


def _scs_preconditioned(
    x: Array, g: Array, d: Array, v: Array, *, group: Group, t: Any, step_size: Any
) -> tuple[Array, ...]:
    xp = namespace(x)
    fresh = (t - 1) % group["reset_every"] == 0
    x, d, v, _, _ = preconditioned_update(
        x,
        g,
        d,
        v,
        t - 1,
        xp.asarray(fresh),
        step_size=step_size,
        beta2=group["beta2"],
        epsilon=group["eps"],
        weight_decay=group["weight_decay"],
        weight_cap=group["weight_cap"],
        clip=group["clip"],
    )
    return x, d, v


SGD = Rule((), _sgd)
MOMENTUM = Rule(("momentum_sum",), _momentum, signal="momentum_sum")
SIGN_SGD = Rule((), _signsgd)
SIGNUM = Rule(("momentum",), _signum, signal="momentum")
LION = Rule(("momentum",), _lion, signal="momentum")
STO_SIGN = Rule(("momentum", "envelope"), _stosign, noisy=True, signal="momentum")
ADAMW = Rule(("exp_avg", "exp_avg_sq"), _adamw, signal="exp_avg")
LAMB = Rule(("exp_avg", "exp_avg_sq"), _lamb, along_axis=True, signal="exp_avg")
SCS = Rule(("direction", "exp_avg_sq"), _scs, along_axis=True, signal="direction", first_differs=True)
SCS_PRECONDITIONED = Rule(("direction", "exp_avg_sq"), _scs_preconditioned, along_axis=True, signal="direction")
