"""The parts of the stages for a GPU: each returns numbers, and `within` where there is something to be within."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.compare import BETAS, CONTESTANTS, Contestant
from ratecheck.experiments.language_model.fp8_conditions import CONDITIONS
from ratecheck.experiments.language_model.memory import estimated_bytes, fits
from ratecheck.experiments.language_model.optimizers.agreement import TWINS, distances
from ratecheck.experiments.language_model.presets import Preset
from ratecheck.experiments.language_model.runs import run_one
from ratecheck.experiments.language_model.setup import Recipe, Setup
from ratecheck.experiments.language_model.speed import OURS, table
from ratecheck.experiments.language_model.train import begin, resume, train

Part = Callable[[], dict[str, Any]]

SAME_RULE = 1e-12  # relative distance in float64 of a torch optimizer to its method on NumPy
SAME_LOSS = 1e-5  # relative distance of the first loss: float32 sums of some thousand terms in another order
ROUNDING = 2.0**-24  # of float32; K terms added one after another are off by less than sqrt(K) times that
ENDLESS = 1_000_000  # steps of a run that is stopped, so that it is validated before the first step alone
STEPS = 200  # of an experiment at most
MAIN = ("adamw", "stosignsgd", "signum", "momentum")
TRAINED = CONTESTANTS | {"sgg-adamw": Contestant("sgg-adamw", -8, {**BETAS, "grouping": {"period": 10}})}
LARGEST = {torch.float8_e4m3fn: 448.0, torch.float8_e5m2: 57344.0}


@dataclass(frozen=True, slots=True)
class Job:
    """Where and at which size the parts run.

    Parameters
    ----------
    device : str
    preset : Preset
        Of the experiments and of the speed of training.
    parameters : int
        Of the optimizers whose steps are timed.
    small : Preset
        Of the comparisons of devices.
    compiled : bool
        Whether compiled steps and models are timed too.
    """

    device: str
    preset: Preset
    parameters: int
    small: Preset
    compiled: bool

    def setup(self, optimizer: str, steps: int, *, preset: Preset | None = None, **changes: Any) -> Setup:
        """Return a run of a contestant at the first point of its grid, in as few parts of a batch as fit."""
        one, known = preset or self.preset, TRAINED[optimizer]
        recipe: dict[str, Any] = {
            "optimizer": known.optimizer,
            "step_size": 2.0**known.start,
            "options": dict(known.options),
            "steps": steps,
            "batch": one.batch,
            "device": self.device,
        }
        setup = Setup(shape=one.shape, source=one.source, recipe=Recipe(**(recipe | changes)))
        device = torch.device(setup.recipe.device)
        while not fits(setup, device) and setup.recipe.batch % (2 * setup.recipe.accumulate) == 0:
            setup = setup.with_recipe(accumulate=2 * setup.recipe.accumulate)
        return setup

    @property
    def precision(self) -> str:
        """Of the products in experiments."""
        return "bf16" if self.device == "cuda" else "float32"

    def wait(self) -> None:
        """Wait until the device has done everything that it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()


@contextlib.contextmanager
def deterministic() -> Iterator[None]:
    """Let torch take the algorithms that repeat bit by bit (cuBLAS reads its variable when it starts: see `main`)."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def agreement(job: Job) -> dict[str, Part]:
    """Is what trains on the device what was verified? Float64, beside the method on NumPy."""

    def part(name: str) -> dict[str, Any]:
        largest = float(distances(name, 200, device=job.device).max())
        return {"largest": largest, "tolerance": SAME_RULE, "within": largest <= SAME_RULE}

    return {name: partial(part, name) for name in TWINS}


def trajectories(job: Job) -> dict[str, Part]:
    """Are the losses those of the CPU, and does a run that is stopped and resumed repeat bit by bit on the device?"""

    def part(name: str) -> dict[str, Any]:
        steps = min(50, job.small.steps)
        on_cpu = job.setup(name, steps, preset=job.small, device="cpu")
        on_device = on_cpu.with_recipe(device=job.device)
        with deterministic(), tempfile.TemporaryDirectory() as folder:
            theirs = np.array(train(begin(on_cpu)).losses)
            ours = np.array(train(begin(on_device)).losses)
            train(begin(on_device), Path(folder), checkpoint_every=steps // 2, until=steps // 2)
            again = np.array(train(resume(Path(folder))).losses)
        distance = np.abs(ours / theirs - 1)
        return {
            "first_step": float(distance[0]),
            "largest": float(distance.max()),
            "tolerance": SAME_LOSS,
            "resumes_bit_by_bit": bool(np.array_equal(ours, again)),
            "within": bool(distance[0] <= SAME_LOSS and np.array_equal(ours, again)),
        }

    return {name: partial(part, name) for name in TRAINED}


def optimizer_speed(job: Job) -> dict[str, Part]:
    """What does a step cost? Each optimizer in turn with torch's AdamW."""

    def part(name: str) -> dict[str, Any]:
        threads = torch.get_num_threads()
        try:
            return table(job.parameters, 8, (name,), device=job.device, threads=1, compiled=job.compiled)["rows"]
        finally:
            torch.set_num_threads(threads)

    return {name: partial(part, name) for name in OURS}


def training_speed(job: Job) -> dict[str, Any]:
    """How many tokens in a second, and does the estimate of the memory hold?"""

    def part(**changes: Any) -> dict[str, Any]:
        setup = job.setup("adamw", ENDLESS, **changes)
        if job.device == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        training = begin(setup)
        train(training, until=5)  # compiles, and fills the caches
        job.wait()
        start = time.perf_counter()
        train(training, until=15)
        job.wait()
        tokens = 10 * setup.recipe.batch * setup.shape.context
        peak = torch.cuda.max_memory_allocated() if job.device == "cuda" else None
        return {
            "tokens_per_second": tokens / (time.perf_counter() - start),
            "peak_memory": peak,
            "estimated_memory": estimated_bytes(setup),
        }

    ways: dict[str, dict[str, Any]] = {"float32": {}, "bf16": {"precision": "bf16"}}
    if job.compiled:
        ways |= {f"{name} compiled": {**changes, "compile": True} for name, changes in ways.items()}
    return {name: partial(part, **changes) for name, changes in ways.items()}


def experiment(job: Job) -> dict[str, Part]:
    """What is the excess loss of the main optimizers at three step sizes each?"""

    def part(name: str, step_size: float) -> dict[str, Any]:
        steps = min(STEPS, job.preset.steps)
        return _outcome(job.setup(name, steps, step_size=step_size, precision=job.precision))

    points = [(name, 2.0 ** (TRAINED[name].start + shift)) for shift in (0, -1, 1) for name in MAIN]
    return {f"{name} {step_size:.3g}": partial(part, name, step_size) for name, step_size in points}


def low_precision(job: Job) -> dict[str, Part]:
    """Does AdamW fail in FP8, and StoSignSGD not, at this size too?"""

    def part(condition: str, name: str) -> dict[str, Any]:
        low = CONDITIONS[condition].low
        return _outcome(job.setup(name, min(STEPS, job.preset.steps), precision=job.precision, low=low))

    names = [(condition, name) for condition in ("float32", "states", "all") for name in MAIN[:3]]
    return {f"{condition} {name}": partial(part, condition, name) for condition, name in names}


def _outcome(setup: Setup) -> dict[str, Any]:
    start = time.perf_counter()
    run = run_one(setup)
    return {
        "excess": run.excess if math.isfinite(run.excess) else None,
        "diverged": run.diverged,
        "flushed": {name: float(np.mean(shares)) for name, shares in run.flushed.items()},
        "step_size": setup.recipe.step_size,
        "tokens": setup.recipe.steps * setup.recipe.batch * setup.shape.context,
        "seconds": time.perf_counter() - start,
        "setup": dataclasses.asdict(setup),
    }


def products(job: Job) -> dict[str, Part]:
    """Are real FP8 products those of the emulation, and how fast are they?"""
    sizes = (1024, 4096, 8192) if job.device == "cuda" else (64,)
    forms = {"e4m3 e4m3": torch.float8_e4m3fn, "e5m2 e4m3": torch.float8_e5m2}
    return {
        f"{name} {size}": partial(eight_bit_product, job, size, form) for size in sizes for name, form in forms.items()
    }


def eight_bit_product(job: Job, size: int, form: torch.dtype) -> dict[str, Any]:
    """Return the relative errors of ``x @ w.T`` with operands in FP8 against float64, and its speed.

    Parameters
    ----------
    job : Job
    size : int
        A multiple of 16, as the hardware wants it.
    form : torch.dtype
        Of x; w is in E4M3. (Two operands in E5M2 are not offered by cuBLAS.)
    """
    if job.device == "cuda" and torch.cuda.get_device_capability() < (8, 9):
        return {"skipped": "FP8 products need compute capability 8.9, that of Ada and Hopper"}
    generator = torch.Generator().manual_seed(0)
    x, w = (torch.randn(size, size, generator=generator).to(job.device) for _ in range(2))
    x8, w8 = _scaled(x, form), _scaled(w, torch.float8_e4m3fn)
    one = torch.ones((), device=job.device)
    exact = x8.double() @ w8.double().T

    def real(fast: bool) -> torch.Tensor:
        # The second operand is column-major: the transpose of a weight as it lies in memory.
        return torch._scaled_mm(x8, w8.T, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=fast)

    def error(found: torch.Tensor) -> float:
        return float((found.double() - exact).norm() / exact.norm())

    emulated = error(x8.float() @ w8.float().T)
    tolerance = ROUNDING * math.sqrt(size)
    result = {"emulated": emulated, "tolerance": tolerance, "within": emulated <= tolerance}
    result |= {"real": error(real(False)), "real_fast": error(real(True)), "bf16_alone": error(exact.bfloat16())}
    xb, wb = x.bfloat16(), w.bfloat16()
    contenders: dict[str, Callable[[], torch.Tensor]] = {
        "float32": lambda: x @ w.T,
        "bf16": lambda: xb @ wb.T,
        "fp8": lambda: real(False),
        "fp8_fast": lambda: real(True),
    }
    flops = {name: 2 * size**3 / _fastest(job, run) for name, run in contenders.items()}
    return result | {"flops": flops}


def _scaled(x: torch.Tensor, form: torch.dtype) -> torch.Tensor:
    """Return `x` in an 8-bit format with one scale; clamped first, since some versions of torch overflow to NaN."""
    largest = LARGEST[form]
    return (x * (largest / x.abs().max())).clamp(-largest, largest).to(form)


def _fastest(job: Job, run: Callable[[], torch.Tensor], rounds: int = 5, repeats: int = 4) -> float:
    """Return the seconds of one call in the fastest round; the first round warms up."""
    best = math.inf
    for turn in range(rounds + 1):
        job.wait()
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        job.wait()
        if turn:
            best = min(best, (time.perf_counter() - start) / repeats)
    return best
