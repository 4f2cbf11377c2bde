# %% [markdown]
# # 3. The condition number
#
# $\kappa = L/\mu$ is the ratio of the largest to the smallest curvature. Gradient descent is stable iff
# $0<\eta<2/L$; the best step balances both ends of the spectrum:
#
# $$\eta^\star=\frac{2}{L+\mu}, \qquad \|x_k-x^\star\| \le \Big(\frac{\kappa-1}{\kappa+1}\Big)^k \|x_0-x^\star\| .$$
#
# Momentum replaces $\kappa$ by $\sqrt\kappa$: with $\eta=\tfrac{4}{(\sqrt L+\sqrt\mu)^2}$ and
# $\beta=\big(\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}\big)^2$ the rate is $\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}$.
#
# :::{admonition} Predict
# From $\kappa=100$ to $\kappa=10\,000$: how many times more steps does gradient descent need? And momentum?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

lam = np.array([0.01, 1.0])
eta, x = 2 / lam.sum(), np.ones(2)
for _ in range(50):
    x = x - eta * lam * x
print("factor per step:", np.abs(x) ** (1 / 50), " theory:", (100 - 1) / (100 + 1))

# %% [markdown]
# Steps until the distance has shrunk by a thousand, against $\kappa$:

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.quadratic import Quadratic
from ratecheck.theory.methods.momentum import optimal_heavy_ball


def steps_needed(problem: object, method: object, shrink: float, most: int) -> int:
    """Return the number of steps after which the distance stays below `shrink` times that at the start."""
    points = board.path(problem, method, most)
    distance = np.linalg.norm(points, axis=1) / np.linalg.norm(points[0])
    return int(np.flatnonzero(distance > shrink)[-1]) + 1


kappas = np.array([4, 10, 30, 100, 300, 1000])
counts = {"gradient descent": [], "heavy ball": []}
for kappa in kappas:
    problem = Quadratic((1.0 / kappa, 0.3, 1.0), (1.0, 1.0, 1.0))
    L, mu = problem.facts["smoothness"], problem.facts["strong_convexity"]
    counts["gradient descent"].append(
        steps_needed(
            problem, rc.methods.gradient.Subgradient(2 / (L + mu)), 1e-3, int(5 * kappa) + 20
        )
    )
    counts["heavy ball"].append(
        steps_needed(problem, optimal_heavy_ball(L, mu), 1e-3, int(10 * kappa**0.5) + 40)
    )

root = np.sqrt(kappas)
theory = {
    "gradient descent": np.log(1e-3) / np.log((kappas - 1) / (kappas + 1)),
    "heavy ball": np.log(1e-3) / np.log((root - 1) / (root + 1)),
}
fig, (left, right) = board.picture(2)
for name, color in (("gradient descent", board.VERMILLION), ("heavy ball", board.BLUE)):
    left.loglog(kappas, counts[name], "o", color=color, label=name)
    left.loglog(kappas, theory[name], "--", color=color)
left.set(
    xlabel=r"condition number $\kappa$",
    ylabel="steps to 1/1000",
    title="runs: dots, ln(1/1000)/ln(rate): dashed",
)
left.legend()
modes = Quadratic(tuple(np.geomspace(0.01, 1, 12)), (1.0,) * 12)
for k, color in ((3, board.SKY), (30, board.BLUE), (300, board.BLACK)):
    points = board.path(modes, rc.methods.gradient.Subgradient(2 / 1.01), k)
    right.plot(modes.spectrum, np.abs(points[-1]), "o", color=color, label=f"after {k} steps")
    grid = np.geomspace(0.01, 1, 200)
    right.plot(grid, np.abs(1 - 2 / 1.01 * grid) ** k, "--", color=color, linewidth=1)
right.set(
    xscale="log",
    xlabel="eigenvalue",
    ylabel="what is left of a mode",
    title=r"$|1-\eta\lambda|^k$ mode by mode",
)
right.legend()

# %% [markdown]
# Slope 1 for gradient descent, slope ½ for momentum. The heavy ball's dots lie *above* its line: its iteration matrix
# has a Jordan block, which costs a factor that grows like $k$ — the rate is right, the constant is not 1.
#
# :::{admonition} What courses get wrong
# :class: warning
# Reading the heavy ball's rate as a bound with constant 1. The exact worst case is $(1+k(1+q))\,q^k$ with
# $q=\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}$; and away from quadratics the method need not converge at all (lesson 21).
# :::
#
# ## Exercise
# For $f(x)=0.1x_1^2+2x_2^2$: which constant steps are stable, and does momentum $\beta=0.5$ rescue $\eta=0.6$?
# (Momentum is stable iff $\eta L<2(1+\beta)$.)

# %% tags=["solution", "hide-input"]
problem = Quadratic((0.2, 4.0), (5.0, 2.0))
final = {}
for name, method in {
    "GD 0.4": rc.methods.gradient.Subgradient(0.4),
    "GD 0.6": rc.methods.gradient.Subgradient(0.6),
    "momentum 0.6": rc.methods.momentum.HeavyBall(0.6, 0.5),
}.items():
    final[name] = float(np.linalg.norm(board.path(problem, method, 60)[-1]))
print(final)
assert final["GD 0.4"] < 0.1  # 0.4 < 2/L = 0.5
assert final["GD 0.6"] > 1e3  # beyond the edge
assert final["momentum 0.6"] < 1e-2  # 0.6 < 2 (1 + 0.5) / 4 = 0.75

# %% [markdown]
# ## What the ledger says

# %%
board.ask(
    "law-gd-edge-inside", "law-gd-edge-outside", "law-hb-less-momentum", "law-hb-more-momentum"
)
