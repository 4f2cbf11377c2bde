r"""Multinomial logistic regression with a planted optimum.

.. math:: f(W) = \frac1m\sum_i \Bigl[\log\sum_k e^{\langle w_k,a_i\rangle} - \sum_k q_{ik}\langle w_k,a_i\rangle\Bigr]
    + \frac{\rho}{2}\|W\|^2

q_i is the law of sample i's label. At W* the model's own probabilities p_i would make every gradient vanish; the law
:math:`q_i = p_i + m\rho W^\star (A^\top A)^{-1} a_i` makes the gradient with the ridge vanish too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_count, require_nonnegative
from ratecheck.theory.facts import Facts, computed, planted

SEED = 3_313


def softmax(z: FloatArray) -> FloatArray:
    """Return the probabilities of the scores along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@dataclass(frozen=True, eq=False)
class MultinomialLogistic:
    """Multinomial logistic regression; a point is W with its rows one after the other, shape (classes * n,).

    A sampled answer draws a row and then a label from its law.

    Parameters
    ----------
    A : (m, n) array
        Features.
    q : (m, classes) array
        Law of each sample's label.
    ridge : float
    optimum : (classes, n) array
        The planted minimiser.
    samples : int
        0 for exact gradients, else 1.
    """

    A: FloatArray
    q: FloatArray
    ridge: float
    optimum: FloatArray
    samples: int = 1

    name = "multinomial logistic regression"
    instances = None
    batch = 1
    domain = WholeSpace()

    def __post_init__(self) -> None:
        require_nonnegative("ridge", self.ridge)
        if self.samples not in (0, 1):
            raise InputError(f"samples is {self.samples!r}, but it must be 0 (exact) or 1.")

    @property
    def draws(self) -> int:
        """Two uniform numbers in one answer: the row and its label."""
        return 2 * self.samples

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.optimum.size)

    @cached_property
    def facts(self) -> Facts:
        """Constants computed from the features, optimum planted."""
        eigenvalues = np.linalg.eigvalsh(self.A.T @ self.A / len(self.A))
        x = self.optimum.reshape(1, -1)
        f_star = float(self.value(x)[0])
        p = softmax(self.A @ self.optimum.T)
        squares = (self.A**2).sum(axis=1)
        # ||p - e_y||^2 averaged over the label's law, times ||a||^2: the noise of the data term at the optimum.
        deviation = squares * ((p**2).sum(axis=1) - 2 * (p * self.q).sum(axis=1) + 1)
        mean = self.ridge**2 * float(x[0] @ x[0])
        return Facts(
            computed(
                smoothness=float(eigenvalues[-1]) / 2 + self.ridge,
                sample_smoothness=float(squares.max()) / 2 + self.ridge,
                strong_convexity=self.ridge,
                noise_at_optimum=float(deviation.mean()) - mean,
                noise_variance=2 * float(squares.mean()),
                initial_gap=float(np.log(self.q.shape[1])) - f_star,
            )
            | planted(f_star=f_star, x_star=x[0], radius=float(np.linalg.norm(x)))
        )

    def _scores(self, x: FloatArray) -> FloatArray:
        runs, (classes, n) = x.shape[0], self.optimum.shape
        return rows_times(x.reshape(runs * classes, n), self.A.T).reshape(runs, classes, -1)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        z = self._scores(x)
        top = z.max(axis=1, keepdims=True)
        loss = top[:, 0] + np.log(np.exp(z - top).sum(axis=1)) - (z * self.q.T).sum(axis=1)
        return loss.mean(axis=1) + self.ridge / 2 * row_dot(x, x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        error = softmax(self._scores(x).transpose(0, 2, 1)) - self.q
        runs, m, classes = error.shape
        flat = np.ascontiguousarray(error.transpose(0, 2, 1)).reshape(runs * classes, m)
        return rows_times(flat, self.A).reshape(runs, -1) / m + self.ridge * x

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the gradient of a sampled row with a sampled label."""
        index = (u[:, 0] * len(self.A)).astype(np.intp)
        rows = self.A.take(index, axis=0)
        error = softmax(np.einsum("rkn,rn->rk", x.reshape(len(x), *self.optimum.shape), rows))
        label = (u[:, 1:] >= np.cumsum(self.q, axis=1).take(index, axis=0)[:, :-1]).sum(axis=1)
        error[np.arange(len(x)), label] -= 1
        return np.einsum("rk,rn->rkn", error, rows).reshape(x.shape) + self.ridge * x

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)


@cache
def multinomial_logistic(
    m: int = 60, n: int = 5, classes: int = 3, samples: int = 1, ridge: float = 0.005, seed: int = 0
) -> MultinomialLogistic:
    """Return a planted instance; raise `InputError` if the ridge is too heavy for a law of labels to exist."""
    for name, count in (("m", m), ("n", n), ("classes - 1", classes - 1)):
        require_count(name, count)
    rng = np.random.default_rng([SEED, m, n, classes, seed])
    A = rng.standard_normal((m, n)) / np.sqrt(n)
    W = rng.uniform(-1, 1, (classes, n))
    W -= W.mean(axis=0)
    q = softmax(A @ W.T) + m * ridge * (A @ np.linalg.solve(A.T @ A, W.T))
    if q.min() < 0:
        raise InputError(f"ridge is {ridge!r}, too heavy for a law of the labels to exist; choose a smaller one.")
    return MultinomialLogistic(A, q, ridge, W, samples)


EXAMPLES = {
    "multinomial-logistic": multinomial_logistic(20, 3),
    "multinomial-logistic-exact": multinomial_logistic(20, 3, samples=0),
}
