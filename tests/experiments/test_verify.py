"""The same results on any number of workers, and after a kill in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ratecheck.experiments import store
from ratecheck.experiments.selection import select
from ratecheck.experiments.verify import read_verdicts, verify

# Twelve claims of a second each (a slow method), stochastic where odd, so that a kill falls in the middle.
SLOW_FILE = '''
"""Claims that take a while."""

import time
from dataclasses import dataclass

import ratecheck as rc
from ratecheck.theory.bounds.nonsmooth import NS_01


@dataclass(frozen=True, slots=True)
class Slow:
    step_size: float
    pause: float

    def init(self, x):
        return None

    def step(self, x, state, oracle):
        time.sleep(self.pause)
        return x - self.step_size * oracle.subgradient(x) + 1e-9 * (oracle.uniform(x.shape[1]) - 0.5), state


def claim(i):
    def method(facts, horizon):
        return Slow(facts["radius"] / (facts["lipschitz"] * (horizon + 1) ** 0.5), 0.02)

    return rc.Claim(id=f"slow-{i}", title="slow", bound=NS_01, problem=rc.testbeds.worst_case.MaxCoordinate,
                    method=method, horizons=(10 + i,), tags=("user",))


CLAIMS = [claim(i) for i in range(12)]
'''


@pytest.fixture
def slow_file(tmp_path: Path) -> Path:
    path = tmp_path / "slow.py"
    path.write_text(SLOW_FILE)
    return path


def fields_but_seconds(records: tuple[dict, ...]) -> str:
    return json.dumps([{k: v for k, v in record.items() if k != "seconds"} for record in records])


def test_any_number_of_workers_gives_the_same_results(tmp_path: Path) -> None:
    chosen = select((), "quick")[:24]
    alone = verify(chosen, tmp_path / "one", jobs=1)
    together = verify(chosen, tmp_path / "two", jobs=2)
    assert fields_but_seconds(alone.records) == fields_but_seconds(together.records)
    assert store.digest(tmp_path / "one") == store.digest(tmp_path / "two")


def test_another_seed_gives_another_run_only_where_there_is_chance(tmp_path: Path) -> None:
    chosen = select(["ns-01-max-coordinate"])
    first = verify(chosen, tmp_path, seed=0)
    second = verify(chosen, tmp_path, seed=1)
    assert first.records[0]["tightness"] == second.records[0]["tightness"]
    assert first.records[0]["key"] != second.records[0]["key"]


def test_stored_runs_are_used_again(tmp_path: Path) -> None:
    chosen = select(["ns-01-max-coordinate"])
    verify(chosen, tmp_path)
    assert verify(chosen, tmp_path).records[0]["seconds"] == 0.0


def test_a_killed_run_is_finished_to_the_same_bytes(tmp_path: Path, slow_file: Path) -> None:
    command = [sys.executable, "-m", "ratecheck", "verify", str(slow_file), "--jobs", "2", "--out"]
    interrupted, whole = tmp_path / "interrupted", tmp_path / "whole"
    process = subprocess.Popen(
        [*command, str(interrupted)], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(list(interrupted.glob("*.npz"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    survived = {path.name: path.stat().st_mtime_ns for path in interrupted.glob("*.npz")}
    assert 3 <= len(survived) < 12
    (interrupted / "half.npz.123.partial").write_bytes(b"left by the kill")
    subprocess.run([*command, str(interrupted)], check=True, capture_output=True)
    subprocess.run([*command, str(whole)], check=True, capture_output=True)
    assert store.digest(interrupted) == store.digest(whole)
    assert (interrupted / "verdicts.json").read_bytes() == (whole / "verdicts.json").read_bytes()
    assert not list(interrupted.glob("*.partial"))
    for name, written in survived.items():
        assert (interrupted / name).stat().st_mtime_ns == written, f"{name} was computed twice"


def test_a_corrupt_result_is_run_again_and_said_so(tmp_path: Path) -> None:
    chosen = select(["ns-01-max-coordinate"])
    verify(chosen, tmp_path)
    before = store.digest(tmp_path)
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:100])
    report = verify(chosen, tmp_path)
    assert "truncated" in report.notices[0]
    assert store.digest(tmp_path) == before


def test_verdicts_of_other_claims_stay(tmp_path: Path) -> None:
    verify(select(["ns-01-max-coordinate"]), tmp_path)
    other = next(one for one in select((), "quick") if one.claim.id != "ns-01-max-coordinate")
    verify([other], tmp_path)
    assert {entry["id"] for entry in read_verdicts(tmp_path)} == {"ns-01-max-coordinate", other.claim.id}
