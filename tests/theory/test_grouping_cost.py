"""What the SGG wrapper costs at ten million parameters, in CPU time."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from ratecheck.theory.methods.adam import AdamW
from ratecheck.theory.methods.grouping import sgg
from ratecheck.theory.methods.layers import layers_of

SIZE = 10**7
PERIOD = 500


class Fixed:
    """Answers the same gradient always, at no cost."""

    calls = 0

    def __init__(self) -> None:
        self.gradient = np.random.default_rng(0).standard_normal((1, SIZE), dtype=np.float32)

    def subgradient(self, x: np.ndarray) -> np.ndarray:
        return self.gradient


def seconds(method: Any, state: Any, x: np.ndarray, oracle: Any) -> tuple[float, Any]:
    start = time.process_time()
    _, state = method.step(x, state, oracle)
    return time.process_time() - start, state


@pytest.mark.slow
def test_wrapper_costs_at_most_a_tenth_of_an_adamw_step(capsys: pytest.CaptureFixture[str]) -> None:
    oracle, x = Fixed(), np.zeros((1, SIZE), dtype=np.float32)
    base = AdamW(1e-3, weight_decay=0.1)
    layers = layers_of((1000, 5000), (1000, 5000))
    wrapped = sgg(base, "paper", layers, clustering="histogram", period=PERIOD)
    plain_state = base.init(x)
    clustering, state = seconds(wrapped, wrapped.init(x)._replace(k=PERIOD - 1), x, oracle)
    plain, scaled = [], []
    for _ in range(9):
        spent, plain_state = seconds(base, plain_state, x, oracle)
        plain.append(spent)
        spent, state = seconds(wrapped, state, x, oracle)
        scaled.append(spent)
    # Timings only ever have delays added: the smallest is the cost.
    step, with_scales = min(plain), min(scaled)
    overhead = (with_scales - step + (clustering - with_scales) / PERIOD) / step
    with capsys.disabled():
        print(f"\nAdamW {step:.3f} s, with SGG {with_scales:.3f} s, clustering {clustering:.2f} s: {overhead:.1%}")
    assert overhead <= 0.1
