r"""Families of smooth functions: sums over the coordinates of functions with a piecewise linear derivative.

On a line these are dense in the L-smooth functions, and they hold the worst cases of the fixed-step methods: Huber
functions, parabolas, Lessard's function, the dips of nonconvex descent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ratecheck.testbeds.families import Family, unit
from ratecheck.testbeds.instance_rows import InstanceRows
from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.facts import Fact, Facts, planted

Scalar = Callable[[FloatArray], FloatArray]  # of all rows at once

HUBER_BENDS = (0.5, 0.33, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003)  # in units of the distance from the start
DIP_STEPS = (0.25, 0.5, 1.0)  # h = gamma L, which the width of a dip belongs to


def slopes_within(z: FloatArray, low: float, high: float) -> FloatArray:
    """Return slopes of a derivative: the ends of [low, high] from -1 and 1 on, straight in between."""
    return low + (high - low) * np.clip(0.5 + z / 2, 0.0, 1.0)


def bent_derivative(x: FloatArray, low: FloatArray, high: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return the integral from 0 to x of the function that has a slope on each interval.

    Parameters
    ----------
    x : (count, dim) array
    low, high, slopes : (count, dim, intervals) arrays
        Intervals that cover the line; 0 is an end of one of them.
    """
    at, origin = np.clip(x[..., None], low, high), np.clip(0.0, low, high)
    return (slopes * (at - origin)).sum(axis=-1)


def bent_value(x: FloatArray, low: FloatArray, high: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return the integral from 0 to x of `bent_derivative`, (count, dim)."""
    at, origin = np.clip(x[..., None], low, high), np.clip(0.0, low, high)
    moved = at - origin
    return (slopes * (moved**2 / 2 + moved * (x[..., None] - at))).sum(axis=-1)


def _intervals(widths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ends of intervals outwards from 0, (..., 2K), for widths (..., 2, K-1) on the left and the right."""
    ends = np.cumsum(widths, axis=-1)
    zero = np.zeros((*widths.shape[:-2], 1))
    beyond = np.full_like(zero, np.inf)
    inner, outer = (
        [np.concatenate([zero, ends[..., side, :]], axis=-1) for side in (0, 1)],
        [np.concatenate([ends[..., side, :], beyond], axis=-1) for side in (0, 1)],
    )
    return (
        np.concatenate([-outer[0], inner[1]], axis=-1),
        np.concatenate([-inner[0], outer[1]], axis=-1),
    )


@dataclass(frozen=True, slots=True)
class Bent:
    r"""Convex L-smooth (mu-strongly convex) functions with the minimiser 0, from a start at the distance R.

    .. math:: f(x) = \sum_i \phi_i(x_i), \qquad \mu \le \phi_i'' \le L \text{ piecewise constant}

    Parameters
    ----------
    smoothness, strong_convexity, radius : float
        L, mu (0 for convex functions) and R.
    pieces : int
        Intervals on each side of 0; 1 gives quadratics on each side.
    dim : int
    even : bool
        Whether both sides are alike, which makes quadratics of one piece.
    """

    smoothness: float
    strong_convexity: float
    radius: float
    pieces: int
    dim: int
    even: bool = False

    @property
    def size(self) -> int:
        """For each coordinate the slopes and widths on one or both sides, and the direction of the start."""
        return self.dim * self._sides * (2 * self.pieces - 1) + self.dim

    @property
    def _sides(self) -> int:
        return 1 if self.even else 2

    def problem(self, parameters: FloatArray) -> InstanceRows:
        """Return the functions that the rows name."""
        K, d, count, sides = self.pieces, self.dim, len(parameters), self._sides
        shaped = parameters[:, : self.size - d].reshape(count, d, sides, 2 * K - 1)
        shaped = np.broadcast_to(shaped, (count, d, 2, 2 * K - 1))
        slopes = slopes_within(shaped[..., :K], self.strong_convexity, self.smoothness).reshape(count, d, 2 * K)
        low, high = _intervals(self.radius * np.exp(np.clip(shaped[..., K:], -12.0, 3.0)))
        start = self.radius * unit(parameters[:, self.size - d :])

        def function(x: FloatArray) -> FloatArray:
            return bent_value(x, low, high, slopes).sum(axis=1)

        def derivative(x: FloatArray) -> FloatArray:
            return bent_derivative(x, low, high, slopes)

        facts = planted(smoothness=self.smoothness, radius=self.radius, f_star=0.0, x_star=np.zeros(d))
        facts |= planted(strong_convexity=self.strong_convexity)
        facts["initial_gap"] = Fact(function(start), "computed")
        facts["initial_gradient_norm"] = Fact(row_norm(derivative(start)), "computed")
        return InstanceRows("piecewise quadratic functions", start, function, derivative, Facts(facts))

    def starts(self) -> FloatArray:
        """Return parabolas of the largest and the smallest slope, and Huber functions."""
        steep, flat = np.ones(self.pieces), -np.ones(self.pieces)
        far = np.zeros(self.pieces - 1)
        rows = [self._row(steep, far), self._row(flat, far)]
        if self.pieces > 1:
            bent = np.concatenate([[1.0], flat[1:]])
            for bend in HUBER_BENDS:
                rows.append(self._row(bent, np.concatenate([[np.log(bend)], far[1:]])))
        return np.stack(rows)

    def _row(self, slopes: FloatArray, log_widths: FloatArray) -> FloatArray:
        one = np.tile(np.concatenate([slopes, log_widths]), self.dim * self._sides)
        return np.concatenate([one, np.eye(1, self.dim)[0]])


@dataclass(frozen=True, slots=True)
class Dips:
    r"""L-smooth functions of one variable, convex or not, from the start 0 with the derivative g.

    .. math:: |\phi''| \le L \text{ piecewise constant, } \phi'' = L \text{ far away, so that the minimum is attained}

    Parameters
    ----------
    smoothness, slope : float
        L and g.
    pieces : int
        Intervals on each side of the start.
    """

    smoothness: float
    slope: float
    pieces: int

    @property
    def size(self) -> int:
        """Slopes and widths on both sides."""
        return 2 * (2 * self.pieces - 1)

    def problem(self, parameters: FloatArray) -> InstanceRows:
        """Return the functions that the rows name."""
        K, count, L, g = self.pieces, len(parameters), self.smoothness, self.slope
        shaped = parameters.reshape(count, 1, 2, 2 * K - 1)
        each = slopes_within(shaped[..., :K], -L, L)
        each[..., -1] = L
        slopes = each.reshape(count, 1, 2 * K)
        low, high = _intervals(g / L * np.exp(np.clip(shaped[..., K:], -8.0, 4.0)))

        def function(x: FloatArray) -> FloatArray:
            return (bent_value(x, low, high, slopes) + g * x)[:, 0]

        def derivative(x: FloatArray) -> FloatArray:
            return bent_derivative(x, low, high, slopes) + g

        x_star, f_star = _lowest(function, derivative, low[:, 0], high[:, 0], slopes[:, 0])
        facts = planted(smoothness=L, f_star=f_star, x_star=x_star)
        facts["initial_gap"] = Fact(-f_star, "computed")
        facts["initial_gradient_norm"] = Fact(g, "planted")
        return InstanceRows("piecewise quadratic dips", np.zeros((count, 1)), function, derivative, Facts(facts))

    def starts(self) -> FloatArray:
        """Return dips between the points of gradient descent, and a parabola."""
        K = self.pieces
        ways = np.where(np.arange(K) % 2 == 0, 1.0, -1.0)
        rows = [np.concatenate([ways, np.full(K - 1, np.log(h / 2)), np.ones(K), np.zeros(K - 1)]) for h in DIP_STEPS]
        rows.append(np.concatenate([np.ones(K), np.zeros(K - 1)] * 2))
        return np.stack(rows)


def _lowest(
    function: Scalar, derivative: Scalar, low: FloatArray, high: FloatArray, slopes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the minimiser and the minimum of each row: at a zero of the derivative within an interval."""
    # The end of each interval that is nearer to the start is finite.
    ends = np.where(np.isfinite(low), low, high)
    at = np.stack([derivative(ends[:, [j]])[:, 0] for j in range(ends.shape[1])], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        zeros = ends - at / slopes
    # A zero outside its interval is replaced by an end of it, whose value is never below the minimum.
    places = np.clip(np.where(np.isfinite(zeros), zeros, ends), low, high)
    values = np.stack([function(places[:, [j]]) for j in range(places.shape[1])], axis=1)
    rows = np.arange(len(values))
    best = values.argmin(axis=1)
    return places[rows, best][:, None], values[rows, best]


def quadratics(smoothness: float, strong_convexity: float, radius: float, dim: int) -> Bent:
    """Return diagonal quadratics with eigenvalues in [mu, L]."""
    return Bent(smoothness, strong_convexity, radius, 1, dim, even=True)


EXAMPLES: dict[str, Family] = {
    "bent": Bent(2.0, 0.0, 0.5, 3, 2),
    "bent-strong": Bent(2.0, 0.3, 0.5, 3, 1),
    "quadratics": quadratics(2.0, 0.3, 0.5, 3),
    "dips": Dips(2.0, 0.7, 4),
}
