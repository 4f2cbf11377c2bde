"""Data files: what is read, and one sentence for everything that cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ratecheck.experiments.digest import content_key
from ratecheck.experiments.user_data import claims_for_file
from ratecheck.testbeds.data_files import read_data
from ratecheck.theory.errors import InputError


def table(path: Path, delimiter: str = ",", header: str = "", classes: bool = True, scale: float = 1.0) -> Path:
    random = np.random.default_rng(1)
    X = scale * random.normal(size=(20, 3))
    y = np.where(X[:, 0] > 0, 2.0, 1.0) if classes else X @ [1.0, 2.0, 3.0]
    np.savetxt(path, np.column_stack([X, y]), delimiter=delimiter, header=header, comments="")
    return path


@pytest.mark.parametrize(("delimiter", "header"), [(",", ""), (";", "a;b;c;label"), ("\t", "")])
def test_csv_with_and_without_header(tmp_path: Path, delimiter: str, header: str) -> None:
    X, y = read_data(table(tmp_path / "data.csv", delimiter, header))
    assert X.shape == (20, 3)
    assert set(y) == {1.0, 2.0}


def test_svmlight_by_suffix_and_by_look(tmp_path: Path) -> None:
    lines = [f"{(-1) ** i} 1:{i + 1}" + (" 2:0.5" if i % 2 else "") + f" 3:{(i * 7) % 5 + 1}" for i in range(12)]
    for name in ("data.svm", "data.txt"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        X, y = read_data(path)
        assert X.shape == (12, 3)
        assert set(y) == {-1.0, 1.0}


def test_two_classes_give_svm_and_logistic_others_give_lad_and_huber(tmp_path: Path) -> None:
    classes = claims_for_file(table(tmp_path / "Two Classes.csv"))
    assert {claim.id.split("-")[3] for claim in classes} == {"svm", "logistic"}
    assert all(claim.id.startswith("data-two-classes-") for claim in classes)
    numbers = claims_for_file(table(tmp_path / "numbers.csv", classes=False))
    assert {claim.id.split("-")[2] for claim in numbers} == {"lad", "huber"}
    assert {tag for claim in numbers for tag in claim.tags} >= {"foundations", "stosignsgd", "real-data"}


@pytest.mark.parametrize("loss", ["svm", "lad"])
def test_the_claims_of_a_file_come_out_as_expected(tmp_path: Path, check, loss: str) -> None:
    for claim in claims_for_file(table(tmp_path / "data.csv"), loss=loss):
        judged = check(claim, horizons=(100,))
        assert judged.as_expected, judged.reason


def test_the_key_depends_on_the_data(tmp_path: Path) -> None:
    first = claims_for_file(table(tmp_path / "data.csv", classes=False))[1]
    again = claims_for_file(table(tmp_path / "data.csv", classes=False))[1]
    random = np.random.default_rng(2)
    np.savetxt(tmp_path / "data.csv", random.normal(size=(20, 4)), delimiter=",")
    other = claims_for_file(tmp_path / "data.csv")[1]
    assert content_key(first, 0) == content_key(again, 0) != content_key(other, 0)


ROWS = "".join(f"{i},{(i * 7) % 11},{i % 3}\n" for i in range(12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b,c\n", "header and no data"),
        ("1\n2\n3\n", "one column"),
        (ROWS + "1,2\n", "row 13 .* has 2 columns, but the first has 3"),
        (ROWS + "1,red,3\n", "row 13, column 2 .* 'red'"),
        (ROWS + "1,nan,3\n", "row 13, column 2 .* NaN"),
        (ROWS + "1,inf,3\n", "infinite"),
        ("1,2,3\n4,5,6\n", "2 rows, but at least 10"),
        ("".join(f"1,{i},{i % 2}\n" for i in range(12)), "column 1 .* same value"),
        ("".join(f"{i},{i * i},7\n" for i in range(12)), "every target .* 7"),
        ("1 1:2\n1 x:2\n", "svmlight form"),
    ],
)
def test_bad_files_are_told_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        claims_for_file(path)
    assert "\n" not in str(caught.value)


def test_other_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        claims_for_file(tmp_path / "missing.csv")
    with pytest.raises(InputError, match="is a folder"):
        claims_for_file(tmp_path)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match="not a text file"):
        claims_for_file(tmp_path / "binary.csv")
    numbers = table(tmp_path / "numbers.csv", classes=False)
    with pytest.raises(InputError, match="two are needed"):
        claims_for_file(numbers, loss="svm")
    with pytest.raises(InputError, match="loss is 'l1'"):
        claims_for_file(numbers, loss="l1")
