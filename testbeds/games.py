"""Games: matrix games over two simplices, and the nonsmooth game on which proximal bounds are attained."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_finite_array, require_positive
from ratecheck.theory.facts import Fact, Facts, closed_form, computed


def project_simplex(x: FloatArray) -> FloatArray:
    """Return the Euclidean projection of each row onto the probability simplex (Held, Wolfe and Crowder 1974)."""
    descending = -np.sort(-x, axis=1)
    level = (np.cumsum(descending, axis=1) - 1) / np.arange(1, x.shape[1] + 1)
    support = (descending > level).sum(axis=1)
    return np.maximum(x - level[np.arange(len(x)), support - 1][:, None], 0.0)


@dataclass(frozen=True, slots=True)
class SimplexPair:
    """The product of two probability simplices.

    Parameters
    ----------
    split : int
        Number of coordinates of the first.
    """

    split: int

    def project(self, x: FloatArray) -> FloatArray:
        """Return the projection of each row."""
        return np.concatenate([project_simplex(x[:, : self.split]), project_simplex(x[:, self.split :])], axis=1)

    def support(self, s: FloatArray) -> FloatArray:
        """Return the sum of the two largest entries."""
        return s[:, : self.split].max(axis=1) + s[:, self.split :].max(axis=1)

    def excess(self, x: FloatArray) -> FloatArray:
        """Return the largest negative entry or error of a sum."""
        sums = np.stack([x[:, : self.split].sum(axis=1), x[:, self.split :].sum(axis=1)], axis=1)
        return np.maximum(np.maximum(-x, 0.0).max(axis=1), np.abs(sums - 1).max(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class MatrixGame:
    """min over x, max over y of x' M y, both mixed strategies; the value comes from a linear program (HiGHS).

    Parameters
    ----------
    matrix : (n_x, n_y) array
    name : str

    Notes
    -----
    Facts: ``smoothness`` the spectral norm, ``largest_entry`` the largest absolute entry, ``value`` with its accuracy
    (the duality gap of the strategies of the linear program), ``x_star``, ``squared_width`` the largest squared
    distance of the start from a pair of strategies, ``radius`` its distance from the equilibrium.
    """

    matrix: FloatArray
    name: str = "matrix game"
    _facts: list[Facts] = field(default_factory=list, init=False, repr=False)

    instances = None
    constant_hessian = True

    def __post_init__(self) -> None:
        M = self.matrix
        if M.ndim != 2 or min(M.shape) < 2:
            raise InputError(f"the payoff matrix has shape {M.shape}, but both players need at least two strategies.")
        require_finite_array("the payoff matrix", M)

    @property
    def facts(self) -> Facts:
        """Norms of the matrix, value and equilibrium; computed when first asked for, as a linear program takes time."""
        if not self._facts:
            self._facts.append(self._computed_facts())
        return self._facts[0]

    def _computed_facts(self) -> Facts:
        M = self.matrix
        n_x, n_y = M.shape
        x = _best_mixture(M)
        y = _best_mixture(-M.T)
        gap = float((x @ M).max() - (M @ y).min())
        z_star = np.concatenate([x, y])
        entries = computed(
            smoothness=float(np.linalg.norm(M, 2)),
            largest_entry=float(np.abs(M).max()),
            squared_width=2 - 1 / n_x - 1 / n_y,
            log_sizes=float(np.log(n_x) + np.log(n_y)),
            radius=float(np.linalg.norm(z_star - self.start)),
            dimension=n_x + n_y,
        )
        entries["value"] = Fact(
            float(x @ M @ y), "solver", gap, "linear program by HiGHS, certified by its duality gap"
        )
        entries["x_star"] = Fact(z_star, "solver", gap, "linear program by HiGHS")
        return Facts(entries)

    @property
    def split(self) -> int:
        """Number of strategies of the minimising player."""
        return self.matrix.shape[0]

    @property
    def start(self) -> FloatArray:
        """Uniform strategies."""
        n_x, n_y = self.matrix.shape
        return np.concatenate([np.full(n_x, 1 / n_x), np.full(n_y, 1 / n_y)])

    @property
    def domain(self) -> SimplexPair:
        """Both simplices."""
        return SimplexPair(self.split)

    def value(self, z: FloatArray) -> FloatArray:
        """Return x' M y at each row."""
        return row_dot(z[:, : self.split], self._my(z))

    def operator(self, z: FloatArray) -> FloatArray:
        """Return (M y, -M' x) at each row."""
        return np.concatenate([self._my(z), -self._mx(z)], axis=1)

    subgradient = operator

    def _my(self, z: FloatArray) -> FloatArray:
        return rows_times(z[:, self.split :], np.ascontiguousarray(self.matrix.T))

    def _mx(self, z: FloatArray) -> FloatArray:
        return rows_times(z[:, : self.split], self.matrix)

    def duality_gap(self, z: FloatArray) -> FloatArray:
        """Return the largest gain of the two players by deviating alone, ``max(M'x) - min(My)``."""
        return self._mx(z).max(axis=1) - self._my(z).min(axis=1)

    def push(self, x: FloatArray) -> FloatArray:
        """Return M' x for each row: the coupling K of <K x, y>."""
        return rows_times(x, self.matrix)

    def pull(self, y: FloatArray) -> FloatArray:
        """Return M y for each row."""
        return rows_times(y, np.ascontiguousarray(self.matrix.T))

    def prox_primal(self, x: FloatArray, step_size: float) -> FloatArray:
        """Return the projection onto the simplex."""
        return project_simplex(x)

    prox_dual = prox_primal

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


def _best_mixture(payoff: FloatArray) -> FloatArray:
    """Return the mixture of the rows whose largest entry of ``x' payoff`` is smallest."""
    from scipy.optimize import linprog

    rows, columns = payoff.shape
    cost = np.concatenate([np.zeros(rows), [1.0]])
    below = np.column_stack([payoff.T, -np.ones(columns)])
    total = np.concatenate([np.ones(rows), [0.0]])[None]
    bounds = [(0, None)] * rows + [(None, None)]
    solution = linprog(cost, A_ub=below, b_ub=np.zeros(columns), A_eq=total, b_eq=[1.0], bounds=bounds, method="highs")
    if not solution.success:
        raise InputError(f"HiGHS found no equilibrium of the matrix game ({solution.message}); check the payoffs.")
    mixture = np.maximum(solution.x[:rows], 0.0)
    return mixture / mixture.sum()


def random_matrix_game(n_x: int = 20, n_y: int = 30, seed: int = 0) -> MatrixGame:
    """Return a game with payoffs uniform on [-1, 1]."""
    return MatrixGame(np.random.default_rng(seed).uniform(-1, 1, (n_x, n_y)))


@dataclass(frozen=True, slots=True)
class AbsoluteGame:
    """``f = slope (|x| - |y|)`` from (1, 0): with a slope of 1/N the accelerated proximal bounds are attained.

    Its resolvent is the soft threshold, and N steps of length ``slope`` are just not enough to reach the kink.

    Parameters
    ----------
    slope : float
    """

    slope: float

    def __post_init__(self) -> None:
        require_positive("slope", self.slope)

    name = "absolute-value game"
    instances = None
    domain = WholeSpace()
    split = 1

    @property
    def start(self) -> FloatArray:
        """The point (1, 0)."""
        return np.array([1.0, 0.0])

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        return Facts(closed_form(radius=1.0, f_star=0.0, x_star=np.zeros(2), lipschitz=self.slope))

    def value(self, z: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.slope * (np.abs(z[:, 0]) - np.abs(z[:, 1]))

    def operator(self, z: FloatArray) -> FloatArray:
        """Return a member of F(z) = slope (sign x, sign y) at each row."""
        return self.slope * np.sign(z)

    subgradient = operator

    def resolvent(self, z: FloatArray, step_size: float) -> FloatArray:
        """Return the soft threshold of each entry."""
        return np.sign(z) * np.maximum(np.abs(z) - step_size * self.slope, 0.0)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


EXAMPLES = {
    "matrix game": random_matrix_game(3, 4),
    "absolute-value game": AbsoluteGame(0.125),
}
