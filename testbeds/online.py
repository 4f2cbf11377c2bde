"""Online linear losses: independent signs, fixed random losses, adversaries that answer the player."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Ball, Box, Domain
from ratecheck.testbeds.oracle import OnlineOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, row_norm, rows_times
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form

Reveal = Callable[[int, FloatArray, FloatArray, FloatArray | None], FloatArray]


@dataclass(frozen=True, slots=True)
class LinearLosses:
    r"""Rounds t = 1, 2, ...: the player plays x_t, the loss is <g_t, x_t>, and g_t is revealed.

    Parameters
    ----------
    name : str
    reveal : callable
        ``(t, x, gradient_sum, u) -> (runs, dim)``, g_t from the point played, the sum of earlier loss vectors and
        `draws` uniform numbers.
    start : (dim,) array
        x_1.
    domain : Domain
    facts : Facts
        ``gradient_bound`` (G) and ``diameter`` (D) among them.
    draws : int
        Uniform numbers per round, 0 for losses without chance.
    """

    name: str
    reveal: Reveal
    start: FloatArray
    domain: Domain
    facts: Facts
    draws: int = 0

    instances = None
    batch = 1

    def oracle(self, streams: Streams, watch: Watch | None = None) -> OnlineOracle:
        """Return a fresh oracle that keeps the regret."""
        return OnlineOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class Hull:
    """The convex hull of a few points, for instances whose player never leaves it.

    Parameters
    ----------
    vertices : (m, dim) array
    """

    vertices: FloatArray

    @property
    def diameter(self) -> float:
        """Euclidean diameter."""
        offsets = self.vertices[:, None, :] - self.vertices[None, :, :]
        return float(np.sqrt((offsets**2).sum(axis=2).max()))

    def project(self, x: FloatArray) -> FloatArray:
        """Return `x` where it is a vertex; the projection of other points is not needed here and not known."""
        outside = self.excess(x) > 1e-9
        if outside.any():
            raise InputError("a point that is no vertex was to be projected onto a hull; use the step rule it is for.")
        return x

    def support(self, s: FloatArray) -> FloatArray:
        """Return the largest inner product with a vertex."""
        return rows_times(s, self.vertices.T).max(axis=1)

    def excess(self, x: FloatArray) -> FloatArray:
        """Return the distance to the nearest vertex, which is at least that to the hull."""
        offsets = x[:, None, :] - self.vertices[None, :, :]
        return np.sqrt((offsets**2).sum(axis=2).min(axis=1))


def orthogonal_losses(step_sizes: FloatArray, gradient_bound: float = 1.0) -> LinearLosses:
    r"""Return the worst case of online gradient descent: f_t(x) = G x_t, the t-th coordinate, from x_1 = 0.

    Every round costs nothing but moves the player one step away from where the next losses would have been paid; the
    feasible set is the convex hull of its points, so that projections never act, and x* is the last of them. Then
    Reg = G^2 sum(gamma_t) and D^2 = G^2 sum(gamma_t^2).

    Parameters
    ----------
    step_sizes : (T,) array
        gamma_1, ..., gamma_T of the player.
    gradient_bound : float
        G.
    """
    require_positive("gradient_bound", gradient_bound)
    gamma, G = np.asarray(step_sizes, dtype=np.float64), gradient_bound
    if gamma.ndim != 1 or gamma.size == 0 or not (np.isfinite(gamma) & (gamma > 0)).all():
        raise InputError("step_sizes must be a list of positive finite numbers, one for each round.")
    T = gamma.size
    played = np.arange(T + 1)[:, None] > np.arange(T)[None, :]
    hull = Hull(np.where(played, -gamma * G, 0.0))

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        g = np.zeros_like(x)
        g[:, t - 1] = G
        return g

    facts = closed_form(gradient_bound=G, diameter=float(G * np.sqrt((gamma**2).sum())))
    return LinearLosses("orthogonal losses", reveal, np.zeros(T), hull, Facts(facts))


def perpendicular_adversary(radius: float = 1.0, gradient_bound: float = 1.0, dim: int = 3) -> LinearLosses:
    r"""Return the adversary against which *every* player on a ball has regret r G sqrt(T).

    The loss vector is orthogonal to the point played and to the sum of all earlier ones: nothing is gained by any
    move, and the norm of the sum grows like sqrt(t) (Abernethy, Bartlett, Rakhlin and Tewari 2008).

    Parameters
    ----------
    radius, gradient_bound : float
        r and G.
    dim : int
        At least 3.
    """
    require_positive("radius", radius)
    require_positive("gradient_bound", gradient_bound)
    require_count("dim - 2", dim - 2)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return gradient_bound * _orthogonal_unit(gradient_sum, x)

    ball = Ball(np.zeros(dim), radius)
    facts = closed_form(gradient_bound=gradient_bound, diameter=2 * radius, radius=radius)
    return LinearLosses("perpendicular adversary", reveal, np.zeros(dim), ball, Facts(facts))


def _orthogonal_unit(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return a unit vector orthogonal to both, row by row: the unit vector that is nearest to it, made orthogonal."""
    basis: list[FloatArray] = []
    for v in (first, second):
        for _ in range(2):  # once more, since one pass of Gram-Schmidt loses digits
            for b in basis:
                v = v - row_dot(v, b)[:, None] * b
        norm = row_norm(v)
        basis.append(np.where(norm[:, None] > 1e-12, v / np.maximum(norm, 1e-300)[:, None], 0.0))
    lost = np.sum([b**2 for b in basis], axis=0)
    v = np.zeros_like(first)
    v[np.arange(len(v)), lost.argmin(axis=1)] = 1.0
    for _ in range(2):
        for b in basis:
            v = v - row_dot(v, b)[:, None] * b
    return v / row_norm(v)[:, None]


def random_signs(diameter: float = 2.0, gradient_bound: float = 1.0) -> LinearLosses:
    """Return losses +-G x on an interval of length D: no player's expected regret is below (DG/2) E|sum of signs|."""
    require_positive("diameter", diameter)
    require_positive("gradient_bound", gradient_bound)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        assert u is not None
        return np.where(u < 0.5, -gradient_bound, gradient_bound)

    box = Box(np.array([-diameter / 2]), np.array([diameter / 2]))
    facts = closed_form(
        gradient_bound=gradient_bound,
        diameter=diameter,
        widths=box.widths,
        coordinate_bounds=np.array([gradient_bound]),
    )
    return LinearLosses("random signs", reveal, np.zeros(1), box, Facts(facts), draws=1)


def random_losses(dim: int = 4, radius: float = 1.0, drift: float = 0.3) -> LinearLosses:
    """Return oblivious losses of norm exactly 1 on a ball: random directions around a drift, so that staying costs.

    Parameters
    ----------
    dim : int
    radius : float
        Of the ball around the origin.
    drift : float
        Length of the vector that is added to a random one with entries uniform on [-1, 1] before it is normalised.
    """
    require_count("dim", dim)
    require_positive("radius", radius)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        assert u is not None
        g = 2 * u - 1
        g[:, 0] += drift
        return g / row_norm(g)[:, None]

    ball = Ball(np.zeros(dim), radius)
    facts = closed_form(gradient_bound=1.0, diameter=2 * radius, radius=radius)
    return LinearLosses("random linear losses", reveal, np.zeros(dim), ball, Facts(facts), draws=dim)


def reddi(large: float = 3.0) -> LinearLosses:
    """Return the losses that defeat Adam: C x in rounds 1, 4, 7, ..., -x in the others, on [-1, 1], from x_1 = 1.

    The best point is -1, since C > 2, but Adam's long memory of the large gradient shrinks its answer to it
    (Reddi, Kale and Kumar 2018, theorem 1).

    Parameters
    ----------
    large : float
        C, above 2.
    """
    if not (np.isfinite(large) and large > 2):
        raise InputError(f"large is {large!r}, but it must be a finite number above 2.")

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return np.full_like(x, large if t % 3 == 1 else -1.0)

    box = Box(np.array([-1.0]), np.array([1.0]))
    facts = closed_form(
        gradient_bound=large, diameter=2.0, widths=box.widths, coordinate_bounds=np.array([large]), large=large
    )
    return LinearLosses("Reddi-Kale-Kumar losses", reveal, np.ones(1), box, Facts(facts))


def growing_losses(growth: float, rounds: int) -> LinearLosses:
    """Return loss vectors growth^(t - rounds) for t = 1, ..., rounds: the gradients that make Adam's update largest.

    Parameters
    ----------
    growth : float
        beta2/beta1, above 1.
    rounds : int
        At which the loss vector is 1; so chosen that the first one is still a normal number.
    """
    require_count("rounds", rounds)
    if not (growth > 1 and 2 * rounds * np.log10(growth) < 300):
        raise InputError(
            f"growth is {growth!r} over {rounds} rounds, but it must be above 1 and keep squares in range."
        )

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return np.full_like(x, growth ** (t - rounds))

    box = Box(np.array([-1e6]), np.array([1e6]))
    facts = closed_form(gradient_bound=1.0, diameter=2e6)
    return LinearLosses("growing losses", reveal, np.zeros(1), box, Facts(facts))


EXAMPLES = {
    "orthogonal-losses": orthogonal_losses(np.full(5, 0.5)),
    "perpendicular-adversary": perpendicular_adversary(),
    "random-signs": random_signs(),
    "random-losses": random_losses(),
    "reddi": reddi(),
    "growing-losses": growing_losses(1.1, 50),
}
