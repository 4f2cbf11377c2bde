"""Texts and token files on disk as one long sequence of tokens, with a part held out. Nothing is downloaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ratecheck.experiments.language_model.data import TokenCorpus
from ratecheck.theory.arrays import IntArray
from ratecheck.theory.errors import InputError, require_count

VALIDATION_SHARE = 0.1
BYTES = 256
TOKEN_BITS = 16
GPT2_VOCABULARY = 50_304
SCANNED = 2**28  # a file of more tokens is not searched for its largest

Document = str | bytes
Encoder = Callable[[Document], IntArray]


def pydoc(tokenizer: Path | None) -> TokenCorpus:
    """Return the documentation of Python's own language, which comes with Python."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise InputError("this Python comes without its documentation (pydoc_data); give a text file.") from None
    return corpus_of("pydoc", [topics[name] for name in sorted(topics)], tokenizer)


def corpus_of(
    name: str, documents: Sequence[Document], tokenizer: Path | None, held_out: Sequence[Document] | None = None
) -> TokenCorpus:
    """Return documents as tokens: `held_out` to validate on, else every tenth document, or the end of the text.

    Raises
    ------
    InputError
        If there is no text in them, or the tokenizer cannot be used.
    """
    encode, vocabulary = _encoder(tokenizer)
    train = _tokens(documents, encode)
    if held_out is not None:
        validation = _tokens(held_out, encode)
    elif len(train) < 1 / VALIDATION_SHARE:
        text = _joined(train)
        end = len(text) - round(VALIDATION_SHARE * len(text))
        train, validation = [text[:end]], [text[end:]]
    else:
        every = round(1 / VALIDATION_SHARE)
        validation = train[::every]
        train = [part for i, part in enumerate(train) if i % every]
    tokens, other = _joined(train), _joined(validation)
    if not len(tokens):
        raise InputError(f"{name} is empty; give a text with at least one batch of tokens.")
    return TokenCorpus(name, vocabulary, lambda: tokens, lambda: other)


def _tokens(documents: Sequence[Document], encode: Encoder) -> list[IntArray]:
    return [encode(document) for document in documents if document]


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def read_documents(path: Path) -> list[Document]:
    """Return the content of a file, or of every file in a folder and below, in the order of their names."""
    return [file.read_bytes() for file in (_files(path) if path.is_dir() else [path])]


def _files(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise error  # os.walk would leave out what it may not read

    walk = os.walk(folder, onerror=refuse)
    return sorted(file for place, _, names in walk for name in names if (file := Path(place, name)).is_file())


def _encoder(tokenizer: Path | None) -> tuple[Encoder, int]:
    if tokenizer is None:
        return lambda text: np.frombuffer(text.encode() if isinstance(text, str) else text, dtype=np.uint8), BYTES
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise InputError("a tokenizer file needs the package tokenizers; run `pip install ratecheck[text]`.") from None
    try:
        loaded = Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # the package raises bare exceptions
        raise InputError(f"{tokenizer} is not a tokenizer file ({error}); give one, or train on bytes.") from error

    def encode(text: Document) -> IntArray:
        plain = text if isinstance(text, str) else text.decode(errors="replace")
        return np.array(loaded.encode(plain).ids, dtype=np.int64)

    return encode, loaded.get_vocab_size()


def token_files(path: Path, vocabulary: int | None) -> TokenCorpus:
    """Return ``train.bin`` and ``val.bin`` of a folder, tokens of 16 bits each, opened anew for every batch.

    Raises
    ------
    InputError
        If a file is missing, cannot be read or holds half a token, or the vocabulary is not one of 16 bits.
    """
    if vocabulary is not None:
        require_count("vocabulary", vocabulary)
        if vocabulary > 2**TOKEN_BITS:
            raise InputError(
                f"vocabulary is {vocabulary}, but the tokens of {path} have {TOKEN_BITS} bits, which tell "
                f"{2**TOKEN_BITS} apart; give no more, or the text itself with --tokenizer."
            )
    train, validation = (_opener(path / name) for name in ("train.bin", "val.bin"))
    return TokenCorpus(path.name, vocabulary or _vocabulary(train(), validation()), train, validation)


def _opener(file: Path) -> Callable[[], IntArray]:
    if not file.exists():
        raise InputError(f"{file.parent} holds no {file.name}; give a folder with train.bin and val.bin.")
    size = file.stat().st_size
    if size < 2 or size % 2:
        raise InputError(f"{file} has {size} bytes, but it must hold tokens of {TOKEN_BITS} bits; write it anew.")

    def opened() -> IntArray:
        try:
            return np.memmap(file, dtype="<u2", mode="r")
        except OSError as error:
            raise InputError(f"{file} cannot be read ({error.strerror}); give a file that can.") from error

    return opened


def _vocabulary(train: IntArray, validation: IntArray) -> int:
    if max(len(train), len(validation)) > SCANNED:
        return GPT2_VOCABULARY
    found = max(int(train.max()), int(validation.max())) + 1
    return -(-found // 16) * 16  # products of low precision want multiples of 16
