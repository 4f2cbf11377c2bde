"""What one step of extragradient and past extragradient must do: both sides of the lemmas behind their rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ratecheck.theory.arrays import FloatArray, row_norm
from ratecheck.theory.stationarity.measure import Measure
from ratecheck.theory.stationarity.saddle import one_step, square

Sides = tuple[FloatArray, FloatArray]


def _norm_falls(problem: Any, t: Any) -> Sides:
    return row_norm(problem.operator(t.end)), row_norm(problem.operator(t.start))


def _distance_falls(problem: Any, t: Any) -> Sides:
    L = problem.facts["smoothness"]
    z_star = problem.facts["x_star"]
    g = 1 / (np.sqrt(2) * L)
    drop = g**2 * (1 - g**2 * L**2) * square(problem.operator(t.start))
    return square(t.end - z_star), square(t.start - z_star) - drop


def _past(problem: Any, t: Any) -> FloatArray:
    """Return F(w_{k-1}), which before the first step is F(x_0)."""
    return t.before.operator if t.before.k else problem.operator(t.start)


def _p(operator: FloatArray, past: FloatArray) -> FloatArray:
    return square(operator) + 2 * square(operator - past)


def _past_norm_falls(problem: Any, t: Any) -> Sides:
    L = problem.facts["smoothness"]
    g, past = 1 / (3 * L), _past(problem, t)
    before = _p(problem.operator(t.start), past)
    return _p(problem.operator(t.end), t.after.operator), before + 3 * (L**2 * g**2 - 2 / 9) * square(
        t.after.operator - past
    )


def _past_potential_falls(problem: Any, t: Any) -> Sides:
    g, z_star = 1 / (3 * problem.facts["smoothness"]), problem.facts["x_star"]
    weight = 32 / 3 + t.before.k / 3
    before = square(t.start - z_star) + weight * g**2 * _p(problem.operator(t.start), _past(problem, t))
    after = square(t.end - z_star) + (weight + 1 / 3) * g**2 * _p(problem.operator(t.end), t.after.operator)
    return after, before


def _projected_p(g: float, new: FloatArray, old: FloatArray, change: FloatArray) -> FloatArray:
    step = new - old
    return square(step) + square(step - 2 * g * change)


def _projected_step_falls(problem: Any, t: Any) -> Sides:
    if not t.before.k:
        return np.zeros(t.end.shape[0]), np.ones(t.end.shape[0])  # the lemma speaks about two steps in a row
    L = problem.facts["smoothness"]
    g = 1 / (4 * L)
    before = _projected_p(g, t.start, t.earlier, problem.operator(t.start) - t.before.operator)
    change = problem.operator(t.end) - t.after.operator
    after = _projected_p(g, t.end, t.start, change)
    drop = (1 - 5 * L**2 * g**2) * square(t.end - t.after.middle) + g**2 * square(change)
    return after, before - drop


def _past_distance(problem: Any, z: FloatArray, t: Any) -> FloatArray:
    z_star = problem.facts["x_star"]
    if t.before is None:
        return square(t.end - z_star)
    g = 1 / (4 * problem.facts["smoothness"])
    return square(t.end - z_star) + g**2 * square(t.after.operator - _past(problem, t))


NORM_FALLS = one_step("norm after / before a step", r"\|F(z_{k+1})\|/\|F(z_k)\|", _norm_falls)
DISTANCE_FALLS = one_step(
    "squared distance after / allowed",
    r"\|z_{k+1}-z^\star\|^2/(\|z_k-z^\star\|^2-\gamma^2(1-\gamma^2L^2)\|F(z_k)\|^2)",
    _distance_falls,
)
PAST_NORM_FALLS = one_step("p after / allowed", r"p_{k+1}/(p_k-\cdots)", _past_norm_falls)
PAST_POTENTIAL_FALLS = one_step("potential after / before", r"V_{k+1}/V_k", _past_potential_falls)
PROJECTED_STEP_FALLS = one_step("projected p after / allowed", r"p_{k+1}/(p_k-\cdots)", _projected_step_falls)
PAST_DISTANCE = Measure(
    "squared distance with memory",
    r"\|x_k-x^\star\|^2+\gamma^2\|F(w_{k-1})-F(w_{k-2})\|^2",
    _past_distance,
    floor="x_star",
    of="state",
)

MEASURES = (
    NORM_FALLS,
    DISTANCE_FALLS,
    PAST_NORM_FALLS,
    PAST_POTENTIAL_FALLS,
    PROJECTED_STEP_FALLS,
    PAST_DISTANCE,
)
