# %% [markdown]
# # 22. Check a theorem of your own
#
# A claim is *method × problem × bound*. Write the three as plain objects in a Python file that ends in `CLAIMS`, and
# `ratecheck verify my_theorem.py` treats it like the built-in ledger. Here the same in a notebook.
#
# The theorem: the subgradient method with constant step $\gamma$ on an $M$-Lipschitz convex function from distance $R$
# has a best point within
#
# $$\min_{k\le N}f(x_k)-f^\star\le\frac{R^2}{2(N+1)\gamma}+\frac{\gamma M^2}{2}.$$
#
# :::{admonition} Predict
# Someone forgets the 2 in the second denominator, someone else the 2 in the first. Which of the two slips can a run on
# a *good* instance detect, and which direction of slip can no run ever detect?
# :::
#
# Five lines of NumPy, the proof: $\|x_{k+1}-x^\star\|^2\le\|x_k-x^\star\|^2-2\gamma\,\mathrm{gap}_k+\gamma^2M^2$,
# summed up.

# %%
import numpy as np

rng, gamma, x, total = np.random.default_rng(0), 0.1, np.array([1.0, 0.0]), 0.0
start = x @ x
for _ in range(100):
    g = np.sign(x) / np.sqrt(2)  # of f(x) = |x|_1/sqrt(2), which has M = 1
    total += 2 * gamma * np.abs(x).sum() / np.sqrt(2)
    x = x - gamma * g
print(f"sum of 2 gamma gap = {total:.4f} <= {start + 100 * gamma**2:.4f}")

# %%
from dataclasses import dataclass, replace

import board
import ratecheck as rc
from ratecheck.experiments.run import run_claim
from ratecheck.experiments.verdict import judge


@dataclass(frozen=True, slots=True)
class MySubgradient:
    """One step is x - step_size * g; x has shape (runs, dim)."""

    step_size: float

    def init(self, x):
        return 0

    def step(self, x, state, oracle):
        return x - self.step_size * oracle.subgradient(x), state + 1


def value(facts, method, steps):
    """Return the bound for each number of steps."""
    R, M, gamma = facts["radius"], facts["lipschitz"], method.step_size
    return R**2 / (2 * (steps + 1) * gamma) + gamma * M**2 / 2


BOUND = rc.Bound(
    id="MY-1",
    title="best point, constant step",
    formula=r"\frac{R^2}{2(N+1)\gamma}+\frac{\gamma M^2}{2}",
    value=value,
    measure=rc.measures.GAP,
    output=rc.outputs.Best(),
    source=rc.Source("Me", 2026),
    provenance="derived",
    evidence=("derived here",),
    exponent=-0.5,
    anytime=False,
)
CLAIM = rc.Claim(
    id="my-theorem",
    title="my method is within my bound",
    bound=BOUND,
    problem=rc.testbeds.worst_case.MaxCoordinate,
    method=lambda facts, horizon: MySubgradient(
        facts["radius"] / facts["lipschitz"] / (horizon + 1) ** 0.5
    ),
    horizons=(10, 100, 1000),
    tags=("user",),
)


def verdict(claim):
    """Return the judged claim."""
    return judge([claim], {claim.id: run_claim(claim, 0)})[0]


judged = verdict(CLAIM)
print(judged.verdict, "- observed/bound", round(judged.tightness, 6), "-", judged.reason)
fig, ax = board.picture()
run = judged.run
ax.loglog(run.steps, run.values[0], "o", label="best gap on the worst instance")
ax.loglog(run.steps, run.bound, "--", label="my bound")
ax.set(xlabel="steps", ylabel="gap")
ax.legend()

# %% [markdown]
# Observed / bound is 1: on this instance the theorem is attained, so the constant cannot be improved. Now **plant
# faults**. A check that no fault can fail checks nothing.

# %%


def with_bound(formula):
    """Return the claim with another formula."""
    return replace(CLAIM, bound=replace(BOUND, value=formula))


faults = {
    "bound 5 % too small": with_bound(lambda f, m, n: value(f, m, n) / 1.05),
    "N instead of N + 1 points": with_bound(lambda f, m, n: value(f, m, n + 1)),
    "wrong sign of the step": replace(
        CLAIM, method=lambda f, n: MySubgradient(-f["radius"] / (n + 1) ** 0.5)
    ),
    "step twice as long as the formula thinks": replace(
        CLAIM,
        method=lambda f, n: MySubgradient(2 * f["radius"] / (n + 1) ** 0.5),
        bound=replace(BOUND, value=lambda f, m, n: value(f, MySubgradient(m.step_size / 2), n)),
    ),
}
outcome = {name: verdict(claim).verdict for name, claim in faults.items()}
for name, word in outcome.items():
    print(f"{word:8} {name}")
assert list(outcome.values()) == ["refuted"] * 3 + ["holds"]

# %% [markdown]
# Three are caught. The fourth slips through: on $\max_i x_i$ in $N+1$ dimensions, $N$ steps leave one coordinate
# untouched, so the best gap does not depend on the step at all. Know what your instance cannot see, and check on more
# than one.
#
# A fault in the other direction — a bound that is too *large* — is never refuted. State the tightness you expect
# (`attained=1.0`), and the claim also fails if it is not reached:

# %%
loose = replace(with_bound(lambda f, m, n: 1.05 * value(f, m, n)), attained=1.0)
print(verdict(loose).verdict, "but as expected:", verdict(loose).as_expected)

# %% [markdown]
# :::{admonition} What is easily done wrong
# :class: warning
# Take every constant from `facts` and every step size from `method`. A formula with numbers typed in keeps "holding"
# after the method has changed.
# :::
#
# ## Exercise
# Write the claim that the *last* point obeys the same bound, and let the package refute it. (The last point needs a
# factor of order $\sqrt{\ln N}$; use the instance `chain` with the same step.)

# %% tags=["solution", "hide-input"]
from ratecheck.testbeds.worst_case_max import chain

last = replace(
    CLAIM,
    id="my-last-point",
    bound=replace(BOUND, output=rc.outputs.Last()),
    problem=lambda horizon: chain(horizon, 1 / (horizon + 1) ** 0.5),
    expected="refuted",
)
judged = verdict(last)
print(judged.verdict, "-", judged.reason)
assert judged.as_expected
assert verdict(replace(CLAIM, attained=1.0)).as_expected
