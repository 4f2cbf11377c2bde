"""A user's data in svmlight or CSV form, with every complaint in one sentence."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from ratecheck.testbeds.svmlight import read_svmlight, two_classes
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError

MIN_ROWS = 10
SVMLIGHT = (".svm", ".svmlight", ".libsvm", ".dat")


def read_data(path: Path | str) -> tuple[FloatArray, FloatArray]:
    """Return features, shape (samples, features), and the targets, shape (samples,), of a data file.

    Parameters
    ----------
    path : path
        A CSV file (comma, semicolon or tab; optional header; the target is in the last column), or a file in svmlight
        form, told by its suffix (.svm, .svmlight, .libsvm, .dat) or by its first line.

    Raises
    ------
    InputError
        If the file is missing, empty, ragged, not numeric, holds NaN, a constant column, or too few rows.
    """
    path = Path(path)
    lines = _lines(path)
    if path.suffix in SVMLIGHT or ":" in lines[0].split("#")[0]:
        features, targets = _svmlight(path)
    else:
        features, targets = _csv(path, lines)
    _require_usable(path, features, targets)
    return features, targets


def is_classification(targets: FloatArray) -> bool:
    """Return whether the targets are two classes, so that hinge and logistic loss apply."""
    return len(np.unique(targets)) == 2


def as_labels(path: Path | str, targets: FloatArray) -> FloatArray:
    """Return the targets as -1 and +1; raise `InputError` unless they are two classes."""
    return two_classes(targets, f"the last column of {Path(path).name}")


def _lines(path: Path) -> list[str]:
    if not path.exists():
        raise InputError(f"there is no file {path}; give the path of a data file in CSV or svmlight form.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the path of a data file in CSV or svmlight form.")
    try:
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file; give data in CSV or svmlight form.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give a file that can.") from error
    if not lines:
        raise InputError(f"{path} is empty; give a data file with at least {MIN_ROWS} rows.")
    return lines


def _svmlight(path: Path) -> tuple[FloatArray, FloatArray]:
    from sklearn.datasets import load_svmlight_file

    try:
        features, targets = load_svmlight_file(str(path))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not in svmlight form ({error}); each line must read 'label index:value index:value ...'."
        ) from error
    return features.toarray(), targets


def _csv(path: Path, lines: list[str]) -> tuple[FloatArray, FloatArray]:
    delimiter = max(",;\t", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=delimiter))
    if not _numeric(rows[0]):
        rows = rows[1:]
    if not rows:
        raise InputError(f"{path} holds a header and no data; give at least {MIN_ROWS} rows.")
    width = len(rows[0])
    if width < 2:
        raise InputError(f"{path} has one column; it needs at least one feature and, last, the target.")
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise InputError(f"data row {number} of {path} has {len(row)} columns, but the first has {width}; mend it.")
    table = np.array([[_number(path, i, j, cell) for j, cell in enumerate(row, 1)] for i, row in enumerate(rows, 1)])
    return table[:, :-1], table[:, -1]


def _numeric(cells: list[str]) -> bool:
    try:
        [float(cell) for cell in cells]
    except ValueError:
        return False
    return True


def _number(path: Path, row: int, column: int, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise InputError(
            f"row {row}, column {column} of {path} reads {cell.strip()!r}, but every entry must be a number; "
            "encode categories as numbers first."
        ) from None


def _require_usable(path: Path, features: FloatArray, targets: FloatArray) -> None:
    table = np.column_stack([features, targets])
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0] + 1
        raise InputError(f"row {row}, column {column} of {path} is NaN or infinite; fill in or drop the row.")
    if len(table) < MIN_ROWS:
        raise InputError(f"{path} has {len(table)} rows, but at least {MIN_ROWS} are needed for a mean loss.")
    constant = np.flatnonzero(np.ptp(features, axis=0) == 0)
    if constant.size:
        raise InputError(
            f"column {constant[0] + 1} of {path} has the same value in every row; drop it, since it cannot be scaled."
        )
    if np.ptp(targets) == 0:
        raise InputError(f"every target of {path} is {targets[0]:g}; give data whose last column varies.")


__all__ = ["as_labels", "is_classification", "read_data", "read_svmlight"]
