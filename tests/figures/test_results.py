"""Reading stored results: what is read, and one sentence for each way in which a file can be wrong."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments import claim, digest
from ratecheck.figures import results as reader
from ratecheck.figures.files import FORMAT, MissingResultError
from ratecheck.figures.results import Results, load_results, short_name
from ratecheck.figures.sweeps import load_map, load_sweep, stored_names
from ratecheck.theory.errors import InputError


def test_format_and_sources_are_those_that_the_store_writes() -> None:
    assert FORMAT == digest.FORMAT
    assert reader.SOURCES == claim.SOURCE_TAGS


def test_every_claim_comes_back_with_its_run(results: Results, pairs: dict) -> None:
    stored = {one.id: one for one in results.claims}
    for expected, run in pairs.values():
        one = stored[expected.id]
        np.testing.assert_array_equal(one.values, run.values)
        np.testing.assert_array_equal(one.bound, run.bound)
        assert (one.floor, one.formula, one.side) == (run.floor, expected.bound.formula, expected.bound.side)
        assert one.assumptions[0].excess == run.excess[one.assumptions[0].text]


def test_results_are_frozen(results: Results) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        results.claims[0].id = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("representation", "name"),
    [
        ("Subgradient(step_size=0.1)", "Subgradient"),
        ("Averaged(inner=Projected(inner=SGD(step=Constant(1.0)), radius=2))", "Averaged Projected SGD"),
        ("Momentum(step=Step(inner_scale=2))", "Momentum"),
        ("plain", "plain"),
    ],
)
def test_short_names(representation: str, name: str) -> None:
    assert short_name(representation) == name


def _truncate(folder: Path, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def _other_key(folder: Path, path: Path) -> None:
    verdicts = folder / "verdicts.json"
    verdicts.write_text(verdicts.read_text().replace('"key": "', '"key": "f'))


def _other_format(folder: Path, path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(str(arrays.pop("header"))) | {"format": 999}
    np.savez(path, header=np.array(json.dumps(header)), **arrays)


def _other_fields(folder: Path, path: Path) -> None:
    entries = json.loads((folder / "verdicts.json").read_text())
    for entry in entries:
        del entry["formula"]
    (folder / "verdicts.json").write_text(json.dumps(entries))


def _cut_verdicts(folder: Path, path: Path) -> None:
    (folder / "verdicts.json").write_text('[{"id": "a-me')


DAMAGES: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "missing": (lambda folder, path: path.unlink(), "is missing"),
    "truncated": (_truncate, "truncated"),
    "text": (lambda folder, path: path.write_text("hello"), "not a result of ratecheck"),
    "stale": (_other_key, "stale"),
    "another format": (_other_format, "another version"),
    "another version": (_other_fields, "another version"),
    "cut verdicts": (_cut_verdicts, "truncated or not a verdict file"),
    "foreign verdicts": (lambda folder, path: (folder / "verdicts.json").write_text("{}"), "not a verdict file"),
    "no verdicts": (lambda folder, path: (folder / "verdicts.json").unlink(), "holds no results"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_told_in_one_sentence_with_the_command(own_folder: Path, damage: str) -> None:
    action, words = DAMAGES[damage]
    action(own_folder, next(own_folder.glob("a-mean.*.npz")))
    with pytest.raises(InputError, match=words) as caught:
        load_results(own_folder)
    sentence = str(caught.value)
    assert "`ratecheck verify" in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(f"`ratecheck verify --out {tmp_path / 'none'}` first")):
        load_results(tmp_path / "none")


def test_a_tag_without_results_names_the_command(results: Results) -> None:
    with pytest.raises(MissingResultError, match="`ratecheck verify --tag saddle` first"):
        results.with_tag("saddle")
    assert {one.id for one in results.with_tag("stosignsgd")} == {"b-refuted", "c-odd"}


def test_sweeps(folder: Path, tmp_path: Path, store_sweep: Callable[[Path, str], Path]) -> None:
    sweep = load_sweep(folder, "step-size")
    assert sweep.labels == ("SGD", "Adam")
    assert sweep.values.shape == (2, sweep.grid.size, 24)
    with pytest.raises(MissingResultError, match="`make it` first"):
        load_sweep(folder, "none", "make it")
    path = store_sweep(tmp_path, "cut")
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(InputError, match="truncated"):
        load_sweep(tmp_path, "cut")
    path.with_name("map-cut.npz").write_bytes(whole)
    with pytest.raises(InputError, match="not a result of ratecheck"):
        load_map(tmp_path, "cut")


def test_a_sweep_of_another_version(tmp_path: Path, store_sweep: Callable[[Path, str], Path]) -> None:
    path = store_sweep(tmp_path, "old")
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(str(arrays.pop("header")))
    del header["labels"]
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(InputError, match="another version of ratecheck; run `ratecheck verify` again"):
        load_sweep(tmp_path, "old")


def test_names_of_sweeps_and_maps(folder: Path) -> None:
    assert {name: kind.__name__ for name, kind in stored_names(folder).items()} == {
        "step-size": "Sweep",
        "heavy-ball": "Map",
    }
