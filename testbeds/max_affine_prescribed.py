r"""Maxima of affine functions whose optimum is prescribed, exact and with noise of exactly known deviation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.sampling_oracle import SampleOracle
from ratecheck.testbeds.sampling_sphere import SphereMean, on_sphere
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, row_norm, rows_times
from ratecheck.theory.errors import InputError, require_count, require_nonnegative
from ratecheck.theory.facts import Fact, Facts, planted

SEED = 20_250_701


@dataclass(frozen=True)
class MaxAffine:
    r"""A batch of maxima of affine functions, run r on instance r.

    .. math:: f(x) = \max_i \langle a_i, x\rangle + b_i, \qquad \sum_{i\le p} w_i a_i = 0,\; w > 0

    The first p pieces are active at the prescribed x*, with 0 in the hull of their slopes, and the others lie below
    by prescribed slacks.

    Parameters
    ----------
    count : int
        Number of instances.
    dim, pieces, active : int
        n, number of pieces, and p.
    seed : int
    """

    count: int = 200
    dim: int = 20
    pieces: int = 40
    active: int = 10
    seed: int = SEED

    name = "prescribed max-affine"
    domain = WholeSpace()
    draws = 0
    batch = 1

    def __post_init__(self) -> None:
        for name in ("count", "dim", "pieces", "active"):
            require_count(name, getattr(self, name))
        if not 2 <= self.active <= self.pieces:
            raise InputError(
                f"active is {self.active}, but between 2 and the number of pieces, {self.pieces}, must be active."
            )

    @property
    def instances(self) -> int:
        """Number of instances."""
        return self.count

    @property
    def start(self) -> FloatArray:
        """The origin for every instance, shape (count, dim)."""
        return np.zeros((self.count, self.dim))

    @cached_property
    def _data(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        random = np.random.default_rng([self.seed, self.count, self.dim, self.pieces, self.active])
        p = self.active
        a = random.normal(size=(self.count, self.pieces, self.dim)) / np.sqrt(self.dim)
        w = random.dirichlet(np.full(p, 50.0), self.count)
        a[:, p - 1] = -np.einsum("ri,rij->rj", w[:, : p - 1], a[:, : p - 1]) / w[:, p - 1 : p]
        x_star = random.normal(size=(self.count, self.dim)) / np.sqrt(self.dim)
        f_star = random.uniform(-1, 1, self.count)
        slack = np.zeros((self.count, self.pieces))
        slack[:, p:] = random.uniform(0.05, 1, (self.count, self.pieces - p))
        b = f_star[:, None] - np.einsum("rij,rj->ri", a, x_star) - slack
        return a, b, x_star, f_star

    @property
    def slopes(self) -> FloatArray:
        """The a_i, shape (count, pieces, dim)."""
        return self._data[0]

    @property
    def offsets(self) -> FloatArray:
        """The b_i, shape (count, pieces)."""
        return self._data[1]

    @cached_property
    def facts(self) -> Facts:
        """Constants of each instance, planted or computed from the slopes."""
        a, _, x_star, f_star = self._data
        lipschitz = np.linalg.norm(a, axis=2).max(axis=1)
        gap = self.value(self.start) - f_star
        return Facts(
            {
                **planted(f_star=f_star, x_star=x_star, radius=row_norm(x_star)),
                "lipschitz": Fact(lipschitz, "computed", note="largest length of a slope"),
                "initial_gap": Fact(gap, "computed"),
            }
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f_r at row r."""
        return self._pieces(x).max(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the slope of the first active piece of f_r at row r."""
        return self.slopes[np.arange(self.count), self._pieces(x).argmax(axis=1)]

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)

    def _pieces(self, x: FloatArray) -> FloatArray:
        if x.shape[0] != self.count:
            raise InputError(
                f"{x.shape[0]} points were given for {self.count} instances; run r is instance r, so set the claim's "
                f"runs to {self.count}."
            )
        return np.einsum("rij,rj->ri", self.slopes, x) + self.offsets


@dataclass(frozen=True)
class NoisyMaxAffine:
    r"""One prescribed max-affine function with a random tilt around its minimiser.

    .. math:: F(x,\zeta) = f(x) + \langle \zeta, x-x^\star\rangle, \qquad \zeta \sim U(\sigma S^{n-1})

    f, f* and x* are those without noise, and on every ball of radius delta the increments of the sample mean deviate by
    exactly delta ||mean zeta||.

    Parameters
    ----------
    dim, pieces, active, seed : int
        As in `MaxAffine`.
    noise : float
        sigma.
    batch : int
        Size of a fresh batch.
    scale : float
        Distance of the start from the minimiser.
    """

    dim: int = 10
    pieces: int = 20
    active: int = 6
    seed: int = SEED
    noise: float = 1.0
    batch: int = 1
    scale: float = 1.0

    name = "noisy max-affine"
    instances = None
    domain = WholeSpace()
    supply = None

    def __post_init__(self) -> None:
        require_nonnegative("noise", self.noise)
        require_count("batch", self.batch)

    @cached_property
    def _exact(self) -> MaxAffine:
        return MaxAffine(1, self.dim, self.pieces, self.active, self.seed)

    @property
    def draws(self) -> int:
        """Uniform numbers for each sample point."""
        return self.dim

    @property
    def start(self) -> FloatArray:
        """A point at the given distance from the minimiser."""
        x_star = self._exact.facts["x_star"][0]
        return x_star * (1 - self.scale / np.linalg.norm(x_star))

    @cached_property
    def facts(self) -> Facts:
        """Constants; `lipschitz` is that of F, `noise_bound` is sigma."""
        exact = self._exact.facts
        lipschitz = float(exact["lipschitz"][0])
        return Facts(
            {
                **planted(f_star=float(exact["f_star"][0]), x_star=exact["x_star"][0], radius=self.scale),
                **planted(noise_bound=self.noise, dim=self.dim),
                "lipschitz": Fact(lipschitz + self.noise, "computed"),
                "exact_lipschitz": Fact(lipschitz, "computed"),
                "initial_gap": Fact(float(self.value(self.start[None])[0] - exact["f_star"][0]), "computed"),
            }
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self._pieces(x).max(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f at each row."""
        return self._exact.slopes[0][self._pieces(x).argmax(axis=1)]

    def data(self, u: FloatArray) -> SphereMean:
        """Return the mean of tilts made of uniform numbers of shape (runs, count, dim)."""
        return SphereMean(on_sphere(u, self.noise).mean(axis=1), u.shape[1])

    def joined(self, old: SphereMean, new: SphereMean) -> SphereMean:
        """Return the mean of both samples."""
        count = old.points + new.points
        return SphereMean(old.mean + (new.mean - old.mean) * (new.points / count), count)

    def size(self, data: SphereMean) -> int:
        """Return the number of sample points."""
        return data.points

    def sample_value(self, x: FloatArray, data: SphereMean) -> FloatArray:
        """Return the sample mean of F at each row."""
        return self.value(x) + row_dot(data.mean, x - self._exact.facts["x_star"])

    def sample_subgradient(self, x: FloatArray, data: SphereMean) -> FloatArray:
        """Return a subgradient of the sample mean at each row."""
        return self.subgradient(x) + data.mean

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SampleOracle:
        """Return a fresh sampling oracle."""
        return SampleOracle(self, streams, watch)

    def _pieces(self, x: FloatArray) -> FloatArray:
        return rows_times(x, self._exact.slopes[0].T) + self._exact.offsets[0]


EXAMPLES = {
    "prescribed-max-affine": MaxAffine(16),
    "noisy-max-affine": NoisyMaxAffine(),
}
