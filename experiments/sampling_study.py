"""Sample sizes asked for and needed, coverage, sizes along a run, certificates against gaps: stored as sweeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.engine import log_spaced, simulate
from ratecheck.experiments.ledger.sampling import adaptive_scs_r, running_mean
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.testbeds.max_affine_prescribed import MaxAffine
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_means import MeanEstimation, coin, tilt
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, IntArray, row_norm
from ratecheck.theory.bounds.sampling_conjugate import theorem_samples
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.outputs import Last
from ratecheck.theory.sampling import Hoeffding, RademacherIncrements, SampleRule, VectorMean
from ratecheck.theory.stationarity import DISTANCE, GAP
from ratecheck.theory.stationarity.certificate import SAMPLE_SIZE, linearization
from ratecheck.theory.stationarity.estimation import MEAN_ABOVE
from ratecheck.theory.stationarity.measure import Measure

CONFIDENCE = 0.9
COMMAND = "ratecheck study sampling"
RULES: dict[str, tuple[MeanEstimation, Measure, SampleRule]] = {
    "Hoeffding, fair coin": (coin(), MEAN_ABOVE, Hoeffding(1.0)),
    "bounded vectors, n = 10": (tilt(10), DISTANCE, VectorMean(1.0)),
    "linear predictor, n = 10": (tilt(10), DISTANCE, RademacherIncrements(1.0, 1.0)),
    "Lipschitz loss, n = 10": (tilt(10), DISTANCE, RademacherIncrements(1.0, 1.0, 10)),
}


def deviations(
    problem: MeanEstimation, measure: Measure, samples: int, runs: int, seed: int
) -> tuple[IntArray, FloatArray]:
    """Return numbers of samples and the deviation of each run's mean after each, shape (runs, numbers)."""
    trace = simulate(
        problem,
        running_mean(problem.facts, samples),
        Last(),
        measure,
        steps=log_spaced(samples),
        streams=Streams(seed, f"sampling study {problem.name}", range(runs)),
    )
    return trace.steps, trace.values


def needed(counts: IntArray, values: FloatArray, accuracy: float, confidence: float) -> float:
    """Return the number of samples from which the deviation is at most `accuracy` with a probability.

    Interpolated between the recorded numbers in the logarithm; NaN if it is not reached.
    """
    quantile = np.quantile(values, confidence, axis=0)
    inside = quantile <= accuracy
    if not inside[-1]:
        return float("nan")
    first = int(inside.size - np.argmin(inside[::-1])) if not inside.all() else 0
    if first == 0:
        return float(counts[0])
    x, y = np.log(counts[first - 1 : first + 1]), np.log(quantile[first - 1 : first + 1])
    return float(np.exp(x[0] + (x[1] - x[0]) * (y[0] - np.log(accuracy)) / (y[0] - y[1])))


def sampling_study(folder: Path, seed: int, *, runs: int = 2048, samples: int = 4000) -> Path:
    """Store four sweeps and return the path of the first.

    Parameters
    ----------
    folder : Path
    seed : int
    runs, samples : int
        Repetitions, and the most samples of each.
    """
    save_sweep(folder, _coverage(seed, runs))
    save_sweep(folder, _adaptive(seed))
    save_sweep(folder, _certificates(seed))
    return save_sweep(folder, _sample_sizes(seed, runs, samples))


def _sample_sizes(seed: int, runs: int, samples: int) -> Sweep:
    accuracies = np.geomspace(1.6 / np.sqrt(samples), 0.5, 12)
    truth, asked = [], []
    for problem, measure, rule in RULES.values():
        counts, values = deviations(problem, measure, samples, runs, seed)
        truth.append([needed(counts, values, accuracy, CONFIDENCE) for accuracy in accuracies])
        asked.append([rule.samples(accuracy, CONFIDENCE) for accuracy in accuracies])
    return Sweep(
        name="sample-size",
        title="Samples needed and samples asked for",
        problem="means of known law",
        caption="Points: samples from which the accuracy holds with probability 0.9. Lines: what the rules ask for.",
        command=COMMAND,
        parameter="accuracy",
        measure="samples",
        labels=tuple(RULES),
        grid=accuracies,
        values=np.array(truth)[:, :, None],
        reference=np.array(asked, dtype=np.float64),
    )


def _coverage(seed: int, runs: int) -> Sweep:
    failures = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5])
    share = []
    for problem, measure, rule in RULES.values():
        counts, values = deviations(problem, measure, 100, runs, seed)
        share.append([np.mean(values[:, -1] > rule.accuracy(int(counts[-1]), 1 - failure)) for failure in failures])
    return Sweep(
        name="coverage",
        title="Coverage of sample-size rules",
        problem="means of known law, 100 samples",
        caption="Measured share of failures against the stated failure probability.",
        command=COMMAND,
        parameter="stated failure probability",
        measure="measured share of failures",
        labels=tuple(RULES),
        grid=failures,
        values=np.array(share)[:, :, None],
        reference=np.tile(failures, (len(RULES), 1)),
        scales=("linear", "linear"),
    )


def _adaptive(seed: int) -> Sweep:
    problem = LeastAbsoluteDeviations(dim=2, spread=0.3)
    method = adaptive_scs_r(problem.facts, 25)
    steps = np.arange(1, 26)
    streams = Streams(seed, "adaptive sample size", range(16))
    trace = simulate(problem, method, Last(), SAMPLE_SIZE, steps=steps, streams=streams)
    return Sweep(
        name="adaptive-sample-size",
        title="Sample size chosen along a run of SCS-R",
        problem=problem.name,
        caption="The rule takes the last round's direction norm for the tolerance. Line: the size of the theorem.",
        command=COMMAND,
        parameter="evaluation",
        measure="sample size",
        labels=("SCS-R, adaptive",),
        grid=steps.astype(np.float64),
        values=trace.values.T[None],
        reference=np.full((1, steps.size), float(theorem_samples(problem.facts, method))),
        scales=("linear", "log"),
    )


def _certificates(seed: int) -> Sweep:
    problem = MaxAffine(32, 20, 40, 20)
    method = OnePointConjugate(radius=0.02, tolerance=0.02, slope=0.3)
    steps = log_spaced(1000)

    def certificate(problem: Any, x: FloatArray, state: Any) -> FloatArray:
        distance = row_norm(x - problem.facts["x_star"])
        return row_norm(state.direction) * distance + linearization(x, state)

    measures = (GAP, Measure("certificate", r"\|d\|\|x-x^\star\|+\bar e", certificate, of="state"))
    streams = Streams(seed, "certificates", range(32))
    values = [simulate(problem, method, Last(), one, steps=steps, streams=streams).values.T for one in measures]
    return Sweep(
        name="certificate",
        title="Certificate against true gap",
        problem=problem.name,
        caption="Conjugate subgradients with reset on random maxima of affine functions.",
        command=COMMAND,
        parameter="evaluation",
        measure="gap",
        labels=("true gap", "certificate"),
        grid=steps.astype(np.float64),
        values=np.array(values),
        floor=1e-14,
    )
