# %% [markdown]
# # 6. Sensitivity to the step size
#
# Plot the final loss against the step size: a U. On the left nothing has moved yet, on the right the method diverges,
# in between noise decides. On a quadratic all three parts are formulas: after $k$ steps of SGD
#
#
#
# $$E\,f(x_k)-f^\star=\sum_i\frac{\lambda_i}2\Big[\rho_i^{2k}c_i^2+\eta^2\sigma_i^2
# \frac{1-\rho_i^{2k}}{1-\rho_i^2}\Big], \qquad \rho_i=1-\eta\lambda_i,$$
#
# and the right wall stands at $2/L$ for SGD and at $2(1+\beta)/L$ for momentum.
#
# :::{admonition} Predict
# Which of SGD, momentum and Adam has the widest valley, counted in factors of the step size?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def expected_gap(eta: float, k: int, lam: np.ndarray, c: np.ndarray, sigma: np.ndarray) -> float:
    """Return the expected gap of SGD after k steps."""
    rho = 1 - eta * lam
    noise = eta**2 * sigma**2 * (1 - rho ** (2 * k)) / (1 - rho**2)
    return float(lam / 2 @ (rho ** (2 * k) * c**2 + noise))


print(
    [
        round(expected_gap(eta, 200, np.ones(1), np.ones(1), np.full(1, 0.1)), 5)
        for eta in (1e-3, 1e-1, 1.9)
    ]
)

# %% [markdown]
# Sixty-four runs at each of many step sizes; bands are quartiles, crosses the exact expectation for SGD.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.quadratic import Quadratic

lam, c, sigma = (0.05, 0.3, 1.0), (1.0, 1.0, 1.0), (0.1, 0.1, 0.1)
problem, horizon = Noisy(Quadratic(lam, c), Gaussian(sigma)), 200
families = {
    "SGD": (lambda eta: rc.methods.gradient.Subgradient(eta), np.geomspace(1e-3, 3, 16)),
    "momentum 0.9": (
        lambda eta: rc.methods.momentum.Momentum(eta, 0.9),
        np.geomspace(1e-4, 5, 18),
    ),
    "Adam": (lambda eta: rc.methods.adam.Adam(eta), np.geomspace(1e-3, 3, 14)),
}
fig, ax = board.picture(width=6.4, height=3.6)
valleys = {}
for (name, (make, etas)), color in zip(
    families.items(), (board.VERMILLION, board.BLUE, board.GREEN)
):
    final = np.array(
        [
            board.run(problem, make(eta), horizon, runs=64, steps=[horizon])[1][:, 0]
            for eta in etas
        ]
    )
    low, middle, high = np.quantile(final, (0.25, 0.5, 0.75), axis=1)
    ax.loglog(etas, middle, color=color, label=name)
    ax.fill_between(etas, low, high, color=color, alpha=0.2)
    good = etas[middle < 3 * middle.min()]
    valleys[name] = good.max() / good.min()
arrays = [np.array(v) for v in (lam, c, sigma)]
etas = families["SGD"][1][families["SGD"][1] < 2]
ax.loglog(
    etas, [expected_gap(eta, horizon, *arrays) for eta in etas], "kx", label="exact mean, SGD"
)
ax.axvline(2.0, color=board.VERMILLION, linestyle="--", linewidth=1)
ax.axvline(3.8, color=board.BLUE, linestyle="--", linewidth=1)
ax.set(
    xlabel="step size",
    ylabel=f"gap after {horizon} steps",
    ylim=(1e-4, 1e3),
    title="dashed: 2/L and 2(1+β)/L",
)
ax.legend()
print(
    {name: f"within 3x of the best over a factor {width:.0f}" for name, width in valleys.items()}
)

# %% [markdown]
# Momentum's valley lies a factor $1-\beta$ to the left, since its effective step is $\eta/(1-\beta)$; its wall is *not*
# ten times to the left but at $2(1+\beta)/L$. Adam has no wall in this picture: its step is at most about $\eta$, so it
# does not diverge, it rattles with amplitude $\eta$.
#
# :::{admonition} What courses get wrong
# :class: warning
# Comparing optimizers at *one* learning rate, or each at its library's default. Compare valleys: best value **and**
# width. `torch`'s SGD and SGD-with-momentum snippets with the same `lr=0.01` differ by ten in effective step.
# :::
#
# ## Exercise
# Find the best step size of SGD for this problem by minimizing `expected_gap` on a grid. Is it near $2/(L+\mu)$?

# %% tags=["solution", "hide-input"]
grid = np.geomspace(1e-3, 1.99, 400)
best = grid[np.argmin([expected_gap(eta, horizon, *arrays) for eta in grid])]
print(f"best step {best:.3f}; without noise it would be 2/(L+mu) = {2 / 1.05:.3f}")
assert 0.1 < best < 0.5  # noise moves it far to the left
assert expected_gap(best, horizon, *arrays) < 0.2 * expected_gap(2 / 1.05, horizon, *arrays)

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-sgd-moments", "law-hb-edge-outside", "law-momentum-sum")
