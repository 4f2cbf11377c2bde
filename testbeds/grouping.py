"""Pairs of problems that differ in the arrangement of their curvatures alone, and blocks of different scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.online import LinearLosses
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.sign_online import random_coordinate_signs
from ratecheck.testbeds.streams import Streams, word
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import require_choice, require_count, require_nonnegative
from ratecheck.theory.facts import Facts, computed, planted

Arrangement = Literal["het", "hom"]


@dataclass(frozen=True, eq=False)
class BlockQuadratic:
    r"""A quadratic :math:`\tfrac12\sum_c x_c^\top H_c x_c` with one block for each layer, in a batch of instances.

    Heterogeneous arrangement: similar eigenvalues share a block. Homogeneous: each block has some of all. The
    spectrum of the whole is the same, so that gradient descent cannot tell them apart (Zhang et al., 2024,
    arXiv 2402.16788).

    Parameters
    ----------
    name : str
    eigenvalues : (blocks, n) array
    rotations : (instances, blocks, n, n) array
        Orthogonal; H_c = Q diag(eigenvalues_c) Q^T.
    start : (instances, blocks * n) array
    noise : float
        The gradient of block c has additive Gaussian noise of standard deviation ``noise * sqrt(mean curvature)``.
    relative : float
        Each entry of the gradient is multiplied by 1 plus Gaussian noise of this standard deviation.
    """

    name: str
    eigenvalues: FloatArray
    rotations: FloatArray
    start: FloatArray
    noise: float = 0.0
    relative: float = 0.0

    domain = WholeSpace()
    batch = 1

    def __post_init__(self) -> None:
        require_nonnegative("noise", self.noise)
        require_nonnegative("relative noise", self.relative)

    @property
    def instances(self) -> int:
        """Number of instances."""
        return len(self.start)

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return self.eigenvalues.size * (bool(self.noise) + bool(self.relative))

    @cached_property
    def deviations(self) -> FloatArray:
        """Standard deviation of the noise in each coordinate, shape (dim,)."""
        return np.repeat(self.noise * np.sqrt(self.eigenvalues.mean(axis=1)), self.eigenvalues.shape[1])

    @cached_property
    def facts(self) -> Facts:
        """Constants from the planted spectrum; ``initial_gap`` is one for each instance."""
        lam = self.eigenvalues
        return Facts(
            planted(
                f_star=0.0,
                x_star=np.zeros(self.start.shape),
                smoothness=float(lam.max()),
                strong_convexity=float(lam.min()),
                block_smoothness=np.repeat(lam.max(axis=1), lam.shape[1]),
                block_condition=float((lam.max(axis=1) / lam.min(axis=1)).max()),
                **({} if self.relative else {"noise_variance": float((self.deviations**2).sum())}),
            )
            | computed(initial_gap=self.value(self.start))
        )

    def _rotated(self, x: FloatArray) -> FloatArray:
        blocks, n = self.eigenvalues.shape
        return np.matmul(self.rotations.swapaxes(2, 3), x.reshape(-1, blocks, n, 1))[..., 0]

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row; row r belongs to instance r."""
        return (self.eigenvalues * self._rotated(x) ** 2).sum(axis=(1, 2)) / 2

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        inner = (self.eigenvalues * self._rotated(x))[..., None]
        return np.matmul(self.rotations, inner).reshape(x.shape)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the gradient with noise."""
        from scipy.special import ndtri

        normal = ndtri(np.maximum(u, 2.0**-53))
        g = self.subgradient(x)
        if self.relative:
            g = g * (1 + self.relative * normal[:, -g.shape[1] :])
        return g + self.deviations * normal[:, : g.shape[1]] if self.noise else g

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


def spectrum(testbed: str, arrangement: Arrangement) -> FloatArray:
    """Return the eigenvalues of testbed A (3 blocks of 3) or B (3 blocks of 30), shape (3, 3) or (3, 30)."""
    require_choice("testbed", testbed, ("A", "B"))
    require_choice("arrangement", arrangement, ("het", "hom"))
    if testbed == "A":
        het = np.array([[1.0, 2, 3], [99, 100, 101], [4998, 4999, 5000]])
    else:
        het = np.array([np.geomspace(low, high, 30) for low, high in ((1, 3), (50, 150), (2500, 5000))])
    # Dealt out one by one, so that each block has as many of every size.
    return het if arrangement == "het" else het.ravel().reshape(-1, 3).T.copy()


def block_quadratic(
    testbed: str = "B",
    arrangement: Arrangement = "het",
    noise: float = 0.0,
    instances: int = 5,
    copies: int = 1,
    relative: float = 0.0,
) -> BlockQuadratic:
    """Return testbed A or B with random rotations and standard Gaussian starts.

    Parameters
    ----------
    testbed : {"A", "B"}
    arrangement : {"het", "hom"}
    noise : float
        0.1 in the noisy half of the comparison.
    instances : int
        Seeds.
    copies : int
        Repeats the batch of instances, for runs with other step sizes beside each other.
    relative : float
        Standard deviation of multiplicative noise.
    """
    require_count("instances", instances)
    require_count("copies", copies)
    eigenvalues = spectrum(testbed, arrangement)
    blocks, n = eigenvalues.shape
    rotations, starts = [], []
    for seed in range(instances):
        random = np.random.default_rng([word("block quadratic"), seed])
        Q, R = np.linalg.qr(random.standard_normal((blocks, n, n)))
        rotations.append(Q * np.sign(np.diagonal(R, axis1=1, axis2=2))[:, None, :])
        starts.append(random.standard_normal(blocks * n))
    return BlockQuadratic(
        f"testbed {testbed}, {'heterogeneous' if arrangement == 'het' else 'homogeneous'}",
        eigenvalues,
        np.tile(np.array(rotations), (copies, 1, 1, 1)),
        np.tile(np.array(starts), (copies, 1)),
        noise,
        relative,
    )


def four_decades(dim: int = 60, seed: int = 0) -> LinearLosses:
    """Return testbed D: fair random signs of coordinate bounds log-uniform over four decades, on the unit box."""
    require_count("dim", dim)
    bounds = 10 ** np.random.default_rng([word("four decades"), seed]).uniform(-2, 2, dim)
    return random_coordinate_signs(tuple(np.sort(bounds)), (1.0,) * dim)


def live_scale_trap(spike: float = 3.0) -> LinearLosses:
    """Return losses on which scales that follow the gradient walk the wrong way for ever.

    Two mirrored coordinates have slope `spike` in every third round and -1 in the others, so that the mean slope
    points one way and the *sign* mostly the other; two further pairs of slope 1 hold the reference at 1. With a scale
    of 1 / |m| for each layer every step has the same length: linear regret, by the counterexample of Reddi, Kale and
    Kumar (2018).

    Parameters
    ----------
    spike : float
        Above 2.
    """
    signs = np.array([1.0, -1.0])
    steady = np.array([1.0, -1.0, 1.0, -1.0])
    box = random_coordinate_signs((spike, spike, 1.0, 1.0, 1.0, 1.0), (2.0,) * 6)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        moving = spike if t % 3 == 1 else -1.0
        other = steady if t % 2 else -steady
        return np.broadcast_to(np.concatenate([moving * signs, other]), x.shape)

    return LinearLosses("live scale trap", reveal, np.zeros(6), box.domain, box.facts)


def group_sizes(values: Sequence[float], groups: int) -> tuple[int, ...]:
    """Return the sizes of consecutive groups of sorted positive values that are even in the logarithm."""
    require_count("groups", groups)
    logs = np.log(np.asarray(values, dtype=np.float64))
    edges = np.linspace(logs.min(), logs.max(), groups + 1)[1:-1]
    return tuple(int(size) for size in np.bincount(np.searchsorted(edges, logs, side="right"), minlength=groups))


EXAMPLES = {
    "block-quadratic-het": block_quadratic("A", "het"),
    "block-quadratic-hom": block_quadratic("A", "hom", noise=0.1),
    "block-quadratic-relative": block_quadratic("A", "het", noise=0.1, relative=0.5),
    "four-decades": four_decades(6),
    "live-scale-trap": live_scale_trap(),
}
