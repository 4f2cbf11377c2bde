"""The linter, the formatter and the type checker are clean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("theory", "testbeds", "experiments", "figures")


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    run("ruff", "format", "--check", ".")


def test_types_are_clean() -> None:
    # A folder of links shows the rooms to the type checker as what they are once installed: ratecheck.<room>.
    links = ROOT / ".typings" / "ratecheck"
    links.mkdir(parents=True, exist_ok=True)
    for target in [*(ROOT / room for room in ROOMS), *(ROOT / "ratecheck").glob("*.py*")]:
        link = links / target.name
        if target.suffix != ".pyc" and target.name != "__pycache__" and not link.is_symlink():
            link.symlink_to(target)
    run("mypy", "-p", "ratecheck")
