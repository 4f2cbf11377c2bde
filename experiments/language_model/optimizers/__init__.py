"""The package's update rules as ordinary torch optimizers: ``import ratecheck as rc; rc.optimizers.StoSignSGD(...)``.

`OPTIMIZERS` names them all, and `make_optimizer` makes one by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
from ratecheck.experiments.language_model.optimizers.from_method import MethodOptimizer, converted  # noqa: E402
from ratecheck.experiments.language_model.optimizers.grouped import sgg, sgg_around  # noqa: E402
from ratecheck.experiments.language_model.optimizers.mgsr1 import MGSR1  # noqa: E402
from ratecheck.experiments.language_model.optimizers.saddle import ExtragradientAdam, OGDAAdam  # noqa: E402
from ratecheck.theory.methods.conversion import CONVERSIONS  # noqa: E402

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
    "scs-adamw-euclidean": partial(SCSAdamW, metric="euclidean"),
    "sgg-adamw": sgg_around(AdamW),
    "sgg-lamb": sgg_around(LAMB),
    "sgg-momentum": sgg_around(Momentum),
    "sgg-stosignsgd": sgg_around(StoSignSGD),
    "extragradient-adam": ExtragradientAdam,
    "ogda-adam": OGDAAdam,
    "mgsr1-n": partial(MGSR1, mode="newton"),
    "mgsr1-e": partial(MGSR1, mode="extragradient"),
    **{f"sign-{name}": partial(converted, conversion=name) for name in CONVERSIONS},
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
    "MGSR1",
    "OPTIMIZERS",
    "SGD",
    "AdamW",
    "ExtragradientAdam",
    "Lion",
    "MethodOptimizer",
    "Momentum",
    "OGDAAdam",
    "RuleOptimizer",
    "SCSAdamW",
    "SignSGD",
    "Signum",
    "StoSignSGD",
    "converted",
    "make_optimizer",
    "sgg",
]
