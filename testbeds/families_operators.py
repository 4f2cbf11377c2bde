r"""The family of linear monotone operators: rotations, contractions and everything between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.families import Family, unit
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.facts import Facts, planted

HALVINGS = 60  # of the interval in which the largest multiple is sought


@dataclass(frozen=True, slots=True)
class OperatorRows:
    """Operators F_r(z) = A_r z, one for each row, with the zero 0.

    Parameters
    ----------
    matrices : (count, dim, dim) array
    start : (count, dim) array
    facts : Facts
    """

    matrices: FloatArray
    start: FloatArray
    facts: Facts

    name = "linear monotone operators"
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def instances(self) -> int:
        """Number of operators."""
        return int(self.start.shape[0])

    def operator(self, z: FloatArray) -> FloatArray:
        """Return F_r at row r."""
        return np.einsum("rij,rj->ri", self.matrices, z)

    def resolvent(self, z: FloatArray, step_size: float) -> FloatArray:
        """Return the solution w of w + step_size F_r(w) = z in row r."""
        return np.linalg.solve(np.eye(z.shape[1]) + step_size * self.matrices, z[..., None])[..., 0]

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


@dataclass(frozen=True, slots=True)
class LinearOperators:
    r"""Linear L-Lipschitz mu-strongly monotone operators, from a start at the distance D of the zero.

    .. math:: A = \mu I + c\,(B B^\top + K - K^\top), \qquad \|A\| \le L

    with c a share of the largest that the norm allows.

    Parameters
    ----------
    smoothness, strong_convexity, radius : float
        L, mu (0 for monotone operators) and D.
    dim : int
    """

    smoothness: float
    strong_convexity: float
    radius: float
    dim: int

    @property
    def size(self) -> int:
        """B, K, the share, and the direction of the start."""
        return 2 * self.dim**2 + 1 + self.dim

    def problem(self, parameters: FloatArray) -> OperatorRows:
        """Return the operators that the rows name."""
        d, count, mu, L = self.dim, len(parameters), self.strong_convexity, self.smoothness
        B, K = (parameters[:, i * d * d : (i + 1) * d * d].reshape(count, d, d) for i in (0, 1))
        free = B @ B.transpose(0, 2, 1) + K - K.transpose(0, 2, 1)
        free = free / np.maximum(np.linalg.norm(free, ord=2, axis=(1, 2)), 1e-300)[:, None, None]
        share = np.clip(0.5 + parameters[:, 2 * d * d] / 2, 0.0, 1.0)
        matrices = mu * np.eye(d) + (share * self._largest(free))[:, None, None] * free
        start = self.radius * unit(parameters[:, 2 * d * d + 1 :])
        facts = planted(smoothness=L, strong_convexity=mu, radius=self.radius, f_star=0.0, x_star=np.zeros(d))
        return OperatorRows(matrices, start, Facts(facts))

    def _largest(self, free: FloatArray) -> FloatArray:
        """Return, from below, the largest c with ||mu I + c free|| <= L; the norm is convex and rises in c."""
        identity = self.strong_convexity * np.eye(self.dim)
        low = np.zeros(len(free))
        high = np.full(len(free), self.smoothness + self.strong_convexity)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            inside = np.linalg.norm(identity + middle[:, None, None] * free, ord=2, axis=(1, 2)) <= self.smoothness
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return low

    def starts(self) -> FloatArray:
        """Return the rotation, the pull towards the zero, and a mean of both."""
        d = self.dim
        turn = np.triu(np.ones((d, d)), 1)
        rows = []
        for pull, spin in ((0.0, 1.0), (1.0, 0.0), (0.5, 0.5)):
            rows.append(np.concatenate([(pull * np.eye(d)).ravel(), (spin * turn).ravel(), [1.0], np.ones(d)]))
        return np.stack(rows)


EXAMPLES: dict[str, Family] = {
    "monotone": LinearOperators(2.0, 0.0, 0.5, 2),
    "strongly-monotone": LinearOperators(2.0, 0.3, 0.5, 3),
}
