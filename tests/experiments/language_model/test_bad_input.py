"""What a user can get wrong when training, as the command line tells it: exit code 2 and one sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.cli.main import main  # noqa: E402
from ratecheck.experiments.language_model import checkpoint, memory  # noqa: E402

TRAIN = ["lm", "train", "--preset", "tiny", "--steps", "2", "--device", "cpu"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return the sentence with which a command ends."""
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("ratecheck: ")
    assert not any("Traceback" in line for line in lines)
    return lines[-1]


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Return the folder of a run on a text file."""
    (tmp_path / "a.txt").write_text("to be or not to be, " * 100)
    assert main([*TRAIN, "--data", str(tmp_path / "a.txt"), "--out", str(tmp_path / "run")]) == 0
    return tmp_path / "run"


OPTIONS = {
    "optimizer": (["--optimizer", "adam-w"], "nearest is 'adamw'"),
    "another optimizer": (["--optimizer", "stosign"], "nearest is 'stosignsgd'"),
    "preset": (["--preset", "130"], "nearest is '130m'"),
    "optimizer of games": (["--optimizer", "mgsr1-n"], "several gradients in a step"),
    "parts": (["--accumulate", "3"], "3 equal parts"),
    "experts": (["--active", "2"], "only 1 experts"),
    "warm-up": (["--warm-up", "1.5"], "warm_up is 1.5"),
    "adapters": (["--adapter-rank", "99"], "no such rank"),
    "knob": (["--data", "zsg:zipf=steep"], "'zipf=steep' is no knob"),
    "tokenizer of a language": (["--tokenizer", "t.json"], "leave --tokenizer out"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options, words = OPTIONS[name]
    assert words in refused(capsys, *TRAIN, *options, "--out", tmp_path)


def test_a_batch_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10**9)
    told = refused(capsys, *TRAIN, "--batch", "4096", "--context", "512", "--out", tmp_path)
    assert "needs about" in told
    assert "0.931 GiB are free on cpu; raise --accumulate" in told
    assert not list(tmp_path.iterdir())


def test_no_compiler(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "C++ compiler" in refused(capsys, *TRAIN, "--compile", "--out", tmp_path)


def test_a_checkpoint_of_another_model(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, *TRAIN, "--init", finished, "--out", tmp_path / "b")
    assert "is of another model: embedding.weight is (256, 32) there and (64, 32) here" in told
    told = refused(capsys, *TRAIN, "--init", finished, "--data", "pydoc", "--feed-forward", "relu", "--out", tmp_path)
    assert "blocks.0.feed_forward.up.weight" in told


def test_a_run_that_was_stopped_is_not_overwritten(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = [*TRAIN, "--data", finished.parent / "a.txt", "--out", finished]
    assert main(list(map(str, again))) == 0  # a finished one is
    content = checkpoint.load(finished)
    checkpoint.save(finished, content | {"step": 1, "drawn": 1})
    told = refused(capsys, *again)
    assert "stopped at step 1 of 2; go on with `ratecheck lm resume" in told
    assert checkpoint.load(finished)["step"] == 1


def test_a_text_that_has_changed(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finished.parent / "a.txt").write_text("to be or not to be; " * 100)
    assert "is not what the run of" in refused(capsys, "lm", "resume", finished)
    (finished.parent / "a.txt").unlink()
    assert "there is no text" in refused(capsys, "lm", "resume", finished)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"not an archive at all"])
def test_a_file_that_is_no_checkpoint(content: bytes, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finished / checkpoint.NAME).write_bytes(content)
    assert "truncated or not a checkpoint" in refused(capsys, "lm", "resume", finished)
    assert main([*TRAIN, "--out", str(finished)]) == 0


def test_a_checkpoint_of_another_version(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"format": 0}, finished / checkpoint.NAME)
    assert "another version" in refused(capsys, "lm", "resume", finished)
    torch.save([1, 2], finished / checkpoint.NAME)
    assert "another version" in refused(capsys, "lm", "resume", finished)


def test_a_checkpoint_that_is_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / checkpoint.NAME).mkdir()
    assert "truncated or not a checkpoint" in refused(capsys, "lm", "resume", tmp_path)


def test_tokens_beyond_the_vocabulary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train.bin", "val.bin"):
        np.full(4000, 900, dtype="<u2").tofile(tmp_path / name)
    where = ["--data", tmp_path, "--out", tmp_path / "run"]
    assert "holds token 900, but the vocabulary has 64" in refused(capsys, *TRAIN, *where, "--vocabulary", "64")
    assert "65536" in refused(capsys, *TRAIN, *where, "--vocabulary", "70000")


def test_a_folder_that_cannot_be_written_is_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    told = refused(capsys, *TRAIN, "--steps", "1000000000", "--out", tmp_path / "file" / "run")
    assert "cannot be written" in told


def test_what_is_not_finite_is_named_by_step_parameter_and_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step so long that the loss of the third batch overflows; the clipped ones before it do not."""
    options = ["--optimizer", "sgd", "--step-size", "1e25", "--warm-up", "0", "--checkpoint-every", "1"]
    assert main([*TRAIN, *options, "--steps", "9", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    saved = checkpoint.load(tmp_path)["step"]
    assert f"not finite at step {saved + 1}, and the first parameter concerned is " in told
    assert f"the last good checkpoint is {tmp_path}/{checkpoint.NAME} of step {saved}" in told
    assert "use a smaller --step-size" in told
