"""Quadratics with a set spectrum, on the axes or rotated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.noise import Noisy, Rademacher
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_positive
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True, eq=False)
class Quadratic:
    r""":math:`f(x) = \frac12 x^\top H x` with given eigenvalues; the start has given coordinates in the eigenbasis.

    Parameters
    ----------
    spectrum, at : tuple of float
        Eigenvalues, all positive, and coordinates of the start.
    rotation : float
        Angle in radians by which the eigenvectors are turned in the plane of each two neighbouring axes: a rotated
        ravine for two eigenvalues.
    """

    spectrum: tuple[float, ...]
    at: tuple[float, ...]
    rotation: float = 0.0

    name = "quadratic"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    def __post_init__(self) -> None:
        for eigenvalue in self.spectrum:
            require_positive("eigenvalue", eigenvalue)
        if len(self.at) != len(self.spectrum) or not np.isfinite((*self.at, self.rotation)).all():
            raise InputError(f"{len(self.spectrum)} eigenvalues need as many finite coordinates, given {self.at!r}.")

    @cached_property
    def basis(self) -> FloatArray:
        """Orthogonal matrix whose columns are the eigenvectors."""
        n = len(self.spectrum)
        basis = np.eye(n)
        if self.rotation:
            c, s = np.cos(self.rotation), np.sin(self.rotation)
            for i in range(n - 1):
                turn = np.eye(n)
                turn[i : i + 2, i : i + 2] = [[c, -s], [s, c]]
                basis = turn @ basis
        return basis

    @cached_property
    def hessian(self) -> FloatArray:
        """The matrix H."""
        return self.basis @ np.diag(self.spectrum) @ self.basis.T

    @cached_property
    def start(self) -> FloatArray:
        """The start, in the coordinates of x."""
        return self.basis @ np.array(self.at)

    @cached_property
    def facts(self) -> Facts:
        """Constants in closed form."""
        c, eigenvalues = np.array(self.at), np.array(self.spectrum)
        return Facts(
            closed_form(
                smoothness=max(self.spectrum),
                strong_convexity=min(self.spectrum),
                radius=float(np.linalg.norm(c)),
                initial_gap=float(eigenvalues @ c**2) / 2,
                f_star=0.0,
                x_star=np.zeros(len(c)),
                spectrum=eigenvalues,
                coordinates=c,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return row_dot(self.subgradient(x), x) / 2

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return H x at each row."""
        return rows_times(x, self.hessian) if self.rotation else x * np.array(self.spectrum)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


def ravine(condition: float = 100.0, rotation: float = 0.0) -> Quadratic:
    """Return two eigenvalues, 1 and 1/condition, from a start that excites both, rotated by an angle."""
    return Quadratic((1.0 / condition, 1.0), (1.0, 1.0), rotation)


EXAMPLES = {
    "quadratic": Quadratic((1.0, 0.1, 0.5), (1.0, 2.0, -1.0)),
    "rotated-ravine": ravine(rotation=np.pi / 4),
    "noisy-quadratic": Noisy(Quadratic((1.0, 0.1), (1.0, 2.0)), Rademacher((0.5, 0.5))),
}
