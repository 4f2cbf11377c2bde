"""A dataset folder of Hugging Face on disk, as ``save_to_disk`` writes it."""

from __future__ import annotations

from pathlib import Path

from ratecheck.theory.errors import InputError


def read_dataset(path: Path) -> list[str | bytes]:
    """Return the texts of the column ``text`` of the split ``train``, or of the only split.

    Raises
    ------
    InputError
        If the package `datasets` or the column is missing.
    """
    try:
        from datasets import load_from_disk
    except ImportError:
        raise InputError("a dataset folder needs the package datasets; run `pip install datasets`.") from None
    data = load_from_disk(str(path))
    if isinstance(data, dict):
        data = data.get("train") or next(iter(data.values()))
    if "text" not in data.column_names:
        raise InputError(f"{path} has the columns {data.column_names}, but a column called text is needed; rename one.")
    return list(data["text"])
