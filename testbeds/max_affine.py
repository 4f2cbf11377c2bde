"""The maximum of affine functions with a planted optimum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, rows_times
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.facts import Facts, computed, planted

SEED = 2_741


@dataclass(frozen=True, eq=False)
class MaxAffine:
    r"""``f(x) = max_i <a_i, x> + c_i`` on a box; the oracle answers with the first maximal row.

    Parameters
    ----------
    A : (m, n) array
    c : (m,) array
    domain : Box
    optimum : (n,) array
        A planted minimiser.
    """

    A: FloatArray
    c: FloatArray
    domain: Box
    optimum: FloatArray

    name = "max of affine functions"
    instances = None
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The centre of the box."""
        return (self.domain.low + self.domain.high) / 2

    @cached_property
    def facts(self) -> Facts:
        """Constants computed from the rows, optimum planted."""
        lipschitz = float(np.linalg.norm(self.A, axis=1).max())
        f_star = float((self.A @ self.optimum + self.c).max())
        return Facts(
            computed(
                lipschitz=lipschitz,
                second_moment=lipschitz**2,
                coordinate_bounds=np.abs(self.A).max(axis=0),
                domain=self.domain,
                widths=self.domain.widths,
                diameter=self.domain.diameter,
                initial_gap=float((self.A @ self.start + self.c).max()) - f_star,
            )
            | planted(f_star=f_star, x_star=self.optimum, radius=float(np.linalg.norm(self.start - self.optimum)))
        )

    @cached_property
    def _columns(self) -> FloatArray:
        return np.ascontiguousarray(self.A.T)

    def value(self, x: FloatArray) -> FloatArray:
        """Return the maximum at each row."""
        return (rows_times(x, self._columns) + self.c).max(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the first maximal row of A at each row of `x`."""
        return self.A.take((rows_times(x, self._columns) + self.c).argmax(axis=1), axis=0)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


@cache
def max_affine(m: int = 40, n: int = 10, seed: int = 0) -> MaxAffine:
    """Return a maximum of m rows on the box [-2, 2]^n, of which n + 1 meet at the optimum.

    The active rows are shifted so that a random convex combination of them is 0; the others lie below at x*.
    """
    require_count("m", m)
    require_count("n", n)
    if m < n + 1:
        raise InputError(f"m is {m}, but n + 1 = {n + 1} rows must meet at the optimum; give more rows.")
    rng = np.random.default_rng([SEED, m, n, seed])
    A = rng.standard_normal((m, n)) / np.sqrt(n)
    x = rng.uniform(-1, 1, n)
    weights = rng.dirichlet(np.ones(n + 1))
    A[: n + 1] -= weights @ A[: n + 1]
    level = np.concatenate([np.zeros(n + 1), -rng.exponential(1.0, m - n - 1)])
    return MaxAffine(A, level - A @ x, Box(np.full(n, -2.0), np.full(n, 2.0)), x)


EXAMPLES = {
    "max-affine": max_affine(12, 4),
}
