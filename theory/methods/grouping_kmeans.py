"""Exact one-dimensional K-means, on the values themselves or on a histogram of them.

In one dimension the cells of an optimal clustering are intervals of the sorted values, so that dynamic programming
finds it (Wang and Song, 2011). Clusters are numbered by increasing centroid: cluster c means the same thing at every
re-clustering.
"""

from __future__ import annotations

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_count, require_finite_array

DENSE = 64  # values up to which a table of all interval costs is cheaper than divide and conquer
BINS = 512
PIECE = 1 << 15  # entries at a time


def _require_clusters(count: int, entries: int) -> None:
    require_count("clusters", count)
    if count > entries:
        raise InputError(
            f"{count} clusters were asked for, but the layer has only {entries} entries; ask for at most that many."
        )


def exact_kmeans(values: FloatArray, clusters: int) -> IntArray:
    """Return the labels of an optimal one-dimensional K-means of each row.

    Parameters
    ----------
    values : (rows, n) array
    clusters : int
        K, at most n and at most 255.

    Returns
    -------
    (rows, n) array of uint8
        Labels in order of the centroids; every cluster has an entry.

    Raises
    ------
    InputError
        If there are more clusters than entries, or an entry is NaN or infinite.
    """
    rows, n = values.shape
    _require_clusters(clusters, n)
    require_finite_array("the clustered statistic", values)
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    starts = np.array([_starts(row, None, clusters) for row in ordered]) if n > DENSE else _dense(ordered, clusters)
    ranks = (np.arange(n)[None, :, None] >= starts[:, None, 1:]).sum(axis=2).astype(np.uint8)
    labels = np.empty((rows, n), dtype=np.uint8)
    np.put_along_axis(labels, order, ranks, axis=1)
    return labels


def inertia(values: FloatArray, labels: IntArray) -> float:
    """Return the sum of squared distances of a vector's entries to the means of their clusters."""
    return float(sum(((values[labels == c] - values[labels == c].mean()) ** 2).sum() for c in np.unique(labels)))


def histogram_kmeans(values: FloatArray, clusters: int, bins: int = BINS) -> IntArray:
    """Return labels of one vector by exact K-means on a histogram: O(n) time, no sort.

    The bins are even in ``asinh(v / s)``, with s the mean absolute value divided by 100, so that small entries of a
    heavy-tailed vector are told apart too. All entries of a bin share a label: the result is optimal among those
    clusterings, and its inertia is above the exact one by at most what the bins at the two cluster borders hold.

    Parameters
    ----------
    values : (n,) array
    clusters, bins : int

    Returns
    -------
    (n,) array of uint8
        Clusters may be empty where fewer bins than clusters are occupied.
    """
    _require_clusters(clusters, values.size)
    require_finite_array("the clustered statistic", values)
    scale = np.abs(values).mean() / 100
    if scale == 0:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = (float(np.arcsinh(end / scale)) for end in (values.min(), values.max()))
    if high == low:
        return np.zeros(values.shape, dtype=np.uint8)
    place = _bins(values, scale, low, high, bins).astype(np.intp)  # once, not at each of its uses
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=values, minlength=bins)
    occupied = np.flatnonzero(counts)
    weights = counts[occupied].astype(np.float64)
    starts = _starts(sums[occupied] / weights, weights, min(clusters, occupied.size))
    table = np.zeros(bins, dtype=np.uint8)
    for start in starts[1:]:
        table[occupied[start] :] += 1
    return table[place]


def _bins(values: FloatArray, scale: float, low: float, high: float, bins: int) -> IntArray:
    """Return the bin of each entry, piece by piece so that the work stays in the cache."""
    place = np.empty(values.shape, dtype=np.uint16)
    for first in range(0, values.size, PIECE):
        spread = np.arcsinh(values[first : first + PIECE] / values.dtype.type(scale))
        spread -= values.dtype.type(low)
        spread *= values.dtype.type(bins / (high - low))
        place[first : first + PIECE] = np.clip(spread, 0, bins - 1)
    return place


def _sums(ordered: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return prefix sums of weight, value and squared value, each led by 0; values are centred against cancellation."""
    w = np.ones_like(ordered) if weights is None else weights
    centred = ordered - (w * ordered).sum(axis=-1, keepdims=True) / w.sum(axis=-1, keepdims=True)
    lead = [(0, 0)] * (ordered.ndim - 1) + [(1, 0)]
    return tuple(np.pad(np.cumsum(part, axis=-1), lead) for part in (w, w * centred, w * centred**2))  # type: ignore[return-value]


def _dense(ordered: FloatArray, clusters: int) -> IntArray:
    """Return the first ranks of the clusters of each row by a table of all interval costs."""
    rows, n = ordered.shape
    weight, total, square = _sums(ordered, None)
    count = weight[:, None, :] - weight[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_part = (total[:, None, :] - total[:, :, None]) ** 2 / count
    cost = square[:, None, :] - square[:, :, None] - mean_part
    # cost[:, i, j] is that of the ranks i, ..., j - 1.
    cost = np.where(count > 0, np.maximum(cost, 0.0), np.inf)
    best = cost[:, 0, :]
    choices = []
    for c in range(1, clusters):
        # The last cluster ends at n; of the others every end is needed.
        combined = best[:, :, None] + (cost[:, :, n:] if c == clusters - 1 else cost)
        choices.append(combined.argmin(axis=1))
        best = np.take_along_axis(combined, choices[-1][:, None], axis=1)[:, 0]
    starts = np.zeros((rows, clusters), dtype=np.int64)
    end = np.zeros(rows, dtype=np.int64)  # of the one end that the last table has
    for c in range(clusters - 1, 0, -1):
        end = choices[c - 1][np.arange(rows), end]
        starts[:, c] = end
    return starts


def _starts(ordered: FloatArray, weights: FloatArray | None, clusters: int) -> IntArray:
    """Return the first ranks of the clusters of one sorted vector by divide and conquer: O(K n log n)."""
    n = ordered.size
    weight, total, square = _sums(ordered, weights)

    def cost(first: IntArray, end: IntArray) -> FloatArray:
        mean_part = (total[end] - total[first]) ** 2 / (weight[end] - weight[first])
        return np.maximum(square[end] - square[first] - mean_part, 0.0)

    ends = np.arange(1, n + 1)
    best = np.concatenate([[np.inf], cost(np.zeros_like(ends), ends)])
    choices = np.zeros((clusters, n + 1), dtype=np.int64)
    for c in range(1, clusters):
        following = np.full(n + 1, np.inf)
        # The last cluster ends at n; of the others every end is needed.
        waiting = np.array([[c + 1 if c < clusters - 1 else n], [n], [c], [n - 1]])
        # The best border moves right with the end, so that each half searches only its side; all halves at once.
        while waiting.size:
            first, last, low, high = waiting
            middle = (first + last) // 2
            counts = np.minimum(high, middle - 1) - low + 1
            begins = np.cumsum(counts) - counts
            borders = np.arange(counts.sum()) - np.repeat(begins - low, counts)
            totals = best[borders] + cost(borders, np.repeat(middle, counts))
            least = np.minimum.reduceat(totals, begins)
            smallest = np.flatnonzero(totals == np.repeat(least, counts))
            choice = borders[smallest[np.searchsorted(smallest, begins)]]
            following[middle], choices[c, middle] = least, choice
            left, right = (first, middle - 1, low, choice), (middle + 1, last, choice, high)
            waiting = np.concatenate([left, right], axis=1)
            waiting = waiting[:, waiting[0] <= waiting[1]]
        best = following
    starts = np.zeros(clusters, dtype=np.int64)
    end = n
    for c in range(clusters - 1, 0, -1):
        end = choices[c, end]
        starts[c] = end
    return starts
