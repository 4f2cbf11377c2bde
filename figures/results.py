"""Stored results as the figures see them: what `ratecheck verify` left in a folder, read and checked."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError

VERDICTS = "verdicts.json"
FORMAT = 1  # of a stored file; a test holds it against the format that the store writes
SOURCES = ("foundations", "stosignsgd", "scs", "mgsr1-sp", "sgg", "user")
_ARRAYS = ("steps", "calls", "values", "bound")


class MissingResultError(InputError):
    """The results that a figure needs are not stored; the sentence says which command makes them."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A quantity against a parameter, for several series, as ``sweep-<name>.npz`` holds it.

    The file holds the arrays `grid`, `values` and, where there is one, `reference`, and `header`, the other fields
    as JSON text with ``format``.

    Parameters
    ----------
    name, title, problem : str
    parameter, measure : str
        Axis labels; dollar signs enclose LaTeX.
    labels : tuple of str
        Name of each series, such as a method.
    scales : tuple of str
        Scale of both axes, ``"log"`` or ``"linear"``.
    floor : float
        Values at or below it are not known and not drawn on a log axis.
    grid : (points,) array
        Increasing values of the parameter.
    values : (series, points, runs) array
        NaN or infinity marks a run that diverged.
    reference : (series, points) array, optional
        The bound or the law for each series; None if there is none.
    """

    name: str
    title: str
    problem: str
    parameter: str
    measure: str
    labels: tuple[str, ...]
    scales: tuple[str, str]
    floor: float
    grid: FloatArray
    values: FloatArray
    reference: FloatArray | None


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

    def sweep(self, name: str, command: str) -> Sweep:
        """Return a stored sweep.

        Raises
        ------
        MissingResultError
            If there is none; the sentence names `command`, which makes it.
        InputError
            If it is truncated or of another version.
        """
        path = self.folder / f"sweep-{name}.npz"
        if not path.exists():
            raise MissingResultError(f"{self.folder} holds no sweep {name!r}; run `{command}` first.")
        header, arrays = _read(path, f"run `{command}` again", ("grid", "values"), ("reference",))
        text = {field.name for field in fields(Sweep)} - {"grid", "values", "reference", "floor", "labels", "scales"}
        try:
            return Sweep(
                **{name: header[name] for name in text},
                labels=tuple(header["labels"]),
                scales=tuple(header["scales"]),
                floor=float.fromhex(header["floor"]),
                grid=arrays["grid"],
                values=arrays["values"],
                reference=arrays.get("reference"),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} was written by another version; run `{command}` again.") from error


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
        header, arrays = _read(path, again, _ARRAYS)
        if (header.get("claim"), header.get("key")) != (stored["id"], stored["key"]):
            raise InputError(f"{path} is stale: it does not belong to the verdict of {stored['id']}; {again}.")
        names = {field.name for field in fields(Result)}
        known = {name: value for name, value in stored.items() if name in names}
        return Result(**known, **arrays, floor=float.fromhex(header["floor"]))
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{folder / VERDICTS} was written by another version of ratecheck; run `ratecheck verify` again."
        ) from error


def _read(
    path: Path, again: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            arrays = {name: file[name] for name in needed}
            arrays.update({name: file[name] for name in optional if name in file})
    except FileNotFoundError:
        raise InputError(f"{path} is missing; {again}.") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is truncated or not a result of ratecheck; {again}.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise InputError(f"{path} was written by another version of ratecheck; {again}.")
    return header, arrays
