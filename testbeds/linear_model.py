r"""Mean losses of linear predictions, exact or by sampled rows: the common form of LAD, SVM, logistic, lasso, ridge.

.. math:: f(x) = \frac1m\sum_{i=1}^m \varphi(\langle a_i, x\rangle, b_i) + \frac{\rho}{2}\|x\|^2 + \tau\|x\|_1
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ratecheck.testbeds.domains import Box, WholeSpace
from ratecheck.testbeds.lazy_facts import LazyEntries
from ratecheck.testbeds.losses import Loss
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_finite_array, require_nonnegative
from ratecheck.theory.facts import Fact, Facts, Knowledge

EVERYWHERE = WholeSpace()


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A mean loss of linear predictions over the whole space or a box.

    Parameters
    ----------
    name : str
    A : (m, n) array
        Features, one sample a row.
    b : (m,) array
        Targets; -1 and +1 for hinge and logistic loss.
    loss : Loss
    ridge, lasso : float
        rho and tau.
    domain : WholeSpace or Box
    samples : int
        Rows in one answer of the oracle, drawn with replacement; 0 for exact subgradients.
    optimum : (n,) array, optional
        A planted minimiser; if None, it is found by a solver and certified when it is asked for.
    """

    name: str
    A: FloatArray
    b: FloatArray
    loss: Loss
    ridge: float = 0.0
    lasso: float = 0.0
    domain: WholeSpace | Box = EVERYWHERE
    samples: int = 0
    optimum: FloatArray | None = None

    instances = None

    def __post_init__(self) -> None:
        if self.A.ndim != 2 or self.b.shape != self.A.shape[:1]:
            raise InputError(
                f"the features have shape {self.A.shape} and the targets {self.b.shape}, "
                "but they must be (m, n) and (m,)."
            )
        require_finite_array("the features", self.A)
        require_finite_array("the targets", self.b)
        require_nonnegative("ridge", self.ridge)
        require_nonnegative("lasso", self.lasso)
        require_nonnegative("samples", self.samples)
        if self.loss.two_classes and not np.isin(self.b, (-1.0, 1.0)).all():
            raise InputError(f"targets of {type(self.loss).__name__} must be -1 or +1; map the two classes to them.")

    @property
    def draws(self) -> int:
        """Uniform numbers in one answer."""
        return self.samples

    @property
    def batch(self) -> int:
        """What one answer costs."""
        return max(self.samples, 1)

    @cached_property
    def start(self) -> FloatArray:
        """The origin, or the point of the box next to it."""
        origin: FloatArray = np.zeros((1, self.A.shape[1]))
        return self.domain.project(origin)[0]

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        mean = self.loss.value(rows_times(x, self._columns), self.b).mean(axis=1)
        return mean + self.ridge / 2 * row_dot(x, x) + self.lasso * np.abs(x).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient at each row."""
        slopes = self.loss.slope(rows_times(x, self._columns), self.b)
        return self._regularized(rows_times(slopes, self.A) / len(self.b), x)

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return the mean subgradient of the rows that `u`, shape (runs, samples), picks with replacement."""
        A, b = self._in_single if x.dtype == np.float32 else (self.A, self.b)
        index = (u * len(b)).astype(np.intp)
        if self.samples == 1:
            index = index[:, 0]
            rows = A.take(index, axis=0)
            rows *= self.loss.slope(row_dot(rows, x), b.take(index))[:, None]
            return self._regularized(rows, x)
        rows = A.take(index, axis=0)
        slopes = self.loss.slope(np.einsum("rbn,rn->rb", rows, x), b.take(index))
        return self._regularized(np.einsum("rb,rbn->rn", slopes, rows) / self.samples, x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh oracle."""
        return FunctionOracle(self, streams, watch)

    @cached_property
    def facts(self) -> Facts:
        """Constants computed from the data; the optimum planted or certified, each worked out when first asked for."""
        return Facts(LazyEntries(_recipes(self)))

    @cached_property
    def _columns(self) -> FloatArray:
        return np.ascontiguousarray(self.A.T)

    @cached_property
    def _in_single(self) -> tuple[FloatArray, FloatArray]:
        return self.A.astype(np.float32), self.b.astype(np.float32)

    def _regularized(self, g: FloatArray, x: FloatArray) -> FloatArray:
        if self.ridge:
            g = g + self.ridge * x
        if self.lasso:
            g = g + self.lasso * np.sign(x)
        return g


def _recipes(p: LinearModel) -> dict[str, Callable[[], Fact]]:
    recipes: dict[str, Callable[[], Fact]] = {
        "row_second_moment": lambda: Fact(float((p.A**2).sum(axis=1).mean()), "computed"),
        **_optimum(p),
    }
    if isinstance(p.domain, Box):
        box = p.domain
        recipes["widths"] = lambda: Fact(box.widths, "computed")
        recipes["diameter"] = lambda: Fact(box.diameter, "computed")
        recipes["domain"] = lambda: Fact(box, "computed")
    if _bounded(p):
        recipes["lipschitz"] = lambda: Fact(_lipschitz(p), "computed", note="largest row norm times slope")
        recipes["coordinate_bounds"] = lambda: Fact(_coordinate_bounds(p), "computed")
        recipes["coordinate_moments"] = lambda: Fact(_coordinate_moments(p), "computed", note="roots of second moments")
        recipes["second_moment"] = lambda: Fact(_second_moment(p), "computed")
        if p.samples:
            recipes["noise_variance"] = lambda: Fact(_row_moment(p) / p.samples, "computed", note="of the rows")
    if np.isfinite(p.loss.curvature) and not p.lasso:
        recipes["smoothness"] = lambda: Fact(p.loss.curvature * _spectrum(p)[-1] + p.ridge, "computed")
        recipes["sample_smoothness"] = lambda: Fact(p.loss.curvature * _norms(p).max() ** 2 + p.ridge, "computed")
    if p.ridge or p.loss.convexity:
        recipes["strong_convexity"] = lambda: Fact(p.loss.convexity * max(_spectrum(p)[0], 0.0) + p.ridge, "computed")
    return recipes


def _optimum(p: LinearModel) -> dict[str, Callable[[], Fact]]:
    if p.optimum is not None:
        x = p.optimum[None, :]
        known: Knowledge = "planted"
        recipes: dict[str, Callable[[], Fact]] = {
            "f_star": lambda: Fact(float(p.value(x)[0]), known),
            "x_star": lambda: Fact(p.optimum, known),
            "radius": lambda: Fact(float(np.linalg.norm(p.start - x[0])), known),
            "offsets": lambda: Fact(np.abs(p.start - x[0]), known),
        }
        if p.samples:
            recipes["noise_at_optimum"] = lambda: Fact(_moment_at(p, x) / p.samples, "computed")
            recipes["sample_second_moment_at_optimum"] = lambda: Fact(_moment_at(p, x), "computed")
    else:
        recipes = {"f_star": lambda: _certified(p)}
        if isinstance(p.domain, Box):
            recipes["radius"] = lambda: Fact(_reach(p), "computed", note="farthest point of the box")
    recipes["initial_gap"] = lambda: _initial_gap(p)
    return recipes


def _certified(p: LinearModel) -> Fact:
    from ratecheck.testbeds.certified_optimum import certified_minimum

    return certified_minimum(p)


def _initial_gap(p: LinearModel) -> Fact:
    best = p.facts.fact("f_star")
    return Fact(float(p.value(p.start[None, :])[0]) - best.value, best.known, best.accuracy, best.note)


def _bounded(p: LinearModel) -> bool:
    return isinstance(p.domain, Box) or (not p.ridge and not p.loss.convexity)


def _norms(p: LinearModel) -> FloatArray:
    return np.linalg.norm(p.A, axis=1)


def _spectrum(p: LinearModel) -> Any:
    return np.linalg.eigvalsh(p.A.T @ p.A / len(p.b))


def _slopes(p: LinearModel) -> FloatArray:
    """Return the largest slope of each row's loss over the domain, shape (m,)."""
    if isinstance(p.domain, Box):
        middle, spread = p.A @ (p.domain.low + p.domain.high) / 2, np.abs(p.A) @ p.domain.widths / 2
    else:
        middle, spread = np.zeros_like(p.b), np.full_like(p.b, np.inf)
    return p.loss.largest_slope(middle - spread, middle + spread, p.b)


def _farthest(p: LinearModel) -> FloatArray:
    """Return the largest absolute value of each coordinate that the ridge term needs, shape (n,)."""
    if isinstance(p.domain, Box) and p.ridge:
        return np.maximum(np.abs(p.domain.low), np.abs(p.domain.high))
    return np.zeros(p.A.shape[1])


def _reach(p: LinearModel) -> float:
    assert isinstance(p.domain, Box)
    return float(np.linalg.norm(np.maximum(p.start - p.domain.low, p.domain.high - p.start)))


def _penalty(p: LinearModel) -> float:
    return p.ridge * float(np.linalg.norm(_farthest(p))) + p.lasso * float(np.sqrt(p.A.shape[1]))


def _lipschitz(p: LinearModel) -> float:
    rows = _norms(p) * _slopes(p)
    if p.samples:
        return float(rows.max()) + _penalty(p)
    spectral = float(np.sqrt(_spectrum(p)[-1] * (_slopes(p) ** 2).mean()))
    return min(float(rows.mean()), spectral) + _penalty(p)


def _coordinate_bounds(p: LinearModel) -> FloatArray:
    entries = np.abs(p.A) * _slopes(p)[:, None]
    return (entries.max(axis=0) if p.samples else entries.mean(axis=0)) + p.ridge * _farthest(p) + p.lasso


def _coordinate_moments(p: LinearModel) -> FloatArray:
    if not p.samples:
        return _coordinate_bounds(p)
    data = np.sqrt(((p.A * _slopes(p)[:, None]) ** 2).mean(axis=0))
    return data + p.ridge * _farthest(p) + p.lasso


def _row_moment(p: LinearModel) -> float:
    return float(((_norms(p) * _slopes(p)) ** 2).mean())


def _second_moment(p: LinearModel) -> float:
    if not p.samples:
        return _lipschitz(p) ** 2
    return (np.sqrt(_row_moment(p)) + _penalty(p)) ** 2


def _moment_at(p: LinearModel, x: FloatArray) -> float:
    """Return the mean squared norm of the samples' gradients at a point."""
    slopes = p.loss.slope(p.A @ x[0], p.b)
    g = slopes[:, None] * p.A + p.ridge * x
    return float((g**2).sum(axis=1).mean())
