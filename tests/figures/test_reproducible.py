"""The same results give the same bytes: in another folder, another time zone, another order of sets."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ratecheck.figures.paper import build
from ratecheck.figures.paper.pictures import drawn
from ratecheck.figures.results import Results

CLAIMS = ("ns-01-max-coordinate", "sgg-two-clusters", "stosign-1c-tight")
NAMES = ("checker", "step-size", "a-mean")


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_figures_catalogue_and_report(folder: Path, tmp_path: Path) -> None:
    made = []
    for number, (place, zone) in enumerate((("here", "UTC"), ("there/far below", "Asia/Kathmandu"))):
        results, out = tmp_path / place / "results", tmp_path / place / "figures"
        shutil.copytree(folder, results)
        code = (
            "import sys; from pathlib import Path; from ratecheck.__main__ import main; "
            "from ratecheck.figures.report import write_report; "
            "write_report(Path(sys.argv[1]), Path(sys.argv[2]) / 'report.html'); "
            "sys.exit(main(['figures', *sys.argv[3:], '--out', sys.argv[1], '--to', sys.argv[2]]))"
        )
        environment = os.environ | {"PYTHONHASHSEED": str(number + 1), "TZ": zone}
        command = [sys.executable, "-c", code, str(results), str(out), *NAMES]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        made.append(digests(out))
    assert made[0] == made[1]
    assert {"index.html", "report.html", "step-size.pdf", "a-mean.svg", "checker-power.png"} <= set(made[0])


def test_verify_report_and_verdicts(tmp_path: Path) -> None:
    made = []
    for number, place in enumerate(("here", "there/far below")):
        out = tmp_path / place / "results"
        environment = os.environ | {"PYTHONHASHSEED": str(number + 1)}
        command = [sys.executable, "-m", "ratecheck", "verify", *CLAIMS, "--jobs", "1", "--out", str(out)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        made.append(digests(out))
    assert made[0] == made[1]
    assert len(made[0]) == len(CLAIMS) + 2


def test_paper_without_latex(stored: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "drawn", lambda results: itertools.islice(drawn(results), 3))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for place in ("here", "there/far below"):
        build.write(stored.folder, tmp_path / place)
    first = digests(tmp_path / "here")
    assert first == digests(tmp_path / "there" / "far below")
    assert {"generated/numbers.tex", "generated/figure-verdicts.pdf", "anc/numbers.json"} <= set(first)


def test_a_difference_would_be_seen(tmp_path: Path) -> None:
    for name, text in (("a", "1.0"), ("b", "1.0 ")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(text)
    assert digests(tmp_path / "a") != digests(tmp_path / "b")
