"""The options of a training run that all commands of ``ratecheck lm`` share, and the run that they describe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ratecheck.experiments.language_model.setup import Setup


def add_setup(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command."""
    parser.add_argument("--preset", default="smoke", help="size of the model (default: smoke; `ratecheck lm presets`)")
    parser.add_argument(
        "--data",
        metavar="TEXT",
        help="zsg[:KNOB=VALUE,..], markov[:..], pydoc, a text file or folder, a folder with train.bin and val.bin, or "
        "a dataset folder of Hugging Face (default: the preset's language)",
    )
    parser.add_argument("--tokenizer", type=Path, metavar="FILE", help="tokenizers file for text (default: bytes)")
    parser.add_argument("--vocabulary", type=int, help="of a folder of tokens (default: found in it)")
    parser.add_argument("--steps", type=int, help="updates (default: the preset's)")
    parser.add_argument("--batch", type=int, help="sequences in an update (default: the preset's)")
    parser.add_argument("--context", type=int, help="tokens in a sequence (default: the preset's)")
    parser.add_argument("--accumulate", type=int, default=1, help="parts in which a batch is worked off (default: 1)")
    parser.add_argument("--clip", type=float, default=1.0, help="largest norm of the gradient (default: 1)")
    parser.add_argument("--feed-forward", choices=("swiglu", "relu", "relu2"), default="swiglu")
    parser.add_argument("--experts", type=int, default=1, help="feed-forward layers to choose from (default: 1)")
    parser.add_argument("--active", type=int, default=1, help="experts for each token (default: 1)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument("--compile", action="store_true", help="compile the model with torch.compile")


def setup_of(arguments: argparse.Namespace, **recipe: Any) -> Setup:
    """Return the run that the options describe; the vocabulary is that of the text."""
    import dataclasses

    from ratecheck.experiments.language_model import require_torch

    require_torch()
    from ratecheck.experiments.language_model.data import open_corpus
    from ratecheck.experiments.language_model.presets import preset
    from ratecheck.experiments.language_model.setup import Recipe, Setup

    chosen = preset(arguments.preset)
    source = arguments.data or chosen.source
    corpus = open_corpus(source, vocabulary=arguments.vocabulary, tokenizer=arguments.tokenizer)
    shape = dataclasses.replace(
        chosen.shape,
        vocabulary=corpus.vocabulary,
        context=chosen.shape.context if arguments.context is None else arguments.context,
        feed_forward=arguments.feed_forward,
        experts=arguments.experts,
        active=arguments.active,
    )
    filled = Recipe(
        steps=chosen.steps if arguments.steps is None else arguments.steps,
        batch=chosen.batch if arguments.batch is None else arguments.batch,
        accumulate=arguments.accumulate,
        clip=arguments.clip,
        precision=arguments.precision,
        compile=arguments.compile,
        device=arguments.device,
        **recipe,
    )
    return Setup(shape=shape, recipe=filled, source=source, tokenizer=_text(arguments.tokenizer))


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
