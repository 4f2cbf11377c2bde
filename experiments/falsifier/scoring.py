"""How near each member of a family comes to violating a bound, by the engine's own loop, all members at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.experiments.engine import log_spaced, simulate
from ratecheck.experiments.run import ROUNDING
from ratecheck.experiments.theorem_class import Statement
from ratecheck.testbeds.families import Family
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.bound import Assumption
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Fact, Facts


@dataclass(frozen=True, slots=True)
class Ratios:
    """Observed over bound of the members of a family, for one statement.

    Parameters
    ----------
    theorem : Statement
    family : Family
    method : Method
        One for all members: its step rule may read what they have in common only.
    steps : (records,) integer array
        The numbers of steps that `verify` records.
    """

    theorem: Statement
    family: Family
    method: Any
    steps: IntArray

    def __call__(self, parameters: FloatArray) -> FloatArray:
        """Return the logarithm of the largest ratio of each row, minus infinity where an assumption is left."""
        ratios = self.of(self.family.problem(parameters))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(ratios)

    def of(self, problem: Any) -> FloatArray:
        """Return the largest ratio of each member of a batch over the recorded steps."""
        claim = self.theorem.claim
        excess = np.full(problem.instances, -np.inf)
        watched = [_watching(one, excess) for one in claim.bound.assumptions if one.on_query is not None]
        with np.errstate(over="ignore", invalid="ignore"):
            trace = simulate(
                problem,
                self.method,
                claim.bound.output,
                claim.bound.measure,
                steps=self.steps,
                streams=Streams(0, "falsify", range(problem.instances)),
                assumptions=watched,
            )
        bound = self._bounds(problem)
        values, lower = trace.values, claim.bound.side == "lower"
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = bound / values if lower else values / bound
        ratio = np.where(np.isnan(values), np.inf, ratio)
        known = np.maximum(np.abs(bound), np.abs(values)) > ROUNDING * 10
        best = np.where(known & (ratio > 0), ratio, 0.0).max(axis=1)
        best = np.where(excess <= 0, best, 0.0)
        # A function with noise has a row for each outcome: an assumption must hold on all of them.
        rows = best.reshape(-1, outcomes(problem))
        return np.where((excess <= 0).reshape(rows.shape).all(axis=1), rows.max(axis=1), 0.0)

    def _bounds(self, problem: Any) -> FloatArray:
        """Return the bound of each member at each recorded step, (count, records)."""
        common = split_facts(problem)[0]
        own = sorted(self.theorem.read & split_facts(problem)[1])
        if not own:
            return np.broadcast_to(self._values(common), (problem.instances, self.steps.size))
        rows = []
        for r in range(problem.instances // outcomes(problem)):
            # Of shape (1,), as a batch of one has it, which is what `verify` will see.
            entries = {name: Fact(problem.facts[name][r : r + 1], "computed") for name in own}
            rows.append(self._values(Facts({**common.entries, **entries})))
        return np.repeat(np.stack(rows), outcomes(problem), axis=0)

    def _values(self, facts: Facts) -> FloatArray:
        values = np.asarray(self.theorem.claim.bound.value(facts, self.method, self.steps), dtype=np.float64)
        return values.reshape(self.steps.size)


def outcomes(problem: Any) -> int:
    """Return how many rows of a batch are one instance: the outcomes of its noise, 1 without noise."""
    return int(getattr(problem, "paths", 1))


def _watching(assumption: Assumption, worst: FloatArray) -> Assumption:
    """Return the assumption with a note, for each row, of the largest excess beyond its tolerance."""
    check: Callable[..., FloatArray] | None = assumption.on_query
    assert check is not None

    def on_query(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
        excess = check(facts, x, g)
        np.maximum(worst, np.nan_to_num(excess, nan=np.inf) - assumption.tolerance, out=worst)
        return excess

    return dataclasses.replace(assumption, on_query=on_query)


def split_facts(problem: Any) -> tuple[Facts, frozenset[str]]:
    """Return the facts that all members share, and the names of those that each has of its own."""
    count = problem.instances // outcomes(problem)
    own = {
        name
        for name, fact in problem.facts.entries.items()
        if name != "x_star" and np.ndim(fact.value) >= 1 and len(fact.value) == count
    }
    return Facts({name: fact for name, fact in problem.facts.entries.items() if name not in own}), frozenset(own)


def ratios(theorem: Statement, family: Family) -> Ratios:
    """Return the score of a family for a statement.

    Raises
    ------
    InputError
        If the step rule or an assumption reads a constant that the members do not share.
    """
    problem = family.problem(np.repeat(family.starts()[:1], 2, axis=0))
    shared, _ = split_facts(problem)
    claim = theorem.claim
    try:
        method = theorem.method(shared)
        for assumption in claim.bound.assumptions:
            if assumption.on_setup is not None:
                excess = float(assumption.on_setup(shared, method, theorem.horizon))
                if not excess <= assumption.tolerance:
                    raise InputError(f"{assumption.text!r} does not hold at {theorem.horizon} steps.")
    except InputError as error:
        raise InputError(f"claim {claim.id} cannot be attacked with a family of instances: {error}") from error
    steps = log_spaced(theorem.horizon) if claim.bound.anytime else np.array([theorem.horizon])
    attack = Ratios(theorem, family, method, steps)
    try:
        attack.of(problem)
    except Exception as error:
        raise InputError(
            f"claim {claim.id} cannot be attacked with {problem.name}: its code raised {type(error).__name__}: {error}"
        ) from error
    return attack
