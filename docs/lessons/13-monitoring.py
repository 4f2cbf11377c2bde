# %% [markdown]
# # 13. Reading a training curve
#
# Loss and gradient norm, $\|\nabla L\|=\sqrt{\sum_p\|\nabla_pL\|^2}$, tell five stories apart:
#
# | signature | loss | gradient norm | first thing to try |
# |---|---|---|---|
# | healthy | falls, then flattens | falls to the noise | nothing |
# | divergence | grows geometrically | grows alike | step below $2/L$ |
# | oscillation | stays, alternates | stays large | smaller step |
# | spike | jumps once, comes back | one jump | clip; look at the batch |
# | plateau | flat from the start | small but steady | larger step, or a saddle |
#
# :::{admonition} Predict
# On a quadratic with $L=1$, which step sizes give divergence, oscillation, health and plateau?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def per_step_factor(loss: np.ndarray) -> float:
    """Return the factor by which the second half of a loss curve changes a step."""
    half = np.log(loss[len(loss) // 2 :])
    return float(np.exp(np.polyfit(np.arange(half.size), half, 1)[0]))


print(per_step_factor(0.81 ** np.arange(50)))

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.quadratic import Quadratic

quadratic = Quadratic((0.05, 1.0), (1.0, 1.0))
noisy = Noisy(quadratic, Gaussian((0.01, 0.01)))
descent = rc.methods.gradient.Subgradient
k = np.arange(121)


def curve(problem: object, method: object, kick: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return loss and gradient norm of a run; a kick moves the point once, as a bad batch does."""
    points = board.path(problem, method, 60)
    if kick:
        later = Quadratic(quadratic.spectrum, tuple(points[-1] + kick))
        points = np.concatenate([points, board.path(Noisy(later, problem.noise), method, 60)[1:]])
    else:
        points = board.path(problem, method, 120)
    return problem.value(points), np.linalg.norm(problem.subgradient(points), axis=1)


runs = {
    "healthy": curve(noisy, descent(0.5)),
    "divergence": curve(noisy, descent(2.1)),
    "oscillation": curve(Quadratic((1.0, 1.0), (1.0, 0.5)), descent(2.0)),
    "spike": curve(noisy, descent(0.5), kick=10.0),
    "plateau": curve(quadratic, descent(1e-4)),
}
fig, axes = board.picture(2, sharex=True)
for name, (loss, norm) in runs.items():
    axes[0].semilogy(loss, label=name)
    axes[1].semilogy(norm, label=name)
axes[0].semilogy(
    k, 0.5 * 1.1 ** (2 * k), "k--", linewidth=1, label=r"$\frac{1}{2}(1-\eta L)^{2k}$"
)
axes[0].set(xlabel="steps", title="loss", ylim=(1e-6, 1e8))
axes[1].set(xlabel="steps", title="gradient norm", ylim=(1e-4, 1e5))
axes[0].legend(fontsize=7)

# %% [markdown]
# Divergence on a quadratic is exactly geometric: the factor is $(1-\eta L)^2$ per step of the loss, so the curve tells
# you $\eta L$, and with it the step that would have been stable.

# %%
factor = per_step_factor(runs["divergence"][0])
curvature = (1 + factor**0.5) / 2.1
print(
    f"factor {factor:.4f}, hence L = {curvature:.4f}: a step below {2 / curvature:.3f} is stable"
)

# %% [markdown]
# :::{admonition} What courses get wrong
# :class: warning
# "A flat loss means a local minimum." The gradient norm decides: flat loss with a steady gradient is a step that is too
# short; flat loss with no gradient may also be a saddle (lesson 16). And a healthy constant-step run *stays* at its
# noise floor: a flat end is not a failure.
# :::
#
# ## Exercise
# Write a classifier for the five signatures that looks at the loss and the norm only, and test it on the runs above and
# on fresh ones.

# %% tags=["solution", "hide-input"]


def classify(loss: np.ndarray, norm: np.ndarray) -> str:
    """Return the name of the signature."""
    if loss[-1] > 10 * loss[0]:
        return "divergence"
    if loss.max() > 20 * loss[0]:
        return "spike"
    if loss[-1] > 0.5 * loss[0]:
        return "oscillation" if norm[-1] > 0.9 * norm[0] and norm[0] > 1.05 else "plateau"
    return "healthy"


answers = {name: classify(*run) for name, run in runs.items()}
print(answers)
assert all(name == answer for name, answer in answers.items())
fresh = curve(Noisy(quadratic, Gaussian((0.02, 0.02))), descent(0.8))
assert classify(*fresh) == "healthy"
assert classify(*curve(noisy, descent(2.5))) == "divergence"

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-gd-edge-outside", "law-sgd-no-floor")
