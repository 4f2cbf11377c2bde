r"""Families of nonsmooth and sharp functions whose members are named by real numbers: what a falsifier searches.

A family turns rows of `size` real numbers into a batch of members of one class of functions, with the constants of the
class exactly as given. Every row is a member, however it was found: numbers are clipped or scaled where the class asks
for it. `starts` are rows that make a classical hard instance, from which a search may begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ratecheck.testbeds.domains import Domain, WholeSpace
from ratecheck.testbeds.instance_rows import BallRows, InstanceRows
from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.facts import Fact, Facts, planted


class Family(Protocol):
    """A parametrised family of problems."""

    @property
    def size(self) -> int:
        """How many real numbers name a member."""
        ...

    def problem(self, parameters: FloatArray) -> Any:
        """Return the batch of members that the rows of `parameters`, (count, size), name."""
        ...

    def starts(self) -> FloatArray:
        """Return rows that name classical hard instances, (k, size)."""
        ...


def within_unit_ball(v: FloatArray) -> FloatArray:
    """Return vectors along the last axis, those longer than 1 cut to length 1."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1.0)


def unit(v: FloatArray) -> FloatArray:
    """Return vectors along the last axis scaled to length 1, the first axis for a vector that is 0."""
    norm = np.linalg.norm(v, axis=-1, keepdims=True)
    first = np.zeros_like(v)
    first[..., 0] = 1.0
    return np.where(norm > 1e-300, v / np.maximum(norm, 1e-300), first)


@dataclass(frozen=True, slots=True)
class Maxima:
    r"""Maxima of affine functions, M-Lipschitz, with a minimiser at the distance R from the start 0.

    .. math:: f(x) = \max\{0,\; \max_i \langle a_i, x - x^\star\rangle + b_i\}, \qquad \|a_i\| \le M,\; b_i \le 0

    Every worst case of a fixed-step method on convex M-Lipschitz functions is of this form with N + 1 pieces. The
    oracle answers with the first maximal piece, and with 0 where all are at most 0.

    Parameters
    ----------
    lipschitz, radius : float
        M and R.
    pieces, dim : int
    diameter : float, optional
        Of a ball that holds the start and the minimiser; the whole space if None.
    """

    lipschitz: float
    radius: float
    pieces: int
    dim: int
    diameter: float | None = None

    @property
    def size(self) -> int:
        """Slopes, offsets, and the direction of the minimiser."""
        return self.pieces * (self.dim + 1) + self.dim

    def problem(self, parameters: FloatArray) -> InstanceRows:
        """Return the maxima that the rows name."""
        m, d, count = self.pieces, self.dim, len(parameters)
        a = self.lipschitz * within_unit_ball(parameters[:, : m * d].reshape(count, m, d))
        # A random number is below 1 with chance 0.84: most pieces meet at the minimiser, as in the worst cases.
        b = -self.lipschitz * self.radius * np.maximum(parameters[:, m * d : m * (d + 1)] - 1, 0.0)
        x_star = -self.radius * unit(parameters[:, m * (d + 1) :])

        def pieces(x: FloatArray) -> FloatArray:
            return np.einsum("rij,rj->ri", a, x - x_star) + b

        def function(x: FloatArray) -> FloatArray:
            return np.maximum(pieces(x).max(axis=1), 0.0)

        def derivative(x: FloatArray) -> FloatArray:
            values = pieces(x)
            first = values.argmax(axis=1)
            rows = np.arange(count)
            return np.where((values[rows, first] > 0)[:, None], a[rows, first], 0.0)

        facts = planted(lipschitz=self.lipschitz, radius=self.radius, f_star=0.0, x_star=x_star)
        facts["initial_gap"] = Fact(function(np.zeros((count, d))), "computed")
        domain: Domain = WholeSpace()
        if self.diameter is not None:
            facts |= planted(diameter=self.diameter)
            domain = BallRows(x_star / 2, self.diameter / 2)
        return InstanceRows(
            "maxima of affine functions", np.zeros((count, d)), function, derivative, Facts(facts), domain
        )

    def starts(self) -> FloatArray:
        """Return orthogonal slopes, whose oracle gives away one at a time, and a single slope."""
        orthogonal = np.zeros((self.pieces, self.dim))
        shared = np.arange(min(self.pieces, self.dim))
        orthogonal[shared, shared] = 1.0
        spread = (np.arange(self.dim) < len(shared)).astype(np.float64)
        axis = np.eye(1, self.dim)[0]
        straight = np.tile(axis, (self.pieces, 1))
        level = np.zeros(self.pieces)
        return np.stack(
            [np.concatenate([a.ravel(), level, way]) for a, way in ((orthogonal, spread), (straight, axis))]
        )


@dataclass(frozen=True, slots=True)
class SharpMaxima:
    r"""Weighted distances, M-Lipschitz and sharp with a modulus of their own, from the start 0.

    .. math:: f(x) = \max_i w_i |x_i - x^\star_i|, \qquad \max_i w_i = M,\quad m = (\sum_i w_i^{-2})^{-1/2}

    Parameters
    ----------
    lipschitz, radius : float
        M and R.
    dim : int
    """

    lipschitz: float
    radius: float
    dim: int

    @property
    def size(self) -> int:
        """Weights and the direction of the minimiser."""
        return 2 * self.dim

    def problem(self, parameters: FloatArray) -> InstanceRows:
        """Return the distances that the rows name."""
        d, count = self.dim, len(parameters)
        raw = np.exp(np.clip(parameters[:, :d], -8.0, 8.0))
        w = self.lipschitz * raw / raw.max(axis=1, keepdims=True)
        x_star = -self.radius * unit(parameters[:, d:])

        def function(x: FloatArray) -> FloatArray:
            return (w * np.abs(x - x_star)).max(axis=1)

        def derivative(x: FloatArray) -> FloatArray:
            offset = x - x_star
            rows, largest = np.arange(count), (w * np.abs(offset)).argmax(axis=1)
            g = np.zeros_like(x)
            g[rows, largest] = w[rows, largest] * np.sign(offset[rows, largest])
            return g

        facts = planted(lipschitz=self.lipschitz, radius=self.radius, f_star=0.0, x_star=x_star)
        facts |= planted(sharpness=1 / row_norm(1 / w))
        return InstanceRows("weighted distances", np.zeros((count, d)), function, derivative, Facts(facts))

    def starts(self) -> FloatArray:
        """Return equal weights, seen from a corner."""
        return np.concatenate([np.zeros(self.dim), np.ones(self.dim)])[None]


EXAMPLES: dict[str, Family] = {
    "maxima": Maxima(2.0, 0.5, 4, 3),
    "maxima-in-ball": Maxima(1.0, 1.0, 3, 3, diameter=2.5),
    "sharp-maxima": SharpMaxima(2.0, 0.5, 3),
}
