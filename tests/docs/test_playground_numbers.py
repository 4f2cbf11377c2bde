"""The JavaScript of the playground gives the numbers of the package, to 1e-12: points, quantiles, regrets, bounds."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from ratecheck.testbeds.grouping import BlockQuadratic, live_scale_trap
from ratecheck.testbeds.noise import Gaussian, Noisy, Rademacher
from ratecheck.testbeds.online import reddi
from ratecheck.testbeds.prescribed import PrescribedSlopes
from ratecheck.testbeds.quadratic import Quadratic
from ratecheck.testbeds.sign_counterexamples import OpposedPairs
from ratecheck.testbeds.worst_case import MaxCoordinate
from ratecheck.theory import schedules
from ratecheck.theory.bounds import accelerated, adaptive, exact_laws, grouping, nonsmooth, smooth
from ratecheck.theory.methods.adam import Adam, AdamW, AMSGrad
from ratecheck.theory.methods.adaptive import AdaGrad, RMSProp
from ratecheck.theory.methods.clipping import ClipNorm, L2Decay
from ratecheck.theory.methods.gradient import Projected, Subgradient
from ratecheck.theory.methods.grouping import SGG, sgg
from ratecheck.theory.methods.grouping_scales import Grouping
from ratecheck.theory.methods.layers import layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum, HeavyBall, Momentum
from ratecheck.theory.methods.nesterov import Nesterov
from ratecheck.theory.methods.sign import Lion, SignSGD, Signum
from ratecheck.theory.methods.stosign import StoSignP, StoSignT

JS = Path(__file__).parents[2] / "docs" / "playground" / "js"
NODE = shutil.which("node")
STEPS, SEED, RUN = 60, 7, 3
# Both sides round each operation to double; what is left is the order of sums and the last bit of pow and log.
CLOSE = 1e-12

pytestmark = pytest.mark.skipif(NODE is None, reason="no node here to run the playground's JavaScript")


def in_node(body: str, *, folder: Path = JS, **given: Any) -> Any:
    """Run the body of a function of `given` in node, beside all of the page's modules, and return what it returns."""
    names = ("random", "schedules", "problems", "online", "bounds", "run", "catalogue", "page_bench", "python_code")
    imports = "".join(f"import * as {name} from {(folder / f'{name}.js').as_uri()!r};" for name in names)
    script = f"{imports} const given = {json.dumps(given)}; console.log(JSON.stringify((() => {{ {body} }})()));"
    done = subprocess.run([NODE, "--input-type=module"], input=script, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Sfc32:
    """The page's generator, transcribed from Chris Doty-Humphrey's PractRand."""

    def __init__(self, seed: int, purpose: str, run: int) -> None:
        key = 0x811C9DC5
        for letter in purpose:
            key = ((key ^ ord(letter)) * 0x01000193) & 0xFFFFFFFF
        self.a, self.b, self.c, self.d = seed, key, run, 1
        for _ in range(15):
            self.word()

    def word(self) -> int:
        t = (self.a + self.b + self.d) & 0xFFFFFFFF
        self.d = (self.d + 1) & 0xFFFFFFFF
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & 0xFFFFFFFF
        self.c = (((self.c << 21) | (self.c >> 11)) + t) & 0xFFFFFFFF
        return t

    def number(self) -> float:
        high = self.word() >> 5
        return (high * 2**26 + (self.word() >> 6)) / 2**53

    def uniform(self, width: int, low: int = 0) -> np.ndarray:
        u = np.array([[self.number() for _ in range(width)]])
        return 2 * u - 1 if low else u


@dataclass(frozen=True)
class PageStreams:
    seed: int
    run: int

    def open(self, purpose: str) -> Sfc32:
        return Sfc32(self.seed, purpose, self.run)


def in_python(method: Any, problem: Any, steps: int) -> tuple[np.ndarray, list[float]]:
    oracle = problem.oracle(PageStreams(SEED, RUN))
    x = np.array(problem.start, dtype=np.float64).reshape(1, -1)
    state, points, regrets = method.init(x), [x[0]], [0.0]
    for _ in range(steps):
        x, state = method.step(x, state, oracle)
        points.append(x[0])
        if hasattr(oracle, "regret"):
            regrets.append(float(oracle.regret()[0]))
    return np.array(points), regrets


def rotation_case() -> dict[str, Any]:
    return {"spectrum": [0.05, 0.3, 1.0], "at": [1.0, -2.0, 1.5], "rotation": 0.7}


QUADRATIC = Quadratic((0.05, 0.3, 1.0), (1.0, -2.0, 1.5), 0.7)
DEVIATIONS = (0.3, 0.2, 0.1)
THREES = layers_of(3, 3, 3)
OPTIONS = {"eta": 0.1, "beta": 0.8, "beta2": 0.95, "weightDecay": 0.1, "limit": 0.5}
SIMPLE = {
    "gradient-descent": Subgradient(0.1),
    "momentum-sum": Momentum(0.1, 0.8),
    "momentum-average": AveragedMomentum(0.1, 0.8),
    "heavy-ball": HeavyBall(0.1, 0.8),
    "nesterov-momentum": Momentum(0.1, 0.8, nesterov=True),
    "nesterov": Nesterov(0.1),
    "adagrad": AdaGrad(0.1),
    "rmsprop": RMSProp(0.1),
    "adam": Adam(0.1, 0.8, 0.95),
    "adamw": AdamW(0.1, 0.8, 0.95, weight_decay=0.1),
    "amsgrad": AMSGrad(0.1, 0.8, 0.95),
    "signsgd": SignSGD(0.1),
    "signum": Signum(0.1, 0.8),
    "lion": Lion(0.1, 0.8),
    "stosign": StoSignT(0.1),
    "stosign-momentum": StoSignP(0.1, 0.8, weight_decay=0.0),
    "clipped-adam": ClipNorm(Adam(0.1, 0.8, 0.95), 0.5),
    "clipped-sgd": ClipNorm(Subgradient(0.1), 0.5),
    "coupled-adam": L2Decay(Adam(0.1, 0.8, 0.95), 0.1),
}
ASKS_UNIFORM = {"stosign", "stosign-momentum"}  # which prescribed gradients do not answer
PROBLEMS = {
    "quadratic": (QUADRATIC, "problems.quadratic(given.shape)"),
    "rademacher": (
        Noisy(QUADRATIC, Rademacher(DEVIATIONS)),
        "problems.noisy(problems.quadratic(given.shape), 'rademacher', given.deviations)",
    ),
    "gaussian": (
        Noisy(QUADRATIC, Gaussian(DEVIATIONS)),
        "problems.noisy(problems.quadratic(given.shape), 'gaussian', given.deviations)",
    ),
    "pairs": (OpposedPairs(4, 0.5, 0.1), "problems.opposedPairs({dim: 4, epsilon: 0.5, spread: 0.1})"),
    "max-coordinate": (MaxCoordinate(20), "problems.maxCoordinate({horizon: 20})"),
    "spike": (
        PrescribedSlopes((1.0, 1.0, 50.0, 1.0), 0.5),
        "problems.prescribed({slopes: [1, 1, 50, 1], at: 0.5})",
    ),
}


@pytest.fixture(scope="module")
def simple() -> Any:
    """Points of every method on every problem, as the page computes them."""
    names = ", ".join(f"{name!r}: {source}" for name, (_, source) in PROBLEMS.items())
    body = f"""
    const out = {{}};
    for (const [name, problem] of Object.entries({{{names}}})) for (const method of given.methods)
      out[method + " " + name] =
        run.trajectory(catalogue.methodNamed(method, given.options), problem, given.steps, {SEED}, {RUN}).points;
    return out;
    """
    given = {"methods": list(SIMPLE), "options": OPTIONS, "steps": STEPS}
    return in_node(body, shape=rotation_case(), deviations=DEVIATIONS, **given)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("method", SIMPLE)
def test_trajectories_are_those_of_the_package(simple: Any, method: str, problem: str) -> None:
    if problem == "spike" and method in ASKS_UNIFORM:
        pytest.skip("prescribed gradients come without uniform numbers")
    expected, _ = in_python(SIMPLE[method], PROBLEMS[problem][0], STEPS)
    np.testing.assert_allclose(np.array(simple[f"{method} {problem}"]), expected, rtol=CLOSE, atol=CLOSE)


FAULTS = [
    ("adam", "methods_adaptive", "1 - beta2 ** t", "1 - beta2 ** k"),
    ("adam", "methods_adaptive", "Math.sqrt(b) + eps", "b + eps"),
    ("adamw", "methods_adaptive", "1 - eta * weightDecay", "1 + eta * weightDecay"),
    ("amsgrad", "methods_adaptive", "zip(Math.max, largest, v)", "v"),
    ("rmsprop", "methods_adaptive", "decay = 0.99", "decay = 0.999"),
    ("nesterov", "methods_gradient", "k / (k + 3)", "k / (k + 2)"),
    ("heavy-ball", "methods_gradient", "sub(x, previous)", "sub(previous, x)"),
    ("nesterov-momentum", "methods_gradient", "add(g, mul(v, momentum))", "add(g, v)"),
    ("stosign", "methods_sign", "2 * u - 1", "u - 1"),
    ("lion", "methods_sign", "mix(beta1, m, g)", "mix(beta2, m, g)"),
    ("clipped-sgd", "methods_wrappers", "limit / length", "limit"),
    ("momentum-sum", "random", "high * 67108864", "high * 67108860"),
    ("gradient-descent", "random", "3.3871328727963666080e0", "3.3871328727e0"),
]


@pytest.mark.parametrize(("method", "module", "right", "wrong"), FAULTS)
def test_a_planted_fault_is_noticed(method: str, module: str, right: str, wrong: str, tmp_path: Path) -> None:
    folder = shutil.copytree(JS, tmp_path / "js")
    source = (folder / f"{module}.js").read_text(encoding="utf-8")
    assert right in source
    (folder / f"{module}.js").write_text(source.replace(right, wrong), encoding="utf-8")
    seen = in_node(
        f"return run.trajectory(catalogue.methodNamed(given.method, given.options), "
        f"{PROBLEMS['gaussian'][1]}, given.steps, {SEED}, {RUN}).points;",
        folder=folder,
        method=method,
        options=OPTIONS,
        steps=STEPS,
        shape=rotation_case(),
        deviations=DEVIATIONS,
    )
    expected, _ = in_python(SIMPLE[method], PROBLEMS["gaussian"][0], STEPS)
    assert len(seen) != len(expected) or not np.allclose(seen, expected, rtol=CLOSE, atol=CLOSE)


def test_every_method_and_wrapper_of_the_page_is_compared() -> None:
    names = in_node("return [Object.keys(catalogue.METHODS), Object.keys(catalogue.WRAPPED)].flat();")
    assert set(names) == set(SIMPLE) | set(GROUPED) | set(ONLINE)


GROUPED = {
    "grouped-sgd": sgg(Subgradient(1e-4), "ours", THREES),
    "grouped-momentum": sgg(Momentum(1e-4, 0.8), "ours", THREES),
    "grouped-adamw": sgg(AdamW(0.01, 0.8, weight_decay=0.1), "ours", THREES),
}


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("arrangement", ["het", "hom"])
@pytest.mark.parametrize("method", GROUPED)
def test_grouping_on_block_quadratics(method: str, arrangement: str, noise: float) -> None:
    seen = in_node(
        """
        const problem = problems.blockQuadratic(given.blocks);
        const path = run.trajectory(catalogue.methodNamed(given.method, given.options), problem, 60, 7, 3);
        return {rotations: problem.rotations, start: problem.start, points: path.points,
                scales: path.states.at(-1).factors, eigenvalues: problems.BLOCKS[given.blocks.arrangement]};
        """,
        blocks={"arrangement": arrangement, "noise": noise, "seed": 5},
        method=method,
        options={"eta": 0.01 if method == "grouped-adamw" else 1e-4, "beta": 0.8},
    )
    rotations = np.array(seen["rotations"])
    np.testing.assert_allclose(rotations @ rotations.swapaxes(1, 2), np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-14)
    problem = BlockQuadratic(
        "blocks", np.array(seen["eigenvalues"], dtype=float), rotations[None], np.array([seen["start"]]), noise
    )
    expected, _ = in_python(GROUPED[method], problem, 60)
    # The start has gradients of some 5000, whose last bits are 1e-12 of a point of size 1.
    np.testing.assert_allclose(np.array(seen["points"]), expected, rtol=CLOSE, atol=CLOSE)
    assert len({round(s, 6) for s in seen["scales"]}) > 1


PAIRS = layers_of(2, 2, 2)
ONLINE_STEP = "schedules.inverseSqrt(0.5)"
TRAP = Grouping(clusters=1, smoothing=0.0, first_value=True, clamp=(0.33, 1.0))
FALLING = schedules.InverseSqrt(0.5)
ONLINE: dict[str, tuple[Any, Any, str]] = {
    "projected-adam": (
        Projected(Adam(FALLING, beta1=0.0, beta2=0.1, eps=0.0, bias_correction=False)),
        reddi(3.0),
        "reddi({large: 3})",
    ),
    "projected-amsgrad": (Projected(AMSGrad(FALLING, beta1=0.0, beta2=0.1)), reddi(3.0), "reddi({large: 3})"),
    "projected-descent": (Projected(Subgradient(FALLING)), reddi(3.0), "reddi({large: 3})"),
    "frozen-scales": (
        Projected(SGG(Subgradient(FALLING), TRAP, PAIRS, when="once", at_once=True)),
        live_scale_trap(),
        "liveScaleTrap({spike: 3})",
    ),
    "live-scales": (
        Projected(SGG(Subgradient(FALLING), TRAP, PAIRS, period=1)),
        live_scale_trap(),
        "liveScaleTrap({spike: 3})",
    ),
}


@pytest.mark.parametrize("method", ONLINE)
def test_online_points_and_regrets(method: str) -> None:
    mine, losses, source = ONLINE[method]
    seen = in_node(
        f"""
        const options = {{eta: {ONLINE_STEP}, beta: 0, beta2: 0.1, eps: 0, biasCorrection: false}};
        return run.play(catalogue.methodNamed({method!r}, options), online.{source}, 300);
        """
    )
    points, regrets = in_python(mine, losses, 300)
    np.testing.assert_allclose(np.array(seen["points"]), points, rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(seen["regrets"], regrets, rtol=CLOSE, atol=300 * CLOSE)


def test_normal_quantiles_are_those_of_scipy() -> None:
    u = [0.0, 1e-300, 1e-12, 1e-6, 0.01, 0.074, 0.0751, 0.3, 0.5, 0.7, 0.924, 0.9251, 0.999, 1 - 1e-9, 1 - 2**-53]
    seen = in_node("return given.u.map(random.normalQuantile);", u=u)
    np.testing.assert_allclose(seen, ndtri(np.maximum(u, 2.0**-54)), rtol=1e-14, atol=1e-15)


def test_uniform_numbers_are_uniform_and_the_same_in_both_languages() -> None:
    seen = in_node("return random.stream(7, 'sample', 3).uniform(4000);")
    assert seen == Sfc32(7, "sample", 3).uniform(4000)[0].tolist()
    assert abs(np.mean(seen) - 0.5) < 5 / np.sqrt(12 * 4000)
    assert abs(np.var(seen) - 1 / 12) < 5 / np.sqrt(180 * 4000)


SCHEDULES = {
    "inverseSqrt(0.3)": schedules.InverseSqrt(0.3),
    "inverseTime(0.3, 2)": schedules.InverseTime(0.3, 2.0),
    "linearDecay(0.3, 50, 0.1)": schedules.LinearDecay(0.3, 50, 0.1),
    "cosine(0.3, 50, 0.1)": schedules.Cosine(0.3, 50, 0.1),
    "stepDecay(0.3, 0.5, 7)": schedules.StepDecay(0.3, 0.5, 7),
    "exponential(0.3, 0.1)": schedules.Exponential(0.3, 0.1),
    "stableThenDecay(0.3, 20, 30, 0.1)": schedules.StableThenDecay(0.3, 20, 30, 0.1),
    "warmUp(schedules.cosine(0.3, 40), 10)": schedules.WarmUp(schedules.Cosine(0.3, 40), 10),
    "warmUp(schedules.cosine(0.3, 40), 10, 0.1)": schedules.WarmUp(schedules.Cosine(0.3, 40), 10, 0.1),
}


def test_schedules() -> None:
    rules = ", ".join(f"schedules.{source}" for source in SCHEDULES)
    seen = in_node(f"return [{rules}].map(rule => Array.from({{length: 50}}, (_, k) => rule(k)));")
    for numbers, (source, schedule) in zip(seen, SCHEDULES.items(), strict=True):
        np.testing.assert_allclose(numbers, schedules.step_sizes(schedule, 50), rtol=1e-14, err_msg=source)


NOISY = Noisy(QUADRATIC, Rademacher(DEVIATIONS))
TRAP_METHOD = ONLINE["live-scales"][0]
N = np.arange(1, 41)
BOUNDS: dict[str, tuple[str, Any]] = {
    "descent": ("bounds.descentGap(q, 1.3, N)", smooth.SM_01.value(QUADRATIC.facts, Subgradient(1.3), N)),
    "nesterov": ("bounds.nesterovGap(q, N)", accelerated.SM_10.value(QUADRATIC.facts, Nesterov(1.0), N)),
    "subgradient": (
        "bounds.subgradientGap(problems.opposedPairs({dim: 4, epsilon: 0.5, spread: 0.1}), 0.2, N)",
        nonsmooth.NS_01.value(OpposedPairs(4, 0.5, 0.1).facts, Subgradient(0.2), N),
    ),
    "sign floor": (
        "problems.opposedPairs({dim: 4, epsilon: 0.5, spread: 0.1}).invariantGap",
        np.full(40, OpposedPairs(4, 0.5, 0.1).facts["invariant_gap"]),
    ),
    "max-coordinate": (
        "bounds.subgradientGap(problems.maxCoordinate({horizon: 20}), 0.2, N)",
        nonsmooth.NS_01.value(MaxCoordinate(20).facts, Subgradient(0.2), N),
    ),
    "exact gap": ("bounds.expectedGap(q, 0.4, N)", exact_laws.DESCENT.value(QUADRATIC.facts, Subgradient(0.4), N)),
    "second moment": (
        "q.spectrum.reduce((s, l, i) => s + bounds.secondMoment(0.4, l, given.s[i] ** 2, q.coordinates[i], N), 0)",
        exact_laws.MOMENTS.value(NOISY.facts, Subgradient(0.4), N),
    ),
    "stationary": (
        "q.spectrum.reduce((s, l, i) => s + bounds.stationaryVariance(0.4, 0.8, l, given.s[i] ** 2), 0)",
        exact_laws.MOMENTUM_VARIANCE.value(NOISY.facts, Momentum(0.4, 0.8), N),
    ),
    "companion": (
        "Math.hypot(...bounds.companionModes(q, 0.4, 0.8, N).map(path => path[N]))",
        exact_laws.COMPANION.value(QUADRATIC.facts, HeavyBall(0.4, 0.8), N),
    ),
    "amsgrad": (
        "bounds.amsgradRegret({width: 2, slopes: 3}, {alpha: 0.5, beta1: 0.1, beta2: 0.2}, N)",
        adaptive.AD_06.value(reddi(3.0).facts, Projected(AMSGrad(FALLING, 0.1, 0.2)), N),
    ),
    "defeated adam": (
        "bounds.defeatedAdamRegret(3, N)",
        adaptive.AD_03.value(reddi(3.0).facts, Projected(Adam(FALLING, 0.0, 0.1)), N),
    ),
    "still scales": (
        "bounds.stillScalesRegret({widths: Array(6).fill(2), bounds: online.liveScaleTrap({spike: 3}).bounds},"
        " 0.5, 0.33, 1, N)",
        grouping.STILL.value(live_scale_trap().facts, TRAP_METHOD, N),
    ),
}


@pytest.fixture(scope="module")
def bound_values() -> Any:
    """Return the values of every bound, by name, as the page computes them."""
    rules = ", ".join(f"{name!r}: N => {source}" for name, (source, _) in BOUNDS.items())
    body = f"""
    const q = problems.quadratic(given.shape), out = {{}};
    for (const [name, rule] of Object.entries({{{rules}}})) out[name] = given.N.map(rule);
    return out;
    """
    return in_node(body, shape=rotation_case(), s=DEVIATIONS, N=N.tolist())


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_those_of_the_package(bound_values: Any, name: str) -> None:
    np.testing.assert_allclose(bound_values[name], BOUNDS[name][1], rtol=CLOSE)


def test_rate_of_a_mode_is_the_spectral_radius() -> None:
    pairs = [(0.5, 0.0), (1.5, 0.3), (0.04, 0.9), (3.9, 0.97), (2.5, 0.1)]
    seen = in_node("return given.pairs.map(([h, beta]) => bounds.modeRate(h, beta));", pairs=pairs)
    expected = [np.abs(np.linalg.eigvals([[1 + beta - h, -beta], [1.0, 0.0]])).max() for h, beta in pairs]
    np.testing.assert_allclose(seen, expected, rtol=CLOSE)


def test_bias_correction_makes_early_steps_of_adam_shorter() -> None:
    t = np.arange(1, 1001)
    seen = np.array(in_node("return given.t.map(t => bounds.correctionFactor(0.9, 0.999, t));", t=t.tolist()))
    assert (round(seen[0], 2), round(seen.max(), 2), int(seen.argmax()) + 1, round(seen[-1], 2)) == (
        3.16,
        6.57,
        12,
        1.26,
    )


RANDOM = {"stosign", "stosign-momentum"}


@pytest.fixture(scope="module")
def programs() -> Any:
    """Return the Python program of the bench and the page's own last gap, by method, problem and noise."""
    return in_node(
        """
        const out = {};
        for (const method of Object.keys(catalogue.METHODS))
          for (const problem of ["ravine", "rotated", "pairs", "resisting"]) for (const noise of [0, 0.5]) {
            const v = {method, problem, noise, eta: 0.05, beta: 0.8, dim: 4, kappa: 50, steps: 30, seed: 1};
            const made = page_bench.problemOf(v);
            const path = run.trajectory(page_bench.methodOf(v), made, v.steps, v.seed, 0);
            out[`${method} ${problem} ${noise}`] =
              [python_code.pythonCode(v, made), made.value(path.points.at(-1)) - made.best];
          }
        return out;
        """
    )


@pytest.mark.parametrize("noise", [0, 0.5])
@pytest.mark.parametrize("problem", ["ravine", "rotated", "pairs", "resisting"])
@pytest.mark.parametrize("method", [name for name in SIMPLE if not name.startswith(("clipped", "coupled"))])
def test_the_program_that_the_bench_offers_gives_its_gap(
    programs: Any, method: str, problem: str, noise: float, capsys: pytest.CaptureFixture[str]
) -> None:
    code, gap = programs[f"{method} {problem} {noise}"]
    names: dict[str, Any] = {}
    exec(compile(code, "the same run in Python", "exec"), names)
    assert float(capsys.readouterr().out) == names["gap"]
    assert names["x"].shape[0] == (24 if noise else 1)
    if not noise and method not in RANDOM:
        assert names["gap"] == pytest.approx(gap, rel=1e-12, abs=1e-13)
