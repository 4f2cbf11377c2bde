# %% [markdown]
# # 21. Reading a bound: tight, vacuous, misquoted
#
# Four questions about any theorem, and the package's answer to each:
#
# 1. **Of what?** The measure (gap, distance, regret) *and* the output (last, best, average point).
# 2. **After how many?** $N$ steps visit $N+1$ points. Off by one is the commonest misquotation.
# 3. **Attained?** Is there an instance on which observed / bound is 1? Then nobody can improve the constant.
# 4. **Better than nothing?** A bound above the value at the start is *vacuous*.
#
# :::{admonition} Predict
# For gradient descent with step $1/L$, textbooks print $\frac{2LR^2}{N+4}$. How much too large is it?
# :::
#
# The exact worst case (Drori and Teboulle, 2014) is attained by a Huber function whose kink the method just reaches:
#
# $$f(x_N)-f^\star\le\frac{LR^2}{4N+2}.$$
#
# Five lines of NumPy:

# %%
import numpy as np

N = 50
kink = 1 / (2 * N + 1)  # with L = R = 1
x = 1.0
for _ in range(N):
    x -= np.clip(x, -kink, kink)  # the slope of the Huber function
print(
    f"gap {kink * x - kink**2 / 2:.6f}, exact bound {1 / (4 * N + 2):.6f}, textbook {2 / (N + 4):.6f}"
)

# %% [markdown]
# **Tight.** In the package every bound is an object with its formula, assumptions, source and, if known, the instance
# on which it is attained.

# %%
import board
import ratecheck as rc
from ratecheck.experiments.ledger import claims

claim = claims()["sm-01-unit-step"]
bound = claim.bound
print(f"{bound.id}: {bound.title}\nmeasure {bound.measure.id}, output {type(bound.output).__name__}, {bound.source}\n"
      f"provenance: {bound.provenance}; evidence: {', '.join(bound.evidence)}; tight on {bound.tight_on or '-'}\n"
      f"assumes: {'; '.join(one.text for one in bound.assumptions) or 'nothing further'}")  # fmt: skip

fig, ax = board.picture()
ladder = np.array([1, 2, 5, 10, 20, 50, 100])
gaps, exact = [], []
for horizon in ladder:
    problem = claim.problem(int(horizon))
    method = claim.method(problem.facts, int(horizon))
    _, values = board.run(problem, method, int(horizon), steps=[horizon])
    gaps.append(values[0, 0])
    exact.append(bound.value(problem.facts, method, np.array([horizon]))[0])
ax.loglog(ladder, gaps, "o", color=board.BLUE, label="worst instance for each N")
ax.loglog(ladder, exact, "--", color=board.BLUE, label=r"$LR^2/(4N+2)$")
ax.loglog(
    ladder, 2 / (ladder + 4), "--", color=board.VERMILLION, label=r"textbook, $2LR^2/(N+4)$"
)
ax.loglog(ladder, 1 / (4 * (ladder + 1) + 2), ":", color="black", label="misquoted by one step")
ax.set(xlabel="steps N", ylabel="gap", title="tight, loose, and false")
ax.legend(fontsize=7)

# %% [markdown]
# The dotted line is the same formula with $N+1$ in place of $N$: it lies *below* the dots, so it is refuted — but only
# on the tight instance. On a random instance the misquotation would pass unnoticed:

# %%
rng = np.random.default_rng(0)
from ratecheck.testbeds.quadratic import Quadratic

slack = []
for _ in range(200):
    spectrum = tuple(rng.uniform(0.001, 1.0, 3))
    problem = Quadratic((*spectrum, 1.0), tuple(rng.standard_normal(4)))
    _, values = board.run(problem, rc.methods.gradient.Subgradient(1.0), 10, steps=[10])
    slack.append(values[0, 0] / (problem.facts["radius"] ** 2 / (4 * 11 + 2)))
fig, ax = board.picture()
ax.hist(np.log10(np.maximum(slack, 1e-6)), 30, color=board.SKY)
ax.axvline(0, color=board.VERMILLION, linestyle="--")
ax.set(xlabel="log10(observed / misquoted bound)", title="200 random quadratics: none objects")
assert max(slack) < 1

# %% [markdown]
# **Vacuous.** The superlinear certificate of lesson 19 is above 1 at every step before termination: true, and it says
# nothing.
#
# :::{admonition} Misquoted
# :class: warning
# The heavy ball's rate on *quadratics* is often stated for all smooth strongly convex functions. Lessard, Recht and
# Packard (2016) gave a piecewise quadratic in one variable on which it cycles for ever:
# :::

# %%
from ratecheck.testbeds.worst_case_univariate import lessard
from ratecheck.theory.methods.momentum import optimal_heavy_ball

trap = lessard()
L, mu = trap.facts["smoothness"], trap.facts["strong_convexity"]
points = board.path(trap, optimal_heavy_ball(L, mu), 60)[:, 0]
q = (np.sqrt(L / mu) - 1) / (np.sqrt(L / mu) + 1)
fig, ax = board.picture()
ax.plot(np.abs(points), "o-", markersize=3, label="|x|, heavy ball on Lessard's function")
k = np.arange(61)
ax.plot(
    (1 + k * (1 + q)) * q**k * abs(points[0]), "k--", linewidth=1, label="bound for quadratics"
)
ax.set(xlabel="steps", ylim=(0, 6))
ax.legend()

# %% [markdown]
# ## Exercise
# The average of $N+1$ subgradient points has gap at most $\frac{MR}{\sqrt{N+1}}$ for the step $\frac{R}{M\sqrt{N+1}}$.
# A paper quotes it as $\frac{MR}{\sqrt{N+2}}$, "after $N+1$ steps". Refute it with the package's worst instance for
# $N=50$.

# %% tags=["solution", "hide-input"]
original = claims()["ns-03-equiangular-best"]
problem = original.problem(50)
method = original.method(problem.facts, 50)
M, R = problem.facts["lipschitz"], problem.facts["radius"]
_, values = board.run(problem, method, 50, output=original.bound.output, steps=[50])
print(
    f"gap {values[0, 0]:.6f}, MR/sqrt(51) = {M * R / 51**0.5:.6f}, misquoted {M * R / 52**0.5:.6f}"
)
assert np.isclose(values[0, 0], M * R / 51**0.5, rtol=1e-6)
assert values[0, 0] > M * R / 52**0.5

# %% [markdown]
# ## What the ledger says

# %%
board.ask("sm-01-unit-step", "sm-01-textbook", "mq-sm-01-count", "mq-heavy-ball-everywhere", "mq-ns-03-count",
          "qn-14-vacuous-tau1")  # fmt: skip
