"""Problems and methods that the claims about conjugate subgradients share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ratecheck.testbeds.kernel_svm import two_rings
from ratecheck.testbeds.max_affine_prescribed import MaxAffine
from ratecheck.testbeds.sampling_hinge import LabelFlipHinge
from ratecheck.testbeds.sampling_noise import GaussianSlope, RareCoordinate
from ratecheck.testbeds.sampling_worst_case import RegularizedMax
from ratecheck.theory.facts import Facts
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate

LAWS = ("scs", "conjugate", "invariant")
STEPS = ("scs", "conjugate")
REFUTED = ("scs", "conjugate", "refuted-on-purpose")
INSTANCES = 200  # of every batch of random max-affine functions


def always(make: Callable[[], Any]) -> Callable[[Facts, int], Any]:
    """Return the method that depends on no constant of the problem."""

    def method(facts: Facts, horizon: int) -> Any:
        return make()

    return method


def noisy_slope(horizon: int) -> GaussianSlope:
    """Return a slope of length 1 in 20 dimensions with unit noise."""
    return GaussianSlope(20, 1.0, 1.0)


def noise_on_a_line(horizon: int) -> GaussianSlope:
    """Return a slope on a line: two subgradients of different sign make the direction zero exactly."""
    return GaussianSlope(1, 0.5, 1.0)


def orthogonal(horizon: int) -> RegularizedMax:
    """Return max x_i in as many dimensions as evaluations."""
    return RegularizedMax(horizon + 1)


def max_affine(horizon: int) -> MaxAffine:
    """Return 200 maxima of 40 affine functions in 20 dimensions, 20 of them active at the minimiser."""
    return MaxAffine(INSTANCES, 20, 40, 20)


def rare(horizon: int) -> RareCoordinate:
    """Return a coordinate that is hit once, and then others."""
    return RareCoordinate(horizon + 1)


def hinge(horizon: int) -> LabelFlipHinge:
    """Return the label-flip hinge problem in 9 dimensions, 8 samples a step."""
    return LabelFlipHinge(dim=9, batch=8)


def one_point(facts: Facts, horizon: int) -> OnePointConjugate:
    """Return the reference method with reset."""
    return OnePointConjugate(radius=0.02, tolerance=0.05, slope=0.3)


def null_steps_only(facts: Facts, horizon: int) -> OnePointConjugate:
    """Return the method whose radius is so small that it meets one coordinate after the other."""
    return OnePointConjugate(radius=1e-6, tolerance=1e-9, slope=1e-15)


def ancestor(facts: Facts, horizon: int) -> LineSearchConjugate:
    """Return Wolfe's line search on two points without reset."""
    return LineSearchConjugate(tolerance=0.01, reset=None, growth=1.0)


def wolfe(facts: Facts, horizon: int) -> LineSearchConjugate:
    """Return Wolfe's method: a bundle, and resets by the way moved."""
    return LineSearchConjugate(tolerance=0.01, reset=0.01, growth=1.0, radius=0.1, null_share=0.05, bundle=21)


def wolfe_without_reset(facts: Facts, horizon: int) -> LineSearchConjugate:
    """Return the same method, only the reset taken away."""
    return LineSearchConjugate(tolerance=0.01, reset=None, growth=1.0, radius=0.1, null_share=0.05, bundle=21)


def to_target(facts: Facts, horizon: int) -> OnePointConjugate:
    """Return the method for the target gap 2 R epsilon, R being twice the distance at the start."""
    return OnePointConjugate(
        radius=0.05 * float((facts["radius"] / facts["lipschitz"]).min()), tolerance=0.05, slope=0.3
    )


def rings_samples(horizon: int) -> Any:
    """Return the kernel problem on two rings, asked by samples."""
    return two_rings(batch=4)
