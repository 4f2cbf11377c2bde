"""``ratecheck figures``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ratecheck.experiments.cli.options import add_results


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser("figures", help="draw figures from stored results")
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to draw (default: all)")
    parser.add_argument("--list", action="store_true", help="list the figures")
    parser.add_argument("--to", type=Path, default=Path("reports/figures"), metavar="DIR", help="where they go")
    add_results(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.figures.catalogue import FIGURES, draw

    if options.list:
        for name, figure in FIGURES.items():
            print(f"{name}: {figure.title}")
        return 0
    drawn = draw(options.names, options.out, options.to)
    for path in drawn.paths:
        print(path)
    for notice in drawn.notices:
        print(f"note: {notice}", file=sys.stderr)
    return 0
