"""A small sampled problem that every method of functions can run on, batched and one run at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.oracle import FunctionOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.facts import Facts, computed

STEPS = 23


@dataclass(frozen=True)
class Bowl:
    """A mean of four separable quadratics in dimension 3, sampled one at a time, in the box [-1, 2]^3."""

    curvature = np.array([[1.0, 3.0, 0.5], [2.0, 1.0, 0.3], [0.5, 4.0, 0.2], [1.5, 2.0, 1.0]])
    center = np.array([[0.3, -0.2, 1.0], [-1.0, 0.5, 0.0], [2.0, 0.1, -3.0], [0.0, -0.7, 0.4]])
    name = "bowl"
    draws = 1
    batch = 1
    samples = 4
    domain = Box(np.full(3, -1.0), np.full(3, 2.0))
    start = np.array([1.3, -0.7, 1.9])

    @property
    def facts(self) -> Facts:
        optimum = (self.curvature * self.center).sum(axis=0) / self.curvature.sum(axis=0)
        return Facts(computed(f_star=float(self.value(optimum[None, :])[0])))

    def value(self, x: np.ndarray) -> np.ndarray:
        return sum((c / 2 * (x - z) ** 2).sum(axis=1) for c, z in zip(self.curvature, self.center)) / 4

    def subgradient(self, x: np.ndarray) -> np.ndarray:
        return (sum(c * (x - z) for c, z in zip(self.curvature, self.center)) / 4).astype(x.dtype)

    def sampled_subgradient(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        term = (u[:, 0] * 4).astype(int)
        return (self.curvature[term] * (x - self.center[term])).astype(x.dtype)


BOWL = Bowl()


def oracle_for(runs: range) -> FunctionOracle:
    return FunctionOracle(BOWL, Streams(7, "bowl", runs))


def trajectory(method: Any, runs: range, dtype: type = np.float64) -> list[np.ndarray]:
    oracle = oracle_for(runs)
    x = np.broadcast_to(BOWL.start, (len(runs), 3)).astype(dtype)
    state = method.init(x)
    points = [x]
    for _ in range(STEPS):
        x, state = method.step(x, state, oracle)
        points.append(x)
    return points


class Ask:
    """The oracle of one run, in one-dimensional arrays."""

    def __init__(self, run: int) -> None:
        self._oracle = oracle_for(range(run, run + 1))

    def g(self, x: np.ndarray) -> np.ndarray:
        return self._oracle.subgradient(x[None, :])[0]

    def two(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, second = self._oracle.subgradient_pair(x[None, :], y[None, :])
        return first[0], second[0]

    def u(self) -> np.ndarray:
        return self._oracle.uniform(3)[0].copy()

    def gap(self, x: np.ndarray) -> float:
        return float(BOWL.value(x[None, :])[0]) - BOWL.facts["f_star"]

    def full(self, x: np.ndarray) -> np.ndarray:
        return BOWL.subgradient(x[None, :])[0]


@pytest.fixture(scope="session")
def start() -> np.ndarray:
    """Where every run starts, shape (3,)."""
    return BOWL.start


@pytest.fixture(scope="session")
def oracle_of() -> Callable[[range], FunctionOracle]:
    """Return a fresh oracle for a range of runs."""
    return oracle_for


@pytest.fixture(scope="session")
def points_of() -> Callable[..., list[np.ndarray]]:
    """Return the points x_0, ..., x_23 of a method, of shape (runs, 3), from (method, runs, dtype)."""
    return trajectory


@pytest.fixture(scope="session")
def ask_of() -> Callable[[int], Ask]:
    """Return what a transcribed recursion may ask, for one run."""
    return Ask
