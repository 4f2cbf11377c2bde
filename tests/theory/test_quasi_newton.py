"""Quasi-Newton updates of the squared Hessian: identities, the sandwich, both lemmas, limited memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratecheck.testbeds.saddle_instances import bilinear_game, quadratic_saddle
from ratecheck.testbeds.saddle_logistic import logistic_bilinear_game
from ratecheck.testbeds.saddle_oracle import PRODUCT_PRICE
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.quasi_newton import MGSR1SP, BroydenSP, LimitedMemorySP, PartialQuasiNewton
from ratecheck.theory.methods.quasi_newton import ReleasedQuasiNewton as Released
from ratecheck.theory.methods.quasi_newton.directions import gaussian, orthonormal, scaled
from ratecheck.theory.methods.quasi_newton.limited import (
    apply_power,
    block_estimate,
    block_lanczos,
    estimate,
    history,
    lanczos,
)
from ratecheck.theory.methods.quasi_newton.partial import partial_newton_direction
from ratecheck.theory.methods.quasi_newton.pivoting import apply_pivots, pivoted_block
from ratecheck.theory.methods.quasi_newton.updates import (
    bfgs,
    block_sr1,
    broyden,
    dfp,
    inverse_bfgs,
    inverse_block_sr1,
    inverse_sr1,
    sr1,
)

N = 12
EPS = 2.0**-52
# Sums of N products of numbers below 10 in well-conditioned (at most 100) matrices lose far less than this.
CLOSE: dict[str, Any] = {"rtol": 0, "atol": 1e-11}

seeds = st.integers(0, 2**32 - 1)


def target_and_estimate(seed: int, eta: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Return H and G with H <= G <= eta H, condition of H at most 16."""
    rng = np.random.default_rng(seed)
    turn = orthonormal(rng.standard_normal((N, N)))
    root = (turn * rng.uniform(0.5, 2.0, N)) @ turn.T
    other = orthonormal(rng.standard_normal((N, N)))
    H = root @ root
    G = root @ ((other * rng.uniform(1.0, eta, N)) @ other.T) @ root
    return (H + H.T) / 2, (G + G.T) / 2, rng


@given(seeds)
def test_block_is_sequence_is_pivoted_cholesky_is_inverse_block(seed: int) -> None:
    H, G, _ = target_and_estimate(seed)
    pivots = pivoted_block(G, np.diagonal(H), lambda picks: H[:, picks], 4)
    expected, picks = G, []
    for _ in range(4):
        j = int(np.argmax(np.diagonal(expected - H)))
        picks.append(j)
        expected = sr1(expected, H[:, j], np.eye(N)[j])
    assert pivots.picks.tolist() == picks
    U = np.eye(N)[:, picks]
    np.testing.assert_allclose(apply_pivots(G, pivots), expected, **CLOSE)
    np.testing.assert_allclose(block_sr1(G, H @ U, U), expected, **CLOSE)
    np.testing.assert_allclose(inverse_block_sr1(np.linalg.inv(G), H @ U, U) @ expected, np.eye(N), **CLOSE)


@given(seeds, st.integers(1, N))
def test_a_block_takes_its_share_of_the_trace_and_all_blocks_end_at_the_target(seed: int, count: int) -> None:
    H, G, _ = target_and_estimate(seed)
    before = np.trace(G - H)
    pivots = pivoted_block(G, np.diagonal(H), lambda picks: H[:, picks], count)
    after = apply_pivots(G, pivots)
    assert np.trace(after - H) <= (1 - count / N) * before + 1e-11
    assert pivots.exhausted == (count == N)
    if count == N:
        np.testing.assert_allclose(after, H, **CLOSE)


@given(seeds)
def test_signed_pivots_pull_an_estimate_up_where_it_is_below(seed: int) -> None:
    H, G, rng = target_and_estimate(seed)
    crossed = G - 3 * np.diag(rng.uniform(0, 1, N))
    pivots = pivoted_block(crossed, np.diagonal(H), lambda picks: H[:, picks], N, signed=True)
    reached = apply_pivots(crossed, pivots)
    # Pivots of an indefinite matrix may be small, which multiplies rounding.
    np.testing.assert_allclose(reached, H, rtol=0, atol=1e-5)


@given(seeds, st.floats(0, 1), st.floats(1.0, 20.0))
def test_the_broyden_family_keeps_the_sandwich(seed: int, phi: float, eta: float) -> None:
    H, G, rng = target_and_estimate(seed, eta)
    u = rng.standard_normal(N)
    updated = broyden(G, H @ u, u, phi)
    inverse = np.linalg.inv(np.linalg.cholesky(H))
    spectrum = np.linalg.eigvalsh(inverse @ updated @ inverse.T)
    assert spectrum[0] >= 1 - 1e-10
    assert spectrum[-1] <= eta * (1 + 1e-10)


@given(seeds, st.floats(0, 1))
def test_broyden_identities(seed: int, phi: float) -> None:
    H, G, rng = target_and_estimate(seed)
    u = rng.standard_normal(N)
    Hu, R = H @ u, G - H
    s = R @ u / (u @ R @ u) - Hu / (u @ Hu)
    np.testing.assert_allclose(
        broyden(G, Hu, u, phi), sr1(G, Hu, u) + phi * (u @ R @ u) * np.outer(s, s), rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(broyden(G, Hu, u, float(u @ Hu / (u @ G @ u))), bfgs(G, Hu, u), rtol=0, atol=1e-9)
    for rule in (sr1, dfp, bfgs):
        np.testing.assert_allclose(rule(G, Hu, u) @ u, Hu, rtol=0, atol=1e-9)
    for small, large in ((sr1, bfgs), (bfgs, dfp)):
        assert np.linalg.eigvalsh(large(G, Hu, u) - small(G, Hu, u))[0] >= -1e-9


@given(seeds)
def test_inverse_forms(seed: int) -> None:
    H, G, rng = target_and_estimate(seed)
    u = rng.standard_normal(N)
    P = np.linalg.inv(G)
    for direct, inverse in ((sr1, inverse_sr1), (bfgs, inverse_bfgs)):
        np.testing.assert_allclose(inverse(P, H @ u, u) @ direct(G, H @ u, u), np.eye(N), rtol=0, atol=1e-9)
    # Where the estimate is exact already, the update is rounding over a denominator that the guard keeps above 1e-8.
    np.testing.assert_allclose(inverse_sr1(np.linalg.inv(H), H @ u, u), np.linalg.inv(H), rtol=0, atol=1e-6)


def test_scaled_directions_have_the_covariance_of_the_inverse() -> None:
    _, G, rng = target_and_estimate(0)
    sample = np.array([scaled(G, rng.standard_normal(N)) for _ in range(20_000)])
    # 20000 samples: relative standard errors of a covariance are about 1 %.
    np.testing.assert_allclose(sample.T @ sample / 20_000, np.linalg.inv(G), atol=6 * 0.01 * 4)


def test_gaussian_is_finite_at_zero_and_standard() -> None:
    assert np.isfinite(gaussian(np.array([0.0, 1 - 2.0**-53]))).all()
    x = gaussian(np.random.default_rng(0).random(100_000))
    assert abs(x.mean()) < 0.02
    assert abs(x.std() - 1) < 0.02


# Lemma 1 and lemma 2.


@given(seeds, st.integers(1, 6), st.integers(1, 6), st.floats(0.1, 2.0))
def test_lemma_1_no_vector_is_shortened_below_mu_and_the_inertia_is_that_of_the_blocks(
    seed: int, m: int, n: int, mu: float
) -> None:
    rng = np.random.default_rng(seed)
    X, Y, B = rng.standard_normal((m, m)), rng.standard_normal((n, n)), 3 * rng.standard_normal((m, n))
    hessian = np.block([[X @ X.T + mu * np.eye(m), B], [B.T, -(Y @ Y.T) - mu * np.eye(n)]])
    eigenvalues = np.linalg.eigvalsh(hessian)
    assert np.abs(eigenvalues).min() >= mu * (1 - 1e-9)
    assert (eigenvalues > 0).sum() == m


GAME = logistic_bilinear_game(6, 4, 30, regularisation=0.1, coupling=0.3)


@given(seeds, st.floats(1e-3, 10.0))
def test_lemma_2_squared_hessians_of_two_points(seed: int, distance: float) -> None:
    rng = np.random.default_rng(seed)
    z = 3 * rng.standard_normal(10)
    step = rng.standard_normal(10)
    other = z + distance * step / np.linalg.norm(step)
    first, second = (np.linalg.matrix_power(GAME.hessian(p[None])[0], 2) for p in (z, other))
    facts = GAME.facts
    limit = 2 * facts["smoothness"] * facts["hessian_lipschitz"] * distance
    assert np.linalg.norm(first - second, 2) <= limit * (1 + 1e-9)
    allowed = (1 + facts["correction"] * distance) * second - first
    assert np.linalg.eigvalsh(allowed)[0] >= -1e-9


# Limited memory.


def product_of(A: np.ndarray) -> Any:
    return lambda v: A @ v


@pytest.mark.parametrize("directions", ["lanczos", "history"])
@pytest.mark.parametrize("m", [1, 3, 8])
def test_limited_memory_identities(directions: str, m: int) -> None:
    A = quadratic_saddle(10, condition=5.0).hessian_matrix
    rng = np.random.default_rng(m)
    asked = []

    def product(v: np.ndarray) -> np.ndarray:
        asked.append(v)
        return A @ v

    if directions == "lanczos":
        krylov = lanczos(product, rng.standard_normal(20), m)
    else:
        krylov = history(product, list(rng.standard_normal((m, 20))))
    assert len(asked) == (m + 1 if directions == "lanczos" else 2 * m)
    U, Y, W = krylov
    np.testing.assert_allclose(U @ U.T, np.eye(m), rtol=0, atol=1e-10)
    np.testing.assert_allclose(Y, U @ A, rtol=0, atol=1e-10)
    np.testing.assert_allclose(W, Y @ A, rtol=0, atol=1e-10)
    low_rank = estimate(krylov, 1.3)
    G = np.array([apply_power(low_rank, unit, 1.0) for unit in np.eye(20)])
    P = np.array([apply_power(low_rank, unit, -1.0) for unit in np.eye(20)])
    root = np.array([apply_power(low_rank, unit, -0.5) for unit in np.eye(20)])
    np.testing.assert_allclose(G @ U.T, W.T, rtol=0, atol=1e-10)
    np.testing.assert_allclose(P @ G, np.eye(20), rtol=0, atol=1e-10)
    np.testing.assert_allclose(root @ root @ G, np.eye(20), rtol=0, atol=1e-10)
    np.testing.assert_allclose(G, block_sr1(1.3 * np.eye(20), (A @ A) @ U.T, U.T), rtol=0, atol=1e-10)
    assert np.linalg.eigvalsh(G - A @ A)[0] >= -1e-10
    assert np.linalg.eigvalsh(1.3 * np.eye(20) - G)[0] >= -1e-10


def blocks_of(A: np.ndarray, split: int, m: int, rng: np.random.Generator) -> tuple[list[Any], list[np.ndarray]]:
    """Return the Krylov space of each player's block of the squared Hessian A @ A, and its mask."""
    masks = [np.arange(len(A)) < split, np.arange(len(A)) >= split]
    start = rng.standard_normal(len(A))
    return [block_lanczos(product_of(A), start, m, 1.0 * mask) for mask in masks], masks


def test_a_block_of_the_squared_hessian_has_the_identities_of_the_whole() -> None:
    A = quadratic_saddle(10, condition=5.0).hessian_matrix
    blocks, masks = blocks_of(A, 10, 4, np.random.default_rng(3))
    G = np.array([apply_power(block_estimate(blocks, 1.3), unit, 1.0) for unit in np.eye(20)])
    for (U, Y, W), mask in zip(blocks, masks, strict=True):
        assert not U[:, ~mask].any()
        np.testing.assert_allclose(U @ U.T, np.eye(4), rtol=0, atol=1e-10)
        np.testing.assert_allclose(Y, U @ A, rtol=0, atol=1e-10)
        np.testing.assert_allclose(W, (Y @ A) * mask, rtol=0, atol=1e-10)
        np.testing.assert_allclose(G @ U.T, 2 * W.T, rtol=0, atol=1e-10)
    np.testing.assert_allclose(G[:10, 10:], 0.0, rtol=0, atol=1e-12)


@given(seeds)
def test_the_doubled_block_estimate_is_an_upper_bound_in_which_extragradient_contracts(seed: int) -> None:
    # H <= 2 diag(H_xx, H_yy) <= G, so that the operator has Lipschitz constant at most 1 in the metric of G^{1/2}.
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((N, N))
    A, split = A + A.T, int(rng.integers(1, N))
    blocks, _ = blocks_of(A, split, 3, rng)
    low_rank = block_estimate(blocks, 1.01 * np.linalg.norm(A, 2) ** 2)
    G = np.array([apply_power(low_rank, unit, 1.0) for unit in np.eye(N)])
    assert np.linalg.eigvalsh(G - A @ A)[0] >= -1e-9 * low_rank.scale
    values, turn = np.linalg.eigh(G)
    quarter = (turn * values**-0.25) @ turn.T
    signs = np.where(np.arange(N) < split, 1.0, -1.0)
    assert np.linalg.norm(quarter @ (signs[:, None] * A) @ quarter, 2) <= 1 + 1e-9


def test_a_block_estimate_that_is_not_doubled_is_none() -> None:
    rng = np.random.default_rng(0)
    A = rng.standard_normal((N, N))
    A = A + A.T
    doubled = block_estimate(blocks_of(A, 6, 6, rng)[0], 1.01 * np.linalg.norm(A, 2) ** 2)
    G = np.array([apply_power(doubled, unit, 1.0) for unit in np.eye(N)])
    assert np.linalg.eigvalsh(G / 2 - A @ A)[0] < -0.1


def test_a_player_at_rest_has_no_block() -> None:
    A = np.diag([1.0, 2.0, -3.0, -1.0])
    start, mask = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
    assert block_lanczos(product_of(A), start, 2, mask).basis.shape == (0, 4)
    low_rank = block_estimate([block_lanczos(product_of(A), start, 2, m) for m in (1 - mask, mask)], 9.0)
    assert low_rank.vectors.shape == (2, 4)


def test_lanczos_stops_where_the_space_is_invariant() -> None:
    A = np.diag([1.0, 2.0, 3.0, 4.0])
    krylov = lanczos(product_of(A), np.array([1.0, 1.0, 0.0, 0.0]), 4)
    assert krylov.basis.shape == (2, 4)
    np.testing.assert_allclose(krylov.square, krylov.basis @ A @ A, rtol=0, atol=1e-14)


def test_growth_is_capped_at_the_scale() -> None:
    A = quadratic_saddle(5, condition=5.0).hessian_matrix
    low_rank = estimate(lanczos(product_of(A), np.ones(10), 3), 2.0)
    v = np.arange(10.0)
    np.testing.assert_allclose(apply_power(low_rank, v, 1.0, growth=1e9), 2.0 * v, rtol=1e-12)


# The methods.


def run(problem: Any, method: Any, steps: int, name: str = "test") -> tuple[np.ndarray, Any, Any]:
    oracle = problem.oracle(Streams(0, name, range(1)))
    z = problem.start[None].copy()
    state = method.init(z)
    for _ in range(steps):
        z, state = method.step(z, state, oracle)
    return z, state, oracle


def relative(problem: Any, z: np.ndarray) -> float:
    return float(np.linalg.norm(problem.operator(z)) / problem.facts["start_residual"])


@pytest.mark.parametrize("updates", [1, 3, 7, 16])
def test_termination_at_the_predicted_step_and_not_before(updates: int) -> None:
    # A condition of 10 leaves plenty to do one step before the cliff.
    problem, n = quadratic_saddle(8, condition=10.0), 16
    steps = -(-n // updates) + 1
    method = MGSR1SP(1.1, updates)
    assert relative(problem, run(problem, method, steps)[0]) < 1e-12
    assert relative(problem, run(problem, method, steps - 2)[0]) > 1e-3


def test_square_bilinear_games_need_only_a_nonsingular_hessian() -> None:
    problem = bilinear_game(8)
    assert relative(problem, run(problem, MGSR1SP(1.0, 4), 5)[0]) < 1e-12


def test_what_an_iteration_costs() -> None:
    problem, K = quadratic_saddle(8), 3
    greedy = run(problem, MGSR1SP(1.0, 2), K)[2]
    assert (greedy.gradients, greedy.products) == (K, K + 16)
    random = run(problem, MGSR1SP(1.0, 2, directions="random"), K)[2]
    assert (random.gradients, random.products) == (K, K * 5)
    assert random.calls == K + PRODUCT_PRICE * 5 * K
    game = logistic_bilinear_game(3, 2, 10)
    assert run(game, MGSR1SP(1.0, 2), K)[2].products == K * (1 + 5)


@pytest.mark.parametrize("rule", ["sr1", "dfp", "bfgs", 0.3])
@pytest.mark.parametrize("directions", ["greedy", "random", "scaled"])
def test_the_broyden_family_converges(rule: Any, directions: Any) -> None:
    problem = quadratic_saddle(5, condition=3.0)
    z, state, _ = run(problem, BroydenSP(1.0, rule, directions), 150)
    assert relative(problem, z) < 1e-6
    target = problem.hessian_matrix @ problem.hessian_matrix
    assert np.linalg.eigvalsh(state.estimate[0] - target)[0] > -1e-9


@pytest.mark.parametrize("rule", ["sr1", "bfgs"])
def test_released_code_converges_where_the_condition_is_mild(rule: Any) -> None:
    problem = quadratic_saddle(5, condition=5.0)
    assert relative(problem, run(problem, Released(1.0, rule), 60)[0]) < 1e-8


def test_partial_direction_with_the_exact_block_is_newton() -> None:
    game = logistic_bilinear_game(5, 3, 20)
    z = np.random.default_rng(0).standard_normal((1, 8))
    A, g = game.hessian(z)[0], game.operator(z)[0] * np.array([1.0] * 5 + [-1.0] * 3)
    np.testing.assert_allclose(partial_newton_direction(A[:5, :5], A, g), -np.linalg.solve(A, g), rtol=1e-12)


@pytest.mark.parametrize("directions", ["greedy", "random"])
def test_partial_quasi_newton_converges_superlinearly_on_the_logistic_game(directions: Any) -> None:
    game = logistic_bilinear_game(12, 4, 60)
    L = game.facts["smoothness"]
    assert relative(game, run(game, PartialQuasiNewton(L, 4, 1.0, directions), 12)[0]) < 1e-10


@pytest.mark.parametrize(
    ("mode", "directions", "corrected"),
    [("extragradient", "lanczos", False), ("extragradient", "history", True), ("newton", "history", False),
     ("newton", "lanczos", True)],
)  # fmt: skip
def test_limited_memory_converges_on_the_logistic_game(mode: Any, directions: Any, corrected: bool) -> None:
    game = logistic_bilinear_game(30, 15, 100, regularisation=0.1)
    method = LimitedMemorySP(mode, directions, 8, 10, 1.0 if mode == "newton" else 0.7, corrected=corrected)
    assert relative(game, run(game, method, 150)[0]) < 1e-6


@pytest.mark.parametrize("mode", ["extragradient", "newton"])
def test_a_block_for_each_player_converges_on_the_logistic_game(mode: Any) -> None:
    game = logistic_bilinear_game(30, 15, 100, regularisation=0.1)
    method = LimitedMemorySP(mode, "lanczos", 8, 10, 1.0 if mode == "newton" else 0.7, blocks="players")
    assert relative(game, run(game, method, 150)[0]) < 1e-5


def test_limited_memory_beats_extragradient_per_step_and_the_forward_mode_diverges() -> None:
    from ratecheck.theory.methods.saddle import Extragradient

    problem = quadratic_saddle(30, condition=15.0)
    limited = run(problem, LimitedMemorySP(memory=8, refresh=20), 100)[0]
    assert relative(problem, limited) < relative(problem, run(problem, Extragradient(0.7), 100)[0])
    assert relative(problem, run(problem, LimitedMemorySP("forward", memory=8), 100)[0]) > 10.0


def test_steps_can_be_clipped() -> None:
    problem = quadratic_saddle(5)
    z, _, _ = run(problem, LimitedMemorySP(memory=2, clip=1e-3), 1)
    assert np.linalg.norm(z) == pytest.approx(1e-3, rel=1e-9)


BAD = [
    (MGSR1SP, {"scale": 0.0}),
    (MGSR1SP, {"scale": 1.0, "updates": 0}),
    (MGSR1SP, {"scale": 1.0, "correction": -1.0}),
    (MGSR1SP, {"scale": 1.0, "correction": math.nan}),
    (MGSR1SP, {"scale": 1.0, "directions": "cyclic"}),
    (MGSR1SP, {"scale": 1.0, "form": "factored"}),
    (MGSR1SP, {"scale": 1.0, "form": "inverse"}),
    (MGSR1SP, {"scale": 1.0, "precision": "float16"}),
    (BroydenSP, {"scale": -1.0}),
    (BroydenSP, {"scale": 1.0, "rule": "psb"}),
    (BroydenSP, {"scale": 1.0, "rule": 1.5}),
    (BroydenSP, {"scale": 1.0, "directions": "cyclic"}),
    (Released, {"scale": 1.0, "rule": "dfp"}),
    (PartialQuasiNewton, {"scale": 1.0, "updates": 1.5}),
    (PartialQuasiNewton, {"scale": 1.0, "directions": "scaled"}),
    (LimitedMemorySP, {"mode": "secant"}),
    (LimitedMemorySP, {"directions": "coordinates"}),
    (LimitedMemorySP, {"memory": 0}),
    (LimitedMemorySP, {"refresh": 0}),
    (LimitedMemorySP, {"scale": -1.0}),
    (LimitedMemorySP, {"clip": 0.0}),
    (LimitedMemorySP, {"blocks": "layers"}),
    (LimitedMemorySP, {"blocks": "players", "directions": "history"}),
]


@pytest.mark.parametrize(("make", "arguments"), BAD)
def test_bad_hyper_parameters_are_told_in_one_sentence(make: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        make(**arguments)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_more_updates_or_vectors_than_coordinates() -> None:
    with pytest.raises(InputError, match="updates is 9, but the problem has 8 coordinates"):
        MGSR1SP(1.0, 9).init(np.zeros((1, 8)))
    with pytest.raises(InputError, match="memory is 9, but the problem has 8"):
        LimitedMemorySP(memory=9).init(np.zeros((1, 8)))
    with pytest.raises(InputError, match="2 runs, but it takes one"):
        LimitedMemorySP(memory=2).init(np.zeros((2, 8)))
    problem = quadratic_saddle(4)
    with pytest.raises(InputError, match="updates is 5, but the x block has 4"):
        run(problem, PartialQuasiNewton(1.0, 5), 1)


@pytest.mark.parametrize("updates", [1, 2, 3])
def test_theorem_d2_in_eighty_digits(updates: int) -> None:
    """Rounding hides the superlinear phase after a few steps in float64; with 80 digits it is followed to the end."""
    mp = pytest.importorskip("mpmath").mp.clone()
    mp.dps = 80
    n, half, L2, mu, L = 6, 3, mp.mpf("0.1"), mp.mpf(1), mp.mpf("1.65")
    a, mirror = mp.mpf("1.2"), mp.eye(3) - mp.matrix([[2, 2, 2]] * 3) / 3
    coupling = mp.mpf("0.9") * mirror  # orthogonal: the Hessian's eigenvalues are within sqrt(1.44 + 0.81) +- 0.1
    kappa, M = L / mu, 2 * L * L2 / mu**2
    c = 2 * n * M * kappa**2 / mu
    radius = mp.log(2) / (4 * kappa**2 * (M / mu + c * n / mp.mpf(n - updates)))

    def gradient(z: Any) -> Any:
        x, y = z[:half], z[half:]
        g_x = [a * x[i] + L2 * (1 - mp.cos(x[i])) for i in range(half)]
        cross_x, cross_y = coupling * mp.matrix(y), coupling.T * mp.matrix(x)
        return mp.matrix([g_x[i] + cross_x[i] for i in range(half)] + [cross_y[i] - a * y[i] for i in range(half)])

    def squared_hessian(z: Any) -> tuple[Any, Any]:
        A = mp.zeros(n)
        for i in range(half):
            A[i, i], A[half + i, half + i] = a + L2 * mp.sin(z[i]), -a
            for j in range(half):
                A[i, half + j] = A[half + j, i] = coupling[i, j]
        return A, A * A

    def trace(matrix: Any) -> Any:
        return sum(matrix[i, i] for i in range(n))

    z = mp.matrix([radius * value for value in (0.2, -0.1, 0.3, 0.1, 0.2, -0.2)])
    A, H = squared_hessian(z)
    G, lam = L**2 * mp.eye(n), mp.norm(gradient(z))
    assert radius / 10 < lam < radius
    theta = first = trace(G - H) / mu**2 + c * lam
    k = 0
    while lam > mp.mpf(10) ** -60:
        k += 1
        following = z - mp.lu_solve(G, A * gradient(z))
        G = G * (1 + M * mp.norm(following - z))
        z = following
        A, H = squared_hessian(z)
        for _ in range(updates):
            R = G - H
            j = max(range(n), key=lambda i: R[i, i])
            G = G - R[:, j] * R[j, :] / R[j, j]
        new = mp.norm(gradient(z))
        assert new <= theta * lam
        lam, theta = new, trace(G - H) / mu**2 + c * new
        assert theta <= 2 * (1 - mp.mpf(updates) / n) ** k * first
        assert k < 40


def test_the_limited_memory_estimate_is_the_same_on_torch() -> None:
    torch = pytest.importorskip("torch")
    A = quadratic_saddle(6, condition=5.0).hessian_matrix
    start, v = np.arange(1.0, 13.0), np.cos(np.arange(12.0))
    ours = estimate(lanczos(product_of(A), start, 4), 1.3)
    T = torch.from_numpy(np.array(A))
    theirs = estimate(lanczos(product_of(T), torch.from_numpy(start), 4), 1.3)
    for power in (1.0, -1.0, -0.5):
        expected = apply_power(ours, v, power, growth=1.1)
        result = apply_power(theirs, torch.from_numpy(v), power, growth=1.1).numpy()
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-9)


def test_a_singular_estimate_is_told() -> None:
    from ratecheck.theory.methods.quasi_newton.solving import solve_estimate

    with pytest.raises(InputError, match="the curvature estimate is singular"):
        solve_estimate(np.zeros((3, 3)), np.ones(3))
    assert np.isnan(solve_estimate(np.full((2, 2), np.nan), np.ones(2))).all()
    indefinite = np.diag([1.0, -2.0])
    np.testing.assert_allclose(solve_estimate(indefinite, np.ones(2)), [1.0, -0.5])
