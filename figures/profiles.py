"""Benchmark curves from plain arrays: performance profiles, data profiles and ECDFs of reached targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ratecheck.figures.canvas import COLORS, styled
from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError


def shares(costs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the steps of the share of entries whose cost is at most x.

    Parameters
    ----------
    costs : (entries,) array
        Infinity marks a failure.

    Returns
    -------
    x : (finite entries,) array
        Increasing.
    share : (finite entries,) array
        Of all entries, failures included.
    """
    x = np.sort(costs[np.isfinite(costs)])
    return x, (np.arange(x.size) + 1) / costs.size


def performance_ratios(costs: FloatArray) -> FloatArray:
    """Return each cost divided by the smallest one on its problem (Dolan and More 2002).

    Parameters
    ----------
    costs : (problems, methods) array
        Positive; infinity marks a failure. A problem that no method solves has the ratio infinity for all.

    Raises
    ------
    InputError
        If a cost is NaN or not positive.
    """
    if not (costs > 0).all():
        raise InputError("the costs of a performance profile must be positive numbers, or infinity for a failure.")
    best = costs.min(axis=1, keepdims=True)
    return np.divide(costs, best, out=np.full(costs.shape, np.inf), where=np.isfinite(costs))


@styled
def performance_profile(costs: FloatArray, labels: Sequence[str]) -> Figure:
    """Return the share of problems that each method solves within a factor of the best method.

    With more than two methods the order of the curves may flip when one is left out (Gould and Scott 2016); the
    leftmost point, the share of wins, is the part to trust least.

    Parameters
    ----------
    costs : (problems, methods) array
        Infinity marks a failure.
    labels : sequence of str
        Name of each method.
    """
    return _steps(performance_ratios(costs).T, labels, "cost / smallest cost on the problem", "share of problems")


@styled
def ecdf(costs: FloatArray, labels: Sequence[str], x_label: str = "oracle calls / dimension") -> Figure:
    """Return the share of (problem, target) pairs that each method reached within a budget.

    Parameters
    ----------
    costs : (pairs, methods) array
        Budget at which the target was first reached, infinity where it was not; divided by the dimension, or by the
        dimension + 1 for a data profile (More and Wild 2009).
    labels : sequence of str
        Name of each method.
    x_label : str
    """
    return _steps(costs.T, labels, x_label, "share of (problem, target) pairs reached")


def _steps(costs: FloatArray, labels: Sequence[str], x_label: str, y_label: str) -> Figure:
    figure = Figure()
    axes = figure.add_subplot()
    finite = costs[np.isfinite(costs)]
    low, high = (float(finite.min()), float(finite.max()) * 1.1) if finite.size else (1.0, 10.0)
    for i, (row, label) in enumerate(zip(costs, labels)):
        x, share = shares(row)
        x, share = np.concatenate([[low], x, [high]]), np.concatenate([[0.0], share, share[-1:] if x.size else [0.0]])
        style = ("-", "--", "-.", ":")[i % 4]
        axes.step(x, share, where="post", color=COLORS[i % len(COLORS)], linestyle=style, marker="", label=label)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.legend(loc="lower right")
    return figure
