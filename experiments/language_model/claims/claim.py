"""A claim about training a language model: whose it is, what is measured, and what is expected by evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ratecheck.experiments.claim import SOURCE_TAGS
from ratecheck.theory.errors import InputError, require_choice

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.outcome import Finding
    from ratecheck.experiments.language_model.runs import Run

TAG = "language-model"
SEEDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageClaim:
    """ "The mean of a measure over seeds is at most `bound`".

    Parameters
    ----------
    id, title : str
    experiment : str
        Name of the experiment that decides it.
    source : str
        Author, year and place.
    provenance : {"paper", "secondary", "derived"}
        Whose claim it is.
    paper : str
        The paper's own words or numbers.
    measure : str
    bound : float
    tags : tuple of str
        Exactly one of the ledger's source tags, and what the claim is about; ``language-model`` is added.
    expected : {"holds", "refuted"}
        By the runs recorded with this package.
    """

    id: str
    title: str
    experiment: str
    source: str
    provenance: str
    paper: str
    measure: str
    bound: float
    tags: tuple[str, ...]
    expected: str = "holds"

    def __post_init__(self) -> None:
        require_choice("expected", self.expected, ("holds", "refuted"))
        require_choice("provenance", self.provenance, ("paper", "secondary", "derived"))
        if len([tag for tag in self.tags if tag in SOURCE_TAGS]) != 1:
            raise InputError(f"claim {self.id} has the tags {self.tags}, but needs one of {', '.join(SOURCE_TAGS)}.")

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags with ``language-model``."""
        return (TAG, *self.tags)

    def entry(self) -> dict[str, Any]:
        """Return one line of the ledger as plain JSON data, with the fields of every other line."""
        return {
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "provenance": self.provenance,
            "evidence": ["measured here"],
            "kind": "expectation",
            "side": "upper",
            "bound": self.id,
            "formula": f"E[{self.measure}] <= {self.bound:g}",
            "measure": self.measure,
            "assumptions": [],
            "expected": self.expected,
            "attained": None,
            "horizons": [],
            "runs": SEEDS,
            "max_runs": SEEDS,
            "slope_claimed": None,
            "tags": list(self.all_tags),
            "quick": False,
            "paper": self.paper,
            "experiment": self.experiment,
        }

    def finding(self, values: Sequence[float], runs: Sequence[Run], scope: str, problem: str) -> Finding:
        """Return the claim with what came out.

        Parameters
        ----------
        values : sequence of float
            The measure for each seed.
        runs : sequence of Run
            Of the method that the claim is about.
        scope : str
            Where it was found to hold, and where not.
        problem : str
        """
        from ratecheck.experiments.language_model.outcome import Finding

        recipe = runs[0].setup.recipe
        return Finding(
            id=self.id,
            title=self.title,
            source=self.source,
            provenance=self.provenance,
            paper=self.paper,
            scope=scope,
            values=tuple(values),
            bound=self.bound,
            measure=self.measure,
            method=f"{recipe.optimizer}, step size {recipe.step_size:.4g}",
            problem=problem,
            horizon=max(record.step for run in runs for record in run.records),
            oracle_calls=max(run.sequences for run in runs),
            tags=self.tags,
            expected=self.expected,
            seconds=sum(run.seconds for run in runs),
        )
