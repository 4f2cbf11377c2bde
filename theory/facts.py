"""What is known exactly about a problem, how it is known, and how accurately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ratecheck.theory.errors import InputError

Knowledge = Literal["planted", "closed form", "computed", "solver"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A constant of a problem.

    Parameters
    ----------
    value : float or array
        The constant; per-coordinate constants have shape (dim,), constants of an instance batch (runs,).
    known : {"planted", "closed form", "computed", "solver"}
        How it is known: built into the instance, by a formula, by exact arithmetic on the data, or by a solver.
    accuracy : float
        Half-width of the interval that is certified to contain the truth, 0 when exact.
    note : str
        The formula, or the name of the solver and of the certificate.
    """

    value: Any
    known: Knowledge
    accuracy: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one problem, by name.

    The names used across the package: ``lipschitz`` (M), ``smoothness`` (L), ``strong_convexity`` (mu), ``radius``
    (R, distance from the start to a minimiser), ``initial_gap`` (Delta), ``f_star``, ``x_star``,
    ``coordinate_bounds`` (G_i, shape (dim,)), ``widths`` (D_i, shape (dim,)), ``diameter`` (D),
    ``second_moment`` (G^2), ``noise_variance`` (sigma^2).
    """

    entries: Mapping[str, Fact]

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> Any:
        """Return the value of the fact `name`, or raise `InputError` if the problem does not know it."""
        return self.fact(name).value

    def fact(self, name: str) -> Fact:
        """Return the fact `name` with its provenance, or raise `InputError` if the problem does not know it."""
        if name not in self.entries:
            raise InputError(
                f"the problem knows no {name!r}, only {', '.join(sorted(self.entries))}; "
                "choose another bound or give the problem this fact."
            )
        return self.entries[name]

    def accuracy(self, name: str) -> float:
        """Return the certified accuracy of the fact `name`, 0.0 when it is exact or unknown."""
        return self.entries[name].accuracy if name in self.entries else 0.0


def closed_form(**values: Any) -> dict[str, Fact]:
    """Return facts that are known by a formula."""
    return {name: Fact(_frozen(value), "closed form") for name, value in values.items()}


def planted(**values: Any) -> dict[str, Fact]:
    """Return facts that are built into the instance."""
    return {name: Fact(_frozen(value), "planted") for name, value in values.items()}


def computed(**values: Any) -> dict[str, Fact]:
    """Return facts that exact arithmetic on the data gives."""
    return {name: Fact(_frozen(value), "computed") for name, value in values.items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.setflags(write=False)
    return value
