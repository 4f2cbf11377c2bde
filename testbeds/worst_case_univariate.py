"""Worst cases of one variable: linear, quadratic, Huber, the dip of nonconvex descent, Lessard's cycle."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.domains import WholeSpace
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Fact, Facts, closed_form

Scalar = Callable[[FloatArray], FloatArray]  # elementwise


@dataclass(frozen=True, slots=True)
class Univariate:
    """A function of one variable by formula.

    Parameters
    ----------
    name : str
    function, derivative : callable
        Elementwise; the derivative is a subgradient where there is no derivative.
    start_at : float
        x_0.
    facts : Facts
    """

    name: str
    function: Scalar
    derivative: Scalar
    start_at: float
    facts: Facts

    instances = None
    domain = WholeSpace()
    draws = 0
    batch = 1

    @property
    def start(self) -> FloatArray:
        """The point x_0, shape (1,)."""
        return np.array([self.start_at])

    def value(self, x: FloatArray) -> FloatArray:
        """Return f at each row."""
        return self.function(x[:, 0])

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return f' at each row."""
        return self.derivative(x)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh exact oracle."""
        return FunctionOracle(self, streams, watch)


def absolute_value(lipschitz: float = 1.0, radius: float = 1.0) -> Univariate:
    """Return M|x| from x_0 = R: the worst case of steps that are too short to reach the minimiser."""
    require_positive("lipschitz", lipschitz)
    require_positive("radius", radius)
    M = lipschitz
    facts = closed_form(lipschitz=M, radius=radius, f_star=0.0, x_star=np.zeros(1))
    return Univariate("absolute value", lambda x: M * np.abs(x), lambda x: M * np.sign(x), radius, Facts(facts))


def half_square(
    curvature: float, smoothness: float = 1.0, strong_convexity: float | None = None, radius: float = 1.0
) -> Univariate:
    """Return lambda x^2/2 from x_0 = R, as a member of the L-smooth mu-strongly convex functions.

    Parameters
    ----------
    curvature : float
        lambda, between mu and L.
    smoothness : float
        L.
    strong_convexity : float, optional
        mu; lambda itself if None.
    radius : float
        R.
    """
    require_positive("curvature", curvature)
    require_positive("radius", radius)
    mu = curvature if strong_convexity is None else strong_convexity
    if not mu <= curvature <= smoothness:
        raise InputError(f"curvature is {curvature!r}, but it must be between mu = {mu!r} and L = {smoothness!r}.")
    facts = closed_form(
        smoothness=smoothness,
        strong_convexity=mu,
        radius=radius,
        initial_gap=0.5 * curvature * radius**2,
        initial_gradient_norm=curvature * radius,
        f_star=0.0,
        x_star=np.zeros(1),
    )
    name = "half square"
    return Univariate(name, lambda x: 0.5 * curvature * x * x, lambda x: curvature * x, radius, Facts(facts))


def sign_oscillation(step_size: float, smoothness: float = 1.0) -> Univariate:
    """Return L x^2/2 from x_0 = delta/2: sign steps of length delta alternate between +-delta/2 for ever."""
    require_positive("step_size", step_size)
    return half_square(smoothness, smoothness, radius=step_size / 2)


def huber(threshold: float, smoothness: float = 1.0, strong_convexity: float = 0.0, radius: float = 1.0) -> Univariate:
    r"""Return the Huber function, steep and straight where the method walks, from x_0 = R.

    .. math:: f(x) = \tfrac{\mu}{2}x^2 + (L-\mu)\begin{cases} x^2/2 & |x|\le\tau \\ \tau|x|-\tau^2/2 & |x|>\tau
        \end{cases}

    Parameters
    ----------
    threshold : float
        tau, at most R.
    smoothness, strong_convexity, radius : float
        L, mu and R.
    """
    require_positive("threshold", threshold)
    require_positive("smoothness", smoothness)
    require_positive("radius", radius)
    if not 0 <= strong_convexity < smoothness:
        raise InputError(f"strong_convexity is {strong_convexity!r}, but it must be in [0, L) with L = {smoothness!r}.")
    tau, mu, bend = threshold, strong_convexity, smoothness - strong_convexity

    def function(x: FloatArray) -> FloatArray:
        near = np.abs(x) <= tau
        return 0.5 * mu * x * x + bend * np.where(near, 0.5 * x * x, tau * np.abs(x) - 0.5 * tau * tau)

    def derivative(x: FloatArray) -> FloatArray:
        return mu * x + bend * np.clip(x, -tau, tau)

    start = np.array([radius])
    facts = closed_form(
        smoothness=smoothness,
        strong_convexity=mu,
        radius=radius,
        initial_gap=float(function(start)[0]),
        initial_gradient_norm=float(derivative(start)[0]),
        f_star=0.0,
        x_star=np.zeros(1),
    )
    return Univariate("Huber", function, derivative, radius, Facts(facts))


def dip(horizon: int, relative_step: float, smoothness: float = 1.0, slope: float = 1.0) -> Univariate:
    r"""Return the worst case of gradient descent on nonconvex functions.

    The derivative equals g at every iterate; between two of them, which are h g/L apart, it falls at the slope L and
    rises back, and beyond x_N it falls to 0. So every gradient is g although Delta is only
    N (h - h^2/4) g^2/L + g^2/(2L) (Abbaszadehpeivasti, de Klerk and Zamani 2021). Rounding errors of the iterates grow
    like (1+h)^N, so take an h with few binary digits where N is large: then there are none.

    Parameters
    ----------
    horizon : int
        Number of steps N.
    relative_step : float
        h = gamma L in (0, 1].
    smoothness, slope : float
        L and g.
    """
    require_count("horizon", horizon)
    require_positive("smoothness", smoothness)
    require_positive("slope", slope)
    if not 0 < relative_step <= 1:
        raise InputError(f"relative_step is {relative_step!r}, but this instance needs it in (0, 1].")
    L, g, h = smoothness, slope, relative_step
    width = h * g / L
    drop = (h - h * h / 4) * g * g / L
    delta = horizon * drop + g * g / (2 * L)

    def place(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        k = np.clip(np.floor(-x / width), 0, horizon - 1)  # x lies between x_{k+1} and x_k
        return k, -x - k * width

    def derivative(x: FloatArray) -> FloatArray:
        _, depth = place(x)
        inside = g - L * np.minimum(depth, width - depth)
        beyond = g - L * (-x - horizon * width)
        return np.where(x >= 0, g, np.where(-x > horizon * width, beyond, inside))

    def function(x: FloatArray) -> FloatArray:
        k, depth = place(x)
        half = width / 2
        first = np.minimum(depth, half)
        rest = np.maximum(depth - half, 0.0)
        inside = g * depth - L * first**2 / 2 - L * half * rest + L * rest**2 / 2
        past = -x - horizon * width
        beyond = g * past - L * past**2 / 2
        fall = np.where(-x > horizon * width, horizon * drop + beyond, k * drop + inside)
        return delta + np.where(x >= 0, g * x, -fall)

    facts = closed_form(smoothness=L, initial_gap=delta, f_star=0.0, x_star=np.array([-horizon * width - g / L]))
    return Univariate("dip", function, derivative, 0.0, Facts(facts))


def lessard(start: float = 3.3) -> Univariate:
    """Return the function on which the heavy ball tuned for quadratics cycles: mu = 1, L = 25.

    f'(x) = 25x below 1, x + 24 up to 2, 25x - 24 beyond. With alpha = 1/9 and beta = 4/9 the points
    792/1225, -2208/1225, 2592/1225 are an attracting cycle (Lessard, Recht and Packard 2016); starts in
    [3.062, 3.462] lead to it.
    """
    require_positive("start", start)

    def derivative(x: FloatArray) -> FloatArray:
        return np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))

    def function(x: FloatArray) -> FloatArray:
        middle = 12.5 + (x**2 - 1) / 2 + 24 * (x - 1)
        right = 38.0 + 12.5 * (x**2 - 4) - 24 * (x - 2)
        return np.where(x < 1, 12.5 * x**2, np.where(x < 2, middle, right))

    facts = closed_form(
        smoothness=25.0,
        strong_convexity=1.0,
        radius=start,
        initial_gap=float(function(np.array(start))),
        f_star=0.0,
        x_star=np.zeros(1),
    )
    return Univariate("Lessard's function", function, derivative, start, Facts(facts))


def ripple(start: float = 3.0) -> Univariate:
    r"""Return x^2 + 3 sin^2 x, nonconvex, 8-smooth, and of Polyak-Lojasiewicz type: f - f* <= f'^2/(2 mu).

    mu is the smallest f'^2/(2f) over a grid on [-20, 20], refined around the best point; outside, f'/x is above it.
    """

    def function(x: FloatArray) -> FloatArray:
        return x**2 + 3 * np.sin(x) ** 2

    def derivative(x: FloatArray) -> FloatArray:
        return 2 * x + 3 * np.sin(2 * x)

    low, high = 1e-2, 20.0
    for _ in range(6):
        grid = np.linspace(low, high, 2001)
        best = grid[np.argmin(derivative(grid) ** 2 / function(grid))]
        low, high = best - (high - low) / 1000, best + (high - low) / 1000
    mu = float(np.min(derivative(grid) ** 2 / (2 * function(grid))))
    facts = closed_form(
        smoothness=8.0, initial_gap=float(function(np.array(start))), f_star=0.0, x_star=np.zeros(1), radius=abs(start)
    )
    note = "smallest f'^2/(2f) over a grid, refined"
    facts["lojasiewicz"] = Fact(mu, "computed", accuracy=1e-9 * mu, note=note)
    return Univariate("ripple", function, derivative, start, Facts(facts))


def huber_threshold(path: float, radius: float = 1.0) -> float:
    r"""Return the tau that makes f(x_N) of a fixed-step method largest on Huber functions of one variable.

    While it sees the slope L tau only, the method ends at x_N = R - tau c with a number c, its `path` (in units of
    tau); f(x_N) = L(tau(R - tau c) - tau^2/2) is largest at tau = R/(2c+1), where it is L R^2/(4c+2).
    """
    if not (math.isfinite(path) and path >= 0):
        raise InputError(f"path is {path!r}, but it must be a finite number that is at least 0.")
    return radius / (2 * path + 1)


EXAMPLES = {
    "absolute-value-line": absolute_value(),
    "half-square": half_square(0.3, 1.0, 0.1),
    "sign-oscillation": sign_oscillation(0.5),
    "huber": huber(0.25),
    "huber-strong": huber(0.25, strong_convexity=0.1),
    "dip": dip(5, 0.8),
    "lessard": lessard(),
    "ripple": ripple(),
}
