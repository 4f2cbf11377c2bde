"""What an experiment says: intervals over seeds, and claims in the form in which every verdict is written."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.statistics import t_interval
from ratecheck.experiments.store import write_whole
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError

FILE = "language_model.json"


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds with its t interval; infinite if a run diverged."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        if not math.isfinite(self.mean):
            return "diverged"
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values: Sequence[float] | FloatArray) -> Interval:
    """Return the mean and its t interval; of one value, the whole line."""
    x = np.asarray(values, dtype=np.float64)
    if not np.isfinite(x).all():
        return Interval(math.inf, math.inf if np.isinf(x).all() else -math.inf, math.inf)
    if x.size < 2:
        return Interval(float(x.mean()), -math.inf, math.inf)
    return Interval(float(x.mean()), *t_interval(x))


def verdict_of(measured: Interval, bound: float) -> str:
    """Return whether "the mean is at most the bound" holds, by where the interval lies."""
    if measured.high <= bound:
        return "holds"
    if measured.low > bound:
        return "refuted"
    return "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A claim about training, with what came out: "the mean of `values` is at most `bound`".

    Parameters
    ----------
    id, title : str
    source : str
        Author, year and place.
    provenance : {"paper", "secondary", "derived"}
        Whose claim it is.
    paper : str
        The paper's own words or numbers, shown beside what came out.
    scope : str
        Where it was found to hold, and where not.
    expected : {"holds", "refuted"}
    values : tuple of float
        One for each seed.
    bound : float
    measure, method, problem : str
    horizon, oracle_calls : int
        Updates, and sequences whose gradient was taken.
    tags : tuple of str
    seconds : float
    """

    id: str
    title: str
    source: str
    provenance: str
    paper: str
    scope: str
    values: tuple[float, ...]
    bound: float
    measure: str
    method: str
    problem: str
    horizon: int
    oracle_calls: int
    tags: tuple[str, ...]
    expected: str = "holds"
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the fields that every verdict of the package has, and `paper`, `scope` and the interval."""
        measured = interval(self.values)
        verdict = verdict_of(measured, self.bound)
        content = json.dumps([self.id, [repr(value) for value in self.values], self.bound])
        return {
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "provenance": self.provenance,
            "evidence": ["measured here"],
            "kind": "expectation",
            "method": self.method,
            "problem": self.problem,
            "measure": self.measure,
            "bound": self.bound,
            "expected": self.expected,
            "verdict": verdict,
            "certified": False,
            "as_expected": verdict == self.expected,
            "tightness": None,
            "attained": None,
            "horizon": self.horizon,
            "runs": len(self.values),
            "oracle_calls": self.oracle_calls,
            "slope": None,
            "slope_ci": None,
            "slope_claimed": None,
            "detectable": None,
            "reason": f"mean over {len(self.values)} seeds {measured}, claimed at most {self.bound:.4g}.",
            "tags": ["language-model", *self.tags],
            "seconds": self.seconds,
            "key": hashlib.sha256(content.encode()).hexdigest(),
            "paper": self.paper,
            "scope": self.scope,
            "values": [_plain(value) for value in self.values],
            "interval": [_plain(measured.low), _plain(measured.high)],
        }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def write_findings(out: Path, findings: Sequence[Finding], details: dict[str, Any]) -> Path:
    """Put findings in place of the stored ones with the same ids, with tables of an experiment under its name.

    Parameters
    ----------
    out : Path
        Folder of results.
    findings : sequence of Finding
    details : dict
        Tables by name of experiment.
    """
    path = out / FILE
    stored = read_findings(out)
    claims = {one["id"]: one for one in stored["claims"]} | {one.id: one.to_json() for one in findings}
    content = {"format": 1, "claims": list(claims.values()), "experiments": stored["experiments"] | details}
    write_whole(path, (json.dumps(content, indent=1) + "\n").encode(), "the findings about language models")
    return path


def read_findings(out: Path) -> dict[str, Any]:
    """Return the stored claims and experiments, none if there is no file.

    Raises
    ------
    InputError
        If the file is there but not one of ours.
    """
    path = out / FILE
    if not path.exists():
        return {"format": 1, "claims": [], "experiments": {}}
    try:
        content = json.loads(path.read_text())
        if content["format"] != 1:
            raise KeyError
        return {"format": 1, "claims": content["claims"], "experiments": content["experiments"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not a result of this version of ratecheck; delete it and run again.") from error
