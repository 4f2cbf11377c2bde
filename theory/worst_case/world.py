"""What PEPit knows about a class: its function, its minimiser, its set, and how it answers a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratecheck.theory import function_class as classes
from ratecheck.theory.function_class import FunctionClass
from ratecheck.theory.worst_case.symbolic import NotExpressibleError

# PEPit's class for each of ours, how its constants are called there, and whether its conditions are sufficient.
_PEPIT: dict[str, tuple[str, dict[str, str], bool]] = {
    classes.CONVEX_LIPSCHITZ.id: ("ConvexLipschitzFunction", {"M": "lipschitz"}, True),
    classes.STRONGLY_CONVEX_LIPSCHITZ.id: ("StronglyConvexFunction", {"mu": "strong_convexity"}, False),
    classes.SMOOTH_CONVEX.id: ("SmoothConvexFunction", {"L": "smoothness"}, True),
    classes.SMOOTH_STRONGLY_CONVEX.id: (
        "SmoothStronglyConvexFunction", {"mu": "strong_convexity", "L": "smoothness"}, True,
    ),
    classes.INEXACT_GRADIENTS.id: (
        "SmoothStronglyConvexFunction", {"mu": "strong_convexity", "L": "smoothness"}, True,
    ),
    classes.SMOOTH.id: ("SmoothFunction", {"L": "smoothness"}, True),
    classes.QUADRATIC.id: (
        "SmoothStronglyConvexQuadraticFunction", {"mu": "strong_convexity", "L": "smoothness"}, True,
    ),
    classes.LOJASIEWICZ.id: (
        "SmoothQuadraticLojasiewiczFunctionCheap", {"L": "smoothness", "mu": "lojasiewicz"}, False,
    ),
    classes.ONLINE_LOSSES.id: ("ConvexLipschitzFunction", {"M": "gradient_bound"}, True),
    classes.MONOTONE.id: ("LipschitzStronglyMonotoneOperatorCheap", {"L": "smoothness"}, False),
    classes.STRONGLY_MONOTONE.id: (
        "LipschitzStronglyMonotoneOperatorCheap", {"mu": "strong_convexity", "L": "smoothness"}, False,
    ),
}  # fmt: skip


class World:
    """One performance estimation problem under construction.

    Parameters
    ----------
    pep : PEPit.PEP
    function_class : FunctionClass
    constants : mapping
        Values of its constants, and ``diameter`` of the set where there is one.
    free_start : bool
        Whether the start is bounded by a condition of its own; otherwise it lies in the set.
    """

    def __init__(
        self, pep: Any, function_class: FunctionClass, constants: Mapping[str, float], free_start: bool
    ) -> None:
        import PEPit
        from PEPit import functions, operators

        if function_class.id not in _PEPIT:
            raise NotExpressibleError(
                f"its class ({function_class.title}) cannot be expressed; those that can are {', '.join(_PEPIT)}."
            )
        name, names, self.exact = _PEPIT[function_class.id]
        self._pep, self._class, self._constants = pep, function_class, constants
        self._operator = function_class in (classes.MONOTONE, classes.STRONGLY_MONOTONE)
        self._kind = getattr(operators if self._operator else functions, name)
        self._parameters = {ours: float(constants[theirs]) for ours, theirs in names.items()}
        if self._operator:
            self._parameters.setdefault("mu", 0.0)
        if name == "SmoothStronglyConvexFunction" and self._parameters["mu"] == 0:
            self._kind, self._parameters = functions.SmoothConvexFunction, {"L": self._parameters["L"]}
        self.zero = PEPit.null_point
        self._rounds: list[tuple[Any, Any]] = []
        self._seen: list[Any] = []
        self.online = function_class is classes.ONLINE_LOSSES
        self._set = (
            pep.declare_function(functions.ConvexIndicatorFunction, D=float(constants["diameter"]))
            if "diameter" in constants
            else None
        )
        self._place(free_start)

    def _place(self, free_start: bool) -> None:
        """Declare the function, the point x* that all rows are measured from, and the start."""
        import PEPit

        if self.online:
            self.x_star = self._projected(self._pep.set_initial_point())
            self.start = self._projected(self._pep.set_initial_point()) - self.x_star
            return
        self._f = self._pep.declare_function(self._kind, **self._parameters)
        if self._class is classes.SMOOTH:
            # A lower bound need not be attained, so that there is no minimiser: rows are measured from the start.
            self.x_star, self.start = PEPit.null_point, self._pep.set_initial_point()
            self._f_star = PEPit.Expression()
            return
        total = self._f if self._set is None else self._f + self._set
        self.x_star = total.stationary_point()
        if not self._operator:
            self._f_star = self._f(self.x_star)
        start = self._pep.set_initial_point()
        self.start = start - self.x_star
        if self._set is not None:
            self._set.oracle(start)

    def require_minimiser(self) -> None:
        """Raise `NotExpressibleError` if the class has functions without a minimiser."""
        if self._class is classes.SMOOTH:
            raise NotExpressibleError("its bound speaks about the distance to a minimiser, which need not exist.")

    def answer(self, kind: str, point: Any, step_size: float) -> Any:
        """Return the vector that the oracle answers with."""
        if kind == "subgradient":
            return self._online_round(point) if self.online else self._seen_gradient(point)
        if kind == "project":
            return self._projected(point) - self.x_star
        if kind == "operator" and self._operator:
            return self.gradient(point)
        if kind == "resolvent" and self._operator:
            from PEPit.primitive_steps import proximal_step

            return proximal_step(point, self._f, step_size)[0] - self.x_star
        raise NotExpressibleError(f"it asks the oracle for `{kind}`, which its class does not answer.")

    def gradient(self, point: Any) -> Any:
        """Return a subgradient of the function itself."""
        g = self._f.gradient(point)
        self._seen.append((point, g))
        if self._class is classes.STRONGLY_CONVEX_LIPSCHITZ:
            self._pep.add_constraint(g**2 <= float(self._constants["lipschitz"]) ** 2)
        return g

    def _seen_gradient(self, point: Any) -> Any:
        """Return what the method is told: the gradient, or a vector near it."""
        from PEPit import Point

        g = self.gradient(point)
        if self._class is not classes.INEXACT_GRADIENTS:
            return g
        told = Point()
        self._pep.add_constraint((told - g) ** 2 <= float(self._constants["relative_error"]) ** 2 * g**2)
        return told

    def gap(self, point: Any) -> Any:
        """Return f(x) - f*."""
        value = self._f(point)
        if self._class is classes.SMOOTH:
            self.gradient(point)
        return value - self._f_star

    def measure(self, name: str, point: Any) -> Any:
        """Return a measure at a point, the square of it where it is a length."""
        if "distance" in name:
            self.require_minimiser()
            return (point - self.x_star) ** 2
        if ("operator norm" if self._operator else "gradient norm") in name:
            return self.gradient(point) ** 2
        if name == "gap" and not self._operator:
            return self.gap(point)
        raise NotExpressibleError(f"the measure {name} is not one of {self._class.title}.")

    def regret(self) -> Any:
        """Return the loss suffered beyond that of the reference point."""
        total: Any = 0
        for loss, suffered in self._rounds:
            total = total + suffered - loss(self.x_star)
        return total

    def close(self) -> None:
        """Add what must hold at every point that was seen."""
        if self._class is not classes.SMOOTH:
            return
        L = self._parameters["L"]
        for point, g in self._seen:
            # A function with this value and gradient falls by |g|^2/(2L) more (Drori and Shamir 2020).
            self._pep.add_constraint(self._f(point) - g**2 / (2 * L) >= self._f_star)

    def _online_round(self, point: Any) -> Any:
        loss = self._pep.declare_function(self._kind, **self._parameters)
        g, value = loss.oracle(point)
        self._rounds.append((loss, value))
        return g

    def _projected(self, point: Any) -> Any:
        from PEPit.primitive_steps import proximal_step

        if self._set is None:
            raise NotExpressibleError("it projects onto a set whose diameter its problem does not know.")
        return proximal_step(point, self._set, 1)[0]
