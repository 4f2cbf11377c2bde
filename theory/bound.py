"""What a theorem is, as data: formula, assumptions, measure, source, and where it is attained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Facts
from ratecheck.theory.function_class import CLASSES, FunctionClass
from ratecheck.theory.outputs import Output
from ratecheck.theory.stationarity.measure import Measure

Kind = Literal["deterministic", "expectation", "probability", "rate"]
Side = Literal["upper", "lower", "equal"]
Provenance = Literal["paper", "secondary", "derived"]
Evidence = Literal["derived here", "performance estimation", "statement read", "recalled"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from.

    Parameters
    ----------
    authors, year, where : str, int, str
        Citation; `where` is the theorem or section as far as known, else empty.
    """

    authors: str
    year: int
    where: str = ""

    def __str__(self) -> str:
        return f"{self.authors} ({self.year})" + (f", {self.where}" if self.where else "")


@dataclass(frozen=True, slots=True)
class Assumption:
    """A condition of a theorem that is checked on the run itself.

    Parameters
    ----------
    text : str
        The condition in words, shown in every report.
    on_query : callable, optional
        ``(facts, x, g) -> (runs,)`` relative excess at each oracle answer `g` at `x`; at most 0 where it holds.
    on_setup : callable, optional
        ``(facts, method, horizon) -> float`` relative excess of the step rule or the constants.
    tolerance : float
        Excess that rounding may cause.
    """

    text: str
    on_query: Callable[[Facts, FloatArray, FloatArray], FloatArray] | None = None
    on_setup: Callable[[Facts, Any, int], float] | None = None
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        if (self.on_query is None) == (self.on_setup is None):
            raise InputError(
                f"assumption {self.text!r} must be checked either on queries or on the setup; "
                "give exactly one of on_query and on_setup."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A theorem as code.

    Parameters
    ----------
    id : str
        Row of the catalogue, such as ``"NS-01"``.
    title, formula : str
        In words, and as LaTeX without dollar signs.
    measure : Measure
        The bounded quantity.
    output : Output
        The point (last, best, average) or the mean that the quantity is taken of.
    value : callable
        ``(facts, method, steps) -> (len(steps),)`` the bound after each number of steps. For kind ``"rate"`` it is
        drawn beside the run but `exponent` is what is judged.
    kind : {"deterministic", "expectation", "probability", "rate"}
    side : {"upper", "lower", "equal"}
        Whether the measure must stay below the value, above it, or equal it.
    anytime : bool
        True if it holds after every number of steps of one run; False if the step rule is made for one horizon,
        so that each horizon is a run of its own.
    exponent : float, optional
        Claimed exponent of the number of steps, such as -0.5; None where no power law is claimed.
    failure_probability : float, optional
        For kind ``"probability"``: the share of runs that may exceed the value.
    assumptions : tuple of Assumption
    source : Source
    provenance : {"paper", "secondary", "derived"}
        Whether constants are the paper's, another author's rendering of them, or derived in this package.
    evidence : tuple
        How the statement was checked when it was coded; ``("recalled",)`` alone is never called a verified theorem.
    tight_on : str
        Name of the instance on which the value is attained, empty if none is known.
    remark : str
        What a reader must know, for example the key step of the proof of a derived statement.
    function_class : FunctionClass, optional
        What the theorem quantifies over. If None, the class that its constants suggest (convex M-Lipschitz functions
        where it reads ``lipschitz``, and so on), which `certify` and `falsify` name in what they print.
    """

    id: str
    title: str
    formula: str
    measure: Measure
    output: Output
    value: Callable[[Facts, Any, IntArray], FloatArray]
    source: Source
    provenance: Provenance
    evidence: tuple[Evidence, ...]
    kind: Kind = "deterministic"
    side: Side = "upper"
    anytime: bool = True
    exponent: float | None = None
    failure_probability: float | None = None
    assumptions: tuple[Assumption, ...] = ()
    tight_on: str = ""
    remark: str = ""
    function_class: FunctionClass | None = None

    def __post_init__(self) -> None:
        if (self.kind == "probability") != (self.failure_probability is not None):
            raise InputError(
                f"bound {self.id} is of kind {self.kind!r}; "
                "failure_probability goes with kind 'probability' and with no other."
            )
        if self.kind == "rate" and self.exponent is None:
            raise InputError(f"bound {self.id} is of kind 'rate' and needs the claimed exponent.")
        if self.function_class is not None and self.function_class not in CLASSES.values():
            raise InputError(
                f"bound {self.id} has the function_class {self.function_class!r}, but it must be one that "
                f"ratecheck.theory.function_class defines: {', '.join(CLASSES)}."
            )


def innermost(method: Any) -> Any:
    """Return the method inside all wrappers, whose step rule a formula speaks about."""
    while hasattr(method, "inner"):
        method = method.inner
    return method
