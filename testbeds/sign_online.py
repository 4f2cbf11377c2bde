"""Linear losses for sign methods: where sign descent has linear regret, where a bound is attained, lower bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ratecheck.testbeds.domains import Box
from ratecheck.testbeds.online import LinearLosses
from ratecheck.testbeds.oracle import FunctionOracle, Watch
from ratecheck.testbeds.sign_counterexamples import upper_sign
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError, require_count, require_positive
from ratecheck.theory.facts import Facts, closed_form

Scales = Sequence[float]  # one positive number for each coordinate


def _box(bounds: Scales, widths: Scales) -> tuple[FloatArray, Box, Facts]:
    """Return G, the box of these widths around the origin, and both as facts."""
    if len(bounds) != len(widths) or not len(bounds):
        raise InputError(
            f"{len(bounds)} bounds and {len(widths)} widths were given, but each coordinate needs one of both."
        )
    for value in (*bounds, *widths):
        require_positive("a coordinate's bound or width", value)
    G, D = np.array(bounds, dtype=np.float64), np.array(widths, dtype=np.float64)
    box = Box(-D / 2, D / 2)
    facts = closed_form(
        coordinate_bounds=G,
        domain=box,
        widths=D,
        gradient_bound=float(np.linalg.norm(G)),
        diameter=float(np.linalg.norm(D)),
    )
    return G, box, Facts(facts)


def periodic_spikes(period: int = 4, spike: float = 4.0) -> LinearLosses:
    """Return losses on [-1, 1]: slope `spike` in the first round of each period, -1 in the others.

    Sign descent follows the majority and stays where the mean loss is largest: linear regret. Derived here, after
    Karimireddy et al. (2019), counterexample 1.

    Parameters
    ----------
    period : int
        At least 3, so that the spikes are a minority.
    spike : float
        Above period - 1, so that they decide the mean, the fact ``mean_slope``.
    """
    require_count("period - 2", period - 2)
    if not (math.isfinite(spike) and spike > period - 1):
        raise InputError(f"spike is {spike!r}, but it must be finite and exceed period - 1 = {period - 1}.")
    _, box, facts = _box([spike], [2.0])

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return np.full_like(x, spike if t % period == 1 else -1.0)

    mean = closed_form(mean_slope=(spike - period + 1) / period)
    return LinearLosses("periodic spikes", reveal, np.zeros(1), box, Facts({**facts.entries, **mean}))


def tight_signs(
    horizon: int, bounds: Scales = (1.0,), widths: Scales = (1.0,), *, from_corner: bool = False
) -> LinearLosses:
    r"""Return losses on which the regret bounds of StoSignSGD are attained.

    The signs alternate until only sqrt(T) rounds are left, and are +1 then: first the steps cancel, then the losses
    add up, and the last step ends at the corner without being clipped. Every gradient attains its envelope, so that
    there is no noise. Derived here: from the center, with the steps D_i/(2 sqrt(T)), the regret is
    ``sqrt(T)/2 sum_i D_i G_i``; from the worst corner, with the steps D_i/sqrt(T), it is twice that.

    Parameters
    ----------
    horizon : int
        Number of rounds T, a square.
    bounds, widths : sequence of float
        G_i and D_i.
    from_corner : bool
        Whether play begins at the corner where the last losses are largest.
    """
    require_count("horizon", horizon)
    root = math.isqrt(horizon)
    if root**2 != horizon:
        raise InputError(f"horizon is {horizon}, but this instance needs the square of an integer.")
    G, box, facts = _box(bounds, widths)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        sign = -1.0 if t <= horizon - root and t % 2 == 0 else 1.0
        return np.broadcast_to(sign * G, x.shape)

    start = box.widths / 2 if from_corner else np.zeros(G.size)
    return LinearLosses("tight signs", reveal, start, box, facts)


def random_coordinate_signs(bounds: Scales, widths: Scales) -> LinearLosses:
    """Return losses of G_i times independent fair signs.

    Every player's loss has mean 0 and the best corner of the box gains, so that the expected regret of *every*
    method is ``1/2 sum_i D_i G_i E|S_T|``, S_T a fair random walk.

    Parameters
    ----------
    bounds, widths : sequence of float
        G_i and D_i.
    """
    G, box, facts = _box(bounds, widths)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        assert u is not None
        return G * np.where(u < 0.5, 1.0, -1.0)

    return LinearLosses("random coordinate signs", reveal, np.zeros(G.size), box, facts, draws=G.size)


def opposition(bounds: Scales, widths: Scales) -> LinearLosses:
    """Return an adversary's losses: in every round slope G_i in the direction in which the player stands.

    Parameters
    ----------
    bounds, widths : sequence of float
        G_i and D_i.
    """
    G, box, facts = _box(bounds, widths)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return G * upper_sign(x)

    return LinearLosses("opposition", reveal, box.high, box, facts)


def steady_drift(bounds: Scales, widths: Scales, share: float = 1.0) -> LinearLosses:
    """Return losses with slope ``share * G_i`` in every round after a first of G_i, from the worst corner of the box.

    Parameters
    ----------
    bounds, widths : sequence of float
        G_i and D_i.
    share : float
        In (0, 1].
    """
    if not 0 < share <= 1:
        raise InputError(f"share is {share!r}, but it must be in (0, 1].")
    G, box, facts = _box(bounds, widths)

    def reveal(t: int, x: FloatArray, gradient_sum: FloatArray, u: FloatArray | None) -> FloatArray:
        return np.broadcast_to(G if t == 1 else share * G, x.shape)

    return LinearLosses("steady drift", reveal, box.high, box, facts)


@dataclass(frozen=True, slots=True)
class HiddenDirection:
    r"""The hard family of the lower bound for stochastic optimization, one instance for each run.

    .. math:: f_v(x) = \sum_i G_i \delta v_i x_i, \qquad g_i = \pm G_i, \; E g_i = \delta v_i G_i, \qquad
        \delta = \frac{1}{2\sqrt T}

    T samples do not tell the sign of each v_i. Every pattern v in {-1, 1}^d occurs `copies` times, so that the mean
    over runs is the mean over v of the lower bound's proof.

    Parameters
    ----------
    horizon : int
        Number of samples T.
    bounds, widths : tuple of float
        G_i, and the widths D_i of a box around the origin.
    copies : int
        Runs for each pattern.
    """

    horizon: int
    bounds: tuple[float, ...] = (1.0,)
    widths: tuple[float, ...] = (1.0,)
    copies: int = 64

    def __post_init__(self) -> None:
        require_count("horizon", self.horizon)
        require_count("copies", self.copies)
        _box(self.bounds, self.widths)

    name = "hidden direction"
    batch = 1

    @property
    def draws(self) -> int:
        """One uniform number for each coordinate."""
        return len(self.bounds)

    @property
    def domain(self) -> Box:
        """The box around the origin."""
        return _box(self.bounds, self.widths)[1]

    @property
    def instances(self) -> int:
        """Number of runs."""
        return self.copies * 2 ** len(self.bounds)

    @property
    def patterns(self) -> FloatArray:
        """The signs v of each run, shape (instances, dim)."""
        return np.tile(np.array(list(product([-1.0, 1.0], repeat=len(self.bounds)))), (self.copies, 1))

    @property
    def slopes(self) -> FloatArray:
        """Gradient of each run's function, shape (instances, dim)."""
        return np.array(self.bounds) * self.patterns / (2 * math.sqrt(self.horizon))

    @property
    def start(self) -> FloatArray:
        """The centre of the box, for each run."""
        return np.zeros((self.instances, len(self.bounds)))

    @property
    def facts(self) -> Facts:
        """Constants in closed form."""
        G, box, facts = _box(self.bounds, self.widths)
        best = -float(G @ box.widths) / (4 * math.sqrt(self.horizon))
        return Facts({**facts.entries, **closed_form(f_star=best)})

    def value(self, x: FloatArray) -> FloatArray:
        """Return each run's function at its row."""
        return (self.slopes * x).sum(axis=1)

    def subgradient(self, x: FloatArray) -> FloatArray:
        """Return each run's mean gradient."""
        return self.slopes

    def sampled_subgradient(self, x: FloatArray, u: FloatArray) -> FloatArray:
        """Return ``+G_i`` with probability ``(1 + delta v_i)/2``, else ``-G_i``."""
        up = u < (1 + self.patterns / (2 * math.sqrt(self.horizon))) / 2
        return np.where(up, 1.0, -1.0) * np.array(self.bounds)

    def oracle(self, streams: Streams, watch: Watch | None = None) -> FunctionOracle:
        """Return a fresh sampling oracle."""
        return FunctionOracle(self, streams, watch)


EXAMPLES = {
    "periodic-spikes": periodic_spikes(),
    "tight-signs": tight_signs(9, (1.0, 0.5), (1.0, 3.0)),
    "tight-signs-from-the-corner": tight_signs(9, (1.0, 0.5), (1.0, 3.0), from_corner=True),
    "random-coordinate-signs": random_coordinate_signs((1.0, 0.5), (1.0, 3.0)),
    "opposition": opposition((1.0, 0.5), (1.0, 3.0)),
    "steady-drift": steady_drift((1.0, 0.5), (1.0, 3.0), 0.25),
    "hidden-direction": HiddenDirection(16, (1.0, 0.5), (1.0, 3.0), copies=2),
}
