"""The falsifier refutes what is known to be false, and nothing that holds; the same seed finds the same."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ratecheck.experiments.claim import Claim
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.falsifier.evolution import climb
from ratecheck.experiments.falsifier.search import as_json, attacks, falsify
from ratecheck.experiments.ledger import claims
from ratecheck.experiments.selection import select
from ratecheck.theory.errors import InputError
from ratecheck.theory.function_class import ITS_OWN_INSTANCE, LOJASIEWICZ
from ratecheck.theory.methods.accelerated import OGM
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.methods.nesterov import Nesterov

BUDGET = 1_500
PROMISED = {
    "id", "title", "bound_id", "side", "class", "class_named", "family", "horizon", "ratio", "refuted", "reason",
    "expected", "as_expected", "evaluations", "history", "problem", "instance",
}  # fmt: skip


def searchable(expected: str) -> list[str]:
    found = []
    for claim in claims().values():
        if claim.expected != expected or "real-data" in claim.tags:
            continue
        try:
            attacks(claim, 1)
        except InputError:
            continue
        found.append(claim.id)
    return found


FALSE = searchable("refuted")


def test_how_many_known_false_claims_can_be_attacked() -> None:
    assert len(FALSE) >= 40


@pytest.mark.parametrize("name", FALSE)
def test_what_is_known_to_be_false_is_refuted(name: str) -> None:
    outcome = falsify(claims()[name], BUDGET)
    assert outcome.refuted
    assert outcome.ratio > 1 + 1e-3


def test_nothing_that_holds_is_refuted() -> None:
    held = searchable("holds")
    assert len(held) >= 195
    largest = {name: falsify(claims()[name], 400) for name in held}
    assert [name for name, outcome in largest.items() if outcome.refuted] == []
    assert all(outcome.ratio <= 1 + 1e-9 for outcome in largest.values())
    # Where a bound is exact on its class, the search comes to it: it would notice a bound that is too small.
    reached = [name for name in held if "exact" in claims()[name].tags and largest[name].ratio > 0.99]
    assert len(reached) >= 30


@pytest.mark.parametrize("name", ["sc-07-mode", "sc-08-mode", "sgd-08-half-square"])
def test_expectations_are_exact_and_attained_where_theory_says_so(name: str) -> None:
    outcome = falsify(claims()[name], 400)
    assert outcome.ratio == pytest.approx(1.0, abs=1e-9)
    assert not outcome.refuted


# Real bugs in claims that hold: each is found without looking at the claim's own instance.
FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "bound / 1.05: subgradient, best": ("ns-01-random-maxima", {"factor": 1 / 1.05}),
    "bound / 1.05: gradient descent": ("sm-01-random", {"factor": 1 / 1.05}),
    "bound / 1.05: nonconvex descent": ("sm-06-random", {"factor": 1 / 1.05}),
    "bound / 1.05: OGM": ("sm-13-random", {"factor": 1 / 1.05}),
    "bound / 1.05: heavy ball on quadratics": ("hb-04-random", {"factor": 1 / 1.05}),
    "bound / 1.05: online descent": ("oco-01-orthogonal", {"factor": 1 / 1.05}),
    "bound / 1.05: sharp functions": ("ns-09-random-sharp", {"factor": 1 / 1.05}),
    "bound / 1.05: SGD in expectation": ("sgd-01-lad", {"factor": 1 / 1.05}),
    "bound / 1.05: last iterate of SGD": ("sgd-02-lad", {"factor": 1 / 1.05}),
    "bound / 1.05: noise floor": ("sc-07-modes", {"factor": 1 / 1.05}),
    "bound / 1.05: fast extragradient": ("sp-17-feg-bilinear", {"factor": 1 / 1.05}),
    "step 10 % too short": ("ns-06-random-maxima", {"method": lambda f, N: Subgradient(0.9 / (N + 1) ** 0.5)}),
    "OGM for one step more": ("sm-13-random", {"method": lambda f, N: OGM(f["smoothness"], N + 1)}),
    "Nesterov's momentum too large": (
        "sm-10-random",
        {"method": lambda f, N: Nesterov(1 / f["smoothness"], lambda k: (k + 1) / (k + 2))},
    ),
    "a step beyond 2/L": ("sm-01-random", {"method": lambda f, N: Subgradient(2.1 / f["smoothness"])}),
}


def planted(name: str) -> Claim:
    target, parts = FAULTS[name]
    claim = claims()[target]
    bound = dataclasses.replace(claim.bound, assumptions=())
    if "factor" in parts:
        factor, value = parts["factor"], bound.value
        return dataclasses.replace(
            claim, bound=dataclasses.replace(bound, value=lambda f, m, steps: factor * value(f, m, steps))
        )
    # The formula is that of the right method; the method is not.
    right = claim.method
    kept = dataclasses.replace(
        bound, value=lambda f, m, steps: claim.bound.value(f, right(f, int(steps[-1])), steps), function_class=None
    )
    return dataclasses.replace(claim, bound=kept, method=parts["method"])


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found(name: str) -> None:
    outcome = falsify(planted(name), BUDGET)
    assert outcome.refuted
    assert not outcome.as_expected


def test_the_same_seed_and_budget_find_the_same_bits() -> None:
    claim = claims()["ns-03-equiangular-half"]
    first, again = (json.dumps(as_json(falsify(claim, 800, seed=3))) for _ in range(2))
    assert first == again
    assert first != json.dumps(as_json(falsify(claim, 800, seed=4)))


def test_the_history_rises_and_keeps_to_the_budget() -> None:
    outcome = falsify(claims()["sm-10-random"], 700)
    counts, ratios = zip(*outcome.history, strict=True)
    assert list(counts) == sorted(counts)
    assert list(ratios) == sorted(ratios)
    assert outcome.evaluations <= 700
    assert ratios[-1] == outcome.ratio


@pytest.mark.parametrize("budget", [1, 3, 40])
def test_small_budgets_are_kept(budget: int) -> None:
    assert falsify(claims()["sm-01-random"], budget).evaluations <= max(budget, 6)


def test_climbing_reaches_the_top_of_a_narrow_ridge() -> None:
    def ridge(rows: np.ndarray) -> np.ndarray:
        return -100 * (rows[:, 1] - rows[:, 0] ** 2) ** 2 - (1 - rows[:, 0]) ** 2  # Rosenbrock

    found = climb(ridge, np.array([-1.0, 1.0]), 0.5, 6_000, np.random.default_rng(0))
    np.testing.assert_allclose(found.best, [1.0, 1.0], atol=1e-3)
    assert found.evaluations <= 6_000


def test_what_is_found_is_replayed_by_verify_and_by_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "found.json"
    words = ["falsify", "mq-sm-01-count", "--budget", "500", "--out", str(tmp_path), "--json", str(target)]
    assert main(words) == 0  # known to be false, and refuted
    (record,) = json.loads(target.read_text())
    assert record.keys() == PROMISED
    file = tmp_path / "counterexamples" / "mq-sm-01-count.json"
    assert json.loads(file.read_text()) == record["instance"]
    capsys.readouterr()
    assert main(["verify", str(file), "--out", str(tmp_path / "r"), "--json", str(tmp_path / "v.json")]) == 1
    (verdict,) = json.loads((tmp_path / "v.json").read_text())
    assert verdict["verdict"] == "refuted"
    assert verdict["tightness"] == pytest.approx(record["ratio"], rel=1e-12)
    (chosen,) = select([str(file)])
    problem = chosen.claim.problem(record["horizon"])
    assert problem.facts["smoothness"] == 1.0
    np.testing.assert_array_equal(problem.start[0], record["problem"]["start"])


def readme_example() -> str:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    block = re.search(r"<!-- user example -->\n```\w+\n(.*?)```", text, flags=re.DOTALL)
    assert block is not None
    return block.group(1)


def test_a_users_theorem_is_attacked_by_its_constants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(readme_example())
    wrong.write_text(readme_example().replace("/ (2 * (steps + 1)", "/ (2.1 * (steps + 1)"))
    assert main(["falsify", str(right), "--budget", "800", "--out", str(tmp_path)]) == 0
    assert "convex functions with subgradients of norm at most M (as its constants suggest)" in capsys.readouterr().out
    assert main(["falsify", str(wrong), "--budget", "800", "--out", str(tmp_path)]) == 1
    file = tmp_path / "counterexamples" / "my-theorem.json"
    assert main(["verify", str(file), "--out", str(tmp_path / "r")]) == 1


USER_FAULTS = {
    "method raises": (
        "        return x - self",
        "        raise ZeroDivisionError('bang')\n        return x - self",
        "bang",
    ),
    "bound is NaN": ("    return radius**2", "    return float('nan') * steps + radius**2", "NaN"),
    "bound has the wrong shape": ("    return radius**2", "    return steps[:0] + radius**2", "reshape"),
    "a fact that is not known": ('facts["lipschitz"]', 'facts["smoothness"]', "knows no 'smoothness'"),
}


@pytest.mark.parametrize("name", USER_FAULTS)
def test_faults_in_a_users_file_are_one_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, expected = USER_FAULTS[name]
    assert old in readme_example()
    file = tmp_path / "faulty.py"
    file.write_text(readme_example().replace(old, new))
    assert main(["falsify", str(file), "--budget", "50", "--out", str(tmp_path)]) == 2
    (error,) = capsys.readouterr().err.strip().splitlines()
    assert expected in error


BAD = {
    "unknown claim": (["falsify", "mq-ns-01-cuont"], "nearest is 'mq-ns-01-count'"),
    "no claim": (["falsify"], "falsify --list"),
    "budget 0": (["falsify", "sm-01-random", "--budget", "0"], "budget is 0"),
    "negative budget": (["falsify", "sm-01-random", "--budget", "-5"], "budget is -5"),
    "negative seed": (["falsify", "sm-01-random", "--seed", "-1"], "seed is -1"),
    "methods that draw": (["falsify", "stosign-3a-outliers"], "suggests no class"),
    "with probability": (["falsify", "hp-01-half-range"], "kind 'probability'"),
    "no family": (["falsify", "sm-09-ripple"], "no family of L-smooth functions"),
    "lower bound": (["falsify", "nsl-01-polyak"], "not an upper one"),
    "no instance": (["verify", "nothing.json"], "does not exist"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words, expected = BAD[name]
    assert main([*words, "--out", str(tmp_path)]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert expected in errors[0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: data.pop("format"), "KeyError"),
        (lambda data: data.update(format="other"), "its format is 'other'"),
        (lambda data: data["parameters"].pop(), "parameters"),
        (lambda data: data.update(claim="mq-none"), "nearest"),
        (lambda data: data.update(family={"kind": "cubes"}), "cubes"),
        (lambda data: data.update(family="cubes"), "AttributeError"),
    ],
)
def test_a_broken_instance_is_one_sentence(change: Any, expected: str, tmp_path: Path) -> None:
    data = as_json(falsify(claims()["mq-sm-01-count"], 100))["instance"]
    change(data)
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InputError, match=expected):
        select([str(file)])


def test_a_named_class_is_taken_at_its_word() -> None:
    claim = claims()["sm-01-random"]
    for named, reason in ((ITS_OWN_INSTANCE, "not about a class"), (LOJASIEWICZ, "does not know lojasiewicz")):
        bound = dataclasses.replace(claim.bound, function_class=named)
        with pytest.raises(InputError, match=reason):
            falsify(dataclasses.replace(claim, bound=bound), 100)


def test_list_names_what_can_be_attacked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["falsify", "sm-01-random", "ns-01-max-coordinate", "sm-09-ripple", "--list"]) == 0
    out = capsys.readouterr().out
    assert "sm-01-random" in out
    assert "smooth-convex" in out
    assert "2 of 3 claims have a search space" in out
