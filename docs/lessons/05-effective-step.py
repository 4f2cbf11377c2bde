# %% [markdown]
# # 5. The effective step of momentum
#
# Three conventions are in print:
#
# | convention | rule | a constant gradient ends in steps of |
# |---|---|---|
# | sum (PyTorch) | $v=\beta v+g,\ x\mathrel{-}=\eta v$ | $\eta/(1-\beta)$ |
# | average | $m=\beta m+(1-\beta)g,\ x\mathrel{-}=\alpha m$ | $\alpha$ |
# | velocity (heavy ball) | $v=\beta v+\eta g,\ x\mathrel{-}=v$ | $\eta/(1-\beta)$ |
#
# With $\alpha=\eta/(1-\beta)$ they are the same method, as long as $\eta$ is constant.
#
# :::{admonition} Predict
# At step 50 the step size drops by ten. Which of the three reacts at once?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

beta, eta, v, steps_taken = 0.9, 0.01, 0.0, []
for _ in range(60):
    v = beta * v + 1.0  # gradient 1
    steps_taken.append(eta * v)
print(
    f"first step {steps_taken[0]:.3f}, last step {steps_taken[-1]:.3f}, eta/(1-beta) = {eta / (1 - beta):.3f}"
)

# %% [markdown]
# The package has all three; `PrescribedSlopes` answers with gradients that we choose.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.prescribed import PrescribedSlopes

ones = PrescribedSlopes((1.0,))
drop = rc.schedules.StepDecay(0.1, 0.1, 50)
average_drop = rc.schedules.StepDecay(1.0, 0.1, 50)
momentum = rc.methods.momentum
conventions = {
    "sum": (momentum.Momentum(0.1, beta), momentum.Momentum(drop, beta)),
    "average": (
        momentum.AveragedMomentum(1.0, beta),
        momentum.AveragedMomentum(average_drop, beta),
    ),
    "velocity": (momentum.HeavyBall(0.1, beta), momentum.HeavyBall(drop, beta)),
}
fig, axes = board.picture(2)
taken = {}
for name, style in zip(conventions, ("-", "--", "-")):
    for which, ax in enumerate(axes):
        points = board.path(ones, conventions[name][which], 100)[:, 0]
        taken[name, which] = -np.diff(points)
        ax.plot(taken[name, which], style, label=name)
k = np.arange(100)
axes[0].plot(
    k, 0.1 * (1 - beta ** (k + 1)) / (1 - beta), "k:", label=r"$\eta(1-\beta^{k+1})/(1-\beta)$"
)
axes[1].plot(k[50:], 0.1 + 0.9 * beta ** (k[50:] - 49), "k:", label=r"$0.1+0.9\,\beta^{k-49}$")
axes[0].set(title="constant step size", xlabel="step", ylabel="length of the step")
axes[1].set(title="step size drops at 50", xlabel="step")
for ax in axes:
    ax.legend()

# %% [markdown]
# The velocity convention carries the old step sizes inside $v$ and forgets them at the rate $\beta$; the other two drop
# at once. After a learning-rate decay two libraries can disagree for $1/(1-\beta)$ steps and both be "SGD with
# momentum".
#
# :::{admonition} What courses get wrong
# :class: warning
# "$v$ is a decaying moving *average*", beside the formula $v=\beta v+g$, which is a decaying *sum*: its weights add up
# to $1/(1-\beta)$. So switching on $\beta=0.9$ at the same learning rate makes steps ten times longer; to compare
# fairly, divide the learning rate by ten.
# :::
#
# Noise: at the same $\eta$ the sum convention has stationary variance
# $\frac{\eta\sigma^2(1+\beta)}{\lambda(1-\beta)(2(1+\beta)-\eta\lambda)}$, larger than that of SGD; at the same
# *effective* step it is nearly equal.

# %%
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.quadratic import Quadratic


def variance(eta: float, beta: float) -> float:
    """Return the stationary variance at lambda = sigma = 1."""
    return eta * (1 + beta) / ((1 - beta) * (2 * (1 + beta) - eta))


noisy = Noisy(Quadratic((1.0,), (1.0,)), Gaussian((1.0,)))
fig, ax = board.picture()
for name, eta, b in (
    ("SGD, 0.05", 0.05, 0.0),
    ("0.9, same step", 0.05, 0.9),
    ("0.9, step/10", 0.005, 0.9),
):
    squared = board.path(noisy, momentum.Momentum(eta, b), 2000, runs=256)[:, :, 0] ** 2
    (line,) = ax.semilogy(squared.mean(axis=1)[::10], linewidth=1, label=name)
    ax.axhline(variance(eta, b), color=line.get_color(), linestyle="--")
ax.set(xlabel="steps / 10", ylabel="mean squared distance", title="runs solid, law dashed")
ax.legend()

# %% [markdown]
# ## Exercise
# You move a recipe from a library with the average convention (`lr=3e-4`, $\beta=0.95$) to PyTorch's `SGD`. Which
# learning rate gives the same points? Check it on five steps.

# %% tags=["solution", "hide-input"]
from ratecheck.theory.methods.momentum import sum_step_size

lr = sum_step_size(3e-4, 0.95)
quadratic = Quadratic((1.0, 30.0), (1.0, 1.0))
ours = board.path(quadratic, momentum.AveragedMomentum(3e-4, 0.95), 5)
theirs = board.path(quadratic, momentum.Momentum(lr, 0.95), 5)
print(f"lr = {lr:.2e}")
assert np.isclose(lr, 1.5e-5)
assert np.allclose(ours, theirs, rtol=1e-13)

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-momentum-sum", "law-momentum-velocity-drop", "law-momentum-misread", "law-momentum-conventions-agree",
          "law-momentum-smoothing")  # fmt: skip
