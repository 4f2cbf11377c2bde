"""The optimizers by name, each with the options that its update rule has."""

from __future__ import annotations

from typing import Any

import torch

from ratecheck.experiments.language_model.optimizers import rules
from ratecheck.experiments.language_model.optimizers.elementwise import Params, RuleOptimizer
from ratecheck.theory.errors import InputError, require_count, require_decay, require_nonnegative, require_positive

LearningRate = float | torch.Tensor


def _require_betas(betas: tuple[float, float]) -> tuple[float, float]:
    if len(tuple(betas)) != 2:
        raise InputError(f"betas is {betas!r}, but it must be two averaging factors.")
    for name, beta in zip(("beta1", "beta2"), betas, strict=True):
        require_decay(name, beta)
    return (betas[0], betas[1])


class SGD(RuleOptimizer):
    """Stochastic gradient descent: ``x = (1 - lr * decay) x - lr g``. No state. See `subgradient_update`."""

    def __init__(self, params: Params, lr: LearningRate = 1e-3, *, weight_decay: float = 0.0, **shared: Any) -> None:
        require_nonnegative("weight_decay", weight_decay)
        super().__init__(params, rules.SGD, lr, {"weight_decay": weight_decay}, **shared)


class Momentum(RuleOptimizer):
    """SGD with momentum in PyTorch's sum convention, decay decoupled. One state. See `sum_update`."""

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        *,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        require_decay("momentum", momentum)
        require_nonnegative("weight_decay", weight_decay)
        options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
        super().__init__(params, rules.MOMENTUM, lr, options, **shared)


class SignSGD(RuleOptimizer):
    """Sign descent (Bernstein et al., 2018). No state. See `sign_update`."""

    def __init__(self, params: Params, lr: LearningRate = 1e-4, *, weight_decay: float = 0.0, **shared: Any) -> None:
        require_nonnegative("weight_decay", weight_decay)
        super().__init__(params, rules.SIGN_SGD, lr, {"weight_decay": weight_decay}, **shared)


class Signum(RuleOptimizer):
    """Sign descent along averaged gradients (Bernstein et al., 2018). One state. See `signum_update`."""

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-4,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        require_decay("momentum", momentum)
        require_nonnegative("weight_decay", weight_decay)
        super().__init__(params, rules.SIGNUM, lr, {"momentum": momentum, "weight_decay": weight_decay}, **shared)


class Lion(RuleOptimizer):
    """Lion (Chen et al., 2023). One state. See `lion_update`."""

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-4,
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        require_nonnegative("weight_decay", weight_decay)
        options = {"betas": _require_betas(betas), "weight_decay": weight_decay}
        super().__init__(params, rules.LION, lr, options, **shared)


class StoSignSGD(RuleOptimizer):
    """StoSignSGD, algorithm 3 of Yu et al. (2026): random signs whose mean is momentum over envelope.

    Two states, as AdamW has. The noise is a function of (seed, parameter, step, index): the same on every rank and
    shard, and nothing to save. `damping` below 1 lets the envelope forget. See `stosign_momentum_update`.
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-4,
        *,
        momentum: float = 0.9,
        damping: float = 1.0,
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        require_decay("momentum", momentum)
        require_nonnegative("weight_decay", weight_decay)
        if not 0 < damping <= 1:
            raise InputError(f"damping is {damping!r}, but it must be in (0, 1]; 1 is the plain running maximum.")
        options = {"momentum": momentum, "damping": damping, "weight_decay": weight_decay}
        super().__init__(params, rules.STO_SIGN, lr, options, **shared)


class AdamW(RuleOptimizer):
    """AdamW (Loshchilov and Hutter, 2019); with ``weight_decay=0``, Adam. Two states. See `adam_update`."""

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        **shared: Any,
    ) -> None:
        require_positive("eps", eps)
        require_nonnegative("weight_decay", weight_decay)
        options = {"betas": _require_betas(betas), "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, rules.ADAMW, lr, options, **shared)


class LAMB(RuleOptimizer):
    """LAMB (You et al., 2020): Adam's direction, scaled by the tensor's own norm. Two states. See `lamb_update`."""

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        trust: tuple[float, float] = (0.01, 10.0),
        weight_decay: float = 0.0,
        **shared: Any,
    ) -> None:
        require_positive("eps", eps)
        require_nonnegative("weight_decay", weight_decay)
        options = {"betas": _require_betas(betas), "eps": eps, "trust": tuple(trust), "weight_decay": weight_decay}
        super().__init__(params, rules.LAMB, lr, options, **shared)


class SCSAdamW(RuleOptimizer):
    """SCS-AdamW (arXiv 2507.01241): Adam's first moment is the minimum-norm point of old direction and gradient.

    ``metric="euclidean"`` is the authors' pairing of the weights; ``"preconditioned"`` takes the minimum norm in Adam's
    metric and begins anew every `reset_every` steps (derived in this package). `scope` says whether inner products
    are a tensor's or the whole group's. Two states. See `author_pairing_update` and `preconditioned_update`.
    """

    def __init__(
        self,
        params: Params,
        lr: LearningRate = 1e-3,
        *,
        metric: str = "preconditioned",
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        reset_every: int = 100,
        weight_cap: float = 1.0,
        clip: bool = True,
        **shared: Any,
    ) -> None:
        require_decay("beta2", beta2)
        require_positive("eps", eps)
        require_nonnegative("weight_decay", weight_decay)
        require_count("reset_every", reset_every)
        if not 0 < weight_cap <= 1:
            raise InputError(f"weight_cap is {weight_cap!r}, but a cap of the weight must be in (0, 1].")
        options = {"beta2": beta2, "eps": eps, "weight_decay": weight_decay}
        if metric == "preconditioned":
            options |= {"reset_every": reset_every, "weight_cap": weight_cap, "clip": clip}
            super().__init__(params, rules.SCS_PRECONDITIONED, lr, options, **shared)
        elif metric == "euclidean":
            super().__init__(params, rules.SCS, lr, options, **shared)
        else:
            raise InputError(f"metric is {metric!r}, but it must be 'euclidean' or 'preconditioned'.")
