r"""Newsvendor problems: simple recourse whose optimum is known in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.sampling_oracle import SampleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, rows_times
from ratecheck.theory.errors import InputError, require_count
from ratecheck.theory.facts import Facts, closed_form


class Demands(NamedTuple):
    """Sampled demands, shape (runs, count, products)."""

    demand: FloatArray


@dataclass(frozen=True)
class Newsvendor:
    r"""Order quantities for independent uniform demands, seen through an ill-conditioned map.

    .. math:: f(x) = \langle \pi, Tx\rangle + \sum_j \mathbb{E}\big[q_j(\xi_j-(Tx)_j)^+ + h_j((Tx)_j-\xi_j)^+\big],
       \qquad \xi_j \sim U[0,1]

    With ratio :math:`t_j = (q_j-\pi_j)/(q_j+h_j)`: (Tx*)_j = t_j and f* is the sum of
    :math:`q_j/2 - (q_j-\pi_j)^2/(2(q_j+h_j))`.

    Parameters
    ----------
    products : int
    condition : float
        Condition number of T = Q diag(s), s from 1 down to 1/condition; 1 gives T = I.
    cost, shortage, surplus : (float, float)
        Lowest and highest pi, q and h over the products, evenly spaced; 0 < pi < q and h >= 0.
    batch : int
    """

    products: int = 6
    condition: float = 1.0
    cost: tuple[float, float] = (0.5, 1.0)
    shortage: tuple[float, float] = (2.0, 3.0)
    surplus: tuple[float, float] = (0.1, 0.5)
    batch: int = 1

    name = "newsvendor"
    instances = None
    domain = WholeSpace()
    supply = None

    def __post_init__(self) -> None:
        require_count("products", self.products)
        require_count("batch", self.batch)
        if not 0 < max(self.cost) < min(self.shortage) or min(self.surplus) < 0 or min(self.cost) <= 0:
            raise InputError(
                f"cost is {self.cost}, shortage {self.shortage} and surplus {self.surplus}, but a newsvendor problem "
                "needs 0 < cost < shortage and surplus >= 0; otherwise it is unbounded or orders nothing."
            )
        if not self.condition >= 1:
            raise InputError(f"condition is {self.condition!r}, but a condition number is at least 1.")

    @property
    def draws(self) -> int:
        """Uniform numbers for each sample point: the demands."""
        return self.products

    @cached_property
    def _rates(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return tuple(np.linspace(*pair, self.products) for pair in (self.cost, self.shortage, self.surplus))  # type: ignore[return-value]

    @cached_property
    def map(self) -> FloatArray:
        """T, shape (products, products)."""
        if self.condition == 1:
            return np.eye(self.products)
        random = np.random.default_rng([20_250_702, self.products])
        q, _ = np.linalg.qr(random.normal(size=(self.products, self.products)))
        return q * np.geomspace(1, 1 / self.condition, self.products)

    @property
    def start(self) -> FloatArray:
        """The origin: nothing is ordered."""
        return np.zeros(self.products)

    @cached_property
    def facts(self) -> Facts:
        """Constants in closed form."""
        pi, q, h = self._rates
        target = (q - pi) / (q + h)
        x_star = np.linalg.solve(self.map, target)
        # T has orthogonal columns of length at most 1, so the chain rule does not lengthen a subgradient.
        lipschitz = float(np.sqrt((np.maximum(q - pi, pi + h) ** 2).sum()))
        f_star = float((q / 2 - (q - pi) ** 2 / (2 * (q + h))).sum())
        return Facts(
            closed_form(
                x_star=x_star,
                f_star=f_star,
                lipschitz=lipschitz,
                radius=float(np.linalg.norm(x_star)),
                initial_gap=float((q / 2).sum()) - f_star,
                dim=self.products,
            )
        )

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        pi, q, h = self._rates
        t = rows_times(x, self.map.T)
        inside = np.clip(t, 0.0, 1.0)
        short = 0.5 * (1 - inside) ** 2 + np.maximum(-t, 0.0)
        over = 0.5 * inside**2 + np.maximum(t - 1, 0.0)
        return (pi * t + q * short + h * over).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return the gradient of f at each row."""
        pi, q, h = self._rates
        below = np.clip(rows_times(x, self.map.T), 0.0, 1.0)
        return rows_times(pi - q * (1 - below) + h * below, self.map)

    def data(self, u: FloatArray) -> Demands:
        """Return demands, which are the uniform numbers."""
        return Demands(u)

    def joined(self, old: Demands, new: Demands) -> Demands:
        """Return both samples as one."""
        return Demands(np.concatenate([old.demand, new.demand], axis=1))

    def size(self, data: Demands) -> int:
        """Return the number of sample points."""
        return int(data.demand.shape[1])

    def sample_value(self, x: FloatArray, data: Demands) -> FloatArray:
        """Return the mean cost over each run's demands."""
        pi, q, h = self._rates
        t = rows_times(x, self.map.T)
        short = data.demand - t[:, None, :]
        recourse = np.maximum(q * short, -h * short).mean(axis=1)
        return (pi * t + recourse).sum(axis=1)

    def sample_subgradient(self, x: FloatArray, data: Demands) -> FloatArray:
        """Return a subgradient of it."""
        pi, q, h = self._rates
        above = (data.demand > rows_times(x, self.map.T)[:, None, :]).mean(axis=1)
        return rows_times(pi - q * above + h * (1 - above), self.map)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SampleOracle:
        """Return a fresh sampling oracle."""
        return SampleOracle(self, streams, watch)


EXAMPLES = {
    "newsvendor": Newsvendor(),
    "newsvendor-ill-conditioned": Newsvendor(condition=10.0),
}
