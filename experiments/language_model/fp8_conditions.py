"""The conditions and methods of the FP8 study."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ratecheck.experiments.language_model.compare import BETAS

STEPS = 250
CAP = 10.0  # ratio to float32 beyond which a run counts as lost: its loss is above that of the untrained model
STATES_E4M3 = {"state": "e4m3", "state_scale": "tensor"}
PRODUCTS = {"gemm": "fp8", "gradient": "e5m2", "master": "bf16", "gradient_factor": 512.0}
PLAIN = {"gradient": "e5m2", "state": "e4m3", "state_scale": "none", "master": "bf16"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A setting of the switches; `options` of AdamW go with it, and `only` names the method that it is about."""

    title: str
    low: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    only: str = ""


def _plain(power: int) -> Condition:
    return Condition(f"plain casts of gradient and states, gradient times 2^{power}", _factor(power))


def _factor(power: int) -> dict[str, Any]:
    return PLAIN | {"gradient_factor": 2.0**power}


CONDITIONS = {
    "float32": Condition("everything in float32", {}),
    "products": Condition("FP8 products, E5M2 gradient, BF16 weights; states in float32", PRODUCTS),
    "states": Condition("states in E4M3, one scale per tensor", STATES_E4M3),
    "all": Condition("FP8 products, E5M2 gradient, BF16 weights, states in E4M3 scaled", PRODUCTS | STATES_E4M3),
    "plain-0": _plain(0),
    "plain-9": _plain(9),
    "plain-15": _plain(15),
    "second-e5m2": Condition(
        "first state in E4M3, second in E5M2, one scale per tensor",
        STATES_E4M3 | {"state_of": {"exp_avg_sq": "e5m2"}},
        only="adamw",
    ),
    "second-fp16": Condition(
        "first state in E4M3, second in FP16, one scale per tensor",
        STATES_E4M3 | {"state_of": {"exp_avg_sq": "fp16"}},
        only="adamw",
    ),
    "states-eps": Condition("states in E4M3 scaled, eps 1e-6 in AdamW", STATES_E4M3, {"eps": 1e-6}, "adamw"),
    "states-blocks": Condition("states in E4M3, one scale per 128 entries", STATES_E4M3 | {"state_scale": "block"}),
}
DEFAULT = ("float32", "products", "states", "all", "plain-0", "plain-9", "second-e5m2", "states-eps")
METHODS: dict[str, tuple[float, dict[str, Any]]] = {
    "adamw": (5e-3, BETAS),
    "stosignsgd": (2e-3, {}),
    "signum": (1e-3, {}),
    "lion": (5e-4, {}),
}
SECOND_STATE = {"adamw": "exp_avg_sq", "stosignsgd": "envelope", "signum": "momentum", "lion": "momentum"}
