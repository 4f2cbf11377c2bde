"""Quadratic saddle-point problems: everything about them is exact linear algebra."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ratecheck.testbeds.domains import Domain, WholeSpace
from ratecheck.testbeds.oracle import Watch
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, row_norm, rows_times
from ratecheck.theory.errors import InputError, require_finite_array
from ratecheck.theory.facts import Fact, Facts, computed

ROUNDING = 2.0**-52
CONVEX_TOLERANCE = 1e-12  # relative size of a negative eigenvalue that is rounding of a zero one


@dataclass(frozen=True, slots=True, eq=False)
class QuadraticSaddle:
    r"""min over x, max over y of a quadratic function.

    .. math:: f(z) = \tfrac12 z^\top \hat H z - q^\top z, \qquad z = (x, y)

    Parameters
    ----------
    hessian_matrix : (n, n) array
        Symmetric, positive semidefinite on x and negative semidefinite on y, nonsingular as a whole.
    linear : (n,) array
        q.
    split : int
        Number of coordinates of x.
    start : (n,) array
    name : str
    domain : Domain
        A product set that holds the unconstrained saddle point, which is then the constrained one too.
    facts : Facts
        Computed on construction: ``smoothness`` L and ``singular_min``, the largest and smallest absolute eigenvalue;
        their ratio ``condition``; ``strong_convexity`` mu of both blocks; ``coupling`` ||K||;
        ``x_star``, ``f_star``, ``radius``;
        ``squared_trace``, the trace of the squared Hessian; ``residual``, whose accuracy is the rounding of ||F||.

    Raises
    ------
    InputError
        If the problem is not convex-concave or its Hessian is singular.
    """

    hessian_matrix: FloatArray
    linear: FloatArray
    split: int
    start: FloatArray
    name: str = "quadratic saddle"
    domain: Domain = field(default_factory=WholeSpace)
    facts: Facts = field(init=False, repr=False)
    _squared_diagonal: FloatArray = field(init=False, repr=False)

    instances = None
    constant_hessian = True

    def __post_init__(self) -> None:
        A, m = self.hessian_matrix, self.split
        require_finite_array("the Hessian", A)
        require_finite_array("the linear term", self.linear)
        if A.shape != (len(self.linear), len(self.linear)) or not 0 < m < len(self.linear):
            raise InputError(
                f"the Hessian has shape {A.shape}, q has {len(self.linear)} entries and x has {m} of them, but the "
                "Hessian must be square of that size, and both x and y need at least one coordinate."
            )
        if not np.array_equal(A, A.T):
            raise InputError("the Hessian is not symmetric; pass (A + A.T) / 2.")
        object.__setattr__(self, "facts", self._computed_facts(require_saddle(A, m)))
        object.__setattr__(self, "_squared_diagonal", np.einsum("ij,ij->i", A, A))

    def _computed_facts(self, strong_convexity: float) -> Facts:
        A = self.hessian_matrix
        size = np.abs(np.linalg.eigvalsh(A))
        L, least, n = float(size.max()), float(size.min()), len(A)
        if least <= n * ROUNDING * L:
            raise InputError(
                f"the Hessian is singular to working precision (its smallest absolute eigenvalue is {least:.3g}, its "
                f"largest {L:.3g}), so there is no unique saddle point; add regularisation."
            )
        z_star = np.linalg.solve(A, self.linear)
        # One step of refinement leaves the error of the residual, not that of the factorisation.
        z_star = z_star + np.linalg.solve(A, self.linear - A @ z_star)
        rounding = n * ROUNDING * (L * float(np.linalg.norm(z_star)) + float(np.linalg.norm(self.linear)))
        start = float(np.linalg.norm(A @ self.start - self.linear))
        entries = computed(
            smoothness=L,
            singular_min=least,
            condition=L / least,
            strong_convexity=strong_convexity,
            f_star=float(-0.5 * self.linear @ z_star),
            radius=float(np.linalg.norm(self.start - z_star)),
            primal_radius=float(np.linalg.norm((self.start - z_star)[: self.split])),
            coupling=float(np.linalg.norm(A[: self.split, self.split :], 2)),
            dimension=n,
        )
        entries["x_star"] = Fact(z_star, "computed", rounding / least, "linear solve with one refinement")
        entries["residual"] = Fact(0.0, "computed", rounding, "dim * eps * (L ||z*|| + ||q||)")
        entries["relative_residual"] = Fact(0.0, "computed", rounding / start if start else 0.0)
        entries["start_residual"] = Fact(start, "computed", rounding)
        trace = float(np.sum(A * A))
        entries["inverse_trace"] = Fact(
            float(np.sum(size**-2.0)), "computed", note="trace of the inverse squared Hessian"
        )
        entries["squared_trace"] = Fact(trace, "computed", 8 * n * n * ROUNDING * L * L)
        return Facts(entries)

    def value(self, z: FloatArray) -> FloatArray:
        """Return f at each row."""
        return 0.5 * row_dot(z, rows_times(z, self.hessian_matrix)) - row_dot(z, np.broadcast_to(self.linear, z.shape))

    def operator(self, z: FloatArray) -> FloatArray:
        """Return F(z) = S (Hessian z - q) at each row."""
        # A diverging run overflows here; its values are judged, and NaN at a finite point is the oracle's to report.
        with np.errstate(over="ignore", invalid="ignore"):
            g = rows_times(z, self.hessian_matrix) - self.linear
        g[:, self.split :] *= -1.0
        return g

    subgradient = operator

    def hessian_product(self, z: FloatArray, v: FloatArray) -> FloatArray:
        """Return Hessian times v for each row."""
        with np.errstate(over="ignore", invalid="ignore"):
            return rows_times(v, self.hessian_matrix)

    def hessian(self, z: FloatArray) -> FloatArray:
        """Return the constant Hessian for each row, as a view of shape (runs, n, n)."""
        n = len(self.linear)
        return np.broadcast_to(self.hessian_matrix, (z.shape[0], n, n))

    def squared_diagonal(self, z: FloatArray) -> FloatArray:
        """Return the diagonal of the squared Hessian for each row, as a view."""
        return np.broadcast_to(self._squared_diagonal, z.shape)

    def resolvent(self, z: FloatArray, step_size: float) -> FloatArray:
        """Return the solution w of w + step_size F(w) = z for each row."""
        step = np.full(len(self.linear), step_size)
        step[self.split :] *= -1.0
        matrix = np.eye(len(self.linear)) + step[:, None] * self.hessian_matrix
        return np.stack([np.linalg.solve(matrix, row) for row in z + step * self.linear])

    def push(self, x: FloatArray) -> FloatArray:
        """Return K x for each row, K the coupling matrix."""
        return rows_times(x, np.ascontiguousarray(self.hessian_matrix[: self.split, self.split :]))

    def pull(self, y: FloatArray) -> FloatArray:
        """Return K' y for each row."""
        return rows_times(y, np.ascontiguousarray(self.hessian_matrix[self.split :, : self.split]))

    def prox_primal(self, x: FloatArray, step_size: float) -> FloatArray:
        """Return the proximal point of ``x'Ax/2 - q_x'x``."""
        m = self.split
        matrix = np.eye(m) + step_size * self.hessian_matrix[:m, :m]
        return np.stack([np.linalg.solve(matrix, row) for row in x + step_size * self.linear[:m]])

    def prox_dual(self, y: FloatArray, step_size: float) -> FloatArray:
        """Return the proximal point of ``y'Cy/2 + q_y'y``, -C the lower right block of the Hessian."""
        m = self.split
        matrix = np.eye(len(self.linear) - m) - step_size * self.hessian_matrix[m:, m:]
        return np.stack([np.linalg.solve(matrix, row) for row in y - step_size * self.linear[m:]])

    def restricted_gap(self, z: FloatArray) -> FloatArray:
        """Return the largest f(x, v) - f(u, y) over (u, v) at distance at most ``radius`` from the saddle point.

        For a bilinear f it is ``radius * ||F(z)||``: f(x, v) - f(u, y) = <F(z), z - w>, and <F(z), z - z*> = 0.

        Raises
        ------
        InputError
            If f is not bilinear.
        """
        m, A = self.split, self.hessian_matrix
        if A[:m, :m].any() or A[m:, m:].any():
            raise InputError("the restricted gap is in closed form for bilinear games only; take another measure.")
        return self.facts["radius"] * row_norm(self.operator(z))

    def oracle(self, streams: Streams, watch: Watch | None = None) -> SaddleOracle:
        """Return a fresh exact oracle."""
        return SaddleOracle(self, streams, watch)


def require_saddle(hessian: FloatArray, split: int) -> float:
    """Return the modulus of strong convexity-concavity, 0 if there is none.

    Parameters
    ----------
    hessian : (n, n) array
    split : int
        Number of coordinates of x.

    Raises
    ------
    InputError
        If the x block has a negative eigenvalue or the y block a positive one.
    """
    scale = float(np.abs(hessian).sum(axis=1).max())
    convex = float(np.linalg.eigvalsh(hessian[:split, :split])[0])
    concave = float(-np.linalg.eigvalsh(hessian[split:, split:])[-1])
    if min(convex, concave) < -CONVEX_TOLERANCE * scale:
        which, value = ("convex in x", convex) if convex < concave else ("concave in y", concave)
        raise InputError(
            f"the problem is not {which} (an eigenvalue of that block is {value:.3g} on the wrong side), so it is not "
            "a convex-concave saddle-point problem; add regularisation or exchange the blocks."
        )
    return max(min(convex, concave), 0.0)
