"""Every theorem on StoSignSGD over families of configurations: the ratio observed / bound of each, as one figure.

A row is a theorem, a point one configuration: the mean over its runs divided by the bound, the largest over the
recorded numbers of steps. Grey is what was recorded earlier on other families; a ratio above 1 would be a violation,
up to the error of the mean. The ledger judges such ratios; here they are seen side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.engine import simulate
from ratecheck.experiments.grid import Grid, save_grid
from ratecheck.experiments.ledger.nonconvex import PINNED, wells
from ratecheck.experiments.ledger.stosign_gaps import GAP as GAP_CLAIMS
from ratecheck.experiments.ledger.stosignsgd import anytime, envelope_known, horizon_known
from ratecheck.experiments.sign_sequences import ADVERSARIES, BOUNDS, FAMILIES, WIDTHS, climb
from ratecheck.testbeds.composite import phase_retrieval, relu_regression
from ratecheck.testbeds.nonconvex import HuberSquares, SquareWells, silent
from ratecheck.testbeds.sign_online import random_coordinate_signs, tight_signs
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.uniform_noise import UniformNoise
from ratecheck.theory.bound import Bound
from ratecheck.theory.bounds import nonconvex, stosign, stosign_law, weakly_convex
from ratecheck.theory.methods.nonconvex import StoSignN1, StoSignN2
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.outputs import Last
from ratecheck.theory.schedules import InverseSqrt
from ratecheck.theory.stationarity import REGRET
from ratecheck.theory.stationarity.generalized import DiscountedLaw, WindowLaw

Method = Callable[[Any, int], Any]  # (facts, horizon) -> method
Ratios = Callable[[int], list[float]]  # seed -> observed / bound of each configuration


@dataclass(frozen=True, slots=True)
class Item:
    """A theorem: its group and name, the recorded range (one number twice for a largest value), and the ratios.

    `unbounded` marks what no theorem keeps below 1.
    """

    group: str
    name: str
    recorded: tuple[float, float]
    ratios: Ratios
    unbounded: bool = False


def ratio(bound: Bound, problem: Any, method: Method, horizon: int, runs: int, seed: int) -> float:
    """Return the largest mean observed / bound over some recorded steps of one configuration."""
    made = method(problem.facts, horizon)
    steps = np.array(sorted({max(1, horizon // 10), horizon})) if bound.anytime else np.array([horizon])
    streams = Streams(seed, f"sign verification {bound.id} {problem.name} {horizon}", range(runs))
    trace = simulate(problem, made, bound.output, bound.measure, steps=steps, streams=streams)
    return float((trace.values.mean(axis=0) / bound.value(problem.facts, made, steps)).max())


def _regret(bound: Bound, method: Method, horizons: Iterable[int], families: dict[str, Any]) -> Ratios:
    return lambda seed: [ratio(bound, losses, method, T, 32, seed) for losses in families.values() for T in horizons]


def _climbed(bound: Bound, method: Callable[[int], StoSignT], constant: float) -> Ratios:
    return lambda seed: [climb(method, 16, 40)[1] / (constant * 4.0)]


def _single_paths(seed: int) -> list[float]:
    found = []
    for losses in FAMILIES.values():
        method = horizon_known(losses.facts, 100)
        streams = Streams(seed, f"single paths {losses.name}", range(512))
        values = simulate(losses, method, Last(), REGRET, steps=np.array([100]), streams=streams).values[:, 0]
        found.append(float(values.max() / stosign.STO_1B.value(losses.facts, method, np.array([100]))[0]))
    return found


def _tight(seed: int) -> list[float]:
    problems = [(tight_signs(T, BOUNDS, WIDTHS), T) for T in (4, 9, 16, 100)]
    problems += [(random_coordinate_signs(BOUNDS, WIDTHS), T) for T in (4, 16, 100)]
    return [ratio(stosign.STO_1C, problem, envelope_known, T, 256, seed) for problem, T in problems]


def likely_excess(seed: int, runs: int = 8192) -> list[float]:
    """Return quantile / bound of the regret for failure chances 0.1, 0.01 and 0.001 on five families."""
    found = []
    for name in ("random signs", "rare large", "weak drift", "spikes", "waves"):
        losses = FAMILIES[name]
        method = horizon_known(losses.facts, 50)
        streams = Streams(seed, f"likely {name}", range(runs))
        regrets = simulate(losses, method, Last(), REGRET, steps=np.array([50]), streams=streams).values[:, 0]
        mean = stosign.horizon_regret(losses.facts, method, np.array([50]))[0]
        square = float(np.sum((losses.facts["widths"] * losses.facts["coordinate_bounds"]) ** 2))
        for delta in (0.1, 0.01, 0.001):
            allowed = mean + math.sqrt(2 * 50 * math.log(1 / delta) * square)
            found.append(float(np.quantile(regrets, 1 - delta)) / allowed)
    return found


def walk(T: int) -> Ratios:
    """Return how to measure the regret on fair signs over ``sqrt(T) sum D G / 2``, which tends to sqrt(2 / pi)."""

    def measured(seed: int) -> list[float]:
        losses = random_coordinate_signs((1.0,) * 8, (1.0,) * 8)
        streams = Streams(seed, f"walk {T}", range(1024))
        values = simulate(losses, anytime(losses.facts, T), Last(), REGRET, steps=np.array([T]), streams=streams).values
        return [float(values.mean()) / (4 * math.sqrt(T))]

    return measured


def _theorem_6(family: Callable[[int, float], Any], quantity: str = "gradient") -> Ratios:
    def configurations(seed: int) -> list[float]:
        found = []
        for dim in (1, 5):
            for noise in (0.0, 0.25):
                problem = family(dim, noise)
                size = problem.start.size
                for beta, radius in ((0.9, 0.03), (0.95, 0.02), (0.99, 0.01), (0.995, 0.003)):
                    for D in (radius, radius * np.geomspace(0.3, 3, size)):
                        output = DiscountedLaw(beta, weights=D, quantity=quantity)  # type: ignore[arg-type]
                        for T in (100, 400, 1000):
                            found.append(_law_ratio(problem, output, beta, D, T, seed))
        return found

    return configurations


def _law_ratio(problem: Any, output: DiscountedLaw, beta: float, D: Any, T: int, seed: int) -> float:
    bound = nonconvex.N1 if output.quantity == "gradient" else nonconvex.N1_SPREAD
    method = StoSignN1(D, problem.facts["coordinate_bounds"], beta)
    streams = Streams(seed, f"theorem 6 {beta} {T}", range(8))
    trace = simulate(problem, method, output, nonconvex.GRADIENT, steps=np.array([T]), streams=streams)
    return float(trace.values.mean() / bound.value(problem.facts, method, np.array([T]))[0])


def _wells(dim: int, noise: float) -> SquareWells:
    return wells(tuple(np.linspace(1.0, 0.2, dim).tolist()), noise)


def _phase(dim: int, noise: float) -> Any:
    return phase_retrieval(10, dim, 0, noise > 0)


def _relu(dim: int, noise: float) -> Any:
    return relu_regression(10, dim, 0, noise > 0)


def _theorem_7(distance: bool) -> Ratios:
    def configurations(seed: int) -> list[float]:
        found = []
        for dim in (1, 5):
            for noise in (0.0, 0.25):
                problem = _wells(dim, noise)
                for K, delta in ((25, 0.05), (25, 0.2), (100, 0.05), (100, 0.2)):
                    method = StoSignN2(delta / K, problem.facts["coordinate_bounds"], K)
                    output = WindowLaw(K, "distance" if distance else "gradient")
                    bound = nonconvex.N2_DISTANCE if distance else nonconvex.N2
                    steps = np.array([1000])
                    streams = Streams(seed, f"theorem 7 {K} {delta}", range(8))
                    values = simulate(problem, method, output, nonconvex.GRADIENT, steps=steps, streams=streams).values
                    found.append(float(values.mean() / bound.value(problem.facts, method, steps)[0]))
        return found

    return configurations


def _weakly(seed: int) -> list[float]:
    def method(facts: Any, T: int) -> StoSignT:
        G = facts["coordinate_bounds"]
        return StoSignT(math.sqrt(facts["initial_gap"] / (facts["weighted_weak_convexity"] * G.sum() * T)), envelope=G)

    problems = [_wells(dim, noise) for dim in (1, 5) for noise in (0.0, 0.25)]
    return [ratio(weakly_convex.WEAKLY, problem, method, T, 16, seed) for problem in problems for T in (100, 1000)]


def _smooth(seed: int) -> list[float]:
    def method(facts: Any, T: int) -> StoSignT:
        eta = math.sqrt(2 * facts["initial_gap"] / (facts["max_norm_smoothness"] * T))
        return StoSignT(eta, envelope=facts["coordinate_bounds"])

    bowls = [HuberSquares((1.0,), (1.0,), 2.0, silent(1)), HuberSquares((1.0, 1.0), (1.0, 1.0), 2.0, silent(2))]
    bowls += [HuberSquares((1.0, 0.5, 0.25), (2.0, -2.0, 2.0), 2.5, UniformNoise((0.5, 0.5, 0.25)))]
    return [ratio(weakly_convex.SMOOTH, bowl, method, T, 1024, seed) for bowl in bowls for T in (100, 1000)]


def _damped(seed: int) -> list[float]:
    def method(facts: Any, T: int) -> StoSignT:
        return StoSignT(facts["widths"] / math.sqrt(T), damping=1 - 1 / T)

    return _regret(stosign.STO_5, method, (10, 100, 1000), FAMILIES)(seed)


def _of_claim(name: str, horizons: Iterable[int]) -> Ratios:
    claim = next(one for one in GAP_CLAIMS if one.id == f"stosign-{name}")
    return lambda seed: [ratio(claim.bound, claim.problem(T), claim.method, T, 32, seed) for T in horizons]


def _pinned(seed: int) -> list[float]:
    output = DiscountedLaw(0.95, weights=0.1, quantity="spread")
    return [_law_ratio(PINNED, output, 0.95, 0.1, 4000, seed + i) for i in range(4)]


REGRETS, LOWER, NONCONVEX, OTHERS = "regret", "lower bound / (sum D G sqrt T)", "nonconvex", "others"
T_ALL = (10, 100, 2000)
STEADY, FALLING = (lambda T: StoSignT(1 / math.sqrt(T))), (lambda T: StoSignT(InverseSqrt(1 / math.sqrt(2))))
ITEMS = (
    Item(REGRETS, "(1b), constant steps", (0.58, 0.58), _regret(stosign.STO_1B, horizon_known, T_ALL, FAMILIES)),
    Item(REGRETS, "(1b), climbed, T = 16", (0.92, 0.92), _climbed(stosign.STO_1B, STEADY, 1.0)),
    Item(REGRETS, "(1b), single paths", (1.19, 1.19), _single_paths, unbounded=True),
    Item(REGRETS, "(1a), falling steps", (0.46, 0.46), _regret(stosign.STO_1A, anytime, T_ALL, FAMILIES)),
    Item(REGRETS, "(1a), climbed, T = 16", (0.55, 0.55), _climbed(stosign.STO_1A, FALLING, math.sqrt(2))),
    Item(REGRETS, "adaptive adversaries", (0.36, 0.36), _regret(stosign.STO_1X, anytime, T_ALL, ADVERSARIES)),
    Item(REGRETS, "(1c), known envelope", (1.0, 1.0), _tight),
    Item(REGRETS, "theorem 2, quantiles", (0.31, 0.31), likely_excess),
    *(
        Item(LOWER, f"fair signs, T = {T}", (value, value), walk(T))
        for T, value in ((1, 1.0), (2, 0.709), (3, 0.864), (10, 0.779), (100, 0.797), (1000, 0.798))
    ),
    Item(
        LOWER,
        "hidden directions",
        (0.125, 0.162),
        lambda seed: [(1 - stosign_law.sampling_distance(T)) / 4 for T in (1, 2, 3, 10, 100, 1000)],
    ),
    Item(NONCONVEX, "theorem 6, wells", (0.02, 0.55), _theorem_6(_wells)),
    Item(NONCONVEX, "theorem 6, phase retrieval", (0.02, 0.55), _theorem_6(_phase)),
    Item(NONCONVEX, "theorem 6, ReLU regression", (0.02, 0.55), _theorem_6(_relu)),
    Item(NONCONVEX, "theorem 6, spread", (0.53, 0.53), _theorem_6(_wells, "spread")),
    Item(NONCONVEX, "theorem 6, spread, pinned", (0.99, 0.99), _pinned),
    Item(NONCONVEX, "theorem 7, windows", (0.15, 0.45), _theorem_7(False)),
    Item(NONCONVEX, "theorem 7, distance", (0.5, 0.5), _theorem_7(True)),
    Item(NONCONVEX, "theorem 8, weakly convex", (0.16, 0.37), _weakly),
    Item(NONCONVEX, "theorem 9, smooth", (0.67, 0.95), _smooth),
    Item(OTHERS, "theorem 5, damped", (0.21, 0.21), _damped),
    Item(OTHERS, "(1d), unconstrained", (0.96, 0.96), _of_claim("1d-median", (10, 100, 1000))),
    Item(OTHERS, "theorem 4, strongly convex", (0.88, 0.89), _of_claim("4-squares", (100, 1000))),
    Item(OTHERS, "heavy tails", (0.05, 0.05), _of_claim("6-heavy-tails", (100, 1000))),
)


def sign_verification(seed: int, items: Sequence[Item] = ITEMS) -> Grid:
    """Return the ratios of every item beside the recorded ones."""
    found = [np.asarray(item.ratios(seed), dtype=np.float64) for item in items]
    values = np.full((len(items), 1, max(map(len, found))), np.nan)
    for i, ratios in enumerate(found):
        values[i, 0, : ratios.size] = np.maximum(ratios, 0.0)
    return Grid(
        name="sign-verification",
        title="Theorems on StoSignSGD: observed / bound of every configuration",
        problem=f"{sum(map(len, found))} configurations; single paths may exceed the bound of their mean",
        caption="A point is one configuration, 0 where a player beats every fixed point; grey: recorded earlier on "
        "other families, a ring where only the largest or a single number was.",
        command="ratecheck study sign-verification",
        measure="observed / bound",
        groups=tuple(item.group for item in items),
        rows=tuple(item.name for item in items),
        columns=("all configurations",),
        values=values,
        recorded=np.array([[item.recorded] for item in items]),
        scale="linear",
        line=1.0,
    )


def sign_verification_study(folder: Path, seed: int) -> Path:
    """Run every configuration and store the ratios as one grid."""
    return save_grid(folder, sign_verification(seed))
