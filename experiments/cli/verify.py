"""``ratecheck verify``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, BAD_INPUT, UNEXPECTED
from ratecheck.experiments.cli.options import add_jobs, add_results, write_text

if TYPE_CHECKING:
    from ratecheck.experiments.verify import Done


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
    add_jobs(parser)
    parser.add_argument("--report", type=Path, metavar="FILE", help="where the HTML report goes (default: in --out)")
    add_results(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ratecheck.experiments.cli.lm_experiments import verified
    from ratecheck.experiments.language_claims import select_language
    from ratecheck.experiments.selection import select
    from ratecheck.experiments.verify import verify

    language = select_language(options.targets, options.tag)
    named = {claim.id for claim in language}
    rest = [target for target in options.targets if target not in named]
    chosen = [] if language and not rest else select(rest, options.suite, options.tag)
    trained = verified(language, options.out, options.jobs) if language else []
    with _Progress(len(chosen)) as progress:
        report = verify(chosen, options.out, seed=options.seed, jobs=options.jobs, on_done=progress.advance)
    if options.suite == "full" and not options.targets and not options.tag:
        _run_studies(options.out, options.seed, options.jobs)
    records = [*report.records, *trained]
    _print_table(records)
    if options.json is not None:
        write_text(options.json, json.dumps(records, indent=1) + "\n")
    page = options.report or options.out / "report.html"
    _write_report(options.out, page)
    for notice in report.notices:
        print(f"note: {notice}", file=sys.stderr)
    for error in report.errors:
        print(f"ratecheck: {error}", file=sys.stderr)
    print(f"report: {page}")
    if report.errors:
        return BAD_INPUT
    return AS_EXPECTED if all(record["as_expected"] for record in records) else UNEXPECTED


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


def _print_table(records: Sequence[dict[str, Any]]) -> None:
    width = max((len(record["id"]) for record in records), default=10)
    print(
        f"{'claim':{width}}  {'verdict':14}  {'observed/bound':>14}  {'rate':>7}  {'claimed':>7}  {'would catch':>11}"
    )
    for record in records:
        mark = " " if record["as_expected"] else "!"
        verdict = record["verdict"] + (" *" if record["expected"] == "refuted" else "")
        cells = (_cell(record["tightness"], 4), _exponent(record["slope"]), _exponent(record["slope_claimed"]))
        print(
            f"{record['id']:{width}}{mark} {verdict:14}  {cells[0]:>14}  {cells[1]:>7}  {cells[2]:>7}  "
            f"{_cell(record['detectable'], 3):>11}"
        )
    unexpected = [record for record in records if not record["as_expected"]]
    print(
        f"{len(records) - len(unexpected)} of {len(records)} claims came out as expected "
        "(* expected to be refuted; ! not as expected)."
    )
    for record in unexpected:
        came = f"came out {record['verdict']}; {record['reason']}"
        print(f"! {record['id']}: expected {_expectation(record)}, {came}")


def _expectation(record: dict[str, Any]) -> str:
    if record["attained"] is None:
        return record["expected"]
    return f"{record['expected']} with observed/bound {record['attained']:.10g}"


def _exponent(value: float | None) -> str:
    return "-" if value is None else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def _cell(value: float | None, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.2e}"


def _write_report(folder: Path, page: Path) -> None:
    from ratecheck.figures.report import write_report

    write_report(folder, page)
