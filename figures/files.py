"""Stored array files: arrays and a JSON header, read and checked."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.theory.errors import InputError

FORMAT = 1  # of a stored file; a test holds it against the format that the store writes


class MissingResultError(InputError):
    """The results that a figure needs are not stored; the sentence says which command makes them."""


def read(
    path: Path, again: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the arrays of a stored file.

    Parameters
    ----------
    path : Path
    again : str
        What to do if the file cannot be used, to end the sentence with.
    needed, optional : tuple of str
        Names of arrays.

    Raises
    ------
    InputError
        If the file is missing, truncated, foreign or of another version.
    """
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
