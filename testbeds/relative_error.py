"""Gradients with a relative error, around any problem whose exact gradient is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.random_instances import random_quadratics
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.worst_case_univariate import half_square
from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.errors import InputError
from ratecheck.theory.facts import Fact, Facts


@dataclass(frozen=True, slots=True)
class RelativeError:
    r"""The problem `inner` seen through an oracle with :math:`\|d - \nabla f\| \le \varepsilon \|\nabla f\|`.

    Parameters
    ----------
    inner : Problem
    error : float
        epsilon in [0, 1); the answer is d = (1 + epsilon) grad f, or (1 - epsilon) grad f with `shorter`.
    shorter : bool
    seed : int, optional
        If given, the error is epsilon ||grad f|| times a fixed random unit vector instead.
    """

    inner: Any
    error: float
    shorter: bool = False
    seed: int | None = None

    draws = 0
    batch = 1

    def __post_init__(self) -> None:
        if not 0 <= self.error < 1:
            raise InputError(f"error is {self.error!r}, but a relative error must be in [0, 1).")

    @property
    def name(self) -> str:
        """Name of the inner problem, with the error."""
        return f"{self.inner.name}, relative gradient error {self.error:g}"

    @property
    def instances(self) -> int | None:
        """Number of instances of the inner problem."""
        return self.inner.instances

    @property
    def domain(self) -> Any:
        """Domain of the inner problem."""
        return self.inner.domain

    @property
    def start(self) -> FloatArray:
        """Start of the inner problem."""
        return self.inner.start

    @property
    def facts(self) -> Facts:
        """Facts of the inner problem and ``relative_error``."""
        return Facts({**self.inner.facts.entries, "relative_error": Fact(self.error, "planted")})

    def value(self, x: FloatArray) -> FloatArray:
        """Return the exact value at each row."""
        return self.inner.value(x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the *inexact* gradient at each row, which is all that the method sees."""
        g = self.inner.subgradient(x)
        if self.seed is None:
            return g * (1 - self.error if self.shorter else 1 + self.error)
        u = np.random.default_rng(self.seed).normal(size=g.shape)
        return g + self.error * (row_norm(g) / row_norm(u))[:, None] * u

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "relative-error": RelativeError(half_square(1.0), 0.2),
    "relative-error-random": RelativeError(random_quadratics(16), 0.2, seed=1),
}
