# %% [markdown]
# # 9. Weight decay: coupled and decoupled
#
# L2 regularization adds $\lambda x$ to the gradient. In Adam it is then divided by $\sqrt{\hat v}$ like everything
# else; AdamW (Loshchilov and Hutter, 2019) keeps it out:
#
# $$\text{Adam + L2: } x\text{ decays by about } \frac{\eta\lambda}{\sqrt{\hat v}} \text{ a step}, \qquad
# \text{AdamW: } x\text{ decays by } \eta\lambda .$$
#
# :::{admonition} Predict
# Two weights, one with gradients of size 1, one with gradients of size 100. Under Adam + L2, which decays faster?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

eta, lam, halves = 0.01, 0.5, {}
for scale in (1.0, 100.0):
    halves[scale] = np.log(2) / (
        eta * lam / scale
    )  # coupled: the root of v is the size of the gradients
print(
    f"half-lives, coupled: {halves[1.0]:.0f} and {halves[100.0]:.0f}; decoupled: {np.log(2) / (eta * lam):.0f}"
)

# %% [markdown]
# Gradients that alternate in sign pull nowhere on average, so what is left is decay. Runs solid, formulas dashed.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.prescribed import PrescribedSlopes
from ratecheck.theory.methods.clipping import L2Decay

horizon = 600
coupled = L2Decay(rc.methods.adam.Adam(eta, beta1=0.0), lam)
decoupled = rc.methods.adam.AdamW(eta, beta1=0.0, weight_decay=lam)
fig, axes = board.picture(2, sharey=True)
left_over = {}
for ax, (name, method) in zip(axes, {"Adam with L2": coupled, "AdamW": decoupled}.items()):
    for scale, color in ((1.0, board.BLUE), (100.0, board.VERMILLION)):
        alternating = PrescribedSlopes(tuple(scale * (-1.0) ** k for k in range(horizon)), at=1.0)
        x = board.path(alternating, method, horizon)[:, 0]
        smooth = (x[1:] + x[:-1]) / 2
        ax.plot(smooth, color=color, label=f"gradients of ±{scale:.0f}")
        speed = eta * lam / (scale if method is coupled else 1.0)
        ax.plot(np.exp(-speed * np.arange(horizon)), "--", color=color, linewidth=1)
        left_over[name, scale] = smooth[-1]
    ax.set(xlabel="steps", title=name)
axes[0].set(ylabel="weight")
axes[0].legend()

# %% [markdown]
# Coupled decay is strongest where gradients are small, the opposite of what a regularizer is meant to do. (The coupled
# curve for ±1 bends away from its dashed line once $\lambda x$ is no longer small beside the gradient.)
#
# Decay is relative to the step: with a schedule, $x$ shrinks by $\prod_t(1-\eta_t\lambda)$, so decay is annealed too.

# %%
silent = PrescribedSlopes((0.0,), at=1.0)
cosine = rc.schedules.Cosine(0.05, 400)
x = board.path(silent, rc.methods.adam.AdamW(cosine, weight_decay=0.1), 400)[:, 0]
product = np.cumprod([1 - cosine(k) * 0.1 for k in range(400)])
print(f"largest difference to the product: {np.abs(x[1:] - product).max():.1e}")

# %% [markdown]
# :::{admonition} What courses get wrong
# :class: warning
# "AdamW applies decay *after* the Adam step." Both terms use the old point, so the order does not matter:
# $x-u-\eta\lambda x=(1-\eta\lambda)x-u$. What does matter is $\eta_t$: halving the learning rate halves the decay.
# :::
#
# In PyTorch, exclude biases and norms with two groups:
# `torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}])`.
#
# ## Exercise
# You train for $T$ steps with a cosine from $\eta$ to 0. Which constant learning rate gives a silent weight the same
# total decay (to first order in $\eta\lambda$)? Check it for the run above.

# %% tags=["solution", "hide-input"]
constant = 0.05 / 2  # the mean of a cosine is half of its peak
end = board.path(silent, rc.methods.adam.AdamW(constant, weight_decay=0.1), 400)[-1, 0]
print(f"cosine {x[-1]:.4f}, constant {end:.4f}")
assert np.isclose(end, x[-1], rtol=0.01)

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-decoupled-decay")
