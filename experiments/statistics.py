"""The statistics of a verdict: alarms, certificates, slopes, many claims at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray

FAMILY_LEVEL = 1e-3  # chance that a ledger of true claims raises any alarm
CONFIDENCE = 0.95  # of the intervals that describe (slopes), which decide nothing
POWER = 0.9  # the detectable violation is one that would have been caught this often


def t_pvalues(values: FloatArray, bound: FloatArray) -> FloatArray:
    """Return one-sided p-values of "the mean is at most the bound", one for each column.

    The t statistic is conservative for right-skewed values such as gaps, which is the direction needed here.

    Parameters
    ----------
    values : (runs, records) array
    bound : (records,) array

    Returns
    -------
    (records,) array
    """
    from scipy.special import stdtr

    runs = values.shape[0]
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(runs)
    # Runs that all agree leave no sampling error: then the comparison is exact up to rounding.
    exact = error <= 1e-12 * np.maximum(np.abs(mean), np.abs(bound))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(exact, 0.0, (mean - bound) / np.where(exact, 1.0, error))
    p = stdtr(runs - 1, -statistic)
    return np.where(exact, np.where(mean > bound + 1e-9 * np.abs(bound), 0.0, 1.0), p)


def detectable_ratio(values: FloatArray, bound: FloatArray, level: float) -> float:
    """Return the factor by which the mean must exceed the bound for these runs to raise the alarm with chance `POWER`.

    It is that of the least sharp record in the later half, so that a violation of this size anywhere there is caught.
    """
    from scipy.special import stdtrit

    runs = values.shape[0]
    if runs < 2:
        return float("inf")
    tail = slice(values.shape[1] // 2, None)
    error = values[:, tail].std(axis=0, ddof=1) / np.sqrt(runs)
    margin = stdtrit(runs - 1, 1 - level) + stdtrit(runs - 1, POWER)
    return float(np.max(1 + margin * error / np.abs(bound[tail])))


def binomial_pvalues(exceeded: IntArray, runs: int, probability: float) -> FloatArray:
    """Return one-sided exact p-values of "the chance of exceeding is at most `probability`"."""
    from scipy.special import bdtrc

    return np.where(exceeded == 0, 1.0, bdtrc(np.maximum(exceeded, 1) - 1, runs, probability))


def detectable_probability(runs: int, probability: float, level: float) -> float:
    """Return the smallest true failure chance / `probability` that would have been caught with chance `POWER`."""
    from scipy.special import bdtr, bdtrc

    counts = np.arange(runs + 1)
    alarm = np.concatenate([[1.0], bdtrc(counts[1:] - 1, runs, probability)]) <= level
    if not alarm.any():
        return float("inf")
    needed = int(counts[alarm][0])
    grid = np.geomspace(probability, 1.0, 4000)
    caught = 1 - bdtr(needed - 1, runs, grid) >= POWER
    return float(grid[caught][0] / probability) if caught.any() else float("inf")


def holm_rejects(pvalues: dict[str, float], family: int, level: float = FAMILY_LEVEL) -> set[str]:
    """Return the names whose hypothesis is rejected by Holm's step-down procedure.

    Parameters
    ----------
    pvalues : dict
        p-value of each claim that was checked.
    family : int
        Number of claims of the whole ledger; those not checked count as not rejected, which is on the safe side.
    level : float
        Family-wise level.
    """
    rejected: set[str] = set()
    for rank, name in enumerate(sorted(pvalues, key=lambda name: (pvalues[name], name))):
        if pvalues[name] > level / max(family - rank, 1):
            break
        rejected.add(name)
    return rejected


def betting_upper_limit(values: FloatArray, low: float, high: float, level: float) -> float:
    """Return an upper confidence limit for the mean of values in [low, high] that assumes nothing else.

    The wealth of a bettor against "the mean is m" is a martingale if m is the mean; where it exceeds 1/level, m is
    rejected (Waudby-Smith and Ramdas 2024, section 4: predictable plug-in bets, hedged on one side).

    Parameters
    ----------
    values : (runs,) array
    low, high : float
        Known range.
    level : float
        Chance that the limit is below the mean.
    """
    x = (np.asarray(values) - low) / (high - low)
    runs = x.size
    count = np.arange(1, runs + 1)
    mean = (0.5 + np.cumsum(x)) / (count + 1)
    variance = (0.25 + np.cumsum((x - mean) ** 2)) / (count + 1)
    previous = np.concatenate([[0.25], variance[:-1]])
    bet = np.sqrt(2 * np.log(1 / level) / (previous * runs))
    candidates = np.linspace(0, 1, 2001)[1:]
    # Betting that the mean is smaller than m: wealth grows when x < m; the stake keeps it positive.
    stake = np.minimum(bet[None, :], 0.5 / (1 - candidates[:, None] + 1e-12))
    wealth = np.log1p(stake * (candidates[:, None] - x[None, :])).cumsum(axis=1).max(axis=1)
    rejected = wealth >= np.log(1 / level)
    limit = candidates[rejected][0] if rejected.any() else 1.0
    return float(low + (high - low) * limit)


@dataclass(frozen=True, slots=True)
class Slope:
    """Exponent of the number of steps on the tail: mean over runs, and its interval (None for a single run)."""

    mean: float
    interval: tuple[float, float] | None


def log_log_slope(steps: IntArray, values: FloatArray, first: float, floor: float = 0.0) -> Slope | None:
    """Return the slope of log(value) against log(steps) on the tail that begins at `first`.

    One least-squares slope for each run and a t interval over runs: a slope fitted to one averaged curve has an
    interval that is far too short, since the values of a run are correlated.

    Parameters
    ----------
    steps : (records,) array
    values : (runs, records) array
    first : float
        First number of steps of the tail.
    floor : float
        Values at or below it are not known to be positive; a run with one on the tail has no slope.

    Returns
    -------
    Slope, or None if fewer than three records or half of the runs remain.
    """
    tail = steps >= first
    if tail.sum() < 3:
        return None
    y = values[:, tail]
    usable = (y > floor).all(axis=1) & np.isfinite(y).all(axis=1)
    if usable.sum() < max(1, values.shape[0] / 2):
        return None
    x = np.log(steps[tail])
    x = x - x.mean()
    slopes = np.log(y[usable]) @ x / (x @ x)
    return Slope(float(slopes.mean()), t_interval(slopes) if slopes.size > 1 else None)


def t_interval(values: FloatArray) -> tuple[float, float]:
    """Return the t interval of confidence `CONFIDENCE` for the mean of at least two numbers."""
    from scipy.special import stdtrit

    mean = float(values.mean())
    half = float(stdtrit(values.size - 1, 0.5 + CONFIDENCE / 2) * values.std(ddof=1) / np.sqrt(values.size))
    return mean - half, mean + half
