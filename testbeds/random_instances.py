"""Batches of random instances with a planted optimum: run r is instance r, and the constants are exactly the stated.

A bound that is exact on one instance must be exceeded on none of these. Every instance has R = ||x_0 - x*|| = 1, and
M = 1 or L = 1, so that step rules and bounds are the same for the whole batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.facts import Fact, Facts, planted

SEED = 20_240_901


def _generator(purpose: int, count: int, terms: int, dim: int) -> np.random.Generator:
    require_count("count", count)
    require_count("terms - 1", terms - 1)
    require_count("dim", dim)
    return np.random.default_rng([SEED, purpose, count, terms, dim])


def _unit_rows(a: FloatArray) -> FloatArray:
    return a / np.linalg.norm(a, axis=-1, keepdims=True)


@dataclass(frozen=True, slots=True)
class InstanceBatch:
    r"""Functions of the inner products with given directions, one function per run.

    .. math:: f_r(x) = \phi\bigl(\langle a_{r,i},\, x - x^\star_r\rangle_{i\le m}\bigr) +
        \tfrac{\mu}{2}\|x-x^\star_r\|^2, \qquad x_0 = 0,\; f_r^\star = 0

    Parameters
    ----------
    name : str
    directions : (count, terms, dim) array
    optimum : (count, dim) array
        x*_r.
    outer : callable
        phi, ``(count, terms) -> (count,)``.
    slopes : callable
        A subgradient of phi, ``(count, terms) -> (count, terms)``.
    facts : Facts
    curvature : float
        mu.
    """

    name: str
    directions: FloatArray
    optimum: FloatArray
    outer: Callable[[FloatArray], FloatArray]
    slopes: Callable[[FloatArray], FloatArray]
    facts: Facts
    curvature: float = 0.0

    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def instances(self) -> int:
        """Number of instances."""
        return int(self.directions.shape[0])

    @property
    def start(self) -> FloatArray:
        """The origin for every instance, shape (count, dim)."""
        return np.zeros_like(self.optimum)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f_r at row r."""
        offset = self._offset(x)
        inner = np.einsum("rij,rj->ri", self.directions, offset)
        return self.outer(inner) + 0.5 * self.curvature * np.einsum("rj,rj->r", offset, offset)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f_r at row r."""
        offset = self._offset(x)
        inner = np.einsum("rij,rj->ri", self.directions, offset)
        return np.einsum("rij,ri->rj", self.directions, self.slopes(inner)) + self.curvature * offset

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)

    def _offset(self, x: FloatArray) -> FloatArray:
        if x.shape[0] != self.instances:
            raise InputError(
                f"{x.shape[0]} points were given for a batch of {self.instances} instances; run r is instance r, so "
                f"set the claim's runs to {self.instances}."
            )
        return x - self.optimum


def random_maxima(count: int = 1000, terms: int = 12, dim: int = 6) -> InstanceBatch:
    """Return maxima of linear functions: M = R = 1 exactly, 0 in the convex hull of the slopes.

    Slopes of very different lengths and directions; the last one is minus a random convex combination of the others,
    so that x* is a minimiser.
    """
    random = _generator(1, count, terms, dim)
    shape = 10.0 ** random.uniform(-2, 0.5, (count, 1, dim))  # from needles to balls
    a = random.normal(size=(count, terms, dim)) * shape * random.uniform(0.1, 1, (count, terms, 1))
    weights = random.dirichlet(np.ones(terms - 1), count)
    a[:, -1] = -np.einsum("ri,rij->rj", weights, a[:, :-1]) * random.uniform(0.2, 5, (count, 1))
    a /= np.linalg.norm(a, axis=2).max(axis=1)[:, None, None]
    x_star = _unit_rows(random.normal(size=(count, dim)))

    def slopes(inner: FloatArray) -> FloatArray:
        chosen = np.zeros_like(inner)
        chosen[np.arange(len(inner)), inner.argmax(axis=1)] = 1.0
        return chosen

    facts = planted(lipschitz=1.0, radius=1.0, f_star=0.0, x_star=x_star)
    return InstanceBatch("random maxima", a, x_star, lambda inner: inner.max(axis=1), slopes, Facts(facts))


def random_deviations(count: int = 1000, terms: int = 12, dim: int = 6) -> InstanceBatch:
    """Return weighted least absolute deviations without residual: M at most 1 (the triangle inequality), R = 1."""
    random = _generator(2, count, terms, dim)
    shape = 10.0 ** random.uniform(-2, 0.5, (count, 1, dim))
    weights = random.dirichlet(np.full(terms, 0.3), count)
    a = _unit_rows(random.normal(size=(count, terms, dim)) * shape) * weights[:, :, None]
    x_star = _unit_rows(random.normal(size=(count, dim)))
    facts = planted(lipschitz=1.0, radius=1.0, f_star=0.0, x_star=x_star)
    return InstanceBatch(
        "random absolute deviations", a, x_star, lambda inner: np.abs(inner).sum(axis=1), np.sign, Facts(facts)
    )


def random_sharp(count: int = 1000, dim: int = 6) -> InstanceBatch:
    """Return weighted l-infinity distances in random orthonormal bases: M = R = 1, sharp with a known modulus.

    ``max_i w_i |<q_i, x - x*>|`` with w_1 = 1 the largest weight has f >= m ||x - x*|| for m = (sum_i w_i^-2)^(-1/2).
    """
    random = _generator(3, count, 2, dim)
    bases = np.linalg.qr(random.normal(size=(count, dim, dim)))[0]
    w = np.concatenate([np.ones((count, 1)), random.uniform(0.1, 1, (count, dim - 1))], axis=1)
    return _sharp("random sharp", bases, w, _unit_rows(random.normal(size=(count, dim))))


def sharp_corner(weight: float = 0.5) -> InstanceBatch:
    """Return max{|x_1|, w |x_2|} from a point at distance 1 where both are equal: Polyak's first step is the worst."""
    if not 0 < weight <= 1:
        raise InputError(f"weight is {weight!r}, but it must be in (0, 1], since M = 1.")
    x_star = -_unit_rows(np.array([[1.0, 1 / weight]]))
    return _sharp("sharp corner", np.eye(2)[None], np.array([[1.0, weight]]), x_star)


def _sharp(name: str, bases: FloatArray, w: FloatArray, x_star: FloatArray) -> InstanceBatch:
    def slopes(inner: FloatArray) -> FloatArray:
        rows, largest = np.arange(len(inner)), np.abs(inner).argmax(axis=1)
        chosen = np.zeros_like(inner)
        chosen[rows, largest] = np.sign(inner[rows, largest])
        return chosen

    sharpness = (1 / (1 / w**2).sum(axis=1)) ** 0.5
    facts = planted(lipschitz=1.0, radius=1.0, f_star=0.0, x_star=x_star, sharpness=sharpness)
    directions = bases * w[:, :, None]
    return InstanceBatch(name, directions, x_star, lambda s: np.abs(s).max(axis=1), slopes, Facts(facts))


def random_smooth(count: int = 1000, terms: int = 8, dim: int = 6, strong_convexity: float = 0.0) -> InstanceBatch:
    """Return sums of Huber functions of inner products, L = R = 1: quadratic near x*, straight farther away.

    Parameters
    ----------
    count, terms, dim : int
    strong_convexity : float
        mu in [0, 1); then mu/2 ||x - x*||^2 is added to (1 - mu) times the sum.
    """
    random = _generator(4, count, terms, dim)
    if not 0 <= strong_convexity < 1:
        raise InputError(f"strong_convexity is {strong_convexity!r}, but it must be in [0, 1), since L = 1.")
    scale = np.sqrt(1 - strong_convexity)
    a = scale * _with_unit_smoothness(random, count, terms, dim)
    tau = 10.0 ** random.uniform(-3, 0.5, (count, terms))
    x_star = _unit_rows(random.normal(size=(count, dim)))

    def outer(inner: FloatArray) -> FloatArray:
        size = np.abs(inner)
        return np.where(size <= tau, 0.5 * inner**2, tau * size - 0.5 * tau**2).sum(axis=1)

    return _smooth("random smooth", a, x_star, outer, lambda inner: np.clip(inner, -tau, tau), mu=strong_convexity)


def random_quadratics(count: int = 1000, dim: int = 6, strong_convexity: float = 0.1) -> InstanceBatch:
    """Return quadratics with L = R = 1 whose spectrum is in [mu, 1] and holds both ends."""
    random = _generator(5, count, 2, dim)
    if not 0 < strong_convexity < 1:
        raise InputError(f"strong_convexity is {strong_convexity!r}, but it must be in (0, 1), since L = 1.")
    bases = np.linalg.qr(random.normal(size=(count, dim, dim)))[0]
    spectrum = random.uniform(strong_convexity, 1, (count, dim))
    spectrum[:, 0], spectrum[:, -1] = strong_convexity, 1.0
    x_star = _unit_rows(random.normal(size=(count, dim)))
    a = bases * np.sqrt(spectrum)[:, :, None]
    batch = _smooth("random quadratics", a, x_star, _half_square_sum, lambda s: s)
    facts = Facts({**batch.facts.entries, **planted(strong_convexity=strong_convexity)})
    return InstanceBatch(batch.name, a, x_star, batch.outer, batch.slopes, facts)


def zigzag(strong_convexity: float = 0.1) -> InstanceBatch:
    """Return (mu x_1^2 + L x_2^2)/2 from (1/mu, 1/L)/|.|, where steepest descent zigzags, with L = R = 1."""
    if not 0 < strong_convexity < 1:
        raise InputError(f"strong_convexity is {strong_convexity!r}, but it must be in (0, 1), since L = 1.")
    spectrum = np.array([strong_convexity, 1.0])
    a = (np.eye(2) * np.sqrt(spectrum))[None]
    batch = _smooth("zigzag", a, -_unit_rows(1 / spectrum[None]), _half_square_sum, lambda s: s)
    facts = Facts({**batch.facts.entries, **planted(strong_convexity=strong_convexity)})
    return InstanceBatch(batch.name, a, batch.optimum, batch.outer, batch.slopes, facts)


def _half_square_sum(inner: FloatArray) -> FloatArray:
    return 0.5 * (inner**2).sum(axis=1)


def random_waves(count: int = 1000, terms: int = 8, dim: int = 6) -> InstanceBatch:
    """Return sums of 1 - cos of inner products: nonconvex, L = 1, f* = 0."""
    random = _generator(6, count, terms, dim)
    a = _with_unit_smoothness(random, count, terms, dim)
    stretch = 10.0 ** random.uniform(-0.5, 1, (count, terms))  # short waves have small amplitude: c^-2 (1 - cos(c s))
    x_star = _unit_rows(random.normal(size=(count, dim)))

    def outer(inner: FloatArray) -> FloatArray:
        return ((1 - np.cos(stretch * inner)) / stretch**2).sum(axis=1)

    return _smooth("random waves", a, x_star, outer, lambda s: np.sin(stretch * s) / stretch)


def _with_unit_smoothness(random: np.random.Generator, count: int, terms: int, dim: int) -> FloatArray:
    """Return directions with the largest eigenvalue of sum_i a_i a_i^T equal to 1."""
    shape = 10.0 ** random.uniform(-2, 0.5, (count, 1, dim))
    a = random.normal(size=(count, terms, dim)) * shape
    return a / np.linalg.norm(a, ord=2, axis=(1, 2))[:, None, None]


def _smooth(
    name: str,
    a: FloatArray,
    x_star: FloatArray,
    outer: Callable[[FloatArray], FloatArray],
    slopes: Callable[[FloatArray], FloatArray],
    mu: float = 0.0,
) -> InstanceBatch:
    batch = InstanceBatch(name, a, x_star, outer, slopes, Facts({}), mu)
    start = np.zeros_like(x_star)
    facts = planted(smoothness=1.0, strong_convexity=mu, radius=1.0, f_star=0.0, x_star=x_star)
    facts["initial_gap"] = Fact(batch.value(start), "computed")
    facts["initial_gradient_norm"] = Fact(row_norm(batch.subgradient(start)), "computed")
    return InstanceBatch(name, a, x_star, outer, slopes, Facts(facts), mu)


EXAMPLES = {
    "random-maxima": random_maxima(16),
    "random-deviations": random_deviations(16),
    "random-sharp": random_sharp(16),
    "sharp-corner": sharp_corner(),
    "random-smooth": random_smooth(16),
    "random-smooth-strong": random_smooth(16, strong_convexity=0.1),
    "random-quadratics": random_quadratics(16),
    "zigzag": zigzag(),
    "random-waves": random_waves(16),
}
