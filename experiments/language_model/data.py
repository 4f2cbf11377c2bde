"""What is modelled: synthetic languages whose entropy rate is known, bytes of text, files of tokens on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ratecheck.testbeds.grammar import simple_grammar
from ratecheck.testbeds.markov_language import Sample, markov_language
from ratecheck.testbeds.streams import word
from ratecheck.theory.arrays import FloatArray, IntArray
from ratecheck.theory.errors import InputError, require_count

BLOCK = 16  # steps whose batches are sampled at once
VALIDATION_SHARE = 0.1
BYTES = 256
GPT2_VOCABULARY = 50_304
SCANNED = 2**28  # a file of more tokens is not searched for its largest


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
        If there is no such corpus, or it is empty.
    """
    kind, _, knobs = source.partition(":")
    if kind in LANGUAGES:
        return SyntheticCorpus(_with_knobs(kind, knobs))
    if source == "pydoc":
        return _pydoc(tokenizer)
    path = Path(source)
    if not path.exists():
        raise InputError(
            f"there is no text {source!r}; give zsg, markov, pydoc, a text file, a folder of text, a folder with "
            "train.bin and val.bin, or a dataset folder of Hugging Face."
        )
    if (path / "train.bin").exists():
        return _token_files(path, vocabulary)
    if (path / "dataset_info.json").exists() or (path / "dataset_dict.json").exists():
        from ratecheck.experiments.language_model.hugging_face import read_dataset

        return _text(path.name, read_dataset(path), tokenizer)
    return _text(path.name, _documents(path), tokenizer)


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


def _pydoc(tokenizer: Path | None) -> TokenCorpus:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise InputError("this Python comes without its documentation (pydoc_data); give a text file.") from None
    return _text("pydoc", [topics[name] for name in sorted(topics)], tokenizer)


def _documents(path: Path) -> list[str | bytes]:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    try:
        texts: list[str | bytes] = [file.read_bytes() for file in files]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read ({error.strerror}); give a text that can.") from error
    return [text for text in texts if text]


def _text(name: str, documents: list[str | bytes], tokenizer: Path | None) -> TokenCorpus:
    """Hold out every tenth document, or the end of a single one."""
    if not documents:
        raise InputError(f"{name} is empty; give a text with at least one batch of tokens.")
    encode, vocabulary = _encoder(tokenizer)
    tokens = [encode(document) for document in documents]
    if len(tokens) < 1 / VALIDATION_SHARE:
        whole = np.concatenate(tokens)
        held_out = round(VALIDATION_SHARE * len(whole))
        train, validation = whole[: len(whole) - held_out], whole[len(whole) - held_out :]
    else:
        every = round(1 / VALIDATION_SHARE)
        train = np.concatenate([part for i, part in enumerate(tokens) if i % every])
        validation = np.concatenate(tokens[::every])
    return TokenCorpus(name, vocabulary, lambda: train, lambda: validation)


def _encoder(tokenizer: Path | None) -> tuple[Callable[[str | bytes], IntArray], int]:
    if tokenizer is None:
        return lambda text: np.frombuffer(text.encode() if isinstance(text, str) else text, dtype=np.uint8), BYTES
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise InputError("a tokenizer file needs the package tokenizers; run `pip install tokenizers`.") from None
    try:
        loaded = Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # the package raises bare exceptions
        raise InputError(f"{tokenizer} is not a tokenizer file ({error}); give one, or train on bytes.") from error

    def encode(text: str | bytes) -> IntArray:
        plain = text if isinstance(text, str) else text.decode(errors="replace")
        return np.array(loaded.encode(plain).ids, dtype=np.int64)

    return encode, loaded.get_vocab_size()


def _token_files(path: Path, vocabulary: int | None) -> TokenCorpus:
    files = [path / "train.bin", path / "val.bin"]
    for file in files:
        if not file.exists():
            raise InputError(f"{path} holds no {file.name}; give a folder with train.bin and val.bin.")
        if file.stat().st_size < 2 or file.stat().st_size % 2:
            raise InputError(
                f"{file} has {file.stat().st_size} bytes, but it must hold tokens of 16 bits; write it anew."
            )
    train, validation = (lambda file=file: np.memmap(file, dtype="<u2", mode="r") for file in files)
    if vocabulary is None:
        sizes = [len(train()), len(validation())]
        found = max(int(train().max()), int(validation().max())) + 1 if max(sizes) <= SCANNED else GPT2_VOCABULARY
        vocabulary = -(-found // 16) * 16  # products of low precision want multiples of 16
    require_count("vocabulary", vocabulary)
    return TokenCorpus(path.name, vocabulary, train, validation)
