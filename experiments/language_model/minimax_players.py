"""Who plays the adversarial game."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ratecheck.experiments.language_model.compare import BETAS


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """An optimizer of both players' variables.

    Parameters
    ----------
    optimizer : str
    start : int
        Grid point at which the search for the step size starts, ``2**start``.
    options : dict
        Of the optimizer.
    adversary : bool
        False trains without one, as a control.
    warm_up : float
        Share of the budget that Adam plays first.
    """

    optimizer: str
    start: int
    options: dict[str, Any] = field(default_factory=dict)
    adversary: bool = True
    warm_up: float = 0.0


_ADAM = BETAS | {"weight_decay": 0.0}
_LIMITED = {"memory": 8, "refresh": 20}
CONTROL = "adamw-without-adversary"
WARM_UP = Player(optimizer="adamw", start=-6, options=_ADAM)  # at the step size that is best for it in the whole budget
PLAYERS = {
    CONTROL: Player(optimizer="adamw", start=-6, options=_ADAM, adversary=False),
    "gda": Player(optimizer="sgd", start=-1),
    "adam": Player(optimizer="adamw", start=-6, options=_ADAM),
    "lamb": Player(optimizer="lamb", start=-4, options=dict(BETAS)),
    "extragradient-adam": Player(optimizer="extragradient-adam", start=-6, options=dict(BETAS)),
    "ogda-adam": Player(optimizer="ogda-adam", start=-6, options=dict(BETAS)),
    "mgsr1-n": Player(optimizer="mgsr1-n", start=5, options=_LIMITED),
    "mgsr1-e": Player(optimizer="mgsr1-e", start=2, options=_LIMITED),
    "mgsr1-n-warm": Player(optimizer="mgsr1-n", start=0, options=_LIMITED, warm_up=0.5),
    "mgsr1-e-warm": Player(optimizer="mgsr1-e", start=2, options=_LIMITED, warm_up=0.5),
}
AT_EQUAL_TOKENS = ("extragradient-adam", "mgsr1-e", "mgsr1-n-warm")
"""Players whose step costs more than a gradient, so that equal tokens are another comparison than equal gradients."""
