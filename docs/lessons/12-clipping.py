# %% [markdown]
# # 12. Gradient clipping
#
# With the concatenated gradient $g$ and a limit $c$:
#
# $$g\leftarrow g\,\min\Big(1,\frac{c}{\|g\|}\Big).$$
#
# The direction is kept, the step is bounded by $\eta c$. Clipping *by value* bounds each entry and turns the direction.
#
# :::{admonition} Predict
# Adam, 200 unit gradients, and number 50 is 1000 instead. How far does it get, of the 2.00 it would have gone at
# $\eta=0.01$? And if *all* gradients are 1000 and clipped to 1?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def clip(g: np.ndarray, c: float) -> np.ndarray:
    """Return the gradient with norm at most c."""
    return g * min(1.0, c / np.linalg.norm(g))


g = np.array([3.0, 4.0])
print("by norm:", clip(g, 1.0), " by value:", np.clip(g, -1, 1))

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.prescribed import PrescribedSlopes, spike
from ratecheck.theory.bounds.exact_adam import adam_steps
from ratecheck.theory.methods.clipping import ClipNorm

adam = rc.methods.adam.Adam(0.01)
runs = {
    "ones": (PrescribedSlopes((1.0,)), adam, np.ones(200)),
    "all 1000": (PrescribedSlopes((1000.0,)), adam, np.full(200, 1000.0)),
    "all 1000, clipped": (PrescribedSlopes((1000.0,)), ClipNorm(adam, 1.0), np.ones(200)),
    "one spike": (spike(at=50), adam, np.where(np.arange(200) == 50, 1000.0, 1.0)),
    "one spike, clipped": (spike(at=50), ClipNorm(adam, 1.0), np.ones(200)),
}
fig, ax = board.picture(width=6)
way = {}
for (name, (problem, method, seen)), width in zip(runs.items(), (7, 4.5, 2, 2, 1)):
    x = -board.path(problem, method, 200)[:, 0]
    (line,) = ax.plot(x, linewidth=width, alpha=0.8, label=f"{name}: {x[-1]:.2f}")
    ax.plot(np.cumsum(0.01 * adam_steps(seen, adam)), "k--", linewidth=0.8)
    way[name] = float(x[-1])
ax.set(xlabel="steps", ylabel="distance gone", title="runs colored, closed form dashed")
ax.legend()

# %% [markdown]
# A *constant* clip factor cancels in Adam, since it divides by the size of what it sees. A single spike does not
# cancel: it enters $v$ and shortens every step for about $1/(1-\beta_2)$ steps. That is what clipping is for.
#
# For SGD clipping is a trust region: on a steep function it turns divergence into convergence.

# %%
from ratecheck.testbeds.quadratic import Quadratic

steep = Quadratic((1.0, 1.9), (30.0, 40.0))
fig, ax = board.picture()
for name, method in {
    "step 1.1, plain": rc.methods.gradient.Subgradient(1.1),
    "step 1.1, clipped at 1": ClipNorm(rc.methods.gradient.Subgradient(1.1), 1.0),
    "step 0.5, clipped at 1": ClipNorm(rc.methods.gradient.Subgradient(0.5), 1.0),
}.items():
    points = board.path(steep, method, 150)
    ax.semilogy(np.linalg.norm(points, axis=1), label=name)
k = np.arange(100)
ax.semilogy(k, np.maximum(50 - 0.5 * k, 1e-3), "k--", linewidth=1, label=r"$R-\eta c k$")
ax.set(xlabel="steps", ylabel="distance", ylim=(1e-4, 1e6))
ax.legend(fontsize=7)

# %% [markdown]
# The clipped method approaches at speed at most $\eta c$ (dashed) and then behaves as without clipping: a step beyond
# $2/L$ still does not converge, it only no longer explodes.
#
# :::{admonition} What courses get wrong
# :class: warning
# "Clipping makes training with Adam smaller-stepped." A clip that is active *all the time* does nothing to Adam's steps
# and only hides a wrong learning rate. Log the norm *before* clipping; if it always exceeds $c$, look for the cause.
# :::
#
# Norms are of *all* gradients put together; clipping each parameter group by its own norm turns the direction too.
# In PyTorch: `torch.nn.utils.clip_grad_norm_(parameters, 1.0)` between `backward()` and `step()`, and after unscaling
# under mixed precision.
#
# ## Exercise
# How long does Adam remember the spike? Find the first step after it whose length is back above $0.9\,\eta$, for
# $\beta_2=0.999$ and for $\beta_2=0.95$.

# %% tags=["solution", "hide-input"]
seen = np.where(np.arange(20_000) == 100, 1000.0, 1.0)


def recovery(beta2: float) -> int:
    """Return the number of steps after the spike until a step is back above 0.9 of its length."""
    length = np.abs(
        np.diff(board.path(spike(count=200), rc.methods.adam.Adam(1.0, 0.9, beta2), 20_000)[:, 0])
    )
    return int(np.argmax(length[300:] > 0.9)) + 200


slow, fast = recovery(0.999), recovery(0.95)
print(f"beta_2 = 0.999: {slow} steps, 0.95: {fast} steps")
assert 6000 < slow < 12_000  # (1 - beta2) 10^6 beta2^n = 0.23 gives n = 8400
assert fast < 400

# %%
print({name: round(gone, 4) for name, gone in way.items()})
assert abs(way["one spike"] - 0.59) < 0.01
assert abs(way["all 1000, clipped"] - 2) < 1e-4

# %% [markdown]
# ## What the ledger says

# %%
board.ask(
    "law-adam-clip-constant", "law-adam-spike", "law-adam-spike-misread", "law-adam-spike-clipped"
)
