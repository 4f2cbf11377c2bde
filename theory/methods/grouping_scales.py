"""The scales of gradient grouping: cluster each layer's momentum, compare spreads, clamp, smooth.

Li, Tian, Wang, Jin, Liu, Zhang and Xu (2025), "Taming LLMs by scaling learning rates with gradient grouping",
arXiv 2506.01049, section 2.3. These are functions of host arrays (NumPy), called once every few hundred steps; what
is applied at every step is one multiplication.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_choice, require_count, require_decay, require_nonnegative
from ratecheck.theory.methods.grouping_kmeans import exact_kmeans, histogram_kmeans
from ratecheck.theory.methods.layers import Layers

Feature = Literal["signed", "abs", "log abs"]
Statistic = Literal["deviation", "mean abs", "rms"]
Reference = Literal["cells", "parameters", "layer"]
Clustering = Literal["exact", "histogram"]
SMALL = 4096  # entries of a layer up to which all runs are worked on at once, at the cost of wider numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    r"""How scales follow from the momentum m.

    .. math::

        r_{l,c} = \frac{D}{D_{l,c} + \varepsilon}, \qquad
        S_{l,c} \leftarrow \beta_3 S_{l,c} + (1-\beta_3)\,\mathrm{clip}(r_{l,c}, s_{\min}, s_{\max})

    Parameters
    ----------
    clusters : int
        K, of each layer. 1 keeps the contrast between layers only.
    feature : {"signed", "abs", "log abs"}
        What is clustered: m, its absolute value, or the logarithm of that.
    statistic : {"deviation", "mean abs", "rms"}
        The spread D_{l,c} of a cluster: median distance of its entries from the *layer's* mean (the paper), mean
        absolute value (the released code), or root mean square (the right one for a regret bound).
    reference : {"cells", "parameters", "layer"}
        D: the median of all D_{l,c}; the median deviation over all parameters, which does not raise the typical
        scale; or the layer's own statistic, which leaves no contrast between layers.
    smoothing : float
        beta_3 in [0, 1).
    clamp : tuple of float
        (s_min, s_max) with 0 < s_min <= s_max.
    clamp_after : bool
        Clamp the smoothed scale, as the released code does, instead of the ratio.
    first_value : bool
        Start the average from the first ratio instead of from 1.
    statistic_smoothing : float
        Factor of an average of the statistic itself that starts at 1 (the released code), 0 for none.
    clustering : {"exact", "histogram"}
    eps : float
        Added to the spread in the ratio; once all momentum is far below it, every scale falls to s_min.
    """

    clusters: int = 3
    feature: Feature = "signed"
    statistic: Statistic = "deviation"
    reference: Reference = "cells"
    smoothing: float = 0.99
    clamp: tuple[float, float] = (0.1, 10.0)
    clamp_after: bool = False
    first_value: bool = False
    statistic_smoothing: float = 0.0
    clustering: Clustering = "exact"
    eps: float = 1e-8

    def __post_init__(self) -> None:
        require_count("clusters", self.clusters)
        if self.clusters > 255:
            raise InputError(f"clusters is {self.clusters!r}, but labels are one byte: at most 255 are allowed.")
        for name, kind in (
            ("feature", Feature),
            ("statistic", Statistic),
            ("reference", Reference),
            ("clustering", Clustering),
        ):
            require_choice(name, getattr(self, name), get_args(kind))
        require_decay("smoothing", self.smoothing)
        require_decay("statistic_smoothing", self.statistic_smoothing)
        require_nonnegative("eps", self.eps)
        pair = (
            isinstance(self.clamp, tuple) and len(self.clamp) == 2 and not any(isinstance(s, str) for s in self.clamp)
        )
        if not (pair and 0 < self.clamp[0] <= self.clamp[1] < float("inf")):
            raise InputError(f"clamp is {self.clamp!r}, but it must be two positive numbers, the smaller one first.")


def group_labels(momentum: FloatArray, layers: Layers, rule: Grouping) -> IntArray:
    """Return the cluster of each entry within its layer.

    Parameters
    ----------
    momentum : (runs, dim) array
    layers : tuple of Layer
        Slices of the last axis; entries outside all of them get label 0.
    rule : Grouping

    Returns
    -------
    (runs, dim) array of uint8

    Raises
    ------
    InputError
        If an entry is NaN or infinite, or a layer has fewer entries than clusters.
    """
    labels = np.zeros(momentum.shape, dtype=np.uint8)
    for layer in layers:
        part = _feature(momentum[:, layer.slice], rule.feature)
        if rule.clusters == 1:
            continue
        if rule.clustering == "exact":
            labels[:, layer.slice] = exact_kmeans(part, rule.clusters)
        else:
            labels[:, layer.slice] = [histogram_kmeans(row, rule.clusters) for row in part]
    return labels


def _feature(m: FloatArray, feature: Feature) -> FloatArray:
    if not np.isfinite(m).all():
        raise InputError(
            "the momentum holds NaN or infinite entries, but every entry must be a finite number to be grouped; "
            "lower the step size."
        )
    if feature == "signed":
        return m
    if feature == "abs":
        return np.abs(m)
    return np.log(np.abs(m) + np.finfo(m.dtype).tiny)


def spreads(momentum: FloatArray, labels: IntArray, layers: Layers, rule: Grouping) -> tuple[FloatArray, FloatArray]:
    """Return the statistic of each cluster, shape (runs, layers, K), and the reference, (runs, 1 or layers, 1).

    The statistic of an empty cluster is NaN.
    """
    runs = momentum.shape[0]
    cells = np.empty((runs, len(layers), rule.clusters))
    whole = np.empty((runs, len(layers), 1))
    deviations = []
    for index, layer in enumerate(layers):
        m = momentum[:, layer.slice]
        center = m.mean(axis=1, keepdims=True, dtype=np.float64) if rule.statistic == "deviation" else 0.0
        size = np.abs(m - np.asarray(center, dtype=m.dtype))
        own = labels[:, layer.slice]
        if rule.statistic == "deviation" and layer.size > SMALL:
            cells[:, index] = [_cluster_medians(row, of, rule.clusters) for row, of in zip(size, own, strict=True)]
        else:
            for cluster in range(rule.clusters):
                cells[:, index, cluster] = _statistic(size, own == cluster, rule.statistic)
        if rule.reference == "layer":
            whole[:, index, 0] = _statistic(size, np.ones(size.shape, dtype=bool), rule.statistic)
        elif rule.reference == "parameters":
            deviations.append(size)
    if rule.reference == "layer":
        return cells, whole
    pool = np.concatenate(deviations, axis=1) if deviations else cells.reshape(runs, -1)
    return cells, _median(pool, np.isfinite(pool))[:, None, None]


def _statistic(size: FloatArray, member: FloatArray, statistic: Statistic) -> FloatArray:
    if statistic == "deviation":
        return _median(size, member)
    count = member.sum(axis=1)
    power = size if statistic == "mean abs" else size**2
    with np.errstate(invalid="ignore"):
        mean = np.where(member, power, 0.0).sum(axis=1) / count
    return mean if statistic == "mean abs" else np.sqrt(mean)


def _median(values: FloatArray, member: FloatArray) -> FloatArray:
    """Return the median of the members of each row, of an even number the average of the middle two, NaN of none."""
    rows, n = values.shape
    if n > SMALL:
        return np.array([_vector_median(row[own]) for row, own in zip(values, member)])
    ordered = np.sort(np.where(member, values, np.inf), axis=1)
    count = member.sum(axis=1)
    at = np.arange(rows)
    middle = (ordered[at, np.maximum(count - 1, 0) // 2] + ordered[at, np.minimum(count // 2, n - 1)]) / 2
    return np.where(count > 0, middle, np.nan)


def _cluster_medians(values: FloatArray, labels: IntArray, clusters: int) -> FloatArray:
    """Return the median of each cluster of a vector of numbers that are at least 0, NaN of an empty one.

    Such numbers are in the order of their leading bits. Counting these leaves few candidates to sort, and needs no copy
    of a cluster.
    """
    bits = np.dtype(f"u{values.itemsize}")
    leading = values.view(bits) >> bits.type(8 * values.itemsize - 16)  # 15 bits, since the sign is 0
    place = labels.astype(np.intp)
    place <<= 15
    place |= leading.astype(np.intp)
    counts = np.bincount(place, minlength=clusters << 15).reshape(clusters, -1)
    medians = np.full(clusters, np.nan)
    for cluster in np.flatnonzero(counts.any(axis=1)):
        upto = np.cumsum(counts[cluster])
        ranks = np.array([(upto[-1] - 1) // 2, upto[-1] // 2])
        middle = []
        for rank, cell in zip(ranks, np.searchsorted(upto, ranks, side="right"), strict=True):
            candidates = values[place == (cluster << 15 | cell)]
            within = rank - (upto[cell] - counts[cluster, cell])
            middle.append(float(np.partition(candidates, within)[within]))
        medians[cluster] = (middle[0] + middle[1]) / 2
    return medians


def _vector_median(values: FloatArray) -> float:
    if not values.size:
        return float("nan")
    middle = values.size // 2
    ordered = np.partition(values, middle)
    # Of an even number, the lower of the middle two is the largest of the smaller half.
    below = ordered[middle] if values.size % 2 else ordered[:middle].max()
    return (float(below) + float(ordered[middle])) / 2


def next_scales(
    scales: FloatArray, statistics: FloatArray, cells: FloatArray, reference: FloatArray, rule: Grouping, *, first: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the scales and the smoothed statistics after a re-clustering, both of shape (runs, layers, K).

    Parameters
    ----------
    scales, statistics : arrays
        Before it; 1 at the beginning.
    cells, reference : arrays
        From `spreads`. An empty cluster has the ratio 1.
    rule : Grouping
    first : bool
        Whether this is the first re-clustering.
    """
    delta = rule.statistic_smoothing
    statistics = delta * statistics + (1 - delta) * np.where(np.isnan(cells), reference, cells)
    ratio = np.where(np.isnan(cells), 1.0, reference / np.maximum(statistics + rule.eps, np.finfo(np.float64).tiny))
    low, high = rule.clamp
    if not rule.clamp_after:
        ratio = np.clip(ratio, low, high)
    weight = 0.0 if first and rule.first_value else rule.smoothing
    scales = weight * scales + (1 - weight) * ratio
    return (np.clip(scales, low, high) if rule.clamp_after else scales), statistics


def multiplier(scales: FloatArray, labels: IntArray, layers: Layers, dtype: type | np.dtype) -> FloatArray:
    """Return the scale of each parameter, shape (runs, dim); 1 outside all layers.

    Parameters
    ----------
    scales : (runs, layers, K) array
    labels : (runs, dim) array of uint8
    layers : tuple of Layer
    dtype : type
        Of the parameters.
    """
    factors = np.ones(labels.shape, dtype=dtype)
    narrow = scales.astype(dtype)
    for index, layer in enumerate(layers):
        if layer.size < SMALL:
            factors[:, layer.slice] = np.take_along_axis(
                narrow[:, index], labels[:, layer.slice].astype(np.intp), axis=1
            )
            continue
        for run in range(labels.shape[0]):
            np.take(narrow[run, index], labels[run, layer.slice], out=factors[run, layer.slice], mode="clip")
    return factors
