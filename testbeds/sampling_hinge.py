"""A hinge loss with flipped labels, whose population optimum is known in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.sampling_linear import Rows, joined_rows, mean_gradient, predictions
from ratecheck.testbeds.sampling_oracle import SampleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_count, require_nonnegative, require_positive
from ratecheck.theory.facts import Facts, closed_form


@dataclass(frozen=True)
class LabelFlipHinge:
    r"""A regularised hinge loss with flipped labels.

    .. math:: f(w) = \tfrac{\mu}{2}\|w\|^2 + \mathbb{E}\max(0, 1-\langle w, ya\rangle), \qquad
       ya = (\pm c, \beta z), \; P(-c) = p < 1/2, \; z \text{ uniform in } \{\pm 1\}^{n-1}

    w* = u e_1 with u = 1/c and f* = mu/(2c^2) + 2p where c^2 (1-2p) >= mu; else u = c(1-2p)/mu and
    f* = 1 - c^2 (1-2p)^2 / (2 mu). All 2^n atoms are enumerated for the exact value.

    Parameters
    ----------
    dim : int
        n, between 2 and 14.
    signal, clutter : float
        c and beta.
    flips : float
        p in [0, 1/2).
    regularization : float
        mu.
    batch : int
    """

    dim: int = 6
    signal: float = 1.0
    clutter: float = 0.5
    flips: float = 0.1
    regularization: float = 0.1
    batch: int = 1

    name = "label-flip hinge"
    instances = None
    domain = WholeSpace()
    supply = None

    def __post_init__(self) -> None:
        if not 2 <= self.dim <= 14:
            raise InputError(f"dim is {self.dim}, but it must be between 2 and 14: all 2^dim atoms are enumerated.")
        if not 0 <= self.flips < 0.5:
            raise InputError(f"flips is {self.flips!r}, but the chance of a flipped label must be in [0, 1/2).")
        require_positive("signal", self.signal)
        require_positive("regularization", self.regularization)
        require_nonnegative("clutter", self.clutter)
        require_count("batch", self.batch)

    @property
    def draws(self) -> int:
        """Uniform numbers for each sample point."""
        return self.dim

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.dim)

    @cached_property
    def atoms(self) -> tuple[FloatArray, FloatArray]:
        """The values of ya, shape (2^n, n), and their probabilities."""
        bits = (np.arange(2**self.dim)[:, None] >> np.arange(self.dim)) & 1
        signs = 2.0 * bits - 1
        features = np.concatenate([self.signal * signs[:, :1], self.clutter * signs[:, 1:]], axis=1)
        chance = np.where(signs[:, 0] > 0, 1 - self.flips, self.flips) * 0.5 ** (self.dim - 1)
        return features, chance

    @cached_property
    def facts(self) -> Facts:
        """Constants in closed form; the Lipschitz constant is that of the hinge part, and of f on ||w|| <= 2u + 1."""
        c, p, mu = self.signal, self.flips, self.regularization
        if c**2 * (1 - 2 * p) >= mu:
            u, f_star = 1 / c, mu / (2 * c**2) + 2 * p
        else:
            u, f_star = c * (1 - 2 * p) / mu, 1 - c**2 * (1 - 2 * p) ** 2 / (2 * mu)
        norm = math.sqrt(c**2 + (self.dim - 1) * self.clutter**2)
        x_star = np.zeros(self.dim)
        x_star[0] = u
        return Facts(
            closed_form(
                x_star=x_star,
                f_star=f_star,
                radius=u,
                strong_convexity=mu,
                predictor=norm,
                lipschitz=norm + mu * (2 * u + 1),
                initial_gap=1 - f_star,
                dim=self.dim,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        features, chance = self.atoms
        losses = np.maximum(0.0, 1 - rows_times(x, features.T))
        return 0.5 * self.regularization * row_dot(x, x) + rows_times(losses, chance[:, None])[:, 0]

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f at each row."""
        features, chance = self.atoms
        active = (rows_times(x, features.T) < 1) * chance
        return self.regularization * x - rows_times(active, features)

    def data(self, u: FloatArray) -> Rows:
        """Return sampled ya made of uniform numbers of shape (runs, count, dim); the targets are all 1."""
        first = np.where(u[..., :1] < self.flips, -self.signal, self.signal)
        rest = np.where(u[..., 1:] < 0.5, -self.clutter, self.clutter)
        return Rows(np.concatenate([first, rest], axis=-1), np.ones(u.shape[:2]))

    def joined(self, old: Rows, new: Rows) -> Rows:
        """Return both samples as one."""
        return joined_rows(old, new)

    def size(self, data: Rows) -> int:
        """Return the number of sample points."""
        return int(data.targets.shape[1])

    def sample_value(self, x: FloatArray, data: Rows) -> FloatArray:
        """Return the regularised mean hinge loss of each run's sample."""
        losses = np.maximum(0.0, data.targets - predictions(x, data.features))
        return 0.5 * self.regularization * row_dot(x, x) + losses.mean(axis=1)

    def sample_subgradient(self, x: FloatArray, data: Rows) -> FloatArray:
        """Return a subgradient of it."""
        active = (predictions(x, data.features) < data.targets).astype(np.float64)
        return self.regularization * x - mean_gradient(active, data.features)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SampleOracle:
        """Return a fresh sampling oracle."""
        return SampleOracle(self, streams, watch)


EXAMPLES = {
    "label-flip-hinge": LabelFlipHinge(),
}
