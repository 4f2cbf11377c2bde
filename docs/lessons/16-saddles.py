# %% [markdown]
# # 16. Saddles and plateaus
#
# Near a saddle the gradient vanishes along a direction of *negative* curvature $-h$. Gradient descent multiplies that
# coordinate by $1+\eta h$ a step: from distance $\delta$ it needs about
#
# $$k \approx \frac{\ln(1/\delta)}{\ln(1+\eta h)} \approx \frac{\ln(1/\delta)}{\eta h}$$
#
# steps to leave, and from exactly 0 it never does. Noise gives every run a $\delta$: after $k$ steps the coordinate has
# variance $\eta^2\sigma^2\frac{(1+\eta h)^{2k}-1}{(1+\eta h)^2-1}$.
#
# :::{admonition} Predict
# How many more steps does it take to escape from $\delta=10^{-12}$ than from $10^{-6}$: a million times, or twice?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np


def escape(delta: float, eta: float = 0.1) -> int:
    """Return the steps gradient descent needs on (x^2-1)^2/4 to pass 1/2."""
    x, k = delta, 0
    while x < 0.5:
        x, k = x - eta * x * (x**2 - 1), k + 1
    return k


print({delta: escape(delta) for delta in (1e-3, 1e-6, 1e-12)})

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.noise import Gaussian, Noisy
from ratecheck.testbeds.prescribed import double_well

eta, descent = 0.1, rc.methods.gradient.Subgradient(0.1)
fig, (left, right) = board.picture(2)
for delta, color in ((1e-3, board.SKY), (1e-6, board.BLUE), (1e-12, board.BLACK)):
    x = board.path(double_well(delta), descent, 400)[:, 0]
    left.semilogy(x, color=color, label=f"from {delta:g}")
    k = np.arange(401)
    left.semilogy(np.minimum(delta * (1 + eta) ** k, 2), "--", color=color, linewidth=1)
left.semilogy(
    np.abs(board.path(double_well(0.0), descent, 400)[:, 0]) + 1e-14,
    color=board.VERMILLION,
    label="from 0",
)
left.set(xlabel="steps", ylabel="x", title=r"exact gradients; dashed: $\delta(1+\eta h)^k$")
left.legend(fontsize=7)
for sigma, color in ((1e-1, board.SKY), (1e-3, board.BLUE), (1e-6, board.BLACK)):
    points = board.path(Noisy(double_well(0.0), Gaussian((sigma,))), descent, 300, runs=256)[
        :, :, 0
    ]
    right.semilogy(np.sqrt((points[1:] ** 2).mean(axis=1)), color=color, label=f"noise {sigma:g}")
    k = np.arange(1, 301)
    law = eta * sigma * np.sqrt(((1 + eta) ** (2 * k) - 1) / ((1 + eta) ** 2 - 1))
    right.semilogy(np.minimum(law, 2), "--", color=color, linewidth=1)
    sides = float((points[-1] > 0).mean())
    print(f"noise {sigma:g}: {sides:.0%} of the runs end near +1")
right.set(
    xlabel="steps",
    ylabel="root mean square of x",
    title="noisy gradients from 0; dashed: linear law",
)
right.legend(fontsize=7)

# %% [markdown]
# Escape is logarithmic in $\delta$: halving the exponent halves the time. Noise decides the *side*, a coin flip.
#
# :::{admonition} What courses get wrong
# :class: warning
# "Gradient descent is guaranteed to reach a local minimum." Only a stationary point is guaranteed: from $x=0$ it stays
# for ever at a local *maximum*. From almost every start it does avoid strict saddles (Lee et al., 2016), but
# "almost every" promises nothing about time.
# :::
#
# ## Exercise
# On $f(x,y)=\tfrac12x^2-\tfrac12hy^2+\tfrac14y^4$ with $h=0.01$ start from $(1,10^{-6})$. Predict the number of steps
# until $|y|$ passes half of its limit $\sqrt h$, and check the prediction.

# %% tags=["solution", "hide-input"]
h, x, y, k = 0.01, 1.0, 1e-6, 0
while y < 0.5 * np.sqrt(h):
    x, y, k = x - eta * x, y - eta * (-h * y + y**3), k + 1
predicted = np.log(0.5 * np.sqrt(h) / 1e-6) / np.log(1 + eta * h)
print(f"{k} steps, predicted {predicted:.0f}")
assert abs(k / predicted - 1) < 0.1  # the quartic slows the last part down a little
assert abs(x) < 1e-10  # long before, x has converged: the loss looks flat, a plateau

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-stationary", "law-local-minimum")
