"""``ratecheck debias``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "debias",
        help="compare saddle-point methods on adversarial debiasing, on your svmlight file",
        description="Prints iterations to three gradient norms for MGSR1-SP, partial quasi-Newton, random SR1 and "
        "BFGS, extragradient and OGDA, from the same warm start. No theorem covers the way, so that no row can fail.",
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="data in svmlight form such as a9a (default: synthetic)"
    )
    parser.add_argument("--protected", type=int, metavar="COLUMN", help="column of the protected attribute, from 0")
    parser.add_argument("--regularisation", type=float, help="lambda and gamma (default: 1e-4)")
    parser.add_argument("--warm-start", type=int, metavar="N", help="extragradient steps before (default: 3000)")
    parser.add_argument("--updates", type=int, action="append", metavar="TAU", help="tau (default: 1, 5 and 25)")
    parser.add_argument("--steps", type=int, help="the most that any method takes (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="root seed (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.debiasing_table import LEVELS, debiasing_table
    from ratecheck.experiments.saddle_table import formatted, write_json
    from ratecheck.theory.errors import InputError

    if (options.file is None) != (options.protected is None):
        raise InputError("a file needs --protected COLUMN and --protected needs a file; give both or neither.")
    names = ("protected", "regularisation", "warm_start", "updates", "steps")
    chosen = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    rows = debiasing_table(options.file, seed=options.seed, **chosen)
    print(formatted(rows, LEVELS, "accuracy"))
    if options.json is not None:
        write_json(options.json, rows)
    return AS_EXPECTED
