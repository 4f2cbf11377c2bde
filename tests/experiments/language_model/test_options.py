"""Every option of ``ratecheck lm train`` does what it says: variants, compilation, TensorBoard, other weights."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.cli.main import main  # noqa: E402
from ratecheck.experiments.language_model import checkpoint  # noqa: E402

TRAIN = ["lm", "train", "--preset", "tiny", "--device", "cpu"]


def curve(folder: Path) -> list[float]:
    """Return the loss of every step."""
    rows = (folder / "curve.csv").read_text().splitlines()[2:]
    return [float(row.split(",")[0]) for row in rows]


def run(folder: Path, *options: str) -> list[float]:
    assert main([*TRAIN, *options, "--out", str(folder)]) == 0
    return curve(folder)


VARIANTS = {
    "relu": ["--feed-forward", "relu"],
    "relu squared": ["--feed-forward", "relu2"],
    "mixture of experts": ["--experts", "4", "--active", "2"],
    "mixture in parts": ["--experts", "4", "--active", "1", "--feed-forward", "relu", "--accumulate", "4"],
    "bf16": ["--precision", "bf16"],
    "bf16 mixture with adapters": [
        "--precision",
        "bf16",
        "--experts",
        "2",
        "--adapter-rank",
        "2",
        "--step-size",
        "0.03",
    ],
    "decay": ["--weight-decay", "0.1"],
    "no clipping": ["--clip", "inf"],
    "adapters": ["--adapter-rank", "4", "--step-size", "0.03"],
    "context": ["--context", "20", "--batch", "4"],
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_train(name: str, tmp_path: Path) -> None:
    losses = run(tmp_path, "--steps", "30", *VARIANTS[name])
    assert sum(losses[-5:]) < sum(losses[:5])


def test_bf16_differs_from_float32_by_its_rounding(tmp_path: Path) -> None:
    """Eight bits: the first loss, of one batch, is off by at most 2**-8 of it, and not equal."""
    exact, rough = run(tmp_path / "a", "--steps", "1"), run(tmp_path / "b", "--steps", "1", "--precision", "bf16")
    assert 0 < abs(rough[0] - exact[0]) < 2.0**-8 * exact[0]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on a CPU needs a C++ compiler; install g++.")
@pytest.mark.filterwarnings("ignore")  # the compiler imports parts of torch that torch itself deprecates
def test_a_compiled_model_trains_alike_and_its_checkpoint_is_an_ordinary_one(tmp_path: Path) -> None:
    """Fused kernels round otherwise: 1e-6 relative a step over 3 steps of SGD."""
    short = ["--steps", "3", "--optimizer", "sgd", "--batch", "4", "--context", "8"]
    plain, compiled = run(tmp_path / "plain", *short), run(tmp_path / "compiled", *short, "--compile")
    assert compiled == pytest.approx(plain, rel=1e-5)
    names = [checkpoint.load(tmp_path / folder)["model"].keys() for folder in ("plain", "compiled")]
    assert names[0] == names[1]


def test_tensorboard_shows_the_curve(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed; run `pip install tensorboard`.")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    losses = run(tmp_path / "run", "--steps", "5", "--tensorboard", str(tmp_path / "log"))
    log = EventAccumulator(str(tmp_path / "log"))
    log.Reload()
    assert set(log.Tags()["scalars"]) == {"loss", "step size", "validation", "excess", "gradient norm"}
    shown = [(event.step, event.value) for event in log.Scalars("loss")]
    assert [step for step, _ in shown] == [1, 2, 3, 4, 5]
    assert [value for _, value in shown] == pytest.approx(losses, rel=1e-6)


def test_without_tensorboard_one_sentence_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    options = ["--steps", "2", "--tensorboard", str(tmp_path / "log"), "--out", str(tmp_path / "run")]
    assert main([*TRAIN, *options]) == 2
    assert "pip install tensorboard" in capsys.readouterr().err


def test_a_run_begins_where_another_ended(tmp_path: Path) -> None:
    run(tmp_path / "first", "--steps", "30")
    other = ["--steps", "3", "--data", "zsg:seed=5"]
    anew, on = run(tmp_path / "anew", *other), run(tmp_path / "on", *other, "--init", str(tmp_path / "first"))
    assert on[0] != anew[0]
    adapted = run(tmp_path / "adapted", *other, "--init", str(tmp_path / "first"), "--adapter-rank", "2")
    assert adapted[0] == on[0]  # before its first step an adapter changes nothing
    before, after = (checkpoint.load(tmp_path / folder)["model"] for folder in ("first", "adapted"))
    assert torch.equal(after["blocks.0.attention.qkv.inner.weight"], before["blocks.0.attention.qkv.weight"])


def test_the_card_says_what_was_run_on_what(tmp_path: Path) -> None:
    run(tmp_path, "--steps", "2", "--seed", "7")
    card: dict[str, Any] = json.loads((tmp_path / "run.json").read_text())
    assert card["setup"]["recipe"]["seed"] == 7
    assert (card["device"], card["processes"], card["torch"]) == ("cpu", 1, torch.__version__)
    assert card["entropy_rate"] == pytest.approx(2.24, abs=0.01)
