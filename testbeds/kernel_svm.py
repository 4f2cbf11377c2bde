r"""Kernel support vector machines, whose optimum comes from the dual box problem with a computed duality gap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.sampling_oracle import SampleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, IntArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_count, require_finite_array, require_positive
from ratecheck.theory.facts import Fact, Facts

PSD_TOLERANCE = 1e-10  # relative to the largest eigenvalue: what rounding does to a Gram matrix


class Points(NamedTuple):
    """Sampled training points, shape (runs, count)."""

    chosen: IntArray


@dataclass(frozen=True)
class KernelSVM:
    r"""A support vector machine in the coordinates of the reproducing kernel space.

    .. math:: f(\beta) = \tfrac{\mu}{2}\|\beta\|^2 + \frac1m\sum_i \max(0, 1-w_i\langle\phi_i,\beta\rangle),
       \qquad \langle\phi_i,\phi_j\rangle = Q_{ij}

    With :math:`\beta = \sum_i\alpha_i\phi_i` this is the problem in alpha of kernel methods, in an orthonormal basis
    of the span, so that Euclidean lengths are those of the kernel space and f is mu-strongly convex. The dual is
    :math:`\max_{0\le u\le 1/m} \sum u_i - \frac{1}{2\mu}\|\sum u_i w_i\phi_i\|^2`.

    Parameters
    ----------
    kernel : (m, m) array
        Q, symmetric positive semidefinite.
    labels : (m,) array of +1 and -1
    regularization : float
        mu.
    batch : int

    Raises
    ------
    InputError
        If Q is not symmetric positive semidefinite, or a label is not +1 or -1.
    """

    kernel: FloatArray
    labels: FloatArray
    regularization: float = 1.0
    batch: int = 1

    name = "kernel support vector machine"
    instances = None
    domain = WholeSpace()
    supply = None
    draws = 1

    def __post_init__(self) -> None:
        require_count("batch", self.batch)
        require_positive("regularization", self.regularization)
        Q = self.kernel
        if Q.ndim != 2 or Q.shape[0] != Q.shape[1] or self.labels.shape != Q.shape[:1]:
            raise InputError(
                f"the kernel matrix has shape {Q.shape} and the labels {self.labels.shape}, but they must be (m, m) "
                "and (m,)."
            )
        require_finite_array("the kernel matrix", Q)
        if not np.allclose(Q, Q.T, rtol=1e-12, atol=1e-12):
            raise InputError("the kernel matrix is not symmetric; give the Gram matrix of a kernel function.")
        spectrum = np.linalg.eigvalsh(Q)
        if spectrum[0] < -PSD_TOLERANCE * max(spectrum[-1], 1e-300) or spectrum[-1] <= 0:
            raise InputError(
                f"the kernel matrix is not positive semidefinite: its smallest eigenvalue is {spectrum[0]:.3g}; "
                "use a positive definite kernel function."
            )
        if not np.isin(self.labels, (-1.0, 1.0)).all():
            raise InputError("the labels must be +1 or -1, one for each training point.")

    @cached_property
    def features(self) -> FloatArray:
        """w_i phi_i in an orthonormal basis of the span, shape (m, rank)."""
        spectrum, basis = np.linalg.eigh(self.kernel)
        used = spectrum > PSD_TOLERANCE * spectrum[-1]
        return self.labels[:, None] * basis[:, used] * np.sqrt(spectrum[used])

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.features.shape[1])

    @cached_property
    def facts(self) -> Facts:
        """Constants; the optimum from the dual, with the duality gap as accuracy."""
        x_star, f_star, accuracy = dual_optimum(self)
        predictor = float(np.sqrt(row_dot(self.features, self.features).max()))
        mu = self.regularization
        return Facts(
            {
                "x_star": Fact(x_star, "solver", float(np.sqrt(2 * accuracy / mu)), "strong convexity and duality gap"),
                "f_star": Fact(f_star, "solver", accuracy, "dual coordinate ascent; duality gap"),
                "radius": Fact(float(np.linalg.norm(x_star)), "solver"),
                "strong_convexity": Fact(mu, "planted"),
                "predictor": Fact(predictor, "computed"),
                "lipschitz": Fact(predictor + mu * (2 * float(np.linalg.norm(x_star)) + 1), "computed"),
                "initial_gap": Fact(1 - f_star, "solver", accuracy),
                "dim": Fact(int(self.start.size), "computed"),
            }
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        losses = np.maximum(0.0, 1 - rows_times(x, self.features.T))
        return 0.5 * self.regularization * row_dot(x, x) + losses.mean(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f at each row."""
        active = (rows_times(x, self.features.T) < 1).astype(np.float64)
        return self.regularization * x - rows_times(active, self.features) / len(self.labels)

    def data(self, u: FloatArray) -> Points:
        """Return numbers of training points made of uniform numbers of shape (runs, count, 1)."""
        return Points((u[..., 0] * len(self.labels)).astype(np.int64))

    def joined(self, old: Points, new: Points) -> Points:
        """Return both samples as one."""
        return Points(np.concatenate([old.chosen, new.chosen], axis=1))

    def size(self, data: Points) -> int:
        """Return the number of sample points."""
        return int(data.chosen.shape[1])

    def _margins(self, x: FloatArray, data: Points) -> FloatArray:
        return np.take_along_axis(rows_times(x, self.features.T), data.chosen, axis=1)

    def sample_value(self, x: FloatArray, data: Points) -> FloatArray:
        """Return the regularised mean hinge loss of each run's points."""
        losses = np.maximum(0.0, 1 - self._margins(x, data))
        return 0.5 * self.regularization * row_dot(x, x) + losses.mean(axis=1)

    def sample_subgradient(self, x: FloatArray, data: Points) -> FloatArray:
        """Return a subgradient of it."""
        active = (self._margins(x, data) < 1).astype(np.float64)
        mean = np.matmul(active[:, None, :], self.features[data.chosen])[:, 0] / data.chosen.shape[1]
        return self.regularization * x - mean

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SampleOracle:
        """Return a fresh sampling oracle."""
        return SampleOracle(self, streams, watch)


def dual_optimum(problem: KernelSVM, sweeps: int = 200_000, target: float = 1e-13) -> tuple[FloatArray, float, float]:
    """Return the primal point of the dual solution, its value, and the duality gap.

    Coordinate ascent on the box, each coordinate exactly: it needs no tuning and its gap is computed, so a failure
    shows in the returned accuracy.
    """
    z, mu = problem.features, problem.regularization
    m = len(problem.labels)
    square = np.maximum(row_dot(z, z), 1e-300)
    u, beta = np.full(m, 0.5 / m), 0.5 * z.mean(axis=0) / mu
    gap = np.inf
    for sweep in range(sweeps):
        largest = 0.0
        for i in range(m):
            new = min(max(u[i] + mu * (1 - z[i] @ beta) / square[i], 0.0), 1 / m)
            largest = max(largest, abs(new - u[i]))
            beta = beta + ((new - u[i]) / mu) * z[i]
            u[i] = new
        if sweep % 20 == 19 or largest == 0:
            beta = u @ z / mu
            primal = float(problem.value(beta[None])[0])
            gap = primal - float(u.sum() - 0.5 * mu * (beta @ beta))
            if gap <= target or largest == 0:
                break
    return beta, float(problem.value(beta[None])[0]), max(gap, 0.0) + 1e-15


def gaussian_kernel(points: FloatArray, width: float) -> FloatArray:
    """Return exp(-||p_i - p_j||^2 / (2 width^2)), shape (m, m)."""
    require_positive("width", width)
    squares = np.sum((points[:, None] - points[None]) ** 2, axis=2)
    return np.exp(-squares / (2 * width**2))


def two_rings(count: int = 40, regularization: float = 0.1, batch: int = 1, seed: int = 20_250_704) -> KernelSVM:
    """Return a kernel problem on two noisy rings, which no straight line separates."""
    require_count("count", count)
    random = np.random.default_rng([seed, count])
    labels = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    angle = random.uniform(0, 2 * np.pi, count)
    radius = np.where(labels > 0, 1.0, 2.0) + 0.4 * random.normal(size=count)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return KernelSVM(gaussian_kernel(points, 0.7), labels, regularization, batch)


EXAMPLES = {
    "kernel-svm": two_rings(),
}
