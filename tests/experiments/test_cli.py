"""The command line as a user meets it: exit codes, one-sentence errors, the README's example."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ratecheck.experiments.cli.main import main

ROOT = Path(__file__).parents[2]
GOOD = "ns-01-max-coordinate"
PROMISED = set(
    [
        "id",
        "title",
        "source",
        "provenance",
        "kind",
        "method",
        "problem",
        "measure",
        "expected",
        "verdict",
        "as_expected",
        "tightness",
        "horizon",
        "runs",
        "oracle_calls",
        "slope",
        "slope_ci",
        "slope_claimed",
        "detectable",
        "tags",
        "seconds",
        "key",
    ]
)


def readme_block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\s*```\w*\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, f"README.md has no block {mark!r}"
    return found.group(1)


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err.strip()
    assert error.startswith("ratecheck")
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1, error
    return error


def test_verify_writes_what_is_promised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "verdicts.json"
    assert main(["verify", GOOD, "--out", str(tmp_path / "r"), "--json", str(target)]) == 0
    (record,) = json.loads(target.read_text())
    assert record.keys() >= PROMISED
    assert record["verdict"] == "holds"
    assert "1 of 1 claims came out as expected" in capsys.readouterr().out
    page = (tmp_path / "r" / "report.html").read_text()
    assert GOOD in page
    assert not re.search(r"""(src|href)=["']?https?:""", page)


def test_list_json_is_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert GOOD in {entry["id"] for entry in entries}


@pytest.mark.parametrize("tag", ["low-precision", "language-model", "sgg", "nonsmooth"])
def test_every_tag_that_is_listed_can_be_asked_for(tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json", "--tag", tag]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found
    assert all(tag in entry["tags"] for entry in found)


def test_show_names_the_constants_and_how_they_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", GOOD]) == 0
    text = capsys.readouterr().out
    assert "lipschitz = 1 (closed form)" in text
    assert "assumes   every subgradient has norm at most M" in text


def test_the_example_of_the_readme_is_verified_like_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block = readme_block("user example")
    assert len([line for line in block.splitlines() if line.strip()]) <= 30
    file = tmp_path / "my_theorem.py"
    file.write_text(block)
    assert main(["verify", str(file), "--out", str(tmp_path / "r")]) == 0
    assert "my-theorem" in (tmp_path / "r" / "report.html").read_text()


def test_a_wrong_theorem_of_a_user_is_refuted(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(readme_block("user example").replace("/ (2 * (steps + 1)", "/ (2.1 * (steps + 1)"))
    assert main(["verify", str(file), "--out", str(tmp_path / "r")]) == 1


USER_FAULTS = {
    "raises on import": ("import ratecheck", "raise RuntimeError('boom')\nimport ratecheck", "boom"),
    "syntax": ("def value", "def def value", "could not be run"),
    "no claims": ("CLAIMS =", "OTHER =", "CLAIMS"),
    "bound is NaN": ("    return radius**2", "    return float('nan') * steps + radius**2", "NaN"),
    "bound has the wrong shape": ("    return radius**2", "    return steps[:0] + radius**2", "shape"),
    "method raises": (
        "        return x - self",
        "        raise ZeroDivisionError('bang')\n        return x - self",
        "bang",
    ),
    "horizon 0": ("(10, 100, 1000)", "(0, 10)", "horizon"),
    "no tag of a source": ('("user",)', '("mine",)', "source tags"),
    "an id of the ledger": ('"my-theorem"', f'"{GOOD}"', "already"),
    "a fact that is not known": ('facts["lipschitz"]', 'facts["smoothness"]', "knows no 'smoothness'"),
}


@pytest.mark.parametrize("name", USER_FAULTS)
def test_faults_in_a_users_file_are_one_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, expected = USER_FAULTS[name]
    block = readme_block("user example")
    assert old in block
    file = tmp_path / "faulty.py"
    file.write_text(block.replace(old, new))
    assert main(["verify", str(file), GOOD, "--jobs", "1", "--out", str(tmp_path / "r")]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ratecheck:")]
    assert len(errors) == 1
    assert expected in errors[0]


def test_a_users_error_does_not_lose_the_other_results(tmp_path: Path) -> None:
    file = tmp_path / "faulty.py"
    file.write_text(readme_block("user example").replace("return x - self", "return 1 / 0 - self"))
    target = tmp_path / "v.json"
    assert main(["verify", str(file), GOOD, "--out", str(tmp_path / "r"), "--json", str(target)]) == 2
    assert [record["id"] for record in json.loads(target.read_text())] == [GOOD]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["verify", "ns-01-max-coordinat"], GOOD),
        (["verify", "--tag", "nonsmoth"], "nonsmooth"),
        (["verify", "nowhere.py"], "does not exist"),
        (["verify", "nowhere.csv"], "does not exist"),
        (["show", "ns-01-max-coordinat"], GOOD),
        (["verify", GOOD, "--seed", "-1"], "seed"),
        (["verify", GOOD, "--jobs", "0"], "jobs"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert expected in one_sentence(capsys)


@pytest.mark.parametrize(
    "words", [[], ["verfy"], ["verify", "--sui", "quick"], ["verify", "--suite", "huge"], ["verify", "--seed", "x"]]
)
def test_a_wrong_command_line_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    one_sentence(capsys)


def test_an_unwritable_output_folder_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A file in the way stops root too, whom permissions do not.
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main(["verify", GOOD, "--out", str(blocked / "results")]) == 2
    assert "cannot be written" in one_sentence(capsys)


def test_a_full_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["verify", GOOD, "--out", str(tmp_path / "r")]) == 2
    assert "No space left" in capsys.readouterr().err


def test_python_dash_m_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "ratecheck", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("ratecheck ")
