"""SGG, scaling with gradient grouping, as a wrapper around any method.

Li et al. (2025), arXiv 2506.01049. The paper has no theorem; what can be proved is in `theory.bounds.grouping`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from ratecheck.theory.arrays import Array, FloatArray, namespace
from ratecheck.theory.errors import InputError, require_choice, require_count
from ratecheck.theory.method import Method, Oracle
from ratecheck.theory.methods.adam import AdamW
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.grouping_scales import Grouping, group_labels, multiplier, next_scales, spreads
from ratecheck.theory.methods.layers import Layers, covering
from ratecheck.theory.methods.momentum import Momentum, MomentumState
from ratecheck.theory.methods.multiplied import Multiplied
from ratecheck.theory.methods.recorded import RecordedOracle
from ratecheck.theory.schedules import as_schedule, step_size_at

When = Literal["every", "doubling", "once"]
Preset = Literal["paper", "code_v2", "ours"]


def momentum_of(state: Any, gradient: Array) -> Array:
    """Return the momentum that a method's state carries, or the last gradient where it carries none.

    Raises
    ------
    InputError
        If there is neither.
    """
    if isinstance(state, MomentumState):
        return state.v
    for name in ("m", "momentum"):
        if hasattr(state, name):
            return getattr(state, name)
    if gradient is None:
        raise InputError(
            "the method's state names no momentum and it asked for no gradient, so that there is nothing to group; "
            "give momentum, a function of its state and the gradient."
        )
    return gradient


class GroupingState(NamedTuple):
    """What SGG carries beside the inner method's state; saving all of it lets a run continue bit for bit.

    `k` is the number of the next step, `clusterings` that of re-clusterings so far; `labels` (runs, dim) uint8;
    `scales` and `statistics` (runs, layers, K); `factors` (runs, dim), the scale of each parameter; `path` (runs, dim),
    the path length P_i, which is the sum of all increases of 1 / S_i. `scratch` holds the scaled step sizes within one
    step; what it holds between steps means nothing.
    """

    k: int
    inner: Any
    clusterings: int
    labels: Array
    scales: FloatArray
    statistics: FloatArray
    factors: Array
    path: FloatArray
    scratch: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class SGG:
    r"""Multiplies the step of `inner` by a scale for each group of parameters.

    .. math:: x_{t+1} = x_t - S_t[C_t] \odot \alpha_t \odot m_t

    A *layer* is a slice of the flat parameter (see `Layer`); a group is a cluster of the entries of one layer's
    momentum. Until the first re-clustering, every step is that of `inner`, bit for bit. Decoupled weight decay of
    `inner` (a field ``weight_decay``) is not scaled. A method without a field ``step_size``, or whose step size must
    be one number, has its whole displacement scaled. A projection belongs outside: ``Projected(SGG(...))``.

    Parameters
    ----------
    inner : Method
    rule : Grouping
    layers : tuple of Layer
        Empty for one layer of all coordinates.
    period : int
        T, number of steps from one re-clustering to the next.
    when : {"every", "doubling", "once"}
        Re-cluster every T steps, at T, 2T, 4T, ..., or once and then keep the scales.
    at_once : bool
        Re-cluster at the first step already.
    delay : bool
        Use new scales from the next step on, so that they do not depend on the gradient that they multiply.
    skip_vectors : bool
        Leave layers with fewer than two axes alone (the paper does); by default all are scaled.
    shuffled : bool
        A control: deal each layer's labels to its entries at random, so that the scales have the same histogram.
    momentum : callable, optional
        ``(inner state, gradient) -> (runs, dim)`` for methods whose state names its momentum otherwise than `m`.
    """

    inner: Method
    rule: Grouping = dataclasses.field(default_factory=Grouping)
    layers: Layers = ()
    period: int = 500
    when: When = "every"
    at_once: bool = False
    delay: bool = False
    skip_vectors: bool = False
    shuffled: bool = False
    # A function is shown by its address, which would make the same run another file each time.
    momentum: Callable[[Any, Array], Array] = field(default=momentum_of, repr=False)

    def __post_init__(self) -> None:
        require_count("period", self.period)
        require_choice("when", self.when, get_args(When))

    def scaled_layers(self, dim: int) -> Layers:
        """Return the layers that get scales; raise `InputError` if the layers do not cover `dim` coordinates."""
        layers = covering(self.layers, dim)
        chosen = tuple(layer for layer in layers if len(layer.shape) > 1) if self.skip_vectors else layers
        if not chosen:
            raise InputError("skip_vectors is set, but no layer has two axes, so that nothing would be scaled.")
        for layer in chosen:
            if layer.size < self.rule.clusters:
                raise InputError(
                    f"{self.rule.clusters} clusters were asked for, but the layer at coordinate {layer.start} has only "
                    f"{layer.size} entries; lower clusters or leave the layer out."
                )
        return chosen

    def is_due(self, t: int) -> bool:
        """Return whether step `t` (from 1) re-clusters."""
        if self.at_once and t == 1:
            return True
        if self.when == "once":
            return t == self.period and not self.at_once
        if t % self.period:
            return False
        rounds = t // self.period
        return self.when == "every" or rounds & (rounds - 1) == 0

    def init(self, x: Array) -> GroupingState:
        """Return the state before the first step."""
        runs, dim = x.shape
        ones = np.ones((runs, len(self.scaled_layers(dim)), self.rule.clusters))
        labels = np.zeros((runs, dim), dtype=np.uint8)
        return GroupingState(
            0, self.inner.init(x), 0, labels, ones, ones, namespace(x).ones_like(x), np.zeros((runs, dim))
        )

    def step(self, x: Array, state: GroupingState, oracle: Oracle) -> tuple[Array, GroupingState]:
        """Take one inner step with scaled step size, after a re-clustering where it is due."""
        due = self.is_due(state.k + 1)
        if not due and state.clusterings == 0:
            x, inner = self.inner.step(x, state.inner, oracle)
            return x, state._replace(k=state.k + 1, inner=inner)
        recorded = RecordedOracle(oracle)
        factors = state.factors
        if due:
            _, probed = self.inner.step(x, state.inner, recorded)
            recorded.rewind()
            state = self._regrouped(state, self.momentum(probed, recorded.gradient), x)
            factors = factors if self.delay else state.factors
        x, inner = self._scaled_step(x, state.inner, recorded, factors, state.scratch)
        return x, state._replace(k=state.k + 1, inner=inner)

    def _scaled_step(
        self, x: Array, inner_state: Any, oracle: RecordedOracle, factors: Array, scratch: FloatArray | None
    ) -> tuple[Array, Any]:
        rule: Any = getattr(self.inner, "step_size", None)
        decay = getattr(self.inner, "weight_decay", 0.0)
        changes = {"weight_decay": 0.0} if decay else {}
        scaled = None if rule is None else self._with_steps(Multiplied(rule, factors, scratch), changes)
        if scaled is None:
            following, inner_state = self.inner.step(x, inner_state, oracle)
            return x - factors * (x - following), inner_state
        y = x
        if decay:
            # The gradient is the one at x; only then the decay moves the point, by the plain step size.
            y = x * (1 - step_size_at(as_schedule(rule), inner_state.k, x) * decay)
            oracle.subgradient(x)
            oracle.rewind()
            oracle.moved(y)
        return scaled.step(y, inner_state, oracle)

    def _with_steps(self, steps: Multiplied, changes: dict[str, Any]) -> Any:
        """Return the inner method with scaled steps, or None where its step size must be one number."""
        try:
            return dataclasses.replace(self.inner, step_size=steps, **changes)  # type: ignore[type-var]
        except InputError:
            return None

    def _regrouped(self, state: GroupingState, momentum: Array, x: Array) -> GroupingState:
        m = np.asarray(momentum)
        layers = self.scaled_layers(m.shape[1])
        labels = group_labels(m, layers, self.rule)
        cells, reference = spreads(m, labels, layers, self.rule)
        scales, statistics = next_scales(
            state.scales, state.statistics, cells, reference, self.rule, first=state.clusterings == 0
        )
        if self.shuffled:
            for layer in layers:
                order = np.random.default_rng([state.clusterings, layer.start]).permutation(layer.size)
                labels[:, layer.slice] = labels[:, layer.slice][:, order]
        factors = multiplier(scales, labels, layers, m.dtype)
        increase = np.maximum(1 / factors - 1 / np.asarray(state.factors), 0.0)
        return state._replace(
            clusterings=state.clusterings + 1,
            labels=labels,
            scales=scales,
            statistics=statistics,
            factors=namespace(x).asarray(factors),
            path=state.path + increase,
            scratch=np.empty_like(factors) if isinstance(x, np.ndarray) else None,
        )


class ScaleReport(NamedTuple):
    """Scales over the parameters of each run, shape (runs,): mean, extremes, and the largest path length."""

    mean: FloatArray
    smallest: FloatArray
    largest: FloatArray
    path: FloatArray


def scale_report(state: GroupingState) -> ScaleReport:
    """Return what must be told beside every result of SGG: a mean above 1 is a hidden increase of the step size."""
    S = np.asarray(state.factors, dtype=np.float64)
    return ScaleReport(S.mean(axis=1), S.min(axis=1), S.max(axis=1), state.path.max(axis=1))


def sgg(inner: Method, preset: Preset = "ours", layers: Layers = (), **changes: Any) -> SGG:
    """Return SGG around `inner` with the fields of a preset.

    Parameters
    ----------
    inner : Method
    preset : {"paper", "code_v2", "ours"}
        ``paper``: signed momentum, median deviations, reference over cells, scales from 1, first at step T = 500,
        vectors left alone. ``code_v2``: absolute momentum, means that are averaged from 1, layer reference, clamp last,
        all tensors. ``ours``: one scale for each layer, root mean squares, from the first gradient on and then frozen.
    layers : tuple of Layer
    **changes
        Fields of `SGG` or of `Grouping` that differ from the preset.
    """
    require_choice("preset", preset, get_args(Preset))
    rules: dict[str, dict[str, Any]] = {
        "paper": {},
        "code_v2": {
            "feature": "abs",
            "statistic": "mean abs",
            "reference": "layer",
            "smoothing": 0.999,
            "statistic_smoothing": 0.999,
            "clamp_after": True,
        },
        "ours": {"clusters": 1, "statistic": "rms", "reference": "parameters", "smoothing": 0.9, "first_value": True},
    }
    # A layer list that holds vectors only means that the user wants them scaled.
    has_matrix = any(len(layer.shape) > 1 for layer in layers)
    fields: dict[str, Any] = {"skip_vectors": preset == "paper" and has_matrix}
    if preset == "ours":
        fields |= {"at_once": True, "when": "once"}
    names = {field.name for field in dataclasses.fields(SGG)}
    rule = rules[preset] | {name: value for name, value in changes.items() if name not in names}
    fields |= {name: value for name, value in changes.items() if name in names}
    try:
        return SGG(inner, rule=Grouping(**rule), layers=layers, **fields)
    except TypeError as error:
        raise InputError(f"{error}, but only fields of SGG and of Grouping can be changed; see their docs.") from None


EXAMPLES: dict[str, Method] = {
    "sgg-sgd": sgg(Subgradient(0.05), "paper", clusters=2, period=4, smoothing=0.5),
    "sgg-momentum": sgg(Momentum(0.02), "code_v2", clusters=2, period=4),
    "sgg-adamw": sgg(AdamW(0.1, weight_decay=0.1), "ours"),
}
