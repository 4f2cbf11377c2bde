"""The section on language models: from the results, else from what was recorded, else a sentence that says so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.language_model.outcome import Finding, write_findings
from ratecheck.figures.paper.language import COMMANDS, FILE, experiments, load_findings, measured, section
from ratecheck.figures.paper.pictures import language_pictures
from ratecheck.theory.errors import InputError


def finding(name: str, tags: tuple[str, ...], values: tuple[float, ...], bound: float) -> Finding:
    """A planted claim; the numbers are nobody's."""
    return Finding(
        id=name, title=f"{name}_ends at 5 %", source="nobody (2026)", provenance="derived", paper="twice as good",
        scope="a planted model; nothing is said about other sizes", values=values, bound=bound, measure="loss",
        method="planted", problem="planted", horizon=10, oracle_calls=10, tags=tags, seconds=1.5,
    )  # fmt: skip


def planted(folder: Path) -> Path:
    """Store findings of several topics and tables of every kind."""
    folder.mkdir(exist_ok=True)
    findings = [
        finding("compared", ("foundations",), (0.1, 0.2, 0.3), 0.5),
        finding("eight-bit", ("stosignsgd", "low-precision"), (1.0, 1.1, 1.2), 0.5),
        finding("grouped", ("sgg",), (0.1, np.inf), 0.5),
        finding("tuned-again", ("fine-tuning",), (0.0, 1.0), 0.5),
        finding("of-a-new-kind", ("something-new",), (0.0, 0.1), 0.5),
    ]
    tables: dict[str, Any] = {
        "compare": [
            {"optimizer": "adamw", "excess": [0.177, 0.161, 0.192], "seconds": 15.4, "device": "cpu"},
            {"optimizer": "sgd", "excess": [None, None, None], "seconds": 3.0, "device": "cpu"},
        ],
        "fp8": [{"method": "adamw", "excess": [0.4, 0.5], "flushed": {"v": 0.25}, "diverged": [None, 3]}],
        "minimax": [{"method": "gda", "gradients": 400, "clean": [0.1, 0.2], "attacked": {"0.1": 0.4}}],
        "batches": [{"rule": "adaptive & large", "tokens": 123456, "better": True}],
        "settings": {"rows": "not a table"},
    }  # fmt: skip
    write_findings(folder, findings, tables)
    return folder


def test_findings_and_experiments_become_tables(tmp_path: Path) -> None:
    found = load_findings(planted(tmp_path / "results"), tmp_path / "nowhere")
    assert found is not None
    text = section(found) + experiments(found)
    verdicts = [one["verdict"] for one in found.claims]
    assert f"{verdicts.count('holds')} hold" in text
    assert f"{verdicts.count('refuted')} refuted" in text
    for words in (
        "FP8 and FP4",
        "Gradient grouping",
        "Fine-tuning",
        "Something-new",
        r"compared\_\allowbreak{}ends at 5 \%",
    ):
        assert words in text
    assert "0.177 [0.161, 0.192]" in text
    assert "1 of 2 diverged" in text
    assert r"adaptive \& large" in text
    assert r"123\,456" in text
    assert "0.1: 0.400" in text
    assert "15.4" not in text  # seconds differ from run to run
    assert "measured on a CPU by" in text
    assert all(command in text for command in COMMANDS.values())
    assert "recorded" not in text
    assert re.findall(r"\\label\{tab:lm-(\d)\}", text) == list("12345")
    assert len(set(re.findall(r"\\label\{(tab:[^}]*)\}", text))) == text.count(r"\label{tab:")


def test_a_change_of_a_stored_verdict_changes_the_text(tmp_path: Path) -> None:
    path = planted(tmp_path / "results") / FILE
    before = section(load_findings(path.parent, tmp_path))
    content = json.loads(path.read_text())
    content["claims"][0]["verdict"] = "refuted"
    path.write_text(json.dumps(content))
    assert section(load_findings(path.parent, tmp_path)) != before


def test_recorded_findings_are_used_where_there_are_no_others_and_say_so(tmp_path: Path) -> None:
    recorded = planted(tmp_path / "recorded")
    content = json.loads((recorded / FILE).read_text()) | {"machine": "one H100", "commands": ["ratecheck lm record"]}
    (recorded / FILE).write_text(json.dumps(content))
    text = section(load_findings(tmp_path / "empty", recorded))
    assert "recorded in an earlier run" in text
    assert r"on one H100 by \cmd{ratecheck lm record}" in text
    own = load_findings(planted(tmp_path / "own"), recorded)
    assert own is not None
    assert own.folder == tmp_path / "own"


def test_without_any_findings_the_text_says_so_and_names_the_commands(tmp_path: Path) -> None:
    text = section(load_findings(tmp_path, tmp_path / "nowhere"))
    assert "were not run" in text
    assert r"\cmd{ratecheck lm experiments}" in text
    assert experiments(None) == ""
    write_findings(tmp_path, [], {})
    assert load_findings(tmp_path, tmp_path / "nowhere") is None


FOREIGN = (
    "{",
    "[]",
    '{"format": 2, "claims": [], "experiments": {}}',
    '{"format": 1, "claims": [{}], "experiments": {}}',
)


@pytest.mark.parametrize("text", FOREIGN)
def test_a_foreign_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(InputError, match="is not a result of this version of ratecheck; delete it and run"):
        load_findings(tmp_path, tmp_path / "nowhere")


def test_curves_beside_the_findings_become_figures(tmp_path: Path, store_sweep: Any) -> None:
    assert language_pictures(tmp_path) == {}
    store_sweep(tmp_path, "lm-compare-tokens")
    drawn = language_pictures(tmp_path)
    assert list(drawn) == ["lm-compare-tokens"]
    found = load_findings(planted(tmp_path), tmp_path / "nowhere")
    assert r"\resultfigure{lm-compare-tokens}" in section(found, drawn)
    assert "resultfigure" not in section(found)


def test_means_and_intervals() -> None:
    assert measured([1.0, 2.0]) == "1.50"
    assert measured([1.0, 2.0], [0.5, None]) == r"1.50\newline [0.500, $\pm\infty$]"
    assert measured([]) == "--"
