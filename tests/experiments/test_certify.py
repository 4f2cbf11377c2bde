"""Bounds beside exact worst cases: what is right is confirmed, every planted fault exceeds or is seen to be loose."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ratecheck.experiments.certify import certify, default_horizon, expressed
from ratecheck.experiments.claim import Claim
from ratecheck.experiments.cli.main import main
from ratecheck.experiments.ledger import claims
from ratecheck.theory.errors import InputError
from ratecheck.theory.methods.accelerated import OGM
from ratecheck.theory.methods.gradient import Subgradient
from ratecheck.theory.schedules import LinearDecay
from ratecheck.theory.worst_case import NotExpressibleError

pytest.importorskip("PEPit")

PROMISED = {
    "id", "title", "bound_id", "side", "class", "class_named", "method", "measure", "horizon", "worst_case", "attained",
    "accuracy", "exact", "solver", "bound", "ratio", "outcome", "on_instance", "expected", "as_expected",
}  # fmt: skip
LONGER = {"mq-accelerated-descent": 10, "sp-27-eg-last-not-fast": 10}  # false from so many steps on


def expressible() -> list[str]:
    found = []
    for claim in claims().values():
        if claim.bound.kind != "deterministic" or "real-data" in claim.tags:
            continue
        try:
            expressed(claim, 3)
        except InputError:
            continue
        found.append(claim.id)
    return found


CERTIFIED = expressible()


def test_how_many_claims_can_be_certified() -> None:
    assert len(CERTIFIED) >= 185


# One claim of each bound: the instances differ, the class does not. Regrets need a set, which doubles the program.
ONE_OF_EACH = list({claims()[name].bound.id: name for name in CERTIFIED}.values())


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_every_bound_comes_out_as_expected(name: str) -> None:
    one = certify(claims()[name], LONGER.get(name, 3))
    assert one.as_expected, f"{one.outcome}: worst case {one.worst.value}, bound {one.bound}"
    assert one.worst.accuracy < 1e-5
    # No instance is worse than the worst case.
    if one.on_instance is not None and one.claim.bound.side == "upper" and one.claim.bound.anytime is False:
        assert one.on_instance <= one.ratio * (1 + 1e-5)


# What theory says is exact, by the tag that the ledger gives; not tight would be a wrong formula.
EXACT = list({claims()[name].bound.id: name for name in CERTIFIED if "exact" in claims()[name].tags}.values())


@pytest.mark.parametrize("name", EXACT)
def test_exact_bounds_are_tight(name: str) -> None:
    one = certify(claims()[name], 2)
    assert one.outcome == ("tight" if one.worst.exact else "confirmed")
    assert one.ratio == pytest.approx(1.0, abs=1e-5)


def scaled(name: str, factor: float) -> Claim:
    claim = claims()[name]
    value = claim.bound.value
    bound = dataclasses.replace(claim.bound, value=lambda f, m, steps: factor * value(f, m, steps))
    return dataclasses.replace(claim, bound=bound)


def one_step_off(name: str) -> Claim:
    claim = claims()[name]
    value = claim.bound.value
    bound = dataclasses.replace(claim.bound, value=lambda f, m, steps: value(f, m, steps + 1))
    return dataclasses.replace(claim, bound=bound)


def other_method(name: str, method: Any) -> Claim:
    claim = claims()[name]
    value, right = claim.bound.value, claim.method
    bound = dataclasses.replace(
        claim.bound, assumptions=(), value=lambda f, m, steps: value(f, right(f, int(steps[-1])), steps)
    )
    return dataclasses.replace(claim, bound=bound, method=method)


FAULTS: dict[str, Claim] = {
    **{
        f"bound / 1.05: {name}": scaled(name, 1 / 1.05)
        for name in ("ns-01-max-coordinate", "ns-03-max-coordinate", "ns-05-chain-best", "sm-01-unit-step", "sm-04-mu",
                     "sm-06-dip-unit-step", "sm-08-too-long", "sm-10-huber", "sm-13-huber", "sm-14-huber",
                     "sm-16-mu", "hb-02-huber", "hb-04-condition-25", "oco-01-orthogonal")
    },
    **{
        f"one step off: {name}": one_step_off(name)
        for name in ("ns-01-max-coordinate", "sm-01-unit-step", "sm-10-huber", "sm-13-huber", "sm-15-half-square")
    },
    "lower bound * 1.05": scaled("nsl-01-linear-decay", 1.05),
    "a step 10 % too long": other_method("ns-01-max-coordinate", lambda f, N: Subgradient(1.1 / (N + 1) ** 0.5)),
    "a step beyond 2/L": other_method("sm-01-unit-step", lambda f, N: Subgradient(2.1)),
    "OGM for one step more": other_method("sm-13-huber", lambda f, N: OGM(1.0, N + 1)),
    "decay that starts too late": other_method(
        "ns-06-max-coordinate", lambda f, N: Subgradient(LinearDecay(1 / (N + 1) ** 0.5, N))
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_exceed(name: str) -> None:
    one = certify(FAULTS[name], 3)
    assert one.outcome == "EXCEEDED"
    assert not one.as_expected


def test_a_formula_that_is_too_large_is_loose() -> None:
    assert certify(scaled("sm-01-unit-step", 1.05), 3).outcome == "loose"


def test_a_claim_known_to_be_false_is_unexpected_where_it_is_not_exceeded() -> None:
    one = certify(claims()["mq-accelerated-descent"], 3)
    assert one.outcome == "loose"
    assert not one.as_expected


def test_a_bound_with_two_measures_of_the_start_is_taken_at_its_own_weights() -> None:
    one = certify(claims()["sm-12-random"], 2)
    assert one.ratio == pytest.approx(0.743, abs=5e-4)  # by PEPit's own example
    product = dataclasses.replace(
        claims()["sm-12-random"].bound, value=lambda f, m, steps: f["initial_gap"] * f["radius"] + 0.0 * steps
    )
    with pytest.raises(NotExpressibleError, match="no weighted sum"):
        certify(dataclasses.replace(claims()["sm-12-random"], bound=product), 2)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ns-08-max-coordinate", "asks the oracle for `value`"),
        ("ns-02-max-coordinate", "no fixed combination"),
        ("stosign-3a-outliers", "kind 'expectation'"),
        ("law-gd-ravine", "no upper bound"),
        ("ns-08-squares-max-coordinate", "squared gap"),
        ("qn-01-kappa10-tau1", "suggests no class"),
    ],
)
def test_what_cannot_be_certified_is_told_why_and_what_can_be(name: str, expected: str) -> None:
    with pytest.raises(NotExpressibleError, match=expected) as raised:
        certify(claims()[name])
    assert name in str(raised.value)
    assert "ratecheck certify --list" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_default_horizons_are_the_claims_own() -> None:
    assert default_horizon(claims()["sm-01-unit-step"]) == 10
    assert default_horizon(claims()["sm-04-mu"]) == 5  # its own is 40


def test_the_command_writes_what_is_promised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "c.json"
    words = ["certify", "sm-01-unit-step", "mq-sm-01-count", "--horizon", "2", "--json", str(target)]
    assert main(words) == 0
    records = json.loads(target.read_text())
    assert [record.keys() for record in records] == [PROMISED] * 2
    assert [record["outcome"] for record in records] == ["tight", "EXCEEDED"]
    assert records[0]["worst_case"] == pytest.approx(0.1, rel=1e-6)
    assert records[0]["on_instance"] == pytest.approx(1.0)
    out = capsys.readouterr().out
    assert "L-smooth convex functions (as its constants suggest)" in out
    assert "CLARABEL" in out


def test_a_wrong_bound_of_a_users_file_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import dataclasses, ratecheck as rc\n"
        "from ratecheck.experiments.ledger import claims\n"
        "base = claims()['sm-01-unit-step']\n"
        "bound = dataclasses.replace(base.bound, id='MY', value=lambda f, m, steps: 1 / (4.2 * steps + 2))\n"
        "CLAIMS = [dataclasses.replace(base, id='mine', bound=bound, tags=('user',)),\n"
        "          dataclasses.replace(claims()['ns-08-max-coordinate'], id='other', tags=('user',))]\n"
    )
    assert main(["certify", str(file), "--horizon", "3"]) == 1
    captured = capsys.readouterr()
    assert "EXCEEDED" in captured.out
    assert "1 claims of 2 cannot be certified" in captured.err


BAD = {
    "unknown claim": (["sm-01-unit-stpe"], "nearest is 'sm-01-unit-step'"),
    "no claim": ([], "certify --list"),
    "horizon 0": (["sm-01-unit-step", "--horizon", "0"], "horizon is 0"),
    "horizon too long": (["sm-01-unit-step", "--horizon", "500"], "take fewer steps"),
    "not expressible": (["ns-08-max-coordinate"], "cannot be certified"),
    "a horizon that the method is not made for": (["sm-17-huber", "--horizon", "0"], "horizon is 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words, expected = BAD[name]
    assert main(["certify", *words]) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert expected in errors[0]


def test_without_pepit_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "PEPit", None)
    assert main(["certify", "sm-01-unit-step"]) == 2
    assert "pip install 'ratecheck[certify]'" in capsys.readouterr().err


def test_list_names_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "sm-01-unit-step", "ns-08-max-coordinate", "--list"]) == 0
    out = capsys.readouterr().out
    assert "smooth-convex" in out
    assert "1 of 2 claims can be certified" in out
