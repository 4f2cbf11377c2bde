"""A claim: a method with its step rule, on a problem family, against a bound on a measure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ratecheck.theory.bound import Bound
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts

Expected = Literal["holds", "refuted"]
SOURCE_TAGS = ("foundations", "stosignsgd", "scs", "mgsr1-sp", "sgg", "user")
_ID = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One line of the ledger.

    Parameters
    ----------
    id : str
        Lower-case letters, digits, dots and hyphens.
    title : str
        The claim in words.
    bound : Bound
    problem : callable
        ``(horizon) -> Problem``; worst-case instances depend on the number of steps.
    method : callable
        ``(facts, horizon) -> Method``, the step rule computed from the problem's constants.
    horizons : tuple of int
        Numbers of steps, increasing. A bound that holds at any time is checked along one run of the last; a bound
        made for one horizon is checked in a run of its own at each.
    tags : tuple of str
        Exactly one of `SOURCE_TAGS`, and what the claim is about.
    expected : {"holds", "refuted"}
        ``"refuted"`` marks a claim that is known to be false: a checker that cannot refute it checks nothing.
    runs, max_runs : int
        Independent runs of the first round, and the most that are spent until the verdict is decided.
    attained : float, optional
        Stated tightness (largest observed / bound) on a tight instance.
    attained_tolerance : float
        Accuracy at which it must be reached.
    attained_everywhere : bool
        Whether a deterministic bound that is made for one horizon must reach it at every horizon, or at one of them.
        At one step many a wrong method is still right, so that one horizon alone would let it pass.
    resolution : float
        A claim in expectation "holds" only if a violation by this factor would have been caught.
    value_range : tuple of float, optional
        Range of the measure where one is known, for a certificate that assumes nothing else.
    slope_from : float
        The tail on which slopes are fitted begins at this share of the horizon.
    quick : bool
        Whether the quick suite includes it.
    """

    id: str
    title: str
    bound: Bound
    problem: Callable[[int], Any]
    method: Callable[[Facts, int], Any]
    horizons: tuple[int, ...]
    tags: tuple[str, ...]
    expected: Expected = "holds"
    runs: int = 1
    max_runs: int = 0
    attained: float | None = None
    attained_tolerance: float = 1e-6
    attained_everywhere: bool = True
    resolution: float = 1.5
    value_range: tuple[float, float] | None = None
    slope_from: float = 0.1
    quick: bool = False

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise InputError(f"claim id {self.id!r} is not allowed; use lower-case letters, digits, dots and hyphens.")
        if not self.horizons or list(self.horizons) != sorted(set(self.horizons)):
            raise InputError(f"claim {self.id}: horizons is {self.horizons!r}, but it must be increasing.")
        for horizon in self.horizons:
            require_count("horizon", horizon)
        require_count("runs", self.runs)
        require_positive("resolution - 1", self.resolution - 1)
        if self.expected not in ("holds", "refuted"):
            raise InputError(f"claim {self.id}: expected is {self.expected!r}, allowed are 'holds' and 'refuted'.")
        sources = [tag for tag in self.tags if tag in SOURCE_TAGS]
        if len(sources) != 1:
            raise InputError(
                f"claim {self.id} has the source tags {sources}, but exactly one of {', '.join(SOURCE_TAGS)} is needed."
            )

    @property
    def budget(self) -> int:
        """The most runs that are spent on this claim."""
        return max(self.runs, self.max_runs)
