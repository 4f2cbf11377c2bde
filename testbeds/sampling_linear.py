"""Samples of a linear predictor, and least absolute deviations with a known population optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.sampling_oracle import SampleOracle
from ratecheck.testbeds.sampling_sphere import on_sphere
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form, planted


class Rows(NamedTuple):
    """Sampled features (runs, count, dim) and targets (runs, count)."""

    features: FloatArray
    targets: FloatArray


def joined_rows(old: Rows, new: Rows) -> Rows:
    """Return both samples as one."""
    return Rows(
        np.concatenate([old.features, new.features], axis=1), np.concatenate([old.targets, new.targets], axis=1)
    )


def predictions(x: FloatArray, features: FloatArray) -> FloatArray:
    """Return <a, x> for each sampled feature vector, shape (runs, count)."""
    return np.matmul(features, x[:, :, None])[:, :, 0]


def mean_gradient(weights: FloatArray, features: FloatArray) -> FloatArray:
    """Return the mean over the sample of weight times feature vector, shape (runs, dim)."""
    return np.matmul(weights[:, None, :], features)[:, 0] / weights.shape[1]


@dataclass(frozen=True)
class LeastAbsoluteDeviations:
    r"""Population least absolute deviations.

    .. math:: F = |\langle a, x\rangle - b|, \quad a \text{ uniform on the sphere of radius } A,\quad
       b = \langle a, x^\circ\rangle + \xi,\quad \xi \sim U[-s, s]

    x* = x° and f* = s/2, since given a the median of b is the prediction of x°. With r = ||x - x°||, f is a function of
    r alone, a combination of incomplete Beta functions.

    Parameters
    ----------
    dim : int
        n, at least 2.
    features, spread : float
        A and s.
    radius : float
        Distance of the start, the origin, from x°.
    batch : int
        Size of a fresh batch.
    supply : int, optional
        Sample points that one run may hold in all, for a stream of finite length; None without limit.
    """

    dim: int = 8
    features: float = 1.0
    spread: float = 0.5
    radius: float = 1.0
    batch: int = 1
    supply: int | None = None

    name = "least absolute deviations"
    instances = None
    domain = WholeSpace()

    def __post_init__(self) -> None:
        require_count("dim - 1", self.dim - 1)
        require_count("batch", self.batch)
        for name in ("features", "spread", "radius"):
            require_positive(name, getattr(self, name))

    @property
    def draws(self) -> int:
        """Uniform numbers for each sample point."""
        return self.dim + 1

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.dim)

    @cached_property
    def _optimum(self) -> FloatArray:
        return np.full(self.dim, self.radius / math.sqrt(self.dim))

    @cached_property
    def facts(self) -> Facts:
        """Constants in closed form; `predictor` is rho A, the Lipschitz constant of a loss of a linear predictor."""
        gap = float(self.value(self.start[None])[0] - self.spread / 2)
        return Facts(
            {
                **planted(x_star=self._optimum, radius=self.radius, dim=self.dim),
                **closed_form(
                    f_star=self.spread / 2, lipschitz=self.features, predictor=self.features, initial_gap=gap
                ),
            }
        )

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return A r, P(|t| <= s), E[z^2; |t| <= s] and E[|z|; |t| > s] for t = A r z, z a coordinate on the sphere."""
        from scipy.special import betainc, gammaln

        n = self.dim
        size = self.features * row_norm(x - self._optimum)
        c = np.minimum(1.0, (self.spread / np.where(size > 0, size, 1.0)) ** 2)
        c = np.where(size > 0, c, 1.0)
        mean_size = math.exp(gammaln(n / 2) - gammaln((n + 1) / 2)) / math.sqrt(math.pi)
        below = betainc(0.5, (n - 1) / 2, c)
        square = betainc(1.5, (n - 1) / 2, c) / n
        return size, below, square, mean_size * (1 - c) ** ((n - 1) / 2)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row: E|t - xi| is (t^2 + s^2)/(2s) for |t| <= s and |t| beyond."""
        size, below, square, beyond = self._parts(x)
        return size**2 * square / (2 * self.spread) + self.spread * below / 2 + size * beyond

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of f at each row."""
        size, _, square, beyond = self._parts(x)
        offset = x - self._optimum
        r = row_norm(offset)
        slope = self.features * (size * square / self.spread + beyond)
        return offset * (slope / np.where(r > 0, r, 1.0))[:, None]

    def data(self, u: FloatArray) -> Rows:
        """Return sampled rows made of uniform numbers of shape (runs, count, dim + 1)."""
        a = on_sphere(u[..., :-1], self.features)
        return Rows(a, a @ self._optimum + self.spread * (2 * u[..., -1] - 1))

    def joined(self, old: Rows, new: Rows) -> Rows:
        """Return both samples as one."""
        return joined_rows(old, new)

    def size(self, data: Rows) -> int:
        """Return the number of sample points."""
        return int(data.targets.shape[1])

    def sample_value(self, x: FloatArray, data: Rows) -> FloatArray:
        """Return the mean absolute residual of each run's sample."""
        return np.abs(predictions(x, data.features) - data.targets).mean(axis=1)

    def sample_subgradient(self, x: FloatArray, data: Rows) -> FloatArray:
        """Return a subgradient of it."""
        return mean_gradient(np.sign(predictions(x, data.features) - data.targets), data.features)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SampleOracle:
        """Return a fresh sampling oracle."""
        return SampleOracle(self, streams, watch)


EXAMPLES = {
    "least-absolute-deviations": LeastAbsoluteDeviations(),
}
