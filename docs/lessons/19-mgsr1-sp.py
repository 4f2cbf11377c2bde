# %% [markdown]
# # 19. MGSR1-SP: quasi-Newton for saddle points
#
# At a saddle point the Hessian $\hat H$ is indefinite, so classical quasi-Newton updates do not apply. MGSR1-SP (Xiao,
# Bo and Wu, 2024) estimates its *square*, which is positive definite:
#
# $$z_{k+1}=z_k-G_k^{-1}\hat H g(z_k),\qquad G_{k+1}=\mathrm{SR1}^\tau(G_k\to\hat H^2),\qquad
# \mathrm{SR1}: G-\frac{(G-A)uu^\top(G-A)}{u^\top(G-A)u}.$$
#
# Each greedy SR1 update takes one direction $u$ of the error out for good: after $n/\tau$ steps $G=\hat H^2$ and the
# method stops dead at the saddle point.
#
# :::{admonition} Predict
# In 50 dimensions with one update a step: how much of the progress is made in the first half of the 51 steps?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

rng = np.random.default_rng(0)
A = np.diag([1.0, 4.0, 9.0])
G = 9.0 * np.eye(3)
for _ in range(3):
    E = G - A
    u = np.eye(3)[np.argmax(np.diag(E))]  # greedy: the largest diagonal entry of the error
    if u @ E @ u > 0:
        G = G - np.outer(E @ u, E @ u) / (u @ E @ u)
    print("error left:", np.round(np.linalg.eigvalsh(G - A), 3))

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.saddle_instances import quadratic_saddle
from ratecheck.theory.methods.quasi_newton.mgsr1 import MGSR1SP
from ratecheck.theory.methods.saddle.extragradient import Extragradient

problem = quadratic_saddle(n=25, condition=10.0)
facts = problem.facts
L, kappa, n = facts["smoothness"], 10.0, problem.start.size
measure = rc.measures.DISTANCE
fig, (left, right) = board.picture(2)
ends = {}
for tau, color in ((1, board.SKY), (5, board.BLUE), (25, board.BLACK)):
    last = n // tau + 1
    points = board.path(problem, MGSR1SP(scale=L**2, updates=tau), last)
    distance = np.linalg.norm(points - facts["x_star"], axis=1) / facts["radius"]
    left.semilogy(np.maximum(distance, 1e-16), color=color, label=rf"$\tau={tau}$")
    left.axvline(last, color=color, linestyle=":", linewidth=1)
    ends[tau] = distance
points = board.path(problem, Extragradient(1 / (4 * L)), 60)
left.semilogy(np.linalg.norm(points - facts["x_star"], axis=1) / facts["radius"], color=board.VERMILLION,
              label="extragradient")  # fmt: skip
k = np.arange(61)
left.semilogy(k, (1 - 1 / kappa**2) ** k, "k--", linewidth=1, label=r"$(1-\mu^2/L^2)^k$")
left.set(xlabel="steps", ylabel="relative distance", title="dotted: termination at n/τ + 1")
left.legend(fontsize=7)
for tau, color in ((1, board.SKY), (5, board.BLUE), (25, board.BLACK)):
    k = np.arange(n // tau + 1)
    right.semilogy(
        k, n * kappa**2 * np.maximum(1 - tau / n, 1e-16) ** k, color=color, label=rf"$\tau={tau}$"
    )
    right.plot(k[-1], 1, "o", color=color)
right.axhline(1.0, color=board.VERMILLION, linestyle="--", linewidth=1)
right.set(xlabel="steps", title=r"certified factor $n\kappa^2(1-\tau/n)^k$", ylim=(1e-2, None))
right.legend(fontsize=7)
print({tau: f"distance at the end {distance[-1]:.1e}" for tau, distance in ends.items()})

# %% [markdown]
# Left: slow, and then all at once. Right: the superlinear *certificate*, a product of factors
# $n\kappa^2(1-\tau/n)^k$, is above 1 — vacuous — for every step before termination (dots mark it). What helps before
# that is only the linear phase.
#
# :::{admonition} What is easily misquoted
# :class: warning
# - "Superlinear convergence" in a table of rates suggests progress from early on; here the ledger refutes that half of
#   the steps make most of it.
# - "Larger $\tau$ is cheaper": it saves *steps*, hardly any Hessian-vector products.
# - Keeping $G^{-1}$ instead of $G$ breaks down in float32 at condition 300: the square squares the condition number.
# :::
#
# ## Exercise
# Gradient descent-ascent on $f=xy$ multiplies the distance by $\sqrt{1+\eta^2}$ a step. Check that, and show that
# MGSR1-SP with $\tau=2$ arrives after 2 steps on the same game.

# %% tags=["solution", "hide-input"]
from ratecheck.testbeds.saddle_instances import scalar_game
from ratecheck.theory.methods.saddle.gradient import GDA

game = scalar_game()
spiral = np.linalg.norm(board.path(game, GDA(0.1), 50), axis=1)
arrived = np.linalg.norm(board.path(game, MGSR1SP(scale=4.0, updates=2), 2), axis=1)
print(f"factor {spiral[1] / spiral[0]:.5f}; MGSR1-SP: {arrived}")
assert np.allclose(spiral[1:] / spiral[:-1], np.sqrt(1 + 0.1**2))
assert arrived[-1] < 1e-12

# %% [markdown]
# ## What the ledger says

# %%
board.ask(
    "qn-05-termination",
    "qn-15-early-progress",
    "qn-14-vacuous-tau1",
    "qn-11-work",
    "sp-20-gda-diverges",
)
