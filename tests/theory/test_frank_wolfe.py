"""Online Frank-Wolfe: its recursion, its feasibility, its exact worst case, and bad input."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from ratecheck.testbeds.domains import Ball, Box
from ratecheck.theory.arrays import row_norm
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.averaging import SumState
from ratecheck.theory.methods.frank_wolfe import OnlineFrankWolfe


@pytest.mark.parametrize("domain", [Ball(np.zeros(3), 2.0), Box(np.full(3, -1.0), np.array([1.0, 2.0, 0.5]))])
def test_recursion_and_feasibility(domain: Ball | Box) -> None:
    random = np.random.default_rng(0)
    losses = random.normal(size=(20, 4, 3))
    method = OnlineFrankWolfe(0.3, 0.4)
    x = np.zeros((4, 3))
    state, total, mine = method.init(x), np.zeros((4, 3)), x
    for g in losses:
        x, state = method.step(x, state, SimpleNamespace(subgradient=lambda y, g=g: g, project=domain.project))
        total = total + g
        d = mine + 0.3 * total
        if isinstance(domain, Ball):
            vertex = -2.0 * d / row_norm(d)[:, None]
        else:
            vertex = np.where(d > 0, domain.low, domain.high)
        mine = 0.6 * mine + 0.4 * vertex
        # Projecting a far point of a sphere rounds differently from dividing by the norm.
        assert x == pytest.approx(mine, abs=1e-14)
        assert domain.excess(x).max() <= 1e-14
        assert domain.support(-d) == pytest.approx(-(d * vertex).sum(axis=1), rel=1e-12)


def test_worst_case_is_that_of_pepit() -> None:
    PEPit = pytest.importorskip("PEPit")
    functions, steps = pytest.importorskip("PEPit.functions"), pytest.importorskip("PEPit.primitive_steps")
    M, D, T = 1.0, 0.5, 2
    pep = PEPit.PEP()
    losses = [pep.declare_function(functions.ConvexLipschitzFunction, M=M) for _ in range(T)]
    indicator = pep.declare_function(functions.ConvexIndicatorFunction, D=D)
    reference, _, _ = steps.proximal_step(pep.set_initial_point(), indicator, 1)
    x, _, _ = steps.proximal_step(pep.set_initial_point(), indicator, 1)
    method = OnlineFrankWolfe(D / (2 * M) * (3 / T) ** 0.75, min(1.0, (3 / T) ** 0.5))
    state = SumState(0, x, PEPit.null_point)
    regret = 0 * reference**2
    for loss in losses:
        regret = regret + loss(x) - loss(reference)
        # The projection of a far point is the minimiser of the linear function in the opposite direction.
        oracle = SimpleNamespace(
            subgradient=loss.gradient, project=lambda z: steps.linear_optimization_step(-1e-8 * z, indicator)[0]
        )
        x, state = method.step(x, state, oracle)
    pep.set_performance_metric(regret)
    assert float(pep.solve(solver="CLARABEL", verbose=0)) == pytest.approx(0.9330127, rel=1e-5)


@pytest.mark.parametrize(("step_size", "weight"), [(0.0, 0.5), (0.1, 0.0), (0.1, 1.5), (float("nan"), 0.5)])
def test_bad_input(step_size: float, weight: float) -> None:
    with pytest.raises(InputError):
        OnlineFrankWolfe(step_size, weight)
