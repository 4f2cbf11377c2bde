"""The hard quadratic saddle of lower bounds, without a matrix: as large as memory holds vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Fact, Facts, closed_form

NEGLIGIBLE = 1e-15  # relative size of the tail of the solution that the truncation to n coordinates cuts off


@dataclass(frozen=True, slots=True, eq=False)
class ShiftSaddle:
    r"""The strongly convex-concave problem on which x_c is at least q^{2 ceil(c/2)} ||x*||^2 away from x*.

    .. math:: f = \tfrac{\mu}{2}\|x\|^2 + \tfrac{l}{2} x^\top A y - \tfrac{\mu}{2}\|y\|^2 - b^\top x,
        \qquad A = I - \text{(shift down by one)}

    b is a multiple of e_1, and :math:`x^\star_i = q^i` with :math:`q = 1 + a/2 - \sqrt{a + a^2/4}`,
    :math:`a = 4\mu^2/l^2`: every evaluation carries the right-hand side one coordinate further at most (Zhang, Hong and
    Zhang 2022). The singular values of A are :math:`2 \sin((2j-1)\pi/(4n+2))`, j = 1..n.

    Parameters
    ----------
    n : int
        Coordinates of x and of y each; so many that q^n is below 1e-15.
    curvature, coupling : float
        mu and l.
    """

    n: int = 200
    curvature: float = 0.1
    coupling: float = 1.0
    _facts: list[Facts] = field(default_factory=list, init=False, repr=False)

    name = "hard quadratic saddle"
    instances = None
    constant_hessian = True
    domain = WholeSpace()

    def __post_init__(self) -> None:
        require_count("n", self.n)
        require_positive("curvature", self.curvature)
        require_positive("coupling", self.coupling)
        if self.n * math.log(self.ratio) > math.log(NEGLIGIBLE):
            least = math.ceil(math.log(NEGLIGIBLE) / math.log(self.ratio))
            raise InputError(f"n is {self.n}, but q^n must be below {NEGLIGIBLE:g}; take n of at least {least}.")

    @property
    def ratio(self) -> float:
        """The number q between neighbouring coordinates of x*."""
        a = 4 * self.curvature**2 / self.coupling**2
        return 1 + a / 2 - math.sqrt(a + a * a / 4)

    @property
    def split(self) -> int:
        """Number of coordinates of x."""
        return self.n

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(2 * self.n)

    @property
    def facts(self) -> Facts:
        """Constants in closed form; computed when first asked for."""
        if not self._facts:
            self._facts.append(self._closed_form())
        return self._facts[0]

    def _closed_form(self) -> Facts:
        n, mu, coupling = self.n, self.curvature, self.coupling
        x = np.exp(math.log(self.ratio) * np.arange(1.0, n + 1))
        y = coupling / (2 * mu) * _adjoint(x[None])[0]
        low, high = (2 * math.sin(j * math.pi / (4 * n + 2)) for j in (1, 2 * n - 1))
        least, L = (math.hypot(mu, coupling / 2 * value) for value in (low, high))
        entries = closed_form(
            smoothness=L,
            strong_convexity=mu,
            singular_min=least,
            condition=L / least,
            shift_coupling=coupling,
            primal_radius=float(np.linalg.norm(x)),
            radius=math.hypot(float(np.linalg.norm(x)), float(np.linalg.norm(y))),
            start_residual=self._pull_right(),
            dimension=2 * n,
        )
        z_star = np.concatenate([x, y])
        entries["x_star"] = Fact(
            z_star, "closed form", 10 * NEGLIGIBLE * float(np.linalg.norm(z_star)), "q^i, truncated"
        )
        rounding = 10 * NEGLIGIBLE * L * float(np.linalg.norm(z_star))
        entries["residual"] = Fact(0.0, "closed form", rounding)
        entries["relative_residual"] = Fact(0.0, "closed form", rounding / self._pull_right())
        return Facts(entries)

    def _pull_right(self) -> float:
        """Return b_1, from the first equation: mu q + l^2/(4 mu) (q - q^2) with the first row of A A'."""
        q, mu, coupling = self.ratio, self.curvature, self.coupling
        return mu * q + coupling**2 / (4 * mu) * (q - q * q)

    def value(self, z: FloatArray) -> FloatArray:
        """Return f at each row."""
        x, y = z[:, : self.n], z[:, self.n :]
        bilinear = self.coupling / 2 * row_dot(x, _forward(y))
        return self.curvature / 2 * (row_dot(x, x) - row_dot(y, y)) + bilinear - self._pull_right() * x[:, 0]

    def operator(self, z: FloatArray) -> FloatArray:
        """Return F(z) at each row."""
        g = self.hessian_product(z, z)
        g[:, 0] -= self._pull_right()
        g[:, self.n :] *= -1.0
        return g

    subgradient = operator

    def hessian_product(self, z: FloatArray, v: FloatArray) -> FloatArray:
        """Return Hessian times v for each row."""
        x, y = v[:, : self.n], v[:, self.n :]
        result = np.empty_like(v)
        result[:, : self.n] = self.curvature * x + self.coupling / 2 * _forward(y)
        result[:, self.n :] = self.coupling / 2 * _adjoint(x) - self.curvature * y
        return result

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


def _forward(y: FloatArray) -> FloatArray:
    result = y.copy()
    result[:, 1:] -= y[:, :-1]
    return result


def _adjoint(x: FloatArray) -> FloatArray:
    result = x.copy()
    result[:, :-1] -= x[:, 1:]
    return result


EXAMPLES = {
    "hard quadratic saddle": ShiftSaddle(40, 1.0, 1.0),
}
