# %% [markdown]
# # 7. Why one step size for all parameters fails
#
# If coordinate $i$ has gradients up to $G_i$ and width $D_i$, online gradient descent with one step pays regret of
# order $\sqrt{T\sum_i D_i^2\sum_i G_i^2}$; a step for each coordinate, $\eta_i \propto D_i/G_i$, pays
# $\sqrt{T}\sum_i D_iG_i$, which Cauchy–Schwarz makes smaller. AdaGrad gets there without knowing $G_i$:
#
# $$v_i \mathrel{+}= g_i^2, \qquad x_i \mathrel{-}= \eta\,\frac{g_i}{\sqrt{v_i}} .$$
#
# :::{admonition} Predict
# A feature that is seen once in a hundred samples: does AdaGrad give it longer or shorter steps than a common one?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

rng, v, lengths = np.random.default_rng(1), np.zeros(2), [[], []]
for _ in range(2000):
    g = (
        rng.random(2) < [1.0, 0.01]
    ) * 1.0  # the second gradient is there once in a hundred steps
    v += g**2
    for i in np.flatnonzero(g):
        lengths[i].append(g[i] / np.sqrt(v[i]))
print(f"step at the end: common feature {lengths[0][-1]:.3f}, rare feature {lengths[1][-1]:.3f}")

# %% [markdown]
# **Blocks.** Three blocks with curvatures near 1, 100 and 5000. The total condition number is 5000 in both testbeds; in
# the heterogeneous one each block by itself has condition number at most 3. Gradient descent cannot tell the testbeds
# apart; a step for each block can. Dashed: what the block's own condition number promises, $(1-1/\kappa_b)^{2k}$.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.grouping import block_quadratic

fig, axes = board.picture(2, sharey=True)
final = {}
for ax, arrangement in zip(axes, ("het", "hom")):
    problem = block_quadratic("A", arrangement)
    facts = problem.facts
    methods = {
        "one step, 1/L": rc.methods.gradient.Subgradient(1 / facts["smoothness"]),
        "a step for each block": rc.methods.gradient.Subgradient(1 / facts["block_smoothness"]),
    }
    for name, method in methods.items():
        steps, values = board.run(problem, method, 200, runs=problem.instances)
        ratio = np.median(values / facts["initial_gap"][:, None], axis=0)
        ax.semilogy(steps, ratio, label=name)
        final[arrangement, name] = ratio[-1]
    rate = (1 - 1 / facts["block_condition"]) ** (2 * steps)
    ax.semilogy(steps, rate, "k--", linewidth=1, label=r"$(1-1/\kappa_b)^{2k}$")
    ax.set(xlabel="steps", title=f"{problem.name}", ylim=(1e-14, 2))
axes[0].set(ylabel="gap / gap at the start")
axes[0].legend(fontsize=7)

# %% [markdown]
# **Rare classes.** Softmax regression whose class frequencies follow Zipf's law, as words do.

# %%
from ratecheck.testbeds.small_networks import zipf_softmax

problem = zipf_softmax()
fig, ax = board.picture()
best = {}
for name, make, etas in (
    ("SGD", rc.methods.gradient.Subgradient, (0.1, 0.3, 1.0)),
    ("AdaGrad", rc.methods.adaptive.AdaGrad, (0.1, 0.3, 1.0)),
    ("Adam", rc.methods.adam.Adam, (0.003, 0.01, 0.03)),
):
    curves = [board.run(problem, make(eta), 1000, runs=16) for eta in etas]
    steps, values = min(curves, key=lambda curve: np.median(curve[1][:, -1]))
    ax.loglog(steps, np.median(values, axis=0), label=f"{name}, best of {len(etas)} steps")
    best[name] = float(np.median(values[:, -1]))
ax.set(xlabel="sample gradients", ylabel="gap")
ax.legend()
print({name: round(gap, 4) for name, gap in best.items()})

# %% [markdown]
# :::{admonition} What courses get wrong
# :class: warning
# "Adaptive methods are better on ill-conditioned problems." Look at the right panel above: the same $\kappa$, the same
# methods, no gain. They help where curvature or frequency *differs between coordinates or blocks*.
# :::
#
# In PyTorch, groups get steps of their own: `torch.optim.SGD([{"params": a, "lr": 0.1}, {"params": b, "lr": 0.001}])`.
#
# ## Exercise
# With $G=(0.01, 1, 100)$ and $D_i=1$: by which factor is $\sum D_iG_i$ smaller than $\sqrt{\sum D_i^2\sum G_i^2}$? For
# which $G$ is there no gain, and how large can it be in $d$ dimensions?

# %% tags=["solution", "hide-input"]


def gain(G: np.ndarray) -> float:
    """Return one step's bound over that of a step for each coordinate, all widths 1."""
    return float(np.sqrt(len(G) * (G**2).sum()) / G.sum())


print(f"{gain(np.array([0.01, 1, 100])):.3f}")
assert np.isclose(gain(np.array([0.01, 1, 100])), 1.715, atol=1e-3)
assert np.isclose(gain(np.ones(3)), 1)  # equal bounds: no gain
assert np.isclose(
    gain(np.array([1.0, 0, 0])), np.sqrt(3)
)  # one coordinate alone: the most, sqrt(d)

# %% [markdown]
# ## What the ledger says

# %%
board.ask("sgg-oracle-blocks", "sgg-oracle-homogeneous", "ad-02-drift")
