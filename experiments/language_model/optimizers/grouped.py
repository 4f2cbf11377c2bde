"""SGG on torch: a scale for each group of entries, from clusters of the momentum, around any `RuleOptimizer`.

Li et al. (2025), arXiv 2506.01049. Labels and scales are computed by `ratecheck.theory.methods.grouping_scales` once
every few hundred steps; between them a step costs one more multiplication.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ratecheck.experiments.language_model.optimizers.classes import AdamW
from ratecheck.experiments.language_model.optimizers.elementwise import Params, RuleOptimizer
from ratecheck.experiments.language_model.optimizers.entries import Entry, widened
from ratecheck.experiments.language_model.optimizers.paths import updated, with_noise
from ratecheck.experiments.language_model.optimizers.rules import Group, Rule
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.grouping import SGG, Preset
from ratecheck.theory.methods.grouping import sgg as sgg_method
from ratecheck.theory.methods.grouping_scales import group_labels, next_scales, spreads
from ratecheck.theory.methods.layers import layers_of


class Regrouping:
    """What `RuleOptimizer` asks before each step; `plan` says when and how (its inner method is not used)."""

    def __init__(self, plan: SGG) -> None:
        self.plan = plan
        # By identity of an entry's labels: these, and the factors that follow from them.
        self._factors: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def regroup(self, rule: Rule, found: list[tuple[Group, list[Entry]]]) -> None:
        """Cluster the momentum that this step will have, where a re-clustering is due, and store the scales.

        Raises
        ------
        InputError
            If a parameter is sharded: clusters are those of whole tensors.
        """
        members = [(group, entry) for group, entries in found for entry in entries]
        members = [(group, entry) for group, entry in members if self._is_scaled(entry)]
        if not members or not self.plan.is_due(members[0][1].t):
            return
        if any(hasattr(value, "device_mesh") for _, entry in members for value in entry.state.values()):
            raise InputError("a parameter is sharded, but gradient grouping clusters whole tensors; use DDP.")
        momentum = [_signal(rule, group, entry) for group, entry in members]
        m = np.concatenate([part.reshape(1, -1) for part in momentum], axis=1)
        layers = layers_of(*(tuple(entry.x.shape) or 1 for _, entry in members))
        grouping, K = self.plan.rule, self.plan.rule.clusters
        first = "scales" not in members[0][1].state
        ones = torch.ones(K, dtype=torch.float64)
        scales, statistics = (
            np.stack([entry.state.get(name, ones).cpu().numpy() for _, entry in members])[None]
            for name in ("scales", "statistics")
        )
        labels = group_labels(m, layers, grouping)
        cells, reference = spreads(m, labels, layers, grouping)
        scales, statistics = next_scales(scales, statistics, cells, reference, grouping, first=first)
        if self.plan.shuffled:
            before = sum(map(self.plan.is_due, range(1, members[0][1].t)))
            for layer in layers:
                order = np.random.default_rng([before, layer.start]).permutation(layer.size)
                labels[:, layer.slice] = labels[:, layer.slice][:, order]
        self._factors.clear()
        for index, (_, entry) in enumerate(members):
            part = torch.from_numpy(labels[0, layers[index].slice].copy()).view(entry.x.shape)
            entry.state["labels"] = part.to(entry.x.device)
            entry.state["scales"] = torch.from_numpy(scales[0, index].copy())
            entry.state["statistics"] = torch.from_numpy(statistics[0, index].copy())

    def spread(self, entries: list[Entry]) -> None:
        """Give the entries their factors, for paths that cannot look them up by label."""
        for entry in entries:
            labels = entry.state.get("labels")
            if labels is None:
                continue
            if self._factors.get(id(labels), (None,))[0] is not labels:
                self._factors[id(labels)] = (labels, factors_of(entry.state, widened(entry.x.dtype)))
            entry.factors = self._factors[id(labels)][1]

    def _is_scaled(self, entry: Entry) -> bool:
        if self.plan.skip_vectors and entry.x.ndim < 2:
            return False
        return entry.x.numel() >= max(self.plan.rule.clusters, 1)


def factors_of(state: dict[str, Any], dtype: torch.dtype) -> torch.Tensor:
    """Return the scale of each entry of a parameter, from its labels and the scales of its clusters."""
    labels = state["labels"]
    scales = state["scales"].to(device=labels.device, dtype=dtype)
    return torch.index_select(scales, 0, labels.reshape(-1).int()).view(labels.shape)


def _signal(rule: Rule, group: Group, entry: Entry) -> Any:
    """Return the momentum after this step's gradient, on the host."""
    if not rule.signal:
        return entry.g.to(widened(entry.g.dtype)).cpu().numpy()
    arguments = [tensor.to(widened(tensor.dtype)) for tensor in (entry.x, entry.g, *entry.arrays)]
    arguments = with_noise(rule, group, entry, arguments)
    results = updated(rule, group, arguments, entry.t)
    return results[1 + rule.states.index(rule.signal)].cpu().numpy()


def sgg(optimizer: RuleOptimizer, preset: Preset = "paper", **changes: Any) -> RuleOptimizer:
    """Return `optimizer` with its steps scaled by gradient grouping.

    Parameters
    ----------
    optimizer : RuleOptimizer
    preset : {"paper", "code_v2", "ours"}
        As in `ratecheck.methods.grouping.sgg`; clusters are found on a histogram unless `clustering` says otherwise.
    **changes
        Fields of the method `SGG` or of `Grouping`, such as ``period``, ``clusters`` or ``skip_vectors``. ``delay`` is
        not offered here.

    Notes
    -----
    State: besides the optimizer's, for each tensor ``scales`` and ``statistics`` (one number for each cluster) and
    ``labels``, one byte for each parameter; uncompiled, the scale of each parameter is kept too, but not saved.
    Decoupled decay is not scaled.
    """
    for name in ("delay", "layers", "momentum"):
        if name in changes:
            raise InputError(f"{name} is not an option of gradient grouping on torch; use the method SGG for it.")
    skip_vectors = changes.pop("skip_vectors", preset == "paper")
    plan = sgg_method(Subgradient(1.0), preset, **{"clustering": "histogram", **changes})
    optimizer.grouping = Regrouping(dataclasses.replace(plan, skip_vectors=skip_vectors))
    return optimizer


def scales_of(optimizer: Any) -> dict[str, float]:
    """Return mean, smallest and largest scale over all parameters, nothing where gradients are not grouped."""
    if getattr(optimizer, "grouping", None) is None or not optimizer.state:
        return {}
    factors = torch.cat(
        [
            (factors_of(state, value.dtype) if "labels" in state else torch.ones_like(value)).flatten()
            for value, state in optimizer.state.items()
        ]
    )
    return {"mean": float(factors.mean()), "smallest": float(factors.min()), "largest": float(factors.max())}


def sgg_around(base: Callable[..., RuleOptimizer] = AdamW) -> Any:
    """Return a maker of `base` with gradient grouping: ``(params, lr, *, preset, grouping, **options)``."""

    def make(
        params: Params,
        lr: float = 1e-3,
        *,
        preset: Preset = "paper",
        grouping: dict[str, Any] | None = None,
        **options: Any,
    ) -> RuleOptimizer:
        return sgg(base(params, lr, **options), preset, **(grouping or {}))

    return make
