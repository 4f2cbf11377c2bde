r"""Performance estimation (Drori and Teboulle 2014; Taylor, Hendrickx and Glineur 2017) of a symbolic run.

The worst case of a method of fixed steps over a class is a semidefinite program in the inner products of its points and
the oracle's answers. PEPit (Goujaud et al. 2024) writes it down, CLARABEL solves it. The value given is that of the
dual, which is an upper bound on the worst case; the primal value is that of an instance.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ratecheck.theory.errors import InputError
from ratecheck.theory.function_class import FunctionClass
from ratecheck.theory.worst_case.symbolic import NotExpressibleError, SymbolicRun, combined
from ratecheck.theory.worst_case.world import World

SOLVER = "CLARABEL"
LARGEST_RUN = 150  # vectors in the Gram matrix; beyond it a solution takes minutes and gigabytes

# Measures by the power at which they enter, since the semidefinite program knows squares of lengths only.
POWERS = {"gap": 1, "squared distance": 1, "squared gradient norm": 1, "distance": 2, "gradient norm": 2}
POWERS |= {"regret": 1, "squared operator norm": 1, "operator norm": 2}


@dataclass(frozen=True, slots=True)
class Start:
    r"""How far from optimal the start may be: a weighted sum of its measures is at most a limit.

    .. math:: w_R \|x_0-x^\star\|^2 + w_\Delta (f(x_0)-f^\star) + w_g \|\nabla f(x_0)\|^2 \le \ell

    Parameters
    ----------
    weights : mapping
        By the names of the facts, ``radius``, ``initial_gap`` and ``initial_gradient_norm``.
    limit : float
    """

    weights: Mapping[str, float]
    limit: float


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The worst case of a measure.

    Parameters
    ----------
    value : float
        What the dual proves; infinite if nothing bounds the measure.
    attained : float
        What the primal attains.
    exact : bool
        Whether every solution of the program is a member of the class; if not, `value` is an upper bound only.
    solver : str
    size : int
        Number of vectors in the program.
    """

    value: float
    attained: float
    exact: bool
    solver: str
    size: int

    @property
    def accuracy(self) -> float:
        """The gap between dual and primal, relative to the value."""
        return abs(self.value - self.attained) / abs(self.value) if math.isfinite(self.value) and self.value else 0.0


def worst_case(
    run: SymbolicRun, function_class: FunctionClass, constants: Mapping[str, float], start: Start | None, measure: str
) -> WorstCase:
    """Return the worst case of a measure over a class.

    Parameters
    ----------
    run : SymbolicRun
    function_class : FunctionClass
    constants : mapping
        Values of its constants; ``diameter`` among them if the run projects.
    start : Start, optional
        None where the class itself bounds the start.
    measure : str
        Name of a measure in `POWERS`.

    Raises
    ------
    InputError
        If PEPit is not installed, or the run is too large.
    NotExpressibleError
        If the class or the measure cannot be expressed, or the solver fails.
    """
    pep = _pep()
    if measure not in POWERS:
        raise NotExpressibleError(f"its measure is the {measure}; those that can be expressed are {', '.join(POWERS)}.")
    size = len(run.queries) + len(run.measured) + 2
    if size > LARGEST_RUN:
        raise InputError(f"the run needs {size} vectors, but at most {LARGEST_RUN} are practical; take fewer steps.")
    world = World(pep, function_class, constants, start is not None)
    answers = _replay(run, world)
    if start is not None:
        pep.set_initial_condition(_start_sum(start, world) <= start.limit)
    for metric in _metrics(run, world, answers, measure):
        pep.set_performance_metric(metric)
    world.close()
    return _solved(pep, world.exact, POWERS[measure])


def _pep() -> Any:
    try:
        from PEPit import PEP
    except ImportError as error:
        raise InputError(
            "performance estimation needs PEPit, which is not installed; run `pip install 'ratecheck[certify]'`."
        ) from error
    # PEPit keeps its problem in class attributes, which a new one resets: one at a time in a process.
    return PEP()


def _replay(run: SymbolicRun, world: World) -> list[Any]:
    """Ask PEPit's function what the method asked, and return the vectors that the rows are made of."""
    basis = [world.start]
    for query in run.queries:
        point = world.x_star + _vector(query.at, basis, world)
        basis.append(world.answer(query.kind, point, query.step_size))
    return basis


def _vector(row: Any, basis: list[Any], world: World) -> Any:
    return combined(row, basis, world.zero, lambda c, v: c * v)


def _start_sum(start: Start, world: World) -> Any:
    total: Any = 0
    x = world.x_star + world.start
    for name, weight in start.weights.items():
        if name == "radius":
            world.require_minimiser()
            total = total + weight * world.start**2
        elif name == "initial_gap":
            total = total + weight * world.gap(x)
        else:
            total = total + weight * world.gradient(x) ** 2
    return total


def _metrics(run: SymbolicRun, world: World, basis: list[Any], measure: str) -> list[Any]:
    if measure == "regret":
        return [world.regret()]
    points = [world.x_star + _vector(row, basis, world) for row in run.measured]
    values = [world.measure(measure, point) for point in points]
    if run.combine == "mean":
        if POWERS[measure] != 1:
            raise NotExpressibleError(f"its bound is on a mean of the {measure}, which is a root of what is known.")
        return [sum(values[1:], values[0]) / len(values)]
    return values


def _solved(pep: Any, exact: bool, power: int) -> WorstCase:
    with warnings.catch_warnings():
        # CVXPY warns where a solution may be inaccurate; how accurate it is, is measured by the gap.
        warnings.simplefilter("ignore")
        try:
            value = pep.solve(solver=SOLVER, verbose=0)
        except Exception as error:
            raise NotExpressibleError(f"the solver {SOLVER} failed ({type(error).__name__}: {error}).") from error
    from PEPit import Point

    if value is None:
        return WorstCase(math.inf, math.inf, exact, SOLVER, Point.counter)
    primal = float(pep.objective.eval())
    roots = [max(float(v), 0.0) ** (1 / power) for v in (value, primal)]
    return WorstCase(roots[0], roots[1], exact, SOLVER, Point.counter)
