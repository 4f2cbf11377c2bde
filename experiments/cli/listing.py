"""``ratecheck list`` and ``ratecheck show``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ratecheck.experiments.claim import Claim


def register(commands: Any) -> None:
    """Add the commands to the parser."""
    listing: argparse.ArgumentParser = commands.add_parser("list", help="list the claims")
    listing.add_argument("--tag", action="append", default=[], help="only claims with this tag (repeatable)")
    listing.add_argument("--json", action="store_true", help="write the ledger as JSON")
    listing.set_defaults(run=run_list)
    show: argparse.ArgumentParser = commands.add_parser("show", help="show one claim with its theorem and constants")
    show.add_argument("claim", metavar="CLAIM")
    show.set_defaults(run=run_show)


def run_list(options: argparse.Namespace) -> int:
    """Print the ledger."""
    from ratecheck.experiments.cli.lm_experiments import NOT_RUN_PLAIN
    from ratecheck.experiments.language_claims import all_language_claims, in_ledger
    from ratecheck.experiments.language_model.claims import TAG
    from ratecheck.experiments.selection import select

    language = all_language_claims(options.tag)
    alone = bool(language) and not in_ledger(options.tag)
    claims = [] if alone else [one.claim for one in select((), "full", options.tag)]
    if options.json:
        print(json.dumps([entry(claim) for claim in claims] + [claim.entry() for claim in language], indent=1))
        return 0
    rows: list[tuple[str, str, str, str]] = [(one.id, one.expected, one.bound.kind, one.title) for one in claims]
    rows += [(claim.id, claim.expected, TAG, claim.title) for claim in language]
    width = max(len(name) for name, *_ in rows)
    for name, expected, kind, title in rows:
        print(f"{name:{width}}  {expected:8}  {kind:14}  {title}")
    tags = {tag for claim in claims for tag in claim.tags} | {tag for claim in language for tag in claim.all_tags}
    print(f"{len(rows)} claims; tags: {', '.join(sorted(tags))}")
    if language:
        print(f"{len(language)} {NOT_RUN_PLAIN}.")
    return 0


def entry(claim: Claim) -> dict[str, Any]:
    """Return one line of the ledger as plain JSON data."""
    bound = claim.bound
    return {
        "id": claim.id,
        "title": claim.title,
        "source": str(bound.source),
        "provenance": bound.provenance,
        "evidence": list(bound.evidence),
        "kind": bound.kind,
        "side": bound.side,
        "bound": bound.id,
        "formula": bound.formula,
        "measure": bound.measure.id,
        "assumptions": [assumption.text for assumption in bound.assumptions],
        "expected": claim.expected,
        "attained": claim.attained,
        "horizons": list(claim.horizons),
        "runs": claim.runs,
        "max_runs": claim.budget,
        "slope_claimed": bound.exponent,
        "tags": list(claim.tags),
        "quick": claim.quick,
    }


def run_show(options: argparse.Namespace) -> int:
    """Print one claim in full."""
    from ratecheck.experiments.cli.lm_experiments import show
    from ratecheck.experiments.language_claims import select_language
    from ratecheck.experiments.selection import select

    for claim in select_language([options.claim], ()):
        show(claim)
        return 0
    for one in select([options.claim]):
        _show(one.claim)
    return 0


def _show(claim: Claim) -> None:
    bound = claim.bound
    horizon = claim.horizons[-1]
    problem = claim.problem(horizon)
    print(f"{claim.id}: {claim.title}")
    rows = {
        "expected": claim.expected,
        "bound": f"{bound.id}, {bound.title}",
        "formula": bound.formula,
        "kind": f"{bound.kind}, {bound.side} bound, {'at any step' if bound.anytime else 'at its horizon'}",
        "measure": f"{bound.measure.id}, taken of {type(bound.output).__name__}",
        "source": f"{bound.source} [{bound.provenance}; {', '.join(bound.evidence)}]",
        "tight on": bound.tight_on or "no instance known",
        "method": repr(claim.method(problem.facts, horizon)),
        "problem": problem.name,
        "horizons": ", ".join(str(n) for n in claim.horizons),
        "runs": f"{claim.runs} to {claim.budget}",
        "tags": ", ".join(claim.tags),
    }
    for name, value in rows.items():
        print(f"  {name:9} {value}")
    for assumption in bound.assumptions:
        print(f"  assumes   {assumption.text}")
    if bound.remark:
        print(f"  remark    {bound.remark}")
    for name in problem.facts.entries:
        fact = problem.facts.fact(name)
        accuracy = f", accuracy {fact.accuracy:.2g}" if fact.accuracy else ""
        print(f"  {name} = {_short(fact.value)} ({fact.known}{accuracy}{'; ' + fact.note if fact.note else ''})")


def _short(value: Any) -> str:
    import numpy as np

    if isinstance(value, np.ndarray) and value.size > 4:
        return f"array of shape {value.shape}, from {value.min():.4g} to {value.max():.4g}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
