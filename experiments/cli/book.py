"""``ratecheck book``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ratecheck.experiments.cli.options import add_jobs, add_results


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "book",
        help="build the book: lessons that run, and reference pages of all methods, problems, bounds and claims",
        description="Runs the lessons and builds a book that opens from disk. Claims are shown with their verdicts and "
        "pictures if the folder of results holds any.",
    )
    parser.add_argument("--to", type=Path, default=Path("reports/book"), metavar="DIR", help="where the book goes")
    add_jobs(parser)
    add_results(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.book import build

    print("building the book; its lessons run, which takes a few minutes", file=sys.stderr, flush=True)
    built = build(options.to, options.out, jobs=options.jobs)
    if built.notice:
        print(f"note: {built.notice}", file=sys.stderr)
    print(built.index)
    return 0
