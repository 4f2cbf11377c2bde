"""Stored results as the figures see them: what `ratecheck verify` left in a folder, read and checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ratecheck.figures.files import MissingResultError, read
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError

VERDICTS = "verdicts.json"
SOURCES = ("foundations", "stosignsgd", "scs", "mgsr1-sp", "sgg", "user")
_ARRAYS = ("steps", "calls", "values", "bound")


@dataclass(frozen=True, slots=True)
class Assumed:
    """A condition of a theorem and its largest relative excess on the run (at most 0 where it held)."""

    text: str
    excess: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """One claim with its verdict and its stored run.

    The text and number fields are those of ``ratecheck verify --json``; `bound_id` names the theorem. `steps` and
    `calls` have shape (records,), `values` (runs, records), and `bound` (records,) or, where each run is an instance
    of its own, (runs, records). Below `floor` the measure is not known.
    """

    id: str
    title: str
    source: str
    provenance: str
    evidence: tuple[str, ...]
    kind: str
    side: str
    anytime: bool
    method: str
    problem: str
    measure: str
    symbol: str
    bound_id: str
    bound_title: str
    formula: str
    remark: str
    assumptions: tuple[Assumed, ...]
    expected: str
    verdict: str
    certified: bool
    as_expected: bool
    tightness: float | None
    attained: float | None
    horizon: int
    runs: int
    oracle_calls: int
    slope: float | None
    slope_ci: tuple[float, float] | None
    slope_claimed: float | None
    slope_from: float
    detectable: float | None
    reason: str
    tags: tuple[str, ...]
    key: str
    file: str
    steps: IntArray
    calls: IntArray
    values: FloatArray
    bound: FloatArray
    floor: float

    @cached_property
    def source_tag(self) -> str:
        """The tag that names the source of the claim."""
        return next((tag for tag in self.tags if tag in SOURCES), "user")

    @cached_property
    def method_name(self) -> str:
        """The class of the method, wrappers around it in front: ``"Projected Subgradient"``."""
        return short_name(self.method)


def short_name(representation: str) -> str:
    """Return the class names of a method's representation, wrappers first, without hyper-parameters."""
    outer, _, rest = representation.partition("(")
    inner = re.search(r"\binner=", rest)
    return f"{outer} {short_name(rest[inner.end() :])}" if inner else outer


@dataclass(frozen=True, slots=True)
class Results:
    """All stored results of one folder.

    Parameters
    ----------
    folder : Path
    claims : tuple of Result
        In the order of their ids.
    """

    folder: Path
    claims: tuple[Result, ...]

    def with_tag(self, tag: str) -> tuple[Result, ...]:
        """Return the claims with a tag.

        Raises
        ------
        MissingResultError
            If there are none; the sentence says which command makes them.
        """
        found = tuple(claim for claim in self.claims if tag in claim.tags)
        if not found:
            raise MissingResultError(
                f"{self.folder} holds no result with the tag {tag!r}; run `ratecheck verify --tag {tag}` first."
            )
        return found


def load_results(folder: Path) -> Results:
    """Read what `ratecheck verify` stored in a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If the folder holds no verdicts, or a file is missing, truncated, stale or foreign; the sentence says which
        command makes it.
    """
    path = folder / VERDICTS
    again = "run `ratecheck verify` again"
    try:
        entries = json.loads(path.read_text())
    except FileNotFoundError:
        command = f"ratecheck verify --out {folder}" if folder != Path("results") else "ratecheck verify"
        raise InputError(f"{folder} holds no results ({VERDICTS} is missing); run `{command}` first.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); make it readable, or {again}.") from error
    except ValueError as error:
        raise InputError(f"{path} is truncated or not a verdict file of ratecheck; remove it and {again}.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path} is not a verdict file of ratecheck; remove it and {again}.")
    return Results(folder, tuple(_result(folder, entry) for entry in entries))


def _result(folder: Path, entry: dict[str, Any]) -> Result:
    stored = dict(entry)
    try:
        stored["bound_id"] = stored.pop("bound")
        stored["assumptions"] = tuple(Assumed(one["text"], float(one["excess"])) for one in stored["assumptions"])
        for name in ("evidence", "tags"):
            stored[name] = tuple(stored[name])
        stored["slope_ci"] = tuple(stored["slope_ci"]) if stored["slope_ci"] else None
        again = f"run the command that made it again, such as `ratecheck verify {stored['id']}`"
        path = folder / stored["file"]
        header, arrays = read(path, again, _ARRAYS)
        if (header.get("claim"), header.get("key")) != (stored["id"], stored["key"]):
            raise InputError(f"{path} is stale: it does not belong to the verdict of {stored['id']}; {again}.")
        names = {field.name for field in fields(Result)}
        known = {name: value for name, value in stored.items() if name in names}
        return Result(**known, **arrays, floor=float.fromhex(header["floor"]))
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{folder / VERDICTS} was written by another version of ratecheck; run `ratecheck verify` again."
        ) from error
