"""The search for a counterexample: classical hard instances first, then climbs from them and from random members.

Everything is counted in evaluations, one member of a family run to its horizon each, and nothing in seconds, so that
the same seed and budget give the same result on any machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.falsifier.evolution import climb, population_for
from ratecheck.experiments.falsifier.expectation import in_expectation, is_in_expectation
from ratecheck.experiments.falsifier.replay import Member, as_instance, claim_on, family_name
from ratecheck.experiments.falsifier.scoring import Ratios, ratios
from ratecheck.experiments.falsifier.spaces import families
from ratecheck.experiments.run import run_claim
from ratecheck.experiments.theorem_class import Statement, noisy_statement, statement
from ratecheck.experiments.verdict import RELATIVE_ROUNDING, judge
from ratecheck.testbeds.streams import word
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.function_class import FunctionClass

LONGEST = 100  # steps of a run, where the claim leaves a choice
AFFORDABLE = 1000  # steps of a run that its shortest horizon may ask for
SHORT, MEDIUM = 8, 20  # steps that a maximum with a piece for each of them is searched at
FROM_HARD, FROM_RANDOM = 0.2, 1.0  # standard deviations of the first generation of a climb


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search came to.

    Parameters
    ----------
    claim : Claim
    file : Path or None
        The user's file that defines it.
    function_class : FunctionClass
    named : bool
        Whether the bound names the class.
    horizon : int
        Number of steps at which the largest ratio was found.
    member : Member
    ratio : float
        The largest observed / bound that was found (its inverse for a lower bound).
    refuted : bool
        Whether the judge of `verify` calls the claim refuted on that instance.
    reason : str
        What the judge says.
    evaluations : int
    history : tuple of (int, float)
        The evaluations after which the largest ratio rose, and to what.
    """

    claim: Claim
    file: Path | None
    function_class: FunctionClass
    named: bool
    horizon: int
    member: Member
    ratio: float
    refuted: bool
    reason: str
    evaluations: int
    history: tuple[tuple[int, float], ...]

    @property
    def as_expected(self) -> bool:
        """Whether a claim known to be false was refuted, and one expected to hold was not."""
        return self.refuted == (self.claim.expected == "refuted")


@dataclass(slots=True)
class _Record:
    """The best member so far, over all families and numbers of steps."""

    score: float = -math.inf
    attack: Ratios | None = None
    row: FloatArray | None = None
    evaluations: int = 0
    history: list[tuple[int, float]] = field(default_factory=list)

    def watched(self, attack: Ratios) -> Any:
        """Return the score of an attack, with a note of every new best."""

        def score(rows: FloatArray) -> FloatArray:
            values = attack(rows)
            self.evaluations += len(rows)
            best = int(np.argmax(values))
            if self.attack is None or values[best] > self.score:
                self.score, self.attack, self.row = float(values[best]), attack, rows[best].copy()
                self.history.append((self.evaluations, _ratio(self.score)))
            return values

        return score


def _ratio(score: float) -> float:
    return math.exp(score) if score < 700 else math.inf


def search_horizons(claim: Claim) -> tuple[int, ...]:
    """Return the numbers of steps to search at: those of the claim itself, or any where it holds at any time."""
    if claim.bound.anytime:
        return tuple(sorted({min(claim.horizons[-1], SHORT), min(claim.horizons[-1], LONGEST)}))
    if claim.horizons[0] > AFFORDABLE:
        raise InputError(
            f"claim {claim.id} has no search space: its bound is made for {claim.horizons[0]} steps or more, but a "
            f"search affords {AFFORDABLE} at most."
        )
    short = [horizon for horizon in claim.horizons if horizon <= LONGEST] or [claim.horizons[0]]
    medium = [horizon for horizon in short if horizon <= MEDIUM] or short[:1]
    return tuple(sorted({medium[0], medium[len(medium) // 2], medium[-1]}))


def attacks(claim: Claim, most: int | None = None) -> list[Ratios]:
    """Return the scores to climb, one for each family and number of steps (of which at most `most` are set up).

    Raises
    ------
    InputError
        If the claim has no search space; in one sentence that says why.
    """
    if claim.bound.side != "upper":
        raise InputError(
            f"claim {claim.id} has no search space: its bound is not an upper one, so that the instance it names is "
            "all that it is about."
        )
    found: list[Ratios] = []
    for horizon in search_horizons(claim)[:most]:
        theorem = _theorem(claim, horizon)
        found += [ratios(theorem, family) for family in families(theorem)]
    return found


def _theorem(claim: Claim, horizon: int) -> Statement:
    """Return the statement to attack: of an expectation, that on the mean over all outcomes of the noise."""
    if claim.bound.kind in ("probability", "rate"):
        raise InputError(
            f"claim {claim.id} has no search space: it is of kind {claim.bound.kind!r}, which one instance says little "
            "about."
        )
    if is_in_expectation(claim) or getattr(claim.problem(horizon), "draws", False):
        return noisy_statement(in_expectation(claim), horizon)
    return statement(claim, horizon)


def require_search(budget: int, seed: int) -> None:
    """Raise `InputError` unless the budget is positive and the seed is not negative."""
    require_count("budget", budget)
    if seed < 0:
        raise InputError(f"seed is {seed}, but it must be at least 0.")


def falsify(claim: Claim, budget: int = 10_000, seed: int = 0, file: Path | None = None) -> Outcome:
    """Search for an instance on which a claim's bound is violated.

    Parameters
    ----------
    claim : Claim
    budget : int
        The most evaluations.
    seed : int
        Of the random members and of the climbs.
    file : Path, optional
        The user's file that defines the claim.

    Raises
    ------
    InputError
        If the budget is not positive, the seed negative, or the claim has no search space.
    """
    require_search(budget, seed)
    from threadpoolctl import threadpool_limits

    # With more than one thread of BLAS the bits of a climb would depend on the machine.
    with threadpool_limits(1):
        return _searched(claim, budget, seed, file)


def _searched(claim: Claim, budget: int, seed: int, file: Path | None) -> Outcome:
    tried = attacks(claim)
    record = _Record()
    for number, one in enumerate(tried):
        left = budget - record.evaluations
        share = max(left // (len(tried) - number), min(left, 1))
        _attack(one, share, np.random.default_rng([seed, word(claim.id), number]), record)
        if record.score > RELATIVE_ROUNDING and _judged(claim, record)[0]:
            break
    attack, row = record.attack, record.row
    assert attack is not None
    assert row is not None
    refuted, reason = _judged(claim, record)
    theorem = attack.theorem
    return Outcome(
        claim,
        file,
        theorem.function_class,
        theorem.named,
        theorem.horizon,
        Member(attack.family, row),
        _ratio(record.score),
        refuted,
        reason,
        record.evaluations,
        tuple(record.history),
    )


def _attack(attack: Ratios, share: int, random: np.random.Generator, record: _Record) -> None:
    """Spend a share of the budget on one family: its hard instances, random members, and climbs from both."""
    size = attack.family.size
    score = record.watched(attack)
    if not share:
        return
    hard = attack.family.starts()[:share]
    begun = record.evaluations
    values = score(hard)
    ranked = hard[np.argsort(-values, kind="stable")]
    turn = 0
    while share - (record.evaluations - begun) >= 2 * population_for(size):
        left = share - (record.evaluations - begun)
        if turn % 2 == 0:
            start, step = ranked[(turn // 2) % len(ranked)], FROM_HARD
        else:
            rows = random.normal(size=(population_for(size), size))
            start, step = rows[int(np.argmax(score(rows)))], FROM_RANDOM
            left -= len(rows)
        climb(score, start, step, left if turn else left // 2, random)
        turn += 1


def _judged(claim: Claim, record: _Record) -> tuple[bool, str]:
    assert record.attack is not None
    assert record.row is not None
    one = claim_on(claim, record.attack.theorem.horizon, Member(record.attack.family, record.row))
    judged = judge([one], {one.id: run_claim(one, seed=0)})[0]
    return judged.verdict == "refuted", judged.reason


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the promised fields of an outcome as plain JSON data."""
    return {
        "id": outcome.claim.id,
        "title": outcome.claim.title,
        "bound_id": outcome.claim.bound.id,
        "side": outcome.claim.bound.side,
        "class": outcome.function_class.id,
        "class_named": outcome.named,
        "family": family_name(outcome.member.family),
        "horizon": outcome.horizon,
        "ratio": outcome.ratio if math.isfinite(outcome.ratio) else None,
        "refuted": outcome.refuted,
        "reason": outcome.reason,
        "expected": outcome.claim.expected,
        "as_expected": outcome.as_expected,
        "evaluations": outcome.evaluations,
        "history": [[count, ratio if math.isfinite(ratio) else None] for count, ratio in outcome.history],
        "problem": _described(outcome.member, outcome.horizon),
        "instance": as_instance(outcome.claim, outcome.file, outcome.horizon, outcome.member),
    }


def _described(member: Member, horizon: int) -> dict[str, Any]:
    """Return the instance in numbers that need no program: where it starts, its optimum, its constants."""
    problem = member(horizon)
    facts = {name: np.asarray(problem.facts[name], dtype=np.float64).ravel().tolist() for name in problem.facts.entries}
    return {"name": problem.name, "start": problem.start[0].tolist(), "facts": facts}
