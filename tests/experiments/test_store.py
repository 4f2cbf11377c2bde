"""Stored results are whole, current, and what they say they are."""

from __future__ import annotations

import dataclasses
import errno
import os
from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments import store
from ratecheck.experiments.digest import canonical, content_key
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.run import ClaimRun, run_claim
from ratecheck.theory.errors import InputError

CLAIM = claims()["ns-01-max-coordinate"]
KEY = "0" * 64


@pytest.fixture(scope="module")
def run() -> ClaimRun:
    return run_claim(CLAIM, 0)


def test_a_run_comes_back_bit_for_bit(tmp_path: Path, run: ClaimRun) -> None:
    store.save(tmp_path, CLAIM.id, KEY, run)
    back = store.load(tmp_path, CLAIM.id, KEY)
    assert back is not None
    for field in dataclasses.fields(ClaimRun):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(run, field.name))


def test_bytes_depend_on_the_run_alone(tmp_path: Path, run: ClaimRun) -> None:
    digests = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        store.save(folder, CLAIM.id, KEY, run)
        digests.append(store.digest(folder))
    assert digests[0] == digests[1]


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_noticed(tmp_path: Path, run: ClaimRun, keep: float) -> None:
    store.save(tmp_path, CLAIM.id, KEY, run)
    path = store.path_of(tmp_path, CLAIM.id, KEY)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep >= 1 or keep == 0 else keep * len(data))])
    with pytest.raises(store.CorruptResultError):
        store.load(tmp_path, CLAIM.id, KEY)


def test_one_flipped_bit_is_noticed(tmp_path: Path, run: ClaimRun) -> None:
    store.save(tmp_path, CLAIM.id, KEY, run)
    path = store.path_of(tmp_path, CLAIM.id, KEY)
    data = bytearray(path.read_bytes())
    position = data.index(run.values.tobytes()) + 3
    data[position] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(store.CorruptResultError):
        store.load(tmp_path, CLAIM.id, KEY)


def test_a_foreign_file_is_noticed(tmp_path: Path, run: ClaimRun) -> None:
    np.savez(store.path_of(tmp_path, CLAIM.id, KEY), weights=np.ones(3))
    with pytest.raises(store.CorruptResultError):
        store.load(tmp_path, CLAIM.id, KEY)
    store.save(tmp_path, "another-claim", KEY, run)
    os.replace(store.path_of(tmp_path, "another-claim", KEY), store.path_of(tmp_path, CLAIM.id, KEY))
    with pytest.raises(store.CorruptResultError):
        store.load(tmp_path, CLAIM.id, KEY)


def test_a_full_disk_loses_nothing(tmp_path: Path, run: ClaimRun, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(tmp_path, CLAIM.id, KEY, run)
    before = store.digest(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        store.save(tmp_path, CLAIM.id, "1" * 64, run)
    assert store.digest(tmp_path) == before
    assert not list(tmp_path.glob("*.partial"))


def test_half_written_files_are_swept(tmp_path: Path) -> None:
    (tmp_path / "x.123.partial").write_bytes(b"half")
    store.prepare(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_key_tells_configurations_apart() -> None:
    key = content_key(CLAIM, 0)
    assert content_key(CLAIM, 0) == key
    assert content_key(CLAIM, 1) != key
    assert content_key(dataclasses.replace(CLAIM, horizons=(1, 2)), 0) != key
    assert (
        content_key(dataclasses.replace(CLAIM, bound=dataclasses.replace(CLAIM.bound, kind="deterministic")), 0) == key
    )
    # What is only said about a claim is not what is run.
    assert content_key(dataclasses.replace(CLAIM, title="other words"), 0) == key


def test_canonical_tells_types_apart() -> None:
    texts = {repr(canonical(value)) for value in (1, 1.0, "1", True, None, (1,), {"1": 1}, np.ones(1), np.ones(1, int))}
    assert len(texts) == 9


def test_canonical_sees_what_a_function_captured() -> None:
    def scaled(factor: float):  # type: ignore[no-untyped-def]
        return lambda x: factor * x

    assert canonical(scaled(1.0)) != canonical(scaled(2.0))
    assert canonical(lambda x, c=1: x) != canonical(lambda x, c=2: x)


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be told apart"):
        canonical(object())
