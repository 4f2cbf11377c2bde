"""The package's update rules as ordinary torch optimizers: ``import ratecheck as rc; rc.optimizers.StoSignSGD(...)``.

`OPTIMIZERS` names them all, and `make_optimizer` makes one by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.experiments.language_model import require_torch
from ratecheck.theory.errors import InputError, require_choice

require_torch()

from ratecheck.experiments.language_model.optimizers.classes import (  # noqa: E402
    LAMB,
    SGD,
    AdamW,
    Lion,
    Momentum,
    SCSAdamW,
    SignSGD,
    Signum,
    StoSignSGD,
)
from ratecheck.experiments.language_model.optimizers.elementwise import Params, RuleOptimizer  # noqa: E402

OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "adamw": AdamW,
    "signsgd": SignSGD,
    "signum": Signum,
    "lion": Lion,
    "stosignsgd": StoSignSGD,
    "lamb": LAMB,
    "scs-adamw": SCSAdamW,
}


def make_optimizer(name: str, params: Params, lr: float, **options: Any) -> Any:
    """Return an optimizer by name.

    Parameters
    ----------
    name : str
        Key of `OPTIMIZERS`.
    params : iterable of tensors, of named tensors, or of groups
    lr : float
    **options
        Options of the optimizer.

    Raises
    ------
    InputError
        If there is no such optimizer, or it has no such option.
    """
    require_choice("optimizer", name, tuple(OPTIMIZERS))
    try:
        return OPTIMIZERS[name](params, lr, **options)
    except TypeError as error:
        raise InputError(f"{name} cannot be made: {error}; see its documentation for the options it has.") from None


__all__ = [
    "LAMB",
    "OPTIMIZERS",
    "SGD",
    "AdamW",
    "Lion",
    "Momentum",
    "RuleOptimizer",
    "SCSAdamW",
    "SignSGD",
    "Signum",
    "StoSignSGD",
    "make_optimizer",
]
