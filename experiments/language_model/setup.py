"""Everything that defines a training run, as plain data: the shape of the model, the recipe, the text."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from ratecheck.theory.errors import (
    InputError,
    require_choice,
    require_count,
    require_decay,
    require_nonnegative,
    require_positive,
)

FEED_FORWARD = ("swiglu", "relu", "relu2")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bf16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a decoder looks like.

    Parameters
    ----------
    vocabulary, width, layers, heads, context : int
        Tokens, features, blocks, attention heads, and the longest sequence.
    hidden : int
        Features inside a feed-forward layer.
    tied : bool
        Whether the output layer is the embedding itself.
    feed_forward : {"swiglu", "relu", "relu2"}
        ``silu(gate) * up``, or without a gate ``relu(up)`` or ``relu(up)**2``.
    experts, active : int
        Feed-forward layers side by side, of which each token is sent to `active`; 1 and 1 is the dense model.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    context: int
    hidden: int
    tied: bool = True
    feed_forward: str = "swiglu"
    experts: int = 1
    active: int = 1

    def __post_init__(self) -> None:
        for name in ("vocabulary", "width", "layers", "heads", "context", "hidden", "experts", "active"):
            require_count(name, getattr(self, name))
        require_choice("feed_forward", self.feed_forward, FEED_FORWARD)
        if self.width % (2 * self.heads):
            raise InputError(
                f"width {self.width} cannot be split into {self.heads} heads of even size; choose heads that divide "
                f"{self.width // 2}."
            )
        if self.active > self.experts:
            raise InputError(f"active is {self.active}, but there are only {self.experts} experts.")

    @property
    def parameters(self) -> int:
        """Number of parameters, without building the model."""
        matrices = 3 if self.feed_forward == "swiglu" else 2
        mixture = self.experts * matrices * self.width * self.hidden
        router = self.experts * self.width if self.experts > 1 else 0
        block = 4 * self.width**2 + mixture + router + 2 * self.width
        embedding = self.vocabulary * self.width * (1 if self.tied else 2)
        return embedding + self.layers * block + self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is trained.

    Parameters
    ----------
    optimizer : str
        Name of an optimizer.
    step_size : float
        Peak of the schedule: up over the first `warm_up` share of the steps, then half a cosine down to `final` of it.
    options : dict
        Further options of the optimizer.
    steps, batch, accumulate : int
        Updates, sequences in each (over all processes), and the parts in which a batch is worked off.
    clip : float
        Largest norm of the gradient; infinite for none.
    weight_decay : float
        Decoupled, on matrices alone.
    precision : {"float32", "bf16"}
        Of the products; the weights stay in float32.
    low : dict
        Switches of emulated low precision.
    adapter_rank : int
        Rank of adapters that are trained in place of the weights; 0 trains the weights.
    growth : dict
        ``share`` and ``most`` of a batch that grows, see `ratecheck.experiments.language_model.batches.Growth`; empty
        for `batch` sequences in every update. A run takes ``steps * batch`` sequences either way.
    records : int
        Times at which a run is validated, besides the first.
    shard : bool
        Whether processes that train together hold a shard of every parameter each (FSDP2) and not all of them (DDP).
    seed : int
        Root of the initial weights, of the data and of the optimizer's noise, each with a stream of its own.
    """

    optimizer: str
    step_size: float
    steps: int
    batch: int
    options: dict[str, Any] = field(default_factory=dict)
    accumulate: int = 1
    warm_up: float = 0.05
    final: float = 0.0
    clip: float = 1.0
    weight_decay: float = 0.0
    precision: str = "float32"
    low: dict[str, Any] = field(default_factory=dict)
    adapter_rank: int = 0
    growth: dict[str, Any] = field(default_factory=dict)
    records: int = 12
    compile: bool = False
    device: str = "auto"
    shard: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        require_positive("step size", self.step_size)
        for name in ("steps", "batch", "accumulate", "records"):
            require_count(name, getattr(self, name))
        require_decay("warm_up", self.warm_up)
        require_decay("final", self.final)
        require_nonnegative("weight_decay", self.weight_decay)
        if not self.clip > 0:
            raise InputError(f"clip is {self.clip!r}, but it must be a positive number, or inf for no clipping.")
        require_choice("precision", self.precision, PRECISIONS)
        require_choice("device", self.device, DEVICES)
        if self.batch % self.accumulate:
            raise InputError(
                f"a batch of {self.batch} sequences cannot be worked off in {self.accumulate} equal parts; give a "
                "divisor of the batch as --accumulate."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A run: shape, recipe, and the text as the command line names it, with the file of its tokenizer if it has one.

    `pretrained` is another run, with whose weights this one begins.
    """

    shape: Shape
    recipe: Recipe
    source: str
    tokenizer: str | None = None
    pretrained: Setup | None = None

    def to_json(self) -> str:
        """Return the run as one line of JSON."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Setup:
        """Return the run that `to_json` wrote."""
        return cls._from_dict(json.loads(text))

    @classmethod
    def _from_dict(cls, data: dict[str, Any]) -> Setup:
        shape, recipe = Shape(**data.pop("shape")), Recipe(**data.pop("recipe"))
        before = data.pop("pretrained", None)
        return cls(shape=shape, recipe=recipe, pretrained=before and cls._from_dict(before), **data)

    def with_recipe(self, **changes: Any) -> Setup:
        """Return the run with another recipe."""
        return dataclasses.replace(self, recipe=dataclasses.replace(self.recipe, **changes))
