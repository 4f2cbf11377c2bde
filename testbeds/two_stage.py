r"""Two-stage linear programs with recourse: the optimum is that of the extensive form, solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.sampling_oracle import SampleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, IntArray, rows_times
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.facts import Fact, Facts

ROUNDING = 1e-9  # of a dual vertex computed from a basis of the small second stage


class Scenarios(NamedTuple):
    """Sampled scenario numbers, shape (runs, count)."""

    chosen: IntArray


@dataclass(frozen=True)
class TwoStageLP:
    r"""A two-stage linear program with finitely many equally likely scenarios.

    .. math:: f(x) = \langle c, x\rangle + \frac1S\sum_s h(x,\xi_s), \qquad
       h = \min\{\langle q, y\rangle : Wy = \xi_s - Tx,\; y\ge 0\} = \max_{v}\langle v, \xi_s - Tx\rangle

    over the vertices v of {v : W'v <= q}, which are enumerated once, so the second stage must be small. f* comes from
    the extensive form, and the dual solution of the solver certifies it.

    Parameters
    ----------
    c : (n,) array
    T : (m, n) array
    W : (m, k) array
    q : (k,) array
    scenarios : (S, m) array
        The xi_s.
    batch : int

    Raises
    ------
    InputError
        If shapes disagree, or the second stage is infeasible for some right-hand side or unbounded.
    """

    c: FloatArray
    T: FloatArray
    W: FloatArray
    q: FloatArray
    scenarios: FloatArray
    batch: int = 1

    name = "two-stage linear program"
    instances = None
    domain = WholeSpace()
    supply = None
    draws = 1

    def __post_init__(self) -> None:
        require_count("batch", self.batch)
        m, n = self.T.shape
        if self.c.shape != (n,) or self.W.shape[0] != m or self.q.shape != self.W.shape[1:]:
            raise InputError(
                f"c, T, W, q have the shapes {self.c.shape}, {self.T.shape}, {self.W.shape}, {self.q.shape}, but they "
                "must be (n,), (m, n), (m, k), (k,)."
            )
        if self.scenarios.ndim != 2 or self.scenarios.shape[1] != m:
            raise InputError(f"scenarios has shape {self.scenarios.shape}, but each row must have {m} entries.")
        _require_complete_recourse(self.W)
        if len(self.vertices) == 0:
            raise InputError(
                "the second stage is unbounded: no v has W'v <= q, so recourse can be had at costs without limit; "
                "raise the costs q."
            )

    @cached_property
    def vertices(self) -> FloatArray:
        """The vertices of {v : W'v <= q}, shape (count, m)."""
        m, k = self.W.shape
        found = []
        for columns in combinations(range(k), m):
            basis = self.W[:, list(columns)]
            if abs(np.linalg.det(basis)) > ROUNDING:
                v = np.linalg.solve(basis.T, self.q[list(columns)])
                if (self.W.T @ v <= self.q + ROUNDING).all():
                    found.append(v)
        return np.unique(np.round(found, 12), axis=0) if found else np.empty((0, m))

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.c.size)

    @cached_property
    def facts(self) -> Facts:
        """Constants; f* and x* from the extensive form, with the gap to its dual as accuracy."""
        f_star, x_star, accuracy = extensive_form(self)
        slopes = self.c - self.vertices @ self.T
        return Facts(
            {
                "f_star": Fact(f_star, "solver", accuracy, "HiGHS, extensive form; gap to its dual solution"),
                "x_star": Fact(x_star, "solver", note="one of possibly many minimisers"),
                "radius": Fact(float(np.linalg.norm(x_star)), "solver"),
                "lipschitz": Fact(float(np.linalg.norm(slopes, axis=1).max()), "computed"),
                "initial_gap": Fact(float(self.value(self.start[None])[0]) - f_star, "solver", accuracy),
                "dim": Fact(int(self.c.size), "computed"),
            }
        )

    def _duals(self, x: FloatArray, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the recourse cost and the number of an optimal dual vertex; shapes (runs, count)."""
        need = xi - rows_times(x, self.T.T)[:, None, :]
        costs = need @ self.vertices.T
        return costs.max(axis=2), costs.argmax(axis=2)

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.sample_value(x, Scenarios(np.arange(len(self.scenarios))[None]))

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a subgradient of f at each row."""
        return self.sample_subgradient(x, Scenarios(np.arange(len(self.scenarios))[None]))

    def data(self, u: FloatArray) -> Scenarios:
        """Return scenario numbers made of uniform numbers of shape (runs, count, 1)."""
        return Scenarios((u[..., 0] * len(self.scenarios)).astype(np.int64))

    def joined(self, old: Scenarios, new: Scenarios) -> Scenarios:
        """Return both samples as one."""
        return Scenarios(np.concatenate([old.chosen, new.chosen], axis=1))

    def size(self, data: Scenarios) -> int:
        """Return the number of sample points."""
        return int(data.chosen.shape[1])

    def sample_value(self, x: FloatArray, data: Scenarios) -> FloatArray:
        """Return the mean cost over each run's scenarios."""
        recourse, _ = self._duals(x, self.scenarios[data.chosen])
        return rows_times(x, self.c[:, None])[:, 0] + recourse.mean(axis=1)

    def sample_subgradient(self, x: FloatArray, data: Scenarios) -> FloatArray:
        """Return a subgradient of it."""
        _, chosen = self._duals(x, self.scenarios[data.chosen])
        return self.c - rows_times(self.vertices[chosen].mean(axis=1), self.T)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SampleOracle:
        """Return a fresh sampling oracle."""
        return SampleOracle(self, streams, watch)


def _require_complete_recourse(W: FloatArray) -> None:
    """Raise unless {Wy : y >= 0} is the whole space, that is, no v other than 0 has W'v <= 0.

    Such v form a cone; if it is not {0}, it holds a line (W has not full row rank) or an extreme ray, which m - 1
    independent columns of W annul.
    """
    m, k = W.shape
    rays = [np.linalg.svd(W.T)[2][-1]] if np.linalg.matrix_rank(W) < m else []
    for columns in combinations(range(k), m - 1):
        _, values, basis = np.linalg.svd(W[:, list(columns)].T) if m > 1 else (None, np.ones(0), np.eye(1))
        if (values > ROUNDING).all():
            rays.extend([basis[-1], -basis[-1]])
    for v in rays:
        if (W.T @ v <= ROUNDING).all():
            raise InputError(
                f"the second stage is infeasible: no y >= 0 has Wy = v for v = {np.round(v, 6).tolist()}, so some "
                "first-stage decisions have no recourse; add a column to W that covers it, such as shortage at a "
                "penalty."
            )


def extensive_form(problem: TwoStageLP) -> tuple[float, FloatArray, float]:
    """Return f*, a minimiser and the certified accuracy, from one linear program over all scenarios.

    Raises
    ------
    InputError
        If the program is unbounded in the first stage, or the solver fails.
    """
    from scipy.optimize import linprog
    from scipy.sparse import block_diag, csr_matrix, hstack, vstack

    S, n = len(problem.scenarios), problem.c.size
    first = vstack([csr_matrix(problem.T)] * S)
    matrix = hstack([first, block_diag([csr_matrix(problem.W)] * S)])
    cost = np.concatenate([problem.c, np.tile(problem.q / S, S)])
    bounds = [(None, None)] * n + [(0, None)] * (S * problem.q.size)
    right = problem.scenarios.ravel()
    answer = linprog(cost, A_eq=matrix, b_eq=right, bounds=bounds, method="highs")
    if answer.status == 3:
        raise InputError("the two-stage program is unbounded in its first stage; raise c or bound x.")
    if answer.status != 0:
        raise InputError(f"HiGHS could not solve the extensive form: {answer.message}")
    dual = float(answer.eqlin.marginals @ right)
    x_star = answer.x[:n]
    f_star = float(problem.value(x_star[None])[0])
    infeasible = np.maximum(matrix.T @ answer.eqlin.marginals - cost, 0.0).max()
    return f_star, x_star, abs(f_star - dual) + float(infeasible) * (1 + np.abs(answer.x).sum()) + 1e-12


def substitution(products: int = 3, scenario_count: int = 40, seed: int = 20_250_703, batch: int = 1) -> TwoStageLP:
    """Return a stocking problem where surplus of one product can stand in for shortage of the next, at a cost."""
    require_count("products", products)
    require_count("scenario_count", scenario_count)
    random = np.random.default_rng([seed, products, scenario_count])
    eye = np.eye(products)
    shifts = eye - np.roll(eye, 1, axis=0)  # one unit of product j is used for product j + 1
    W = np.hstack([eye, -eye, shifts]) if products > 1 else np.hstack([eye, -eye])
    q = np.concatenate(
        [random.uniform(3, 4, products), random.uniform(0.2, 0.6, products), random.uniform(0.5, 1, products)]
    )[: W.shape[1]]
    mix = eye + 0.3 * random.uniform(-1, 1, (products, products))
    demand = random.uniform(0, 2, (scenario_count, products))
    return TwoStageLP(random.uniform(0.8, 1.2, products), mix, W, q, demand, batch)


EXAMPLES = {
    "two-stage": substitution(),
}
