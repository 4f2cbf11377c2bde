"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from ratecheck.experiments.cores import usable_cores


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the folder of stored results."""
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="DIR", help="folder of results (default: results)"
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add the number of processes."""
    parser.add_argument("--jobs", type=int, default=usable_cores(), help="processes (default: all cores)")


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named, or raise `InputError`."""
    from ratecheck.theory.errors import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another file.") from error
