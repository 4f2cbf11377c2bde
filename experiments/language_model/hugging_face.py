"""A dataset folder of Hugging Face on disk, as ``save_to_disk`` writes it: Arrow streams and two small JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ratecheck.theory.errors import InputError

COLUMN = "text"
HELD_OUT = ("validation", "valid", "test")


def is_dataset(path: Path) -> bool:
    """Return whether a folder is one."""
    return any((path / name).exists() for name in ("dataset_dict.json", "dataset_info.json"))


def read_dataset(path: Path) -> tuple[list[str], list[str] | None]:
    """Return the texts to train on, and those to validate on where the dataset has a split for it.

    Raises
    ------
    InputError
        If the package `pyarrow` is missing, or the folder has no texts that can be read.
    """
    if not (path / "dataset_dict.json").exists():
        return _texts(path), None
    splits = _json(path / "dataset_dict.json").get("splits")
    if not isinstance(splits, list) or not splits:
        raise InputError(f"{path / 'dataset_dict.json'} names no splits; save the dataset anew.")
    train = "train" if "train" in splits else splits[0]
    held_out = next((name for name in HELD_OUT if name in splits and name != train), None)
    return _texts(path / train), None if held_out is None else _texts(path / held_out)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}); save the dataset anew.") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} does not describe a dataset; save it anew.")
    return content


def _texts(path: Path) -> list[str]:
    try:
        import pyarrow as arrow
    except ImportError:
        raise InputError("a dataset folder needs the package pyarrow; run `pip install ratecheck[text]`.") from None
    state = _json(path / "state.json")
    if state.get("_indices_data_files"):
        raise InputError(f"{path} is a selection of another dataset; flatten its indices and save it anew.")
    texts: list[str] = []
    for one in state.get("_data_files") or []:
        file = path / one["filename"]
        try:
            with arrow.memory_map(str(file)) as source, arrow.ipc.open_stream(source) as stream:
                names = stream.schema.names
                if COLUMN in names:
                    texts += (text for part in stream for text in part.column(COLUMN).to_pylist() if text)
        except (OSError, arrow.ArrowInvalid) as error:
            raise InputError(f"{file} is not a file of a dataset ({error}); save it anew.") from None
        if COLUMN not in names or not all(isinstance(text, str) for text in texts):
            raise InputError(f"{path} has the columns {names}, but a column of texts called {COLUMN} is needed.")
    return texts
