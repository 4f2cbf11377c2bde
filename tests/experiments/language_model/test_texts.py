"""Texts on disk: tokenizers, datasets of Hugging Face, token files, and every complaint in one sentence."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.language_model import hugging_face, texts
from ratecheck.experiments.language_model.data import open_corpus
from ratecheck.theory.errors import InputError

SENTENCE = "the quick brown fox jumps over the lazy dog . "


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """Return the file of a tokenizer that knows the words of `SENTENCE`."""
    tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers; `pip install ratecheck[text]`.")
    words = {word: i for i, word in enumerate(["[UNK]", *sorted(set(SENTENCE.split()))])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def dataset(folder: Path, rows: list[Any], *, column: str = "text", parts: int = 1, **state: Any) -> Path:
    """Write what ``datasets.Dataset.save_to_disk`` of version 5.2 writes, as far as it is read here."""
    arrow = pytest.importorskip("pyarrow", reason="needs pyarrow; `pip install ratecheck[text]`.")
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"data-{i:05d}-of-{parts:05d}.arrow" for i in range(parts)]
    for name, part in zip(names, np.array_split(np.arange(len(rows)), parts), strict=True):
        table = arrow.table({column: [rows[i] for i in part], "number": part})
        with arrow.OSFile(str(folder / name), "wb") as sink, arrow.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    (folder / "dataset_info.json").write_text("{}")
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names], **state}))
    return folder


def test_a_tokenizer_makes_tokens_of_words(tokenizer: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCE * 20)
    corpus = open_corpus(str(tmp_path / "a.txt"), tokenizer=tokenizer)
    assert corpus.vocabulary == 10
    period = corpus.open_train()[:10]
    assert len(set(period.tolist())) == 9  # "the" comes twice
    assert np.array_equal(corpus.open_train()[10:20], period)
    assert len(corpus.open_train()) + len(corpus.open_validation()) == 200


def test_a_dataset_is_read_in_order_from_all_its_files(tmp_path: Path) -> None:
    rows = [f"row {i}. " for i in range(25)]
    assert hugging_face.read_dataset(dataset(tmp_path / "d", rows, parts=3)) == (rows, None)
    corpus = open_corpus(str(tmp_path / "d"))
    assert bytes(corpus.open_validation()) == b"row 0. row 10. row 20. "  # every tenth
    assert b"row 10" not in bytes(corpus.open_train())


def test_a_dataset_with_splits_validates_on_its_own(tmp_path: Path) -> None:
    dataset(tmp_path / "train", ["what is learnt. " * 10])
    dataset(tmp_path / "test", ["what is asked. " * 10, None, ""])
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["test", "train"]}))
    corpus = open_corpus(str(tmp_path))
    assert bytes(corpus.open_train()) == b"what is learnt. " * 10
    assert bytes(corpus.open_validation()) == b"what is asked. " * 10


@pytest.mark.parametrize("kind", ["tokenizer", "dataset"])
def test_a_run_trains_on_it(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("torch")
    from ratecheck.experiments.cli.main import main

    if kind == "tokenizer":
        (tmp_path / "a.txt").write_text(SENTENCE * 200)
        where = ["--data", str(tmp_path / "a.txt"), "--tokenizer", str(request.getfixturevalue("tokenizer"))]
    else:
        where = ["--data", str(dataset(tmp_path / "d", [SENTENCE] * 100))]
    out = tmp_path / "out"
    assert main(["lm", "train", "--preset", "tiny", "--steps", "3", "--device", "cpu", *where, "--out", str(out)]) == 0
    (out / "run.json").unlink()
    assert main(["lm", "resume", str(out)]) == 0
    assert json.loads((out / "run.json").read_text())["entropy_rate"] is None


def tokens(folder: Path, count: int = 400, token: int = 3) -> str:
    for name in ("train.bin", "val.bin"):
        np.full(count, token, dtype="<u2").tofile(folder / name)
    return str(folder)


def ragged(folder: Path) -> str:
    tokens(folder)
    with (folder / "val.bin").open("ab") as file:
        file.write(b"x")
    return str(folder)


def torn(folder: Path) -> str:
    file = dataset(folder / "d", ["text"] * 50) / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:300])
    return str(folder / "d")


def without(folder: Path, name: str) -> str:
    (dataset(folder / "d", ["text"] * 50) / name).unlink()
    return str(folder / "d")


def written(folder: Path, name: str, content: str) -> str:
    dataset(folder / "d", ["text"] * 50)
    (folder / "d" / name).write_text(content)
    return str(folder / "d")


BAD = {
    "ragged token file": (lambda folder: open_corpus(ragged(folder)), r"val.bin has 801 bytes"),
    "vocabulary beyond 16 bits": (lambda folder: open_corpus(tokens(folder), vocabulary=70_000), "16 bits"),
    "no vocabulary": (lambda folder: open_corpus(tokens(folder), vocabulary=0), "vocabulary is 0"),
    "tokens that are tokens": (lambda folder: open_corpus(tokens(folder), tokenizer=folder / "t"), "tokens already"),
    "language": (lambda folder: open_corpus("zsg", tokenizer=folder / "t"), "leave --tokenizer out"),
    "no tokenizer": (lambda folder: open_corpus("pydoc", tokenizer=folder / "none.json"), "not a tokenizer file"),
    "column": (lambda folder: open_corpus(str(dataset(folder, ["a"], column="body"))), r"columns \['body', 'number'\]"),
    "numbers": (lambda folder: open_corpus(str(dataset(folder, [1, 2]))), "a column of texts called text"),
    "selection": (
        lambda folder: open_corpus(str(dataset(folder, ["a"], _indices_data_files=[{"filename": "i.arrow"}]))),
        "flatten its indices",
    ),
    "empty dataset": (lambda folder: open_corpus(str(dataset(folder / "d", [""] * 3))), "d is empty"),
    "torn dataset": (lambda folder: open_corpus(torn(folder)), "not a file of a dataset"),
    "missing part": (lambda folder: open_corpus(without(folder, "data-00000-of-00001.arrow")), "is not a file of a"),
    "missing state": (lambda folder: open_corpus(without(folder, "state.json")), "state.json cannot be read"),
    "broken state": (lambda folder: open_corpus(written(folder, "state.json", "{")), "cannot be read as JSON"),
    "no splits": (lambda folder: open_corpus(written(folder, "dataset_dict.json", "{}")), "names no splits"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_texts_are_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    if "tokenizer" in name:
        pytest.importorskip("tokenizers", reason="needs tokenizers; `pip install ratecheck[text]`.")
    make, words = BAD[name]
    with pytest.raises(InputError, match=words) as told:
        make(tmp_path)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("place", ["the folder", "a folder in it", "a file in it", "a token file"])
def test_what_may_not_be_read_is_told_not_left_out(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the errors that the system would raise: tests may run as a user who may read everything."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.txt").write_text("text")
    if place == "a token file":
        tokens(tmp_path)
    closed = {"the folder": tmp_path, "a folder in it": tmp_path / "deep"}.get(place)

    def refuse(path: Any, *_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    real = os.scandir
    if closed:
        monkeypatch.setattr(os, "scandir", lambda path: refuse(path) if Path(path) == closed else real(path))
    elif place == "a file in it":
        monkeypatch.setattr(Path, "read_bytes", refuse)
    else:
        monkeypatch.setattr(np, "memmap", refuse)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
        open_corpus(str(tmp_path))


@pytest.mark.parametrize(("package", "words"), [("tokenizers", "package tokenizers"), ("pyarrow", "package pyarrow")])
def test_a_package_that_is_missing_is_named(
    package: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dataset(tmp_path / "d", ["text"]) if package == "pyarrow" else tmp_path
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=words):
        open_corpus(str(folder)) if package == "pyarrow" else open_corpus("pydoc", tokenizer=tmp_path)


def test_the_vocabulary_of_a_large_file_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "SCANNED", 100)
    assert open_corpus(tokens(tmp_path)).vocabulary == texts.GPT2_VOCABULARY
