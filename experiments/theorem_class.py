"""Which class of functions a claim's theorem speaks about: the one that its bound names, or what its constants say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.experiments.claim import Claim
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Fact, Facts
from ratecheck.theory.function_class import (
    ITS_OWN_INSTANCE,
    ONLINE_LOSSES,
    FunctionClass,
    suggested_class,
    suggested_noisy_class,
    suggested_operator_class,
)

PLAIN_MEASURES = (
    "gap", "squared gap", "distance", "squared distance", "gradient norm", "squared gradient norm", "regret",
    "operator norm", "squared operator norm",
)  # fmt: skip


class _Watched(Mapping[str, Fact]):
    """The facts of a problem, with a note of which were read."""

    def __init__(self, entries: Mapping[str, Fact]) -> None:
        self._entries = entries
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Fact:
        self.read.add(name)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim's theorem at one number of steps, over a class.

    Parameters
    ----------
    claim : Claim
    horizon : int
    function_class : FunctionClass
    named : bool
        Whether the bound names the class, rather than its constants suggesting it.
    read : frozenset of str
        The facts that the formula of the bound reads.
    facts : Facts
        Those of the claim's problem, a number for each constant: of a batch of instances, the first one's.
    own : frozenset of str
        The facts that each instance of a batch has of its own.
    problem : Problem
        The claim's own.
    """

    claim: Claim
    horizon: int
    function_class: FunctionClass
    named: bool
    read: frozenset[str]
    facts: Facts
    own: frozenset[str]
    problem: Any

    def method(self, facts: Facts | None = None) -> Any:
        """Return the method, its step rule computed from the constants."""
        return self.claim.method(facts or self.facts, self.horizon)

    def bound(self, facts: Facts, method: Any) -> float:
        """Return the value of the bound after the horizon, for one instance."""
        # Formulas of batches ask for one number per instance: here there is one instance.
        batch = {name: Fact(np.atleast_1d(facts[name]), facts.fact(name).known) for name in self.own & self.read}
        facts = Facts({**facts.entries, **batch})
        values = np.asarray(self.claim.bound.value(facts, method, np.array([self.horizon])), dtype=np.float64).ravel()
        if values.size != 1 or not np.isfinite(values[0]):
            raise InputError(
                f"claim {self.claim.id}: bound {self.claim.bound.id} is {values.tolist()} after {self.horizon} steps, "
                "but it must be one finite number."
            )
        return float(values[0])


def statement(claim: Claim, horizon: int) -> Statement:
    """Return what the claim's theorem says after `horizon` steps, and about which class.

    Raises
    ------
    InputError
        If it speaks about no class, in one sentence that says why.
    """
    bound = claim.bound
    if bound.kind != "deterministic":
        raise InputError(f"claim {claim.id} is of kind {bound.kind!r}, but only a deterministic one is about a class.")
    if bound.function_class is None:
        _require_suggestive(claim)
    problem, of_setup, read = _constants_read(claim, horizon)
    chosen = bound.function_class or _suggested(claim, problem, read | of_setup)
    if chosen is ITS_OWN_INSTANCE:
        raise InputError(f"claim {claim.id} is about {problem.name} itself, not about a class of functions.")
    missing = [name for name in chosen.constants if name not in problem.facts]
    if missing:
        raise InputError(
            f"claim {claim.id} is about {chosen.title}, but {problem.name} does not know {', '.join(missing)}."
        )
    facts, own = _of_one(problem)
    return Statement(claim, horizon, chosen, bound.function_class is not None, read, facts, own, problem)


def noisy_statement(claim: Claim, horizon: int) -> Statement:
    """Return what a claim with stochastic answers says after `horizon` steps, and about which class.

    Raises
    ------
    InputError
        If its constants suggest no class.
    """
    problem, of_setup, read = _constants_read(claim, horizon)
    chosen = suggested_noisy_class(read | of_setup)
    is_function = hasattr(problem, "subgradient") and not hasattr(problem, "operator") and "f_star" in problem.facts
    if chosen is None or claim.bound.function_class is ITS_OWN_INSTANCE or not is_function:
        raise InputError(
            f"claim {claim.id} is about stochastic answers, and what its bound and step rule read of {problem.name} "
            f"({', '.join(sorted(read | of_setup)) or 'nothing'}) suggests no class of functions."
        )
    facts, own = _of_one(problem)
    return Statement(claim, horizon, chosen, False, read, facts, own, problem)


def _constants_read(claim: Claim, horizon: int) -> tuple[Any, frozenset[str], frozenset[str]]:
    """Return the problem, the facts that the step rule and its assumptions read, and those of the bound's formula."""
    try:
        problem = claim.problem(horizon)
        watched = _Watched(problem.facts.entries)
        facts = Facts(watched)
        method = claim.method(facts, horizon)
        for assumption in claim.bound.assumptions:
            if assumption.on_setup is not None:
                assumption.on_setup(facts, method, horizon)
        of_setup = frozenset(watched.read)
        watched.read.clear()
        claim.bound.value(facts, method, np.array([horizon]))
    except InputError as error:
        raise InputError(f"claim {claim.id} cannot be set up for {horizon} steps: {error}") from error
    except Exception as error:
        raise InputError(
            f"claim {claim.id} cannot be set up for {horizon} steps ({type(error).__name__}: {error}); its own numbers "
            f"of steps are {', '.join(map(str, claim.horizons))}."
        ) from error
    return problem, of_setup, frozenset(watched.read)


def _require_suggestive(claim: Claim) -> None:
    bound = claim.bound
    if bound.side != "upper":
        raise InputError(
            f"claim {claim.id} is no upper bound, and its bound {bound.id} does not name a function class."
        )
    if bound.measure.id not in PLAIN_MEASURES:
        raise InputError(
            f"claim {claim.id} measures the {bound.measure.id}, and its bound {bound.id} names no function class."
        )


def _suggested(claim: Claim, problem: Any, read: frozenset[str]) -> FunctionClass:
    online, operator = hasattr(problem, "reveal"), hasattr(problem, "operator")
    found = suggested_operator_class(read) if operator else suggested_class(read)
    if found is None or online != (found is ONLINE_LOSSES) or not (online or operator or _is_function(problem)):
        names = ", ".join(sorted(read)) or "no constant"
        raise InputError(
            f"claim {claim.id} has a bound and a step rule that read {names} of {problem.name}, which suggests no "
            "class of functions; name one with `Bound(function_class=...)` if it speaks about a class."
        )
    return found


def _is_function(problem: Any) -> bool:
    """Return whether a problem is a function with exact subgradients and a known optimum."""
    exact = getattr(problem, "draws", 1) == 0
    return exact and hasattr(problem, "subgradient") and not hasattr(problem, "operator") and "f_star" in problem.facts


def _of_one(problem: Any) -> tuple[Facts, frozenset[str]]:
    """Return the facts of the first instance, and the names of those that each instance has of its own."""
    count, entries = problem.instances, problem.facts.entries
    own = {n for n, fact in entries.items() if count and np.ndim(fact.value) >= 1 and len(fact.value) == count}
    first = {n: Fact(entries[n].value[0], entries[n].known, entries[n].accuracy, entries[n].note) for n in own}
    return Facts({**entries, **first}), frozenset(own)
