"""Studies: comparisons that are no theorem's business, run by name and stored for the figures and the paper."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True)
class Study:
    """A study: what it answers, and ``(folder, seed) -> path`` that runs and stores it."""

    title: str
    run: Callable[[Path, int], Path]


def _step_size(folder: Path, seed: int) -> Path:
    from ratecheck.experiments.step_size import step_size_study

    return step_size_study(folder, seed)


def _scs_comparison(folder: Path, seed: int) -> Path:
    from ratecheck.experiments.scs_comparison import comparison_study

    return comparison_study(folder, seed)


def _sampling(folder: Path, seed: int) -> Path:
    from ratecheck.experiments.sampling_study import sampling_study

    return sampling_study(folder, seed)


def _ablation(folder: Path, seed: int) -> Path:
    from ratecheck.experiments.ablation import ablation_study

    return ablation_study(folder, seed)


def _course(folder: Path, seed: int) -> Path:
    from ratecheck.experiments.course_studies import course_studies

    return course_studies(folder, seed)


STUDIES = {
    "course": Study("pictures of a first course: phases, rates, lower bounds, Adam's update size", _course),
    "ablation": Study("sign conversion with one ingredient changed at a time, tuned alike", _ablation),
    "sampling": Study("samples asked for and needed, coverage, sizes along a run, certificates", _sampling),
    "scs-comparison": Study(
        "conjugate subgradients against SGD, Adam, AdamW, StoSignSGD, tuned alike", _scs_comparison
    ),
    "step-size": Study("final gap against step size for SGD, momentum, Adam and StoSignSGD", _step_size),
}


def named(names: list[str]) -> dict[str, Study]:
    """Return the studies of the given names, all if none is given.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    for name in names:
        if name not in STUDIES:
            close = difflib.get_close_matches(name, STUDIES, n=1, cutoff=0.3)
            nearest = f", the nearest is {close[0]!r}" if close else ""
            raise InputError(f"no study is called {name!r}{nearest}; `ratecheck study --list` shows them all.")
    return {name: STUDIES[name] for name in names or STUDIES}
