r"""Oracle calls until a Goldstein point against the dimension: sign methods beside l2 methods, tuned alike.

A run has arrived in a norm a as soon as the last K points of an aligned window, K one of 1, 8, 64, 512, are within the
ball around their mean and their mean gradient has at most a quarter of the a-norm that the gradient had at the start.
In l1 the ball is that of radius `DELTA` in the l-infinity norm, in l2 that of radius ``DELTA * sqrt(d)`` in the l2
norm; the second is checked by the half-widths of the coordinates, which overestimates. INGD carries a law of its own:
its vector, with points within its radius of the anchor in l2.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.arrival import DELTA, Arrival
from ratecheck.experiments.engine import simulate
from ratecheck.experiments.grid import Grid, save_grid
from ratecheck.experiments.statistics import t_interval
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.testbeds.nonconvex import SquareWells, silent
from ratecheck.testbeds.one_bit import OneBit
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.ingd import INGD
from ratecheck.theory.methods.nonconvex import ClippedL2, StoSignN1
from ratecheck.theory.methods.normalized import NormalizedMomentum
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.stationarity.generalized import GRADIENT
from ratecheck.theory.stationarity.measure import Measure

NORMS = ("l1", "l2")


def profile(dim: int, dense: bool) -> OneBit:
    """Return wells with |G|_1 = 1: G flat, or half of it in one coordinate and half in all others together."""
    weights = np.full(dim, 0.25 / dim) if dense else np.append(0.125, np.full(dim - 1, 0.125 / (dim - 1)))
    at = np.linspace(-1.5, -0.4, dim)
    return OneBit(SquareWells(weights, at, silent(dim)))  # type: ignore[arg-type]


Make = Callable[[Facts, float], Any]
# Steps in units of one coordinate: an l2 step of length sqrt(d) times the scale moves every coordinate by the scale.
METHODS: dict[str, Make] = {
    "N1, signs": lambda facts, scale: StoSignN1(scale, facts["coordinate_bounds"], 0.9),
    "StoSignSGD": lambda facts, scale: StoSignT(scale, envelope=facts["coordinate_bounds"]),
    "l2, clipped": lambda facts, scale: ClippedL2(scale * _root(facts), facts["gradient_bound"], 0.9),
    "l2, normalised": lambda facts, scale: NormalizedMomentum(scale * _root(facts), 1.0),
}
INTERPOLATED = "INGD, exact gradients"
# Exponents of d in the best known upper bounds, |G|_1 = 1 (l2 results carried over to l1 by norm inequalities).
PREDICTED: dict[tuple[str, str], tuple[float, float]] = {  # (profile, norm): sign methods, l2 methods
    ("dense", "l1"): (0.0, 0.5),
    ("dense", "l2"): (1.5, 0.0),
    ("sparse", "l1"): (0.0, 1.5),
    ("sparse", "l2"): (0.0, -0.5),
}
DIMENSIONS = (10, 30, 100, 300, 1000, 3000, 10_000)
HALF_DECADES = range(-8, 1)  # scales are 10 ** (i / 2)
SEEDS = 4


def _root(facts: Facts) -> float:
    return float(np.sqrt(facts["coordinate_bounds"].size))


def most_calls(dim: int, dense: bool) -> int:
    """Return after how many calls a run ends; in high dimension early, so that the study stays short."""
    if dense:
        return 1024 if dim < 10_000 else 640
    return 2048 if 100 <= dim < 1000 else 1024 if dim <= 1000 else 512


def arrivals(problem: Any, method: Any, calls: int, seeds: int = SEEDS, *, carried: bool = False) -> FloatArray:
    """Return the calls until each run has arrived in l1 and in l2, shape (2, seeds); infinity for not at all."""
    start = problem.subgradient(problem.start[None, :])[0]
    output = Arrival(np.array([np.abs(start).sum(), np.sqrt(start @ start)]), carried)
    measure = CARRIED if carried else GRADIENT
    streams = Streams(0, "dimension", range(seeds), np.float32)
    # Too large a step overflows, and never arrives.
    with np.errstate(over="ignore", invalid="ignore"):
        simulate(problem, method, output, measure, steps=np.array([calls]), streams=streams, dtype=np.float32)
    return output.first


def _carried_vector(problem: Any, x: FloatArray, state: Any) -> FloatArray:
    # After a step of descent the vector is empty until the next question, and no law of length 0.
    return np.where((state.vector != 0).any(axis=1, keepdims=True), state.vector, np.inf)


CARRIED = Measure("vector of INGD", r"g_k", _carried_vector, of="state")


def tuned_arrivals(make: Make, dim: int, dense: bool, at: list[int], seeds: int = SEEDS) -> FloatArray:
    """Return the calls at the best scale for each norm, shape (2, seeds).

    Parameters
    ----------
    make : callable
    dim : int
    dense : bool
    at : list of two int
        Half decades at which the search for the best scale in l1 and in l2 begins; the best are left there. Scales
        are tried until the best has a worse one on each side.
    seeds : int
    """
    problem = profile(dim, dense)
    calls = most_calls(dim, dense)
    tried: dict[int, FloatArray] = {}

    def cost(i: int, norm: int) -> float:
        if i not in tried:
            tried[i] = arrivals(problem, make(problem.facts, 10.0 ** (i / 2)), calls, seeds)
        return float(np.median(tried[i][norm]))

    best = []
    for norm in range(2):
        here = at[norm]
        while True:
            near = [i for i in (here, here - 1, here + 1) if i in HALF_DECADES]
            least = min(near, key=lambda i: cost(i, norm))
            if least == here and np.isinf(cost(here, norm)) and here - 1 in HALF_DECADES:
                least = here - 1  # nothing arrives near here: shorter steps may
            if least == here:
                break
            here = least
        at[norm] = here
        best.append(tried[here][norm])
    return np.array(best)


def interpolated_arrivals(dim: int, dense: bool, seeds: int = SEEDS) -> FloatArray:
    """Return the calls of INGD, whose radius is the target's, on exact gradients, shape (2, seeds)."""
    problem = profile(dim, dense).inner
    radii = DELTA, DELTA * np.sqrt(dim)
    calls = most_calls(dim, dense)
    return np.array(
        [arrivals(problem, INGD(float(radius)), calls, seeds, carried=True)[i] for i, radius in enumerate(radii)]
    )


def slopes(dims: FloatArray, calls: FloatArray) -> FloatArray:
    """Return the exponent of d of each seed over the dimensions in which every seed arrived; NaN of fewer than three.

    Parameters
    ----------
    dims : (points,) array
    calls : (points, seeds) array
    """
    reached = np.isfinite(calls).all(axis=1)
    if reached.sum() < 3:
        return np.full(calls.shape[1], np.nan)
    x = np.log(dims[reached])
    centred = x - x.mean()
    return centred @ np.log(calls[reached]) / (centred @ centred)


def _predicted(key: tuple[str, str], label: str) -> float:
    signs, l2 = PREDICTED[key]
    return signs if label in ("N1, signs", "StoSignSGD") else l2


def dimension_study(folder: Path, seed: int, *, dims: tuple[int, ...] = DIMENSIONS, seeds: int = SEEDS) -> Path:
    """Run all methods in all dimensions on both profiles and store the calls and their exponents."""
    labels = (*METHODS, INTERPOLATED)
    grid = np.array(dims, dtype=np.float64)
    exponents = np.empty((len(labels), 4, seeds))
    for p, kind in enumerate(("dense", "sparse")):
        dense = kind == "dense"
        found = np.empty((len(labels), 2, len(dims), seeds))
        for m, make in enumerate(METHODS.values()):
            at = [-4, -4]
            for j, dim in enumerate(dims):
                found[m, :, j] = tuned_arrivals(make, dim, dense, at, seeds)
        for j, dim in enumerate(dims):
            found[-1, :, j] = interpolated_arrivals(dim, dense, seeds)
        for n, norm in enumerate(NORMS):
            for m in range(len(labels)):
                exponents[m, 2 * p + n] = slopes(grid, found[m, n])
            save_sweep(folder, _sweep(kind, norm, grid, found[:, n], labels))
    return save_grid(folder, _exponents(labels, exponents))


def _sweep(kind: str, norm: str, dims: FloatArray, calls: FloatArray, labels: tuple[str, ...]) -> Sweep:
    start = np.median(calls[:, 0], axis=1)[:, None]
    powers = np.array([_predicted((kind, norm), label) for label in labels])[:, None]
    ball = "within 0.1 in l-infinity" if norm == "l1" else "within 0.1 sqrt(d) in l2"
    where = "equal bounds on all slopes" if kind == "dense" else "half of |G| in one coordinate"
    return Sweep(
        name=f"dimension-{kind}-{norm}",
        title=f"Calls until a mean gradient is short in {norm}, {ball}",
        problem=f"square wells, {where}, |G|_1 = 1",
        caption="Each method at its best step size in each dimension. A line that ends was not there within the calls "
        "of the study. Dashed: the power of d in the best known upper bound, from the first point on.",
        command="ratecheck study dimension",
        parameter="dimension",
        measure="oracle calls",
        labels=labels,
        grid=dims,
        values=calls,
        reference=start * (dims / dims[0]) ** powers,
    )


def _intervals(labels: tuple[str, ...], exponents: FloatArray) -> str:
    texts = []
    for label, cells in zip(labels, exponents, strict=True):
        ends = [t_interval(cell) for cell in cells if np.isfinite(cell).all() and cell.size > 1]
        texts.append(f"{label} " + ", ".join(f"{low:.2f} to {high:.2f}" for low, high in ends))
    return "; ".join(texts)


def _exponents(labels: tuple[str, ...], exponents: FloatArray) -> Grid:
    bounds = np.full((2, 4, exponents.shape[2]), np.nan)
    bounds[:, :, 0] = np.array(list(PREDICTED.values())).T
    return Grid(
        name="dimension-exponents",
        title="Exponents of the dimension in the number of oracle calls",
        problem="square wells in dimensions 10 to 10000, |G|_1 = 1, gradients of one bit",
        caption="One least-squares slope for each seed, over the dimensions in which every seed arrived, at least "
        "three; beside it the exponents of the best known upper bounds, which a slope may stay below. 95 % t "
        f"intervals, in the order of the columns: {_intervals(labels, exponents)}.",
        command="ratecheck study dimension",
        measure="exponent of d",
        groups=("measured",) * len(labels) + ("upper bound",) * 2,
        rows=(*labels, "sign methods", "l2 methods"),
        columns=tuple(f"{kind}, {norm}" for kind, norm in PREDICTED),
        values=np.concatenate([exponents, bounds]),
        scale="linear",
        line=0.0,
    )
