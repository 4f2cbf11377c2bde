"""``ratecheck lm experiments``, and the claims about language models in ``list``, ``show`` and ``verify``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.cli.exit_codes import AS_EXPECTED, UNEXPECTED
from ratecheck.experiments.cli.options import add_jobs, add_results

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.claims import LanguageClaim

NOT_RUN_PLAIN = "claims about language models are run by `ratecheck verify --tag language-model` or by id only"


def add_experiments(actions: Any) -> None:
    """Add the command to the parser."""
    parser = actions.add_parser(
        "experiments", help="run the experiments that decide the claims about language models (minutes each)"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiments to run (default: all)")
    parser.add_argument("--list", action="store_true", help="list the experiments")
    parser.add_argument("--seeds", type=int, default=4, help="runs of each contestant (default: 4)")
    add_jobs(parser)
    add_results(parser)
    parser.set_defaults(run=run_experiments)


def run_experiments(options: argparse.Namespace) -> int:
    """Run the named experiments and print their findings."""
    from ratecheck.experiments.language_model.experiments import EXPERIMENTS, named
    from ratecheck.experiments.language_model.outcome import FILE

    names = named(options.names)
    if options.list:
        for name in names:
            print(f"{name}: {EXPERIMENTS[name].title}; the claim: {EXPERIMENTS[name].paper}")
        return AS_EXPECTED
    records = decided(names, options.out, seeds=options.seeds, jobs=options.jobs)
    for record in records:
        mark = " " if record["as_expected"] else "!"
        print(f"{mark} {record['id']:32} {record['verdict']:10} {record['title']}")
        print(f"{'':36}{record['reason']} The paper: {record['paper']}")
    print(f"results: {options.out / FILE}")
    return AS_EXPECTED if all(record["as_expected"] for record in records) else UNEXPECTED


def decided(names: Iterable[str], folder: Path, *, seeds: int, jobs: int) -> list[dict[str, Any]]:
    """Run experiments, tell on the way how far they are, and return the findings."""
    from ratecheck.experiments.language_model.experiments import run_experiment

    heard = logging.getLogger("ratecheck.language_model")
    handler = logging.StreamHandler(sys.stderr)
    heard.addHandler(handler)
    heard.setLevel(logging.INFO)
    try:
        return [one for name in names for one in run_experiment(name, folder, seeds=seeds, jobs=jobs)]
    finally:
        heard.removeHandler(handler)


def verified(claims: Sequence[LanguageClaim], folder: Path, jobs: int) -> list[dict[str, Any]]:
    """Run the experiments that decide the claims, and return their findings in the order of the claims.

    As in every other record ``bound`` names the bound; the number is ``limit``.
    """
    from ratecheck.experiments.language_model.experiments import SEEDS

    names = dict.fromkeys(claim.experiment for claim in claims)
    found = {one["id"]: one for one in decided(names, folder, seeds=SEEDS, jobs=jobs)}
    return [found[claim.id] | {"bound": claim.id, "limit": claim.bound} for claim in claims]


def show(claim: LanguageClaim) -> None:
    """Print one claim in full."""
    print(f"{claim.id}: {claim.title}")
    rows = {
        "expected": claim.expected,
        "measure": f"{claim.measure}: mean over seeds at most {claim.bound:g}",
        "source": f"{claim.source} [{claim.provenance}; measured here]",
        "paper": claim.paper,
        "decided": f"by `ratecheck lm experiments {claim.experiment}`, which needs torch and takes minutes",
        "tags": ", ".join(claim.all_tags),
    }
    for name, value in rows.items():
        print(f"  {name:9} {value}")
