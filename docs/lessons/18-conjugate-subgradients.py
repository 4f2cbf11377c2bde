# %% [markdown]
# # 18. Conjugate subgradients
#
# A subgradient need not point downhill. Wolfe (1975) aggregates: keep a direction $d$, and after a failed step replace
# it by the shortest vector between $d$ and the new subgradient $g$:
#
# $$d^+=\lambda d+(1-\lambda)g,\qquad
# \lambda=\mathrm{clip}\Big(\frac{\langle g,g-d\rangle}{\|g-d\|^2},0,1\Big).$$
#
# A *null step* learns without moving; a *serious step* moves. Each null step shortens $d$; a short $d$ certifies that
# the point is nearly optimal — **if** all aggregated subgradients come from nearby points.
#
# :::{admonition} Predict
# If $g\perp d$ and both have length 1, how long is $d^+$? And after $k$ orthogonal subgradients?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np

d, lengths = np.eye(6)[0], []
for g in np.eye(6)[1:]:
    lam = np.clip(g @ (g - d) / ((g - d) @ (g - d)), 0, 1)
    d = lam * d + (1 - lam) * g
    lengths.append(float(d @ d))
print("squared lengths:", np.round(lengths, 4), " 1/(k+1):", np.round(1 / np.arange(2, 7), 4))

# %% [markdown]
# So $\|d_k\|^2=1/(k+1)$ in the worst case: to a tolerance $\epsilon$ with subgradients of length $C$ it takes
# $\lceil (C^2/\epsilon^2-1)/(1-m)^2\rceil$ null steps in a row at most. On $\max_i x_i$ this is attained.

# %%
import board
from ratecheck.testbeds.max_affine_prescribed import MaxAffine
from ratecheck.testbeds.sampling_worst_case import RegularizedMax
from ratecheck.testbeds.streams import Streams
from ratecheck.theory.methods.conjugate_one_point import OnePointConjugate
from ratecheck.theory.methods.conjugate_search import LineSearchConjugate


def states(problem: object, method: object, horizon: int, runs: int) -> list:
    """Return the state after each evaluation, with the point."""
    oracle = problem.oracle(Streams(0, "lesson", range(runs)))
    x = np.broadcast_to(problem.start, (runs, problem.start.shape[-1])).astype(float)
    state, seen = method.init(x), []
    for _ in range(horizon):
        x, state = method.step(x, state, oracle)
        seen.append((x, state))
    return seen


fig, (left, right) = board.picture(2)
worst = states(RegularizedMax(151), OnePointConjugate(1e-6, 1e-9, 1e-15), 150, 1)
squares = [float((state.direction[0] ** 2).sum()) for _, state in worst]
k = np.arange(1, 151)
left.loglog(k, squares, "o", markersize=3, label=r"$\max_i x_i$, null steps only")
left.loglog(k, 1 / k, "k--", label="1/k")
left.set(xlabel="evaluations", ylabel=r"$\|d\|^2$")
left.legend(fontsize=7)

batch = MaxAffine(50, 20, 40, 20)
ends = {}
for name, method, color in (
    ("with reset", OnePointConjugate(radius=0.02, tolerance=0.05, slope=0.3), board.BLUE),
    (
        "without reset",
        LineSearchConjugate(tolerance=0.01, reset=None, growth=1.0),
        board.VERMILLION,
    ),
):
    seen = states(batch, method, 1500, 50)
    gaps = np.array([batch.value(x) - batch.facts["f_star"] for x, _ in seen])
    right.loglog(np.arange(1, len(gaps) + 1), np.median(gaps, axis=1), color=color, label=name)
    x, state = seen[-1]
    state = getattr(state, "conjugate", state)  # a line search carries its bracket around it
    distance = np.linalg.norm(x - batch.facts["x_star"], axis=1)
    promise = method.tolerance * distance + 2 * batch.facts["lipschitz"] * state.promise.locality
    ends[name] = float(np.median(gaps[-1] / promise)), float(np.mean(state.stopped))
    right.axhline(np.median(promise), color=color, linestyle="--", linewidth=1)
right.set(xlabel="evaluations", ylabel="median gap", title="dashed: the promised gap at the stop")
right.legend(fontsize=7)
for name, (ratio, stopped) in ends.items():
    print(f"{name}: {stopped:.0%} stopped, median gap {ratio:.2g} times the promise")

# %% [markdown]
# The promise of a stop at $\|d\|\le\epsilon$ with trial points within $\delta$ is
# $f(x)-f^\star\le\epsilon\|x-x^\star\|+2C\delta$. Without a reset after serious steps, $d$ mixes subgradients of
# points left long ago. It becomes short and the method *freezes* far from the optimum, with a certificate in hand that
# is worthless. Noise does the same: at one fixed point, noisy subgradients alone drive $d$ to zero.
#
# :::{admonition} What is easily misquoted
# :class: warning
# "A small conjugate subgradient means optimality." True only with local subgradients; the ledger refutes it without
# reset on 200 of 200 instances. Swapping the weights ($\lambda$ on $g$), as one transcription prints, is not the
# shortest vector at all.
# :::
#
# ## Exercise
# Show that $\|d^+\|\le\min(\|d\|,\|g\|)$, and that with the swapped weights it can fail. Use `conjugate_weight` and
# `aggregate`.

# %% tags=["solution", "hide-input"]
from ratecheck.theory.methods.conjugate import aggregate, conjugate_weight

rng = np.random.default_rng(0)
d, g = rng.standard_normal((2, 1000, 5))
weight = conjugate_weight(d, g)
shortest = np.linalg.norm(aggregate(d, g, weight), axis=1)
swapped = np.linalg.norm(aggregate(d, g, 1 - weight), axis=1)
both = np.minimum(np.linalg.norm(d, axis=1), np.linalg.norm(g, axis=1))
print(
    f"swapped weights are longer than the shorter of both in {(swapped > both).mean():.0%} of the cases"
)
assert (shortest <= both * (1 + 1e-12)).all()
assert (swapped > both).any()

# %% [markdown]
# ## What the ledger says

# %%
board.ask(
    "csg-i7-running-mean",
    "csg-04-tight",
    "csg-13-absolute-value",
    "csg-swapped-weights",
    "csg-noise-collapse",
)
