"""Worst cases that are a maximum of linear functions, where the oracle gives away one of them at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import Ball, Domain, WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray, row_dot, rows_times
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form

_SPACE = WholeSpace()
TIE = 1e-11  # slopes of an instance are tied in exact arithmetic; rounding must not choose among them


@dataclass(frozen=True, slots=True)
class MaxLinear:
    r"""A maximum of linear functions, with the *first* maximal one as the oracle's answer.

    .. math:: f(x) = \max\{\max_i \langle a_i, x\rangle,\; \ell\} + \tfrac{\mu}{2}\|x\|^2, \qquad x_0 = 0

    Parameters
    ----------
    name : str
    directions : (m, n) array
        The rows a_i.
    facts : Facts
    level : float
        The constant at which f is cut off from below; minus infinity for none.
    curvature : float
        mu.
    domain : Domain
    """

    name: str
    directions: FloatArray
    facts: Facts
    level: float = -math.inf
    curvature: float = 0.0
    domain: Domain = _SPACE

    instances = None
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The origin."""
        return np.zeros(self.directions.shape[1])

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        top = rows_times(x, self.directions.T).max(axis=1)
        return np.maximum(top, self.level) + 0.5 * self.curvature * row_dot(x, x)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return a_i + mu x for the first maximal i, and mu x where the constant is active."""
        values = rows_times(x, self.directions.T)
        top = values.max(axis=1)
        first = (values >= top[:, None] - TIE).argmax(axis=1)
        active = top >= self.level - TIE
        return np.where(active[:, None], self.directions[first], 0.0) + self.curvature * x

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


def _from_correlations(gram: FloatArray) -> FloatArray:
    """Return unit rows with the given inner products, by eigen-decomposition."""
    eigenvalues, vectors = np.linalg.eigh(gram)
    if eigenvalues[0] < -1e-9:
        raise InputError(f"no vectors have these inner products: an eigenvalue of the Gram matrix is {eigenvalues[0]}.")
    rows = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def equiangular(horizon: int, step_size: float, lipschitz: float = 1.0, radius: float = 1.0) -> MaxLinear:
    r"""Return the worst case of the *averaged* subgradient method with a constant step.

    Unit vectors with equal inner products c = (R^2/(h^2 M^2 (N+1)) - 1)/N, d = R/(h M (N+1)), and

    .. math:: f(x) = M \max\{\max_i \langle a_i, x\rangle,\; -R d\}.

    Step k uses a_k, which is active at x_k; x* = -(R/d) mean(a_i), f* = -M R d.

    Parameters
    ----------
    horizon : int
        Number of steps N.
    step_size : float
        h, at least R/(M(N+1)): below it a linear function is worse.
    lipschitz, radius : float
        M and R.
    """
    require_count("horizon", horizon)
    require_positive("lipschitz", lipschitz)
    require_positive("radius", radius)
    N, M, R, h = horizon, lipschitz, radius, step_size
    if h < R / (M * (N + 1)):
        raise InputError(f"step_size is {h!r}, but this instance needs at least R/(M(N+1)) = {R / (M * (N + 1))!r}.")
    c = ((R / (h * M)) ** 2 / (N + 1) - 1) / N
    a = _from_correlations((1 - c) * np.eye(N + 1) + c)
    d = R / (h * M * (N + 1))
    facts = closed_form(lipschitz=M, radius=R, f_star=-M * R * d, x_star=-(R / d) * a.mean(axis=0))
    return MaxLinear("equiangular", M * a, Facts(facts), level=-M * R * d)


def last_iterate_sums(horizon: int) -> FloatArray:
    """Return s_1, ..., s_{N+1} of s_1 = 1, s_{j+1} = s_j + 1/s_j (Zamani and Glineur 2023)."""
    s = [1.0]
    for _ in range(horizon):
        s.append(s[-1] + 1 / s[-1])
    return np.array(s)


def chain(horizon: int, step_size: float, lipschitz: float = 1.0, radius: float = 1.0) -> MaxLinear:
    r"""Return the worst case of the *last* iterate of the subgradient method with a constant step.

    Unit vectors whose inner products <a_i, a_j> = c_min(i,j) depend on the smaller index only, and f as in
    `equiangular`. With s = s_{N+1} (`last_iterate_sums`), d = R/(h M s^2) and weights w_k = 1/(s s_{N+1-k}), w_{N+1} =
    1/s, the correlations follow from the equalities of the proof: <a_i, sum_j w_j a_j> = d^2 for every i.

    Parameters
    ----------
    horizon : int
        Number of steps N.
    step_size : float
        h, at least R/(M s^2): below it a linear function is worse.
    lipschitz, radius : float
        M and R.
    """
    require_count("horizon", horizon)
    require_positive("lipschitz", lipschitz)
    require_positive("radius", radius)
    N, M, R, h = horizon, lipschitz, radius, step_size
    s = last_iterate_sums(N)
    if h < R / (M * s[-1] ** 2):
        raise InputError(f"step_size is {h!r}, but this instance needs at least R/(M s^2) = {R / (M * s[-1] ** 2)!r}.")
    w = np.append(1 / s[N - 1 :: -1], 1.0) / s[-1]
    d = R / (h * M * s[-1] ** 2)
    c = np.zeros(N)
    for i in range(N):
        c[i] = (d**2 - w[i] - w[:i] @ c[:i]) / w[i + 1 :].sum()
    smaller = np.minimum.outer(np.arange(N + 1), np.arange(N + 1))
    gram = np.where(np.eye(N + 1) == 1, 1.0, np.append(c, 1.0)[smaller])
    a = _from_correlations(gram)
    facts = closed_form(lipschitz=M, radius=R, f_star=-M * R * d, x_star=-(R / d) * (w @ a))
    return MaxLinear("chain of correlations", M * a, Facts(facts), level=-M * R * d)


def nesterov_maximum(horizon: int, lipschitz: float = 1.0, radius: float = 1.0, reach: int = 1) -> MaxLinear:
    r"""Return Nesterov's resisting function, which is Lipschitz on a ball only.

    .. math:: f(x) = \gamma \max_{i \le N+1} x_i + \tfrac{\mu}{2}\|x\|^2, \qquad
        \gamma = \frac{M\sqrt{N+1}}{a+\sqrt{N+1}}, \quad \mu = \frac{M}{R(a+\sqrt{N+1})}

    Parameters
    ----------
    horizon : int
        Number of steps N.
    lipschitz, radius : float
        M and R.
    reach : {1, 2}
        a: 1 if M bounds the subgradients on the ball of radius R around x_0 (Nesterov 2004), 2 if it must do so on
        the ball around x*, whose points have norm up to 2R (Nesterov 2018).
    """
    require_count("horizon", horizon)
    require_positive("lipschitz", lipschitz)
    require_positive("radius", radius)
    if reach not in (1, 2):
        raise InputError(f"reach is {reach!r}, but it must be 1 (ball around x_0) or 2 (ball around x*).")
    root = math.sqrt(horizon + 1)
    slope, mu = lipschitz * root / (reach + root), lipschitz / (radius * (reach + root))
    facts = closed_form(
        lipschitz=lipschitz,
        radius=radius,
        strong_convexity=mu,
        f_star=-(slope**2) / (2 * mu * (horizon + 1)),
        x_star=np.full(horizon + 1, -slope / (mu * (horizon + 1))),
    )
    return MaxLinear("Nesterov's maximum", slope * np.eye(horizon + 1), Facts(facts), curvature=mu)


def strongly_convex_maximum(horizon: int, lipschitz: float = 1.0, strong_convexity: float = 0.1) -> MaxLinear:
    """Return (M/2) max_{i<=t} x_i + (mu/2)||x||^2, t = N + 1, for norms up to M/(2 mu) (Bubeck 2015, thm 3.13)."""
    require_count("horizon", horizon)
    require_positive("lipschitz", lipschitz)
    require_positive("strong_convexity", strong_convexity)
    t, M, mu = horizon + 1, lipschitz, strong_convexity
    facts = closed_form(
        lipschitz=M,
        strong_convexity=mu,
        radius=M / (2 * mu * math.sqrt(t)),
        diameter=M / mu,
        f_star=-(M**2) / (8 * mu * t),
        x_star=np.full(t, -M / (2 * mu * t)),
    )
    ball = Ball(np.zeros(t), M / (2 * mu))
    return MaxLinear("strongly convex maximum", 0.5 * M * np.eye(t), Facts(facts), curvature=mu, domain=ball)


def max_coordinate_in_ball(horizon: int, lipschitz: float = 1.0, radius: float = 1.0) -> MaxLinear:
    """Return M max{max_i x_i, -R/sqrt(N+1)} on the ball of radius R around x_0 = 0, whose diameter is D = 2R."""
    require_count("horizon", horizon)
    require_positive("lipschitz", lipschitz)
    require_positive("radius", radius)
    level = radius / math.sqrt(horizon + 1)
    facts = closed_form(
        lipschitz=lipschitz,
        radius=radius,
        diameter=2 * radius,
        f_star=-lipschitz * level,
        x_star=np.full(horizon + 1, -level),
    )
    ball = Ball(np.zeros(horizon + 1), radius)
    directions = lipschitz * np.eye(horizon + 1)
    return MaxLinear("max-coordinate in a ball", directions, Facts(facts), level=-lipschitz * level, domain=ball)


def last_iterate_trap(horizon: int, strong_convexity: float = 0.0) -> MaxLinear:
    r"""Return the instance on which the last iterate of a decaying step size pays a logarithm.

    .. math:: f(x) = \max_{i \le T+1} \langle H_i, x\rangle + \tfrac{\mu}{2}\|x\|^2, \quad
        H_i = (a_1, \dots, a_{i-1}, -b_i, 0, \dots, 0)

    on the unit ball of R^T, T = N + 1. For steps 1/sqrt(t), a_j = 1/(8(T-j+1)) and b_j = sqrt(j)/(2 sqrt(T)); for
    steps 1/t with mu = 1, a_j = 1/(2(T+1-j)) and b_j = 1. Source: Harvey, Liaw, Plan and Randhawa (2019). Its lower
    bounds are about f(x) - f(x_0), so that f* is not needed; x_0 = 0 and f(x_0) = 0.

    Parameters
    ----------
    horizon : int
        Number of steps; the last point is x_{T+1} of the source after T steps.
    strong_convexity : {0.0, 1.0}
        mu.
    """
    require_count("horizon", horizon)
    if strong_convexity not in (0.0, 1.0):
        raise InputError(f"strong_convexity is {strong_convexity!r}, but the instance is defined for 0 and 1 only.")
    T = horizon
    j = np.arange(1, T + 1)
    strong = strong_convexity == 1.0
    a = 1 / ((2 if strong else 8) * (T - j + 1.0))
    b = np.ones(T) if strong else np.sqrt(j) / (2 * math.sqrt(T))
    H = np.where(j[None, :] < np.arange(1, T + 2)[:, None], a, 0.0)
    H[np.arange(T), np.arange(T)] = -b
    largest = float(np.linalg.norm(H, axis=1).max())
    facts = closed_form(lipschitz=largest + strong_convexity, strong_convexity=strong_convexity)
    return MaxLinear("last-iterate trap", H, Facts(facts), curvature=strong_convexity, domain=Ball(np.zeros(T), 1.0))


EXAMPLES = {
    "equiangular": equiangular(6, 0.5),
    "chain": chain(6, 0.5),
    "nesterov-maximum": nesterov_maximum(6),
    "strongly-convex-maximum": strongly_convex_maximum(6),
    "max-coordinate-in-ball": max_coordinate_in_ball(6),
    "last-iterate-trap": last_iterate_trap(6),
    "last-iterate-trap-strong": last_iterate_trap(6, 1.0),
}
