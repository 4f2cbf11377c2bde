"""Stochastic conjugate subgradients against SGD, Adam, AdamW and StoSignSGD, all tuned on the same grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.comparison import Comparison, Contestant, Protocol, compare
from ratecheck.experiments.grid import Grid, save_grid
from ratecheck.experiments.sweep import Sweep, save_sweep
from ratecheck.testbeds.kernel_svm import two_rings
from ratecheck.testbeds.max_affine_prescribed import NoisyMaxAffine
from ratecheck.testbeds.newsvendor import Newsvendor
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_linear import LeastAbsoluteDeviations
from ratecheck.testbeds.sampling_real import real_svm
from ratecheck.testbeds.two_stage import substitution
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.methods.adam import Adam, AdamW
from ratecheck.theory.methods.conjugate_sampling import StochasticConjugate
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.scs_adamw import PreconditionedSCSAdamW, SCSAdamW
from ratecheck.theory.methods.stosign import StoSignT
from ratecheck.theory.schedules import Cosine
from ratecheck.theory.stationarity.certificate import SPENT

BATCH = 8
ROUND = 32  # sample gradients of one evaluation of SCS-R
TARGETS = (0.3, 0.1, 0.03, 0.01, 0.003)  # shares of the initial gap
PRESETS = {
    "full": Protocol(),
    "small": Protocol(budgets=(256,), grid=(0.01, 0.1, 1.0), runs=20, tuning_runs=4, records=8),
}


def beds() -> dict[str, Any]:
    """Return the problems, each with a known optimum and batches of eight."""
    return {
        "max-affine": NoisyMaxAffine(noise=0.5, batch=BATCH),
        "absolute deviations": LeastAbsoluteDeviations(batch=BATCH),
        "label-flip hinge": LabelFlipHinge(batch=BATCH),
        "newsvendor": Newsvendor(batch=BATCH),
        "newsvendor, condition 10": Newsvendor(condition=10.0, batch=BATCH),
        "two-stage program": substitution(batch=BATCH),
        "kernel machine": two_rings(batch=BATCH),
        "svm on wine": real_svm("wine", batch=BATCH),
        "svm on breast cancer": real_svm("breast-cancer", batch=BATCH),
    }


def _scs_r(scale: float, steps: int, problem: Any) -> StochasticConjugate:
    return StochasticConjugate(radius=scale, tolerance=0.0, slope=0.1, samples=ROUND, budget=steps * problem.batch)


def contestants() -> tuple[Contestant, ...]:
    """Return the methods; weight decay is 0 throughout, since every problem brings its own regularisation."""
    return (
        Contestant("SGD", lambda scale, steps, problem: Subgradient(scale)),
        Contestant("SGD, cosine", lambda scale, steps, problem: Subgradient(Cosine(scale, steps))),
        Contestant("Adam", lambda scale, steps, problem: Adam(scale)),
        Contestant("AdamW, cosine", lambda scale, steps, problem: AdamW(Cosine(scale, steps), weight_decay=0.0)),
        Contestant("StoSignSGD, cosine", lambda scale, steps, problem: StoSignT(Cosine(scale, steps))),
        Contestant("SCS-AdamW V1", lambda scale, steps, problem: SCSAdamW(scale)),
        Contestant("SCS-AdamW V1, cosine", lambda scale, steps, problem: SCSAdamW(Cosine(scale, steps))),
        Contestant("SCS-AdamW V2", lambda scale, steps, problem: PreconditionedSCSAdamW(scale)),
        Contestant("SCS-AdamW V2, cosine", lambda scale, steps, problem: PreconditionedSCSAdamW(Cosine(scale, steps))),
        Contestant("SCS-R", _scs_r, SPENT),
    )


def scs_comparison(preset: str = "full", problems: dict[str, Any] | None = None) -> Comparison:
    """Run the comparison.

    Parameters
    ----------
    preset : {"full", "small"}
    problems : dict, optional
        All testbeds if None.
    """
    return compare(beds() if problems is None else problems, contestants(), PRESETS[preset])


def profile(costs: FloatArray, factors: FloatArray) -> FloatArray:
    """Return the share of entries solved within each factor of the best method, shape (methods, factors)."""
    best = costs.min(axis=1, keepdims=True)
    ratio = np.divide(costs, best, out=np.full(costs.shape, np.inf), where=np.isfinite(costs))
    return (ratio[:, :, None] <= factors).mean(axis=0)


def reached(costs: FloatArray, budgets: FloatArray) -> FloatArray:
    """Return the share of entries reached within each budget, shape (methods, budgets)."""
    return (costs[:, :, None] <= budgets).mean(axis=0)


def comparison_study(folder: Path, seed: int, preset: str = "full") -> Path:
    """Run the comparison, store profile, ECDF and final gaps as sweeps, and return the path of the profile."""
    import dataclasses

    outcome = compare(beds(), contestants(), dataclasses.replace(PRESETS[preset], seed=seed))
    costs = outcome.costs(TARGETS)
    factors = np.geomspace(1, 64, 61)
    budgets = np.geomspace(BATCH, outcome.counts.max(), 61)
    shared: dict[str, Any] = {
        "problem": f"{len(outcome.problems)} problems and budgets, {PRESETS[preset].runs} seeds",
        "command": "ratecheck study scs-comparison",
        "labels": outcome.contestants,
    }
    save_sweep(
        folder,
        Sweep(
            name="scs-ecdf",
            title="Stochastic conjugate subgradients: targets reached",
            caption="Share of (problem, target, seed) reached within a number of sample gradients.",
            parameter="sample gradients",
            measure="share of targets reached",
            grid=budgets,
            values=reached(costs, budgets)[:, :, None],
            scales=("log", "linear"),
            **shared,
        ),
    )
    finals = outcome.final_gaps()
    save_grid(
        folder,
        Grid(
            name="scs-final-gaps",
            title="Stochastic conjugate subgradients: final gaps",
            problem=shared["problem"],
            caption="Median final gap of each method over the smallest on the same problem and budget, a dot for each.",
            command=shared["command"],
            measure="final gap / smallest final gap",
            groups=("",) * len(outcome.contestants),
            rows=outcome.contestants,
            columns=(f"{len(outcome.problems)} problems and budgets",),
            values=(finals / finals.min(axis=1, keepdims=True)).T[:, None, :],
            line=1.0,
        ),
    )
    return save_sweep(
        folder,
        Sweep(
            name="scs-profile",
            title="Stochastic conjugate subgradients: performance profile",
            caption="Share of (problem, target, seed) solved within a factor of the best method's sample gradients.",
            parameter="sample gradients / fewest on the problem",
            measure="share solved",
            grid=factors,
            values=profile(costs, factors)[:, :, None],
            scales=("log", "linear"),
            **shared,
        ),
    )
