"""``kill -9`` at fixed moments, then ``ratecheck lm resume``: the curve of a run that nobody killed, bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.cli.main import main  # noqa: E402
from ratecheck.experiments.language_model import checkpoint  # noqa: E402
from ratecheck.experiments.language_model.history import read_curve  # noqa: E402

ARGUMENTS = ["lm", "train", "--preset", "tiny", "--steps", "20", "--optimizer", "stosignsgd", "--device", "cpu"]
EVERY = 4
# What the process does to itself: (lines that plant the moment, step of the checkpoint that must be left).
MOMENTS = {
    "between two checkpoints": ("from_step(10)", 8),
    "while a checkpoint is being written": ("torch.save = dies_half_way(3, torch.save)", 8),
    "before a checkpoint takes its name": ("os.replace = dies(5, os.replace)", 8),
    "after the last checkpoint, before its curve": ("os.replace = dies(10, os.replace)", 20),
}
CHILD = """
import io, os, signal, sys
import torch
from ratecheck.experiments.cli import lm_progress
from ratecheck.experiments.cli.main import main

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def from_step(step):
    advance = lm_progress.Progress.advance
    def advanced(self, training):
        if training.step == step:
            die()
        advance(self, training)
    lm_progress.Progress.advance = advanced

def dies(call, function):
    calls = []
    def killed(*arguments):
        calls.append(1)
        if len(calls) == call:
            die()
        return function(*arguments)
    return killed

def dies_half_way(call, save):
    calls = []
    def killed(content, file):
        calls.append(1)
        if len(calls) < call:
            return save(content, file)
        whole = io.BytesIO()
        save(content, whole)
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        die()
    return killed

{plant}
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert main([*ARGUMENTS, "--checkpoint-every", str(EVERY), "--out", str(folder)]) == 0
    return folder


def weights(folder: Path) -> dict[str, Any]:
    return checkpoint.load(folder)["model"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_kill_and_resume_is_the_same_run_bit_for_bit(moment: str, whole: Path, tmp_path: Path) -> None:
    plant, left = MOMENTS[moment]
    arguments = [*ARGUMENTS, "--checkpoint-every", str(EVERY), "--out", str(tmp_path)]
    child = subprocess.run([sys.executable, "-c", CHILD.format(plant=plant), *arguments], capture_output=True)
    assert child.returncode == -9, child.stderr.decode()[-2000:]
    assert checkpoint.load(tmp_path)["step"] == left
    assert main(["lm", "resume", str(tmp_path)]) == 0
    assert read_curve(tmp_path) == read_curve(whole)
    ours, theirs = weights(tmp_path), weights(whole)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert sorted(path.name for path in tmp_path.iterdir()) == [checkpoint.NAME, "curve.csv", "run.json"]


def test_a_full_disk_is_told_and_the_checkpoint_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch trips over its own clean-up when a write fails; the reason must come through all the same."""
    checkpoint.save(tmp_path, {"step": 1})

    class Full:
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    def onto_a_full_disk(content: Any, file: Any) -> None:
        save(content, Full())

    save = torch.save
    monkeypatch.setattr(torch, "save", onto_a_full_disk)
    with pytest.raises(checkpoint.InputError, match="No space left on device"):
        checkpoint.save(tmp_path, {"step": 2, "weights": torch.zeros(100_000)})
    assert checkpoint.load(tmp_path)["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.NAME]
