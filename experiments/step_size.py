"""The final gap against the step size: how wide is the range of step sizes that work?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.testbeds.convex import least_absolute_deviations
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.method import Method
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.momentum import Momentum
from ratecheck.theory.methods.stosign import StoSignP
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import InverseSqrt
from ratecheck.theory.stationarity import GAP

METHODS: dict[str, Callable[[InverseSqrt], Method]] = {
    "SGD": lambda step_size: Subgradient(step_size),
    "momentum 0.9": lambda step_size: Momentum(step_size, 0.9),
    "Adam": lambda step_size: Adam(step_size),
    "StoSignSGD": lambda step_size: StoSignP(step_size),
}


def step_size_study(folder: Path, seed: int, *, horizon: int = 2000, runs: int = 32, points: int = 13) -> Path:
    """Run every method on stochastic least absolute deviations at every step size and store the final gaps.

    Parameters
    ----------
    folder : Path
        Where the sweep is stored.
    seed : int
        Root seed. All step sizes see the same samples, so that the curves are paired.
    horizon, runs, points : int
        Steps, runs for each step size, and step sizes between 1e-4 and 100.

    Returns
    -------
    Path
    """
    problem = least_absolute_deviations()
    grid = np.geomspace(1e-4, 1e2, points)
    values = np.empty((len(METHODS), points, runs))
    for i, make in enumerate(METHODS.values()):
        for j, scale in enumerate(grid):
            trace = simulate(
                problem,
                Projected(make(InverseSqrt(float(scale)))),
                Last(),
                GAP,
                steps=np.array([horizon]),
                streams=Streams(seed, "step-size", range(runs)),
            )
            values[i, j] = trace.values[:, 0]
    return save_sweep(
        folder,
        Sweep(
            name="step-size",
            title=f"Final gap against step size after {horizon} samples",
            problem=problem.name,
            caption=f"Step size c / sqrt(k+1), last point, median and 10 to 90 % of {runs} runs. The box bounds the "
            "gap: a step size that is too large shows as a plateau.",
            command="ratecheck study step-size",
            parameter="$c$",
            measure=r"$f(x_T)-f^\star$",
            labels=tuple(METHODS),
            grid=grid,
            values=values,
            floor=problem.facts.accuracy("f_star"),
        ),
    )
