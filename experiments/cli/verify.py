"""``ratecheck verify``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, BAD_INPUT, UNEXPECTED
from ratecheck.experiments.cli.options import add_results, default_jobs, write_text

if TYPE_CHECKING:
    from ratecheck.experiments.verify import Done, Report


def register(commands: Any) -> None:
    """Add the command to the parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "verify",
        help="check claims against their bounds",
        description="Runs claims, puts every run beside its bound and prints the verdicts. Exit code 0: every claim "
        "came out as expected; 1: some did not; 2: bad input.",
    )
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="claim ids, your Python files with a list CLAIMS, your data files (svmlight or CSV), or counterexamples; "
        "default: all",
    )
    parser.add_argument("--suite", choices=("quick", "full"), default="full", help="part of the ledger (default: full)")
    parser.add_argument("--tag", action="append", default=[], help="only claims with this tag (repeatable)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts as JSON")
    parser.add_argument("--seed", type=int, default=0, help="root seed (default: 0)")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="worker processes (default: all cores)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where the HTML report goes (default: in --out)")
    add_results(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.selection import select
    from ratecheck.experiments.verify import verify

    chosen = select(options.targets, options.suite, options.tag)
    with _Progress(len(chosen)) as progress:
        report = verify(chosen, options.out, seed=options.seed, jobs=options.jobs, on_done=progress.advance)
    if options.suite == "full" and not options.targets and not options.tag:
        _run_studies(options.out, options.seed, options.jobs)
    _print_table(report)
    if options.json is not None:
        write_text(options.json, json.dumps(list(report.records), indent=1) + "\n")
    page = options.report or options.out / "report.html"
    _write_report(options.out, page)
    for notice in report.notices:
        print(f"note: {notice}", file=sys.stderr)
    for error in report.errors:
        print(f"ratecheck: {error}", file=sys.stderr)
    print(f"report: {page}")
    if report.errors:
        return BAD_INPUT
    return AS_EXPECTED if report.all_as_expected else UNEXPECTED


def _run_studies(folder: Path, seed: int, jobs: int) -> None:
    """Run the studies that the figures and the paper need; stored ones cost nothing."""
    from joblib import Parallel, delayed

    from ratecheck.experiments.studies import named, run_study

    names = named([])
    print(f"{len(names)} studies for the figures: {', '.join(names)}", file=sys.stderr, flush=True)
    # The longest ones stand at the end of the list; two processes are busy longest if they begin with these.
    Parallel(n_jobs=jobs, batch_size=1)(delayed(run_study)(name, folder, seed) for name in reversed(names))


class _Progress:
    """A bar on a terminal, plain lines elsewhere."""

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self._total = total
        self._count = 0
        self._bar = tqdm(total=total, unit="claim", disable=not sys.stderr.isatty(), leave=False)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *details: object) -> None:
        self._bar.close()

    def advance(self, done: Done) -> None:
        self._count += 1
        self._bar.update()
        if self._bar.disable and (self._count % 25 == 0 or self._count == self._total):
            print(f"{self._count} of {self._total} claims", file=sys.stderr, flush=True)


def _print_table(report: Report) -> None:
    width = max((len(one.claim.id) for one in report.judged), default=10)
    print(
        f"{'claim':{width}}  {'verdict':14}  {'observed/bound':>14}  {'rate':>7}  {'claimed':>7}  {'would catch':>11}"
    )
    for one, record in zip(report.judged, report.records, strict=True):
        mark = " " if one.as_expected else "!"
        verdict = record["verdict"] + (" *" if one.claim.expected == "refuted" else "")
        cells = (_cell(record["tightness"], 4), _exponent(record["slope"]), _exponent(record["slope_claimed"]))
        print(
            f"{one.claim.id:{width}}{mark} {verdict:14}  {cells[0]:>14}  {cells[1]:>7}  {cells[2]:>7}  "
            f"{_cell(record['detectable'], 3):>11}"
        )
    unexpected = [one for one in report.judged if not one.as_expected]
    print(
        f"{len(report.judged) - len(unexpected)} of {len(report.judged)} claims came out as expected "
        "(* expected to be refuted; ! not as expected)."
    )
    for one in unexpected:
        print(f"! {one.claim.id}: expected {_expectation(one)}, came out {one.verdict}; {one.reason}")


def _expectation(one: Any) -> str:
    if one.claim.attained is None:
        return one.claim.expected
    return f"{one.claim.expected} with observed/bound {one.claim.attained:.10g}"


def _exponent(value: float | None) -> str:
    return "-" if value is None else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def _cell(value: float | None, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.2e}"


def _write_report(folder: Path, page: Path) -> None:
    from ratecheck.figures.report import write_report

    write_report(folder, page)
