"""From stored results to a folder that arXiv takes: sources, numbers, tables, pictures, and the PDF where LaTeX is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ratecheck.figures.canvas import save
from ratecheck.figures.paper.language import FILE as LANGUAGE
from ratecheck.figures.paper.language import Findings, experiments, load_findings, section
from ratecheck.figures.paper.numbers import constants, groups, macros, numbers
from ratecheck.figures.paper.outcomes import outcomes
from ratecheck.figures.paper.pictures import drawn, language_pictures
from ratecheck.figures.paper.planted import planted_faults
from ratecheck.figures.paper.studies import study_numbers
from ratecheck.figures.paper.tables import tables
from ratecheck.figures.results import VERDICTS, Results, load_results
from ratecheck.theory.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCES = CHECKOUT / "paper"
RECORDED = SOURCES / "recorded"
NAME = "paper"
PACKAGES = (
    "latexmk texlive-latex-base texlive-latex-recommended texlive-fonts-recommended lmodern texlive-latex-extra "
    "texlive-science"
)
DATE = "1767225600"  # the clock of the PDF, 1 January 2026, so that equal results give equal bytes
_LEFT_OVER = ("aux", "fdb_latexmk", "fls", "out", "blg", "toc")  # after a run
_STALE = (*_LEFT_OVER, "bbl", "log", "pdf")  # before it
_USED = re.compile(r"\\val\{([^}]*)\}")
_PROBLEM = re.compile(r"^(?:(?:Over|Under)full \\hbox.*|.*undefined.*|.*multiply defined.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Paper:
    """What was written.

    Parameters
    ----------
    sources : tuple of Path
    pdf : Path or None
        None without LaTeX.
    notices : tuple of str
        Sentences about what is missing.
    problems : tuple of str
        What LaTeX complains about: undefined references, boxes that are too full.
    """

    sources: tuple[Path, ...]
    pdf: Path | None
    notices: tuple[str, ...]
    problems: tuple[str, ...]


def source_files(folder: Path = SOURCES) -> list[Path]:
    """Return the LaTeX sources.

    Raises
    ------
    InputError
        If the package was installed without them.
    """
    found = sorted([*folder.rglob("*.tex"), *folder.rglob("*.bib")])
    if not found:
        raise InputError(f"{folder} holds no LaTeX sources; run the command from a checkout with an editable install.")
    return found


def used_keys(sources: Iterable[Path]) -> set[str]:
    """Return the keys of all numbers that the sources print."""
    return {key for path in sources for key in _USED.findall(path.read_text(encoding="utf-8")) if "#" not in key}


def write(results: Path, to: Path) -> Paper:
    """Write the paper from stored results, and compile it where LaTeX is installed.

    Parameters
    ----------
    results : Path
        Folder of stored results.
    to : Path
        Folder to write.

    Raises
    ------
    InputError
        If results or sources are missing, a folder cannot be written, or LaTeX fails.
    """
    stored = load_results(results)
    originals = source_files()
    language = load_findings(results, RECORDED)
    curves = {} if language is None else language_pictures(language.folder)
    parts = _generated(stored, originals, language, curves)
    try:
        (to / "generated").mkdir(parents=True, exist_ok=True)
        (to / "anc").mkdir(exist_ok=True)
        written = [_copied(path, to / path.relative_to(SOURCES)) for path in originals]
        for name, text in parts.texts.items():
            path = to / "generated" / f"{name}.tex"
            path.write_text(text, encoding="utf-8")
            written.append(path)
        _write_ancillary(to / "anc", results, parts.numbers, language)
    except OSError as error:
        raise InputError(f"the folder {to} cannot be written ({error.strerror}); name another with --to.") from error
    notices = list(parts.notices)
    for stale in (to / "generated").glob("figure-*.pdf"):
        stale.unlink()
    for name, figure in (*drawn(stored), *curves.items()):
        if figure is None:
            notices.append(f"picture {name} is left out, its results are not stored; `ratecheck study` makes them.")
        else:
            written += save(figure, to / "generated" / f"figure-{name}", ("pdf",))
    if shutil.which("latexmk") is None or shutil.which("pdflatex") is None:
        notices.append(f"LaTeX is not installed, so only the sources are written; on Debian install {PACKAGES}.")
        return Paper(tuple(written), None, tuple(notices), ())
    return Paper(tuple(written), to / f"{NAME}.pdf", tuple(notices), compiled(to))


@dataclass(frozen=True, slots=True)
class _Generated:
    """What is made from results: texts by file name, numbers by key, and sentences about what is left out."""

    texts: dict[str, str]
    numbers: dict[str, str]
    notices: tuple[str, ...]


def _generated(
    stored: Results, originals: Iterable[Path], language: Findings | None, curves: Iterable[str]
) -> _Generated:
    sources = [path.read_text(encoding="utf-8") for path in originals]
    faults = planted_faults(CHECKOUT / "tests" / "experiments")
    extra = constants(faults) | dict(study_numbers(stored.folder))
    found = numbers(used_keys(originals), stored.claims, extra)
    verdicts, notices = outcomes(sources, stored.claims, groups(stored.claims))
    texts = {"numbers": macros(found) + verdicts}
    texts |= {f"table-{name}": text for name, text in tables(stored.claims, faults, stored.folder).items()}
    texts |= {"language": section(language, curves), "table-language": experiments(language)}
    return _Generated(texts, found, notices)


def _copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    return target


def _write_ancillary(folder: Path, results: Path, found: Mapping[str, str], language: Findings | None) -> None:
    (folder / VERDICTS).write_bytes((results / VERDICTS).read_bytes())
    (folder / LANGUAGE).unlink(missing_ok=True)
    if language is not None:
        (folder / LANGUAGE).write_bytes((language.folder / LANGUAGE).read_bytes())
    (folder / "numbers.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def compiled(folder: Path) -> tuple[str, ...]:
    """Run LaTeX in a folder and return what it complains about; the PDF and the bibliography stay beside the sources.

    Raises
    ------
    InputError
        If LaTeX fails; the sentence gives its first error.
    """
    environment = os.environ | {"SOURCE_DATE_EPOCH": DATE, "FORCE_SOURCE_DATE": "1", "max_print_line": "1000"}
    # After a failed or cleaned run latexmk trusts files that are no longer right.
    for suffix in _STALE:
        (folder / f"{NAME}.{suffix}").unlink(missing_ok=True)
    command = ["latexmk", "-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error", f"{NAME}.tex"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace")
    log = folder / f"{NAME}.log"
    text = log.read_text(encoding="latin-1") if log.exists() else done.stdout
    if done.returncode:
        first = next((line for line in text.splitlines() if line.startswith("!")), done.stdout[-200:].strip())
        raise InputError(f"LaTeX fails on {folder / NAME}.tex ({first.lstrip('! ')}); {log} says where.")
    for suffix in _LEFT_OVER:
        (folder / f"{NAME}.{suffix}").unlink(missing_ok=True)
    return tuple(line for line in dict.fromkeys(_PROBLEM.findall(text)) if not line.startswith("Underfull"))
