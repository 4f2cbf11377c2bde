# %% [markdown]
# # 11. Warm-up and decay
#
# | schedule | formula, $0\le k<T$ |
# |---|---|
# | linear decay | $\eta_{\min}+(\eta-\eta_{\min})\frac{T-k}{T}$ |
# | cosine | $\eta_{\min}+\tfrac12(\eta-\eta_{\min})(1+\cos\frac{\pi k}{T})$ |
# | inverse root | $\eta/\sqrt{k+1}$ |
# | inverse time | $\eta/(k+1)$ |
# | step | $\eta\,d^{\lfloor k/s\rfloor}$ |
# | exponential | $\eta\,e^{-rk}$ |
# | triangular | up and down in $s$ steps each |
# | warm-up | $\eta\,k/W$ for $k<W$, then any of these |
#
# On a quadratic with noise the effect of *any* schedule is a recursion for the second moment of each mode:
# $\;v_{k+1}=(1-\eta_k\lambda)^2v_k+\eta_k^2\sigma^2.$
#
# :::{admonition} Predict
# Cosine and linear decay from the same peak: which ends with the smaller noise?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def moments(
    etas: np.ndarray, lam: float = 1.0, start: float = 1.0, noise: float = 1.0
) -> np.ndarray:
    """Return the exact second moment after each step."""
    v = [start]
    for eta in etas:
        v.append((1 - eta * lam) ** 2 * v[-1] + eta**2 * noise)
    return np.array(v)


print(
    f"constant 0.3: {moments(np.full(400, 0.3))[-1]:.4f}, linear from 0.3: {moments(np.linspace(0.3, 0, 400))[-1]:.5f}"
)

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.quadratic import Quadratic

T, s = 400, rc.schedules
rules = {
    "constant": s.Constant(0.3),
    "linear": s.LinearDecay(0.3, T),
    "cosine": s.Cosine(0.3, T),
    "inverse root": s.InverseSqrt(0.3),
    "inverse time": s.InverseTime(1.0, 3.0),
    "step": s.StepDecay(0.3, 0.3, 100),
    "exponential": s.Exponential(0.3, 0.01),
    "triangular": s.Triangular(0.03, 0.3, 100),
    "warm-up, cosine": s.WarmUp(s.Cosine(0.3, T - 40), 40, start=1 / 40),
}
fig, (left, right) = board.picture(2, height=3.5)
problem = Noisy(Quadratic((1.0,), (1.0,)), Gaussian((1.0,)))
end = {}
for (name, rule), color in zip(rules.items(), [*"rgbcmyk", "0.6", "tab:orange"]):
    etas = s.step_sizes(rule, T)
    left.plot(etas, color=color, label=name)
    squares = (
        board.path(problem, rc.methods.gradient.Subgradient(rule), T, runs=512)[:, :, 0] ** 2
    )
    right.loglog(squares.mean(axis=1)[1:], color=color, linewidth=0.8)
    right.loglog(moments(etas)[1:], "--", color=color, linewidth=1)
    end[name] = moments(etas)[-1]
    assert abs(squares[-1].mean() / end[name] - 1) < 0.5  # 512 runs
left.set(xlabel="step k", title="step size", ylim=(0, 0.4))
left.legend(fontsize=6)
right.set(xlabel="steps", title="second moment: runs solid, recursion dashed")
for name in sorted(end, key=end.get):
    print(f"{name:16} {end[name]:.5f}")

# %% [markdown]
# **Why warm-up?** A long step at the start may leave the region where the curvature is what it was. Below, gradient
# descent on a two-layer linear network (nonconvex, curvature grows with the weights), peak step against warm-up length.

# %%
from ratecheck.testbeds.small_networks import linear_network

network, horizon = linear_network(scale=1.0), 200
warmups, peaks = (1, 20, 60, 120), np.geomspace(0.003, 1.0, 9)
table = np.empty((len(warmups), len(peaks)))
for i, steps in enumerate(warmups):
    for j, peak in enumerate(peaks):
        rule = s.WarmUp(s.Cosine(peak, horizon - steps), steps, start=1 / steps)
        with np.errstate(over="ignore", invalid="ignore"):
            _, values = board.run(
                network, rc.methods.momentum.Momentum(rule, 0.9), horizon, steps=[horizon]
            )
        table[i, j] = values[0, 0] if np.isfinite(values[0, 0]) else 1e6
fig, ax = board.picture()
image = ax.imshow(
    np.log10(np.clip(table, 1e-8, 1e3)), aspect="auto", cmap="viridis_r", origin="lower"
)
ax.set(
    xlabel="peak step size",
    ylabel="warm-up steps",
    xticks=range(0, 9, 2),
    yticks=range(len(warmups)),
)
ax.set_xticklabels([f"{peak:.3f}" for peak in peaks[::2]])
ax.set_yticklabels(warmups)
fig.colorbar(image, ax=ax, label="log10 of the final gap")
stable = [float(peaks[row < 10].max()) for row in table]
for warmup, peak in zip(warmups, stable):
    print(f"warm-up {warmup:3}: largest usable peak {peak:.3f}")

# %% [markdown]
# :::{admonition} What courses get wrong
# :class: warning
# - "Cosine decay is slow early and fast at the end." It is slow at **both** ends; fastest in the middle.
# - A warm-up $\eta k/W$ from $k=0$ spends one step of size zero. `WarmUp(..., start=1/W)` does not.
# - A caption that says "decays to 0" beside code that decays to a tenth of the peak. The two differ near the end: with
#   $\eta_{\min}>0$ the noise floor of lesson 1 stays. Say what $\eta_{\min}$ is.
# - Setting the learning rate by hand *and* calling `scheduler.step()`: pick one.
# :::
#
# In PyTorch: `LinearLR(opt, 1/W, total_iters=W)` and `CosineAnnealingLR(opt, T-W)` in a `SequentialLR`.
#
# ## Exercise
# At which share of the run has a cosine done a quarter, a half and three quarters of its *descent*? And which share of
# the total path length $\sum\eta_k$ is walked in the last tenth?

# %% tags=["solution", "hide-input"]
etas = s.step_sizes(s.Cosine(1.0, 10_000), 10_000)
marks = [float(np.argmax(etas < 1 - share) / 10_000) for share in (0.25, 0.5, 0.75)]
last = float(etas[-1000:].sum() / etas.sum())
print(f"quarters of the descent at {marks}, last tenth walks {last:.4f} of the path")
assert np.allclose(marks, [1 / 3, 1 / 2, 2 / 3], atol=1e-3)
assert last < 0.01

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-cosine", "law-cosine-misread", "ns-06-max-coordinate", "mq-decaying-last-rate")
