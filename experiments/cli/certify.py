"""``ratecheck certify``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, UNEXPECTED
from ratecheck.experiments.cli.options import write_text

if TYPE_CHECKING:
    from ratecheck.experiments.certify import Certified
    from ratecheck.experiments.selection import Chosen


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "certify",
        help="set bounds beside the exact worst case over the whole class (needs PEPit)",
        description="Computes the exact worst case of a claim's own method over the class of functions that its "
        "theorem speaks about, by performance estimation, and sets it beside the bound: tight, loose or EXCEEDED. "
        "Exit code 0: every bound is confirmed (a claim that is known to be false: exceeded); 1: not; 2: bad input.",
    )
    parser.add_argument("targets", nargs="*", metavar="CLAIM", help="claim ids, or your Python files")
    parser.add_argument("--tag", action="append", default=[], help="every claim with this tag that can be certified")
    parser.add_argument("--horizon", type=int, metavar="N", help="number of steps (default: the claim's, at most 10)")
    parser.add_argument("--list", action="store_true", help="list the claims that can be certified, with their class")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the certificates as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from threadpoolctl import threadpool_limits

    from ratecheck.experiments.certify import as_json
    from ratecheck.experiments.selection import select
    from ratecheck.theory.errors import InputError

    if options.list:
        return _list(select(options.targets, "full", options.tag))
    if not options.targets and not options.tag:
        raise InputError(
            "name a claim, a Python file or a --tag; `ratecheck certify --list` shows what can be certified."
        )
    chosen = select(options.targets, "full", options.tag)
    with threadpool_limits(1):
        done = _certified(chosen, options.horizon, skip=len(chosen) > len(options.targets))
    if options.json is not None:
        write_text(options.json, json.dumps([as_json(one) for one in done], indent=1) + "\n")
    unexpected = [one for one in done if not one.as_expected]
    print(
        f"{len(done) - len(unexpected)} of {len(done)} bounds came out as expected (* expected to be exceeded; ! not "
        f"as expected). Worst cases by PEPit with {done[0].worst.solver}, over:"
    )
    for title in dict.fromkeys(_class(one) for one in done):
        print(f"  {title}")
    return UNEXPECTED if unexpected else AS_EXPECTED


def _certified(chosen: list[Chosen], horizon: int | None, *, skip: bool) -> list[Certified]:
    """Certify claims one after the other, and print each row as it comes; with `skip`, pass over what cannot be."""
    from ratecheck.experiments.certify import certify
    from ratecheck.theory.errors import InputError
    from ratecheck.theory.worst_case import NotExpressibleError

    width = max(len(one.claim.id) for one in chosen)
    done: list[Certified] = []
    skipped = 0
    for one in chosen:
        try:
            result = certify(one.claim, horizon)
        except NotExpressibleError:
            if not skip:
                raise
            skipped += 1
            continue
        if not done:
            _print_head(width)
        done.append(result)
        _print_row(result, width)
    if skipped:
        print(f"note: {skipped} claims of {len(chosen)} cannot be certified; name one to be told why.", file=sys.stderr)
    if not done:
        raise InputError(
            "none of these claims can be certified; name one to be told why, and see `ratecheck certify --list`."
        )
    return done


def _print_head(width: int) -> None:
    print(
        f"{'claim':{width}}  {'steps':>5}  {'worst case':>11}  {'bound':>11}  {'worst/bound':>11}  {'accuracy':>8}  "
        f"{'on instance':>11}  outcome"
    )


def _print_row(one: Certified, width: int) -> None:
    mark = " " if one.as_expected else "!"
    outcome = one.outcome + (" *" if one.claim.expected == "refuted" else "")
    observed = "-" if one.on_instance is None else f"{one.on_instance:.4f}"
    print(
        f"{one.claim.id:{width}}{mark} {one.horizon:>5}  {one.worst.value:>11.6g}  {one.bound:>11.6g}  "
        f"{one.ratio:>11.6f}  {one.worst.accuracy:>8.0e}  {observed:>11}  {outcome}",
        flush=True,
    )


def _class(one: Certified) -> str:
    how = "named by the bound" if one.named else "as its constants suggest"
    known = "" if one.worst.exact else "; an upper bound on the worst case only"
    return f"{one.function_class.id}: {one.function_class.title} ({how}{known})"


def _list(chosen: list[Chosen]) -> int:
    from ratecheck.experiments.certify import default_horizon, expressed
    from ratecheck.theory.errors import InputError

    width, count = max(len(one.claim.id) for one in chosen), 0
    for one in chosen:
        try:
            theorem, _, _ = expressed(one.claim, default_horizon(one.claim))
        except InputError:
            continue
        count += 1
        print(f"{one.claim.id:{width}}  {theorem.function_class.id:25}  {one.claim.expected:8}  {one.claim.title}")
    print(f"{count} of {len(chosen)} claims can be certified")
    return 0
