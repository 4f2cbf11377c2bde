"""Sets a claim's bound beside the exact worst case of its method over the whole class that the theorem speaks about."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.run import run_claim
from ratecheck.experiments.theorem_class import Statement, statement
from ratecheck.experiments.verdict import judge
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.facts import Fact, Facts
from ratecheck.theory.function_class import LOSSES_ON_BALL, ONLINE_LOSSES, START_FACTS, FunctionClass
from ratecheck.theory.worst_case import NotExpressibleError, Start, WorstCase, symbolic_run, worst_case
from ratecheck.theory.worst_case.estimation import POWERS

Outcome = Literal["tight", "loose", "confirmed", "EXCEEDED", "undecided"]
DEFAULT_HORIZON, LARGEST_DEFAULT = 5, 10
TIGHT, EXCEEDED = 1e-5, 1e-6  # relative distances from the bound; the solver's own gap is three times beside them
TOO_ROUGH = 1e-3  # an accuracy at which nothing is said
WHAT_CAN_BE = (
    "what can be certified are methods of fixed steps on Lipschitz, smooth or quadratic functions, operators and "
    "online losses; `ratecheck certify --list` names the claims"
)


@dataclass(frozen=True, slots=True)
class Certified:
    """A bound beside the exact worst case.

    Parameters
    ----------
    claim : Claim
    horizon : int
        Number of steps of both.
    function_class : FunctionClass
    named : bool
        Whether the bound names the class.
    method : str
    worst : WorstCase
    bound : float
    ratio : float
        Worst case over bound; its inverse for a lower bound.
    outcome : {"tight", "loose", "confirmed", "EXCEEDED", "undecided"}
        Where the worst case is known from above only, a bound is confirmed, or undecided if it is below.
    on_instance : float or None
        Observed over bound on the claim's own problem, as `verify` finds it at this number of steps.
    """

    claim: Claim
    horizon: int
    function_class: FunctionClass
    named: bool
    method: str
    worst: WorstCase
    bound: float
    ratio: float
    outcome: Outcome
    on_instance: float | None

    @property
    def as_expected(self) -> bool:
        """Whether a bound that is expected to hold is confirmed, and one that is expected to be refuted exceeded."""
        return self.outcome in (("EXCEEDED",) if self.claim.expected == "refuted" else ("tight", "loose", "confirmed"))


def default_horizon(claim: Claim) -> int:
    """Return the largest of the claim's numbers of steps that is quick to certify."""
    short = [horizon for horizon in claim.horizons if horizon <= LARGEST_DEFAULT]
    return short[-1] if short else DEFAULT_HORIZON


def certify(claim: Claim, horizon: int | None = None) -> Certified:
    """Return the exact worst case of a claim's method beside its bound.

    Parameters
    ----------
    claim : Claim
    horizon : int, optional
        Number of steps; `default_horizon` if None.

    Raises
    ------
    NotExpressibleError
        If performance estimation cannot speak about the claim; says why, and what can be certified.
    InputError
        If PEPit is missing, or the number of steps is not practical.
    """
    steps = default_horizon(claim) if horizon is None else horizon
    require_count("horizon", steps)
    theorem, run, constants = expressed(claim, steps)
    bound = theorem.bound(theorem.facts, theorem.method())
    start = None if theorem.function_class is ONLINE_LOSSES else start_of(theorem, bound)
    worst = worst_case(run, theorem.function_class, constants, start, claim.bound.measure.id)
    ratio, on_instance = _ratio(claim, worst.value, bound), _on_instance(claim, steps)
    return Certified(
        claim,
        steps,
        theorem.function_class,
        theorem.named,
        repr(theorem.method()),
        worst,
        bound,
        ratio,
        _outcome(claim, worst, bound, on_instance),
        on_instance,
    )


def expressed(claim: Claim, steps: int) -> tuple[Statement, Any, Mapping[str, float]]:
    """Return the theorem, the symbolic run and the constants of the class, or raise `NotExpressibleError`."""
    try:
        theorem = statement(claim, steps)
        _require_setup(theorem)
        measure = claim.bound.measure.id
        if measure not in POWERS:
            raise NotExpressibleError(f"its measure, the {measure}, is no square of a length and no value")
        if theorem.function_class is LOSSES_ON_BALL:
            raise NotExpressibleError("its class is a ball, which is not expressed here")
        diameter = getattr(getattr(theorem.problem, "domain", None), "diameter", None)
        run = symbolic_run(theorem.method(), claim.bound.output, steps, constrained=diameter is not None)
    except InputError as error:
        if not isinstance(error, NotExpressibleError) and claim.id not in str(error):
            raise
        reason = str(error).rstrip(".")
        said = reason if claim.id in reason else f"claim {claim.id} cannot be certified: {reason}"
        raise NotExpressibleError(f"{said}; {WHAT_CAN_BE}.") from error
    constants = {name: float(theorem.facts[name]) for name in theorem.function_class.constants}
    if diameter is not None and any(query.kind == "project" for query in run.queries):
        constants["diameter"] = float(diameter)
    return theorem, run, constants


def _require_setup(theorem: Statement) -> None:
    method = theorem.method()
    for assumption in theorem.claim.bound.assumptions:
        if assumption.on_setup is None:
            continue
        excess = float(assumption.on_setup(theorem.facts, method, theorem.horizon))
        if not excess <= assumption.tolerance:
            raise NotExpressibleError(f"the assumption {assumption.text!r} does not hold at {theorem.horizon} steps")


def start_of(theorem: Statement, bound: float) -> Start:
    """Return the condition on the start under which the bound has the given value.

    With one measure of the start in the formula, that measure is at most its value. With several, the bound must be a
    weighted sum of them (of squares where they are lengths), whose weights are found by doubling each in turn.
    """
    read = sorted(theorem.read & START_FACTS)
    if not read:
        # The bound reads none: the class has no start but what the step rule or the set says, such as the radius.
        read = ["radius"] if "radius" in theorem.facts else []
    if not read:
        raise NotExpressibleError(f"claim {theorem.claim.id}: nothing says how far from optimal its start may be")
    squares = {name: _square(theorem.facts, name) for name in read}
    if len(read) == 1:
        return Start({read[0]: 1.0}, squares[read[0]])
    method, power = theorem.method(), POWERS[theorem.claim.bound.measure.id]
    weights = {
        name: (theorem.bound(_doubled(theorem.facts, name), method) ** power - bound**power) / squares[name]
        for name in read
    }
    total = sum(weights[name] * squares[name] for name in read)
    if not math.isclose(total, bound**power, rel_tol=1e-9) or min(weights.values()) < 0:
        raise NotExpressibleError(
            f"claim {theorem.claim.id} cannot be certified: its bound is no weighted sum of {' and '.join(read)}; "
            f"{WHAT_CAN_BE}."
        )
    return Start(weights, total)


def _square(facts: Facts, name: str) -> float:
    return float(facts[name]) if name == "initial_gap" else float(facts[name]) ** 2


def _doubled(facts: Facts, name: str) -> Facts:
    fact = facts.fact(name)
    factor = 2.0 if name == "initial_gap" else math.sqrt(2.0)
    return Facts({**facts.entries, name: Fact(fact.value * factor, fact.known)})


def _ratio(claim: Claim, worst: float, bound: float) -> float:
    above, below = (bound, worst) if claim.bound.side == "lower" else (worst, bound)
    return above / below if below else (1.0 if above == below else math.inf)


def _outcome(claim: Claim, worst: WorstCase, bound: float, on_instance: float | None) -> Outcome:
    if claim.bound.side == "upper" and on_instance is not None and on_instance > 1 + EXCEEDED:
        return "EXCEEDED"  # an instance says it, whatever is known of the class
    if worst.accuracy > TOO_ROUGH:
        return "undecided"
    slack = 3 * worst.accuracy
    if claim.bound.side == "lower":
        # The dual is an upper bound on what the method can be made to suffer.
        return "EXCEEDED" if bound > worst.value * (1 + EXCEEDED + slack) else _met(bound / worst.value, slack)
    # The primal is attained by an instance, if the class has no more conditions than those that were stated.
    if worst.attained > bound * (1 + EXCEEDED + slack):
        return "EXCEEDED" if worst.exact else "undecided"
    if not worst.exact:
        return "confirmed"
    return _met(worst.value / bound if bound else 1.0, slack)


def _met(ratio: float, slack: float) -> Outcome:
    return "tight" if ratio >= 1 - TIGHT - slack else "loose"


def _on_instance(claim: Claim, steps: int) -> float | None:
    short = dataclasses.replace(claim, horizons=(steps,))
    return judge([short], {short.id: run_claim(short, seed=0)})[0].tightness


def as_json(one: Certified) -> dict[str, Any]:
    """Return the promised fields of one certificate as plain JSON data."""
    return {
        "id": one.claim.id,
        "title": one.claim.title,
        "bound_id": one.claim.bound.id,
        "side": one.claim.bound.side,
        "class": one.function_class.id,
        "class_named": one.named,
        "method": one.method,
        "measure": one.claim.bound.measure.id,
        "horizon": one.horizon,
        "worst_case": _finite(one.worst.value),
        "attained": _finite(one.worst.attained),
        "accuracy": one.worst.accuracy,
        "exact": one.worst.exact,
        "solver": one.worst.solver,
        "bound": one.bound,
        "ratio": _finite(one.ratio),
        "outcome": one.outcome,
        "on_instance": None if one.on_instance is None else _finite(one.on_instance),
        "expected": one.claim.expected,
        "as_expected": one.as_expected,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
