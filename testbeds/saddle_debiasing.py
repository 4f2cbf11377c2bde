"""Adversarial debiasing: a classifier against a scalar adversary that guesses a protected attribute from its score."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.saddle_smooth import logistic_loss, logistic_weight, newton_saddle, reference_facts
from ratecheck.testbeds.streams import Streams
from ratecheck.testbeds.svmlight import read_svmlight, two_classes
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_finite_array, require_nonnegative, require_positive
from ratecheck.theory.facts import Facts


@dataclass(frozen=True, slots=True, eq=False)
class Debiasing:
    r"""Adversarial debiasing of a linear classifier (released code of Liu and Luo 2021).

    .. math:: f(x, y) = \tfrac1m \sum_i \big[\log(1+e^{-b_i a_i^\top x}) - \beta \log(1+e^{-y c_i a_i^\top x})\big]
        + \lambda \|x\|^2 - \gamma y^2

    Not convex in x for moderate |y|: theorems apply near the saddle point only, and the facts hold no global modulus.

    Parameters
    ----------
    features : (m, d) array
    labels, protected : (m,) arrays
        b and c, each +-1.
    fairness : float
        beta.
    primal, dual : float
        lambda and gamma.
    warm_start : int
        Extragradient steps from the origin before Newton's method finds the reference saddle point.
    warmed : (d + 1,) array, optional
        Where methods start; the origin if None.
    """

    features: FloatArray
    labels: FloatArray
    protected: FloatArray
    fairness: float = 0.5
    primal: float = 1e-4
    dual: float = 1e-4
    warm_start: int = 500
    warmed: FloatArray | None = None
    _facts: list[Facts] = field(default_factory=list, init=False, repr=False)

    name = "adversarial debiasing"
    instances = None
    constant_hessian = False
    domain = WholeSpace()

    def __post_init__(self) -> None:
        require_nonnegative("fairness", self.fairness)
        require_positive("lambda", self.primal)
        require_positive("gamma", self.dual)
        require_finite_array("the feature matrix", self.features)
        for name in ("labels", "protected"):
            two_classes(getattr(self, name), "the protected attribute" if name == "protected" else "the labels")

    @property
    def start(self) -> FloatArray:
        """The warmed point, or the origin."""
        return np.zeros(self.features.shape[1] + 1) if self.warmed is None else self.warmed

    @property
    def facts(self) -> Facts:
        """The reference saddle point and the spectrum there; computed when first asked for.

        Raises
        ------
        InputError
            If the warm start leads Newton's method to a point that is no local saddle point.
        """
        if not self._facts:
            warm = self.extragradient_point(self.warm_start) if self.warmed is None else self.warmed
            z_star = newton_saddle(self, warm)
            split, hessian = self.split, self.hessian(z_star[None])[0]
            if not (np.linalg.eigvalsh(hessian[:split, :split])[0] > 0 and hessian[split, split] < 0):
                raise InputError("the point found is stationary but no saddle point; take more warm-start steps.")
            self._facts.append(Facts(reference_facts(self, z_star, self.start)))
        return self._facts[0]

    @property
    def split(self) -> int:
        """Number of coordinates of x."""
        return self.features.shape[1]

    def started_warm(self) -> Debiasing:
        """Return the same problem started after the extragradient steps, as the theorems are local."""
        return dataclasses.replace(self, warmed=self.extragradient_point(self.warm_start))

    def extragradient_point(self, steps: int, step_size: float = 0.5) -> FloatArray:
        """Return the point after a number of extragradient steps from the origin, shape (d + 1,)."""
        z = np.zeros((1, self.features.shape[1] + 1))
        for _ in range(steps):
            z = z - step_size * self.operator(z - step_size * self.operator(z))
        return z[0]

    def _parts(self, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        x, y = z[:, :-1], z[:, -1:]
        s = rows_times(x, np.ascontiguousarray(self.features.T))
        return x, y, s, logistic_weight(self.labels * s), logistic_weight(y * self.protected * s)

    def value(self, z: FloatArray) -> FloatArray:
        """Return f at each row."""
        x, y, s, _, _ = self._parts(z)
        fit = logistic_loss(self.labels * s) - self.fairness * logistic_loss(y * self.protected * s)
        return fit.mean(axis=1) + self.primal * row_dot(x, x) - self.dual * y[:, 0] ** 2

    def operator(self, z: FloatArray) -> FloatArray:
        """Return (grad_x f, -grad_y f) at each row."""
        x, y, s, p1, p2 = self._parts(z)
        inner = -p1 * self.labels + self.fairness * y * self.protected * p2
        g_x = rows_times(inner, self.features) / len(self.labels) + 2 * self.primal * x
        g_y = self.fairness * (self.protected * s * p2).mean(axis=1, keepdims=True) - 2 * self.dual * y
        return np.concatenate([g_x, -g_y], axis=1)

    subgradient = operator

    def hessian(self, z: FloatArray) -> FloatArray:
        """Return the Hessian at each row, shape (runs, n, n)."""
        _, y, s, p1, p2 = self._parts(z)
        return np.stack([self._hessian(*row) for row in zip(y[:, 0], s, p1, p2)])

    def _hessian(self, y: float, s: FloatArray, p1: FloatArray, p2: FloatArray) -> FloatArray:
        m, d, beta = len(self.labels), self.split, self.fairness
        weight = p1 * (1 - p1) - beta * y * y * p2 * (1 - p2)
        full = np.empty((d + 1, d + 1))
        full[:d, :d] = (self.features.T * weight) @ self.features / m + 2 * self.primal * np.eye(d)
        full[:d, d] = beta / m * (self.features.T @ (self.protected * p2 - y * s * p2 * (1 - p2)))
        full[d, :d] = full[:d, d]
        full[d, d] = -beta / m * float(np.sum(p2 * (1 - p2) * s * s)) - 2 * self.dual
        return (full + full.T) / 2

    def hessian_product(self, z: FloatArray, v: FloatArray) -> FloatArray:
        """Return Hessian(z) v for each row."""
        return np.stack([A @ row for A, row in zip(self.hessian(z), v)])

    def squared_diagonal(self, z: FloatArray) -> FloatArray:
        """Return the diagonal of the squared Hessian at each row."""
        hessian = self.hessian(z)
        return np.einsum("rij,rij->ri", hessian, hessian)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


def synthetic_debiasing(
    samples: int = 2000, dimension: int = 40, regularisation: float = 1e-2, seed: int = 0, warm_start: int = 500
) -> Debiasing:
    """Return data whose first eight features leak the protected attribute.

    Parameters
    ----------
    samples, dimension : int
    regularisation : float
        lambda = gamma.
    seed : int
    warm_start : int
        Extragradient steps.
    """
    rng = np.random.default_rng(seed)
    protected = np.where(rng.random(samples) < 0.5, 1.0, -1.0)
    features = rng.standard_normal((samples, dimension))
    features[:, :8] += 0.8 * protected[:, None]
    features /= np.sqrt(dimension)
    truth = rng.standard_normal(dimension)
    chance = logistic_weight(-3 * features @ truth)
    labels = np.where(rng.random(samples) < chance, 1.0, -1.0)
    return Debiasing(features, labels, protected, 0.5, regularisation, regularisation, warm_start)


def debiasing_from_file(
    path: Path | str, column: int, regularisation: float = 1e-4, warm_start: int = 500
) -> Debiasing:
    """Return the problem of a svmlight file whose column `column` (from 0) is the protected attribute, removed."""
    features, labels = read_svmlight(path)
    if not 0 <= column < features.shape[1]:
        raise InputError(f"the protected column is {column}, but the file has columns 0 to {features.shape[1] - 1}.")
    protected = two_classes(features[:, column], f"the entries of column {column}")
    rest = np.delete(features, column, axis=1)
    return Debiasing(rest, labels, protected, primal=regularisation, dual=regularisation, warm_start=warm_start)


EXAMPLES = {
    "adversarial debiasing": synthetic_debiasing(60, 9, 0.05),
}
