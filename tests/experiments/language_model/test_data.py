"""Texts: keyed batches, windows, files of tokens, and every complaint in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.language_model.data import SyntheticCorpus, open_corpus
from ratecheck.testbeds.grammar import simple_grammar
from ratecheck.theory.errors import InputError


@pytest.mark.parametrize("source", ["zsg", "markov:order=2,vocabulary=16", "pydoc"])
def test_batches_are_a_function_of_seed_and_step(source: str) -> None:
    one, other = open_corpus(source), open_corpus(source)
    for step in (40, 3, 17):
        other.batch(0, step, 4, 33)  # another order of access
    assert np.array_equal(one.batch(0, 17, 4, 33), other.batch(0, 17, 4, 33))
    assert not np.array_equal(one.batch(0, 17, 4, 33), one.batch(0, 18, 4, 33))
    assert not np.array_equal(one.batch(0, 17, 4, 33), one.batch(1, 17, 4, 33))
    assert one.batch(0, 0, 4, 33).shape == (4, 33)
    assert one.batch(0, 0, 4, 33).max() < one.vocabulary


def test_validation_is_fixed_and_its_exact_losses_are_those_of_the_tokens() -> None:
    language = simple_grammar(32, 5)
    tokens, losses = SyntheticCorpus(language).validation(8, 40)
    again, _ = SyntheticCorpus(language).validation(8, 40)
    assert np.array_equal(tokens, again)
    for row, loss in zip(tokens, losses, strict=True):
        assert np.array_equal(language.exact_losses(row), loss)


def test_text_is_split_by_document_and_never_shared() -> None:
    corpus = open_corpus("pydoc")
    assert corpus.vocabulary == 256
    assert corpus.floor is None
    train, validation = corpus.open_train(), corpus.open_validation()
    assert 5 < len(train) / len(validation) < 20
    assert bytes(validation[:200]) not in bytes(train)


def test_a_text_file_and_a_folder(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("abcdefghij" * 100)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "two.txt").write_text("klmno" * 50)
    file, folder = open_corpus(str(tmp_path / "one.txt")), open_corpus(str(tmp_path))
    assert len(file.open_train()) + len(file.open_validation()) == 1000
    assert len(folder.open_train()) + len(folder.open_validation()) == 1250
    assert bytes(file.batch(0, 0, 1, 10)[0].astype(np.uint8)) in b"abcdefghij" * 2


def test_files_of_tokens_are_memory_mapped(tmp_path: Path) -> None:
    tokens = np.random.default_rng(0).integers(0, 100, 5000).astype("<u2")
    tokens.tofile(tmp_path / "train.bin")
    tokens[:500].tofile(tmp_path / "val.bin")
    corpus = open_corpus(str(tmp_path))
    assert corpus.vocabulary == 112  # 100 rounded up to a multiple of 16
    assert isinstance(corpus.open_train(), np.memmap)
    window = corpus.batch(0, 0, 1, 20)[0]
    assert any(np.array_equal(window, tokens[i : i + 20]) for i in range(4981))


def test_knobs_reach_the_language() -> None:
    assert open_corpus("zsg:vocabulary=128,symbols=8,zipf=1.2").vocabulary == 128
    assert open_corpus("zsg:seed=1").floor == simple_grammar(seed=1).entropy_rate


def bad_tokens(folder: Path) -> str:
    (folder / "train.bin").write_bytes(b"abc")
    (folder / "val.bin").write_bytes(b"abcd")
    return str(folder)


def large_tokens(folder: Path) -> str:
    np.full(400, 900, dtype="<u2").tofile(folder / "train.bin")
    np.full(400, 900, dtype="<u2").tofile(folder / "val.bin")
    return str(folder)


def written(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


BAD = {
    "missing": (lambda folder: open_corpus(str(folder / "none.txt")), "there is no text"),
    "empty": (lambda folder: open_corpus(written(folder, "empty.txt", b"")), "is empty"),
    "empty folder": (lambda folder: open_corpus(str(folder)), "is empty"),
    "short": (
        lambda folder: open_corpus(written(folder, "a.txt", b"a" * 50)).batch(0, 0, 4, 33),
        "one batch needs 132",
    ),
    "odd bytes": (lambda folder: open_corpus(bad_tokens(folder)), "tokens of 16 bits"),
    "no validation": (lambda folder: open_corpus(str(Path(written(folder, "train.bin", b"ab")).parent)), "no val.bin"),
    "vocabulary": (lambda folder: open_corpus(large_tokens(folder), vocabulary=64).batch(0, 0, 2, 33), "token 900"),
    "knob": (lambda folder: open_corpus("zsg:vocab=3"), "no knob"),
    "other knob": (lambda folder: open_corpus("zsg:order=3"), "does not have"),
    "range": (lambda folder: open_corpus("zsg:zipf=-1"), "zipf is -1.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_texts_are_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    with pytest.raises(InputError, match=words):
        make(tmp_path)


def test_a_tokenizer_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text " * 100)
    with pytest.raises(InputError, match="tokenizer"):
        open_corpus(str(tmp_path / "a.txt"), tokenizer=tmp_path / "a.txt")
