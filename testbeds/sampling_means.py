r"""Estimating a mean: the problem behind every sample-size rule.

The running mean of X_1, X_2, ... is the subgradient method with steps 1/(k+1) on E||x - X||^2 / 2, so the number of
steps is the number of samples and every coverage statement is an ordinary claim. X collects what is averaged: one
number, a vector, or the losses of many points under one sampled outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.sampling_sphere import gaussian, on_sphere
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Fact, Facts, computed, planted


@dataclass(frozen=True)
class MeanEstimation:
    """The mean of a random vector whose law is known.

    Parameters
    ----------
    name : str
    mean : (dim,) array
        E X.
    draws : int
        Uniform numbers for each sample.
    sample : callable
        X of uniform numbers, ``(runs, draws) -> (runs, dim)``.
    constants : mapping
        Further facts that rules ask for.
    """

    name: str
    mean: FloatArray
    draws: int
    sample: Callable[[FloatArray], FloatArray]
    constants: Mapping[str, Fact]

    instances = None
    domain = WholeSpace()
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The origin, which the first step forgets."""
        return np.zeros(self.mean.size)

    @property
    def facts(self) -> Facts:
        """The mean as minimiser, gaps relative to the variance, and the constants of the rules."""
        return Facts({**planted(x_star=self.mean, f_star=0.0, dim=self.mean.size), **self.constants})

    def value(self, x: FloatArray) -> FloatArray:
        """Return half the squared distance to the mean."""
        return 0.5 * row_dot(x - self.mean, x - self.mean)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the offset from the mean."""
        return x - self.mean

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the offset from a sampled X."""
        return x - self.sample(u)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


def coin(chance: float = 0.5) -> MeanEstimation:
    """Return X = (b, b^2) for b = 1 with a chance, else 0: mean and second moment of numbers in [0, 1]."""
    if not 0 < chance < 1:
        raise InputError(f"chance is {chance!r}, but a coin falls on each side with a chance in (0, 1).")

    def sample(u: FloatArray) -> FloatArray:
        return np.repeat((u < chance).astype(np.float64), 2, axis=1)

    return MeanEstimation("coin", np.full(2, chance), 1, sample, planted(width=1.0, variance=chance * (1 - chance)))


def normal(deviation: float = 1.0, points: int = 1) -> MeanEstimation:
    """Return independent normal numbers of mean zero."""
    require_positive("deviation", deviation)
    require_count("points", points)

    def sample(u: FloatArray) -> FloatArray:
        return deviation * gaussian(u)

    return MeanEstimation("normal", np.zeros(points), points, sample, planted(deviation=deviation))


def tilt(dim: int = 10, length: float = 1.0) -> MeanEstimation:
    """Return a vector uniform on a sphere.

    As F(x, X) = <X, x - x_0> it is linear in x, so the largest deviation of the sample mean of F on a ball of radius 1
    around x_0 is exactly the length of the mean vector, in every dimension.
    """
    require_count("dim", dim)

    def sample(u: FloatArray) -> FloatArray:
        return on_sphere(u, length)

    facts = planted(lipschitz=length, radius=1.0, deviation=length)
    return MeanEstimation("uniform tilt", np.zeros(dim), dim, sample, facts)


def hinge_net(full: bool = False, radius: float = 0.5, atoms: int = 64) -> MeanEstimation:
    """Return the hinge losses of a net of a ball in the plane, or their increments from the centre.

    F(x, a) = max(0, 1 - <a, x>), a one of `atoms` unit vectors, the centre (1, 0), where the kinks pass. The largest
    deviation on the net is at most that on the ball.

    Parameters
    ----------
    full : bool
        Losses instead of increments; their range is [0, 2 + radius].
    radius : float
    atoms : int
    """
    require_positive("radius", radius)
    angles = 2 * np.pi * np.arange(atoms) / atoms
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = 2 * np.pi * (np.arange(16) + 0.5) / 16
    circle = np.stack([np.cos(ring), np.sin(ring)], axis=1)
    center = np.array([1.0, 0.0])
    net = np.concatenate([center[None], *(center + radius * share * circle for share in (0.25, 0.5, 0.75, 1.0))])
    losses = np.maximum(0.0, 1 - vectors @ net.T)
    table = losses if full else losses[:, 1:] - losses[:, :1]

    def sample(u: FloatArray) -> FloatArray:
        return table[(u[:, 0] * atoms).astype(np.int64)]

    facts = computed(lipschitz=1.0, radius=radius, loss_range=2 + radius, net_dim=2)
    return MeanEstimation("hinge on a net", table.mean(axis=0), 1, sample, facts)


def finite_family(choices: int = 100, normal_losses: bool = False) -> MeanEstimation:
    """Return the losses of finitely many points relative to the best one, which comes last.

    The gaps of the others run from 0.02 to 1, so that at every sample size some point is barely not good enough.

    Parameters
    ----------
    choices : int
        At least 2.
    normal_losses : bool
        Normal differences of deviation 1 instead of +1 and -1.
    """
    require_count("choices - 1", choices - 1)
    gaps = np.append(np.geomspace(0.02, 1.0, choices - 1), 0.0)

    def signs(u: FloatArray) -> FloatArray:
        return np.where(u < (1 + gaps) / 2, 1.0, -1.0) * (gaps > 0)

    def normals(u: FloatArray) -> FloatArray:
        return (gaps + gaussian(u)) * (gaps > 0)

    return MeanEstimation(
        "finite family",
        gaps,
        choices,
        normals if normal_losses else signs,
        planted(choices=choices, width=2.0, deviation=1.0),
    )


def rare_loss(loss: float = 100.0, chance: float = 0.0005) -> MeanEstimation:
    """Return two points whose difference is 1, but rarely a large negative number."""
    require_positive("loss", loss)
    mean = 1 - chance * (1 + loss)
    deviation = (1 + loss) * float(np.sqrt(chance * (1 - chance)))

    def sample(u: FloatArray) -> FloatArray:
        return np.concatenate([np.where(u < chance, -loss, 1.0), np.zeros_like(u)], axis=1)

    return MeanEstimation(
        "rare loss", np.array([mean, 0.0]), 1, sample, planted(choices=2, deviation=deviation, width=1 + loss)
    )


def newsvendor_grid(
    points: int = 101, cost: float = 1.0, shortage: float = 3.0, surplus: float = 0.5
) -> MeanEstimation:
    """Return the costs of a grid of order quantities in [0, 1] under uniform demand."""
    require_count("points - 1", points - 1)
    grid = np.linspace(0, 1, points)
    mean = cost * grid + shortage * (1 - grid) ** 2 / 2 + surplus * grid**2 / 2

    def sample(u: FloatArray) -> FloatArray:
        return cost * grid + np.maximum(shortage * (u - grid), surplus * (grid - u))

    lipschitz = max(shortage - cost, cost + surplus)
    facts = planted(lipschitz=lipschitz, diameter=1.0, net_dim=1)
    return MeanEstimation("newsvendor on a grid", mean, 1, sample, facts)


def independent_losses(choices: int = 200) -> MeanEstimation:
    """Return the values of as many points, independent fair signs: f is 0 everywhere."""
    require_count("choices", choices)

    def sample(u: FloatArray) -> FloatArray:
        return np.where(u < 0.5, 1.0, -1.0)

    return MeanEstimation("independent losses", np.zeros(choices), choices, sample, planted(width=2.0))


EXAMPLES: dict[str, Any] = {
    "coin": coin(),
    "normal": normal(),
    "tilt": tilt(),
    "hinge-net": hinge_net(),
    "finite-family": finite_family(10),
    "rare-loss": rare_loss(),
    "newsvendor-grid": newsvendor_grid(11),
    "independent-losses": independent_losses(10),
}
