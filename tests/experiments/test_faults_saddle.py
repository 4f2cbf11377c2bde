"""Planted faults in saddle-point methods: bugs that were made or could have been, each of which a claim must notice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.ledger import claims
from ratecheck.testbeds.saddle_oracle import SaddleOracle
from ratecheck.theory.methods.gradient import StepCount
from ratecheck.theory.methods.quasi_newton import broyden, limited_memory, mgsr1, partial, pivoting
from ratecheck.theory.methods.quasi_newton.directions import gaussian, orthonormal
from ratecheck.theory.methods.quasi_newton.mgsr1 import MGSR1SP, Estimate
from ratecheck.theory.methods.quasi_newton.pivoting import Pivots, pivoted_block
from ratecheck.theory.methods.quasi_newton.updates import block_sr1
from ratecheck.theory.methods.saddle import anchored, extragradient, gradient, mirror, primal_dual, proximal
from ratecheck.theory.methods.saddle.anchored import anchored_update
from ratecheck.theory.methods.saddle.extragradient import Middle, Past
from ratecheck.theory.methods.saddle.gradient import forward_update

Patch = tuple[Any, str, Callable[..., Any]]


# First-order methods.


def second_half_from_the_middle(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    middle = oracle.project(forward_update(x, oracle.operator(x), self.step_size))
    return oracle.project(forward_update(middle, oracle.operator(middle), self.step_size)), Middle(state.k + 1, middle)


def unequal_half_steps(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    middle = oracle.project(forward_update(x, oracle.operator(x), self.step_size / 2))
    return oracle.project(forward_update(x, oracle.operator(middle), self.step_size)), Middle(state.k + 1, middle)


def no_look_ahead(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    return oracle.project(forward_update(x, oracle.operator(x), self.step_size)), Middle(state.k + 1, x)


def projection_once_only(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    middle = oracle.project(forward_update(x, oracle.operator(x), self.step_size))
    return forward_update(x, oracle.operator(middle), self.step_size), Middle(state.k + 1, middle)


def two_steps_stale(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    past = state.operator if state.k else oracle.operator(x)
    middle = forward_update(x, past, self.step_size)
    return forward_update(x, past, self.step_size), Past(state.k + 1, middle, oracle.operator(middle))


def simultaneous(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    return forward_update(x, oracle.operator(x), self.step_size), StepCount(state.k + 1)


def single_optimism(z: Any, operator: Any, past: Any, step_size: float) -> Any:
    return z - step_size * operator + step_size * (operator - past) / 2


def pull_away(z: Any, anchor: Any, operator: Any, pull: float, step_size: float) -> Any:
    return anchored_update(z, anchor, operator, -pull, step_size)


def anchor_forgotten(z: Any, anchor: Any, operator: Any, pull: float, step_size: float) -> Any:
    return anchored_update(z, anchor, operator, 0.0, step_size)


def momentum_off_by_one(t: int, new: Any, old: Any, asked: Any, before: Any) -> Any:
    share = (t + 1) / (t + 3)
    return new + share * (new - old) - share * (old - before)


def halpern_without_reflection(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    pull = 1.0 / (state.k + 2)
    moved = pull * state.anchor + (1 - pull) * oracle.resolvent(x, self.step_size)
    return moved, proximal.HalpernState(state.k + 1, state.anchor)


def explicit_step(self: Any, x: Any, state: Any, oracle: Any) -> Any:
    return x - self.step_size * oracle.operator(x), StepCount(state.k + 1)


def no_extrapolation(new: Any, old: Any, theta: float) -> Any:
    return new


def ascent_on_both(z: Any, operator: Any, step_size: float, split: int) -> Any:
    return mirror_original(z, -operator, step_size, split)


mirror_original = mirror.entropy_update


# Quasi-Newton methods.


def missing_signs(self: SaddleOracle, z: Any) -> Any:
    return self.operator(z)


def hessian_not_squared(self: MGSR1SP, z: Any, estimate: Any, growth: Any, oracle: Any) -> Any:
    hessian = oracle.hessian(z)
    updated = []
    for G, A in zip(estimate, hessian):
        pivots = pivoted_block(G, np.diagonal(A), lambda picks, A=A: A[:, picks], self.updates)
        updated.append(pivoting.apply_pivots(G, pivots))
    return np.stack(updated), (False,)


def stale_columns(estimate: Any, diagonal: Any, columns: Any, count: int, *, signed: bool = False) -> Pivots:
    """The picks of one block all use the residual from before the block."""
    rest = np.diagonal(estimate) - diagonal
    picks = np.argsort(-rest)[:count]
    factor = (estimate[:, picks] - columns(picks)) / np.sqrt(np.maximum(rest[picks], 1e-12))
    return Pivots(factor, np.ones(count), picks, False)


def same_coordinate_again(estimate: Any, diagonal: Any, columns: Any, count: int, *, signed: bool = False) -> Pivots:
    rest = np.diagonal(estimate) - diagonal
    factor = (estimate[:, [0]] - columns(np.array([0]))) / np.sqrt(max(rest[0], 1.0))
    return Pivots(factor, np.ones(1), np.array([0]), False)


def missing_square_root(*arguments: Any, **keywords: Any) -> Pivots:
    pivots = pivoted_block(*arguments, **keywords)
    sizes = np.sqrt(np.abs(pivots.factor[pivots.picks, np.arange(len(pivots.picks))]))
    return pivots._replace(factor=pivots.factor / sizes, exhausted=False)


def one_update_short(estimate: Any, diagonal: Any, columns: Any, count: int, *, signed: bool = False) -> Pivots:
    return pivoted_block(estimate, diagonal, columns, max(count - 1, 1), signed=signed)


def added_not_subtracted(estimate: Any, pivots: Pivots, scale: float = 1.0) -> Any:
    return estimate * scale + (pivots.factor * pivots.signs) @ pivots.factor.T


def growth_with_sign(sign: float) -> Callable[..., Any]:
    def step(self: MGSR1SP, x: Any, state: Estimate, oracle: Any) -> Any:
        moved = x + self._direction(x, state, oracle)
        growth = 1.0 + sign * self.correction * np.linalg.norm(moved - x, axis=1)
        updated, exact = self._greedy(moved, state.estimate, growth, oracle)
        return moved, Estimate(state.k + 1, updated, exact)

    return step


def update_before_the_step(self: MGSR1SP, x: Any, state: Estimate, oracle: Any) -> Any:
    moved = x + self._direction(x, state, oracle)
    updated, _ = self._greedy(x, state.estimate, np.ones(len(x)), oracle)
    return moved, Estimate(state.k + 1, updated, ())


def gradient_not_multiplied(self: MGSR1SP, z: Any, state: Any, oracle: Any) -> Any:
    return -np.stack([np.linalg.solve(G, g) for G, g in zip(state.estimate, oracle.gradient(z))])


def ascent_direction(self: MGSR1SP, z: Any, state: Any, oracle: Any) -> Any:
    return -direction_original(self, z, state, oracle)


direction_original = MGSR1SP._direction


def same_block_again(self: MGSR1SP, z: Any, estimate: Any, growth: Any, oracle: Any) -> Any:
    normal = np.random.default_rng(0).standard_normal((len(z), z.shape[1], self.updates))
    blocks = np.stack([orthonormal(block) for block in normal])
    targets = oracle.hessian_block(z, oracle.hessian_block(z, blocks))
    return np.stack([block_sr1(G, Y, V) for G, Y, V in zip(estimate, targets, blocks)])


def single_product(self: MGSR1SP, z: Any, estimate: Any, growth: Any, oracle: Any) -> Any:
    normal = gaussian(oracle.uniform(z.shape[1] * self.updates)).reshape(len(z), z.shape[1], self.updates)
    blocks = np.stack([orthonormal(block) for block in normal])
    return np.stack([block_sr1(G, Y, V) for G, Y, V in zip(estimate, oracle.hessian_block(z, blocks), blocks)])


def bfgs_without_old_part(G: Any, Hu: Any, u: Any) -> Any:
    return G + np.outer(Hu, Hu) / (u @ Hu)


def dfp_without_last_term(G: Any, Hu: Any, u: Any) -> Any:
    mixed = np.outer(Hu, G @ u) / (u @ Hu)
    return G - mixed - mixed.T + (u @ (G @ u) / (u @ Hu)) * np.outer(Hu, Hu) / (u @ Hu)


def schur_with_wrong_sign(G: Any, hessian: Any, gradient: Any) -> Any:
    m = G.shape[0]
    cross, corner = hessian[:m, m:], hessian[m:, m:]
    solved = np.linalg.solve(G, np.column_stack([cross, gradient[:m]]))
    y = np.linalg.solve(corner + cross.T @ solved[:, :-1], gradient[m:] - cross.T @ solved[:, -1])
    return -np.concatenate([solved[:, -1] - solved[:, :-1] @ y, y])


def inverse_power_twice(low_rank: Any, v: Any, power: float, growth: float = 1.0) -> Any:
    return power_original(low_rank, power_original(low_rank, v, power), power)


power_original = limited_memory.apply_power

# fmt: off
FAULTS: list[tuple[str, str, Patch]] = [
    ("second half step starts at the middle", "sp-24-eg-bilinear",
     (extragradient.Extragradient, "step", second_half_from_the_middle)),
    ("half steps of unequal size", "sp-05-eg-distances", (extragradient.Extragradient, "step", unequal_half_steps)),
    ("no look-ahead", "sp-06-eg-bilinear", (extragradient.Extragradient, "step", no_look_ahead)),
    ("no look-ahead, average", "sp-07-eg-average", (extragradient.Extragradient, "step", no_look_ahead)),
    ("projection in the first half step only", "sp-09-eg-matrix-game",
     (extragradient.Extragradient, "step", projection_once_only)),
    ("past operator is two steps stale", "sp-10-peg-norms", (extragradient.PastExtragradient, "step", two_steps_stale)),
    ("past operator is two steps stale, potential", "sp-11-peg-potential",
     (extragradient.PastExtragradient, "step", two_steps_stale)),
    ("optimism of half strength", "sp-25-ogda-bilinear", (extragradient, "optimistic_update", single_optimism)),
    ("alternation forgotten", "sp-22-alternating", (gradient.AlternatingGDA, "step", simultaneous)),
    ("anchor pushes away", "sp-15-eagc-bilinear", (anchored, "anchored_update", pull_away)),
    ("anchor forgotten", "sp-16-eagv-bilinear", (anchored, "anchored_update", anchor_forgotten)),
    ("anchor forgotten, fast extragradient", "sp-17-feg-bilinear", (anchored, "anchored_update", anchor_forgotten)),
    ("momentum off by one", "sp-02-appm", (proximal, "accelerated_update", momentum_off_by_one)),
    ("no reflection", "sp-03-halpern-steep", (proximal.Halpern, "step", halpern_without_reflection)),
    ("explicit instead of implicit step", "sp-01-ppm", (proximal.PPM, "step", explicit_step)),
    ("no extrapolation", "sp-26-pdhg-bilinear", (primal_dual, "extrapolate", no_extrapolation)),
    ("both players ascend", "sp-18-mirror-prox", (mirror, "entropy_update", ascent_on_both)),
    ("sign matrix missing in the gradient", "qn-05-termination", (SaddleOracle, "gradient", missing_signs)),
    ("Hessian instead of its square", "qn-10-kappa10-tau5", (MGSR1SP, "_greedy", hessian_not_squared)),
    ("Hessian instead of its square, termination", "qn-05-termination", (MGSR1SP, "_greedy", hessian_not_squared)),
    ("updates of a block with stale columns", "qn-10-kappa10-tau5", (mgsr1, "pivoted_block", stale_columns)),
    ("updates of a block with stale columns, trace", "qn-05-termination", (mgsr1, "pivoted_block", stale_columns)),
    ("the same coordinate again", "qn-06-kappa10-tau1", (mgsr1, "pivoted_block", same_coordinate_again)),
    ("missing square root of the pivot", "qn-06-kappa10-tau5", (mgsr1, "pivoted_block", missing_square_root)),
    ("one update of a block too few", "qn-05-termination", (mgsr1, "pivoted_block", one_update_short)),
    ("update added instead of subtracted", "qn-02-kappa100-tau10", (mgsr1, "apply_pivots", added_not_subtracted)),
    ("correction with the wrong sign", "qn-10-logistic5-tau10", (MGSR1SP, "step", growth_with_sign(-1.0))),
    ("correction forgotten", "qn-10-logistic5-tau10", (MGSR1SP, "step", growth_with_sign(0.0))),
    ("update before the step", "qn-06-logistic5-tau10", (MGSR1SP, "step", update_before_the_step)),
    ("gradient not multiplied by the Hessian", "qn-00-kappa10-tau5", (MGSR1SP, "_direction", gradient_not_multiplied)),
    ("step uphill", "qn-24-logistic25-tau3", (MGSR1SP, "_direction", ascent_direction)),
    ("the same random block every time", "qn-07-random-tau1", (MGSR1SP, "_random", same_block_again)),
    ("one product instead of two", "qn-10-random-tau3", (MGSR1SP, "_random", single_product)),
    ("half of the BFGS update", "qn-08-scaled-bfgs", (broyden.RULES, "bfgs", bfgs_without_old_part)),
    ("DFP without its last term", "qn-09-greedy-dfp", (broyden.RULES, "dfp", dfp_without_last_term)),
    ("Schur complement with the wrong sign", "qn-05-pqn", (partial, "partial_newton_direction", schur_with_wrong_sign)),
    ("inverse applied twice", "qn-01-limited-lanczos", (limited_memory, "apply_power", inverse_power_twice)),
]
# fmt: on


@pytest.mark.parametrize(("name", "claim", "patch"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_planted_fault_is_caught(
    name: str, claim: str, patch: Patch, check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, attribute, faulty = patch
    if isinstance(place, dict):
        monkeypatch.setitem(place, attribute, faulty)
    else:
        monkeypatch.setattr(place, attribute, faulty)
    # A fault may make the run diverge; that is for the verdict to see.
    with np.errstate(all="ignore"):
        assert not check(claim).as_expected


TIGHTENED = [
    "sp-01-ppm", "sp-02-appm", "sp-03-halpern", "sp-05-eg-distances", "sp-21-gda-growth", "sp-22-alternating",
    "sp-24-eg-bilinear", "sp-25-ogda-bilinear", "sp-26-pdhg-bilinear", "sp-30-gda-strong", "qn-02-kappa10-tau5",
    "qn-06-kappa10-tau1", "qn-10-kappa10-tau5", "qn-12-work",
]  # fmt: skip


@pytest.mark.parametrize("claim", TIGHTENED)
def test_a_bound_that_is_five_per_cent_too_small_is_caught(claim: str, check: Callable[..., Any]) -> None:
    bound = claims()[claim].bound
    smaller = dataclasses.replace(bound, value=lambda facts, method, steps: bound.value(facts, method, steps) / 1.05)
    assert not check(claim, bound=smaller).as_expected
