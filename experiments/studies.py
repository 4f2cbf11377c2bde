"""Studies: comparisons that are no theorem's business, run by name and stored for the figures and the paper."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratecheck.experiments.digest import FORMAT, code_digest
from ratecheck.theory.errors import InputError


@dataclass(frozen=True, slots=True)
class Study:
    """A study.

    Parameters
    ----------
    title : str
        What it answers.
    module, function : str
        ``function(folder, seed)`` runs it and stores sweeps, maps and grids in the folder.
    default : bool
        Whether it is run when no study is named, as by ``ratecheck verify``; a long one is run by name alone.
    """

    title: str
    module: str
    function: str
    default: bool = True


STUDIES = {
    "course": Study(
        "pictures of a first course: phases, rates, lower bounds, Adam's update size",
        "ratecheck.experiments.course_studies",
        "course_studies",
    ),
    "step-size": Study(
        "final gap against step size for SGD, momentum, Adam and StoSignSGD",
        "ratecheck.experiments.step_size",
        "step_size_study",
    ),
    "sampling": Study(
        "samples asked for and needed, coverage, sizes along a run, certificates",
        "ratecheck.experiments.sampling_study",
        "sampling_study",
    ),
    "ablation": Study(
        "sign conversion with one ingredient changed at a time, tuned alike",
        "ratecheck.experiments.ablation",
        "ablation_study",
    ),
    "sign-verification": Study(
        "observed / bound of every theorem on StoSignSGD over families of configurations",
        "ratecheck.experiments.sign_verification",
        "sign_verification_study",
    ),
    "dimension": Study(
        "calls until a Goldstein point against the dimension, sign methods beside l2 methods, tuned alike",
        "ratecheck.experiments.dimension_study",
        "dimension_study",
    ),
    "robustness": Study(
        "step size by batch size: optimizers alone, inside gradient grouping, and their controls",
        "ratecheck.experiments.robustness",
        "robustness_study",
    ),
    "grouping": Study(
        "gradient grouping on heterogeneous and homogeneous blocks, beside recorded values",
        "ratecheck.experiments.grouping_study",
        "grouping_study",
        default=False,
    ),
    "scs-comparison": Study(
        "conjugate subgradients against SGD, Adam, AdamW, StoSignSGD, tuned alike",
        "ratecheck.experiments.scs_comparison",
        "comparison_study",
    ),
}


def named(names: Sequence[str]) -> list[str]:
    """Return the names of the studies that are asked for, the default ones if none is.

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
    return list(names or (name for name, study in STUDIES.items() if study.default))


def run_study(name: str, folder: Path, seed: int) -> list[Path]:
    """Run a study unless its results are stored, and return the files that hold them.

    Parameters
    ----------
    name : str
        Of `STUDIES`.
    folder : Path
        Result store. The files appear once the study is whole.
    seed : int
        Root seed.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    study = STUDIES[name]
    text = json.dumps([FORMAT, name, seed, code_digest([study.module])])
    key = hashlib.sha256(text.encode()).hexdigest()
    record = folder / f"study-{name}.json"
    known = _read(record)
    files = [folder / file for file in known.get("files", [])]
    if known.get("key") == key and all(file.exists() for file in files):
        return files
    draft = folder / f"study-{name}.partial"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        getattr(importlib.import_module(study.module), study.function)(draft, seed)
        files = [folder / file.name for file in sorted(draft.iterdir())]
        for file in files:
            os.replace(draft / file.name, file)
        text = json.dumps({"key": key, "files": [file.name for file in files]}, indent=1)
        (draft / record.name).write_text(text + "\n")
        os.replace(draft / record.name, record)
        draft.rmdir()
    except OSError as error:
        raise InputError(
            f"the study {name} could not be stored in {folder} ({error.strerror}); make room or name another folder "
            "with --out, and run the same command again."
        ) from error
    return files


def _read(record: Path) -> dict[str, Any]:
    try:
        known = json.loads(record.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
