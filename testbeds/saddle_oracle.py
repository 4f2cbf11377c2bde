"""The oracle of saddle-point problems: operator, Hessian-vector products, Hessian, resolvent; every call counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.streams import Stream, Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError

PRODUCT_PRICE = 2  # gradients that a Hessian-vector product costs: one forward pass over one reverse pass


class SaddleOracle:
    """Answers a method's questions about min over x, max over y of f(x, y), z = (x, y).

    The operator is F(z) = (grad_x f, -grad_y f). The budget unit `calls` is the gradient-equivalent: one gradient of f
    counts 1, a Hessian-vector product `PRODUCT_PRICE`, a resolvent 1, and a pair of products with the coupling matrix
    and its transpose 1. A Hessian counts as n Hessian-vector products; where it is constant it is paid once.

    Parameters
    ----------
    problem : SaddleProblem
    streams : Streams
    watch : callable, optional
        Called with (z, F(z)) after every query of the operator.

    Attributes
    ----------
    gradients, products, resolvents : int
        Numbers of gradients, of Hessian-vector products and of resolvents so far.
    """

    __slots__ = (
        "_coupling",
        "_known",
        "_noise",
        "_problem",
        "_streams",
        "_watch",
        "gradients",
        "products",
        "resolvents",
    )

    def __init__(self, problem: Any, streams: Streams, watch: Watch | None = None) -> None:
        self.gradients = self.products = self.resolvents = 0
        self._coupling = 0
        self._known: FloatArray | None = None
        self._problem = problem
        self._streams = streams
        self._watch = watch
        self._noise: Stream | None = None

    @property
    def calls(self) -> int:
        """Gradient-equivalents so far."""
        return self.gradients + PRODUCT_PRICE * self.products + self.resolvents + (self._coupling + 1) // 2

    @property
    def split(self) -> int:
        """Number of coordinates of x, the minimising block."""
        return self._problem.split

    @property
    def signs(self) -> FloatArray:
        """The diagonal of S, +1 on x and -1 on y, shape (dim,)."""
        return signs(self._problem)

    def operator(self, z: FloatArray) -> FloatArray:
        """Return F(z) for each row; raise `InputError` if it is NaN where z is not."""
        self.gradients += 1
        answer = self._problem.operator(z)
        _require_no_nan(answer, z, "operator")
        if self._watch is not None:
            self._watch(z, answer)
        return answer

    def gradient(self, z: FloatArray) -> FloatArray:
        """Return the gradient of f, without a change of sign, for each row."""
        return self.operator(z) * self.signs

    subgradient = operator

    def hessian_product(self, z: FloatArray, v: FloatArray) -> FloatArray:
        """Return Hessian(z) v for each row, shape (runs, n)."""
        self.products += 1
        answer = self._problem.hessian_product(z, v)
        _require_no_nan(answer, v, "Hessian-vector product")
        return answer

    def hessian_block(self, z: FloatArray, block: FloatArray) -> FloatArray:
        """Return Hessian(z) V for each row's block of m columns, shape (runs, n, m), for m products."""
        self.products += block.shape[2]
        return np.stack([self._problem.hessian_product(z, block[:, :, j]) for j in range(block.shape[2])], axis=2)

    def hessian(self, z: FloatArray) -> FloatArray:
        """Return the Hessian of f at each row, shape (runs, n, n)."""
        self._pay_for_hessian(z)
        return self._problem.hessian(z)

    def squared_diagonal(self, z: FloatArray) -> FloatArray:
        """Return the diagonal of the squared Hessian, free where the Hessian is known, shape (runs, n)."""
        self._pay_for_hessian(z)
        return self._problem.squared_diagonal(z)

    def _pay_for_hessian(self, z: FloatArray) -> None:
        known = self._known is not None and (self._problem.constant_hessian or self._known is z)
        if not known:
            self.products += z.shape[1]
            self._known = z

    def resolvent(self, z: FloatArray, step_size: float) -> FloatArray:
        """Return ``(I + step_size F)^{-1} z`` for each row."""
        self.resolvents += 1
        return self._problem.resolvent(z, step_size)

    def push(self, x: FloatArray) -> FloatArray:
        """Return K x for each row, half a gradient."""
        self._coupling += 1
        return self._problem.push(x)

    def pull(self, y: FloatArray) -> FloatArray:
        """Return K' y for each row, half a gradient."""
        self._coupling += 1
        return self._problem.pull(y)

    def prox_primal(self, x: FloatArray, step_size: float) -> FloatArray:
        """Return the proximal point of the primal function."""
        return self._problem.prox_primal(x, step_size)

    def prox_dual(self, y: FloatArray, step_size: float) -> FloatArray:
        """Return the proximal point of the dual function."""
        return self._problem.prox_dual(y, step_size)

    def project(self, z: FloatArray) -> FloatArray:
        """Return the projection onto the problem's domain."""
        return self._problem.domain.project(z)

    def value(self, z: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self._problem.value(z)

    def uniform(self, width: int) -> FloatArray:
        """Return the method's own uniform numbers on [0, 1), shape (runs, width)."""
        if self._noise is None:
            self._noise = self._streams.open("noise")
        return self._noise.uniform(width)


def signs(problem: Any) -> FloatArray:
    """Return +1 for the coordinates of x and -1 for those of y, shape (dim,)."""
    result = np.ones(problem.start.shape[-1])
    result[problem.split :] = -1.0
    return result


def _require_no_nan(answer: FloatArray, at: FloatArray, name: str) -> None:
    # Beyond 1e100 a diverging run may overflow honestly; there the verdict sees it.
    if np.isnan(answer).any() and np.abs(at).max() < 1e100:
        raise InputError(f"the {name} returned NaN at a finite point, but it must be a number; check data and formula.")
