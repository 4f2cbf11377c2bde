"""``ratecheck``: the commands and their exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import ratecheck
from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, BAD_INPUT


class _Parser(argparse.ArgumentParser):
    """Reports a wrong command line in one sentence, and takes no abbreviated options: --seed is not --seeds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message.rstrip('.')}; `{self.prog} --help` shows what is allowed.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 as expected, 1 not, 2 bad input."""
    parser = _Parser(prog="ratecheck", description=ratecheck.__doc__.splitlines()[0] if ratecheck.__doc__ else "")
    parser.add_argument("--version", action="version", version=f"ratecheck {ratecheck.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", parser_class=_Parser)

    from ratecheck.experiments.cli import (
        auc,
        bench,
        book,
        certify,
        debias,
        falsify,
        figures,
        listing,
        lm,
        paper,
        playground,
        study,
        verify,
    )

    for command in (verify, certify, falsify, listing, figures, book, paper, study, lm, bench, auc, debias, playground):
        command.register(commands)
    options = parser.parse_args(arguments)

    from ratecheck.theory.errors import InputError

    try:
        return options.run(options)
    except InputError as error:
        print(f"ratecheck: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("ratecheck: interrupted; what is stored stays, the same command goes on from there.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`ratecheck list | head`); nothing is wrong.
        sys.stderr.close()
        return AS_EXPECTED
