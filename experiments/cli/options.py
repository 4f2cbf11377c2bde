"""Options that several commands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the folder of stored results."""
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder of results (default: results)"
    )


def default_jobs() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named, or raise `InputError`."""
    from ratecheck.theory.errors import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another file.") from error
