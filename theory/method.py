"""What a method is, and what it may ask of the problem."""

from __future__ import annotations

from typing import Any, Protocol

from ratecheck.theory.arrays import Array


class Oracle(Protocol):
    """What a method may ask. It is the only thing that knows the problem, and it counts every call.

    `calls` is in units of one subgradient of one sample (or of the full function, where the oracle is exact).
    Problem families answer further questions (Hessian-vector product, repeated sample, operator); a method that
    needs one says so in its docstring.
    """

    calls: int

    def subgradient(self, x: Array) -> Array:
        """Return a (stochastic) subgradient at each row of `x`, shape (runs, dim)."""
        ...

    def value(self, x: Array) -> Array:
        """Return the exact function value at each row of `x`, shape (runs,)."""
        ...

    def project(self, x: Array) -> Array:
        """Return the projection of each row of `x` onto the problem's domain, shape (runs, dim)."""
        ...

    def uniform(self, width: int, low: int = 0) -> Array:
        """Return the method's own random numbers, independent and uniform on [low, 1), shape (runs, width).

        `low` is 0 or -1.
        """
        ...


class Method(Protocol):
    """A frozen dataclass of hyper-parameters, validated on construction.

    `x` has shape (runs, dim) always. The state is a NamedTuple of plain arrays and Python numbers.
    """

    def init(self, x: Array) -> Any:
        """Return the state before the first step from `x`, shape (runs, dim)."""
        ...

    def step(self, x: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Return the next point and the next state; the arguments are left untouched."""
        ...
