# %% [markdown]
# # 4. Momentum is a damped oscillator
#
# On one mode of curvature $\lambda$ the heavy ball $x_{k+1}=x_k-\eta\lambda x_k+\beta(x_k-x_{k-1})$ is a linear map of
# the last two points:
#
# $$\begin{pmatrix}x_{k+1}\\x_k\end{pmatrix} =
# \begin{pmatrix}1+\beta-\eta\lambda & -\beta\\1&0\end{pmatrix}\begin{pmatrix}x_k\\x_{k-1}\end{pmatrix}.$$
#
# Its eigenvalues tell everything. It is stable iff $0<\eta\lambda<2(1+\beta)$. They are complex iff
# $(1-\sqrt{\eta\lambda})^2<\beta<(1+\sqrt{\eta\lambda})^2$; then both have modulus $\sqrt\beta$, whatever $\lambda$ is.
#
# :::{admonition} Predict
# At $\eta\lambda=0.25$: does more momentum always help? Where is the best $\beta$?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def rate(step: float, beta: float) -> float:
    """Return the largest modulus of an eigenvalue for step = eta * lambda."""
    return float(np.abs(np.linalg.eigvals([[1 + beta - step, -beta], [1, 0]])).max())


print({beta: round(rate(0.25, beta), 3) for beta in (0.0, 0.1, 0.25, 0.5, 0.9)})

# %% [markdown]
# The phase diagram, and three trajectories on it.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.quadratic import Quadratic

mode = Quadratic((1.0,), (1.0,))
spots = {"overdamped": (0.25, 0.05), "critical": (0.25, 0.25), "underdamped": (0.25, 0.8)}
colors = dict(zip(spots, (board.VERMILLION, board.GREEN, board.BLUE)))

fig, (left, right) = board.picture(2, height=3.4)
step_grid, beta_grid = np.linspace(0.01, 4, 140), np.linspace(0, 0.99, 100)
rates = np.array([[rate(s, b) for s in step_grid] for b in beta_grid])
image = left.pcolormesh(
    step_grid, beta_grid, np.minimum(rates, 1.0), cmap="viridis", shading="auto", rasterized=True
)
left.plot(step_grid, (1 - np.sqrt(step_grid)) ** 2, color="white", linestyle="--")
left.plot(2 * (1 + beta_grid), beta_grid, color=board.VERMILLION)
for name, (s, b) in spots.items():
    left.plot(s, b, "o", color=colors[name], markeredgecolor="white", markersize=7)
left.set(
    xlabel=r"$\eta\lambda$",
    ylabel=r"$\beta$",
    ylim=(0, 0.99),
    title="rate; dashed: critical, red: edge",
)
fig.colorbar(image, ax=left)
for name, (s, b) in spots.items():
    points = board.path(mode, rc.methods.momentum.HeavyBall(s, b), 40)[:, 0]
    right.plot(points, color=colors[name], label=name)
    power = np.array([[1 + b - s, -b], [1, 0]])
    exact = [(np.linalg.matrix_power(power, k) @ [1.0, 1.0])[0] for k in range(41)]
    right.plot(exact, "k:", linewidth=1)
    envelope = rate(s, b) ** np.arange(41)
    right.plot(envelope, "--", color=colors[name], linewidth=0.8)
right.set(xlabel="steps", title="runs solid, matrix powers dotted, rate dashed")
right.legend()

# %% [markdown]
# Below the dashed curve momentum is too weak: two real eigenvalues, a slow creep. On the curve they meet: critical
# damping, the fastest. Above it the mode rings, and the rate $\sqrt\beta$ gets *worse* with every bit of momentum.
#
# :::{admonition} What courses get wrong
# :class: warning
# "Momentum dampens oscillations." Above the critical line it *causes* them. What it buys is a longer stable step and a
# slow mode that moves. And the edge is $2(1+\beta)/L$, not the $2/L$ of gradient descent.
# :::
#
# In PyTorch: `torch.optim.SGD(parameters, lr=0.25, momentum=0.8)`.
#
# ## Exercise
# Two modes, $\mu=0.01$ and $L=1$. Show numerically that no $(\eta,\beta)$ beats
# $q=\tfrac{\sqrt\kappa-1}{\sqrt\kappa+1}$ with $\kappa=100$, and that the optimal pair attains it.

# %% tags=["solution", "hide-input"]
from ratecheck.theory.methods.momentum import optimal_heavy_ball

best = optimal_heavy_ball(1.0, 0.01)
q = (np.sqrt(100) - 1) / (np.sqrt(100) + 1)
grid = [
    max(rate(s * 0.01, b), rate(s, b))
    for s in np.linspace(0.1, 4, 80)
    for b in np.linspace(0.0, 0.98, 50)
]
attained = max(rate(best.step_size * 0.01, best.momentum), rate(best.step_size, best.momentum))
print(
    f"optimal ({best.step_size:.4f}, {best.momentum:.4f}): {attained:.4f}, theory {q:.4f}, grid {min(grid):.4f}"
)
assert abs(attained - q) < 1e-6  # a double eigenvalue is known to the root of rounding
assert min(grid) >= q - 1e-6

# %% [markdown]
# ## What the ledger says

# %%
board.ask(
    "law-hb-underdamped",
    "law-hb-overdamped",
    "law-hb-edge-inside",
    "law-hb-edge-outside",
    "law-hb-edge-misread",
)
