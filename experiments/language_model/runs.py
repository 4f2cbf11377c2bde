"""Many short runs at once: one process for each core, every finished run stored under a key of its own content."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import math
import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ratecheck.experiments.digest import code_digest
from ratecheck.experiments.language_model.history import Record
from ratecheck.experiments.language_model.setup import Setup
from ratecheck.experiments.store import write_whole
from ratecheck.theory.errors import require_count

FOLDER = "language-model"
_LOG = logging.getLogger("ratecheck.language_model")
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
    batches : list of int
        Sequences of each step where batches grow.
    scales : dict
        Mean, smallest and largest scale over the parameters at the end, where gradients are grouped.
    """

    setup: Setup
    records: tuple[Record, ...]
    diverged: int | None
    flushed: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    device: str = "cpu"
    batches: list[int] = field(default_factory=list)
    scales: dict[str, float] = field(default_factory=dict)

    @property
    def excess(self) -> float:
        """Excess loss at the end, or validation loss where there is no exact predictor; infinite if it diverged."""
        if self.diverged is not None:
            return math.inf
        return _shown(self.records[-1])

    @property
    def first_excess(self) -> float:
        """Excess loss before the first step."""
        return _shown(self.records[0])

    @property
    def sequences(self) -> int:
        """Sequences whose gradient was taken."""
        return self.records[-1].tokens // self.setup.shape.context


def _shown(record: Record) -> float:
    return record.validation if math.isnan(record.excess) else record.excess


def run_key(setup: Setup) -> str:
    """Return the key under which a run is stored: its configuration and the code that computes it."""
    text = setup.to_json() + code_digest([_CODE])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


Result = TypeVar("Result")
Plan = Generator[Sequence[Setup], dict[str, Run], Result]
"""Yields the runs that it needs next, is sent them by their keys, and returns a result in the end."""


class Workers:
    """Processes that train, started at the first run that is not stored, and kept for the next ones.

    Parameters
    ----------
    out : Path
        Folder of results; runs are stored in its folder ``language-model``.
    jobs : int
        Processes; 1 works in this one.
    on_done : callable, optional
        Called with each run as it ends; by default it is told to the logger ``ratecheck.language_model``.
    """

    def __init__(self, out: Path, jobs: int, on_done: Callable[[Run], None] | None = None) -> None:
        require_count("jobs", jobs)
        self._out = out
        self._jobs = jobs
        self._on_done = on_done or _log
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *details: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def run(self, setups: Sequence[Setup]) -> dict[str, Run]:
        """Run what is not stored yet and return every run by its key."""
        return self.follow([once(setups)])[0]

    def follow(self, plans: Sequence[Plan[Result]]) -> list[Result]:
        """Advance plans side by side, each as soon as the runs that it waits for are there, and return their results.

        No process waits while any plan has runs to do; a run that two plans need is done once.
        """
        found: dict[str, Run] = {}
        results: dict[int, Result] = {}
        needed: dict[int, list[str]] = {}
        queue: dict[str, Setup] = {}

        def ask(index: int, answer: dict[str, Run] | None) -> None:
            try:
                setups = next(plans[index]) if answer is None else plans[index].send(answer)
            except StopIteration as end:
                results[index] = end.value
                needed.pop(index, None)
                return
            wanted = {run_key(setup): setup for setup in setups}
            needed[index] = list(wanted)
            queue.update({key: setup for key, setup in wanted.items() if key not in found})

        for index in range(len(plans)):
            ask(index, None)
        doing = self._computed(queue)
        while needed:
            ready = [index for index, keys in needed.items() if all(key in found for key in keys)]
            for index in ready:
                ask(index, {key: found[key] for key in needed[index]})
            if not ready:
                key, run = next(doing)
                found[key] = run
                self._on_done(run)
        return [results[index] for index in range(len(plans))]

    def _computed(self, queue: dict[str, Setup]) -> Iterator[tuple[str, Run]]:
        """Yield runs by key, stored ones first, while `queue` may still grow; each key once."""
        started: set[str] = set()
        waiting: dict[Future[Run], str] = {}
        while True:
            for key in [key for key in queue if key not in started]:
                started.add(key)
                stored, before = _load(self._out, key), queue[key].pretrained
                if stored is None and before is not None:
                    pretrained(self._out, before)  # here, or every process would train it for itself
                if stored is not None:
                    yield key, stored
                elif self._jobs == 1:
                    yield key, run_and_store(self._out, key, queue[key])
                else:
                    waiting[self._processes().submit(run_and_store, self._out, key, queue[key])] = key
            if waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield waiting.pop(future), future.result()

    def _processes(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Processes that are forked after torch has started threads can hang; fresh ones cannot.
            self._pool = ProcessPoolExecutor(self._jobs, mp_context=multiprocessing.get_context("spawn"))
        return self._pool


def _log(run: Run) -> None:
    recipe, words = run.setup.recipe, "%s, batch %d, step size %.3g, seed %d: %.4f"
    _LOG.info(words, recipe.optimizer, recipe.batch, recipe.step_size, recipe.seed, run.excess)


def once(setups: Sequence[Setup]) -> Plan[dict[str, Run]]:
    """Return the plan that wants these runs and is content with them."""
    return (yield setups)


def run_and_store(out: Path, key: str, setup: Setup) -> Run:
    """Train one model and store the run."""
    run = run_one(setup, None if setup.pretrained is None else pretrained(out, setup.pretrained))
    _store(out, key, run)
    return run


def pretrained(out: Path, setup: Setup) -> Path:
    """Return the folder with the weights of a run, which is trained if they are not stored."""
    from ratecheck.experiments.language_model import checkpoint
    from ratecheck.experiments.language_model.train import begin, train
    from ratecheck.theory.errors import InputError

    folder = out / FOLDER / run_key(setup)
    try:
        checkpoint.load(folder)
    except InputError:
        weights = None if setup.pretrained is None else pretrained(out, setup.pretrained)
        with _one_thread():
            train(begin(setup, weights=weights), folder)
    return folder


def run_one(setup: Setup, weights: Path | None = None) -> Run:
    """Train one model on one thread, from the weights of a folder if it is given."""
    import time

    import torch

    from ratecheck.experiments.language_model.optimizers.grouped import scales_of
    from ratecheck.experiments.language_model.train import DivergenceError, begin, train

    with _one_thread():
        start = time.process_time()
        training = begin(setup, weights=weights)
        diverged = None
        try:
            train(training)
        except DivergenceError as error:
            diverged = error.step
        device = torch.cuda.get_device_name() if training.device.type == "cuda" else "cpu"
        history = training.history
        return Run(
            setup,
            tuple(history.records),
            diverged,
            history.flushed,
            time.process_time() - start,
            device,
            history.batches,
            scales_of(training.optimizer),
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Take one thread: threads that wait for each other on a busy machine are slower than none."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
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
        data: dict[str, Any] = json.loads(_path(out, key).read_text())
        records = tuple(Record(**one) for one in data.pop("records"))
        return Run(setup=Setup.from_json(data.pop("setup")), records=records, **data)
    except (OSError, ValueError, KeyError, TypeError):
        return None
