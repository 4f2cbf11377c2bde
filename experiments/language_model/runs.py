"""Many short runs at once: one process for each core, every finished run stored under a key of its own content."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from ratecheck.experiments.digest import code_digest
from ratecheck.experiments.language_model.history import Record
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.store import write_whole
from ratecheck.theory.errors import require_count

FOLDER = "language-model"
_CODE = "ratecheck.experiments.language_model.train"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Parameters
    ----------
    setup : Setup
    records : tuple of Record
        Empty after the step at which the loss stopped being finite.
    diverged : int or None
        That step.
    flushed : dict
        Share of entries that low precision set to zero, by name of state, for each step.
    seconds : float
        CPU time.
    device : str
        Name of the hardware.
    """

    setup: Setup
    records: tuple[Record, ...]
    diverged: int | None
    flushed: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    device: str = "cpu"

    @property
    def excess(self) -> float:
        """Excess loss at the end, or validation loss where there is no exact predictor; infinite if it diverged."""
        if self.diverged is not None:
            return math.inf
        last = self.records[-1]
        return last.validation if math.isnan(last.excess) else last.excess


def run_key(setup: Setup) -> str:
    """Return the key under which a run is stored: its configuration and the code that computes it."""
    text = setup.to_json() + code_digest([_CODE])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Workers:
    """Processes that train, started at the first run that is not stored, and kept for the next ones.

    Parameters
    ----------
    out : Path
        Folder of results; runs are stored in its folder ``language-model``.
    jobs : int
        Processes; 1 works in this one.
    on_done : callable, optional
        Called with each run as it ends.
    """

    def __init__(self, out: Path, jobs: int, on_done: Callable[[Run], None] | None = None) -> None:
        require_count("jobs", jobs)
        self._out = out
        self._jobs = jobs
        self._on_done = on_done or (lambda run: None)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *details: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def run(self, setups: Sequence[Setup]) -> dict[str, Run]:
        """Run what is not stored yet and return every run by its key."""
        found: dict[str, Run] = {}
        missing: dict[str, Setup] = {}
        for setup in setups:
            key = run_key(setup)
            stored = _load(self._out, key)
            if stored is None:
                missing[key] = setup
            else:
                found[key] = stored
                self._on_done(stored)
        for key, run in self._computed(missing):
            _store(self._out, key, run)
            found[key] = run
            self._on_done(run)
        return found

    def _computed(self, missing: dict[str, Setup]) -> Iterator[tuple[str, Run]]:
        if self._jobs == 1 or not missing:
            for key, setup in missing.items():
                yield key, run_one(setup)
            return
        if self._pool is None:
            # Processes that are forked after torch has started threads can hang; fresh ones cannot.
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=multiprocessing.get_context("spawn"))
        waiting = {self._pool.submit(run_one, setup): key for key, setup in missing.items()}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def run_one(setup: Setup) -> Run:
    """Train one model on one thread."""
    import time

    import torch

    from ratecheck.experiments.language_model.train import DivergenceError, begin, train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    try:
        training = begin(setup)
        diverged = None
        try:
            train(training)
        except DivergenceError as error:
            diverged = error.step
        device = torch.cuda.get_device_name() if training.device.type == "cuda" else "cpu"
        history = training.history
        seconds = time.process_time() - start
        return Run(setup, tuple(history.records), diverged, history.flushed, seconds, device)
    finally:
        torch.set_num_threads(threads)


def _path(out: Path, key: str) -> Path:
    return out / FOLDER / f"{key}.json"


def _store(out: Path, key: str, run: Run) -> None:
    data = dataclasses.asdict(run) | {"setup": run.setup.to_json()}
    write_whole(_path(out, key), json.dumps(data).encode(), "a run")


def _load(out: Path, key: str) -> Run | None:
    """Return a stored run; one that is truncated counts as missing and is run again."""
    try:
        data = json.loads(_path(out, key).read_text())
        records = tuple(Record(**one) for one in data["records"])
        setup = Setup.from_json(data["setup"])
        return Run(setup, records, data["diverged"], data["flushed"], data["seconds"], data["device"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
