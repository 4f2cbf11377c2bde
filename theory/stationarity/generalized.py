r"""The general stationarity measure, and outputs that read it off a run.

.. math:: \|\nabla F(x)\|_{\lambda;a,b} = \inf_{P:\,E_P y = x} \|E_P\nabla F(y)\|_a + \lambda\,E_P\|y-x\|_b^2

(2, 2) is the measure of Zhang and Cutkosky (2024) and of Ahn and Cutkosky (2024), (1, 2) its coordinate-wise form,
(1, inf) the dual pair of sign steps. A point mass shows that it is at most the gradient norm. Any law with mean x
gives an *upper* bound: the method's own law does in `law_value`, `DiscountedLaw` and `WindowLaw`, the best law on
finitely many points does in `generalized_norm`, which falls towards the measure as points are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_choice, require_count, require_decay, require_positive
from ratecheck.theory.outputs import Evaluate
from ratecheck.theory.stationarity.goldstein import OUTSIDE_HULL, Norm, linear_weights, norm_of
from ratecheck.theory.stationarity.measure import Measure


def law_value(
    gradients: FloatArray, points: FloatArray, weights: FloatArray, weight: float, a: Norm = "l2", b: Norm = "l2"
) -> float:
    """Return the value of one law: an upper bound on the measure at its mean.

    Parameters
    ----------
    gradients, points : (m, dim) arrays
    weights : (m,) array
        The law, non-negative with sum 1.
    weight : float
        lambda > 0.
    a, b : {"l1", "l2", "linf"}
    """
    require_positive("lambda", weight)
    mean = weights @ points
    spread = [norm_of(point - mean, b) ** 2 for point in points]
    return norm_of(weights @ gradients, a) + weight * float(weights @ np.array(spread))


def generalized_norm(
    problem: Any, x: FloatArray, points: FloatArray, weight: float, a: Norm = "l2", b: Norm = "l2"
) -> float:
    """Return the smallest value of the laws on `points` and `x` with mean `x`: an upper bound on the measure.

    Parameters
    ----------
    problem : Problem
        Asked for ``subgradient``.
    x : (dim,) array
    points : (m, dim) array
        Candidates; more of them bring the bound down to the measure, at a cost that fits small dimensions.
    weight : float
        lambda > 0.
    a, b : {"l1", "l2", "linf"}
        With ``a = "l2"`` a second-order cone program (CLARABEL), else a linear program (HIGHS).
    """
    require_positive("lambda", weight)
    candidates = np.vstack([x, points])
    gradients = problem.subgradient(candidates)
    cost = weight * np.array([norm_of(y - x, b) ** 2 for y in candidates])
    if a == "l2":
        weights = _cone_weights(gradients, cost, candidates, x)
    else:
        weights = linear_weights(gradients, a, cost, (candidates, x))
    # The solver's weights have the mean x up to its tolerance; the value is recomputed around x itself.
    return norm_of(weights @ gradients, a) + float(weights @ cost)


def _cone_weights(gradients: FloatArray, cost: FloatArray, points: FloatArray, x: FloatArray) -> FloatArray:
    import cvxpy as cp

    p = cp.Variable(len(cost), nonneg=True)
    objective = cp.Minimize(cp.norm(gradients.T @ p, 2) + cost @ p)
    cp.Problem(objective, [cp.sum(p) == 1, (points - x).T @ p == 0]).solve(solver="CLARABEL")
    if p.value is None:
        raise InputError(OUTSIDE_HULL)
    weights = np.maximum(np.asarray(p.value, dtype=np.float64), 0.0)
    return weights / weights.sum()


def generalized(weight: float, a: Norm = "l2", b: Norm = "l2", reach: float = 1.0, shells: int = 4) -> Measure:
    r"""Return the measure that bounds :math:`\|\nabla F(x)\|_{\lambda;a,b}` from above at each row.

    The laws live on x and on pairs of points on both sides of it, along each axis and along two diagonals, at
    distances that halve from shell to shell.

    Parameters
    ----------
    weight : float
        lambda > 0.
    a, b : {"l1", "l2", "linf"}
        Norms of the mean gradient and of the distance.
    reach : float
        Distance of the outermost shell.
    shells : int
        More shells bring the bound down.
    """
    require_positive("lambda", weight)
    require_positive("reach", reach)
    require_count("shells", shells)
    for name, norm in (("a", a), ("b", b)):
        require_choice(name, norm, ("l1", "l2", "linf"))

    def compute(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
        # Diagonals are as long as axes in l-infinity, where they move every coordinate for the price of one.
        ones = np.ones((1, x.shape[1]))
        half = np.vstack([np.eye(x.shape[1]), ones, ones * (-1.0) ** np.arange(x.shape[1])])
        offsets = np.vstack([side * reach * 0.5**shell * half for shell in range(shells) for side in (1.0, -1.0)])
        return np.array([generalized_norm(problem, row, row + offsets, weight, a, b) for row in x])

    return Measure(
        f"generalized stationarity bound, lambda {weight:g}, {a}, {b}", r"\|\nabla F(x)\|_{\lambda;a,b}", compute
    )


SMOOTHED = generalized(1.0)  # Zhang and Cutkosky (2024), Ahn and Cutkosky (2024)
SMOOTHED_L1 = generalized(1.0, "l1", "l2")  # its coordinate-wise form
SMOOTHED_SIGN = generalized(1.0, "l1", "linf")  # the dual pair of sign steps

MEASURES = (SMOOTHED, SMOOTHED_L1, SMOOTHED_SIGN)


def _gradient(problem: Any, x: FloatArray, oracle: Any) -> FloatArray:
    return problem.subgradient(x)


# A vector, not a number: only the outputs below, which average it over a law, turn it into one.
GRADIENT = Measure("gradient over a law", r"E_P\nabla F", _gradient)

Quantity = Literal["gradient", "spread", "largest spread", "both"]


class _LawMemory(NamedTuple):
    mass: float
    mean: FloatArray
    spread: FloatArray
    gradient: FloatArray
    total: FloatArray


@dataclass(frozen=True, slots=True)
class DiscountedLaw:
    r"""The mean over tau of a quantity of the discounted laws p_tau of a run, with P(tau = t) as in theorem N1.

    p_t has mass proportional to :math:`\beta^{t-s}` on x_s, s = 1, ..., t, and
    :math:`P(\tau=t) = (1-\beta^t)/T` for t < T, :math:`P(\tau=T) = (1-\beta^T)/((1-\beta)T)`. The mean over tau is
    taken exactly, so that no further chance enters. The start x_0, where no gradient was asked, is left out.

    Parameters
    ----------
    beta : float
    weights : float or (dim,) array
        Of the coordinates in the l1 norm (D_i in the theorem); ignored by ``norm="l2"``.
    norm : {"l1", "l2"}
        Of the averaged gradient.
    quantity : {"gradient", "spread", "largest spread", "both"}
        The norm of the averaged gradient, the summed variance of the law over coordinates, its largest coordinate, or
        gradient norm plus `spread_weight` times spread. The summed variance is E|y - mean|_2^2 exactly and an *upper*
        bound on E|y - mean|_inf^2; the largest coordinate is a *lower* bound on the latter.
    spread_weight : float
        lambda, for ``quantity="both"``.
    """

    beta: float
    weights: float | FloatArray = 1.0
    norm: Norm = "l1"
    quantity: Quantity = "gradient"
    spread_weight: float = 1.0

    def __post_init__(self) -> None:
        require_decay("beta", self.beta)
        require_choice("norm", self.norm, ("l1", "l2"))
        require_choice("quantity", self.quantity, ("gradient", "spread", "largest spread", "both"))
        require_positive("lambda", self.spread_weight)

    def start(self, x: FloatArray) -> _LawMemory:
        """Return the empty law."""
        zero = np.zeros(x.shape)
        return _LawMemory(0.0, zero, zero, zero, np.zeros(x.shape[0]))

    def visit(self, memory: _LawMemory, k: int, x: FloatArray, evaluate: Evaluate) -> _LawMemory:
        """Take x_k into the law, and the law of time k into the mean over tau."""
        if k == 0:
            return memory
        memory = self._joined(memory, x, evaluate)
        return memory._replace(total=memory.total + (1 - self.beta**k) * self._value(memory))

    def read(self, memory: _LawMemory, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the mean over tau for T = k."""
        last = self._joined(memory, x, evaluate)
        return (memory.total + (1 - self.beta**k) / (1 - self.beta) * self._value(last)) / k

    def _joined(self, memory: _LawMemory, x: FloatArray, evaluate: Evaluate) -> _LawMemory:
        # The weighted form of Welford's update: no difference of large squares.
        old = self.beta * memory.mass
        mass = old + 1.0
        step = x - memory.mean
        return _LawMemory(
            mass,
            memory.mean + step / mass,
            self.beta * memory.spread + old / mass * step**2,
            self.beta * memory.gradient + evaluate(x),
            memory.total,
        )

    def _value(self, memory: _LawMemory) -> FloatArray:
        gradient = memory.gradient / memory.mass
        size = (np.abs(gradient) * self.weights).sum(axis=1)
        if self.norm == "l2":
            size = np.sqrt((gradient**2).sum(axis=1))
        if self.quantity == "gradient":
            return size
        spread = memory.spread / memory.mass
        if self.quantity == "largest spread":
            return spread.max(axis=1)
        return spread.sum(axis=1) if self.quantity == "spread" else size + self.spread_weight * spread.sum(axis=1)


class _WindowMemory(NamedTuple):
    points: tuple[FloatArray, ...]
    gradient: FloatArray
    total: FloatArray


@dataclass(frozen=True, slots=True)
class WindowLaw:
    """The mean over windows of K points of the l1 norm of the mean gradient, or the largest distance from the mean.

    Parameters
    ----------
    window : int
        K; read after whole windows.
    quantity : {"gradient", "distance"}
        ``"distance"`` is the largest l-infinity distance of a point from the mean of its window, over all windows.
    """

    window: int
    quantity: Literal["gradient", "distance"] = "gradient"

    def __post_init__(self) -> None:
        require_count("window", self.window)
        require_choice("quantity", self.quantity, ("gradient", "distance"))

    def start(self, x: FloatArray) -> _WindowMemory:
        """Return the empty window."""
        return _WindowMemory((), np.zeros(x.shape), np.zeros(x.shape[0]))

    def visit(self, memory: _WindowMemory, k: int, x: FloatArray, evaluate: Evaluate) -> _WindowMemory:
        """Take x_k into its window, and a full window into the result."""
        if k == 0:
            return memory
        memory = memory._replace(points=(*memory.points, x), gradient=memory.gradient + evaluate(x))
        if len(memory.points) < self.window:
            return memory
        if self.quantity == "gradient":
            total = memory.total + np.abs(memory.gradient / self.window).sum(axis=1)
        else:
            points = np.array(memory.points)
            total = np.maximum(memory.total, np.abs(points - points.mean(axis=0)).max(axis=(0, 2)))
        return _WindowMemory((), np.zeros(x.shape), total)

    def read(self, memory: _WindowMemory, k: int, x: FloatArray, evaluate: Evaluate) -> FloatArray:
        """Return the mean or the largest over the k / K windows.

        Raises
        ------
        InputError
            If k is not a multiple of K.
        """
        if k % self.window:
            raise InputError(f"{k} steps are not a whole number of windows of {self.window}; choose another horizon.")
        total = self.visit(memory, k, x, evaluate).total
        return total / (k // self.window) if self.quantity == "gradient" else total
