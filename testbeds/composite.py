"""Nonsmooth nonconvex finite sums with planted infimum: phase retrieval, ReLU regression, matrix factorisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams, word
from ratecheck.theory.arrays import FloatArray, rows_times
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.facts import Facts, computed, planted


@dataclass(frozen=True, slots=True)
class PlantedSum:
    r"""A mean of absolute residuals with a planted zero: :math:`F(x) = \frac1n\sum_j |\phi(\langle a_j,x\rangle)-b_j|`.

    One term is sampled per answer, so that :math:`|g_i| \le \max_j |a_{ji}| \sup|\phi'|`.

    Parameters
    ----------
    name : str
    rows : (terms, dim) array
        a_j.
    targets : (terms,) array
        b_j, phi of a planted point's inner products, so that the infimum is 0.
    start : (dim,) array
    reach : float
        phi is t^2 within it and linear beyond (phase retrieval); 0 for phi(t) = max(t, 0) (ReLU regression).
    sampled : bool
        False for the exact oracle.
    """

    name: str
    rows: FloatArray
    targets: FloatArray
    start: FloatArray
    reach: float
    sampled: bool = True

    instances = None
    domain = WholeSpace()
    batch = 1

    @property
    def samples(self) -> int:
        """Number of terms."""
        return self.targets.size

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return int(self.sampled)

    @property
    def facts(self) -> Facts:
        """Constants by exact arithmetic on the data."""
        steepest = 2 * self.reach if self.reach else 1.0
        return Facts(
            planted(f_star=0.0)
            | computed(
                initial_gap=float(self.value(self.start[None, :])[0]),
                coordinate_bounds=steepest * np.abs(self.rows).max(axis=0),
                gradient_bound=steepest * float(np.linalg.norm(self.rows, axis=1).max()),
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return F at each row."""
        return np.abs(_phi(rows_times(x, self.rows.T), self.reach) - self.targets).mean(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the derivative where there is one, and a limit of derivatives at a kink."""
        t = rows_times(x, self.rows.T)
        residual = np.sign(_phi(t, self.reach) - self.targets)
        return rows_times(residual * _slope(t, self.reach), self.rows) / self.samples

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return that of one term."""
        term = (u[:, 0] * self.samples).astype(np.intp)
        a = self.rows[term]
        t = (a * x).sum(axis=1)
        return (np.sign(_phi(t, self.reach) - self.targets[term]) * _slope(t, self.reach))[:, None] * a

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


def _phi(t: FloatArray, reach: float) -> FloatArray:
    if reach == 0:
        return np.maximum(t, 0.0)
    near = np.minimum(np.abs(t), reach)
    return near**2 + 2 * reach * (np.abs(t) - near)


def _slope(t: FloatArray, reach: float) -> FloatArray:
    return (t > 0).astype(np.float64) if reach == 0 else 2 * np.minimum(np.maximum(t, -reach), reach)


def _planted_sum(name: str, terms: int, dim: int, seed: int, sampled: bool, stretch: float) -> PlantedSum:
    require_count("terms", terms)
    require_count("dim", dim)
    random = np.random.default_rng([word(name), seed])
    rows = random.standard_normal((terms, dim)) / math.sqrt(dim)
    inner = rows @ random.standard_normal(dim)
    reach = stretch * float(np.abs(inner).max())
    return PlantedSum(name, rows, _phi(inner, reach), random.standard_normal(dim), reach, sampled)


def phase_retrieval(terms: int = 20, dim: int = 5, seed: int = 0, sampled: bool = True) -> PlantedSum:
    """Return robust phase retrieval (Duchi and Ruan, 2019) with phi linear beyond 1.5 times the planted products."""
    return _planted_sum("phase retrieval", terms, dim, seed, sampled, 1.5)


def relu_regression(terms: int = 20, dim: int = 5, seed: int = 0, sampled: bool = True) -> PlantedSum:
    """Return the regression of one rectified unit on outputs of another."""
    return _planted_sum("ReLU regression", terms, dim, seed, sampled, 0.0)


@dataclass(frozen=True, slots=True)
class MatrixFactorisation:
    r"""Robust factorisation, :math:`F(U,V) = \frac{1}{pq}\|UV^\top - M\|_1` with M of planted rank.

    The parameter is U (p, r) followed by V (q, r), flat. The slopes are bounded on the box of half-width `region`
    only: :math:`|\partial_{U_{ik}}F| \le \frac1p` region, which is checked on the run.

    Parameters
    ----------
    left, right : (p, r) and (q, r) arrays
        The planted factors.
    start : (p r + q r,) array
    region : float
    """

    left: FloatArray
    right: FloatArray
    start: FloatArray
    region: float

    def __post_init__(self) -> None:
        require_positive("region", self.region)

    name = "l1 matrix factorisation"
    instances = None
    domain = WholeSpace()
    batch = 1
    draws = 0

    @property
    def facts(self) -> Facts:
        """Constants; the coordinate bounds hold while every entry is at most `region` in absolute value."""
        p, q, rank = len(self.left), len(self.right), self.left.shape[1]
        G = np.concatenate([np.full(p * rank, self.region / p), np.full(q * rank, self.region / q)])
        return Facts(
            planted(f_star=0.0)
            | computed(
                initial_gap=float(self.value(self.start[None, :])[0]),
                coordinate_bounds=G,
                gradient_bound=float(np.linalg.norm(G)),
            )
        )

    def _factors(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        p, q, rank = len(self.left), len(self.right), self.left.shape[1]
        U = x[:, : p * rank].reshape(-1, p, rank)
        V = x[:, p * rank :].reshape(-1, q, rank)
        return U, V, np.einsum("nik,njk->nij", U, V) - self.left @ self.right.T

    def value(self, x: FloatArray) -> FloatArray:
        """Return F at each row."""
        return np.abs(self._factors(x)[2]).mean(axis=(1, 2))

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the derivative where there is one."""
        U, V, residual = self._factors(x)
        signs = np.sign(residual) / residual[0].size
        left = np.einsum("nij,njk->nik", signs, V).reshape(x.shape[0], -1)
        return np.concatenate([left, np.einsum("nij,nik->njk", signs, U).reshape(x.shape[0], -1)], axis=1)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


def matrix_factorisation(
    p: int = 4, q: int = 3, rank: int = 1, seed: int = 0, region: float = 6.0
) -> MatrixFactorisation:
    """Return a factorisation problem with Gaussian planted factors and a Gaussian start."""
    for name, value in (("p", p), ("q", q), ("rank", rank)):
        require_count(name, value)
    random = np.random.default_rng([word("matrix factorisation"), seed])
    left, right = random.standard_normal((p, rank)), random.standard_normal((q, rank))
    return MatrixFactorisation(left, right, random.standard_normal((p + q) * rank), region)


EXAMPLES = {
    "phase-retrieval": phase_retrieval(),
    "relu-regression": relu_regression(),
    "l1-matrix-factorisation": matrix_factorisation(),
}
