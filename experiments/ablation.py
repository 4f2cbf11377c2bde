"""The ablation of sign conversion: what each ingredient is worth, on convex, nonconvex and small-network testbeds.

One ingredient is changed at a time from the practical form (averaged gradient, running maximum of the momentum,
uniform noise of scale 1). Every setting is tuned under the fair protocol, so that a setting that merely wants another
step size is not counted as worse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.fair_protocol import Make, Protocol, Tuned
from ratecheck.experiments.grid import Grid, save_grid
from ratecheck.testbeds.nonconvex import HuberSquares, SquareWells
from ratecheck.testbeds.sign_counterexamples import MeanAgainstMedian
from ratecheck.testbeds.small_networks import linear_network, zipf_softmax
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.method import Method
from ratecheck.theory.methods.conversion import Converted, sign_counterpart
from ratecheck.theory.methods.envelopes import GradientMax, LayerMax, Norm, Rounded, RowColumnMax, RunningMax
from ratecheck.theory.methods.gradient import Projected
from ratecheck.theory.methods.layers import Layers, layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum
from ratecheck.theory.schedules import InverseSqrt, Schedule

Change = Callable[[Layers], dict[str, Any]]


def _noise(**fields: Any) -> Change:
    return lambda layers: fields


def _envelope(make: Callable[[Layers], Any]) -> Change:
    return lambda layers: {"envelope": make(layers)}


def _momentum(beta: float) -> Change:
    return lambda layers: {"inner": AveragedMomentum(1.0, beta)}


BF16, E4M3 = {"bits": 7, "smallest": 2.0**-133}, {"bits": 3, "smallest": 2.0**-9}
SETTINGS: dict[tuple[str, str], Change] = {
    ("reference", "nothing changed"): _noise(),
    ("noise law", "none (Signum)"): _noise(noise_scale=0.0),
    ("noise law", "none, no momentum (SignSGD)"): lambda layers: {
        "inner": AveragedMomentum(1.0, 0.0),
        "noise_scale": 0.0,
    },
    ("noise law", "Gaussian"): _noise(noise="gaussian"),
    ("noise law", "Laplace"): _noise(noise="laplace"),
    ("noise law", "shared by all coordinates"): _noise(shared=True),
    ("noise scale", "0.25"): _noise(noise_scale=0.25),
    ("noise scale", "0.5"): _noise(noise_scale=0.5),
    ("noise scale", "2"): _noise(noise_scale=2.0),
    ("envelope", "maximum of gradients"): _envelope(lambda layers: GradientMax()),
    ("envelope", "layer maximum"): _envelope(LayerMax),
    ("envelope", "row and column maxima"): _envelope(RowColumnMax),
    ("envelope", "norm"): _envelope(lambda layers: Norm()),
    ("damping", "0.999"): _envelope(lambda layers: RunningMax(0.999)),
    ("damping", "0.9"): _envelope(lambda layers: RunningMax(0.9)),
    ("momentum", "0"): _momentum(0.0),
    ("momentum", "0.5"): _momentum(0.5),
    ("momentum", "0.99"): _momentum(0.99),
    ("decay", "0.01"): _noise(weight_decay=0.01),
    ("decay", "0.1"): _noise(weight_decay=0.1),
    ("precision", "BF16 nearest"): _envelope(lambda layers: Rounded(RunningMax(), **BF16, up=False)),  # type: ignore[arg-type]
    ("precision", "BF16 up"): _envelope(lambda layers: Rounded(RunningMax(), **BF16)),  # type: ignore[arg-type]
    ("precision", "E4M3 up"): _envelope(lambda layers: Rounded(RunningMax(), **E4M3)),  # type: ignore[arg-type]
    ("precision", "E4M3 nearest"): _envelope(lambda layers: Rounded(RunningMax(), **E4M3, up=False)),  # type: ignore[arg-type]
}


@dataclass(frozen=True, slots=True)
class Layered:
    """A problem with the layers of its parameter."""

    problem: Any
    layers: Layers


def problems() -> dict[str, Layered]:
    """Return the testbeds of the ablation."""
    network = linear_network()
    softmax = zipf_softmax()
    noise = UniformNoise((1.0, 0.5, 0.25, 0.1))
    return {
        "convex": Layered(HuberSquares((1.0, 0.5, 0.25, 0.1), (2.0, -2.0, 2.0, -2.0), 2.5, noise), layers_of((2, 2))),
        "convex, signs fail": Layered(MeanAgainstMedian(4), layers_of((2, 2))),
        "nonconvex": Layered(SquareWells((1.0, 0.5, 0.25, 0.1), (0.3, -1.7, 1.6, -0.4), noise), layers_of((2, 2))),
        "softmax regression": Layered(softmax, layers_of((softmax.classes, softmax.features.shape[1]))),
        "linear network": Layered(network, layers_of(*network.shapes)),
    }


def contender(setting: tuple[str, str], layers: Layers) -> Make:
    """Return how to make one setting of the ablation from a schedule."""

    def make(eta: Schedule) -> Method:
        reference: Converted = sign_counterpart(AveragedMomentum(eta, 0.9))
        return Projected(dataclasses.replace(reference, **SETTINGS[setting](layers)))

    return make


def _decreasing(horizon: int) -> Schedule:
    return InverseSqrt(1.0)


def ablation(
    names: Sequence[str] = (), *, horizon: int = 1000, seeds: int = 8, settings: Sequence[tuple[str, str]] = ()
) -> dict[str, dict[tuple[str, str], Tuned]]:
    """Return the tuned result of each setting on each testbed.

    Parameters
    ----------
    names : sequence of str
        Testbeds, all by default.
    horizon, seeds : int
    settings : sequence of pairs
        Keys of `SETTINGS`, all by default.
    """
    results: dict[str, dict[tuple[str, str], Tuned]] = {}
    for name, testbed in problems().items():
        if names and name not in names:
            continue
        protocol = Protocol(
            lambda copies, problem=testbed.problem: problem,  # type: ignore[misc]
            horizon,
            seeds,
            low=1e-2,
            high=10.0,
            per_decade=2,
            schedule=_decreasing,
        )
        results[name] = {setting: protocol.tune(contender(setting, testbed.layers)) for setting in settings or SETTINGS}
    return results


def ablation_grid(results: dict[str, dict[tuple[str, str], Tuned]], horizon: int) -> Grid:
    """Return the table: settings by testbeds, each final gap as a ratio to the median of the reference there."""
    settings = list(next(iter(results.values())))
    reference = settings[0]
    values = np.array(
        [
            [tuned[setting].finals[tuned[setting].best] / tuned[reference].median for tuned in results.values()]
            for setting in settings
        ]
    )
    edge = [
        f"{setting[0]} {setting[1]} on {name}"
        for name, tuned in results.items()
        for setting in settings
        if not tuned[setting].interior
    ]
    never = f" No step size of the grid was best inside it for: {'; '.join(edge)}." if edge else ""
    return Grid(
        name="ablation",
        title=f"Sign conversion with one ingredient changed, {horizon} steps, each at its best step size",
        problem="reference: momentum 0.9, running maximum of the momentum, uniform noise of scale 1",
        caption=f"Final gap over that of the reference, median and quartiles of {values.shape[2]} runs; right of the "
        f"dashed line is worse.{never}",
        command="ratecheck study ablation",
        measure="final gap / median final gap of the reference",
        groups=tuple(axis for axis, _ in settings),
        rows=tuple(text for _, text in settings),
        columns=tuple(results),
        values=values,
        line=1.0,
    )


def ablation_study(folder: Path, seed: int, *, horizon: int = 1000, seeds: int = 8) -> Path:
    """Run the ablation and store it as one grid: settings by testbeds."""
    return save_grid(folder, ablation_grid(ablation(horizon=horizon, seeds=seeds), horizon))
