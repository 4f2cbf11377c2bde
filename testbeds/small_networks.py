"""Small networks with layers of different scale: Zipf softmax regression, the two-layer linear network, an adapter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams, word
from ratecheck.theory.arrays import FloatArray, IntArray, rows_times
from ratecheck.theory.errors import require_count, require_positive
from ratecheck.theory.facts import Fact, Facts, computed, planted


@dataclass(frozen=True, slots=True)
class SoftmaxRegression:
    r"""Multinomial regression with a ridge, :math:`\frac1n\sum_j -\log p_{y_j}(z_j) + \frac{\mu}{2}\|W\|^2`.

    The parameter is W (classes, features), flat. One sample per answer.

    Parameters
    ----------
    features : (n, p) array
    labels : (n,) integer array
    classes : int
    ridge : float
        mu > 0.
    minimiser : (classes * p,) array
        A solver's; its accuracy is certified by the gradient there: ``f - f* <= |grad|^2 / (2 mu)``.
    """

    features: FloatArray
    labels: IntArray
    classes: int
    ridge: float
    minimiser: FloatArray

    name = "Zipf softmax regression"
    instances = None
    domain = WholeSpace()
    draws = 1
    batch = 1

    @property
    def samples(self) -> int:
        """Number of terms."""
        return self.labels.size

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.classes * self.features.shape[1])

    @property
    def facts(self) -> Facts:
        """Constants; the optimum is a solver's, with certificate."""
        gradient = self.subgradient(self.minimiser[None, :])[0]
        accuracy = float(gradient @ gradient) / (2 * self.ridge)
        best = float(self.value(self.minimiser[None, :])[0])
        return Facts(
            computed(strong_convexity=self.ridge, initial_gap=float(np.log(self.classes)) - best)
            | {"f_star": Fact(best - accuracy / 2, "solver", accuracy, "Newton; |grad|^2 / (2 mu)")}
        )

    def _scores(self, x: FloatArray) -> FloatArray:
        p = self.features.shape[1]
        scores = rows_times(x.reshape(-1, p), self.features.T).reshape(-1, self.classes, self.samples)
        return scores - scores.max(axis=1, keepdims=True)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        scores = self._scores(x)
        chosen = scores[:, self.labels, np.arange(self.samples)]
        loss = (np.log(np.exp(scores).sum(axis=1)) - chosen).mean(axis=1)
        return loss + self.ridge / 2 * (x * x).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        weights = np.exp(self._scores(x))
        weights /= weights.sum(axis=1, keepdims=True)
        weights[:, self.labels, np.arange(self.samples)] -= 1
        inner = rows_times(weights.reshape(-1, self.samples), self.features)
        return inner.reshape(x.shape) / self.samples + self.ridge * x

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the gradient of one term."""
        term = (u[:, 0] * self.samples).astype(np.intp)
        z = self.features[term]
        scores = (x.reshape(-1, self.classes, z.shape[1]) * z[:, None, :]).sum(axis=2)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        weights[np.arange(x.shape[0]), self.labels[term]] -= 1
        return (weights[:, :, None] * z[:, None, :]).reshape(x.shape) + self.ridge * x

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


def zipf_softmax(
    classes: int = 8, features: int = 4, samples: int = 256, ridge: float = 1e-2, seed: int = 0
) -> SoftmaxRegression:
    """Return softmax regression with class frequencies proportional to 1, 1/2, 1/3, ...: rare classes, small gradients.

    Parameters
    ----------
    classes, features, samples : int
    ridge : float
    seed : int
    """
    for name, count in (("classes", classes), ("features", features), ("samples", samples)):
        require_count(name, count)
    require_positive("ridge", ridge)
    random = np.random.default_rng([word("zipf softmax"), seed])
    frequency = 1 / np.arange(1, classes + 1)
    labels = random.choice(classes, samples, p=frequency / frequency.sum())
    centers = random.standard_normal((classes, features))
    z = centers[labels] + random.standard_normal((samples, features))
    problem = SoftmaxRegression(z, labels, classes, ridge, np.zeros(classes * features))
    return SoftmaxRegression(z, labels, classes, ridge, _minimiser(problem))


def _minimiser(problem: SoftmaxRegression) -> FloatArray:
    """Return the minimiser by damped Newton steps, which the certificate of the facts checks."""
    z, mu, w = problem.features, problem.ridge, problem.start
    for _ in range(50):
        gradient = problem.subgradient(w[None, :])[0]
        weights = np.exp(problem._scores(w[None, :])[0])
        weights /= weights.sum(axis=0)
        spread = np.einsum("cn,cd->ncd", weights, np.eye(problem.classes)) - np.einsum("cn,dn->ncd", weights, weights)
        hessian = np.einsum("ncd,ni,nj->cidj", spread, z, z, optimize=True).reshape(w.size, w.size) / z.shape[0]
        step = np.linalg.solve(hessian + mu * np.eye(w.size), gradient)
        w = w - step / max(1.0, float(np.linalg.norm(step)))
        if np.linalg.norm(step) < 1e-14:
            break
    return w


@dataclass(frozen=True, slots=True)
class LinearNetwork:
    r"""Two linear layers, :math:`\tfrac12\|W_2 W_1 - M\|_F^2`, whose start is scaled by c and 1/c.

    The scaling keeps the function that the network computes and changes the gradients of the layers by 1/c and c, so
    that it detects a loss of scale invariance. The parameter is W_1 (hidden, inputs) followed by W_2 (outputs,
    hidden), flat: two layers, as in a low-rank adapter (LoRA), where M is what the adapter must learn.

    Parameters
    ----------
    target : (outputs, inputs) array
        M, of rank at most `hidden`, so that the infimum is 0.
    start : (hidden * (inputs + outputs),) array
    hidden : int
    """

    target: FloatArray
    start: FloatArray
    hidden: int

    name = "two-layer linear network"
    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def facts(self) -> Facts:
        """The infimum is planted."""
        return Facts(planted(f_star=0.0) | computed(initial_gap=float(self.value(self.start[None, :])[0])))

    @property
    def shapes(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Shapes of the two layers."""
        outputs, inputs = self.target.shape
        return (self.hidden, inputs), (outputs, self.hidden)

    def _parts(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        first, second = self.shapes
        split = first[0] * first[1]
        W1, W2 = x[:, :split].reshape(-1, *first), x[:, split:].reshape(-1, *second)
        return W1, W2, np.matmul(W2, W1) - self.target

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return (self._parts(x)[2] ** 2).sum(axis=(1, 2)) / 2

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient at each row."""
        W1, W2, residual = self._parts(x)
        first = np.matmul(W2.swapaxes(1, 2), residual).reshape(x.shape[0], -1)
        second = np.matmul(residual, W1.swapaxes(1, 2)).reshape(x.shape[0], -1)
        return np.concatenate([first, second], axis=1)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


def linear_network(
    inputs: int = 4, hidden: int = 3, outputs: int = 4, scale: float = 1.0, rank: int | None = None, seed: int = 0
) -> LinearNetwork:
    """Return a two-layer linear network with start scaled by `scale` and its inverse.

    Parameters
    ----------
    inputs, hidden, outputs : int
    scale : float
        c.
    rank : int, optional
        Of the target, `hidden` by default.
    seed : int
    """
    for name, count in (("inputs", inputs), ("hidden", hidden), ("outputs", outputs)):
        require_count(name, count)
    require_positive("scale", scale)
    random = np.random.default_rng([word("linear network"), seed])
    k = hidden if rank is None else rank
    target = random.standard_normal((outputs, k)) @ random.standard_normal((k, inputs)) / np.sqrt(k)
    first = random.standard_normal(hidden * inputs) / np.sqrt(inputs)
    second = random.standard_normal(outputs * hidden) / np.sqrt(hidden)
    return LinearNetwork(target, np.concatenate([scale * first, second / scale]), hidden)


EXAMPLES = {
    "zipf-softmax": zipf_softmax(),
    "linear-network": linear_network(),
}
