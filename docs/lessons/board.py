"""What the lessons share: run a method, look at it, ask the ledger."""

from __future__ import annotations

import os
from typing import Any

import matplotlib

if "inline" not in matplotlib.get_backend():
    matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import ratecheck as rc
from ratecheck.experiments.engine import log_spaced
from ratecheck.figures.canvas import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, STYLE, VERMILLION
from ratecheck.testbeds.streams import Streams

__all__ = ["BLACK", "BLUE", "GREEN", "ORANGE", "PURPLE", "SKY", "VERMILLION"]

plt.style.use(STYLE)
plt.rcParams["axes.prop_cycle"] = matplotlib.cycler(
    color=[BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK]
)
if "inline" in matplotlib.get_backend():
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    # The clock must not enter the book: the date of an SVG is that of the build otherwise.
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    set_matplotlib_formats("svg")


def run(
    problem: Any,
    method: Any,
    horizon: int,
    *,
    measure: Any = rc.measures.GAP,
    output: Any = None,
    runs: int = 1,
    steps: Any = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Run a method; return the recorded numbers of steps (records,) and the measure (runs, records)."""
    trace = rc.simulate(
        problem,
        method,
        output or rc.outputs.Last(),
        measure,
        steps=log_spaced(horizon) if steps is None else np.asarray(steps),
        streams=Streams(seed, "lesson", range(runs)),
    )
    return trace.steps, trace.values


def path(problem: Any, method: Any, horizon: int, *, runs: int = 1, seed: int = 0) -> np.ndarray:
    """Return all points of a run, shape (horizon + 1, dim), or (horizon + 1, runs, dim) for several runs."""
    oracle = problem.oracle(Streams(seed, "lesson", range(runs)))
    x = np.broadcast_to(problem.start, (runs, problem.start.shape[-1])).astype(float)
    state, points = method.init(x), [x]
    for _ in range(horizon):
        x, state = method.step(x, state, oracle)
        points.append(x)
    return np.array(points)[:, 0] if runs == 1 else np.array(points)


def picture(
    columns: int = 1, *, height: float = 3.1, width: float = 0.0, **options: Any
) -> tuple[Any, Any]:
    """Return a figure with a row of axes."""
    return plt.subplots(
        1, columns, figsize=(width or (5.2 if columns == 1 else 3.9 * columns), height), **options
    )


def ask(*claims: str) -> None:
    """Run claims of the ledger, print their verdicts, and insist that each comes out as expected."""
    from ratecheck.experiments.ledger import claims as ledger
    from ratecheck.experiments.run import run_claim
    from ratecheck.experiments.verdict import judge

    for one in claims:
        claim = ledger()[one]
        judged = judge([claim], {claim.id: run_claim(claim, 0)})[0]
        ratio = "" if judged.tightness is None else f"  observed/bound {judged.tightness:.4g}"
        print(f"{judged.verdict:8} {claim.id}{ratio}\n         {claim.title}")
        assert judged.as_expected, f"{claim.id} came out {judged.verdict}: {judged.reason}"
