"""Evolution with an adapted covariance (Hansen 2016, arXiv 1604.00772): climbs where no gradient is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray

Score = Callable[[FloatArray], FloatArray]  # (count, size) -> (count,), higher is better
STILL = 1e-10  # a gain of the logarithm that counts as none
PATIENCE = 25  # generations without a gain after which a climb ends
SMALLEST_STEP = 1e-9


@dataclass(frozen=True, slots=True)
class Climb:
    """The best row of a climb, its score, and the evaluations spent."""

    best: FloatArray
    score: float
    evaluations: int


def population_for(size: int) -> int:
    """Return how many rows are tried in a generation."""
    return max(16, 2 * (4 + int(3 * math.log(size))))


def climb(
    score: Score, start: FloatArray, step: float, budget: int, random: np.random.Generator, enough: float = math.inf
) -> Climb:
    """Climb from a row until the budget is spent, no gain is made any more, or the score is `enough`.

    Parameters
    ----------
    score : callable
    start : (size,) array
    step : float
        Standard deviation of the first generation in each coordinate.
    budget : int
        Evaluations, of which a generation takes `population_for(size)`.
    random : numpy Generator
        The only source of chance.
    enough : float
    """
    n, population = len(start), population_for(len(start))
    weights, mu_eff = _weights(population)
    parents = len(weights)
    c_sigma, d_sigma, c_path, c_one, c_mu = _rates(n, mu_eff)
    norm = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))
    mean, sigma = start.astype(np.float64), step
    covariance, basis, scales = np.eye(n), np.eye(n), np.ones(n)
    path_sigma, path = np.zeros(n), np.zeros(n)
    best, best_score, spent, still, generation = mean, -math.inf, 0, 0, 0
    fresh = max(1, int(1 / (10 * n * (c_one + c_mu))))  # generations between two decompositions
    while spent + population <= budget and still < PATIENCE and best_score < enough and sigma > SMALLEST_STEP:
        z = random.normal(size=(population, n))
        y = (z * scales) @ basis.T
        rows = mean + sigma * y
        values = np.nan_to_num(score(rows), nan=-1e300, posinf=1e300, neginf=-1e300)
        spent, generation = spent + population, generation + 1
        order = np.argsort(-values, kind="stable")
        if values[order[0]] > best_score + STILL:
            best, best_score, still = rows[order[0]], float(values[order[0]]), 0
        else:
            still += 1
        chosen = order[:parents]
        moved = weights @ y[chosen]
        mean = mean + sigma * moved
        path_sigma = (1 - c_sigma) * path_sigma
        path_sigma += math.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * (basis @ (weights @ z[chosen]))
        length = float(np.linalg.norm(path_sigma))
        straight = length / math.sqrt(1 - (1 - c_sigma) ** (2 * generation)) < (1.4 + 2 / (n + 1)) * norm
        path = (1 - c_path) * path
        if straight:
            path += math.sqrt(c_path * (2 - c_path) * mu_eff) * moved
        lost = 0.0 if straight else c_path * (2 - c_path)
        covariance = (1 - c_one - c_mu + c_one * lost) * covariance
        covariance += c_one * np.outer(path, path) + c_mu * (y[chosen].T * weights) @ y[chosen]
        sigma = min(sigma * math.exp((c_sigma / d_sigma) * (length / norm - 1)), 10.0)
        if generation % fresh == 0:
            squares, basis = np.linalg.eigh((covariance + covariance.T) / 2)
            scales = np.sqrt(np.maximum(squares, 1e-20))
    return Climb(best, best_score, spent)


def _weights(population: int) -> tuple[FloatArray, float]:
    parents = population // 2
    weights = math.log((population + 1) / 2) - np.log(np.arange(1, parents + 1))
    weights /= weights.sum()
    return weights, float(1 / (weights**2).sum())


def _rates(n: int, mu_eff: float) -> tuple[float, float, float, float, float]:
    c_sigma = (mu_eff + 2) / (n + mu_eff + 5)
    d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    c_path = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)
    c_one = 2 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_one, 2 * (mu_eff - 2 + 1 / mu_eff) / ((n + 2) ** 2 + mu_eff))
    return c_sigma, d_sigma, c_path, c_one, c_mu
