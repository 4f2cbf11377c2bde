# %% [markdown]
# # 10. When Adam does not converge
#
# **A constant step.** Adam's step does not shrink with the gradient, so near the minimum it rattles; on a quadratic
# with exact gradients it ends in a limit cycle of size about $\eta$.
#
# **A decaying step.** Even with $\eta_t=\eta/\sqrt t$, Adam can have *linear* regret. Reddi, Kale and Kumar (2018): on
# $[-1,1]$ play losses $3x, -x, -x, 3x, -x, -x, \dots$ The best point is $-1$. Adam's memory of the large gradient
# shrinks its answer to it, and it walks to $+1$. AMSGrad keeps the running maximum of $v$:
#
# $$\hat v_t=\max(\hat v_{t-1}, v_t), \qquad x_{t+1}=\mathrm{Proj}\Big(x_t-\eta_t\frac{m_t}{\sqrt{\hat v_t}}\Big).$$
#
# :::{admonition} Predict
# Adam ends at $+1$ or at $-1$? What is its regret per round there?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

x, v, paid = 1.0, 0.0, 0.0
for t in range(1, 3001):
    g = 3.0 if t % 3 == 1 else -1.0
    paid += g * (x - -1.0)  # against the best fixed point, -1
    v = 0.1 * v + 0.9 * g * g
    x = np.clip(x - 0.5 / np.sqrt(t) * g / np.sqrt(v), -1, 1)
print(f"ends at {x:+.3f}; regret {paid:.0f} = {paid / 3000:.3f} per round")

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.online import reddi
from ratecheck.testbeds.quadratic import Quadratic
from ratecheck.theory.methods.gradient import Projected

step = rc.schedules.InverseSqrt(0.5)
players = {
    "Adam": rc.methods.adam.Adam(step, 0.0, 0.1, 0.0, bias_correction=False),
    "AMSGrad": rc.methods.adam.AMSGrad(step, 0.0, 0.1),
    "gradient descent": rc.methods.gradient.Subgradient(step),
}
fig, (left, right) = board.picture(2)
final = {}
for (name, player), color in zip(players.items(), (board.VERMILLION, board.BLUE, board.GREEN)):
    steps, regret = board.run(reddi(), Projected(player), 30_000, measure=rc.measures.REGRET)
    left.loglog(steps, np.maximum(regret[0], 1e-1), color=color, label=name)
    final[name] = float(regret[0, -1])
left.loglog(steps, 2 * steps / 3, "k--", linewidth=1, label="2T/3")
left.loglog(steps, 2 * 3 * np.sqrt(steps), "k:", linewidth=1, label=r"$DG\sqrt{T}$")
left.set(xlabel="rounds T", ylabel="regret", title="losses 3, −1, −1, …")
left.legend(fontsize=7)
bowl = Quadratic((1.0,), (1.0,))
for eta, color in ((0.1, board.VERMILLION), (0.01, board.BLUE)):
    x = board.path(bowl, rc.methods.adam.Adam(eta, 0.9, 0.5), 3000)[:, 0]
    right.semilogy(
        np.maximum(np.abs(x), 1e-6)[::5], color=color, linewidth=0.8, label=f"Adam, step {eta}"
    )
    right.axhline(eta / 2, color=color, linestyle="--", linewidth=1)
x = board.path(bowl, rc.methods.adam.Adam(rc.schedules.InverseSqrt(0.1), 0.9, 0.5), 3000)[:, 0]
right.semilogy(
    np.maximum(np.abs(x), 1e-6)[::5], color=board.GREEN, linewidth=0.8, label=r"0.1/$\sqrt{t}$"
)
right.set(xlabel="steps / 5", title="|x| on a quadratic; dashed: η/2")
right.legend(fontsize=7, loc="lower left")
print({name: round(value / 30_000, 4) for name, value in final.items()}, "regret per round")

# %% [markdown]
# At $+1$ Adam pays $3\cdot2-2-2=2$ every three rounds more than $-1$ does: regret $2T/3$, linear. AMSGrad and plain
# gradient descent stay under a multiple of $\sqrt T$.
#
# :::{admonition} What courses get wrong
# :class: warning
# Adam's original theorem (regret $O(\sqrt T)$ on every convex problem) is *false*; a course that quotes it beside the
# formula quotes a refuted claim. And AMSGrad's bias corrections differ between the paper (none), textbooks (first
# moment), PyTorch (both) and optax (before the maximum): four methods, one name.
# :::
#
# In PyTorch: `torch.optim.Adam(parameters, amsgrad=True)`.
#
# ## Exercise
# In one period of three rounds at $x$ in the interior, Adam with $\beta_1=0$ moves by
# $-\frac{3}{\sqrt{v_1}}+\frac1{\sqrt{v_2}}+\frac1{\sqrt{v_3}}$ times the step. Compute the periodic $v$ for
# $\beta_2=0.1$ and show that the drift is positive. For which $\beta_2$ near 1 does it turn negative?

# %% tags=["solution", "hide-input"]


def drift(beta2: float) -> float:
    """Return the move of one period per unit of step size."""
    v, out = 0.0, 0.0
    for t in range(3 * 4000):
        g = 3.0 if t % 3 == 0 else -1.0
        v = beta2 * v + (1 - beta2) * g * g
        out = (0.0 if t % 3 == 0 else out) - g / np.sqrt(v)
    return out


print({beta2: round(float(drift(beta2)), 3) for beta2 in (0.1, 0.5, 0.9, 0.99)})
assert drift(0.1) > 0
assert drift(0.99) < 0  # a long memory makes v nearly constant, and the mean gradient decides

# %% [markdown]
# ## What the ledger says

# %%
board.ask("ad-03-reddi", "ad-06-reddi", "mq-adam-rate")
