"""What is modelled: synthetic languages whose entropy rate is known, and long sequences of tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ratecheck.experiments.language_model.setup import Recipe, Shape
from ratecheck.testbeds.grammar import simple_grammar
from ratecheck.testbeds.markov_language import Sample, markov_language
from ratecheck.testbeds.streams import word
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError

BLOCK = 16  # steps whose batches are sampled at once
FINGERPRINT = 8  # sequences to validate on by which a text is told from another


class Corpus(Protocol):
    """Batches keyed by (seed, step): nothing about the position needs to be stored."""

    @property
    def name(self) -> str:
        """Name of the text."""
        ...

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        ...

    @property
    def floor(self) -> float | None:
        """Entropy rate in nats per token, where it is known."""
        ...

    def batch(self, seed: int, step: int, size: int, length: int) -> IntArray:
        """Return the training sequences of a step, shape (size, length)."""
        ...

    def validation(self, sequences: int, length: int) -> tuple[IntArray, FloatArray | None]:
        """Return fixed sequences, and what the exact predictor loses on each of their tokens, where that is known."""
        ...


class Language(Protocol):
    """A source of sequences with a known entropy rate."""

    name: str

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        ...

    @property
    def entropy_rate(self) -> float:
        """Nats per token."""
        ...

    def sample(self, generator: np.random.Generator, sequences: int, length: int) -> Sample:
        """Return independent sequences."""
        ...


def _generator(seed: int, *keys: str | int) -> np.random.Generator:
    words = tuple(word(key) if isinstance(key, str) else key for key in keys)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=words))


@dataclass
class SyntheticCorpus:
    """Fresh sequences of a language, each from its start state, so that the exact predictor is available."""

    language: Any
    _block: tuple[Any, IntArray] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Name of the language."""
        return self.language.name

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.language.vocabulary

    @property
    def floor(self) -> float:
        """Entropy rate, nats per token."""
        return self.language.entropy_rate

    def batch(self, seed: int, step: int, size: int, length: int) -> IntArray:
        """Return the training sequences of a step, shape (size, length)."""
        key = (seed, step // BLOCK, size, length)
        if self._block is None or self._block[0] != key:
            sample = self.language.sample(_generator(seed, "train", step // BLOCK), BLOCK * size, length)
            self._block = (key, sample.tokens.reshape(BLOCK, size, length))
        return self._block[1][step % BLOCK]

    def validation(self, sequences: int, length: int) -> tuple[IntArray, FloatArray]:
        """Return fixed sequences and what the exact predictor loses on each token."""
        return self.language.sample(_generator(0, "validation"), sequences, length)


@dataclass
class TokenCorpus:
    """Windows of one long sequence of tokens at random places.

    Parameters
    ----------
    name : str
    vocabulary : int
    open_train, open_validation : callable
        Return the tokens; a memory-mapped file is opened anew for each batch, or its pages would pile up in memory.
    """

    name: str
    vocabulary: int
    open_train: Callable[[], IntArray]
    open_validation: Callable[[], IntArray]
    floor: float | None = None

    def batch(self, seed: int, step: int, size: int, length: int) -> IntArray:
        """Return the training sequences of a step, shape (size, length)."""
        tokens = self.open_train()
        if len(tokens) < size * length:
            raise InputError(
                f"{self.name} has {len(tokens)} tokens to train on, but one batch needs {size * length} "
                f"({size} sequences of {length}); give a longer text, or a smaller --batch or --context."
            )
        return self._windows(tokens, _generator(seed, "train", step), size, length)

    def validation(self, sequences: int, length: int) -> tuple[IntArray, None]:
        """Return fixed windows."""
        tokens = self.open_validation()
        if len(tokens) < length:
            raise InputError(
                f"{self.name} has {len(tokens)} tokens to validate on, but one sequence needs {length}; give a longer "
                "text or a smaller --context."
            )
        return self._windows(tokens, _generator(0, "validation"), sequences, length), None

    def _windows(self, tokens: IntArray, generator: np.random.Generator, size: int, length: int) -> IntArray:
        starts = generator.integers(0, len(tokens) - length + 1, size)
        windows = np.stack([tokens[start : start + length] for start in starts]).astype(np.int64)
        if windows.max() >= self.vocabulary:
            raise InputError(
                f"{self.name} holds token {windows.max()}, but the vocabulary has {self.vocabulary}; give --vocabulary."
            )
        return windows


def open_corpus(source: str, *, vocabulary: int | None = None, tokenizer: Path | None = None) -> Corpus:
    """Return the corpus that a word, a file or a folder names.

    Parameters
    ----------
    source : str
        ``zsg`` or ``markov``, with knobs as in ``zsg:vocabulary=1024,symbols=32,zipf=1.2,seed=3``; ``pydoc``, the
        documentation of Python's own language; a text file or a folder of them; a folder with ``train.bin`` and
        ``val.bin`` (16-bit tokens); a dataset folder of Hugging Face on disk.
    vocabulary : int, optional
        Of a folder of tokens; found in the files by default.
    tokenizer : Path, optional
        File of the `tokenizers` package; text is read as bytes by default.

    Raises
    ------
    InputError
        If there is no such corpus, it cannot be read, or it is empty.
    """
    kind, _, knobs = source.partition(":")
    if kind in LANGUAGES:
        if tokenizer is not None:
            raise InputError(f"{kind} is a language of tokens already; leave --tokenizer out, or give a text.")
        return SyntheticCorpus(_with_knobs(kind, knobs))
    try:
        return _on_disk(source, vocabulary, tokenizer)
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read ({error.strerror}); give a text that can.") from error


def _on_disk(source: str, vocabulary: int | None, tokenizer: Path | None) -> Corpus:
    from ratecheck.experiments.language_model import hugging_face, texts

    if source == "pydoc":
        return texts.pydoc(tokenizer)
    path = Path(source)
    if not path.exists():
        raise InputError(
            f"there is no text {source!r}; give zsg, markov, pydoc, a text file, a folder of text, a folder with "
            "train.bin and val.bin, or a dataset folder of Hugging Face."
        )
    if (path / "train.bin").exists():
        if tokenizer is not None:
            raise InputError(f"{path} holds tokens already; leave --tokenizer out, or give the text itself.")
        return texts.token_files(path, vocabulary)
    if hugging_face.is_dataset(path):
        train, held_out = hugging_face.read_dataset(path)
        return texts.corpus_of(path.name, train, tokenizer, held_out)
    return texts.corpus_of(path.name, texts.read_documents(path), tokenizer)


def fingerprint(corpus: Corpus, recipe: Recipe, shape: Shape) -> str:
    """Return a digest of the first batch and of the first sequences to validate on.

    Raises
    ------
    InputError
        If the text is too short for them, or holds tokens that the model does not have.
    """
    if corpus.vocabulary > shape.vocabulary:
        raise InputError(
            f"{corpus.name} has {corpus.vocabulary} tokens, but the model has {shape.vocabulary}; make it larger."
        )
    validation, _ = corpus.validation(FINGERPRINT, shape.context + 1)
    batch = corpus.batch(recipe.seed, 0, recipe.batch, shape.context + 1)
    return hashlib.sha256(validation.tobytes() + batch.tobytes()).hexdigest()


LANGUAGES: dict[str, Callable[..., Any]] = {"zsg": simple_grammar, "markov": markov_language}
_KNOBS = {"vocabulary": int, "symbols": int, "order": int, "seed": int, "zipf": float, "density": float}
_KNOBS |= {"spread": float, "branching": float}


def _with_knobs(kind: str, knobs: str) -> Any:
    values: dict[str, Any] = {}
    for knob in filter(None, knobs.split(",")):
        name, _, text = knob.partition("=")
        try:
            values[name] = _KNOBS[name](text)
        except (KeyError, ValueError):
            raise InputError(
                f"{knob!r} is no knob of the language {kind}; write for example zsg:vocabulary=1024,symbols=32 or "
                "markov:order=2,vocabulary=16."
            ) from None
    try:
        return LANGUAGES[kind](**values)
    except TypeError:
        raise InputError(f"{knobs!r} names a knob that {kind} does not have; {kind} alone shows the default.") from None
