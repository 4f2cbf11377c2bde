"""What the theorems on StoSignSGD ask of its steps and of its envelope."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.bound import Assumption, Source, innermost
from ratecheck.theory.bounds.assumptions import COORDINATES_BOUNDED
from ratecheck.theory.facts import Facts
from ratecheck.theory.schedules import as_schedule

PAPER = Source("Yu, Pan, Liu, Zou and Zhang", 2026, "StoSignSGD, arXiv 2604.15416; constants derived here")


def step_scale(method: Any, k: int = 0) -> FloatArray:
    """Return the step size of step `k` of the innermost method as an array, shape () or (dim,)."""
    return np.asarray(as_schedule(innermost(method).step_size)(k), dtype=np.float64)


def envelope_of(facts: Facts, method: Any) -> FloatArray:
    """Return the fixed envelope R_i, or G_i for a method that has none."""
    fixed = getattr(innermost(method), "envelope", None)
    return facts["coordinate_bounds"] if fixed is None else np.broadcast_to(fixed, facts["coordinate_bounds"].shape)


def _outside(facts: Facts, x: FloatArray, g: FloatArray) -> FloatArray:
    return facts["domain"].excess(x)


def relative_change(now: FloatArray, then: FloatArray) -> float:
    """Return the largest relative difference of two arrays."""
    return float(np.max(np.abs(now / then - 1)))


def _not_inverse_sqrt(facts: Facts, method: Any, horizon: int) -> float:
    return max(relative_change(step_scale(method, k) * math.sqrt(k + 1), step_scale(method)) for k in (1, horizon - 1))


def _not_constant(facts: Facts, method: Any, horizon: int) -> float:
    return relative_change(step_scale(method, horizon - 1), step_scale(method))


def _undominated(facts: Facts, method: Any, horizon: int) -> float:
    return float(np.max(facts["coordinate_bounds"] / envelope_of(facts, method))) - 1


def _forgetting(facts: Facts, method: Any, horizon: int) -> float:
    return 1 - float(getattr(innermost(method), "damping", 1.0))


IN_DOMAIN = Assumption("every point is in the domain", on_query=_outside)
INVERSE_SQRT_STEPS = Assumption("the step size is proportional to 1/sqrt(t)", on_setup=_not_inverse_sqrt)
CONSTANT_STEPS = Assumption("the step size does not change", on_setup=_not_constant)
DOMINATING = Assumption("the fixed envelope is at least G_i", on_setup=_undominated)
MONOTONE = Assumption("the envelope never shrinks", on_setup=_forgetting)
ANYTIME = (COORDINATES_BOUNDED, IN_DOMAIN, INVERSE_SQRT_STEPS, MONOTONE)
CONSTANT = (COORDINATES_BOUNDED, IN_DOMAIN, CONSTANT_STEPS, MONOTONE)
UNCONSTRAINED = (COORDINATES_BOUNDED, CONSTANT_STEPS, DOMINATING)
FIXED = (*UNCONSTRAINED, IN_DOMAIN)
