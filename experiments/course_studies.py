"""The pictures of a first course, each from runs of the package's own methods on instances where the law is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.experiments.sweep import Map, Sweep, save_map, save_sweep
from ratecheck.testbeds.quadratic import Quadratic
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.testbeds.worst_case_univariate import half_square, huber
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.methods.accelerated import TripleMomentum
from ratecheck.theory.methods.adaptive import adam_update
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.momentum import HeavyBall, optimal_heavy_ball
from ratecheck.theory.methods.nesterov import Nesterov, constant_momentum
from ratecheck.theory.outputs import Best, Last
from ratecheck.theory.stationarity import DISTANCE, GAP

COMMAND = "ratecheck study course"


def _measured(problem: Any, method: Any, steps: IntArray, measure: Any = DISTANCE, output: Any = None) -> FloatArray:
    streams = Streams(0, "course", range(1))
    return simulate(problem, method, output or Last(), measure, steps=steps, streams=streams).values[0]


def course_studies(folder: Path, seed: int) -> Path:
    """Store every picture of the course and return the folder; nothing in them is random, `seed` changes nothing."""
    for study in (phase_diagram, condition_number, transient_factor, staircase, textbook_factors, update_size):
        study(folder)
    return folder


def phase_diagram(folder: Path, *, points: int = 41, steps: int = 300, condition: float = 25.0) -> Path:
    """Store the contraction per step of the heavy ball over step size and momentum, with the edge of stability."""
    x, y = np.linspace(0.05, 3.95, points), np.linspace(0.0, 0.975, points)
    problem = Quadratic((1 / condition, 1.0), (1.0, 1.0))
    values = np.full((points, points), np.nan)
    for i, momentum in enumerate(y):
        for j, step_size in enumerate(x):
            with np.errstate(over="ignore", invalid="ignore"):
                ends = _measured(problem, HeavyBall(float(step_size), float(momentum)), np.array([steps // 2, steps]))
            if np.isfinite(ends).all() and ends.min() > 0:
                values[i, j] = min((ends[1] / ends[0]) ** (2 / steps), 1.2)
    edge = np.array([2 * (1 + y), y])
    return save_map(
        folder,
        Map(
            name="heavy-ball",
            title="Heavy ball: contraction of the distance per step",
            problem=f"quadratic with condition number {condition:g}, L = 1",
            caption="Measured on the second half of the run. Right of the line alpha L = 2(1 + beta) it diverges.",
            command=COMMAND,
            parameters=(r"$\alpha L$", r"$\beta$"),
            measure="factor per step",
            scales=("linear", "linear", "linear"),
            x=x,
            y=y,
            values=values,
            boundary=edge,
        ),
    )


def condition_number(folder: Path, *, steps: int = 400, points: int = 9) -> Path:
    """Store 1 - (contraction per step) against the condition number, with the rates of theory."""
    grid = np.geomspace(4, 1e3, points)
    methods: dict[str, tuple[Callable[[float], Any], Callable[[float], float]]] = {
        "gradient descent": (lambda k: Subgradient(2 / (1 + 1 / k)), lambda k: (k - 1) / (k + 1)),
        "Nesterov": (lambda k: Nesterov(1.0, constant_momentum(1.0, 1 / k)), lambda k: 1 - 1 / math.sqrt(k)),
        "triple momentum": (lambda k: TripleMomentum(1.0, 1 / k), lambda k: 1 - 1 / math.sqrt(k)),
        "heavy ball": (
            lambda k: optimal_heavy_ball(1.0, 1 / k),
            lambda k: (math.sqrt(k) - 1) / (math.sqrt(k) + 1),
        ),
    }
    values, reference = np.empty((len(methods), points, 1)), np.empty((len(methods), points))
    for i, (make, rate) in enumerate(methods.values()):
        for j, condition in enumerate(grid):
            # The tail that rounding has not reached: 1e-12 of the start at the rate of theory, at most `steps`.
            last = min(steps, int(math.log(1e-12) / math.log(rate(condition))))
            ends = _measured(Quadratic((1 / condition, 1.0), (1.0, 1.0)), make(condition), np.array([last // 2, last]))
            values[i, j, 0] = 1 - (ends[1] / ends[0]) ** (1 / (last - last // 2))
            reference[i, j] = 1 - rate(condition)
    return save_sweep(
        folder,
        Sweep(
            name="condition-number",
            title="Rate against condition number",
            problem="quadratic with eigenvalues L and mu",
            caption="1 minus the factor per step, measured and (dashed) of theory: 1/kappa for gradient descent, "
            "1/sqrt(kappa) for the accelerated methods.",
            command=COMMAND,
            parameter=r"$\kappa$",
            measure=r"$1-\rho$",
            labels=tuple(methods),
            grid=grid,
            values=values,
            reference=reference,
        ),
    )


def transient_factor(folder: Path, *, horizon: int = 120) -> Path:
    """Store the distance of the tuned heavy ball, with (1 + N(1+q)) q^N, which is not q^N."""
    conditions = (4.0, 25.0, 100.0)
    steps = np.arange(1, horizon + 1)
    values, reference = np.empty((3, horizon, 1)), np.empty((3, horizon))
    for i, condition in enumerate(conditions):
        q = (math.sqrt(condition) - 1) / (math.sqrt(condition) + 1)
        problem = half_square(1.0, strong_convexity=1 / condition)
        values[i, :, 0] = _measured(problem, optimal_heavy_ball(1.0, 1 / condition), steps)
        reference[i] = (1 + steps * (1 + q)) * q**steps
    return save_sweep(
        folder,
        Sweep(
            name="transient-factor",
            title="Heavy ball: the transient factor (1 + N(1+q)) q^N",
            problem="L x^2/2 from distance 1",
            caption="The distance first grows: q^N alone is no bound, the factor 1 + N(1+q) is exact (dashed).",
            command=COMMAND,
            parameter="$N$",
            measure=r"$\|x_N-x^\star\|$",
            labels=tuple(rf"$\kappa={condition:g}$" for condition in conditions),
            scales=("linear", "log"),
            grid=steps.astype(float),
            values=values,
            reference=reference,
            floor=1e-13,
        ),
    )


def staircase(folder: Path, *, horizons: tuple[int, ...] = (3, 10, 30, 100)) -> Path:
    """Store the best gap on resisting functions of several dimensions, with the lower bound MR/sqrt(N+1)."""
    steps = np.unique(np.geomspace(1, 300, 60).astype(int))
    values, reference = np.empty((len(horizons), steps.size, 1)), np.empty((len(horizons), steps.size))
    for i, horizon in enumerate(horizons):
        # Steps of a quarter of the best size show the stairs: every N + 1 steps all coordinates are one step lower.
        method = Subgradient(0.25 / math.sqrt(horizon + 1))
        values[i, :, 0] = _measured(MaxCoordinate(horizon), method, steps, GAP, Best())
        reference[i] = np.where(steps <= horizon, 1 / math.sqrt(horizon + 1), np.nan)
    return save_sweep(
        folder,
        Sweep(
            name="staircase",
            title="The lower-bound staircase of nonsmooth optimization",
            problem="max of coordinates in dimension N + 1, M = R = 1",
            caption="No method that stays in the span of its subgradients gets below MR/sqrt(N+1) in N steps (dashed); "
            "with a small step, the subgradient method then falls by one stair.",
            command=COMMAND,
            parameter="steps",
            measure=r"$\min_k f(x_k)-f^\star$",
            labels=tuple(f"$N={horizon}$" for horizon in horizons),
            grid=steps.astype(float),
            values=values,
            reference=reference,
            floor=1e-14,
        ),
    )


def textbook_factors(folder: Path) -> Path:
    """Store what bounds promise over the exact worst case, for gradient descent with step 1/L, L = R = 1."""
    steps = np.array([1, 2, 5, 10, 20, 50, 100, 200])
    # Huber's function with this threshold is the worst one for N steps: the gap is exactly 1 / (4N + 2).
    exact = np.array([_measured(huber(1 / (2 * n + 1)), Subgradient(1.0), np.array([n]), GAP)[0] for n in steps])
    bounds = {
        r"$2LR^2/(N+4)$": 2 / (steps + 4),
        r"$LR^2/(2N)$": 1 / (2 * steps),
        r"$LR^2/(4N+2)$": 1 / (4 * steps + 2),
    }
    return save_sweep(
        folder,
        Sweep(
            name="textbook-factors",
            title="Gradient descent: textbook bounds over the exact worst case",
            problem="Huber's function, the worst of all smooth convex functions",
            caption="Two bounds of textbooks are up to 8 and 3 times too large; the lowest one is exact.",
            command=COMMAND,
            parameter="$N$",
            measure="bound / worst case",
            labels=tuple(bounds),
            scales=("log", "linear"),
            grid=steps.astype(float),
            values=np.stack(list(bounds.values()))[:, :, None] / exact[None, :, None],
        ),
    )


def update_size(folder: Path, *, horizon: int = 400) -> Path:
    """Store the size of Adam's last update after t growing gradients, with its sharp bound."""
    pairs = ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95))
    grid = np.unique(np.geomspace(1, horizon, 30).astype(int))
    values, reference = np.empty((len(pairs), grid.size, 1)), np.empty((len(pairs), grid.size))
    for i, (beta1, beta2) in enumerate(pairs):
        for j, length in enumerate(grid):
            # Gradients proportional to (beta1/beta2)^(age) give equality in Cauchy-Schwarz at the last step.
            m = v = zero = np.zeros(1)
            for k in range(length):
                g = np.array([(beta1 / beta2) ** (length - 1.0 - k)])
                update, m, v = adam_update(zero, g, m, v, t=k + 1, step_size=1.0, beta1=beta1, beta2=beta2, eps=0.0)
            values[i, j, 0] = abs(update[0])
        reference[i] = (1 - beta1) / math.sqrt((1 - beta2) * (1 - beta1**2 / beta2))
    return save_sweep(
        folder,
        Sweep(
            name="adam-update",
            title="Adam's update can be far larger than its step size",
            problem="gradients that grow by beta2/beta1 at each step",
            caption="Size of the last of t updates in units of the step size; dashed the sharp bound, which the bias "
            "correction approaches as t grows.",
            command=COMMAND,
            parameter="$t$",
            measure="update / step size",
            labels=tuple(rf"$\beta_1={b1:g},\ \beta_2={b2:g}$" for b1, b2 in pairs),
            scales=("log", "linear"),
            grid=grid.astype(float),
            values=values,
            reference=reference,
        ),
    )
