"""``ratecheck paper``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser("paper", help="write the paper from stored results (LaTeX)")
    parser.add_argument(
        "--out",
        "--results",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder of results (default: results)",
    )
    parser.add_argument(
        "--to", type=Path, default=Path("reports/paper"), metavar="DIR", help="where it goes (default: reports/paper)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; a complaint of LaTeX counts as a failure."""
    from ratecheck.figures.paper.build import write

    paper = write(options.out, options.to)
    print(paper.pdf if paper.pdf else options.to)
    for notice in paper.notices:
        print(f"note: {notice}", file=sys.stderr)
    for problem in paper.problems:
        print(f"LaTeX: {problem}", file=sys.stderr)
    return 1 if paper.problems else 0
