# %% [markdown]
# # 2. Ravines
#
# A ravine is a quadratic that is much steeper along one direction than along another:
#
# $$f(x,y) = 0.1\,x^2 + 10\,y^2, \qquad \lambda_1 = 0.2,\ \lambda_2 = 20,\ \kappa = 100.$$
#
# Gradient descent multiplies each eigen-coordinate by $1-\eta\lambda_i$. The steep one limits the step to
# $\eta<2/\lambda_2$; the flat one then hardly moves.
#
# :::{admonition} Predict
# Turn the ravine by 45°. Which of gradient descent, momentum and Adam notices?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

lam, eta = np.array([0.2, 20.0]), 0.09
point = np.array([10.0, 1.0])
for _ in range(100):
    point = point - eta * lam * point
print("after 100 steps:", point, " exactly:", (1 - eta * lam) ** 100 * [10.0, 1.0])

# %% [markdown]
# The package's `Quadratic` takes eigenvalues, the start in the eigenbasis, and an angle.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.quadratic import Quadratic

methods = {
    "gradient descent": rc.methods.gradient.Subgradient(0.09),
    "heavy ball": rc.methods.momentum.HeavyBall(0.09, 0.8),
    "Nesterov": rc.methods.nesterov.Nesterov(0.045, 0.8),
    "Adam": rc.methods.adam.Adam(0.3),
}
ravines = {angle: Quadratic((0.2, 20.0), (10.0, 1.0), np.deg2rad(angle)) for angle in (0, 45)}

fig, axes = board.picture(2, height=3.6)
for ax, (angle, problem) in zip(axes, ravines.items()):
    side = np.linspace(-11, 11, 121)
    X, Y = np.meshgrid(side, side)
    Z = problem.value(np.stack([X.ravel(), Y.ravel()], axis=1)).reshape(X.shape)
    ax.contour(X, Y, np.log(Z + 0.05), 12, colors="0.8", linewidths=0.7)
    for name, method in methods.items():
        points = board.path(problem, method, 60)
        ax.plot(points[:, 0], points[:, 1], marker=".", markersize=2, linewidth=1, label=name)
    ax.set(title=f"turned by {angle}°", xlim=(-11, 11), ylim=(-11, 11), aspect="equal")
axes[0].legend(fontsize=7)

# %% [markdown]
# Gaps over steps. The dashed line is the closed form
# $f(x_k)=\tfrac12\sum_i\lambda_i c_i^2(1-\eta\lambda_i)^{2k}$, which does not know the angle.

# %%
steps = np.arange(1, 201)
fig, axes = board.picture(2)
gaps = {}
for ax, (angle, problem) in zip(axes, ravines.items()):
    for name, method in methods.items():
        _, values = board.run(problem, method, 200, steps=steps)
        gaps[name, angle] = values[0]
        ax.semilogy(steps, values[0], linewidth=1.2, label=name)
    c, spectrum = problem.facts["coordinates"], problem.facts["spectrum"]
    exact = (spectrum * c**2 / 2) @ (1 - 0.09 * spectrum)[:, None] ** (2 * steps)
    ax.semilogy(steps, exact, color="black", linestyle="--", linewidth=1, label="closed form, GD")
    ax.set(xlabel="steps", title=f"turned by {angle}°", ylim=(1e-10, 1e3))
axes[0].set(ylabel="gap")
axes[1].legend(fontsize=7)

# %% [markdown]
# Gradient descent and both momentum methods are *equivariant*: turn the problem and the path turns with it. Adam
# scales each coordinate, so it sees the axes: an advantage if the ravine lies along one, gone if it does not.
#
# :::{admonition} What courses get wrong
# :class: warning
# "$\kappa$ defines ill-conditioning." For a method with a step for each coordinate what counts is whether the
# curvature is *aligned with the axes or with blocks*, not $\kappa$ alone. Both panels have $\kappa=100$.
# :::
#
# In PyTorch: `torch.optim.Adam(parameters, lr=0.3)`.
#
# ## Exercise
# Show with the runs above that gradient descent's gaps agree between both angles to rounding, and that Adam's do not.

# %% tags=["solution", "hide-input"]
drift = np.abs(gaps["gradient descent", 45] / gaps["gradient descent", 0] - 1).max()
change = np.abs(np.log10(gaps["Adam", 45] / gaps["Adam", 0])).max()
print(f"gradient descent changes by a relative {drift:.1e}, Adam by up to {change:.1f} decades")
assert drift < 1e-9
assert change > 1

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-gd-ravine", "law-gd-ravine-rotated", "law-hb-ravine")
