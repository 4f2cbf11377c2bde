# %% [markdown]
# # 14. Batch size and learning rate
#
# A batch of $b$ samples divides the noise variance by $b$. Two scaling rules are in use: multiply the step by $b$
# (linear) or by $\sqrt b$. On a quadratic both can be checked against the exact stationary variance
#
# $$\mathrm{Var}(\eta,b)=\frac{\eta\,\sigma^2/b}{\lambda(2-\eta\lambda)} .$$
#
# For $\eta\lambda\ll1$ it depends on $\eta/b$ only: the linear rule. But the step has an edge at $2/L$ that no batch
# can move, so the rule must end at a *critical batch size*.
#
# :::{admonition} Predict
# Start from $\eta=0.1$, $b=1$, $L=1$. At which batch does the linear rule break down, and how?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def variance(eta: float, b: float) -> float:
    """Return the stationary variance at lambda = sigma = 1; infinite beyond the edge."""
    return eta / b / (2 - eta) if eta < 2 else np.inf


print(
    {
        b: (round(variance(0.1 * b, b), 4), round(variance(0.1 * b**0.5, b), 4))
        for b in (1, 4, 16, 64)
    }
)

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.quadratic import Quadratic

batches = np.array([1, 2, 4, 8, 12, 16, 19])
fig, (left, right) = board.picture(2)
for name, power, color in (("linear", 1.0, board.VERMILLION), ("root", 0.5, board.BLUE)):
    measured = []
    for b in batches:
        problem = Noisy(Quadratic((1.0,), (1.0,)), Gaussian((b**-0.5,)))
        points = board.path(
            problem, rc.methods.gradient.Subgradient(0.1 * b**power), 400, runs=512
        )
        measured.append((points[300:, :, 0] ** 2).mean())
    left.loglog(batches, measured, "o", color=color, label=f"{name} rule")
    grid = np.linspace(1, 19.5, 100)
    left.loglog(grid, [variance(0.1 * b**power, b) for b in grid], "--", color=color)
left.set(xlabel="batch size", ylabel="stationary variance", title="runs: dots, law: dashed")
left.legend()


def steps_to(target: float, b: float, lam: float = 1.0, start: float = 25.0) -> float:
    """Return the fewest steps to a second moment of `target`, the best constant step being chosen."""
    best = np.inf
    for eta in np.geomspace(1e-4, 1.0, 300):
        floor = eta / b / (2 - eta * lam) / lam
        if floor < target:
            best = min(
                best,
                np.log((target - floor) / (start - floor))
                / (2 * np.log(1 - min(eta * lam, 1 - 1e-9))),
            )
    return best


sizes = np.geomspace(1, 4096, 25)
steps = np.array([steps_to(0.01, b) for b in sizes])
right.loglog(sizes, steps, color=board.BLUE, label="steps")
right.loglog(sizes, steps * sizes, color=board.VERMILLION, label="samples")
right.loglog(sizes, steps[0] / sizes, "k--", linewidth=1, label="perfect scaling")
right.set(xlabel="batch size", title="to reach E x² = 0.01", ylim=(0.5, None))
right.legend()

# %% [markdown]
# Right: up to the bend, twice the batch halves the number of steps at no cost in samples; beyond it, samples are
# wasted. The bend is where the best step reaches the curvature limit: the critical batch size.
#
# :::{admonition} What courses get wrong
# :class: warning
# "Scale the learning rate linearly with the batch" without the edge: the exact variance ratio is
# $\frac{2-\eta\lambda}{2-b\eta\lambda}$, which is 1 only for $b\eta\lambda\ll2$. The ledger refutes the rule at
# $\eta\lambda=0.1$, $b=8$, by that factor.
# :::
#
# ## Exercise
# By which factor does the linear rule miss at $\eta\lambda=0.1$ and $b=8$? For which $b$ is the error below 10 %?

# %% tags=["solution", "hide-input"]
ratio = variance(0.8, 8) / variance(0.1, 1)
largest = max(b for b in range(1, 20) if variance(0.1 * b, b) / variance(0.1, 1) < 1.1)
print(f"factor {ratio:.4f}; within 10 % up to b = {largest}")
assert np.isclose(ratio, 1.9 / 1.2)
assert largest == 2

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-sgd-variance-batch", "law-linear-scaling")
