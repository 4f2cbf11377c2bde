"""The stages for a GPU, on a CPU at tiny size: each ends, writes what the store takes, and goes on after a stop."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; run `pip install ratecheck[torch]`.")

from ratecheck.experiments.language_model import gpu_parts, gpu_stages, memory  # noqa: E402
from ratecheck.experiments.language_model.gpu_stages import STAGES, Stage, collect, main  # noqa: E402
from ratecheck.experiments.language_model.outcome import read_findings  # noqa: E402
from ratecheck.experiments.language_model.presets import PRESETS  # noqa: E402
from ratecheck.theory.errors import InputError  # noqa: E402


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = dataclasses.replace(PRESETS["tiny"], steps=4)
    monkeypatch.setitem(gpu_stages.PRESETS, "tiny", tiny)
    for name in ("TWINS", "TRAINED"):
        few = {key: value for key, value in getattr(gpu_parts, name).items() if key in (*gpu_parts.MAIN, "sgg-adamw")}
        monkeypatch.setattr(gpu_parts, name, few)
    monkeypatch.setattr(gpu_parts, "OURS", ("stosignsgd",))
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)


def run(out: Path, *stages: str, seconds: float = 480.0) -> int:
    fixed = ["--device", "cpu", "--preset", "tiny", "--parameters", "1000", "--no-compile", "--seconds", str(seconds)]
    return main([*stages, *fixed, "--out", str(out)])


def one(out: Path) -> dict[str, Any]:
    (path,) = out.glob("lm-stage-*.json")
    return json.loads(path.read_text())


def test_every_stage_ends_and_is_taken_into_the_store(tmp_path: Path) -> None:
    assert run(tmp_path) == 0
    stored = read_findings(tmp_path)["experiments"]["stages"]
    name = gpu_stages.hardware("cpu")
    assert set(stored) == {name}
    assert set(stored[name]) == set(STAGES)
    for stage in stored[name].values():
        assert stage["complete"]
        assert (stage["hardware"], stage["torch"]) == (name, torch.__version__)
        assert not [part for part, row in stage["rows"].items() if "error" in row or not row.get("within", True)]
    assert stored[name]["trajectories"]["rows"]["adamw"]["resumes_bit_by_bit"]
    assert not torch.are_deterministic_algorithms_enabled()


def counted(monkeypatch: pytest.MonkeyPatch, *results: Any) -> list[int]:
    """Put in a stage with a part for each result (an exception is raised) and return the list of parts that ran."""
    ran: list[int] = []

    def part(number: int) -> dict[str, Any]:
        ran.append(number)
        if isinstance(results[number], BaseException):
            raise results[number]
        return results[number]

    parts = {str(number): lambda number=number: part(number) for number in range(len(results))}
    monkeypatch.setitem(STAGES, "counted", Stage("counted", lambda job: parts))
    return ran


def test_a_stage_that_was_killed_goes_on_with_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.MonkeyPatch.context() as patch:
        counted(patch, {"x": 1}, KeyboardInterrupt(), {"x": 3})
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, "counted")
    assert not one(tmp_path)["complete"]
    ran = counted(monkeypatch, {"x": 1}, {"x": 2}, {"x": 3})
    assert run(tmp_path, "counted") == 0
    assert ran == [1, 2]
    assert one(tmp_path)["complete"]
    assert one(tmp_path)["rows"] == {"0": {"x": 1}, "1": {"x": 2}, "2": {"x": 3}}


def test_no_part_begins_that_would_end_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(0, 10_000, 100))  # every look at the clock is 100 seconds after the one before
    monkeypatch.setattr(gpu_stages, "perf_counter", lambda: next(clock))
    ran = counted(monkeypatch, *[{"x": 1}] * 3)
    assert run(tmp_path, "counted", seconds=250.0) == 0
    assert ran == [0]
    assert "run the same command again" in capsys.readouterr().out
    assert run(tmp_path, "counted", seconds=250.0) == 0
    assert ran == [0, 1]


def test_what_fails_is_told_kept_apart_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = RuntimeError("CUDA out of memory\nand much more")
    with pytest.MonkeyPatch.context() as patch:
        counted(patch, {"within": True}, failure)
        assert run(tmp_path, "counted") == 1
    assert "not as it should be: 1" in capsys.readouterr().out
    assert one(tmp_path)["rows"]["1"] == {"error": "CUDA out of memory", "within": False}
    ran = counted(monkeypatch, {"within": True}, {"within": False})
    assert run(tmp_path, "counted") == 1
    assert ran == [1]


def test_results_of_other_code_are_not_taken_for_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = counted(monkeypatch, {"x": 1})
    run(tmp_path, "counted")
    monkeypatch.setattr(gpu_stages, "code_digest", lambda modules: "other")
    run(tmp_path, "counted")
    assert ran == [0, 0]


def test_files_of_another_machine_are_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted(monkeypatch, {"x": 1})
    run(tmp_path, "counted")
    foreign = one(tmp_path) | {"hardware": "NVIDIA H100"}
    (tmp_path / "lm-stage-counted-nvidia-h100.json").write_text(json.dumps(foreign))
    assert main(["--collect", "--out", str(tmp_path)]) == 0
    stored = read_findings(tmp_path)["experiments"]["stages"]
    assert stored.keys() == {gpu_stages.hardware("cpu"), "NVIDIA H100"}
    assert stored["NVIDIA H100"]["counted"]["rows"] == {"0": {"x": 1}}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "hardware": ""}'])
def test_a_file_that_is_no_stage_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "lm-stage-x.json").write_text(content)
    with pytest.raises(InputError, match="is not the result of a stage"):
        collect(tmp_path)


BAD = {
    "stage": (["trainin"], "nearest is 'training'"),
    "preset": (["--preset", "tini"], "nearest is 'tiny'"),
    "seconds": (["--seconds", "0"], "seconds is 0.0"),
    "folder": (["--out", "/dev/null/x"], "cannot be written"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_told_in_one_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, words = BAD[name]
    assert main(["--device", "cpu", "--out", str(tmp_path), *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_sentence_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path)]) == 2
    assert "a GPU was asked for" in capsys.readouterr().err


def test_a_batch_is_worked_off_in_parts_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 80 GB a batch of the 60m preset does not fit at once: its logits alone take 50 and more."""
    monkeypatch.setattr(memory, "free_bytes", lambda device: 80 * 10**9)
    job = gpu_parts.Job("cpu", PRESETS["60m"], 1000, PRESETS["tiny"], compiled=False)
    assert job.setup("adamw", 10).recipe.accumulate == 4
    assert job.setup("adamw", 10, preset=PRESETS["tiny"]).recipe.accumulate == 1
