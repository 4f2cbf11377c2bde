"""Builds the book: the sources under docs/, staged in a temporary folder, by Sphinx in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ratecheck
from ratecheck.theory.errors import InputError, require_count

SOURCES = Path(ratecheck.__file__).parents[1] / "docs"
NEEDED = ("sphinx", "myst_nb", "furo", "jupytext", "nbclient", "ipykernel")
_MARK = "objects.inv"  # every book that Sphinx has built holds one


@dataclass(frozen=True, slots=True)
class Book:
    """The first page of a book that was built, and what a reader must know about it."""

    index: Path
    notice: str


def build(to: Path, results: Path, *, jobs: int = 1, sources: Path = SOURCES, execute: bool = True) -> Book:
    """Build the book.

    Parameters
    ----------
    to : Path
        Folder of the book. One that an earlier call has built is replaced.
    results : Path
        Stored results; without any, claims are shown without verdicts.
    jobs : int
        Processes; the bytes of the book do not depend on it.
    sources : Path
        Folder of ``conf.py``.
    execute : bool
        False leaves the lessons' outputs out.

    Raises
    ------
    InputError
        If packages are missing, the sources are not there, stored results cannot be read, `to` holds something else or
        cannot be written, or a lesson fails.
    """
    require_count("jobs", jobs)
    _require_packages(NEEDED)
    if not (sources / "conf.py").is_file():
        raise InputError(
            f"the sources of the book are not at {sources}: they are part of the repository, not of the installed "
            "package; run `ratecheck book` in a checkout that is installed with `pip install -e .`."
        )
    if to.exists() and not (to.is_dir() and ((to / _MARK).exists() or not any(to.iterdir()))):
        raise InputError(f"{to} exists and is not a book; name another folder with --to.")
    notice = _checked(results)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".book-") as work:
            built = _sphinx(Path(work), sources, None if notice else results, jobs, execute)
            if to.exists():
                shutil.rmtree(to)
            shutil.move(built, to)
    except OSError as error:
        raise InputError(f"{to} cannot be written ({error.strerror}); name another folder with --to.") from error
    return Book(to / "index.html", notice)


def _require_packages(names: Sequence[str]) -> None:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"the book needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            "run `pip install 'ratecheck[docs]'`."
        )


def _checked(results: Path) -> str:
    """Return a notice if there are no results; raise `InputError` if there are some that cannot be read."""
    if not (results / "verdicts.json").exists():
        return f"{results} holds no results, so claims are shown without verdicts; run `ratecheck verify` for them."
    import json

    try:
        entries = json.loads((results / "verdicts.json").read_text())
        missing = [entry["id"] for entry in entries if not (results / entry["file"]).exists()]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{results / 'verdicts.json'} cannot be read; run `ratecheck verify` again.") from error
    if missing:
        raise InputError(f"the run of {missing[0]} is missing from {results}; run `ratecheck verify` again.")
    return ""


def _sphinx(work: Path, sources: Path, results: Path | None, jobs: int, execute: bool) -> Path:
    source, out = work / "source", work / "book"
    ignored = shutil.ignore_patterns("__pycache__", "reference", "_build", ".ipynb_checkpoints")
    shutil.copytree(sources, source, ignore=ignored)
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "0",
        "PYTHONHASHSEED": "0",
        "PYTHONWARNINGS": "ignore",
        "TMPDIR": str(work),
        "RATECHECK_BOOK_RESULTS": str(results.resolve()) if results else "",
        "RATECHECK_BOOK_EXECUTION": "force" if execute else "off",
    }
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-T",
        "-W",
        "--keep-going",
        "-j",
        str(jobs),
        "-b",
        "html",
        "-d",
        str(work / "doctrees"),
    ]
    done = subprocess.run([*command, str(source), str(out)], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise InputError(f"the book could not be built: {_reason(done.stderr)}")
    (out / ".buildinfo").unlink(missing_ok=True)
    return out


def _reason(output: str) -> str:
    """Return what went wrong, from the output of Sphinx: the lesson and its error, or the last line that says so."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    lesson = re.search(r"ExecutionError: .*/(\S+)\.py", output)
    inner = [line for line in errors if "ExecutionError" not in line]
    warned = [line for line in lines if "WARNING:" in line]
    if lesson and inner:
        return f"the lesson {lesson[1]} stopped with {inner[-1].rstrip('.')}."
    if warned and not errors:
        more = f" and {len(warned) - 1} more" if len(warned) > 1 else ""
        return f"Sphinx warns of {warned[0].rpartition('/source/')[2].replace('WARNING: ', '').rstrip('.')}{more}."
    said = [line for line in (errors or lines) if line]
    return (said or ["Sphinx stopped without a word."])[-1]
