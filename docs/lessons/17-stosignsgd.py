# %% [markdown]
# # 17. StoSignSGD: an unbiased sign
#
# SignSGD steps by $\eta\,\mathrm{sign}(g)$. On nonsmooth convex functions it can stall for ever: the signs of the
# components keep a quantity fixed that the minimizer needs changed. StoSignSGD (Yu et al., 2026) flips each sign at
# random:
#
# $$G_t=\max(G_{t-1},|g_t|),\qquad s_t=\mathrm{sign}(g_t+G_t\,n_t),\ n_t\sim U[-1,1],\qquad
# x_{t+1}=\mathrm{Proj}(x_t-\eta_t s_t).$$
#
# Uniform noise makes the mean *exactly* linear: $E\,s_t=g_t/G_t$. The step is a sign, its mean is the gradient in the
# metric $1/G_t$.
#
# :::{admonition} Predict
# With Gaussian noise of the same spread instead of uniform noise, is the sign still unbiased?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

rng, G = np.random.default_rng(0), 2.0
for g in (0.2, 1.0, 1.9):
    uniform = np.sign(g + G * rng.uniform(-1, 1, 400_000)).mean()
    normal = np.sign(g + G / 3**0.5 * rng.standard_normal(400_000)).mean()
    print(
        f"g/G = {g / G:.3f}: mean sign with uniform noise {uniform:.3f}, with normal noise {normal:.3f}"
    )

# %% [markdown]
# **Opposed pairs**: $f(x)=\epsilon|x_1+x_2|+|x_1-x_2|$ (Karimireddy et al., 2019). The sign of the gradient is always
# $(+,-)$ or $(-,+)$, so SignSGD never changes $x_1+x_2$. For the average point of StoSignSGD with steps $cD_i/\sqrt t$
# the bound is $\big(\frac1{2c}+c\big)\sum_iD_iG_i/\sqrt T$, smallest at $c=1/\sqrt2$; here the steps are short enough
# to stay in the box.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.sign_counterexamples import OpposedPairs
from ratecheck.theory.methods.gradient import Projected

problem, horizon = OpposedPairs(2, 0.5), 10_000
facts = problem.facts
steps_of = rc.schedules.InverseSqrt(0.2 * facts["widths"])
methods = {
    "SignSGD": Projected(rc.methods.sign.SignSGD(steps_of)),
    "StoSignSGD": rc.methods.stosign.StoSignT(steps_of),
    "subgradient": Projected(rc.methods.gradient.Subgradient(steps_of)),
}
fig, (left, right) = board.picture(2)
average = rc.outputs.Average()
for (name, method), color in zip(methods.items(), (board.VERMILLION, board.BLUE, board.GREEN)):
    steps, values = board.run(problem, method, horizon, output=average, runs=64)
    left.loglog(steps, values.mean(axis=0), color=color, label=name)
bound = rc.bounds.BOUNDS["STO-3a"].value(facts, methods["StoSignSGD"], steps)
left.loglog(steps, bound, "--", color=board.BLUE, label="bound STO-3a")
left.axhline(
    facts["invariant_gap"], color="black", linestyle=":", label="least gap on the invariant line"
)
left.set(xlabel="subgradients", ylabel="gap of the average")
left.legend(fontsize=7)
for name, color in (("SignSGD", board.VERMILLION), ("StoSignSGD", board.BLUE)):
    points = board.path(problem, methods[name], 200)
    right.plot(
        points[:, 0], points[:, 1], ".-", color=color, linewidth=0.5, markersize=3, label=name
    )
right.plot([-0.2, 2.2], [2.2, -0.2], ":", color="black")
right.plot(0, 0, "k*")
right.set(title="first 200 points", xlabel=r"$x_1$", ylabel=r"$x_2$", aspect="equal")
right.legend(fontsize=7)

# %% [markdown]
# :::{admonition} What is easily misquoted
# :class: warning
# - What is unbiased is the direction $g/G$, not $g$ itself.
# - The theorem is about algorithm T: projected, no momentum, average point. No theorem is claimed anywhere for the
#   practical form with momentum; the ledger does not pretend otherwise.
# - Momentum does not cure SignSGD: Signum and Lion stall on opposed pairs as well.
# :::
#
# `ratecheck.theory.methods.stosign.StoSignP(lr, beta=0.9, weight_decay=0.1)` is the practical form.
#
# ## Exercise
# The noise must span the envelope. Compute the mean of $\mathrm{sign}(g+cG\,n)$ for uniform $n$ and $|g|\le G$, for
# $c<1$ and $c>1$, and check both with `stochastic_sign`.

# %% tags=["solution", "hide-input"]
from ratecheck.theory.methods.stosign import stochastic_sign

# The sign is +1 with chance (1 + clip(g/(cG), -1, 1))/2: the mean is clip(g/(cG), -1, 1).
u = (np.arange(100_000) + 0.5) / 100_000  # every value of the noise once: an exact mean
for c in (0.5, 2.0):
    for g in (0.3, 1.0, 1.8):
        mean = stochastic_sign(np.full(u.size, g), c * G, u).mean()
        assert abs(mean - np.clip(g / (c * G), -1, 1)) < 2e-5
print("too little noise: too long steps, cut at 1; too much: unbiased up to the factor 1/c")

# %% [markdown]
# ## What the ledger says

# %%
board.ask(
    "signsgd-pairs-rate", "signsgd-momentum-pairs", "convert-gaussian", "stosign-smooth-huber"
)
