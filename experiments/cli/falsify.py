"""``ratecheck falsify``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, UNEXPECTED
from ratecheck.experiments.cli.options import add_results, write_text

if TYPE_CHECKING:
    from ratecheck.experiments.falsifier.search import Outcome
    from ratecheck.experiments.selection import Chosen

DEFAULT_BUDGET = 10_000


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "falsify",
        help="search for an instance that violates a bound",
        description="Searches the class of functions that a theorem speaks about for an instance with observed / bound "
        "above 1, and keeps it as a file that `ratecheck verify` replays. Exit code 0: every claim came out as "
        "expected (one known to be false: refuted); 1: not; 2: bad input.",
    )
    parser.add_argument("targets", nargs="*", metavar="CLAIM", help="claim ids, or your Python files")
    parser.add_argument("--tag", action="append", default=[], help="every claim with this tag that has a search space")
    parser.add_argument(
        "--budget", type=int, default=DEFAULT_BUDGET, metavar="EVALS", help="instances run per claim (default: 10000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the search (default: 0)")
    parser.add_argument(
        "--list", action="store_true", help="list the claims that have a search space, with their class"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found as JSON")
    add_results(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.falsifier.search import as_json
    from ratecheck.experiments.selection import select
    from ratecheck.theory.errors import InputError

    if options.list:
        return _list(select(options.targets, "full", options.tag))
    if not options.targets and not options.tag:
        raise InputError(
            "name a claim, a Python file or a --tag; `ratecheck falsify --list` shows what can be attacked."
        )
    chosen = select(options.targets, "full", options.tag)
    done = _searched(chosen, options, skip=len(chosen) > len(options.targets))
    if options.json is not None:
        write_text(options.json, json.dumps([as_json(one) for one in done], indent=1) + "\n")
    refuted = [one for one in done if one.refuted]
    for one in refuted:
        path = options.out / "counterexamples" / f"{one.claim.id}.json"
        write_text(path, json.dumps(as_json(one)["instance"], indent=1) + "\n")
        print(f"{one.claim.id}: {one.reason} `ratecheck verify {path}` replays it.")
    false = [one for one in done if one.claim.expected == "refuted"]
    found = sum(one.refuted for one in false)
    print(
        f"{len(refuted)} of {len(done)} refuted; of those known to be false (*), {found} of {len(false)}. "
        "! not as expected. Searched:"
    )
    for title in dict.fromkeys(_class(one) for one in done):
        print(f"  {title}")
    return AS_EXPECTED if all(one.as_expected for one in done) else UNEXPECTED


def _searched(chosen: list[Chosen], options: argparse.Namespace, *, skip: bool) -> list[Outcome]:
    """Attack claims one after the other, and print each row as it comes; with `skip`, pass over what cannot be."""
    from ratecheck.experiments.falsifier.search import falsify, require_search
    from ratecheck.theory.errors import InputError

    require_search(options.budget, options.seed)
    width = max(len(one.claim.id) for one in chosen)
    done: list[Outcome] = []
    skipped = 0
    for one in chosen:
        try:
            result = falsify(one.claim, options.budget, options.seed, one.file)
        except InputError:
            if not skip:
                raise
            skipped += 1
            continue
        if not done:
            print(f"{'claim':{width}}  {'steps':>5}  {'largest ratio':>13}  {'tried':>6}  verdict      climbed")
        done.append(result)
        _print_row(result, width)
    if skipped:
        print(
            f"note: {skipped} claims of {len(chosen)} have no search space; name one to be told why.", file=sys.stderr
        )
    if not done:
        raise InputError(
            "none of these claims has a search space; name one to be told why, and see `ratecheck falsify --list`."
        )
    return done


def _print_row(one: Outcome, width: int) -> None:
    mark = " " if one.as_expected else "!"
    verdict = ("refuted" if one.refuted else "not refuted") + (" *" if one.claim.expected == "refuted" else "")
    middle = one.history[len(one.history) // 2]
    climbed = ", ".join(
        f"{ratio:.4g} after {count}" for count, ratio in dict.fromkeys((one.history[0], middle, one.history[-1]))
    )
    row = f"{one.horizon:>5}  {one.ratio:>13.8g}  {one.evaluations:>6}  {verdict:13}  {climbed}"
    print(f"{one.claim.id:{width}}{mark} {row}", flush=True)


def _class(one: Outcome) -> str:
    how = "named by the bound" if one.named else "as its constants suggest"
    return f"{one.function_class.id}: {one.function_class.title} ({how})"


def _list(chosen: list[Chosen]) -> int:
    from ratecheck.experiments.falsifier.search import attacks
    from ratecheck.theory.errors import InputError

    width, count = max(len(one.claim.id) for one in chosen), 0
    for one in chosen:
        try:
            theorem = attacks(one.claim, 1)[0].theorem
        except InputError:
            continue
        count += 1
        print(f"{one.claim.id:{width}}  {theorem.function_class.id:25}  {one.claim.expected:8}  {one.claim.title}")
    print(f"{count} of {len(chosen)} claims have a search space")
    return 0
