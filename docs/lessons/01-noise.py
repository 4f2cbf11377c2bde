# %% [markdown]
# # 1. Noise: what a mini-batch costs and buys
#
# Stochastic gradient descent steps along a gradient that is right only on average:
#
# $$x_{k+1} = x_k - \eta\, g_k, \qquad E\,g_k = \nabla f(x_k), \qquad \mathrm{Var}\,g_k = \sigma^2 .$$
#
# On $f(x)=\tfrac12\lambda x^2$ everything about it is known. The mean shrinks by $1-\eta\lambda$ a step; the variance
# settles where a step adds as much noise as it removes:
#
# $$v = (1-\eta\lambda)^2 v + \eta^2\sigma^2 \quad\Longrightarrow\quad v =
# \frac{\eta\,\sigma^2}{\lambda(2-\eta\lambda)}.$$
#
# :::{admonition} Predict
# Halve the step size. Does the spread of the final points halve, shrink by $\sqrt2$, or stay? And what does a batch
# four times as large do?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

rng, eta, lam, sigma = np.random.default_rng(0), 0.2, 1.0, 1.0
x = np.full(2000, 3.0)  # 2000 runs at once
for _ in range(100):
    x -= eta * (lam * x + sigma * rng.choice([-1.0, 1.0], x.size))
print(f"measured variance {x.var():.4f}, law {eta * sigma**2 / (lam * (2 - eta * lam)):.4f}")

# %% [markdown]
# The same with the package, for several step sizes. A problem carries its noise; `runs` runs are simulated at once.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.quadratic import Quadratic

problem = Noisy(Quadratic((1.0,), (3.0,)), Gaussian((1.0,)))


def law(eta: float, noise: float = 1.0) -> float:
    """Return the stationary variance."""
    return eta * noise / (2 - eta)


fig, (left, right) = board.picture(2)
squared = rc.measures.SQUARED_DISTANCE
for eta, color in ((0.8, board.VERMILLION), (0.2, board.BLUE), (0.05, board.GREEN)):
    method = rc.methods.gradient.Subgradient(eta)
    steps, values = board.run(problem, method, 400, measure=squared, runs=1024)
    left.loglog(steps, values.mean(axis=0), color=color, label=f"step {eta}")
    left.axhline(law(eta), color=color, linestyle="--")
    final = board.path(problem, method, 120, runs=1024)[-1, :, 0]
    right.hist(final, 40, density=True, color=color, alpha=0.4)
    grid = np.linspace(-3, 3, 301)
    right.plot(
        grid, np.exp(-(grid**2) / 2 / law(eta)) / np.sqrt(2 * np.pi * law(eta)), color=color
    )
left.set(xlabel="steps", ylabel="mean squared distance", title="runs solid, law dashed")
left.legend()
right.set(xlabel="final point", title="final points and the normal law")

# %% [markdown]
# The floor is proportional to the step for small steps, and it does not go away with more steps. Three cures: let the
# step fall, average the points, or take larger batches.

# %%
schedules = rc.schedules
cures = {
    "constant": rc.methods.gradient.Subgradient(0.5),
    "1/k": rc.methods.gradient.Subgradient(schedules.InverseTime(1.0, 2.0)),
    "cosine": rc.methods.gradient.Subgradient(schedules.Cosine(0.5, 2000)),
}
fig, ax = board.picture()
for (name, method), marker in zip(cures.items(), "os^"):
    steps, values = board.run(problem, method, 2000, measure=squared, runs=256)
    ax.loglog(steps, values.mean(axis=0), marker=marker, label=name)
steps, values = board.run(
    problem, cures["constant"], 2000, measure=squared, runs=256, output=rc.outputs.Average()
)
ax.loglog(steps, values.mean(axis=0), marker="D", label="constant, averaged")
ax.axhline(law(0.5), color="black", linestyle="--", label="law for 0.5")
ax.loglog(steps, 1 / steps, color="black", linestyle=":", label=r"$\sigma^2/(\lambda^2 k)$")
ax.set(xlabel="steps", ylabel="mean squared distance")
ax.legend()

# %% [markdown]
# :::{admonition} What courses get wrong
# :class: warning
# "SGD converges" — with a constant step it does not: it reaches a cloud of radius $\sqrt{\eta\sigma^2/2\lambda}$ and
# stays there. And "momentum averages the noise away": at the same step it makes the cloud *larger* (lesson 5).
# :::
#
# In PyTorch: `torch.optim.SGD(parameters, lr=0.2)`.
#
# ## Exercise
# A batch of $b$ samples divides the noise variance by $b$ and costs $b$ gradients. At step $\eta=0.2$,
# $\lambda=\sigma=1$, which is better for the same number of gradients once the floor is reached: batch 4 with step
# 0.2, or batch 1 with a step four times smaller? Compute both floors.

# %% tags=["solution", "hide-input"]
batch = law(0.2, noise=1 / 4)
small = law(0.05)
print(f"batch 4: {batch:.4f}, step 0.05: {small:.4f}")
assert batch > small  # 0.2/(4*1.8) = 0.0278 against 0.05/1.95 = 0.0256: nearly the same floor
assert np.isclose(batch / small, 1.95 / 1.8)

# %% [markdown]
# Both cost the same and end nearly alike: to first order a batch *is* a smaller step (lesson 14).
#
# ## What the ledger says

# %%
board.ask("law-sgd-variance", "law-sgd-variance-small-step", "law-sgd-no-floor")
