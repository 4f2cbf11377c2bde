"""The logistic-bilinear game: strongly convex-concave, not quadratic, every constant known."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.saddle_smooth import logistic_loss, logistic_weight, newton_saddle, reference_facts
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_finite_array, require_positive
from ratecheck.theory.facts import Facts, closed_form, computed

THIRD_DERIVATIVE = 1 / (6 * math.sqrt(3))  # largest third derivative of log(1 + exp(-s))


@dataclass(frozen=True, slots=True, eq=False)
class LogisticBilinearGame:
    r"""A logistic regression against a logistic regression, coupled by a bilinear term (Liu, Bi, Luo and Lui 2022).

    .. math:: f(x, y) = \tfrac1{M_1}\sum_i \log(1 + e^{-A_i x}) + x^\top C y - \tfrac1{M_2} \sum_j \log(1 + e^{-B_j y})
        + \lambda \|x\|^2 - \gamma \|y\|^2

    Parameters
    ----------
    A : (M_1, n_x) array
    B : (M_2, n_y) array
    C : (n_x, n_y) array
    primal, dual : float
        lambda and gamma.
    begin : (n_x + n_y,) array, optional
        The start, the origin if None.
    facts : Facts
        ``smoothness``, ``strong_convexity`` (also as ``singular_min``), ``hessian_lipschitz`` L_2 and ``correction``
        M = 2 L L_2 / mu^2 in closed form; the saddle point by Newton's method.
    """

    A: FloatArray
    B: FloatArray
    C: FloatArray
    primal: float
    dual: float
    begin: FloatArray | None = None
    facts: Facts = field(init=False, repr=False)

    name = "logistic-bilinear game"
    instances = None
    constant_hessian = False
    domain = WholeSpace()

    def __post_init__(self) -> None:
        require_positive("lambda", self.primal)
        require_positive("gamma", self.dual)
        for name in "ABC":
            require_finite_array(name, getattr(self, name))
        if self.C.shape != (self.A.shape[1], self.B.shape[1]):
            raise InputError(f"C has shape {self.C.shape}, but x and y have {self.A.shape[1]} and {self.B.shape[1]}.")
        object.__setattr__(self, "facts", self._facts())

    def _facts(self) -> Facts:
        spectral = [float(np.linalg.norm(rows, 2)) ** 2 / len(rows) for rows in (self.A, self.B)]
        longest = [float(np.linalg.norm(rows, axis=1).max()) for rows in (self.A, self.B)]
        mu = 2 * min(self.primal, self.dual)
        L = 2 * max(self.primal, self.dual) + max(spectral) / 4 + float(np.linalg.norm(self.C, 2))
        L2 = THIRD_DERIVATIVE * max(s * r for s, r in zip(spectral, longest))
        entries = closed_form(
            smoothness=L,
            strong_convexity=mu,
            singular_min=mu,
            condition=L / mu,
            hessian_lipschitz=L2,
            correction=2 * L * L2 / mu**2,
        )
        z_star = newton_saddle(self, np.zeros(sum(self.C.shape)))
        reference = reference_facts(self, z_star, self.start)
        n = sum(self.C.shape)
        trace = computed(squared_trace=0.0)  # it changes from point to point; its accuracy is what measures need
        trace["squared_trace"] = dataclasses.replace(trace["squared_trace"], accuracy=8 * n * n * 2.0**-52 * L * L)
        return Facts({**entries, **reference, **trace})

    @property
    def start(self) -> FloatArray:
        """Where every method starts, shape (n_x + n_y,)."""
        return np.zeros(sum(self.C.shape)) if self.begin is None else self.begin

    @property
    def split(self) -> int:
        """Number of coordinates of x."""
        return self.A.shape[1]

    def at_gradient_norm(self, size: float, seed: int = 0) -> LogisticBilinearGame:
        """Return the game started at a point in a random direction from the saddle point with ||g|| = `size`."""
        z_star = self.facts["x_star"]
        direction = np.random.default_rng(seed).standard_normal(len(z_star))

        def norm(share: float) -> float:
            return float(np.linalg.norm(self.operator((z_star + share * direction)[None])))

        low, high = 0.0, size / norm(1.0)
        while norm(high) < size:
            high *= 2
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if norm(middle) < size else (low, middle)
        return dataclasses.replace(self, begin=z_star + low * direction)

    def _parts(self, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        x, y = z[:, : self.split], z[:, self.split :]
        return x, y, rows_times(x, np.ascontiguousarray(self.A.T)), rows_times(y, np.ascontiguousarray(self.B.T))

    def value(self, z: FloatArray) -> FloatArray:
        """Return f at each row."""
        x, y, s, t = self._parts(z)
        bilinear = row_dot(rows_times(x, self.C), y)
        regular = self.primal * row_dot(x, x) - self.dual * row_dot(y, y)
        return logistic_loss(s).mean(axis=1) + bilinear - logistic_loss(t).mean(axis=1) + regular

    def operator(self, z: FloatArray) -> FloatArray:
        """Return (grad_x f, -grad_y f) at each row."""
        x, y, s, t = self._parts(z)
        g_x = -rows_times(logistic_weight(s), self.A) / len(self.A) + 2 * self.primal * x
        g_y = rows_times(logistic_weight(t), self.B) / len(self.B) - 2 * self.dual * y
        coupling_x = rows_times(y, np.ascontiguousarray(self.C.T))
        return np.concatenate([g_x + coupling_x, -(g_y + rows_times(x, self.C))], axis=1)

    subgradient = operator

    def hessian_product(self, z: FloatArray, v: FloatArray) -> FloatArray:
        """Return Hessian(z) v for each row."""
        _, _, s, t = self._parts(z)
        u, w, su, tw = self._parts(v)
        p, q = logistic_weight(s), logistic_weight(t)
        top = rows_times(p * (1 - p) * su, self.A) / len(self.A) + 2 * self.primal * u
        low = -rows_times(q * (1 - q) * tw, self.B) / len(self.B) - 2 * self.dual * w
        return np.concatenate(
            [top + rows_times(w, np.ascontiguousarray(self.C.T)), low + rows_times(u, self.C)], axis=1
        )

    def hessian(self, z: FloatArray) -> FloatArray:
        """Return the Hessian at each row, shape (runs, n, n)."""
        _, _, s, t = self._parts(z)
        return np.stack([self._hessian(*row) for row in zip(logistic_weight(s), logistic_weight(t))])

    def _hessian(self, p: FloatArray, q: FloatArray) -> FloatArray:
        top = (self.A.T * (p * (1 - p))) @ self.A / len(self.A) + 2 * self.primal * np.eye(self.split)
        low = (self.B.T * (q * (1 - q))) @ self.B / len(self.B) + 2 * self.dual * np.eye(self.B.shape[1])
        full = np.block([[top, self.C], [self.C.T, -low]])
        return (full + full.T) / 2

    def squared_diagonal(self, z: FloatArray) -> FloatArray:
        """Return the diagonal of the squared Hessian at each row."""
        hessian = self.hessian(z)
        return np.einsum("rij,rij->ri", hessian, hessian)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


def logistic_bilinear_game(
    n_x: int = 20,
    n_y: int = 10,
    samples: int = 200,
    regularisation: float = 0.25,
    coupling: float = 0.1,
    seed: int = 0,
) -> LogisticBilinearGame:
    """Return a game with standard normal data, scaled by the square root of the dimension.

    Parameters
    ----------
    n_x, n_y, samples : int
    regularisation : float
        lambda = gamma.
    coupling : float
        Factor of the standard normal C.
    seed : int
    """
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((samples, n_x)) / math.sqrt(n_x)
    B = rng.standard_normal((samples, n_y)) / math.sqrt(n_y)
    C = coupling * rng.standard_normal((n_x, n_y))
    return LogisticBilinearGame(A, B, C, regularisation, regularisation)


EXAMPLES = {
    "logistic-bilinear game": logistic_bilinear_game(3, 2, 10),
}
