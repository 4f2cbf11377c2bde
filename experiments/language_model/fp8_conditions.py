"""The conditions of the FP8 study, and what is claimed about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

STEPS = 250
FP4_BLOCK = 32  # entries with one scale, as in the formats of the Open Compute Project (2023)
STORED = {"step_reads": "stored"}
STATES = {"state": "e4m3", "state_scale": "tensor"} | STORED
PRODUCTS = {"gemm": "fp8", "gradient": "e5m2", "gradient_scale": "tensor", "master": "bf16"}
PLAIN = {"gradient": "e5m2", "state": "e4m3", "state_scale": "none", "master": "bf16"} | STORED
FP4_PRODUCTS = {"gemm": "fp4", "gradient": "fp4", "gradient_scale": "block", "block": FP4_BLOCK, "master": "bf16"}
FP4_STATES = {"state": "fp4", "state_scale": "block", "block": FP4_BLOCK} | STORED
LATE = {"step_reads": "computed"}
SECOND = "exp_avg_sq"  # AdamW's second moment


@dataclass(frozen=True, slots=True)
class Condition:
    """A setting of the switches.

    Parameters
    ----------
    title : str
    low : dict
        Switches of `ratecheck.experiments.language_model.precision.Switches`.
    options : dict
        Options of AdamW that go with it.
    only : str
        The method that it is about; empty for all.
    tuned : bool
        Whether the step size is searched in this very condition, and not in float32.
    """

    title: str
    low: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    only: str = ""
    tuned: bool = False


def _plain(power: int) -> Condition:
    words = f"plain casts: gradient times 2^{power} in E5M2, states in E4M3 read as stored, BF16 weights"
    return Condition(words, PLAIN | {"gradient_factor": 2.0**power})


def _second(form: str, words: str) -> Condition:
    return Condition(f"first moment in E4M3, second in {words}", STATES | {"state_of": {SECOND: form}}, only="adamw")


CONDITIONS = {
    "float32": Condition("everything in float32", {}),
    "products": Condition("FP8 products, E5M2 gradient, BF16 weights; states in float32", PRODUCTS),
    "states": Condition("states in E4M3, one scale per tensor, read as stored", STATES),
    "states-late": Condition("states in E4M3, one scale per tensor, rounded after the step", STATES | LATE),
    "states-tuned": Condition(
        "states in E4M3, one scale per tensor, read as stored, step size tuned there", STATES, only="adamw", tuned=True
    ),
    "all": Condition("FP8 products, E5M2 gradient, BF16 weights, E4M3 states read as stored", PRODUCTS | STATES),
    "all-late": Condition(
        "FP8 products, E5M2 gradient, BF16 weights, E4M3 states rounded after the step", PRODUCTS | STATES | LATE
    ),
    "plain-small": _plain(-5),
    "plain-0": _plain(0),
    "plain-6": _plain(6),
    "plain-9": _plain(9),
    "plain-9-late": Condition(
        "plain casts: gradient times 2^9 in E5M2, states in E4M3 rounded after the step, BF16 weights",
        PLAIN | {"gradient_factor": 2.0**9} | LATE,
    ),
    "plain-12": _plain(12),
    "second-e5m2": _second("e5m2", "E5M2, one scale per tensor"),
    "second-fp16": _second("fp16", "FP16, one scale per tensor"),
    "second-float32": _second("float32", "float32"),
    "second-root": Condition(
        "first moment and root of the second in E4M3, one scale per tensor",
        STATES | {"state_root": [SECOND]},
        only="adamw",
    ),
    "states-eps-6": Condition("states in E4M3 read as stored, eps 1e-6", STATES, {"eps": 1e-6}, "adamw"),
    "states-eps-4": Condition("states in E4M3 read as stored, eps 1e-4", STATES, {"eps": 1e-4}, "adamw"),
    "states-blocks": Condition(
        "states in E4M3, one scale per 128 entries, read as stored", STATES | {"state_scale": "block"}
    ),
    "states-e5m2": Condition("states in E5M2, one scale per tensor, read as stored", STATES | {"state": "e5m2"}),
    "states-bf16": Condition("states in BF16, read as stored", STATES | {"state": "bf16", "state_scale": "none"}),
    "states-fp16": Condition("states in FP16, one scale per tensor, read as stored", STATES | {"state": "fp16"}),
    "fp4-products": Condition(
        "FP4 products and gradient, one scale per 32 entries, BF16 weights; states in float32", FP4_PRODUCTS
    ),
    "fp4-states": Condition("states in FP4, one scale per 32 entries, read as stored", FP4_STATES),
    "fp4-states-late": Condition("states in FP4, one scale per 32 entries, rounded after the step", FP4_STATES | LATE),
    "fp4-all": Condition(
        "FP4 products, gradient and states read as stored, one scale per 32 entries, BF16 weights",
        FP4_PRODUCTS | FP4_STATES,
    ),
}
DEFAULT = ("float32", "products", "states", "states-late", "all", "plain-0", "plain-9", "second-e5m2", "states-eps-6")
METHODS = ("adamw", "stosignsgd", "signum", "lion", "signsgd", "momentum")  # keys of `compare.CONTESTANTS`
LINEAR = ("momentum",)  # their steps grow with the gradient's factor, which their step size therefore undoes
SECOND_STATE = {
    "adamw": SECOND,
    "stosignsgd": "envelope",
    "signum": "momentum",
    "lion": "momentum",
    "momentum": "momentum_sum",
}
TOKENS = ("float32", "products", "all")  # conditions in which tokens to equal loss are counted
BASELINES = ("adamw", "signsgd", "lion", "signum", "momentum")


def applies(condition: str, method: str) -> bool:
    """Return whether a condition is about a method and changes anything for it."""
    one = CONDITIONS[condition]
    stateless = method not in SECOND_STATE
    return one.only in ("", method) and not (stateless and one.low and "master" not in one.low)


def _cells(conditions: Iterable[str], methods: Iterable[str], seeds: int) -> dict[tuple[str, str], int]:
    return {(c, m): seeds for c in conditions for m in methods if applies(c, m)}


def standard(seeds: int, few: int = 2) -> dict[tuple[str, str], int]:
    """Return the seeds of each cell of the standard study: `seeds` where something is claimed, else `few`."""
    both = ("adamw", "stosignsgd")
    return {
        **_cells(CONDITIONS, both, min(seeds, few)),
        **_cells(("products", "states"), METHODS, min(seeds, few)),
        **_cells(("float32", "all"), METHODS, seeds),
        **_cells(("products", "states", "plain-small", "plain-9", "fp4-all"), both, seeds),
        **_cells(
            (
                "states-late",
                "states-tuned",
                "all-late",
                "plain-9-late",
                "fp4-products",
                "fp4-states-late",
                "second-e5m2",
                "second-float32",
                "second-root",
                "states-eps-6",
            ),
            ("adamw",),
            seeds,
        ),
    }
