"""The result store: one file for each claim and key, written atomically, never stale or corrupt unnoticed."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ratecheck.experiments.digest import FORMAT
from ratecheck.experiments.run import ClaimRun
from ratecheck.theory.errors import InputError

_ARRAYS = ("steps", "calls", "values", "bound")
_NUMBERS = ("floor", "pvalue", "detectable")
_TEXTS = ("method", "problem")


class CorruptResultError(Exception):
    """A stored file that is truncated, foreign or of another format."""


def path_of(folder: Path, claim_id: str, key: str) -> Path:
    """Return where the run of a claim with a key is stored."""
    return folder / f"{claim_id}.{key[:16]}.npz"


def prepare(folder: Path) -> None:
    """Make the folder, see that it can be written, and sweep what a killed process left half-written.

    Raises
    ------
    InputError
        If the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for stray in folder.glob("*.partial"):
            shutil.rmtree(stray) if stray.is_dir() else stray.unlink()
        probe = folder / "probe.partial"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"the output folder {folder} cannot be written ({error.strerror}); name another with --out."
        ) from error


def save(folder: Path, claim_id: str, key: str, run: ClaimRun) -> None:
    """Store a run. The file appears whole or not at all, and its bytes depend on the run alone.

    Raises
    ------
    InputError
        If the disk is full or the folder has become unwritable; nothing stored before is lost.
    """
    header = {
        "format": FORMAT,
        "claim": claim_id,
        "key": key,
        "excess": {text: float(value).hex() for text, value in sorted(run.excess.items())},
        **{name: float(getattr(run, name)).hex() for name in _NUMBERS},
        **{name: getattr(run, name) for name in _TEXTS},
    }
    buffer = io.BytesIO()
    arrays = {name: getattr(run, name) for name in _ARRAYS}
    np.savez(buffer, header=np.array(json.dumps(header, sort_keys=True)), **arrays)
    write_whole(path_of(folder, claim_id, key), buffer.getvalue(), f"the result of {claim_id}")


def write_whole(path: Path, data: bytes | Callable[[BinaryIO], object], what: str) -> None:
    """Write a file that appears whole or not at all, even if the process or the machine dies.

    Parameters
    ----------
    path : Path
    data : bytes or callable
        The content, or a function that writes it to an open file, for what is too large to be held twice.
    what : str
        Names the file to the user.

    Raises
    ------
    InputError
        If the disk is full or the folder has become unwritable; nothing stored before is lost.
    """
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            data(file) if callable(data) else file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise InputError(
            f"{what} could not be written to {path.parent} ({error.strerror}); make room or name another folder with "
            "--out, and run the same command again: what is stored stays."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def load(folder: Path, claim_id: str, key: str) -> ClaimRun | None:
    """Return the stored run of a claim with a key, or None if there is none.

    Raises
    ------
    CorruptResultError
        If the file is there but truncated, foreign or of another format.
    """
    path = path_of(folder, claim_id, key)
    if not path.exists():
        return None
    header, arrays = read(path)
    if header["claim"] != claim_id or header["key"] != key:
        raise CorruptResultError(f"{path.name} holds the result of something else")
    fields: dict[str, Any] = {
        **arrays,
        **{name: float.fromhex(header[name]) for name in _NUMBERS},
        **{name: header[name] for name in _TEXTS},
        "excess": {text: float.fromhex(value) for text, value in header["excess"].items()},
    }
    return ClaimRun(**fields)


def read(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return the header and the arrays of a stored file.

    Raises
    ------
    CorruptResultError
        If it is truncated, foreign or of another format.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            arrays = {name: file[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CorruptResultError(f"{path.name} is truncated or not a result of ratecheck") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise CorruptResultError(f"{path.name} has another format than this version writes")
    return header, arrays


def digest(folder: Path) -> str:
    """Return a digest over names and bytes of every stored file."""
    total = hashlib.sha256()
    for path in sorted(folder.glob("*.npz")):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
