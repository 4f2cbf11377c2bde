"""Turns a user's data file into claims: the same theorems as for the data sets that ship with the package."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.data_claims import claims_on
from ratecheck.testbeds.data_files import as_labels, is_classification, read_data
from ratecheck.testbeds.linear_model import LinearModel
from ratecheck.testbeds.real_data import LOSSES, linear_problem, with_exact_oracle
from ratecheck.theory.errors import InputError

CLASSIFICATION = ("svm", "logistic")
REGRESSION = ("lad", "huber")


def claims_for_file(path: Path | str, loss: str | None = None) -> tuple[Claim, ...]:
    """Return the claims of a data file in CSV or svmlight form.

    Parameters
    ----------
    path : path
        See `ratecheck.testbeds.data_files.read_data`.
    loss : {"lad", "svm", "logistic", "huber", "ridge"}, optional
        If None, SVM and logistic for targets of two classes, LAD and Huber for others.

    Raises
    ------
    InputError
        If the file cannot be used, or the loss does not fit its targets.
    """
    path = Path(path)
    if loss is not None and loss not in LOSSES:
        raise InputError(f"loss is {loss!r}, but it must be one of {', '.join(sorted(LOSSES))}.")
    features, targets = read_data(path)
    losses = (loss,) if loss else CLASSIFICATION if is_classification(targets) else REGRESSION
    claims: list[Claim] = []
    for name in losses:
        values = as_labels(path, targets) if LOSSES[name].two_classes else targets
        sampled = linear_problem(path.name, features, values, name, samples=1)
        slug = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "file"
        claims += claims_on(
            f"data-{slug}-{name}",
            f"{path.name}, {name}",
            partial(_fixed, with_exact_oracle(sampled)),
            partial(_fixed, sampled),
            tags=(name,),
        )
    return tuple(claims)


def _fixed(problem: LinearModel, horizon: int) -> LinearModel:
    return problem
