"""Gradient grouping on heterogeneous and homogeneous blocks, under the fair protocol: the whole table.

Columns: the base; the recipe as printed (scales from 1, first clustering after a period); the same from the first
gradient on; frozen after the first gradient; the last two with one cluster for each layer; and the controls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ratecheck.experiments.fair_protocol import Decayed, Make, Protocol, Tuned, compare
from ratecheck.testbeds.grouping import Arrangement, block_quadratic
from ratecheck.theory.method import Method
from ratecheck.theory.methods.adam import Adam
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.grouping import SGG
from ratecheck.theory.methods.grouping_scales import Grouping
from ratecheck.theory.methods.layers import layers_of
from ratecheck.theory.methods.momentum import AveragedMomentum
from ratecheck.theory.schedules import Schedule

BLOCKS = layers_of(30, 30, 30)
PERIOD = 10
BASES: dict[str, Callable[[Schedule], Method]] = {
    "GD": Subgradient,
    "heavy ball": lambda eta: AveragedMomentum(eta, 0.9),
    "Adam": Adam,
}
VARIANTS: dict[str, Callable[[Method], Method]] = {
    "base": lambda inner: inner,
    "paper": lambda inner: SGG(inner, _rule(3, False), BLOCKS, PERIOD),
    "first": lambda inner: SGG(inner, _rule(3, True), BLOCKS, PERIOD, at_once=True),
    "freeze": lambda inner: SGG(inner, _rule(3, True), BLOCKS, PERIOD, when="once", at_once=True),
    "freeze K1": lambda inner: SGG(inner, _rule(1, True), BLOCKS, PERIOD, when="once", at_once=True),
    "first K1": lambda inner: SGG(inner, _rule(1, True), BLOCKS, PERIOD, at_once=True),
}
CONTROLS: dict[str, Callable[[Method], Method]] = {
    "shuffled": lambda inner: SGG(inner, _rule(3, True), BLOCKS, PERIOD, at_once=True, shuffled=True),
}
# The grid of each base starts where its steps are stable on the raw problem, and grows from there.
GRIDS = {"GD": (1e-5, 1e-2), "heavy ball": (1e-5, 1e-1), "Adam": (1e-3, 10.0)}


def _rule(clusters: int, first_value: bool) -> Grouping:
    return Grouping(clusters=clusters, smoothing=0.9, first_value=first_value, eps=0.0)


def contender(base: str, variant: str) -> Make:
    """Return how to make a base inside a variant from a schedule."""
    wrap = (VARIANTS | CONTROLS)[variant]
    return lambda eta: wrap(BASES[base](eta))


def decayed(base: str, factor: float = 0.99) -> Make:
    """Return the control whose step size shrinks by a factor in every period."""
    return lambda eta: BASES[base](Decayed(eta, factor, PERIOD))


def protocol(arrangement: Arrangement, noise: float, base: str, horizon: int = 2000, seeds: int = 5) -> Protocol:
    """Return the protocol of one row."""
    problem: Callable[[int], Any] = partial(_copies, arrangement, noise, seeds)
    low, high = GRIDS[base]
    return Protocol(problem, horizon, seeds, low, high)


def _copies(arrangement: Arrangement, noise: float, seeds: int, copies: int) -> Any:
    return block_quadratic("B", arrangement, noise, seeds, copies)


def row(
    arrangement: Arrangement,
    noise: float,
    base: str,
    variants: Sequence[str] = tuple(VARIANTS),
    *,
    horizon: int = 2000,
    seeds: int = 5,
) -> dict[str, Tuned]:
    """Return one row of the table: the tuned result of each variant of a base on one arrangement and noise.

    Parameters
    ----------
    arrangement : {"het", "hom"}
    noise : float
        0 or 0.1.
    base : {"GD", "heavy ball", "Adam"}
    variants : sequence of str
        Keys of `VARIANTS` and `CONTROLS`.
    horizon, seeds : int
        2000 and 5 for the full table.
    """
    return compare(
        protocol(arrangement, noise, base, horizon, seeds), {name: contender(base, name) for name in variants}
    )
