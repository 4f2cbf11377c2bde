"""``ratecheck lm`` as a user meets it: exit codes, one-sentence errors, without torch too, and with two processes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ratecheck.experiments.cli.main import main

SHORT = ["--preset", "tiny", "--steps", "6", "--device", "cpu"]


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("ratecheck")
    assert "Traceback" not in error
    return error


def rows_of(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "curve.csv").read_text().splitlines()))


def test_without_torch_one_sentence_says_what_is_missing() -> None:
    code = """
import sys, importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else real(name, *rest)
sys.modules["torch"] = None
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.ledger import claims
claims()
for command in (["train"], ["compare"], ["fp8"], ["resume", "there"]):
    assert main(["lm", *command]) == 2, command
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 4
    assert all("pip install ratecheck[torch]" in line for line in lines)


def test_the_command_line_and_the_ledger_do_not_import_torch() -> None:
    code = """
import sys, contextlib, io
from ratecheck.experiments.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    main(["list"]); main(["lm", "presets"])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_train_then_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(["lm", "train", *SHORT, "--optimizer", "stosignsgd", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "above the exact predictor" in text
    card = json.loads((tmp_path / "run.json").read_text())
    assert card["setup"]["recipe"]["optimizer"] == "stosignsgd"
    assert card["device"] == "cpu"
    rows = rows_of(tmp_path)
    assert [int(row["step"]) for row in rows] == list(range(7))
    before = (tmp_path / "curve.csv").read_bytes()
    assert main(["lm", "resume", str(tmp_path)]) == 0
    assert (tmp_path / "curve.csv").read_bytes() == before


def test_compare_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    words = ["lm", "compare", *SHORT, "--optimizers", "adamw", "sgd", "--seeds", "2", "--jobs", "1"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "entropy rate 2.24" in text
    assert text.index("adamw") < text.index("language_model.json")
    assert (tmp_path / "sweep-lm-compare-tokens.npz").exists()


def test_a_loss_that_is_not_finite_ends_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    words = [
        "lm",
        "train",
        *SHORT,
        "--optimizer",
        "sgd",
        "--step-size",
        "1e30",
        "--clip",
        "inf",
        "--out",
        str(tmp_path),
    ]
    assert main(words) == 1
    error = one_sentence(capsys)
    assert "not finite at step" in error
    assert "checkpoint" in error


def test_two_processes_are_one_with_the_whole_batch(tmp_path: Path) -> None:
    """Each works on half of the same batch; sums in another order, so losses agree to float32 rounding over 6 steps."""
    pytest.importorskip("torch")
    words = ["lm", "train", *SHORT, "--optimizer", "sgd", "--step-size", "0.5", "--out"]
    assert main([*words, str(tmp_path / "one")]) == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [*launcher, "-m", "ratecheck", *words, str(tmp_path / "two")], check=True, capture_output=True, env=environment
    )
    one, two = (rows_of(tmp_path / name) for name in ("one", "two"))
    assert [float(row["loss_of_step"]) for row in two[1:]] == pytest.approx(
        [float(row["loss_of_step"]) for row in one[1:]], rel=1e-5
    )


def test_minimax_prints_clean_and_attacked_losses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from ratecheck.experiments.language_model import minimax, minimax_attack

    monkeypatch.setattr(minimax_attack, "VALIDATION", 8)
    monkeypatch.setattr(minimax, "residual_study", lambda out, setup, seeds, jobs: ([], {}))
    words = ["lm", "minimax", *SHORT, "--seeds", "2", "--jobs", "1", "--out", str(tmp_path)]
    assert main([*words, "--methods", "gda", "extragradient-adam", "--radius", "0.4"]) == 0
    printed = capsys.readouterr().out
    assert "gda, gradients" in printed
    assert "extragradient-adam, tokens" in printed
    rows = json.loads((tmp_path / "language_model.json").read_text())["experiments"]["minimax"]
    assert len(rows) == 3
    for row in rows:
        assert list(row["attacked"]) == ["0.2", "0.4", "0.8"]
        clean, *attacked = (mean for mean, _, _ in (row["clean"], *row["attacked"].values()))
        assert [clean, *attacked] == sorted([clean, *attacked]), row["method"]
    assert main([*words, "--methods", "sgda"]) == 2
    assert "no method of the game" in one_sentence(capsys)
    assert main([*words, "--methods", "gda", "--radius", "-1"]) == 2
    assert "radius is -1.0" in one_sentence(capsys)


BAD = {
    "preset": (["--preset", "smok"], "no preset is called 'smok'"),
    "optimizer": (["--optimizer", "adam"], "optimizer is 'adam'"),
    "text": (["--data", "nowhere.txt"], "there is no text"),
    "step size": (["--step-size", "-1"], "step size is -1.0"),
    "batch": (["--batch", "0"], "batch is 0"),
    "huge": (["--batch", "999999999"], "GiB are free"),
    "gpu": (["--device", "cuda"], "a GPU was asked for"),
    "checkpoint": (["--init", "nowhere"], "holds no checkpoint"),
    "folder": (["--out", "/dev/null/x"], "cannot be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    arguments, words = BAD[name]
    assert main(["lm", "train", "--preset", "tiny", "--steps", "2", "--out", str(tmp_path), *arguments]) == 2
    assert words in one_sentence(capsys)


SHORT_TEXTS = [(b"", "is empty"), (b"too short", "one sequence needs"), (b"word " * 80, "one batch needs")]


@pytest.mark.parametrize(("content", "words"), SHORT_TEXTS)
def test_a_text_that_is_empty_or_too_short(
    content: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    (tmp_path / "a.txt").write_bytes(content)
    text, out = str(tmp_path / "a.txt"), str(tmp_path / "r")
    assert main(["lm", "train", "--preset", "tiny", "--batch", "64", "--data", text, "--out", out]) == 2
    assert words in one_sentence(capsys)
