"""Verifies claims: runs what is not stored yet, judges everything, writes the verdicts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.digest import content_key
from ratecheck.experiments.run import ClaimRun, run_claim
from ratecheck.experiments.selection import Chosen
from ratecheck.experiments.store import CorruptResultError, load, path_of, prepare, save, write_whole
from ratecheck.experiments.verdict import Judged, as_json, judge
from ratecheck.theory.errors import InputError

VERDICTS = "verdicts.json"


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker reports about one claim; `error` is empty unless the claim could not be run."""

    id: str
    key: str
    seconds: float
    error: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts of one command, in the order of the ledger, and what went wrong."""

    judged: tuple[Judged, ...]
    records: tuple[dict[str, Any], ...]
    errors: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def all_as_expected(self) -> bool:
        """Whether every claim came out as expected."""
        return all(one.as_expected for one in self.judged)


def verify(
    chosen: Sequence[Chosen],
    folder: Path,
    *,
    seed: int = 0,
    jobs: int = 1,
    on_done: Callable[[Done], None] = lambda done: None,
) -> Report:
    """Verify claims and leave their runs and verdicts in `folder`.

    Parameters
    ----------
    chosen : sequence of Chosen
        Claims, each with the file that defines it (None for the built-in ledger).
    folder : Path
        Result store. Runs found there under the same content key are used again.
    seed : int
        Root seed, at least 0.
    jobs : int
        Worker processes; the results do not depend on it.
    on_done : callable
        Called with each `Done` as it comes in, in any order.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        If the folder cannot be written, or `seed` or `jobs` is out of range.
    """
    if seed < 0:
        raise InputError(f"seed is {seed}, but it must be at least 0.")
    if jobs < 1:
        raise InputError(f"jobs is {jobs}, but it must be at least 1.")
    prepare(folder)
    done = {}
    for one in _work(chosen, folder, seed, jobs):
        done[one.id] = one
        on_done(one)
    good = [one.claim for one in chosen if not done[one.claim.id].error]
    runs = {claim.id: _stored(folder, claim, done[claim.id].key) for claim in good}
    judged = judge(good, runs)
    records = [as_json(one, done[one.claim.id].key, done[one.claim.id].seconds) for one in judged]
    _write_verdicts(folder, judged, records)
    return Report(
        tuple(judged),
        tuple(records),
        tuple(one.error for one in done.values() if one.error),
        tuple(one.notice for one in done.values() if one.notice),
    )


def _work(chosen: Sequence[Chosen], folder: Path, seed: int, jobs: int) -> Iterable[Done]:
    if jobs == 1 or len(chosen) <= 1:
        return (run_and_store(one, folder, seed) for one in chosen)
    from joblib import Parallel, delayed

    # Several claims per worker process: the start of a process costs more than most claims.
    pool = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="4*n_jobs")
    tasks = (delayed(_run_by_id)(one.claim.id, one.file, folder, seed) for one in chosen)
    return pool(tasks)


def _run_by_id(claim_id: str, file: Path | None, folder: Path, seed: int) -> Done:
    from ratecheck.experiments.selection import find

    return run_and_store(find(claim_id, file), folder, seed)


def run_and_store(one: Chosen, folder: Path, seed: int) -> Done:
    """Run a claim unless its run is stored, store it, and report; errors of a user's own code become sentences."""
    from threadpoolctl import threadpool_limits

    claim, start = one.claim, time.perf_counter()
    key, notice = "", ""
    try:
        # NumPy may have been imported with more BLAS threads before this package was.
        with threadpool_limits(1):
            key = content_key(claim, seed)
            try:
                if load(folder, claim.id, key) is not None:
                    return Done(claim.id, key, 0.0)
            except CorruptResultError as error:
                notice = f"{error}; the claim {claim.id} was run again."
            save(folder, claim.id, key, run_claim(claim, seed))
    except InputError as error:
        return Done(claim.id, key, 0.0, error=_about(claim, str(error)))
    except Exception as error:
        if one.file is None:
            raise
        kind, text = type(error).__name__, str(error)
        return Done(claim.id, key, 0.0, error=f"claim {claim.id} of {one.file}: its code raised {kind}: {text}")
    return Done(claim.id, key, time.perf_counter() - start, notice=notice)


def _about(claim: Claim, text: str) -> str:
    return text if claim.id in text else f"claim {claim.id}: {text}"


def _stored(folder: Path, claim: Claim, key: str) -> ClaimRun:
    run = load(folder, claim.id, key)
    if run is None:
        raise InputError(f"the result of {claim.id} vanished from {folder} during the run; run the command again.")
    return run


def _write_verdicts(folder: Path, judged: Sequence[Judged], records: Sequence[dict[str, Any]]) -> None:
    """Merge the records into the verdict file; those of other claims stay while their run is stored."""
    path = folder / VERDICTS
    merged = {entry["id"]: entry for entry in read_verdicts(folder) if (folder / entry["file"]).exists()}
    for one, record in zip(judged, records, strict=True):
        merged[one.claim.id] = {name: value for name, value in record.items() if name != "seconds"} | described(
            one, path_of(folder, one.claim.id, record["key"]).name
        )
    text = json.dumps([merged[name] for name in sorted(merged)], indent=1)
    write_whole(path, (text + "\n").encode(), "the verdicts")


def read_verdicts(folder: Path) -> list[dict[str, Any]]:
    """Return the verdicts that are stored in a folder, none if the file is missing or not readable as such."""
    try:
        entries = json.loads((folder / VERDICTS).read_text())
        return [entry for entry in entries if {"id", "file"} <= entry.keys()]
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def described(one: Judged, file: str) -> dict[str, Any]:
    """Return what a figure or a report needs to know beyond the promised fields."""
    bound = one.claim.bound
    return {
        "formula": bound.formula,
        "symbol": bound.measure.symbol,
        "bound_title": bound.title,
        "remark": bound.remark,
        "side": bound.side,
        "anytime": bound.anytime,
        "slope_from": one.claim.slope_from,
        "assumptions": [
            {"text": assumption.text, "excess": float(one.run.excess[assumption.text])}
            for assumption in bound.assumptions
        ],
        "file": file,
    }
