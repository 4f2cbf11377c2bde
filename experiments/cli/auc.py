"""``ratecheck auc``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, UNEXPECTED


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "auc",
        help="compare saddle-point methods on AUC maximisation, on your svmlight files",
        description="Prints iterations to three accuracies for MGSR1-SP, random SR1 and BFGS, extragradient, OGDA and "
        "EAG. Exit code 0: MGSR1-SP arrived within ceil(n/tau) + 2 iterations everywhere; 1: it did not; 2: bad input.",
    )
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="data in svmlight form such as a9a (default: bundled data)"
    )
    parser.add_argument("--share", type=float, action="append", help="lambda times samples (default: 100, 1 and 0.01)")
    parser.add_argument("--updates", type=int, action="append", metavar="TAU", help="tau (default: 1, 10 and 50)")
    parser.add_argument("--steps", type=int, help="steps of the first-order methods and of BFGS (default: 3000)")
    parser.add_argument("--seed", type=int, default=0, help="root seed (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.auc_table import LEVELS, auc_table
    from ratecheck.experiments.saddle_table import formatted, within_limits, write_json

    chosen = {name: getattr(options, name) for name in ("updates", "steps") if getattr(options, name) is not None}
    if options.share is not None:
        chosen["shares"] = options.share
    rows = [row for path in options.files or [None] for row in auc_table(path, seed=options.seed, **chosen)]
    print(formatted(rows, LEVELS, "AUC"))
    if options.json is not None:
        write_json(options.json, rows)
    return AS_EXPECTED if within_limits(rows) else UNEXPECTED
