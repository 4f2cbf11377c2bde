# %% [markdown]
# # 23. The statistics of a verdict
#
# A bound in expectation, $E\,Y\le B$, is never *seen*; we see $n$ runs. The package asks three separate questions.
#
# 1. **Alarm.** Is the mean *above* the bound beyond doubt? One-sided $t$ test at a tiny level, corrected for all
# records, looks and claims.
# 2. **Power.** Which violation would these runs have caught? (See the formula below.)
# 3. **Certificate.** Is the mean *below* the bound beyond doubt? Only for a known range, by betting.
#
# $$\mathrm{detectable}=1+\frac{(t_{1-\alpha}+t_{0.9})\,s/\sqrt n}{B}.$$
#
# No alarm **and** no power is "undecided", never "holds".
#
# :::{admonition} Predict
# Sixteen runs, no alarm, standard deviation as large as the bound. Would a violation by a factor of 2 have been
# noticed?
# :::
#
# Five lines of NumPy:

# %%
import numpy as np
from scipy.stats import t as student

n, s, B, level = 16, 1.0, 1.0, 1e-6
detectable = 1 + (student.ppf(1 - level, n - 1) + student.ppf(0.9, n - 1)) * s / np.sqrt(n) / B
print(f"with {n} runs a violation by {detectable:.2f} would be caught; with 1024 runs by "
      f"{1 + (student.ppf(1 - level, 1023) + student.ppf(0.9, 1023)) / 32:.2f}")  # fmt: skip

# %% [markdown]
# **The alarm keeps its level, and the power is what is promised.** Gaps are skewed to the right (exponential here).
# Below: share of alarms against the true mean over the bound. The formula for the detectable factor assumes a normal
# mean; for 64 runs it is close.

# %%
import board
from ratecheck.experiments.statistics import betting_upper_limit, detectable_ratio, t_pvalues

rng, level = np.random.default_rng(1), 0.01
factors = np.linspace(0.8, 2.2, 15)
fig, ax = board.picture()
for n, color in ((16, board.SKY), (64, board.BLUE)):
    sample = rng.exponential(size=(n, 2000))
    alarms = [float((t_pvalues(f * sample, np.ones(2000)) < level).mean()) for f in factors]
    ax.plot(factors, alarms, "o-", markersize=3, color=color, label=f"{n} runs")
    promise = np.mean(
        [detectable_ratio(sample[:, k : k + 1], np.ones(1), level) for k in range(200)]
    )
    ax.axvline(promise, color=color, linestyle="--", linewidth=1)
    at_the_bound = float((t_pvalues(sample, np.ones(2000)) < level).mean())
    print(
        f"{n} runs: alarm at the bound {at_the_bound:.4f} (level {level}), detectable factor {promise:.2f}"
    )
    assert at_the_bound <= level  # conservative for right-skewed values
ax.axvline(1.0, color="black", linewidth=0.7)
ax.axhline(0.9, color="black", linestyle=":", linewidth=0.7)
ax.set(xlabel="true mean / bound", ylabel="share of alarms", title="dashed: detectable factor")
ax.legend()

# %% [markdown]
# **"Below" is another test.** Take values that are 0 with chance 0.98 and 1 otherwise, and claim that the mean is below
# 0.02. It is exactly 0.02, so any certificate is wrong. The $t$ limit certifies far too often; the betting limit, valid
# for any law on $[0,1]$, does not.

# %%
wrong = {"t limit": 0, "betting": 0}
trials, n = 400, 32
for _ in range(trials):
    y = (rng.random(n) < 0.02).astype(float)
    t_limit = y.mean() + student.ppf(0.95, n - 1) * y.std(ddof=1) / np.sqrt(n)
    wrong["t limit"] += t_limit < 0.02
    wrong["betting"] += betting_upper_limit(y, 0.0, 1.0, 0.05) < 0.02
print({name: f"wrong in {count / trials:.1%} at a nominal 5 %" for name, count in wrong.items()})
assert wrong["t limit"] > 0.3 * trials
assert wrong["betting"] <= 0.05 * trials

# %% [markdown]
# **Slopes.** A slope fitted to one averaged curve treats records of a run as independent; they are not. One slope for
# each run and a $t$ interval over runs is honest. Below: correlated noise around $k^{-1/2}$, and how often each
# interval contains $-\tfrac12$.

# %%
from ratecheck.experiments.statistics import log_log_slope

steps = np.unique(np.round(np.geomspace(10, 10_000, 40)).astype(int))
x = np.log(steps) - np.log(steps).mean()


def noisy_curves(runs: int) -> np.ndarray:
    """Return curves k^(-1/2) with multiplicative noise that is correlated along the curve."""
    shocks = rng.standard_normal((runs, steps.size))
    noise = np.empty_like(shocks)
    noise[:, 0] = shocks[:, 0]
    for k in range(1, steps.size):
        noise[:, k] = 0.9 * noise[:, k - 1] + np.sqrt(1 - 0.9**2) * shocks[:, k]
    return steps**-0.5 * np.exp(0.3 * noise)


hits = {"one fit to the mean": 0, "one fit for each run": 0}
intervals = []
for trial in range(200):
    curves = noisy_curves(24)
    y = np.log(curves.mean(axis=0))
    slope = x @ y / (x @ x)
    residual = y - y.mean() - slope * x
    half = student.ppf(0.975, x.size - 2) * np.sqrt(residual @ residual / (x.size - 2) / (x @ x))
    hits["one fit to the mean"] += abs(slope + 0.5) < half
    fit = log_log_slope(steps, curves, 10.0)
    hits["one fit for each run"] += fit.interval[0] < -0.5 < fit.interval[1]
    if trial < 25:
        intervals.append((slope - half, slope + half, *fit.interval))
fig, ax = board.picture()
for row, (a, b, c, d) in enumerate(intervals):
    ax.plot([a, b], [row, row], color=board.VERMILLION, linewidth=2)
    ax.plot([c, d], [row + 0.35, row + 0.35], color=board.BLUE, linewidth=1)
ax.axvline(-0.5, color="black", linewidth=0.7)
ax.set(xlabel="slope", yticks=[], title="red: mean curve, blue: over runs")
print(
    {name: f"{count / 200:.0%} contain the truth, nominal 95 %" for name, count in hits.items()}
)
assert hits["one fit to the mean"] < 120 < 170 < hits["one fit for each run"]

# %% [markdown]
# :::{admonition} What is easily done wrong
# :class: warning
# - "It held on ten seeds" without saying what would have been caught.
# - Testing hundreds of records at 5 % each: something alarms every time. The package uses Holm's correction at a family
#   level of one in a thousand.
# - A fixed seed makes a verdict repeatable. It does not make a level.
# :::
#
# ## Exercise
# How many runs does it take to catch a violation by 1.5 with chance 0.9 at level $10^{-6}$, if $s=B$? Use the formula
# with normal quantiles, then check with `detectable_ratio` on exponential samples.

# %% tags=["solution", "hide-input"]
from scipy.stats import norm

needed = int(np.ceil(((norm.ppf(1 - 1e-6) + norm.ppf(0.9)) / 0.5) ** 2))
measured = np.mean(
    [detectable_ratio(rng.exponential(size=(needed, 1)), np.ones(1), 1e-6) for _ in range(200)]
)
print(f"{needed} runs; detectable with them: {measured:.3f}")
assert 140 < needed < 160
assert abs(measured - 1.5) < 0.06

# %% [markdown]
# ## What the ledger says

# %%
board.ask("hp-01-half-range", "misquoted-sgd-01-every-run")
