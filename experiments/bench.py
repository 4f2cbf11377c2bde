"""How fast the engine is, as ratios measured side by side in one process, so that they do not depend on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.experiments.engine import log_spaced, simulate
from ratecheck.testbeds.convex import least_absolute_deviations
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.methods.stosign import StoSignP
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import InverseSqrt
from ratecheck.theory.stationarity import GAP

STEP, BETA = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Speed:
    """CPU nanoseconds for one step of one run: engine in float32 and float64, and the loop over single runs."""

    engine32: float
    engine64: float
    loop: float

    @property
    def ratio(self) -> float:
        """How many times faster the engine is in float32."""
        return self.loop / self.engine32


def stosign_on_least_absolute_deviations(
    horizon: int = 10_000, runs: int = 256, rounds: int = 3, loop_steps: int = 10_000
) -> Speed:
    """Return the speed of stochastic StoSignSGD on least absolute deviations, m = 200, n = 50.

    The engine and the loop take turns, and the fastest round of each counts.
    """
    problem = least_absolute_deviations(200, 50)
    method = StoSignP(InverseSqrt(STEP), BETA)

    def engine(dtype: type) -> None:
        streams = Streams(0, "bench", range(runs))
        simulate(problem, method, Last(), GAP, steps=log_spaced(horizon), streams=streams, dtype=dtype)

    fastest = {"engine32": np.inf, "engine64": np.inf, "loop": np.inf}
    for _ in range(rounds):
        for name, task, units in (
            ("engine32", lambda: engine(np.float32), runs * horizon),
            ("engine64", lambda: engine(np.float64), runs * horizon),
            ("loop", lambda: single_run(problem.A, problem.b, loop_steps), loop_steps),
        ):
            fastest[name] = min(fastest[name], _cpu_seconds(task) / units * 1e9)
    return Speed(**fastest)


def single_run(A: np.ndarray, b: np.ndarray, steps: int, seed: int = 0) -> np.ndarray:
    """Return the last point of one run, written as one would without an engine."""
    rng = np.random.default_rng(seed)
    m, n = A.shape
    x, momentum, envelope = np.zeros(n), np.zeros(n), np.zeros(n)
    for k in range(steps):
        i = rng.integers(m)
        g = np.sign(A[i] @ x - b[i]) * A[i]
        momentum = BETA * momentum + (1 - BETA) * g
        envelope = np.maximum(envelope, np.abs(momentum))
        x = x - STEP / np.sqrt(k + 1) * np.sign(momentum + envelope * rng.uniform(-1, 1, n))
    return x


def _cpu_seconds(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start
