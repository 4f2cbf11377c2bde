"""``ratecheck study``."""

from __future__ import annotations

import argparse
from typing import Any

from ratecheck.experiments.cli.options import add_results


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "study", help="run comparisons that no theorem decides, for the figures and the paper"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="studies to run (default: those that `verify` runs)")
    parser.add_argument("--list", action="store_true", help="list the studies")
    parser.add_argument("--seed", type=int, default=0, help="root seed (default: 0)")
    add_results(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from threadpoolctl import threadpool_limits

    from ratecheck.experiments.studies import STUDIES, named, run_study

    if options.list:
        for name, study in STUDIES.items():
            print(f"{name}: {study.title}{'' if study.default else ' (by name only)'}")
        return 0
    with threadpool_limits(1):
        for name in named(options.names):
            for file in run_study(name, options.out, options.seed):
                print(file, flush=True)
    return 0
