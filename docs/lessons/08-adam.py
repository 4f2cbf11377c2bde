# %% [markdown]
# # 8. Anatomy of Adam
#
# $$m_t=\beta_1m_{t-1}+(1-\beta_1)g_t,\quad v_t=\beta_2v_{t-1}+(1-\beta_2)g_t^2,\quad
# \hat m_t=\frac{m_t}{1-\beta_1^t},\quad \hat v_t=\frac{v_t}{1-\beta_2^t},\quad
# x_t=x_{t-1}-\eta\frac{\hat m_t}{\sqrt{\hat v_t}+\varepsilon}.$$
#
# Three consequences: the first step is $\eta\,\mathrm{sign}(g)$; scaling all gradients by $c>0$ changes nothing (up to
# $\varepsilon$); a constant gradient gives steps of exactly $\eta$.
#
# :::{admonition} Predict
# Leave out both bias corrections, with $\beta_1=0.9$ and $\beta_2=0.999$. Are the first steps too small or too large?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

m = v = x = 0.0
for t, g in enumerate([1.0, 1.0, -3.0, 1.0], start=1):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    x -= 0.01 * m_hat / (np.sqrt(v_hat) + 1e-8)
    print(
        f"t={t} g={g:+.0f}  m={m:+.4f} v={v:.6f}  corrected {m_hat:+.4f} {v_hat:.4f}  x={x:+.5f}"
    )

# %% [markdown]
# Under a constant gradient the uncorrected step has the factor $(1-\beta_1^t)/\sqrt{1-\beta_2^t}$. Runs are dots, the
# formula is dashed.

# %%
import board
import ratecheck as rc
from ratecheck.testbeds.prescribed import PrescribedSlopes

adam, t = rc.methods.adam.Adam, np.arange(1, 1001)


def factor(beta1: float, beta2: float) -> np.ndarray:
    """Return the factor of the uncorrected steps."""
    return (1 - beta1**t) / np.sqrt(1 - beta2**t)


fig, (left, right) = board.picture(2)
for beta2, color in ((0.999, board.VERMILLION), (0.98, board.BLUE), (0.95, board.GREEN)):
    method = adam(1.0, beta2=beta2, eps=0.0, bias_correction=False)
    taken = -np.diff(board.path(PrescribedSlopes((1.0,)), method, 1000)[:, 0])
    left.loglog(t[::7], taken[::7], ".", color=color, label=rf"$\beta_2={beta2}$")
    left.loglog(t, factor(0.9, beta2), "--", color=color, linewidth=1)
left.set(xlabel="step t", ylabel=r"length / $\eta$", title="without bias correction")
left.legend()
for place, color in (("outside", board.BLUE), ("inside", board.VERMILLION)):
    sizes = np.geomspace(1e-10, 1, 21)
    lengths = [
        -float(board.path(PrescribedSlopes((g,)), adam(1.0, eps_place=place), 1)[-1, 0])
        for g in sizes
    ]
    right.loglog(sizes, lengths, "o", color=color, label=f"ε {place} the root")
right.loglog(sizes, sizes / (sizes + 1e-8), "--", color=board.BLUE)
right.loglog(sizes, sizes / np.sqrt(sizes**2 + 1e-8), "--", color=board.VERMILLION)
right.set(xlabel="size of the gradient", title=r"length of the first step / $\eta$")
right.legend()
print(f"(0.9, 0.999): {factor(0.9, 0.999)[0]:.2f} at t=1, most {factor(0.9, 0.999).max():.2f} at t="
      f"{factor(0.9, 0.999).argmax() + 1}")  # fmt: skip

# %% [markdown]
# :::{admonition} What courses get wrong
# :class: warning
# - "Without bias correction early steps would be too *small*." For (0.9, 0.999) they are too **large**: 3.16 times at
#   $t=1$, 6.57 times at $t=12$. For $\beta_2=0.95$ they start too small (0.45).
# - "ε is added *before* the square root." The paper and PyTorch add it *after*. Inside, $\varepsilon=10^{-8}$ floors
# the   denominator at $10^{-4}$: every gradient below that is damped.
# - "(0.9, 0.999) is the default for language models." Published recipes mostly use $\beta_2=0.95$.
# :::
#
# In PyTorch: `torch.optim.Adam(parameters, lr=1e-3, betas=(0.9, 0.95))`.
#
# ## Exercise
# Show that rescaling the loss by 1000 leaves Adam's path on a quadratic unchanged if $\varepsilon=0$, and SGD's not.

# %% tags=["solution", "hide-input"]
from ratecheck.testbeds.quadratic import Quadratic

plain, scaled = Quadratic((1.0, 0.1), (1.0, 2.0)), Quadratic((1000.0, 100.0), (1.0, 2.0))
paths = [board.path(problem, adam(0.05, eps=0.0), 100) for problem in (plain, scaled)]
assert np.allclose(*paths, rtol=1e-9, atol=1e-12)
slow = rc.methods.gradient.Subgradient(0.01)
assert (
    np.abs(board.path(scaled, slow, 5)[-1]).max()
    > 100 * np.abs(board.path(plain, slow, 5)[-1]).max()
)
print("Adam's path is the same, SGD diverges")

# %% [markdown]
# ## What the ledger says

# %%
board.ask("law-adam-unit", "law-adam-scale", "law-adam-uncorrected", "law-adam-uncorrected-misread",
          "law-adam-epsilon-misread")  # fmt: skip
